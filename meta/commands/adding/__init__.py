"""``meta add``: the questions, the conversation, and the writing of new study files."""

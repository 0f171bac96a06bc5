"""A conversation as a pure state machine: questions in, answers out; no terminal in sight.

A script is a generator of questions that looks at the answers so far. Every reply gives a new state, so that
undoing is going back to fewer answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from meta.evidence.values import Refusal

BACK = ("<", "back", "undo")
HELP = ("?", "help")
QUIT = ("quit", "exit")
LEAVE_OUT = "-"

Answers = Mapping[str, str]


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    key : str
        Under which the answer is kept.
    ask : str
        The question in plain words.
    default : str
        What Enter gives.
    choices : tuple of (str, str)
        Allowed answers, each with what it means; empty if the answer is free.
    optional : bool
        Whether it may stay without an answer.
    help : str
        What "?" says.
    read : callable
        Takes the typed text and returns the text to keep.
    check : callable
        Takes all answers, this one among them, and returns what is wrong, or "".
    lines : bool
        Whether the answer may have several lines.
    told : callable
        Takes the kept answer and returns how it was understood, or "".
    """

    key: str
    ask: str
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    help: str = ""
    read: Callable[[str], str] = field(default=str.strip, repr=False, compare=False)
    check: Callable[[Answers], str] = field(default=lambda answers: "", repr=False, compare=False)
    lines: bool = False
    told: Callable[[str], str] = field(default=lambda text: "", repr=False, compare=False)

    def __str__(self) -> str:
        """The question as it is asked, with its choices and what Enter gives."""
        listed = [
            f"  {number}  {value}{f': {words}' if words else ''}"
            for number, (value, words) in enumerate(self.choices, start=1)
        ]
        enter = f" [{self.default}]" if self.default else " [leave out]" if self.optional else ""
        return "\n".join([f"{self.ask}{enter}", *listed])


Script = Callable[[Answers], Iterator[Question]]


@dataclass(frozen=True)
class Interview:
    """A state of the conversation.

    Attributes
    ----------
    script : callable
        Takes the answers so far and yields the questions in order, answered ones too.
    answers : mapping of str to str
        Answers by key, in the order in which they were given.
    message : str
        What to say before the next question.
    stopped : bool
        Whether the user has quit.

    Examples
    --------
    >>> def script(answers):
    ...     yield Question("name", "Your name?")
    ...     yield Question("n", f"How many people, {answers['name']}?", default="10")
    >>> start = Interview(script)
    >>> start.reply("Ada").question.ask
    'How many people, Ada?'
    >>> start.reply("Ada").reply("<").question.ask
    'Your name?'
    >>> end = start.reply("Ada").reply("")
    >>> dict(end.answers), end.question
    ({'name': 'Ada', 'n': '10'}, None)
    """

    script: Script
    answers: Answers = field(default_factory=dict)
    message: str = ""
    stopped: bool = False

    @property
    def question(self) -> Question | None:
        """The next question; None when all are answered or the user has quit."""
        if self.stopped:
            return None
        for question in self.script(self.answers):
            if question.key not in self.answers:
                return question
        return None

    def reply(self, text: str) -> Interview:
        """Return the state after a reply to :attr:`question`."""
        question = self.question
        typed = text.strip()
        if question is None or typed.lower() in QUIT:
            return replace(self, stopped=True, message="")
        if typed.lower() in BACK:
            return self._back()
        if typed.lower() in HELP:
            return replace(self, message=question.help or "There is no more to say about this question.")
        if typed == LEAVE_OUT and question.optional:
            return self._with(question, "")
        if not typed and not question.default:
            if question.optional:
                return self._with(question, "")
            return replace(self, message="This is needed. ? explains it, < goes back, quit stops.")
        try:
            kept = question.read(typed or question.default)
        except ValueError as refusal:
            return replace(self, message=_sentence(refusal))
        return self._with(question, kept)

    def _with(self, question: Question, value: str) -> Interview:
        answers = {**self.answers, question.key: value}
        wrong = question.check(answers)
        if wrong:
            return replace(self, message=wrong)
        return replace(self, answers=answers, message=question.told(value))

    def _back(self) -> Interview:
        if not self.answers:
            return replace(self, message="This is the first question.")
        *earlier, last = self.answers
        kept = {key: self.answers[key] for key in earlier}
        return replace(self, answers=kept, message=f"Undone: {self.answers[last] or 'nothing'}.")


def _sentence(refusal: ValueError) -> str:
    told = f"{refusal}".rstrip(".")
    if isinstance(refusal, Refusal) and refusal.rule.startswith("must"):
        told = f"it {told}"
    return f"{told[:1].upper()}{told[1:]}."


def converse(start: Interview, hear: Callable[[str], str], say: Callable[[str], None]) -> Interview:
    """Ask until all is answered or the user quits.

    Parameters
    ----------
    start : Interview
        Where to begin.
    hear : callable
        Shows a prompt and returns one typed line; its EOFError or KeyboardInterrupt means quit.
    say : callable
        Shows text.
    """
    state = start
    while (question := state.question) is not None:
        if state.message:
            say(state.message)
        say(str(question))
        try:
            state = state.reply(_heard(question, hear))
        except (EOFError, KeyboardInterrupt):
            return replace(state, stopped=True)
    return state


def _heard(question: Question, hear: Callable[[str], str]) -> str:
    line = hear("> ")
    if not question.lines or not line.strip() or line.strip().lower() in (*BACK, *HELP, *QUIT):
        return line
    from meta.evidence.bibliography import is_whole

    lines = [line]
    while not is_whole("\n".join(lines)):
        line = hear("")
        if not line.strip():
            break
        lines.append(line)
    return "\n".join(lines)

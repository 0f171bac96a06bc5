"""The questions for each kind of statistic, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from meta.commands.adding.interview import Answers, Question
from meta.evidence.kinds import KINDS
from meta.evidence.values import choose

Of = Callable[..., Question]


def statistic_questions(
    kind: str, number: int, answers: Answers, of: Of, treatment: str = "treatment"
) -> Iterator[Question]:
    """Yield the questions for one result's statistic.

    Parameters
    ----------
    kind : str
        Kind of statistic; no questions if it is not known yet.
    number : int
        Number of the result, part of every key.
    answers : mapping of str to str
        The answers so far.
    of : callable
        Makes the question for a flat name.
    treatment : str
        What the treatment is called.
    """
    if kind in KINDS:
        yield from KINDS[kind].questions(_Asking(kind, number, answers, of, treatment))


class _Asking:
    """What the scripts have in common: the kind, the number of the result, and the answers."""

    def __init__(self, kind: str, number: int, answers: Answers, of: Of, treatment: str) -> None:
        self.kind, self.number, self.answers, self._of, self.treatment = kind, number, answers, of, treatment
        arms = (("1", f"the {treatment} group"), ("2", "the control group"))
        self.arms: tuple[tuple[str, str], ...] = arms[:1] if answers.get("control") == "none" else arms

    def ask(self, name: str, words: str, *, default: str = "", optional: bool = False) -> Question:
        return self._of(name, words, kind=self.kind, default=default, optional=optional)

    def choice(
        self, name: str, words: str, choices: tuple[tuple[str, str], ...], help_: str = "", default: str = ""
    ) -> Question:
        values = tuple(value for value, _ in choices)
        return Question(
            f"_{name}@{self.number}", words, default, choices, help=help_,
            read=lambda text: choose(text, values),
        )  # fmt: skip

    def chosen(self, name: str) -> str:
        return self.answers.get(f"_{name}@{self.number}", "")

    def answer(self, name: str) -> str:
        return self.answers.get(f"{name}@{self.number}", "")

    def p(self, words: str = "p-value of the comparison of the groups?") -> Question:
        return self.ask("p", words, optional=True)

    def sizes(self) -> Iterator[Question]:
        for arm, who in self.arms:
            yield self.ask(f"n{arm}", f"How many people in {who} were analysed?", optional=True)

    def adjusted(self) -> Question:
        return self.ask("adjusted", "Was the comparison adjusted?", default="no")

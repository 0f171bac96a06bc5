"""`Kind`: all that the toolkit knows of one kind of statistic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from meta.evidence.kinds.text import Named

Facts = Mapping[str, Any]


class Asking(Protocol):
    """What the questions of ``meta add`` have at hand: the arms by name, and the answers so far."""

    treatment: str
    arms: tuple[tuple[str, str], ...]

    def ask(self, name: str, words: str, *, default: str = "", optional: bool = False) -> Any:
        """The question for a flat name."""

    def choice(
        self, name: str, words: str, choices: tuple[tuple[str, str], ...], help_: str = "", default: str = ""
    ) -> Any:
        """A question that only decides which others come."""

    def chosen(self, name: str) -> str:
        """What was chosen there."""

    def answer(self, name: str) -> str:
        """The answer to a flat name."""

    def p(self, words: str = ...) -> Any:
        """The question for the p-value of the comparison."""

    def sizes(self) -> Iterator[Any]:
        """The questions for the people in each arm."""

    def adjusted(self) -> Any:
        """The question whether the comparison was adjusted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of statistic that papers print.

    Attributes
    ----------
    name : str
        The value of ``kind`` in a study file.
    model : type
        Its fields.
    asked : str
        What it is, in a few words, as ``meta add`` offers it.
    means : str
        What it is and what it is used for.
    columns : mapping of str to str
        Path of each field by flat name, as columns of a table and flags have it.
    questions : callable
        The questions of ``meta add``.
    facts : callable
        What it states, by the solver's names of facts: from the statistic and the ids of the arms that are
        compared, treatment first (one id for a single group). Numbers as printed, or text that keeps digits.
    printed : callable
        What was printed, as a reader would write it down.
    tells, hints : tuple of str
        Flat names that tell the kind of a record that does not name it; ``hints`` come after all ``tells``.
    """

    name: str
    model: type[BaseModel]
    asked: str
    means: str
    columns: Mapping[str, str]
    questions: Callable[[Asking], Iterator[Any]]
    facts: Callable[[Any, tuple[str, ...]], Facts]
    printed: Callable[[Any, Named], str]
    tells: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


def by_arm(*fields: str) -> dict[str, str]:
    """Flat names with 1 and 2 for the fields of two arms; after a digit an underscore keeps them apart.

    >>> by_arm("q1")
    {'q1_1': 'arms.0.q1', 'q1_2': 'arms.1.q1'}
    """
    return {fact_name(name, str(arm + 1)): f"arms.{arm}.{name}" for arm in (0, 1) for name in fields}


def plain(*fields: str) -> dict[str, str]:
    """Flat names that are the fields' own.

    >>> plain("p")
    {'p': 'p'}
    """
    return {name: name for name in fields}


def fact_name(name: str, arm: str) -> str:
    """The name of a fact of an arm, "" for a single group.

    >>> fact_name("mean", "1"), fact_name("q1", "2"), fact_name("sd", "")
    ('mean1', 'q1_2', 'sd')
    """
    return f"{name}_{arm}" if arm and name[-1].isdigit() else f"{name}{arm}"


def stated(part: Any, *fields: str) -> dict[str, Any]:
    """The fields of a part that are given, by their names."""
    found = {name: getattr(part, name) for name in fields}
    return {name: value for name, value in found.items() if value is not None}


def of_arms(parts: Any, arms: tuple[str, ...], *fields: str) -> dict[str, Any]:
    """The facts of each arm that is compared: with 1 and 2, or plain for a single group."""
    found: dict[str, Any] = {}
    for place, arm in enumerate(arms):
        suffix = str(place + 1) if len(arms) > 1 else ""
        part = next((item for item in parts if item.arm == arm), None)
        if part is not None:
            found |= {fact_name(name, suffix): value for name, value in stated(part, *fields).items()}
    return found


def level_of(s: Any) -> dict[str, float]:
    """The level of an interval, where one is given."""
    return {"level": s.level} if s.ci_low is not None or s.ci_high is not None else {}


def direction_of(s: Any) -> dict[str, str]:
    """The direction, where it is stated."""
    return {} if s.direction == "not stated" else {"direction": s.direction}

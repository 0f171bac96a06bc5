"""Parts of what was printed, as a reader would write them down."""

from __future__ import annotations

from typing import Any, Protocol

from meta.formatting import percent


class Named(Protocol):
    """The names of a study's arms, and what the treatment is called."""

    @property
    def treatment(self) -> str:
        """What the treatment is called."""

    def __call__(self, name: str) -> str:
        """The name of an arm."""


def number(x: float) -> str:
    """A number with all its digits and a minus sign.

    >>> number(-2.50)
    '−2.5'
    """
    return f"{x:.10g}".replace("-", "−")


def known(value: float | None) -> str:
    """A number, or a question mark.

    >>> known(None)
    '?'
    """
    return "?" if value is None else number(value)


def p_value(value: float | None) -> str:
    """A p-value, or nothing.

    >>> p_value(0.04)
    'p = 0.04'
    """
    return "" if value is None else f"p = {number(value)}"


def joined(*parts: str | None) -> str:
    """The parts that are not empty.

    >>> joined("mean 3", "", None, "n = 20")
    'mean 3; n = 20'
    """
    return "; ".join(part for part in parts if part)


def ends(low: float | None, high: float | None, level: float, what: str = "CI") -> str:
    """An interval, or nothing.

    >>> ends(1.0, None, 0.95)
    '95% CI 1 to ?'
    """
    return "" if low is None and high is None else f"{percent(level)} {what} {known(low)} to {known(high)}"


def direction(s: Any, arm: Named) -> str:
    """A stated direction."""
    return "" if s.direction == "not stated" else f"{s.direction} under {arm.treatment}"


def percent_text(x: float, decimals: int) -> str:
    """A percentage with at least as many decimals as were printed.

    >>> percent_text(86.0, 1), percent_text(30.25, 1)
    ('86.0', '30.25')
    """
    return f"{x:.{max(decimals, len(f'{x:.10g}'.partition('.')[2]))}f}"

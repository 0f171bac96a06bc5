"""Reading hypotheses such as "mu=0", "tau=0", "mu<-0.2" or "-0.5<mu<0"."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from meta.errors import UnknownOptionError

_NUMBER = r"([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf)"
_POINT = re.compile(rf"^(mu|tau)=={{0,1}}{_NUMBER}$")
_BELOW = re.compile(rf"^(mu|tau)<=?{_NUMBER}$")
_ABOVE = re.compile(rf"^(mu|tau)>=?{_NUMBER}$")
_BETWEEN = re.compile(rf"^{_NUMBER}<=?(mu|tau)<=?{_NUMBER}$")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A point (low == high) or an interval of mu or tau."""

    of: str
    low: float
    high: float

    @property
    def point(self) -> bool:
        """Whether it is a single value."""
        return self.low == self.high


def parse_hypothesis(text: str) -> Hypothesis:
    """Read a hypothesis.

    >>> parse_hypothesis("mu < -0.2")
    Hypothesis(of='mu', low=-inf, high=-0.2)
    >>> parse_hypothesis("mu=-0.53").point
    True
    """
    packed = re.sub(r"\s+", "", str(text)).replace("−", "-")
    if match := _POINT.match(packed):
        value = float(match[2])
        return Hypothesis(match[1], value, value)
    if match := _BELOW.match(packed):
        return Hypothesis(match[1], -np.inf, float(match[2]))
    if match := _ABOVE.match(packed):
        return Hypothesis(match[1], float(match[2]), np.inf)
    if (match := _BETWEEN.match(packed)) and float(match[1]) < float(match[3]):
        return Hypothesis(match[2], float(match[1]), float(match[3]))
    raise UnknownOptionError(
        f"cannot read the hypothesis {text!r}; write it like 'mu=0', 'tau=0', 'mu=-0.53', 'mu<0' or "
        "'-0.5<mu<0'"
    )

"""A correlation from its test."""

from __future__ import annotations

import numpy as np

from meta.recovery.rules.rule import Rule

COHEN = ("Cohen, Cohen, West & Aiken 2003, ch. 2", "10.4324/9780203774441")
_HERE = ("correlation",)


def r_of_t(t: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Correlation from its t statistic with n - 2 degrees of freedom.

    >>> float(r_of_t(np.array(2.5), np.array(23.0)).round(4))
    0.4623
    """
    return t / np.sqrt(t**2 + df)


RULES: tuple[Rule, ...] = (
    Rule("degrees of freedom of a correlation", ("n",), ("df",), lambda n: n - 2, "df = n - 2", _HERE),
    Rule("people of a correlation", ("df",), ("n",), lambda df: df + 2, "n = df + 2", _HERE, cost=2),
    Rule("correlation from t", ("t", "df"), ("r",), r_of_t, "r = t / sqrt(t^2 + df)", _HERE, COHEN),
    Rule("t of the correlation", ("r", "df"), ("t",), lambda r, df: r * np.sqrt(df / (1 - r**2)),
         "t = r sqrt(df / (1 - r^2))", _HERE, COHEN),
    Rule("correlation as printed", ("est",), ("r",), lambda r: r, "r as printed", _HERE, cost=0.5),
    Rule("size of the correlation", ("abs_t", "df"), ("abs_r",), r_of_t, "|r| = |t| / sqrt(t^2 + df)", _HERE,
         COHEN),
)  # fmt: skip

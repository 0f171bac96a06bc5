"""Tests for a p-curve: z values of effects, or t, F, chi-squared, r and z as papers print them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri, chndtr, fdtrc, fdtri, log_ndtr, ncfdtr, nctdtr, ndtr, ndtri

from meta.errors import InputError

_PRINTED = re.compile(r"^\s*([a-zA-Zχ]+2?)\s*(?:\(([^)]*)\))?\s*=\s*([-+]?[0-9]*\.?[0-9]+)\s*$")
_DEGREES = {"t": 1, "r": 1, "z": 0, "chi2": 1, "f": 2}


def noncentrality(power: float, alpha: float) -> float:
    """Noncentrality at which a two-sided normal test has this power, counting both tails.

    >>> round(noncentrality(0.8, 0.05), 3)
    2.802
    """
    from scipy.optimize import brentq

    cut = -float(ndtri(alpha / 2))
    return float(brentq(lambda d: float(ndtr(d - cut) + ndtr(-d - cut)) - power, 0.0, cut + 40, xtol=1e-13))


def pp_values(z: np.ndarray, d: float, cut: float) -> np.ndarray:
    """Log probability of a |z| at least this large, given that it exceeds ``cut``, at noncentrality ``d``.

    >>> np.exp(pp_values(np.array([1.959963985, 2.241402728]), 0.0, 1.959963985)).round(4).tolist()
    [1.0, 0.5]
    """
    top = np.logaddexp(log_ndtr(d - z), log_ndtr(-d - z))
    return np.asarray(top - np.logaddexp(log_ndtr(d - cut), log_ndtr(-d - cut)))


@dataclass(frozen=True, slots=True)
class NormalTests:
    """Tests of effects by their normal statistics ``z`` (n,), all positive."""

    z: np.ndarray

    @property
    def p(self) -> np.ndarray:
        """Two-sided p-values, (n,)."""
        return np.asarray(2 * ndtr(-self.z))

    def log_pp(self, power: float | None, alpha: float, below: float) -> np.ndarray:
        """Log probability of a p at most as large, given p < ``below``, if each has ``power``."""
        d = 0.0 if power is None else noncentrality(power, alpha)
        return pp_values(self.z, d, -float(ndtri(below / 2)))

    def subset(self, keep: np.ndarray) -> NormalTests:
        """Some of them."""
        return NormalTests(self.z[keep])


@dataclass(frozen=True, slots=True)
class ReportedTests:
    """F (``df2`` finite) and chi-squared (infinite) statistics; every array has shape (n,).

    t and r are F with one numerator degree of freedom; z is chi-squared with one.
    """

    value: np.ndarray
    df1: np.ndarray
    df2: np.ndarray

    @property
    def p(self) -> np.ndarray:
        """p-values, (n,)."""
        return np.array([_tail(*row, 0.0) for row in self._rows])

    @property
    def _rows(self) -> list[tuple[float, float, float]]:
        return list(zip(self.value.tolist(), self.df1.tolist(), self.df2.tolist(), strict=True))

    def log_pp(self, power: float | None, alpha: float, below: float) -> np.ndarray:
        """As :meth:`NormalTests.log_pp`, by the noncentral distributions."""
        out = []
        for value, df1, df2 in self._rows:
            ncp = 0.0 if power is None else _noncentrality(power, alpha, df1, df2)
            out.append(_tail(value, df1, df2, ncp) / _tail(_critical(below, df1, df2), df1, df2, ncp))
        return np.log(np.clip(out, 1e-15, 1.0))

    def subset(self, keep: np.ndarray) -> ReportedTests:
        """Some of them."""
        return ReportedTests(self.value[keep], self.df1[keep], self.df2[keep])


def _tail(value: float, df1: float, df2: float, ncp: float) -> float:
    """Survival function of a (noncentral) F or chi-squared; of one degree of freedom by its root."""
    if df1 == 1:
        x, d = np.sqrt(value), np.sqrt(ncp)
        if np.isinf(df2):
            return float(ndtr(d - x) + ndtr(-d - x))
        return float(nctdtr(df2, -d, -x) + nctdtr(df2, d, -x)) if ncp > 0 else float(fdtrc(1, df2, value))
    if np.isinf(df2):
        return float(1 - chndtr(value, df1, ncp)) if ncp > 0 else float(chdtrc(df1, value))
    return float(1 - ncfdtr(df1, df2, ncp, value)) if ncp > 0 else float(fdtrc(df1, df2, value))


def _critical(alpha: float, df1: float, df2: float) -> float:
    return float(chdtri(df1, alpha)) if np.isinf(df2) else float(fdtri(df1, df2, 1 - alpha))


def _noncentrality(power: float, alpha: float, df1: float, df2: float) -> float:
    from scipy.optimize import brentq

    cut = _critical(alpha, df1, df2)
    high = 4.0
    while _tail(cut, df1, df2, high) < power:
        high *= 2
    return float(brentq(lambda n: _tail(cut, df1, df2, n) - power, 1e-12, high, xtol=1e-12, rtol=1e-13))


def read_tests(tests: Sequence[str]) -> ReportedTests:
    """Read test statistics as papers print them.

    >>> found = read_tests(["t(88)=2.1", "F(2,210) = 4.45", "r(77)=.47", "chi2(1)=9.1", "Z=3.45"])
    >>> found.p.round(4).tolist()
    [0.0386, 0.0128, 0.0, 0.0026, 0.0006]
    """
    rows = [_read(text) for text in tests]
    value, df1, df2 = (np.array(column) for column in zip(*rows, strict=True))
    return ReportedTests(value, df1, df2)


def _read(text: str) -> tuple[float, float, float]:
    """Statistic as F or chi-squared with its degrees of freedom."""
    found = _PRINTED.match(str(text))
    kind = found.group(1).lower().replace("χ", "chi") if found else ""
    parts = re.findall(r"[0-9]*\.?[0-9]+", (found.group(2) or "") if found else "")
    if found is None or kind not in _DEGREES or len(parts) != _DEGREES[kind]:
        raise InputError(
            f"the test {text!r} cannot be read: write it as 't(88)=2.1', 'F(2,210)=4.45', 'r(77)=.47', "
            "'chi2(1)=9.1' or 'Z=3.45'"
        )
    x, df = float(found.group(3)), [float(part) for part in parts]
    if any(d <= 0 for d in df) or (kind == "r" and abs(x) >= 1) or (kind in ("f", "chi2") and x < 0):
        raise InputError(f"the test {text!r} is impossible: check its value and degrees of freedom")
    if kind == "f":
        return x, df[0], df[1]
    if kind == "chi2":
        return x, df[0], np.inf
    if kind == "z":
        return x * x, 1.0, np.inf
    return (x * x if kind == "t" else x * x * df[0] / (1 - x * x)), 1.0, df[0]

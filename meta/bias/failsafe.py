"""Fail-safe numbers: how many unseen null studies would overturn the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, log_ndtr, ndtr, ndtri

from meta.arguments import check_arguments, check_direction, check_share, refuse_unused
from meta.bias.common import Result, rows_of
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import InputError, Notes, unknown_option
from meta.formatting import number, p_equation
from meta.kernels.tau2 import estimate as estimate_tau2
from meta.keywords import keywords
from meta.results.print_out import heading

KINDS: dict[str, tuple[str, str]] = {
    "Rosenthal": ("Rosenthal 1979", "10.1037/0033-2909.86.3.638"),
    "Orwin": ("Orwin 1983", "10.3102/10769986008002157"),
    "Rosenberg": ("Rosenberg 2005", "10.1111/j.0014-3820.2005.tb01004.x"),
    "General": ("Rosenberg 2005, with heterogeneity", "10.1111/j.0014-3820.2005.tb01004.x"),
}

OPTIONS: dict[str, tuple[str, ...]] = {
    "Rosenthal": ("alpha", "direction", "pool"),
    "Orwin": ("target", "weighted"),
    "Rosenberg": ("alpha",),
    "General": ("alpha", "target", "method"),
}
"""The options that each kind reads."""

POOLS = ("Stouffer", "Fisher")

CAVEAT = (
    "a fail-safe number supposes that unseen studies found exactly nothing and says nothing about their size "
    "or about heterogeneity; it does not test for publication bias (Becker 2005, doi:10.1002/0470870168.ch7)"
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FailsafeN(Result):
    """A fail-safe number.

    Attributes
    ----------
    n : int
        Number of studies, rounded up.
    exact : float
        Before rounding; 0 where the result is not significant (or smaller than the target) already.
    kind : str
        A key of :data:`KINDS`.
    p_value : float
        Of the studies that are there (NaN for Orwin's).
    alpha, target : float
        The bound that the number would reach: significance, or effect (NaN where it is significance).
    estimate : float
        The mean effect used (NaN for Rosenthal's).
    k : int
        Number of studies.
    caveat : str
        What the number can't say.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    n: int
    exact: float
    kind: str
    p_value: float
    alpha: float
    target: float
    estimate: float
    k: int
    caveat: str
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    def _of_mean(self) -> None:
        """The mean that Orwin's number starts from is not what the method arrives at."""
        return None

    def _shown(self) -> str:
        return f"{self.kind}, n={self.n}, k={self.k}"

    def _terms(self) -> list[Mapping[str, Any]]:
        return [{"term": "fail-safe N", "estimate": float(self.n), "p_value": self.p_value}]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("n", "exact", "alpha", "target", "estimate")}
        return {"model": "fail-safe N", "method": self.kind} | own

    def _lines(self, digits: int) -> list[str]:
        mean = not math.isnan(self.target)
        to = f"a mean effect of {number(self.target, digits)}" if mean else f"p = {self.alpha:g}"
        now = f"now {number(self.estimate, digits)}" if mean else f"now {p_equation(self.p_value)}"
        measure = "" if self.effects is None else str(self.effects.measure)
        return [
            heading(["Fail-safe N", self.kind, f"k = {self.k}"], measure),
            f"{self.n} unseen null studies would bring the result to {to} ({now})",
            f"caution: {self.caveat}",
        ]


def _rosenthal(y: np.ndarray, v: np.ndarray, alpha: float, sign: float, pool: str) -> tuple[float, float]:
    """Number of null studies and the p-value without them."""
    z = sign * y / np.sqrt(v)
    if pool == "Stouffer":
        total = float(z.sum())
        p = float(ndtr(-total / math.sqrt(len(z))))
        return (max(0.0, (total / float(ndtri(alpha))) ** 2 - len(z)) if total > 0 else 0.0), p
    statistic = float(-2 * log_ndtr(-z).sum())
    p = float(chdtrc(2 * len(z), statistic))
    if p >= alpha:
        return 0.0, p
    # a null study adds p = 1/2, that is 2 log 2 to the statistic and two degrees of freedom
    low, high = 0, 1

    def tail(m: int) -> float:
        return float(chdtrc(2 * (len(z) + m), statistic + 2 * m * math.log(2)))

    while tail(high) < alpha:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if tail(middle) < alpha else (low, middle)
    return float(high), p


def _orwin(y: np.ndarray, v: np.ndarray, target: float | None, weighted: bool) -> tuple[float, float, float]:
    """Number of null studies, the mean and the target."""
    mean = float(np.average(y, weights=1 / v if weighted else None))
    aim = _checked_target(mean / 2 if target is None else float(target), mean)
    return max(0.0, len(y) * (mean - aim) / aim), mean, aim


def _checked_target(aim: float, mean: float) -> float:
    if aim == 0 or (aim > 0) != (mean > 0):
        raise InputError(
            f"target must be on the same side of 0 as the mean effect ({mean:g}), and not 0: "
            f"target = {aim:g} can't be reached by studies without effect"
        )
    return aim


def _rosenberg(y: np.ndarray, v: np.ndarray, alpha: float) -> tuple[float, float, float]:
    """Number of null studies of average weight, the p-value (two-sided) and the mean without them."""
    w = 1 / v
    total = float((w * y).sum())
    p = 2 * float(ndtr(-abs(total) / math.sqrt(w.sum())))
    wanted = (total / float(ndtri(alpha / 2))) ** 2
    return max(0.0, (wanted - w.sum()) / w.mean()), p, total / float(w.sum())


def _general(
    y: np.ndarray, v: np.ndarray, alpha: float, target: float | None, method: str | float
) -> tuple[float, float, float, float]:
    """Number of null studies, p-value (two-sided), mean and target under random effects.

    An unseen study has the harmonic mean of the variances, and tau2 stays what it is. With tau2 = 0 these are
    Rosenberg's number and, with a target, Orwin's weighted one.
    """
    tau2 = float(estimate_tau2(y, v, method).tau2)
    w = 1 / (v + tau2)
    total, typical = float((w * y).sum()), 1 / (1 / float((1 / v).mean()) + tau2)
    mean, p = total / float(w.sum()), 2 * float(ndtr(-abs(total) / math.sqrt(w.sum())))
    if target is None:
        wanted, aim = (total / float(ndtri(alpha / 2))) ** 2, math.nan
    else:
        aim = _checked_target(float(target), mean)
        wanted = total / aim
    return max(0.0, (wanted - float(w.sum())) / typical), p, mean, aim


@keywords
def failsafe_n(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    kind: str = "Rosenthal",
    alpha: float | None = None,
    target: float | None = None,
    direction: str | None = None,
    pool: str | None = None,
    weighted: bool | None = None,
    method: str | float | None = None,
) -> FailsafeN:
    """Number of unseen studies with no effect that would overturn the result; always rounded up.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    kind : {"Rosenthal", "Orwin", "Rosenberg", "General"}
        To a one-tailed combined p of ``alpha``; to a mean effect of ``target``; to a two-tailed p of
        ``alpha`` of the equal-effects mean; to that p, or a ``target``, of the random-effects mean with its
        tau2 held.
    alpha : float, optional
        Significance level (0.05); Orwin's and General with a target have none.
    target : float, optional
        Mean effect that would no longer matter (Orwin's, half the mean by default; General).
    direction : {"greater", "less"}, optional
        Tail of Rosenthal's test; by default the side on which the effects lie.
    pool : {"Stouffer", "Fisher"}, optional
        How Rosenthal's combines the p-values ("Stouffer").
    weighted : bool, optional
        Orwin's: weigh by 1/v instead of equally (False).
    method : str or float, optional
        tau2 estimator of General ("REML").

    Returns
    -------
    FailsafeN

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> [failsafe_n(es, kind=kind).n for kind in ("Rosenthal", "Orwin", "Rosenberg")]
    [598, 13, 370]
    """
    check_arguments(failsafe_n, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if kind not in KINDS:
        raise unknown_option("kind", kind, KINDS)
    given = {"alpha": alpha, "target": target, "direction": direction}
    given |= {"pool": pool, "weighted": weighted, "method": method}
    refuse_unused(f"with kind {kind!r}", given, OPTIONS[kind])
    if kind == "General" and target is not None:
        refuse_unused("with a target", {"alpha": alpha})
    if pool not in (None, *POOLS):
        raise unknown_option("pool", pool, POOLS)
    check_direction(direction, ("greater", "less"))
    alpha = 0.05 if alpha is None else check_share(alpha, "alpha")
    if alpha > 0.25:
        raise InputError(f"alpha of a fail-safe N must be at most 0.25, not {alpha:g}")
    notes = Notes()
    effects = rows_of(es, notes, at_least=1, what="a fail-safe number")
    y, v = effects.yi, effects.vi
    p, mean, aim = math.nan, math.nan, math.nan
    if kind == "Rosenthal":
        side = direction or ("less" if float((y / np.sqrt(v)).sum()) < 0 else "greater")
        exact, p = _rosenthal(y, v, alpha, -1.0 if side == "less" else 1.0, pool or "Stouffer")
    elif kind == "Orwin":
        exact, mean, aim = _orwin(y, v, target, bool(weighted))
    elif kind == "Rosenberg":
        exact, p, mean = _rosenberg(y, v, alpha)
    else:
        exact, p, mean, aim = _general(y, v, alpha, target, "REML" if method is None else method)
    # a whole number that rounding error has lifted is not rounded up to the next
    n = math.ceil(exact - 1e-9 * max(1.0, exact))
    return FailsafeN(n, exact, kind, p, alpha, aim, mean, effects.k, CAVEAT, notes.messages, effects)

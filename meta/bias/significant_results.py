"""Methods that use significant results alone: p-curve; and p-uniform*, which uses all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr, ndtr, ndtri

from meta.arguments import check_arguments, check_share
from meta.bias.common import Result, caution_few, favoured_side, rows_of, study_p
from meta.bias.conditional import ConditionalModel, fit_conditional
from meta.bias.reported_tests import NormalTests, ReportedTests, noncentrality, read_tests
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import number, p_equation, percent
from meta.keywords import keywords
from meta.results.print_out import heading


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PCurve(Result):
    """A p-curve.

    Attributes
    ----------
    statistic, p_value : float
        Right skew (evidential value), Stouffer's z of the full curve: pp-values under no effect.
    half_statistic, half_p : float
        The same from p-values below half of ``alpha`` (NaN if there are none).
    flat_statistic, flat_p : float
        Flatter than under 33% power (no evidential value), full curve.
    flat_half_statistic, flat_half_p : float
        The same for the half curve.
    binomial_p : float
        Share of significant p-values below half of ``alpha``, against 1/2.
    evidential, inadequate : bool
        The conclusions by the rule of Simonsohn, Simmons & Nelson 2015.
    power, power_low, power_high : float
        Mean power that fits the curve best, with its 90% interval.
    shares : ndarray of shape (5,)
        Share of the significant p-values in each fifth of (0, ``alpha``).
    significant : ndarray of bool, shape (k,)
        The studies used.
    direction : str
        Their side.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    statistic: float
    p_value: float
    half_statistic: float
    half_p: float
    flat_statistic: float
    flat_p: float
    flat_half_statistic: float
    flat_half_p: float
    binomial_p: float
    evidential: bool
    inadequate: bool
    power: float
    power_low: float
    power_high: float
    shares: np.ndarray
    significant: np.ndarray
    direction: str
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten significant studies."""
        return int(self.significant.sum()) < 10

    def _of_mean(self) -> None:
        """Nothing: a mean power is not an effect."""
        return None

    def _shown(self) -> str:
        n = int(self.significant.sum())
        return f"{n} significant of {self.k}, evidential={self.evidential}, p={self.p_value:.4g}"

    def _terms(self) -> list[Mapping[str, Any]]:
        """The tests of right skew and of flatness, the binomial test, and the mean power."""
        tests = (
            ("right skew, full", self.statistic, self.p_value),
            ("right skew, half", self.half_statistic, self.half_p),
            ("flatter than 33% power, full", self.flat_statistic, self.flat_p),
            ("flatter than 33% power, half", self.flat_half_statistic, self.flat_half_p),
            ("below half of alpha", float("nan"), self.binomial_p),
        )
        rows: list[Mapping[str, Any]] = [
            {"term": term, "statistic": value, "p_value": p} for term, value, p in tests
        ]
        power = {"estimate": self.power, "ci_low": self.power_low, "ci_high": self.power_high}
        return [*rows, {"term": "power"} | power]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("evidential", "inadequate", "power", "direction")}
        return {"model": "p-curve", "significant": int(self.significant.sum())} | own

    def _lines(self, digits: int) -> list[str]:
        n = int(self.significant.sum())
        verdict = "evidential value" if self.evidential else "no sign of evidential value"
        measure = "" if self.effects is None else str(self.effects.measure)
        parts = ["p-curve", self.direction, f"{n} significant of k = {self.k}"]
        return [
            heading(parts, measure),
            f"right skew  full z = {number(self.statistic, 2)}, {p_equation(self.p_value)}   "
            f"half z = {number(self.half_statistic, 2)}, {p_equation(self.half_p)}",
            f"flatter than 33% power  full {p_equation(self.flat_p)}, half {p_equation(self.flat_half_p)}",
            f"{verdict}{'; inadequate evidence' if self.inadequate else ''}; power {percent(self.power)} "
            f"[{percent(self.power_low)}, {percent(self.power_high)}]",
        ]


LOW_POWER = 1 / 3
"""The "33%" of Simonsohn, Simmons & Nelson: under it a third of the studies would be significant."""


def _stouffer(log_pp: np.ndarray) -> float:
    """Stouffer's z of log pp-values, clipped where they are numerically 0 or 1."""
    if log_pp.size == 0:
        return math.nan
    pp = np.clip(np.exp(log_pp), 1e-300, 1 - 1e-16)
    return float(ndtri(pp).sum() / math.sqrt(log_pp.size))


def _log_complement(log_p: np.ndarray) -> np.ndarray:
    return np.log(-np.expm1(np.minimum(log_p, -1e-300)))


@keywords
def p_curve(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    tests: Sequence[str] | None = None,
    alpha: float = 0.05,
    direction: str | None = None,
) -> PCurve:
    """The distribution of the significant p-values: does it show an effect?

    Under no effect significant p-values are uniform; under an effect they are skewed to the right.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi, optional
        Independent effects whose own tests are of the hypothesis of interest.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    tests : sequence of str, optional
        Instead, test statistics as papers print them: ``"t(88)=2.1"``, ``"F(2,210)=4.45"``, ``"r(77)=.47"``,
        ``"chi2(1)=9.1"``, ``"Z=3.45"``, all in the direction of the hypothesis.
    alpha : float
        Two-sided significance level.
    direction : {"greater", "less", "two-sided"}, optional
        Only significant results of this side are used; by default that of the equal-effects estimate.

    Returns
    -------
    PCurve

    References
    ----------
    Simonsohn, Nelson & Simmons 2014, doi:10.1037/a0033242; Simonsohn, Simmons & Nelson 2015,
    doi:10.1037/xge0000104 (half curve, Stouffer).

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> from meta.errors import quiet
    >>> with quiet():
    ...     found = p_curve(es)
    >>> found.evidential
    True
    """
    check_arguments(p_curve, locals())
    check_share(alpha, "alpha")
    if alpha > 0.25:
        raise InputError(f"alpha of a p-curve must be at most 0.25, not {alpha:g}")
    notes = Notes()
    if any(given is not None for given in (yi, vi, sei, study, measure)):
        es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if (es is None) == (tests is None):
        raise InputError("give either effect sizes or tests=")
    if tests is not None:
        if direction is not None:
            raise InputError(
                "reported tests carry no direction: leave out those against the hypothesis, and give none"
            )
        side, found = "two-sided", read_tests(tests)
        used, effects = found.p < alpha, None
        curve: NormalTests | ReportedTests = found.subset(used)
    else:
        effects = rows_of(es, notes, at_least=1, what="a p-curve")
        side = favoured_side(effects, direction)
        z = effects.yi / effects.sei * (-1.0 if side == "less" else 1.0)
        p = study_p(effects.yi, effects.vi, "two-sided")
        used = (p < alpha) & ((z > 0) | (side == "two-sided"))
        curve = NormalTests(np.abs(z[used]))
    if not used.any():
        raise NotEstimableError(
            f"no study is significant (p < {alpha:g}, {side}), so a p-curve cannot be drawn"
        )
    caution_few(int(used.sum()), notes, "a p-curve of the significant results")
    return PCurve(
        **_tests_of(curve, alpha),
        significant=used,
        direction=side,
        k=used.size,
        warnings=notes.messages,
        effects=effects,
    )


def _tests_of(curve: NormalTests | ReportedTests, alpha: float) -> dict[str, Any]:
    """The tests, the power and the shares of significant results."""
    p, n = curve.p, curve.p.size
    near = p < alpha / 2
    close = curve.subset(near)
    full, half = _stouffer(curve.log_pp(None, alpha, alpha)), _stouffer(close.log_pp(None, alpha, alpha / 2))
    flat = _stouffer(_log_complement(curve.log_pp(LOW_POWER, alpha, alpha)))
    flat_half = _stouffer(_log_complement(close.log_pp(LOW_POWER, alpha, alpha / 2)))
    ps = [float(ndtr(x)) if x == x else math.nan for x in (full, half, flat, flat_half)]
    low = int(near.sum())
    d, cut, inner = noncentrality(LOW_POWER, alpha), -float(ndtri(alpha / 2)), -float(ndtri(alpha / 4))
    expected = float((ndtr(d - inner) + ndtr(-d - inner)) / (ndtr(d - cut) + ndtr(-d - cut)))
    less = float(bdtr(low, n, expected))
    power, power_low, power_high = (_power_at(curve, alpha, z) for z in (0.0, ndtri(0.05), ndtri(0.95)))
    return {
        "statistic": full,
        "p_value": ps[0],
        "half_statistic": half,
        "half_p": ps[1],
        "flat_statistic": flat,
        "flat_p": ps[2],
        "flat_half_statistic": flat_half,
        "flat_half_p": ps[3],
        "binomial_p": 1.0 if low == 0 else float(bdtr(n - low, n, 0.5)),
        "evidential": ps[1] < 0.05 or (ps[0] < 0.1 and ps[1] < 0.1),
        "inadequate": ps[2] < 0.05 or (ps[3] < 0.1 and less < 0.1),
        "power": power,
        "power_low": power_low,
        "power_high": power_high,
        "shares": np.histogram(p, bins=np.linspace(0, alpha, 6))[0] / n,
    }


def _power_at(curve: NormalTests | ReportedTests, alpha: float, aim: float) -> float:
    """Common power under which Stouffer's z of the curve is ``aim``, between ``alpha`` and 0.99."""
    from scipy.optimize import brentq

    def gap(power: float) -> float:
        return _stouffer(curve.log_pp(power, alpha, alpha)) - float(aim)

    low, high = alpha * (1 + 1e-6), 0.99
    if gap(low) >= 0:
        return alpha
    if gap(high) <= 0:
        return high
    return float(brentq(gap, low, high, xtol=1e-10))


@keywords
def p_uniform_star(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    alpha: float = 0.05,
    direction: str | None = None,
    level: float = 0.95,
) -> ConditionalModel:
    """p-uniform*: the effect under a selection that treats significant and other results differently.

    Its likelihood conditions each effect on lying on its side of the significance threshold, so that no
    probability of publication has to be estimated.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    alpha : float
        Two-sided significance level, of which ``alpha / 2`` lies in the favoured tail.
    direction : {"greater", "less"}, optional
        The favoured tail; by default that of the equal-effects estimate.
    level : float
        Confidence level.

    Returns
    -------
    ConditionalModel

    References
    ----------
    van Aert & van Assen 2021, doi:10.31222/osf.io/zqjr9.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = p_uniform_star(es)
    >>> found.estimate < meta.pool(es, method="ML", test="z").estimate + 0.1
    True
    """
    check_arguments(p_uniform_star, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if direction == "two-sided":
        raise InputError("p-uniform* favours one tail: direction must be 'greater' or 'less'")
    check_share(alpha, "alpha")
    if alpha > 0.25:
        raise InputError(f"alpha of a p-curve must be at most 0.25, not {alpha:g}")
    notes = Notes()
    effects = rows_of(es, notes, what="p-uniform*")
    side = favoured_side(effects, direction)
    caution_few(effects.k, notes, "p-uniform*")
    return fit_conditional(effects, alpha / 2, side, level, notes)

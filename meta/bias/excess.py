"""The test of excess significance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtrc, chdtrc, ndtr, ndtri

from meta.arguments import check_arguments, check_direction, check_share
from meta.bias.common import Result, caution_few, rows_of, study_p
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.formatting import number, p_equation
from meta.keywords import keywords
from meta.results.print_out import heading

TESTS = ("chi2", "binomial", "exact")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExcessSignificance(Result):
    """Observed and expected numbers of significant studies.

    Attributes
    ----------
    observed : int
        Number of significant studies.
    expected : float
        Sum of the studies' power at ``effect``.
    statistic : float
        Chi-squared with 1 df (NaN for the binomial and exact tests).
    p_value : float
        Of an excess (one-sided: more significant studies than expected).
    p_two_sided : float
        Of any departure (the chi-squared test's own p-value; NaN for the other tests).
    power : ndarray of shape (k,)
        Each study's power.
    effect, tau2 : float
        True effect and heterogeneity at which the power was computed.
    limit : float
        The effect nearest to 0 at which the excess would just reach ``alpha_test``; NaN if there is none.
    test, direction : str
        The test, and the studies' own tail.
    alpha : float
        The studies' significance level.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    observed: int
    expected: float
    statistic: float
    p_value: float
    p_two_sided: float
    power: np.ndarray
    effect: float
    tau2: float
    limit: float
    test: str
    direction: str
    alpha: float
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def _shown(self) -> str:
        return (
            f"observed={self.observed}, expected={self.expected:.4g}, {p_equation(self.p_value)}, k={self.k}"
        )

    def _terms(self) -> list[Mapping[str, Any]]:
        """Observed over expected, and its test."""
        test = {"estimate": self.ratio, "statistic": self.statistic, "p_value": self.p_value}
        df = math.nan if math.isnan(self.statistic) else 1.0
        counts = {"observed": float(self.observed), "expected": self.expected}
        return [{"term": "observed / expected", "df": df} | test | counts]

    def _facts(self) -> Mapping[str, Any]:
        names = ("observed", "expected", "p_two_sided", "effect", "limit", "direction", "alpha")
        own = {name: getattr(self, name) for name in names}
        return {"model": "excess significance", "test": self.test} | own

    def _lines(self, digits: int) -> list[str]:
        measure = "" if self.effects is None else str(self.effects.measure)
        return [
            heading(["Test of excess significance", self.test, f"k = {self.k}"], measure),
            f"{self.observed} significant ({self.direction}, p <= {self.alpha:g}), expected "
            f"{number(self.expected, 2)} at an effect of {number(self.effect, digits)}   "
            f"{p_equation(self.p_value)}",
        ]


def study_power(theta: float, sd: np.ndarray, se: np.ndarray, alpha: float, direction: str) -> np.ndarray:
    """Power of each study's normal test at a true effect ``theta``; ``sd`` includes heterogeneity, (k,).

    >>> study_power(2.8, np.ones(1), np.ones(1), 0.05, "two-sided").round(3).tolist()
    [0.8]
    """
    if direction == "two-sided":
        cut = -ndtri(alpha / 2) * se
        return np.asarray(ndtr((theta - cut) / sd) + ndtr((-cut - theta) / sd))
    sign = 1.0 if direction == "greater" else -1.0
    return np.asarray(ndtr((sign * theta + ndtri(alpha) * se) / sd))


def poisson_binomial_tail(power: np.ndarray, observed: int) -> float:
    """P(at least ``observed`` successes) of independent trials with probabilities ``power`` (k,).

    >>> round(poisson_binomial_tail(np.array([0.5, 0.5]), 1), 4)
    0.75
    """
    shares = np.ones(1)
    for p in power:
        shares = np.convolve(shares, [1 - p, p])
    return float(min(1.0, shares[observed:].sum()))


def _compare(observed: int, power: np.ndarray, test: str) -> tuple[float, float, float]:
    """Statistic, one-sided and two-sided p-value."""
    k, expected = len(power), float(power.sum())
    if test == "exact":
        return math.nan, poisson_binomial_tail(power, observed), math.nan
    if test == "binomial":
        tail = 1.0 if observed == 0 else float(bdtrc(observed - 1, k, expected / k))
        return math.nan, tail, math.nan
    gap = observed - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(gap**2, expected) + np.divide(gap**2, k - expected))
    return statistic, float(ndtr(-math.copysign(math.sqrt(statistic), gap))), float(chdtrc(1, statistic))


@keywords
def excess_significance(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    alpha: float = 0.05,
    direction: str = "two-sided",
    test: str = "chi2",
    effect: float | None = None,
    tau2: float = 0.0,
    alpha_test: float = 0.1,
) -> ExcessSignificance:
    """Are there more significant studies than their power allows?

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    alpha : float
        Significance level of the single studies.
    direction : {"two-sided", "greater", "less"}
        Tail of the single studies' tests.
    test : {"chi2", "binomial", "exact"}
        Chi-squared or binomial with the mean power (Ioannidis & Trikalinos), or the distribution of a sum of
        unequal trials.
    effect : float, optional
        True effect at which the power is computed; the equal-effects estimate by default.
    tau2 : float
        Heterogeneity of the true effects about it.
    alpha_test : float
        Level at which the limit is sought.

    Returns
    -------
    ExcessSignificance

    References
    ----------
    Ioannidis & Trikalinos 2007, doi:10.1177/1740774507079441.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = excess_significance(es)
    >>> found.observed, round(found.expected, 2)
    (7, 4.81)
    """
    check_arguments(excess_significance, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if test not in TESTS:
        raise unknown_option("test", test, TESTS)
    check_direction(direction)
    check_share(alpha, "alpha")
    check_share(alpha_test, "alpha_test")
    if not (tau2 >= 0 and math.isfinite(tau2)):
        raise InputError(f"tau2 must be a finite number >= 0, not {tau2}")
    notes = Notes()
    effects = rows_of(es, notes, at_least=2, what="the test of excess significance")
    y, v = effects.yi, effects.vi
    caution_few(effects.k, notes, "the test of excess significance")
    theta = float((y / v).sum() / (1 / v).sum()) if effect is None else float(effect)
    if not math.isfinite(theta):
        raise NotEstimableError(f"effect must be a finite number, not {theta}")
    observed = int((study_p(y, v, direction) <= alpha).sum())
    se, sd = np.sqrt(v), np.sqrt(v + tau2)
    power = study_power(theta, sd, se, alpha, direction)
    statistic, p, two = _compare(observed, power, test)

    def excess(at: float) -> float:
        return _compare(observed, study_power(at, sd, se, alpha, direction), test)[1] - alpha_test

    return ExcessSignificance(
        observed=observed,
        expected=float(power.sum()),
        statistic=statistic,
        p_value=p,
        p_two_sided=two,
        power=power,
        effect=theta,
        tau2=tau2,
        limit=_limit(excess, theta, float(se.max())),
        test=test,
        direction=direction,
        alpha=alpha,
        k=effects.k,
        warnings=notes.messages,
        effects=effects,
    )


def _limit(excess: Any, theta: float, scale: float) -> float:
    """The effect on the side of ``theta`` at which the excess is just significant."""
    from scipy.optimize import brentq

    sign = -1.0 if theta < 0 else 1.0
    if excess(0.0) >= 0:
        return math.nan
    high = scale
    while excess(sign * high) < 0:
        high *= 2
        if high > 1e6 * scale:
            return math.nan
    return float(sign * brentq(lambda x: excess(sign * x), 0.0, high, xtol=1e-12 * high))

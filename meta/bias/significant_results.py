"""Methods that use significant results alone: p-curve; and p-uniform*, which uses all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import bdtr, log_ndtr, ndtr, ndtri

from meta.bias.common import Result, caution_few, check_share, favoured_side, rows_of, study_p
from meta.bias.conditional import ConditionalModel, fit_conditional
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import number, p_equation, percent


@dataclass(frozen=True, slots=True, eq=False)
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
    power : float
        Mean power that fits the curve best.
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
    shares: np.ndarray
    significant: np.ndarray
    direction: str
    k: int
    warnings: tuple[str, ...]

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten significant studies."""
        return int(self.significant.sum()) < 10

    def _lines(self) -> list[str]:
        n = int(self.significant.sum())
        verdict = "evidential value" if self.evidential else "no sign of evidential value"
        return [
            f"p-curve ({self.direction}) · {n} significant of {self.k} studies",
            f"right skew  full z = {number(self.statistic, 2)}, {p_equation(self.p_value)}   "
            f"half z = {number(self.half_statistic, 2)}, {p_equation(self.half_p)}",
            f"flatter than 33% power  full {p_equation(self.flat_p)}, half {p_equation(self.flat_half_p)}",
            f"{verdict}{'; inadequate evidence' if self.inadequate else ''}; power {percent(self.power)}",
        ]


def _stouffer(log_pp: np.ndarray) -> float:
    """Stouffer's z of log pp-values, clipped where they are numerically 0 or 1."""
    if log_pp.size == 0:
        return math.nan
    pp = np.clip(np.exp(log_pp), 1e-300, 1 - 1e-16)
    return float(ndtri(pp).sum() / math.sqrt(log_pp.size))


def _noncentrality(power: float, alpha: float) -> float:
    """Noncentrality at which a two-sided normal test has this power, counting both tails."""
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


def _log_complement(log_p: np.ndarray) -> np.ndarray:
    return np.log(-np.expm1(np.minimum(log_p, -1e-300)))


def p_curve(es: Any, *, alpha: float = 0.05, direction: str | None = None) -> PCurve:
    """The distribution of the significant p-values: does it show an effect?

    Under no effect significant p-values are uniform; under an effect they are skewed to the right.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        Independent effects whose own tests are of the hypothesis of interest.
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
    check_share(alpha, "alpha")
    notes = Notes()
    effects = rows_of(es, notes, at_least=1, what="a p-curve")
    side = favoured_side(effects, direction)
    z = effects.yi / effects.sei * (-1.0 if side == "less" else 1.0)
    p = study_p(effects.yi, effects.vi, "two-sided")
    used = (p < alpha) & ((z > 0) | (side == "two-sided"))
    n = int(used.sum())
    if n == 0:
        raise NotEstimableError(
            f"no study is significant (p < {alpha:g}, {side}), so that there is no p-curve"
        )
    caution_few(n, notes, "a p-curve of the significant results")
    size, cut, half = np.abs(z[used]), -float(ndtri(alpha / 2)), -float(ndtri(alpha / 4))
    near = size > half
    third = _noncentrality(0.33, alpha)
    full, below = _stouffer(pp_values(size, 0.0, cut)), _stouffer(pp_values(size[near], 0.0, half))
    flat = _stouffer(_log_complement(pp_values(size, third, cut)))
    flat_half = _stouffer(_log_complement(pp_values(size[near], third, half)))
    ps = [float(ndtr(x)) if x == x else math.nan for x in (full, below, flat, flat_half)]
    low = int(near.sum())
    binomial_p = 1.0 if low == 0 else float(bdtr(n - low, n, 0.5))
    less = float(bdtr(low, n, _share_near(third, cut, half)))
    return PCurve(
        statistic=full,
        p_value=ps[0],
        half_statistic=below,
        half_p=ps[1],
        flat_statistic=flat,
        flat_p=ps[2],
        flat_half_statistic=flat_half,
        flat_half_p=ps[3],
        binomial_p=binomial_p,
        evidential=ps[1] < 0.05 or (ps[0] < 0.1 and ps[1] < 0.1),
        inadequate=ps[2] < 0.05 or (ps[3] < 0.1 and less < 0.1),
        power=_best_power(size, alpha, cut),
        shares=np.histogram(p[used], bins=np.linspace(0, alpha, 6))[0] / n,
        significant=used,
        direction=side,
        k=effects.k,
        warnings=notes.messages,
    )


def _share_near(d: float, cut: float, half: float) -> float:
    return float((ndtr(d - half) + ndtr(-d - half)) / (ndtr(d - cut) + ndtr(-d - cut)))


def _best_power(size: np.ndarray, alpha: float, cut: float) -> float:
    """Power at which Stouffer's z of the pp-values is 0, between ``alpha`` and 0.99."""
    from scipy.optimize import brentq

    def skew(d: float) -> float:
        return _stouffer(pp_values(size, d, cut))

    top = _noncentrality(0.99, alpha)
    if skew(0.0) >= 0:
        return alpha
    if skew(top) <= 0:
        return 0.99
    d = float(brentq(skew, 0.0, top, xtol=1e-10))
    return float(ndtr(d - cut) + ndtr(-d - cut))


def p_uniform_star(
    es: Any, *, alpha: float = 0.05, direction: str | None = None, level: float = 0.95
) -> ConditionalModel:
    """p-uniform*: the effect under a selection that treats significant and other results differently.

    Its likelihood conditions each effect on lying on its side of the significance threshold, so that no
    probability of publication has to be estimated.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
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
    if direction == "two-sided":
        raise InputError("p-uniform* favours one tail: direction must be 'greater' or 'less'")
    check_share(alpha, "alpha")
    check_share(level, "level")
    notes = Notes()
    effects = rows_of(es, notes, what="p-uniform*")
    side = favoured_side(effects, direction)
    caution_few(effects.k, notes, "p-uniform*")
    return fit_conditional(effects, alpha / 2, side, level, notes)

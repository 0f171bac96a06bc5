"""Selection with a beta-shaped weight function of the p-value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, log_ndtr, logsumexp, ndtri

from meta.bias.common import Result, caution_few, check_share, favoured_side, rows_of, tail_p
from meta.errors import ConvergenceWarning, InputError, Notes
from meta.formatting import interval, number, p_equation, significant
from meta.kernels.inference import quantile
from meta.kernels.likelihood import log_likelihood
from meta.kernels.tau2 import estimate as estimate_tau2
from meta.kernels.weights import arrange

_LOG_2PI = math.log(2 * math.pi)
P_MIN = 1e-5
_EDGE = -float(ndtri(P_MIN))
_NODES, _RULE = np.polynomial.legendre.leggauss(240)
_Z = _EDGE * _NODES
_LOG_P, _LOG_Q = log_ndtr(-_Z), log_ndtr(_Z)


@dataclass(frozen=True, slots=True, eq=False)
class BetaSelection(Result):
    """A fitted beta selection model, by maximum likelihood.

    Attributes
    ----------
    estimate, se, ci_low, ci_high, statistic, p_value : float
        Mean effect corrected for selection, with its Wald test.
    tau2 : float
        Heterogeneity before selection.
    weights : ndarray of shape (2,)
        The exponents: a p-value is published with probability proportional to
        ``p^(weights[0] - 1) (1 - p)^(weights[1] - 1)``; (1, 1) is no selection.
    loglik : float
        Log-likelihood.
    lrt, lrt_p : float
        Likelihood-ratio test of no selection, 2 degrees of freedom.
    unadjusted : float
        The estimate without selection.
    direction : str
        Tail of the studies' p-values.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    tau2: float
    weights: np.ndarray
    loglik: float
    lrt: float
    lrt_p: float
    unadjusted: float
    direction: str
    k: int
    warnings: tuple[str, ...]

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def _lines(self) -> list[str]:
        a, b = (number(float(x)) for x in self.weights)
        return [
            f"Beta selection model · ML · {self.direction} · k = {self.k}",
            f"corrected   {number(self.estimate)} {interval(self.ci_low, self.ci_high)}   tau2 "
            f"{significant(self.tau2)}   z = {number(self.statistic, 2)}, {p_equation(self.p_value)}",
            f"unadjusted  {number(self.unadjusted)}",
            f"exponents {a} and {b}; no selection: LR(2) = {number(self.lrt, 2)}, {p_equation(self.lrt_p)}",
        ]


def beta_loglik(y: np.ndarray, v: np.ndarray, theta: np.ndarray) -> float:
    """Log-likelihood of effects (k,) at ``theta`` = (mu, tau2, a, b), selection favouring large y.

    p-values are kept within 1e-5 of 0 and 1, so that the weights stay finite. Beyond, the weight is
    constant and the normalising constant a normal probability; between, it is a Gauss-Legendre sum.

    >>> y, v = np.array([0.3, -0.1]), np.array([0.1, 0.2])
    >>> plain = -0.5 * (np.log(2 * np.pi * v) + y**2 / v).sum()
    >>> bool(abs(beta_loglik(y, v, np.array([0.0, 0.0, 1.0, 1.0])) - plain) < 1e-10)
    True
    """
    mu, tau2, a, b = (float(x) for x in theta)
    s2, se = v + tau2, np.sqrt(v)
    s, z = np.sqrt(s2), np.clip(y / se, -_EDGE, _EDGE)

    def log_weight(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
        return (a - 1) * log_p + (b - 1) * log_q

    own = log_weight(log_ndtr(-z), log_ndtr(z)) - 0.5 * (_LOG_2PI + np.log(s2) + (y - mu) ** 2 / s2)
    inside = log_weight(_LOG_P, _LOG_Q) + np.log(_RULE * _EDGE)
    inside = inside - 0.5 * (se[:, None] * _Z - mu) ** 2 / s2[:, None]
    middle = logsumexp(inside, axis=1) + np.log(se) - 0.5 * (_LOG_2PI + np.log(s2))
    small, large = np.log(P_MIN), np.log1p(-P_MIN)
    upper = log_weight(small, large) + log_ndtr((mu - _EDGE * se) / s)
    lower = log_weight(large, small) + log_ndtr((-_EDGE * se - mu) / s)
    return float((own - np.logaddexp(np.logaddexp(middle, upper), lower)).sum())


def _information(y: np.ndarray, v: np.ndarray, theta: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Observed information of the free parameters by central differences."""
    at = np.flatnonzero(free)
    steps = 1e-4 * np.where(np.arange(4) == 0, 1.0, theta)
    out = np.empty((at.size, at.size))
    for r, i in enumerate(at):
        for c, j in enumerate(at):
            ei, ej = steps[i] * np.eye(4)[i], steps[j] * np.eye(4)[j]
            corners = [
                sign * beta_loglik(y, v, theta + s * ei + t * ej)
                for s, t, sign in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
            ]
            out[r, c] = -sum(corners) / (4 * steps[i] * steps[j])
    return out


def beta_selection(es: Any, *, direction: str | None = None, level: float = 0.95) -> BetaSelection:
    """Random-effects model of effects published with a probability that is a beta density of their p-value.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    direction : {"greater", "less"}, optional
        Tail of the one-sided p-values; by default the side of the equal-effects estimate.
    level : float
        Confidence level.

    Returns
    -------
    BetaSelection

    References
    ----------
    Citkowicz & Vevea 2017, doi:10.1037/met0000119.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = beta_selection(es)
    >>> round(found.lrt, 2)
    4.68
    """
    from scipy.optimize import minimize

    if direction == "two-sided":
        raise InputError("the beta weight function has one tail: direction must be 'greater' or 'less'")
    check_share(level, "level")
    notes = Notes()
    effects = rows_of(es, notes, at_least=5, what="a beta selection model")
    side = favoured_side(effects, direction)
    caution_few(effects.k, notes, "a beta selection model")
    unit = float(np.sqrt(np.median(effects.vi))) * (-1.0 if side == "less" else 1.0)
    y, v = effects.yi / unit, effects.vi / unit**2
    tau2 = float(estimate_tau2(y, v, "ML").tau2)
    plain = float(np.asarray(log_likelihood(arrange(y, v), np.array([tau2]), False))[0])
    w = 1 / (v + tau2)
    mean, spread = float((w * y).sum() / w.sum()), float(np.var(y)) + 1.0

    def cost(x: np.ndarray) -> float:
        return -beta_loglik(y, v, np.concatenate([x[:1], np.exp(x[1:])]))

    bounds = [(mean - 30, mean + 30), (math.log(1e-9 * spread), math.log(100 * spread)), (-5, 5), (-5, 5)]
    best = None
    for start_tau2, a, b in (
        (max(tau2, 0.05), 0.0, 0.0),
        (0.3 * spread, 0.3, 0.1),
        (0.1 * spread, -0.5, 0.2),
    ):
        x0 = np.array([mean, math.log(start_tau2), a, b])
        found = minimize(cost, x0, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-8})
        best = found if best is None or found.fun < best.fun else best
    assert best is not None
    best = minimize(
        cost,
        best.x,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-8, "fatol": 1e-11, "maxiter": 4000},
    )
    theta = np.concatenate([best.x[:1], np.exp(best.x[1:])])
    free = np.array([True, theta[1] > 1e-6 * spread, True, True])
    information = _information(y, v, theta, free)
    sound = bool(np.linalg.eigvalsh(information).min() > 0) and bool(np.all(np.abs(best.x[2:]) < 4.99))
    if not (sound and best.success):
        notes.warn(
            "the beta selection model is hardly identified: its standard error is withheld",
            ConvergenceWarning,
        )
    se = math.sqrt(float(np.linalg.inv(information)[0, 0])) * abs(unit) if sound else math.nan
    estimate = float(theta[0]) * unit
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    lrt = max(0.0, 2 * (-float(best.fun) - plain))
    return BetaSelection(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        statistic=estimate / se,
        p_value=tail_p(estimate / se, math.inf, "two-sided"),
        tau2=float(theta[1]) * unit**2 if free[1] else 0.0,
        weights=theta[2:],
        loglik=-float(best.fun) - effects.k * math.log(abs(unit)),
        lrt=lrt,
        lrt_p=float(chdtrc(2, lrt)),
        unadjusted=mean * unit,
        direction=side,
        k=effects.k,
        warnings=notes.messages,
    )

"""Confidence intervals for the residual heterogeneity variance of a meta-regression.

The intervals of a pooled mean for any design (Jackson, Turner, Rhodes & Viechtbauer 2014,
doi:10.1186/1471-2288-14-103). All use inverse-variance or fixed weights, whatever the coefficients' are.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from meta.errors import unknown_option
from meta.kernels.q_profile import Tau2Interval, likelihood_ends, tail_ends
from meta.kernels.quadform import chi2_mixture_sf, residual_form_weights
from meta.kernels.tau2 import of_problem
from meta.kernels.tau2.problem import log_likelihood, prepare, terms
from meta.kernels.tau2.quadratic import quadratic
from meta.kernels.tau2.roots import match_q

KINDS = ("QP", "PL", "BJ", "J")


def q_profile(y: np.ndarray, v: np.ndarray, X: np.ndarray, level: float = 0.95) -> Tau2Interval:
    """Q-profile interval (Viechtbauer 2007, doi:10.1002/sim.2514); y, v (k,), X (k, p).

    The set of all tau2 for which ``y'P(tau2)y`` lies between the quantiles of chi-squared with k - p df.

    >>> ci = q_profile(np.array([0.0, 1.0, 4.0]), np.full(3, 0.1), np.ones((3, 1)))
    >>> round(ci.low, 4), round(ci.high, 3), ci.empty
    (1.0747, 171.058, False)
    """
    problem = prepare(y, v, X)[0]
    upper, lower = (float(chdtri(problem.df, 0.5 + sign * level / 2)) for sign in (-1, 1))
    if terms(problem, np.zeros(1), slopes=False).rss[0] < lower:
        return Tau2Interval(0.0, 0.0, True)
    low, high = (float(match_q(problem, target)[0][0]) for target in (upper, lower))
    return Tau2Interval(low, high, False)


def profile_likelihood(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, level: float = 0.95, *, restricted: bool = True
) -> Tau2Interval:
    """Profile-likelihood interval; its outermost ends where the likelihood has several maxima.

    Hardy & Thompson 1996, doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.

    >>> ci = profile_likelihood(np.array([0.0, 1.0, 4.0]), np.full(3, 0.1), np.ones((3, 1)))
    >>> ci.low < 4.2 < ci.high
    True
    """
    problem = prepare(y, v, X)[0]

    def height(tau2: np.ndarray) -> np.ndarray:
        found = terms(problem, tau2[:, None], slopes=False)
        return log_likelihood(found, problem.k, problem.p, restricted)[:, 0]

    best = of_problem(problem, "REML" if restricted else "ML").tau2
    return likelihood_ends(height, float(best[0]), float(v.min()), level)


def generalised_q(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, weights: np.ndarray, level: float = 0.95
) -> Tau2Interval:
    """Interval from the exact distribution of the residuals' generalised Q statistic with fixed weights.

    ``y'P_A y`` is a weighted sum of chi-squared variables. Weights 1/v give Biggerstaff & Jackson 2008
    (doi:10.1002/sim.3490), 1/sqrt(v) Jackson 2013 (doi:10.1002/jrsm.1081).

    >>> y, v = np.array([0.0, 1.0, 4.0]), np.full(3, 0.1)
    >>> round(generalised_q(y, v, np.ones((3, 1)), 1 / v).low, 4)
    1.0747
    """
    problem = prepare(y, v, X)[0]
    q = float(quadratic(problem, weights[None]).value[0])

    def tail(tau2: float) -> float:
        return chi2_mixture_sf(residual_form_weights(weights, v + tau2, problem.q[0]), q)

    return tail_ends(tail, float(v.min()), level)


def residual_interval(
    kind: str, y: np.ndarray, v: np.ndarray, X: np.ndarray, level: float, *, restricted: bool
) -> Tau2Interval:
    """The interval of a name: "QP", "PL", "BJ" or "J"; y, v (k,), X (k, p)."""
    if kind == "QP":
        return q_profile(y, v, X, level)
    if kind == "PL":
        return profile_likelihood(y, v, X, level, restricted=restricted)
    if kind not in ("BJ", "J"):
        raise unknown_option("tau2 interval", kind, KINDS)
    return generalised_q(y, v, X, 1 / v if kind == "BJ" else 1 / np.sqrt(v), level)

"""Covariances of log ratios that share a reference group, from counts that agree with the adjusted ratios.

Greenland & Longnecker (1992), doi:10.1093/oxfordjournals.aje.a116237. All arrays of a trial have shape
(J + 1,) with the reference group first.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

Array = np.ndarray
DESIGNS = ("cohort", "case-control", "rates")
"""Risk ratios of cumulative incidence, odds ratios, and ratios of rates (``n`` is person-time)."""
STEPS = 200
"""Newton's method needs fewer than ten steps; bisection alone would need fewer than a hundred."""


def fitted_cases(log_ratio: Array, cases: Array, n: Array, design: str) -> Array:
    """Cases in each group that keep the margins and whose log ratios are ``log_ratio``, (J + 1,).

    With one free parameter ``a`` (the reference group's log odds, risk or rate), the cases are
    ``n_j expit(a + y_j)`` (odds) or ``n_j exp(a + y_j)`` (risks and rates), and their sum is that of the
    observed cases: the minimum of a convex function of ``a``, which exists and is unique.

    A risk may come out above 1: no counts with these margins have these risk ratios, and the caller refuses.

    >>> fitted_cases(np.array([0.0, np.log(2)]), np.array([10.0, 20.0]), np.array([100.0, 100.0]), "rates")
    array([10., 20.])
    """
    weight = n * np.exp(log_ratio - log_ratio.max())
    if design != "case-control":
        return np.asarray(weight * (cases.sum() / weight.sum()))
    return np.asarray(n * expit(_log_odds(log_ratio, n, float(cases.sum())) + log_ratio))


def _log_odds(y: Array, n: Array, total: float) -> float:
    """The root of ``sum n expit(a + y) = total`` by Newton's method inside a bracket."""
    share = np.log(total / (n.sum() - total))
    low, high = share - float(y.max()), share - float(y.min())
    a = 0.5 * (low + high)
    for _ in range(STEPS):
        p = expit(a + y)
        gap = float(n @ p) - total
        low, high = (low, a) if gap > 0 else (a, high)
        step = gap / float(n @ (p * (1 - p)))
        if abs(step) <= 1e-15 * max(1.0, abs(a)):
            break
        a = a - step if low < a - step < high else 0.5 * (low + high)
    return a


def variance_parts(cases: Array, n: Array, design: str) -> Array:
    """What each group adds to the variance of a crude log ratio: 1/A + 1/B, 1/A - 1/N or 1/A, (J + 1,).

    >>> variance_parts(np.array([10.0]), np.array([20.0]), "case-control").tolist()
    [0.2]
    """
    if design == "case-control":
        return np.asarray(1 / cases + 1 / (n - cases))
    return np.asarray(1 / cases - 1 / n if design == "cohort" else 1 / cases)


def from_parts(variances: Array, parts: Array) -> Array:
    """Covariances (J, J) with the given variances (J,) and the correlations of the crude log ratios.

    ``r_jk = s_0 / sqrt(s_j s_k)`` with ``s_j = s_0 + part_j``.

    >>> from_parts(np.array([2.0, 2.0]), np.array([1.0, 1.0, 1.0])).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    root = np.sqrt(variances / (parts[0] + parts[1:]))
    out = parts[0] * np.outer(root, root)
    np.fill_diagonal(out, variances)
    return np.asarray(out)


def covariance(
    log_ratio: Array, variances: Array, cases: Array, n: Array, design: str, odds: bool = False
) -> Array:
    """Covariances (J, J) of adjusted log ratios (J,) by Greenland and Longnecker's method.

    ``odds`` solves risks by the equations of odds ratios, as dosresmeta 2.2.0 does.
    """
    y = np.concatenate([[0.0], log_ratio])
    fitted = fitted_cases(y, cases, n, "case-control" if odds else design)
    return from_parts(variances, variance_parts(fitted, n, design))

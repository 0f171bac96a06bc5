"""Covariances of adjusted log ratios from effective counts: Hamling et al. (2008), doi:10.1002/sim.3013.

Effective counts give the adjusted ratios and their variances exactly, and keep two proportions of the crude
table: the reference group's share of those who are not cases, and those who are not cases per case.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
STEPS = 200
TIGHT = 1e-12


def common_part(log_ratio: Array, variances: Array, cases: Array, n: Array, design: str) -> float:
    """What the reference group adds to every variance, which is the covariance of any two log ratios.

    Parameters
    ----------
    log_ratio, variances : ndarray of shape (J,)
        Adjusted effects.
    cases, n : ndarray of shape (J + 1,)
        Reference group first; ``n`` is person-time for rates.
    design : {"cohort", "case-control", "rates"}
        What the counts are.

    Returns
    -------
    float
        NaN where no effective counts exist.
    """
    others = n - cases if design == "case-control" else n
    share, ratio = others[0] / others.sum(), others.sum() / cases.sum()
    if design == "rates":
        return _of_rates(np.exp(log_ratio), variances, share)
    start = np.log([1 / cases[0], 1 / others[0]])
    # the reference group's own part must stay below every variance
    size = (np.exp(start[0]) + (1 if design == "case-control" else -1) * np.exp(start[1])) or 1.0
    start -= max(0.0, np.log(2 * abs(size) / variances.min()))
    found = _newton(start, np.exp(log_ratio), variances, (share, ratio), design)
    return np.nan if found is None else _own(found, design)


def _own(logs: Array, design: str) -> float:
    u, w = np.exp(logs)
    return float(u + w if design == "case-control" else u - w)


def _gaps(logs: Array, r: Array, v: Array, wanted: tuple[float, float], design: str) -> Array | None:
    """Logs of the two proportions over those of the crude table, at logs of 1/A_0 and 1/B_0."""
    a, b = np.exp(-logs)
    rest = v - _own(logs, design)
    sign = 1 if design == "case-control" else -1
    # A_j / B_j = r_j A_0 / B_0, and 1/A_j + sign / B_j is what is left of the variance
    odds = r * a / b
    cases = (1 + sign * odds) / rest
    others = cases / odds
    if np.any(rest <= 0) or np.any(cases <= 0):
        return None
    total = b + others.sum()
    return np.array([np.log(b / total / wanted[0]), np.log(total / (a + cases.sum()) / wanted[1])])


def _newton(logs: Array, r: Array, v: Array, wanted: tuple[float, float], design: str) -> Array | None:
    gaps = _gaps(logs, r, v, wanted, design)
    if gaps is None:
        return None
    for _ in range(STEPS):
        slope = np.empty((2, 2))
        for i in range(2):
            step = np.zeros(2)
            step[i] = 1e-7
            up, down = (_gaps(logs + s * step, r, v, wanted, design) for s in (1, -1))
            if up is None or down is None:
                return None
            slope[:, i] = (up - down) / 2e-7
        move = np.linalg.lstsq(slope, gaps, rcond=None)[0]
        for _ in range(60):
            fresh = _gaps(logs - move, r, v, wanted, design)
            if fresh is not None and np.abs(fresh).max() < max(np.abs(gaps).max(), TIGHT):
                break
            move = 0.5 * move
        else:
            return logs if np.abs(gaps).max() < 1e-8 else None
        logs, gaps = logs - move, fresh
        if np.abs(gaps).max() <= TIGHT:
            return logs
    return None


def _of_rates(r: Array, v: Array, share: float) -> float:
    """With person-time, the reference group's share alone decides: bisection in log(1/A_0)."""

    def gap(u: float) -> float:
        cases = 1 / (v - u)
        return 1 / (1 + float((cases * u / r).sum())) - share

    top = float(v.min())
    low, high = np.log(top * 1e-12), np.log(top * (1 - 1e-12))
    if gap(np.exp(low)) < 0 or gap(np.exp(high)) > 0:
        return np.nan
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if gap(np.exp(middle)) > 0 else (low, middle)
    return float(np.exp(0.5 * (low + high)))


def covariance(log_ratio: Array, variances: Array, cases: Array, n: Array, design: str) -> Array:
    """Covariances (J, J): the given variances, and the reference group's part everywhere else."""
    out = np.full((len(variances), len(variances)), common_part(log_ratio, variances, cases, n, design))
    np.fill_diagonal(out, variances)
    return out

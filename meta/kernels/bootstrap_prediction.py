"""The bootstrap prediction distribution of Nagashima, Noma and Furukawa."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from meta.kernels.quadform import chi2_mixture_sf, q_form_weights
from meta.kernels.weights import arrange, moments

_GRID = 160


def confidence_distribution(y: ArrayLike, v: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Confidence distribution of tau2 on a grid: ``P(Q > q; tau2)`` for Cochran's Q, rising in tau2.

    Returns the grid and the distribution function there; its value at 0 is a point mass.
    """
    rows = arrange(y, v)
    vi = rows.v[:, 0]
    vi = vi[np.isfinite(vi)]
    q = float(moments(rows).q[0])

    def tail(tau2: float) -> float:
        return chi2_mixture_sf(q_form_weights(1 / vi, vi + tau2), q)

    high = float(vi.max())
    while tail(high) < 1 - 1e-5 and high < 1e12 * vi.max():
        high *= 4
    grid = np.concatenate([[0.0], np.geomspace(1e-3 * vi.min(), high, _GRID)])
    return grid, np.maximum.accumulate(np.array([tail(t) for t in grid]))


def nnf_sample(
    y: ArrayLike, v: ArrayLike, *, seed: int | np.random.Generator | None = None, draws: int = 25_000
) -> np.ndarray:
    """Draws of a new study's true effect.

    Each draws tau2 from its confidence distribution, and then ``mean(tau2) + z tau - t se(tau2)`` with z
    normal, t Student's with k - 1 degrees of freedom and se Hartung and Knapp's (Nagashima, Noma & Furukawa
    2019, doi:10.1177/0962280218773520).

    >>> nnf_sample([0.1, 0.5, 0.9], [0.04, 0.05, 0.03], seed=1, draws=5).shape
    (5,)
    """
    rng = np.random.default_rng(seed)
    grid, below = confidence_distribution(y, v)
    tau2 = np.interp(rng.uniform(size=draws), below, grid)
    wide = arrange(np.asarray(y, dtype=float)[:, None], np.asarray(v, dtype=float)[:, None])
    m = moments(wide, tau2)
    df = float(wide.n[0] - 1)
    se = np.sqrt(m.q / df / m.s1)
    return m.mean + rng.standard_normal(draws) * np.sqrt(tau2) - rng.standard_t(df, draws) * se

"""One rule for fits without any spread: what is rounding noise counts as 0, and 0 has no test.

A standard error that is estimated from residuals (Hartung-Knapp, sandwiches, least squares) is rounding noise
where the effects lie on the fitted line up to rounding. It is then 0, exactly, and its statistic and p-value
are NaN: a zero width is not evidence.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1e-13
"""Largest residual that counts as rounding, relative to the largest effect: a few hundred units in the last
place of a double, which is what sums over many studies lose; printed effects differ by 1e-6 at least."""


def without_spread(y: np.ndarray, residual: np.ndarray) -> bool:
    """Whether the residuals are nothing but rounding noise of the effects.

    >>> without_spread(np.array([0.3, 0.3]), np.array([1e-17, -1e-17]))
    True
    """
    return bool(np.max(np.abs(residual), initial=0.0) <= ROUNDING * np.max(np.abs(y), initial=0.0))


def ratio(estimate: ArrayLike, se: ArrayLike) -> np.ndarray:
    """Test statistics ``estimate / se``; NaN where the standard error is 0.

    >>> ratio([1.0, 1.0], [0.5, 0.0]).tolist()
    [2.0, nan]
    """
    b, s = np.broadcast_arrays(np.asarray(estimate, dtype=float), np.asarray(se, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(np.where(s > 0, b / np.where(s > 0, s, 1.0), np.nan))

"""The delta method for any smooth transformation, by numerical derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.errors import InputError


@dataclass(frozen=True, slots=True)
class DeltaMethod:
    """A transformed estimate.

    Attributes
    ----------
    estimate : ndarray of shape (m,)
        The transformed values.
    vcov : ndarray of shape (m, m)
        Their covariance matrix.
    jacobian : ndarray of shape (m, p)
        First derivatives.
    bias : ndarray of shape (m,)
        The second-order term that was added to the estimate; zero at first order.
    """

    estimate: np.ndarray
    vcov: np.ndarray
    jacobian: np.ndarray
    bias: np.ndarray

    @property
    def se(self) -> np.ndarray:
        """Standard errors, shape (m,)."""
        return np.sqrt(np.diag(self.vcov))


def delta_method(
    function: Callable[[np.ndarray], ArrayLike], estimate: ArrayLike, vcov: ArrayLike, *, order: int = 1
) -> DeltaMethod:
    """Carry a covariance matrix through any smooth transformation.

    Parameters
    ----------
    function : callable
        Takes an array of shape (p,), returns a number or an array of shape (m,).
    estimate : array_like of shape (p,)
        Where to evaluate it; a number is taken as p = 1.
    vcov : array_like of shape (p, p)
        Covariance matrix of the estimate; a number or a vector of variances stands for a diagonal one.
    order : {1, 2}
        2 adds ``trace(H V)/2`` to the estimate and ``trace(H_i V H_j V)/2`` to the covariance, H being the
        second derivatives (exact for quadratic functions of normal estimates).

    Examples
    --------
    >>> found = delta_method(lambda b: b[0] / b[1], [3.0, 4.0], [0.04, 0.09])
    >>> found.estimate.round(3).tolist(), found.se.round(4).tolist()
    ([0.75], [0.0753])
    """
    if order not in (1, 2):
        raise InputError(f"order must be 1 or 2: got {order!r}")
    x = np.atleast_1d(np.asarray(estimate, dtype=float))
    v = np.atleast_1d(np.asarray(vcov, dtype=float))
    v = np.diag(v) if v.ndim == 1 else v
    if v.shape != (x.size, x.size):
        raise InputError(f"vcov must be {x.size} x {x.size} to fit the estimate: got shape {v.shape}")

    scale = np.maximum(np.abs(x), np.sqrt(np.diag(v)))
    scale = np.where(scale > 0, scale, 1.0)

    def f(at: np.ndarray) -> np.ndarray:
        return np.atleast_1d(np.asarray(function(at), dtype=float))

    value = f(x)
    if not np.all(np.isfinite(value)):
        raise InputError("the transformation is not finite at the estimate: check its domain")
    slope = _jacobian(f, x, scale)
    spread = slope @ v @ slope.T
    bias = np.zeros_like(value)
    if order == 2:
        half = np.einsum("mij,jk->mik", _hessian(f, x, scale), v)
        bias = np.trace(half, axis1=1, axis2=2) / 2
        spread = spread + np.einsum("mij,nji->mn", half, half) / 2
    return DeltaMethod(value + bias, spread, slope, bias)


def _steps(x: np.ndarray, scale: np.ndarray, power: float) -> np.ndarray:
    # Adding and taking away makes the step exactly representable.
    return (x + np.finfo(float).eps ** power * scale) - x


def _jacobian(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    # Central differences with one Richardson step: an error of order h^4.
    columns = []
    for i, h in enumerate(_steps(x, scale, 1 / 5)):
        unit = np.zeros_like(x)
        unit[i] = h
        wide = (f(x + unit) - f(x - unit)) / (2 * h)
        narrow = (f(x + unit / 2) - f(x - unit / 2)) / h
        columns.append((4 * narrow - wide) / 3)
    return np.stack(columns, axis=1)


def _hessian(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    steps, p = _steps(x, scale, 1 / 4), x.size
    value = f(x)
    result = np.empty((value.size, p, p))
    units = np.diag(steps)
    for i in range(p):
        for j in range(i + 1):
            if i == j:
                second = (f(x + units[i]) - 2 * value + f(x - units[i])) / steps[i] ** 2
            else:
                plus = f(x + units[i] + units[j]) + f(x - units[i] - units[j])
                minus = f(x + units[i] - units[j]) + f(x - units[i] + units[j])
                second = (plus - minus) / (4 * steps[i] * steps[j])
            result[:, i, j] = result[:, j, i] = second
    return result

"""What studies could have found: power, detectable effects, and errors of sign and size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.arguments import check_share, floats
from meta.errors import InputError


def power(effect: ArrayLike, se: ArrayLike, alpha: float = 0.05) -> np.ndarray:
    """Power of a two-sided normal test.

    Parameters
    ----------
    effect : array_like
        True effect, on the model scale.
    se : array_like
        Standard error of its estimate.
    alpha : float
        Two-sided level.

    Returns
    -------
    ndarray

    References
    ----------
    Hedges LV, Pigott TD (2001). The power of statistical tests in meta-analysis.
    doi:10.1037/1082-989X.6.3.203

    Examples
    --------
    >>> float(power(2.8016, 1.0).round(3)), float(power(0.0, 1.0).round(3))
    (0.8, 0.05)
    """
    z, ratio = _critical(alpha), _ratio(effect, se)
    return special.ndtr(ratio - z) + special.ndtr(-ratio - z)


def detectable(se: ArrayLike, share: float = 0.8, alpha: float = 0.05) -> np.ndarray:
    """Smallest effect that a two-sided normal test finds with probability ``share``.

    The far tail, which matters only at power near ``alpha``, is left out.

    Examples
    --------
    >>> float(detectable(0.5).round(4))
    1.4008
    """
    if not alpha < share < 1:
        raise InputError(f"share must lie between alpha = {alpha:g} and 1: got {share:g}")
    return (_critical(alpha) + special.ndtri(share)) * _checked(se)


def sign_error(effect: ArrayLike, se: ArrayLike, alpha: float = 0.05) -> np.ndarray:
    """Probability that a significant estimate has the wrong sign (type S).

    References
    ----------
    Gelman A, Carlin J (2014). Beyond power calculations. doi:10.1177/1745691614551642

    Examples
    --------
    >>> float(sign_error(0.0, 1.0))
    0.5
    """
    z, ratio = _critical(alpha), _ratio(effect, se)
    return special.ndtr(-ratio - z) / power(effect, se, alpha)


def exaggeration(effect: ArrayLike, se: ArrayLike, alpha: float = 0.05) -> np.ndarray:
    """Factor by which a significant estimate overstates the effect on average (type M); infinite at 0.

    Examples
    --------
    >>> round(float(exaggeration(1.0, 1.0)), 2), round(float(exaggeration(10.0, 1.0)), 3)
    (2.49, 1.0)
    """
    z, ratio = _critical(alpha), _ratio(effect, se)
    density = np.exp(-0.5 * (z - ratio) ** 2) + np.exp(-0.5 * (z + ratio) ** 2)
    size = ratio * (special.ndtr(ratio - z) - special.ndtr(-ratio - z)) + density / np.sqrt(2 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        return size / (power(effect, se, alpha) * ratio)


def _critical(alpha: float) -> float:
    check_share(alpha, "alpha")
    return float(-special.ndtri(alpha / 2))


def _checked(se: ArrayLike) -> np.ndarray:
    found = floats(se, "se")
    if np.any(found <= 0):
        raise InputError("se must be > 0")
    return found


def _ratio(effect: ArrayLike, se: ArrayLike) -> np.ndarray:
    return np.abs(floats(effect, "effect")) / _checked(se)

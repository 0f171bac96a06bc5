"""Draw meta-analyses from the random-effects model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_arguments, floats
from meta.errors import InputError
from meta.keywords import keywords


class Simulated(NamedTuple):
    """Simulated meta-analyses, ready for :func:`meta.pool_many`.

    Attributes
    ----------
    Y, V : ndarray of shape (k, reps)
        Effects and sampling variances.
    """

    Y: np.ndarray
    V: np.ndarray


@keywords
def simulate(
    *,
    mu: ArrayLike = 0.0,
    tau2: ArrayLike = 0.0,
    vi: ArrayLike,
    reps: int = 1000,
    df: ArrayLike | None = None,
    seed: int | np.random.Generator | None = None,
) -> Simulated:
    """Draw meta-analyses ``y_i ~ N(mu, tau2 + v_i)``.

    Parameters
    ----------
    mu, tau2 : array_like
        Mean effect and heterogeneity variance: a number, or one a replication.
    vi : array_like of shape (k,) or (k, reps)
        True sampling variances.
    reps : int
        Number of meta-analyses.
    df : array_like of shape (k,), optional
        Degrees of freedom with which the sampling variances are themselves estimated: the reported ones are
        then ``v_i chi2(df_i) / df_i``. By default they are known.
    seed : int or Generator, optional
        Makes the draws repeatable.

    Returns
    -------
    Simulated
        ``(Y, V)`` of shape (k, reps).

    Examples
    --------
    >>> Y, V = simulate(mu=0.3, tau2=0.1, vi=[0.1, 0.2, 0.3], reps=5, seed=1)
    >>> Y.shape, V.shape
    ((3, 5), (3, 5))
    """
    check_arguments(simulate, locals())
    v = floats(vi, "vi")
    if v.ndim == 1:
        v = v[:, None]
    if v.ndim != 2 or v.shape[0] == 0 or not np.all(v > 0) or not np.all(np.isfinite(v)):
        raise InputError("vi must be finite and > 0, of shape (k,) or (k, reps)")
    if reps < 1:
        raise InputError(f"reps must be at least 1, not {reps}")
    spread = floats(tau2, "tau2")
    if np.any(~(spread >= 0)):
        raise InputError("tau2 must be >= 0")
    rng = np.random.default_rng(seed)
    shape = (v.shape[0], reps)
    try:
        true = np.broadcast_to(v, shape)
        scale = np.sqrt(np.broadcast_to(true + spread, shape))
        centre = np.broadcast_to(floats(mu, "mu"), shape)
    except InputError:
        raise
    except ValueError:
        raise InputError(
            f"mu, tau2 and vi must be numbers or have {reps} values, one a replication"
        ) from None
    Y = centre + scale * rng.standard_normal(shape)
    if df is None:
        return Simulated(Y, np.array(true))
    freedom = floats(df, "df").reshape(-1, 1)
    if freedom.size not in (1, len(v)) or not np.all((freedom > 0) & (freedom < 1e15)):
        raise InputError("df must be > 0, one number or one a study; for a known variance leave it out")
    return Simulated(Y, true * rng.chisquare(np.broadcast_to(freedom, shape)) / freedom)

"""Likelihoods of what papers only half report: bounds, two-point mixtures, results truncated to significance.

A bound L <= y <= U contributes Phi((U - mu)/s) - Phi((L - mu)/s), s^2 = v + tau2; compare Radua et al. 2015,
doi:10.3389/fpsyt.2015.00072.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from meta.errors import InputError, NotEstimableError
from meta.kernels.adaptive_quadrature import Axis
from meta.kernels.normal import log_ndtr_diff, log_norm_pdf
from meta.kernels.normal_normal_model import conditional


@dataclass(frozen=True, slots=True)
class Rows:
    """Results of k studies, of any kind.

    Attributes
    ----------
    y, v : ndarray of shape (k,)
        Effects (NaN unless known) and sampling variances.
    lower, upper : ndarray of shape (k,)
        Bounds of the bounded rows, else NaN.
    values, weights : ndarray of shape (k, m)
        Possible values of the mixture rows and their weights (zero where there are fewer than m).
    cutoff : ndarray of shape (k,)
        |y| above which the row would have been reported at all; zero where it would always have been.
    """

    y: np.ndarray
    v: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    cutoff: np.ndarray

    @property
    def exact(self) -> np.ndarray:
        """Mask of rows with a known effect."""
        return ~np.isnan(self.y)

    @property
    def bounded(self) -> np.ndarray:
        """Mask of bounded rows."""
        return np.isnan(self.y) & ~np.isnan(self.lower)

    @property
    def mixed(self) -> np.ndarray:
        """Mask of mixture rows."""
        return np.isnan(self.y) & np.isnan(self.lower)

    @property
    def plain(self) -> bool:
        """Whether every row is an ordinary effect."""
        return bool(self.exact.all() and not self.cutoff.any())

    def pick(self, rows: np.ndarray) -> Rows:
        """Choose rows."""
        return Rows(
            self.y[rows],
            self.v[rows],
            self.lower[rows],
            self.upper[rows],
            self.values[rows],
            self.weights[rows],
            self.cutoff[rows],
        )


def make_rows(
    y: np.ndarray,
    v: np.ndarray,
    *,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    mixtures: dict[int, tuple[tuple[float, float], ...]] | None = None,
    truncated: np.ndarray | None = None,
    alpha: float = 0.05,
) -> Rows:
    """Arrange and check the rows; a bound that has shrunk to a point becomes an exact effect.

    Examples
    --------
    >>> rows = make_rows(np.array([0.2, np.nan]), np.array([0.1, 0.1]),
    ...                  lower=[np.nan, -0.5], upper=[np.nan, 0.5])
    >>> rows.exact.tolist(), rows.plain
    ([True, False], False)
    """
    y, v = np.array(y, dtype=float), np.asarray(v, dtype=float)
    k = y.size
    lower = np.full(k, np.nan) if lower is None else np.array(lower, dtype=float)
    upper = np.full(k, np.nan) if upper is None else np.array(upper, dtype=float)
    mixtures = mixtures or {}
    if np.any(lower > upper):
        at = int(np.flatnonzero(lower > upper)[0])
        raise InputError(
            f"lower must not exceed upper: row {at} has lower = {lower[at]:g}, upper = {upper[at]:g}"
        )
    point = np.isnan(y) & (lower == upper)
    y[point] = lower[point]
    lower[~np.isnan(y)] = np.nan
    upper[~np.isnan(y)] = np.nan
    width = max((len(parts) for parts in mixtures.values()), default=1)
    values, weights = np.zeros((k, width)), np.zeros((k, width))
    for row, parts in mixtures.items():
        given = np.array(parts, dtype=float)
        values[row, : len(parts)] = given[:, 0]
        weights[row, : len(parts)] = given[:, 1] / given[:, 1].sum()
    mask = np.zeros(k, dtype=bool) if truncated is None else np.asarray(truncated, dtype=bool)
    cutoff = np.where(mask & ~np.isnan(y), special.ndtri(1.0 - alpha / 2.0) * np.sqrt(v), 0.0)
    return Rows(y, v, lower, upper, values, weights, cutoff)


def log_likelihood(mu: np.ndarray, tau2: np.ndarray, rows: Rows) -> np.ndarray:
    """Total log likelihood.

    Parameters
    ----------
    mu, tau2 : arrays that broadcast to shape (...)
        Parameter values.
    rows : Rows
        The studies.

    Returns
    -------
    ndarray of shape (...)
    """
    mu, tau2 = np.broadcast_arrays(np.asarray(mu, dtype=float), np.asarray(tau2, dtype=float))
    total = np.zeros(mu.shape)
    for row in range(rows.y.size):
        total = total + row_log_likelihood(mu, tau2, rows, row)
    return total


def row_log_likelihood(mu: np.ndarray, tau2: np.ndarray, rows: Rows, row: int) -> np.ndarray:
    """Log likelihood of one row, of the shape of ``mu`` and ``tau2`` (which broadcast)."""
    s = np.sqrt(rows.v[row] + tau2)
    if rows.exact[row]:
        value = log_norm_pdf(rows.y[row], mu, s)
        if rows.cutoff[row] > 0:
            c = rows.cutoff[row]
            value = value - np.logaddexp(special.log_ndtr((mu - c) / s), special.log_ndtr((-c - mu) / s))
        return value
    if rows.bounded[row]:
        return log_ndtr_diff((rows.lower[row] - mu) / s, (rows.upper[row] - mu) / s)
    with np.errstate(divide="ignore"):
        logs = np.log(rows.weights[row])
    terms = [
        w + log_norm_pdf(y, mu, s) for w, y in zip(logs, rows.values[row], strict=True) if np.isfinite(w)
    ]
    return np.logaddexp.reduce(np.array(terms), axis=0)


def localised(rows: Rows) -> np.ndarray:
    """Mask of the rows that keep mu finite by themselves: all but those bounded on one side or on none."""
    return rows.exact | rows.mixed | (np.isfinite(rows.lower) & np.isfinite(rows.upper))


def check_localised(rows: Rows) -> None:
    """Refuse data for which the likelihood has no finite maximum."""
    if localised(rows).any():
        return
    has_lower, has_upper = bool(np.isfinite(rows.lower).any()), bool(np.isfinite(rows.upper).any())
    if has_lower and has_upper:
        return
    if not has_lower and not has_upper:
        raise NotEstimableError(
            "no study says anything about the effect: every bound is (-inf, inf); add a study with an effect"
        )
    side = "from below" if has_lower else "from above"
    raise NotEstimableError(
        f"all {rows.y.size} results only bound the effect {side}, so its likelihood has no finite maximum; "
        "add a study with an effect or a bound on the other side, or use a proper prior"
    )


def joint_log_likelihood(tau: np.ndarray, mu: np.ndarray, rows: Rows) -> np.ndarray:
    """Log likelihood on the outer product of ``tau`` (t,) and ``mu`` (m,): shape (t, m).

    Ordinary rows enter through their sufficient statistics, so that only the others cost t times m each.
    """
    plain = rows.exact & (rows.cutoff == 0)
    total = np.zeros((tau.size, mu.size))
    tau2 = tau * tau
    if plain.any():
        given = conditional(tau2, rows.y[plain], rows.v[plain])
        peak = given.log_likelihood - 0.5 * np.log(2.0 * np.pi * given.variance)
        total = peak[:, None] - 0.5 * (mu - given.mean[:, None]) ** 2 / given.variance[:, None]
    if not plain.all():
        total = total + log_likelihood(mu[None, :], tau2[:, None], rows.pick(~plain))
    return total


def rough_effects(rows: Rows) -> np.ndarray:
    """A rough value of each row's effect: itself, a mixture's mean, a bound's middle or its one end."""
    guess = rows.y.copy()
    guess[rows.mixed] = np.sum(rows.values * rows.weights, axis=1)[rows.mixed]
    low, high = np.isfinite(rows.lower), np.isfinite(rows.upper)
    both = np.isnan(guess) & low & high
    guess[both] = 0.5 * (rows.lower[both] + rows.upper[both])
    guess[np.isnan(guess) & low] = rows.lower[np.isnan(guess) & low]
    guess[np.isnan(guess) & high] = rows.upper[np.isnan(guess) & high]
    return guess


def mu_axis(rows: Rows, fallback: float = 0.0) -> Axis:
    """A quadrature axis of mu, centred on what the rows say and as wide as they and their errors spread."""
    guess = rough_effects(rows)
    known = guess[np.isfinite(guess)]
    centre = float(known.mean()) if known.size else fallback
    spread = float(known.std()) if known.size > 1 else 0.0
    return Axis(scale=2.0 * (float(np.sqrt(rows.v.mean() / rows.v.size)) + spread), origin=centre)

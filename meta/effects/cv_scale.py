"""Standardised mean differences as ratios of means and back, through the coefficient of variation.

"41% less" is a ratio; a trial often yields only a standardised difference. Three versions of the way from
one to the other are registered in :data:`RATIO_METHODS`; they differ by more than their names suggest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.effects.recovered_values import Recovered, RecoveredEffect, numbers, require
from meta.errors import NotEstimableError, unknown_option


@dataclass(frozen=True, slots=True)
class RatioMethod:
    """One way between an SMD and a log ratio of means.

    Attributes
    ----------
    name, description : str
        Its name and the assumption behind it.
    forward : callable
        ``(g, c)`` to the log ratio and its derivatives by g and by c.
    backward : callable
        ``(log ratio, c)`` to g.
    within : callable
        ``(g, c)`` to whether a ratio exists.
    limit : str
        The domain, in words.
    """

    name: str
    description: str
    forward: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
    backward: Callable[[np.ndarray, np.ndarray], np.ndarray]
    within: Callable[[np.ndarray, np.ndarray], np.ndarray]
    limit: str


def _exact(g: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # With x = log ROM, (ROM - 1)/sqrt((1 + ROM^2)/2) = u has tanh(x/2) = u/sqrt(4 - u^2), because
    # u^2/2 = 1 - 1/cosh(x); this form is odd in u and loses nothing near zero.
    u = g * c
    half = u / np.sqrt(4 - u**2)
    x = 2 * np.arctanh(half)
    slope = 2 / (1 - half**2) * 4 / (4 - u**2) ** 1.5
    return x, slope * c, slope * g


def _exact_back(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    half = np.tanh(x / 2)
    return 2 * half / np.sqrt(1 + half**2) / c


def _control(g: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.log1p(g * c), c / (1 + g * c), g / (1 + g * c)


def _control_back(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    return np.expm1(x) / c


def _log(g: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sd = np.sqrt(np.log1p(c**2))
    return g * sd, sd, g * c / ((1 + c**2) * sd)


def _log_back(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    return x / np.sqrt(np.log1p(c**2))


RATIO_METHODS = {
    m.name: m
    for m in (
        RatioMethod(
            "exact",
            "g in pooled SDs, the same coefficient of variation in both groups",
            _exact,
            _exact_back,
            lambda g, c: np.abs(g) * c < np.sqrt(2),
            "|g| must be below sqrt(2)/c",
        ),
        RatioMethod(
            "control-sd",
            "g in SDs of the control group: ROM = 1 + g c",
            _control,
            _control_back,
            lambda g, c: g * c > -1,
            "g must be above -1/c",
        ),
        RatioMethod(
            "log",
            "g as the SMD of the logs of log-normal values",
            _log,
            _log_back,
            lambda g, c: np.ones(np.broadcast_shapes(g.shape, c.shape), dtype=bool),
            "every g",
        ),
    )
}


def _method(name: str) -> RatioMethod:
    if name not in RATIO_METHODS:
        raise unknown_option("ratio method", name, RATIO_METHODS)
    return RATIO_METHODS[name]


def smd_to_log_rom(
    g: ArrayLike, *, c: ArrayLike, v: ArrayLike = 0.0, c_variance: ArrayLike = 0.0, method: str = "exact"
) -> RecoveredEffect:
    """Return the log ratio of means of a standardised mean difference.

    Parameters
    ----------
    g : array_like
        Standardised mean difference; negative means less in group 1.
    c : array_like
        Coefficient of variation, SD over mean (of the control group).
    v : array_like
        Sampling variance of g.
    c_variance : array_like
        Variance of c, taken as independent of g; carried by the delta method.
    method : str
        A name in :data:`RATIO_METHODS`.

    Raises
    ------
    NotEstimableError
        If no ratio of means has such a large g: the percent scale cannot carry it.

    Examples
    --------
    >>> smd_to_log_rom([-1.21, -0.94, -0.62], c=0.63).yi.round(2).tolist()
    [-0.88, -0.64, -0.4]
    """
    chosen = _method(method)
    effect, cv, variance, spread = numbers(g=g, c=c, v=v, c_variance=c_variance)
    require(cv > 0, "c", cv, "must be > 0")
    require(variance >= 0, "v", variance, "must be at least 0")
    require(spread >= 0, "c_variance", spread, "must be at least 0")
    fits = chosen.within(effect, cv) | np.isnan(effect) | np.isnan(cv)
    if not np.all(fits):
        first = int(np.flatnonzero(~fits)[0])
        value, at = (float(np.broadcast_to(x, fits.shape).flat[first]) for x in (effect, cv))
        raise NotEstimableError(
            f"g = {value:g} with a coefficient of variation of {at:g} has no ratio of means by the "
            f"{method!r} method, where {chosen.limit}: stay on the standardised scale"
        )
    log_rom, by_g, by_c = chosen.forward(effect, cv)
    how = f"log ROM from g and a coefficient of variation ({chosen.description})"
    text = f"{cv:.3g}" if cv.ndim == 0 else "given per row"
    return RecoveredEffect(
        log_rom, by_g**2 * variance + by_c**2 * spread, how, (f"coefficient of variation c = {text}",)
    )


def log_rom_to_smd(
    log_rom: ArrayLike,
    *,
    c: ArrayLike,
    v: ArrayLike = 0.0,
    c_variance: ArrayLike = 0.0,
    method: str = "exact",
) -> RecoveredEffect:
    """Return the standardised mean difference of a log ratio of means.

    The arguments are those of :func:`smd_to_log_rom`, with ``v`` the variance of the log ratio.

    >>> ways = [log_rom_to_smd(np.log(0.59), c=0.63, method=name).yi for name in RATIO_METHODS]
    >>> [float(g.round(2)) for g in ways]
    [-0.79, -0.65, -0.91]
    """
    chosen = _method(method)
    x, cv, variance, spread = numbers(log_rom=log_rom, c=c, v=v, c_variance=c_variance)
    require(cv > 0, "c", cv, "must be > 0")
    g = chosen.backward(x, cv)
    _, by_g, by_c = chosen.forward(g, cv)
    # On the curve of constant log ROM, dg/dc = -(d log ROM/dc)/(d log ROM/dg).
    vi = variance / by_g**2 + (by_c / by_g) ** 2 * spread
    text = f"{cv:.3g}" if cv.ndim == 0 else "given per row"
    how = f"g from a log ROM and a coefficient of variation ({chosen.description})"
    return RecoveredEffect(g, vi, how, (f"coefficient of variation c = {text}",))


def smd_to_percent(g: ArrayLike, *, c: ArrayLike, method: str = "exact") -> Recovered:
    """Return the percent change that a standardised mean difference stands for.

    >>> round(float(smd_to_percent(-0.79, c=0.63)), 1)
    -40.9
    """
    found = smd_to_log_rom(g, c=c, method=method)
    return Recovered(100 * np.expm1(found.yi), f"percent change; {found.how}")


def coefficient_of_variation(*, mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> RecoveredEffect:
    """Return a coefficient of variation and its large-sample variance under normality.

    ``c = sd/mean``, variance ``c^2 [1/(2(n - 1)) + c^2/n]`` (delta method).

    >>> found = coefficient_of_variation(mean=41, sd=26, n=18)
    >>> float(found.yi.round(2)), float(found.sei.round(3))
    (0.63, 0.144)
    """
    centre, spread, size = numbers(mean=mean, sd=sd, n=n)
    require(centre > 0, "mean", centre, "must be > 0 for a coefficient of variation")
    require(spread > 0, "sd", spread, "must be > 0")
    require(size >= 2, "n", size, "must be at least 2")
    c = spread / centre
    return RecoveredEffect(c, c**2 * (1 / (2 * (size - 1)) + c**2 / size), "c = sd/mean")

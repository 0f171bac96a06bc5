"""Mean and SD of skewed data by quantile estimation: the distribution whose quantiles come closest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gamma as gamma_function
from scipy.special import gammaincinv, ndtri

from meta.errors import InputError, NotEstimableError, unknown_option

Parameters = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Family:
    """A two-parameter family; its parameters are searched as ``(a, log b)`` or ``(log a, log b)``.

    Attributes
    ----------
    name : str
        Its name.
    positive : bool
        Whether it needs positive data.
    quantile : callable
        ``(p, parameters)`` to quantiles.
    moments : callable
        ``parameters`` to (mean, SD).
    start : callable
        Rough (location, scale) of the data to parameters.
    """

    name: str
    positive: bool
    quantile: Callable[[np.ndarray, Parameters], np.ndarray]
    moments: Callable[[Parameters], tuple[float, float]]
    start: Callable[[float, float], Parameters]


def _lognormal_moments(x: Parameters) -> tuple[float, float]:
    variance = np.exp(2 * x[1])
    mean = float(np.exp(x[0] + variance / 2))
    return mean, mean * float(np.sqrt(np.expm1(variance)))


def _gamma_moments(x: Parameters) -> tuple[float, float]:
    shape, scale = np.exp(x[0]), np.exp(x[1])
    return float(shape * scale), float(np.sqrt(shape) * scale)


def _weibull_moments(x: Parameters) -> tuple[float, float]:
    shape, scale = np.exp(x[0]), np.exp(x[1])
    first, second = gamma_function(1 + 1 / shape), gamma_function(1 + 2 / shape)
    return float(scale * first), float(scale * np.sqrt(second - first**2))


FAMILIES = {
    f.name: f
    for f in (
        Family(
            "normal",
            False,
            lambda p, x: x[0] + np.exp(x[1]) * ndtri(p),
            lambda x: (float(x[0]), float(np.exp(x[1]))),
            lambda m, s: (m, float(np.log(s))),
        ),
        Family(
            "log-normal",
            True,
            lambda p, x: np.exp(x[0] + np.exp(x[1]) * ndtri(p)),
            _lognormal_moments,
            lambda m, s: (float(np.log(m)), float(np.log(np.sqrt(np.log1p((s / m) ** 2))))),
        ),
        Family(
            "gamma",
            True,
            lambda p, x: np.exp(x[1]) * gammaincinv(np.exp(x[0]), p),
            _gamma_moments,
            lambda m, s: (float(2 * np.log(m / s)), float(np.log(s**2 / m))),
        ),
        Family(
            "Weibull",
            True,
            lambda p, x: np.exp(x[1]) * (-np.log1p(-p)) ** np.exp(-x[0]),
            _weibull_moments,
            lambda m, s: (float(1.086 * np.log(m / s)), float(np.log(m) + 0.1)),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class QuantileFit:
    """Mean and SD of the family that fits the quantiles best.

    Attributes
    ----------
    mean, sd : float
        Its moments.
    family : str
        Its name.
    distances : tuple of (name, float)
        Sum of squared distances of each family that was tried, best first.
    how : str
        How it was obtained.
    """

    mean: float
    sd: float
    family: str
    distances: tuple[tuple[str, float], ...]
    how: str


def quantile_estimates(
    median: float,
    *,
    n: int,
    q1: float | None = None,
    q3: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    families: tuple[str, ...] = ("normal", "log-normal", "gamma", "Weibull"),
) -> QuantileFit:
    """Estimate mean and SD from quantiles without assuming normality.

    Each family's parameters minimise the squared distances of its quantiles to the reported ones (the
    range counts as the quantiles 1/n and 1 - 1/n); the closest family gives the mean and the SD.
    Deterministic. Families that need positive data are left out where a value is not positive.

    Parameters
    ----------
    median : float
        Sample median.
    n : int
        Sample size, at least 5.
    q1, q3, minimum, maximum : float or None
        Quartiles, range, or both.
    families : tuple of str
        Names in :data:`FAMILIES` to choose from.

    References
    ----------
    McGrath S, Zhao X, Steele R, et al. (2020). doi:10.1177/0962280219889080

    Examples
    --------
    >>> found = quantile_estimates(1.0, n=100, q1=0.5094, q3=1.963)
    >>> found.family, round(found.mean, 2), round(found.sd, 2)
    ('log-normal', 1.65, 2.16)
    """
    for name in families:
        if name not in FAMILIES:
            raise unknown_option("family", name, FAMILIES)
    p, q = _quantiles(median, n, q1, q3, minimum, maximum)
    usable = [FAMILIES[name] for name in families if np.all(q > 0) or not FAMILIES[name].positive]
    if not usable:
        raise NotEstimableError(
            f"families {', '.join(families)} need positive data: the smallest value is {q[0]:g}; add 'normal'"
        )
    fits = sorted(((_distance(f, p, q)) for f in usable), key=lambda fit: fit[0])
    best_distance, best, parameters = fits[0]
    if not np.isfinite(best_distance):
        raise NotEstimableError(f"no family fits the quantiles {q.tolist()}: check them")
    mean, sd = best.moments(parameters)
    distances = tuple((family.name, distance) for distance, family, _ in fits)
    how = f"mean and SD of the {best.name} distribution closest to the {len(q)} quantiles (QE)"
    return QuantileFit(mean, sd, best.name, distances, how)


def _quantiles(
    median: float, n: int, q1: float | None, q3: float | None, minimum: float | None, maximum: float | None
) -> tuple[np.ndarray, np.ndarray]:
    if n < 5:
        raise InputError(f"n must be at least 5 to estimate a mean and SD from a median: got {n}")
    given = [(1 / n, minimum), (0.25, q1), (0.5, median), (0.75, q3), (1 - 1 / n, maximum)]
    known = [(p, float(q)) for p, q in given if q is not None]
    if (q1 is None) != (q3 is None) or (minimum is None) != (maximum is None) or len(known) < 3:
        raise InputError(
            "a median needs q1 and q3, or minimum and maximum, or all four: give the missing ones"
        )
    p, q = (np.array(column) for column in zip(*sorted(known), strict=True))
    if np.any(np.diff([value for _, value in known]) < 0) or q[0] == q[-1]:
        raise InputError(f"quantiles must increase: got {', '.join(f'{value:g}' for _, value in known)}")
    return p, q


def _distance(family: Family, p: np.ndarray, q: np.ndarray) -> tuple[float, Family, Parameters]:
    from scipy.optimize import minimize

    scale = float((q[-1] - q[0]) / (ndtri(p[-1]) - ndtri(p[0])))
    middle = float(q[len(q) // 2])

    def loss(x: np.ndarray) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(np.sum(((family.quantile(p, (x[0], x[1])) - q) / scale) ** 2))
        return value if np.isfinite(value) else 1e12

    best = np.asarray(family.start(middle, scale))
    for _ in range(2):  # a restart keeps the simplex from stalling
        options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000, "maxfev": 4000}
        best = minimize(loss, best, method="Nelder-Mead", options=options).x
    return loss(best) * scale**2, family, (float(best[0]), float(best[1]))

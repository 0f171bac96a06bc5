"""What a forest plot asks of a fit, whatever class it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import need
from meta.effects.display import display_of
from meta.errors import InputError, NotEstimableError, quiet
from meta.plots.figure_rows import NAN
from meta.results.abilities import EffectsOnly, Predictive


def subgroup_weights(found: Any) -> list[np.ndarray]:
    """Weights in percent of all studies, in the overall fit, group by group."""
    overall = found.overall
    lookup: dict[tuple[str, str, str], list[float]] = {}  # numbers as text, as NaN is not equal to itself
    weights = np.full(overall.effects.k, NAN) if overall.weights is None else overall.weights
    for label, y, v, w in zip(
        overall.effects.study, overall.effects.yi, overall.effects.vi, weights, strict=True
    ):
        lookup.setdefault((str(label), repr(float(y)), repr(float(v))), []).append(float(w))
    return [
        np.array(
            [
                lookup[(str(label), repr(float(y)), repr(float(v)))].pop(0)
                for label, y, v in zip(fit.effects.study, fit.effects.yi, fit.effects.vi, strict=True)
            ]
        )
        for fit in found.fits.values()
    ]


def weights_for(es: Any, pooled: Sequence[Any]) -> np.ndarray | None:
    """Weights of the first further fit that pooled exactly the exact rows of ``es``."""
    exact = np.asarray(es.kind == "exact")
    for fit in pooled:
        weights = getattr(fit, "weights", None)
        used = getattr(fit, "effects", None)
        if weights is None or used is None or np.ndim(weights) != 1:
            continue
        if len(weights) == exact.sum() and np.array_equal(used.yi, es.yi[exact]):
            full = np.full(es.k, NAN)
            full[exact] = weights
            return full
    return None


def shrunken_effects(fit: Any, k: int) -> list[tuple[float, float, float] | None] | None:
    """Each study's own effect under a posterior; studies without information have none."""
    table = fit.shrinkage()
    own = list(zip(table["mean"], table["low"], table["high"], strict=True))
    informative = np.asarray(fit.effects.kind != "none")
    if fit.effects.k != k or len(own) != informative.sum():
        return None
    found: list[tuple[float, float, float] | None] = [None] * k
    for i, values in zip(np.flatnonzero(informative).tolist(), own, strict=True):
        found[i] = tuple(float(x) for x in values)  # type: ignore[assignment]
    return found


def scalar(value: Any) -> float:
    """The one number that a fit has; refused where it has several coefficients."""
    array = np.asarray(value, dtype=float)
    if array.size != 1:
        raise InputError(
            f"the fit has {array.size} coefficients and so no single pooled effect: "
            "plot predictions of it as a table with estimate, ci_low and ci_high"
        )
    return float(array.reshape(()))


def interval_ends(fit: Any) -> tuple[float, float]:
    """Both ends of a fit's interval."""
    need(fit, "pooled", "a fit, or a list of fits", "ci_low", "ci_high", "estimate")
    return scalar(fit.ci_low), scalar(fit.ci_high)


def prediction_ends(fit: Any) -> tuple[float, float]:
    """Both ends of its prediction interval; NaN where it has none."""
    if not isinstance(fit, Predictive):
        return NAN, NAN
    try:
        with quiet():
            low, high = fit.prediction_interval()
    except NotEstimableError:  # a model without heterogeneity, such as Mantel-Haenszel's
        return NAN, NAN
    return float(low), float(high)


def density_of(fit: Any, of: str) -> tuple[np.ndarray, np.ndarray]:
    """A posterior's density where nearly all of it lies."""
    ends = np.asarray(fit.ppf(np.array([0.001, 0.999]), of=of), dtype=float)
    low, high = fit.interval(0.99, of=of)
    width = high - low
    x = np.linspace(max(ends[0], low - 0.3 * width), min(ends[1], high + 0.3 * width), 257)
    return x, np.asarray(fit.pdf(x, of=of), dtype=float)


def prior_of(fit: Any, density: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """The prior of the mean effect at the same points, if it is proper."""
    prior = getattr(fit, "effect_prior", None)
    if prior is None or not getattr(prior, "proper", False):
        return None
    return density[0], np.asarray(prior.pdf(density[0]), dtype=float)


def predictive_density(fit: Any) -> tuple[np.ndarray, np.ndarray]:
    """A bell over the prediction interval: normal, cut where its tails stop to matter."""
    low, high = prediction_ends(fit)
    sd = 0.5 * (high - low) / float(ndtri(0.5 + float(fit.level) / 2))
    middle = 0.5 * (low + high)
    x = np.linspace(middle - 2.8 * sd, middle + 2.8 * sd, 257)
    return x, np.exp(-0.5 * ((x - middle) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))


def mean_size(fit: Any) -> float:
    """The harmonic mean of the sizes, where the way to the display scale depends on it; NaN elsewhere."""
    effects = getattr(fit, "effects", fit)
    size = display_of(effects).size if isinstance(effects, EffectsOnly) else None
    return math.nan if size is None else size

"""Profile likelihood of the parameters of random terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import chdtri

from meta.errors import NotEstimableError
from meta.formatting import listing
from meta.kernels.mixed import RandomTerm, lay_out, maximise
from meta.kernels.mixed.structures import angle, lowest
from meta.pooling.components import natural, split
from meta.pooling.intervals_and_diagnostics import Interval
from meta.pooling.multilevel_numbers import MultilevelNumbers


def parameters(fit: MultilevelNumbers) -> list[tuple[int, str]]:
    """The parameters of ``components``: number of the term, and the name within it."""
    terms = fit.random_terms
    parts = split(terms, _phi(fit))
    return [(i, n) for i, (t, own) in enumerate(zip(terms, parts, strict=True)) for n in natural(t, own)]


def _phi(fit: MultilevelNumbers) -> np.ndarray:
    """Working parameters; those of files of version 0.1 had other angles, and are found again."""
    if fit.terms:
        return fit.phi
    return maximise(fit.model, restricted=fit.method == "REML").phi


def position(fit: MultilevelNumbers, component: int | str) -> tuple[int, str]:
    """A parameter by its position, its name in ``components``, or the name of a term with a single one."""
    known = parameters(fit)
    if not isinstance(component, str):
        if not 0 <= int(component) < len(known):
            raise NotEstimableError(f"no component {component}; there are {len(known)}, from 0 on")
        return known[int(component)]
    terms = fit.random_terms
    short = [fit.levels[i] if i < len(fit.levels) else "" for i in range(len(terms))]
    for at in known:
        term = terms[at[0]].name
        full = (f"{term} {at[1]}", at[1], *((term, short[at[0]]) if at[1] in ("sigma2", "tau2") else ()))
        if component in full:
            return at
    names = [terms[i].name if n == "sigma2" else f"{terms[i].name} {n}" for i, n in known]
    raise NotEstimableError(f"no level is called {component!r}; components: {listing(names)}")


def _held(term: RandomTerm, name: str) -> tuple[RandomTerm, int, Callable[[float], float]]:
    """The term with the parameter as one coordinate, its place, and the coordinate at a value."""
    if name in ("sigma2", "tau2"):
        return term, 0, lambda value: float(np.sqrt(value))
    if name == "range":
        return term, 1, lambda value: float(np.log(value))
    if name == "rho":
        low = 0.0 if term.struct == "CAR" else lowest(term.struct, term.m)
        return term, term.size - 1, lambda value: angle(value, low)
    j = [f"tau2[{x}]" for x in term.labels].index(name) if name.startswith("tau2[") else -1
    if j < 0:
        raise NotEstimableError(
            f"{name} has no profile interval; those of variances and of a common rho have"
        )
    if term.struct not in ("UN", "GEN"):
        return term, j, lambda value: float(np.sqrt(value))
    # the first diagonal entry of a Cholesky factor is a standard deviation: put the level first
    assert term.z is not None
    order = [j, *(i for i in range(term.m) if i != j)]
    labels = tuple(term.labels[i] for i in order)
    return replace(term, z=term.z[:, order], labels=labels), 0, lambda value: float(np.sqrt(value))


def profiler(fit: MultilevelNumbers, component: int | str) -> tuple[Callable[[float], float], float, str]:
    """The profile log-likelihood as a function of the parameter, its estimate and its name."""
    i, name = position(fit, component)
    terms, phi = list(fit.random_terms), _phi(fit)
    parts = split(tuple(terms), phi)
    if terms[i].fixed is not None:
        raise NotEstimableError(f"the variance of {terms[i].name!r} was given, so that it has no interval")
    term, at, coordinate = _held(terms[i], name)
    moved = term is not terms[i]
    before = sum(t.size for t in terms[:i])
    model = fit.model if not moved else lay_out(fit.yi, fit.X, fit.S, [*terms[:i], term, *terms[i + 1 :]])
    near = None if moved else phi
    restricted = fit.method == "REML"

    def at_value(value: float) -> float:
        held = {before + at: coordinate(value)}
        return maximise(model, restricted=restricted, near=near, held=held).loglik

    return at_value, natural(terms[i], parts[i])[name], name


def profile(fit: MultilevelNumbers, component: int | str, grid: np.ndarray) -> np.ndarray:
    """Profile log-likelihood at the values of a grid."""
    at_value = profiler(fit, component)[0]
    return np.array([at_value(float(value)) for value in grid])


def profile_interval(fit: MultilevelNumbers, component: int | str, level: float) -> Interval:
    """Where the profile has fallen by half the chi-squared quantile."""
    at_value, best, name = profiler(fit, component)
    cut = fit.loglik - 0.5 * float(chdtri(1, 1 - level))
    low, top = (0.0, np.inf)
    if name == "rho":
        i = position(fit, component)[0]
        term = fit.random_terms[i]
        low, top = (0.0 if term.struct == "CAR" else lowest(term.struct, term.m)), 1.0

    def above(value: float) -> float:
        return at_value(value) - cut

    unit = 0.2 if name == "rho" else max(best, 1e-3 * fit.typical) if name != "range" else best
    floor = 1e-6 * best if name == "range" else low
    return Interval(_lower(above, best, floor, unit), _upper(above, best, top, unit))


def _upper(above: Callable[[float], float], best: float, top: float, unit: float) -> float:
    from scipy.optimize import brentq

    high = min(best + unit, top)
    while above(high) > 0:
        if high >= top or high > 1e8 * unit:
            return top
        high = min(best + 2 * (high - best), top)
    return float(brentq(above, best, high, xtol=1e-10 * unit, rtol=1e-10))


def _lower(above: Callable[[float], float], best: float, low: float, unit: float) -> float:
    from scipy.optimize import brentq

    if best <= low or above(low) >= 0:
        return low
    return float(brentq(above, low, best, xtol=1e-10 * unit, rtol=1e-10))

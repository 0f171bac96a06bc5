"""Profile likelihood of the parameters of random terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtri

from meta.errors import NotEstimableError
from meta.formatting import listing
from meta.kernels.mixed import RandomTerm, lay_out, maximise
from meta.kernels.mixed.structures import angle, lower, lowest
from meta.pooling.components import natural, split
from meta.pooling.intervals_and_diagnostics import Interval
from meta.pooling.multilevel_numbers import MultilevelNumbers

CAUGHT = 1e-6
"""Gain in the log-likelihood that is more than the tolerance of the end of an interval."""


def parameters(fit: MultilevelNumbers) -> list[tuple[int, str]]:
    """The parameters of ``components``: number of the term, and the name within it."""
    terms = fit.random_terms
    parts = split(terms, working_parameters(fit))
    return [(i, n) for i, (t, own) in enumerate(zip(terms, parts, strict=True)) for n in natural(t, own)]


def working_parameters(fit: MultilevelNumbers) -> np.ndarray:
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


def pair_of(term: RandomTerm, name: str) -> tuple[int, int] | None:
    """The two levels whose free correlation is meant; None for any other parameter.

    >>> term = RandomTerm("a | g", "UN", np.zeros(3, int), z=np.eye(3), labels=("x", "y", "z"))
    >>> pair_of(term, "rho[x, z]"), pair_of(term, "tau2[x]")
    ((0, 2), None)
    """
    pairs = {f"rho[{term.labels[j]}, {term.labels[i]}]": (j, i) for i in range(term.m) for j in range(i)}
    return pairs.get(name) if term.struct in ("UN", "GEN") else None


def _first(term: RandomTerm, levels: tuple[int, ...]) -> RandomTerm:
    """The term with some of its levels (or slopes) put first."""
    assert term.z is not None
    order = [*levels, *(i for i in range(term.m) if i not in levels)]
    return replace(term, z=term.z[:, order], labels=tuple(term.labels[i] for i in order))


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
    if term.struct not in ("UN", "GEN"):
        return term, j, lambda value: float(np.sqrt(value))
    # the first diagonal entry of a Cholesky factor is a standard deviation
    return _first(term, (j,)), 0, lambda value: float(np.sqrt(value))


@dataclass(frozen=True, slots=True)
class Profiler:
    """The profile log-likelihood of one parameter.

    Attributes
    ----------
    name : str
    best : float
        Its estimate.
    low, top : float
        Ends of its range.
    search : callable
        A value, and whether to climb from many starting points (True) or from the estimates of the others
        and one more (False), to the log-likelihood.
    """

    name: str
    best: float
    low: float
    top: float
    search: Callable[[float, bool], float]

    @property
    def correlation(self) -> bool:
        """Whether it is a correlation."""
        return self.name.startswith("rho")


def _reordered(term: RandomTerm, phi: np.ndarray, levels: tuple[int, ...]) -> np.ndarray:
    """The Cholesky factor's entries with some levels put first."""
    order = [*levels, *(i for i in range(term.m) if i not in levels)]
    G = term.shape.covariance(phi)[np.ix_(order, order)]
    size, axes = np.linalg.eigh(G)
    return np.asarray(lower(axes * np.sqrt(np.maximum(size, 0.0)))[np.tril_indices(term.m)])


def profiler(fit: MultilevelNumbers, component: int | str) -> Profiler:
    """The profile log-likelihood of one parameter of ``components``."""
    i, name = position(fit, component)
    terms, phi = list(fit.random_terms), working_parameters(fit)
    parts = split(tuple(terms), phi)
    if terms[i].fixed is not None:
        raise NotEstimableError(f"the variance of {terms[i].name!r} was given, so that it has no interval")
    best, low, top = natural(terms[i], parts[i])[name], 0.0, np.inf
    if np.isnan(best):
        raise NotEstimableError(f"{name} has no interval, because one of its variances is 0")
    if name.startswith("rho"):
        low, top = -1.0 if name != "rho" else lowest(terms[i].struct, terms[i].m), 1.0
    pair = pair_of(terms[i], name)
    search = _free_correlation(fit, i, pair) if pair else _coordinate(fit, i, name)
    return Profiler(name, best, 1e-6 * best if name == "range" else low, top, search)


def _free_correlation(
    fit: MultilevelNumbers, i: int, pair: tuple[int, int]
) -> Callable[[float, bool], float]:
    terms, parts = list(fit.random_terms), split(fit.random_terms, working_parameters(fit))
    own = _reordered(terms[i], parts[i], pair)
    own = np.concatenate([own[:1], [np.hypot(own[1], own[2])], own[3:]])
    near, first = np.concatenate([*parts[:i], own, *parts[i + 1 :]]), _first(terms[i], pair)

    def search(value: float, many: bool) -> float:
        held = replace(first, rho=float(np.clip(value, -1.0, 1.0)))
        model = lay_out(fit.yi, fit.X, fit.S, [*terms[:i], held, *terms[i + 1 :]])
        return maximise(model, restricted=fit.method == "REML", near=None if many else near).loglik

    return search


def _coordinate(fit: MultilevelNumbers, i: int, name: str) -> Callable[[float, bool], float]:
    terms, parts = list(fit.random_terms), split(fit.random_terms, working_parameters(fit))
    term, at, coordinate = _held(terms[i], name)
    model, own = fit.model, parts[i]
    if term is not terms[i]:
        model = lay_out(fit.yi, fit.X, fit.S, [*terms[:i], term, *terms[i + 1 :]])
        own = _reordered(terms[i], parts[i], (terms[i].labels.index(term.labels[0]),))
    near = np.concatenate([*parts[:i], own, *parts[i + 1 :]])
    before = sum(t.size for t in terms[:i])

    def search(value: float, many: bool) -> float:
        held = {before + at: coordinate(value)}
        start = None if many else near
        return maximise(model, restricted=fit.method == "REML", near=start, held=held).loglik

    return search


def profile(fit: MultilevelNumbers, component: int | str, grid: np.ndarray) -> np.ndarray:
    """Profile log-likelihood at the values of a grid."""
    found = profiler(fit, component)
    return np.array([max(found.search(float(x), False), found.search(float(x), True)) for x in grid])


def profile_interval(fit: MultilevelNumbers, component: int | str, level: float) -> Interval:
    """Where the profile has fallen by half the chi-squared quantile."""
    found = profiler(fit, component)
    cut = fit.loglik - 0.5 * float(chdtri(1, 1 - level))
    if found.correlation:
        unit = 0.2
    else:
        unit = found.best if found.name == "range" else max(found.best, 1e-3 * fit.typical)

    def ends(many: bool) -> Interval:
        def above(value: float) -> float:
            return found.search(value, many) - cut

        return Interval(
            _lower(above, found.best, found.low, unit), _upper(above, found.best, found.top, unit)
        )

    quick = ends(False)
    # a search that was caught at a second maximum would make the interval too narrow
    inner = [end for end, edge in zip(quick, (found.low, found.top), strict=True) if end != edge]
    caught = any(found.search(end, True) > cut + CAUGHT for end in inner)
    return ends(True) if caught else quick


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

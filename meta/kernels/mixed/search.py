"""Maximum of the likelihood of a mixed model: many starts, a Newton finish, a proof at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from meta.kernels.mixed.basis import well_scaled
from meta.kernels.mixed.boundaries import clean, is_maximum, leave_boundaries
from meta.kernels.mixed.mixed_likelihood import MixedModel, State, evaluate
from meta.kernels.mixed.starts import DRAWN, MOST, PLAIN, starting_points
from meta.kernels.mixed.surface import Climb, Surface, climb, scales_of, surface_of
from meta.kernels.mixed.terms import RandomTerm, rescaled, upright

Array = np.ndarray
CLIMBS = 3
"""How many starting points are climbed from where there are only random intercepts."""
FIRST = 3
"""Steps of every climb before they are compared for the first time."""
FINAL = 14
"""How many climbs go on after that."""
REACH = 20.0
"""A climb that would be behind even if it gained so many times its last gain is given up, if it is behind by
more than 1 in the log-likelihood."""
CELLS = 2_000_000
"""Models with more cells of covariance climb from the best start alone; its end is still tested."""
MANY = 100_000
"""Models with more cells have no random starts."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """A fitted mixed model, in the unit of the effects.

    Attributes
    ----------
    phi : ndarray of shape (F,)
        Working parameters.
    beta, vcov : ndarray of shape (p,), (p, p)
    loglik : float
        Restricted or ordinary.
    information : ndarray of shape (F, F)
        Expected information of the working parameters.
    iterations : int
    converged : bool
        Whether the gradient is 0 up to rounding and no way out of a boundary leads up.
    """

    phi: Array
    beta: Array
    vcov: Array
    loglik: float
    information: Array
    iterations: int
    converged: bool


def maximise(
    model: MixedModel,
    *,
    restricted: bool = True,
    near: Array | None = None,
    held: Mapping[int, float] | None = None,
) -> Maximum:
    """Maximise the (restricted) likelihood.

    Parameters
    ----------
    model : MixedModel
        The model as `lay_out` makes it.
    restricted : bool
        REML rather than ML.
    near : ndarray of shape (F,), optional
        A point in the unit of the effects to start from, besides one other.
    held : mapping of int to float, optional
        Working parameters that keep a value, in the unit of the effects.

    Examples
    --------
    >>> from meta.kernels.mixed.mixed_likelihood import lay_out
    >>> y, group = np.array([0.0, 0.2, 1.0, 1.3, -1.0, -0.8]), np.array([0, 0, 1, 1, 2, 2])
    >>> model = lay_out(y, np.ones((6, 1)), 0.01 * np.eye(6), [RandomTerm("g", "", group)])
    >>> (maximise(model).phi ** 2).round(3).tolist()
    [1.046]
    """
    turned, basis = well_scaled(model, held or {})
    given = np.zeros(sum(term.size for term in model.terms))
    for i, value in (held or {}).items():
        given[i] = value
    surface = surface_of(turned, basis.into(_in_unit(model, given)), held or {}, restricted)
    best, steps, done = np.zeros(0), 0, True
    if len(surface.free):
        start = None if near is None else basis.into(_in_unit(model, near))
        best, steps = _race(surface, start)
        best, more = leave_boundaries(best, surface)
        best, now = clean(best, surface)
        done = is_maximum(best, now, surface)
        steps += more
    phi = basis.back(surface.whole(best))
    for i, value in enumerate(_in_unit(model, given)):
        phi[i] = value if i in (held or {}) else phi[i]
    if not held:  # a held entry of a Cholesky factor would change its sign with its column
        own = zip(model.terms, model.split(phi), strict=True)
        phi = np.concatenate([upright(term, x) for term, x in own]) if model.terms else phi
    return _wrap(model, phi, restricted, steps, done)


def _in_unit(model: MixedModel, phi: Array) -> Array:
    return np.where(scales_of(model), phi / model.unit, phi)


def _wrap(model: MixedModel, phi: Array, restricted: bool, steps: int, done: bool) -> Maximum:
    state = evaluate(model, phi, restricted, second=True)
    back = np.linalg.inv(model.r)
    size = model.n - model.p if restricted else model.n
    stretch = np.where(scales_of(model), model.unit, 1.0)
    assert state.information is not None
    return Maximum(
        phi=phi * stretch,
        beta=model.unit * (back @ state.gamma),
        vcov=model.unit**2 * (back @ state.cover @ back.T),
        loglik=state.loglik - size * float(np.log(model.unit)),
        information=state.information / np.outer(stretch, stretch),
        iterations=steps,
        converged=done,
    )


def at(model: MixedModel, phi: Array, restricted: bool) -> tuple[State, float]:
    """The state at working parameters in the unit of the effects, and the log-likelihood in that unit."""
    state = evaluate(model, _in_unit(model, phi), restricted)
    size = model.n - model.p if restricted else model.n
    return state, state.loglik - size * float(np.log(model.unit))


def _race(surface: Surface, near: Array | None) -> tuple[Array, int]:
    """The best end of climbs from the starting points; those that join another or fall far behind stop."""
    model = surface.model
    cells = sum(batch.V.size for batch in model.batches)
    plain = all(not term.struct for term in model.terms)
    count = 0 if cells > MANY else PLAIN if plain else min(DRAWN * len(surface.full), MOST)
    points = [x[surface.free] for x in starting_points(model, near, count)]
    points.sort(key=lambda x: -surface.height(x))
    points = points[: 1 if cells > CELLS else CLIMBS if plain else len(points)]
    climbs = [climb(Climb(x, surface.look(x)), surface, FIRST) for x in points]
    while True:
        climbs = _distinct(climbs, surface)[:FINAL]
        top = climbs[0].state.loglik
        climbs = [c for c in climbs if c.state.loglik + max(1.0, REACH * c.gained) >= top]
        if all(c.ended for c in climbs) or (climbs[0].ended and len(climbs) == 1):
            return climbs[0].x, sum(c.steps for c in climbs)
        climbs = [c if c.ended else climb(c, surface, FIRST) for c in climbs]


def _distinct(climbs: list[Climb], surface: Surface) -> list[Climb]:
    """Climbs that are at different covariances, the highest first."""
    kept: list[tuple[Climb, Array]] = []
    for one in sorted(climbs, key=lambda c: -c.state.loglik):
        own = surface.meaning(one.x)
        if all(np.max(np.abs(own - other)) > 0.02 for _, other in kept):
            kept.append((one, own))
    return [one for one, _ in kept]


def rescale(terms: tuple[RandomTerm, ...], phi: list[Array], unit: float) -> list[Array]:
    """Working parameters of several terms with their standard deviations multiplied by ``unit``."""
    return [rescaled(term, own, unit) for term, own in zip(terms, phi, strict=True)]

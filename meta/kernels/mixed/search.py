"""Maximum of the likelihood of a mixed model: several starts, a Newton finish, a proof at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from meta.kernels.mixed.likelihood import MixedModel, State, evaluate
from meta.kernels.mixed.terms import RandomTerm, rescaled, starts_of

Array = np.ndarray
CLIMBS = 3
"""How many of the best starting points are climbed from; two where there are only random intercepts, whose
likelihood rarely has a second maximum."""
STEPS = 100
FAR = 1.0
"""Longest step of a climb, in units of the effects' spread or radians."""
FLAT = 1e-7
"""Largest slope at a maximum, relative to the log-likelihood: what its own rounding hides."""
CELLS = 2_000_000
"""Models with more cells of covariance climb from the best start alone; its end is still tested."""


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
    >>> from meta.kernels.mixed.likelihood import lay_out
    >>> y, group = np.array([0.0, 0.2, 1.0, 1.3, -1.0, -0.8]), np.array([0, 0, 1, 1, 2, 2])
    >>> model = lay_out(y, np.ones((6, 1)), 0.01 * np.eye(6), [RandomTerm("g", "", group)])
    >>> (maximise(model).phi ** 2).round(3).tolist()
    [1.046]
    """
    scales = np.concatenate([np.zeros(0, bool), *(term.scales for term in model.terms)])
    fixed = {i: v / model.unit if scales[i] else v for i, v in (held or {}).items()}
    free = np.array([i for i in range(len(scales)) if i not in fixed], dtype=int)
    full = np.zeros(len(scales))
    for i, v in fixed.items():
        full[i] = v

    def whole(x: Array) -> Array:
        out = full.copy()
        out[free] = x
        return out

    def look(x: Array, second: bool = True) -> State:
        return evaluate(model, whole(x), restricted, gradient=second, second=second)

    best, steps, done = np.zeros(0), 0, True
    if len(free):
        points = [x[free] for x in _starts(model, near)]
        best, steps = _climb_from(points, look, free, scales[free], model)
        best, more = _leave_boundaries(best, look, free, scales[free])
        best, now = _clean(best, look, scales[free])
        done = bool(np.all(np.abs(now.score[free]) <= FLAT * max(1.0, abs(now.loglik))))
        steps += more
    return _wrap(model, whole(best), restricted, scales, steps, done)


def _wrap(model: MixedModel, phi: Array, restricted: bool, scales: Array, steps: int, done: bool) -> Maximum:
    state = evaluate(model, phi, restricted, second=True)
    back = np.linalg.inv(model.r)
    size = model.n - model.p if restricted else model.n
    stretch = np.where(scales, model.unit, 1.0)
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
    scales = np.concatenate([np.zeros(0, bool), *(term.scales for term in model.terms)])
    state = evaluate(model, np.where(scales, phi / model.unit, phi), restricted)
    size = model.n - model.p if restricted else model.n
    return state, state.loglik - size * float(np.log(model.unit))


def _starts(model: MixedModel, near: Array | None) -> list[Array]:
    """Starting points in the model's unit: equal shares, one term above the others, and the correlations'."""
    terms = [term for term in model.terms if term.size]
    count = len(terms)
    first = [starts_of(term, 0.7 / np.sqrt(count)) for term in terms]
    small = [starts_of(term, 0.1) for term in terms]
    large = [starts_of(term, 0.7) for term in terms]
    found = [np.concatenate(choice) for choice in list(product(*first))[:64]]
    found += [
        np.concatenate([(large if i == j else small)[j][0] for j in range(count)])
        for i in range(count if count > 1 else 0)
    ]
    found.append(np.concatenate([s[0] for s in small]))
    if near is None:
        return found
    scales = np.concatenate([term.scales for term in terms])
    own = np.where(scales, near / model.unit, near)
    size = float(np.sqrt(np.mean(own[scales] ** 2))) or 0.3
    # a standard deviation of exactly 0 has no slope and could not move
    moved = np.where(scales & (np.abs(own) < 1e-3 * size), 0.1 * size, own)
    return [moved, found[0]]


Look = Callable[..., State]


def _climb(x: Array, look: Look, free: Array, known: Array | None = None) -> tuple[Array, float, int]:
    """Newton's method with steps that are shortened until they lead up: end, log-likelihood and steps.

    Where the surface is not concave, the step goes along the gradient in the directions that are not. The
    climb ends where it joins one that is ``known``, up to the signs of standard deviations.
    """
    state = look(x)
    for step in range(1, STEPS + 1):
        assert state.curvature is not None
        slope, bend = state.score[free], state.curvature[np.ix_(free, free)]
        curve, axes = np.linalg.eigh(bend)
        top = max(float(np.max(np.abs(curve))), 1e-300)
        # flat directions have nothing to tell: a step along one would be rounding divided by rounding
        firm = np.where(np.abs(curve) > 1e-10 * top, np.abs(curve), np.inf)
        move = axes @ ((axes.T @ slope) / firm)
        longest = float(np.max(np.abs(move)))
        if longest <= 1e-11 * (1e-3 + float(np.max(np.abs(x)))):
            return x, state.loglik, step
        move *= min(1.0, FAR / longest)
        fresh = look(x + move)
        while not fresh.loglik >= state.loglik - 1e-13 * max(1.0, abs(state.loglik)):
            move = 0.25 * move
            if np.max(np.abs(move)) <= 1e-12:
                return x, state.loglik, step
            fresh = look(x + move)
        x, state = x + move, fresh
        if known is not None and np.max(np.abs(np.abs(x) - np.abs(known))) < 0.02:
            return x, state.loglik, step
    return x, state.loglik, STEPS


def _climb_from(
    points: list[Array], look: Look, free: Array, scales: Array, model: MixedModel
) -> tuple[Array, int]:
    """The best end of climbs from the best starting points."""
    cells = sum(batch.V.size for batch in model.batches)
    ranked = sorted(points, key=lambda x: -look(x, False).loglik) if len(points) > 1 else points
    best, top, steps = _climb(ranked[0], look, free)
    plain = all(not term.struct and term.known is None for term in model.terms)
    for start in ranked[1 : (2 if plain else CLIMBS) if cells <= CELLS else 1]:
        found, value, count = _climb(start, look, free, best)
        steps += count
        if value > top + 1e-10:
            best, top, _ = _climb(found, look, free)
    return best, steps


def _leave_boundaries(x: Array, look: Look, free: Array, scales: Array) -> tuple[Array, int]:
    """Climb again where a step away from a boundary leads up: variances of 0 and correlations of 1 are
    stationary by their parametrisation, whatever the likelihood does there.
    """
    steps = 0
    for _ in range(3):
        now, better = look(x, False).loglik, None
        size = float(np.sqrt(np.mean(x[scales] ** 2))) if scales.any() else 0.0
        for i in range(len(x)):
            if abs(x[i]) > 0.02 * max(size, 0.1) if scales[i] else abs(np.cos(x[i])) > 0.05:
                continue
            for by in (0.05, 0.3) if scales[i] else (0.3, -0.3, 1.2, -1.2):
                trial = x.copy()
                trial[i] += by
                value = look(trial, False).loglik
                if value > now + 1e-9:
                    better, now = trial, value
        if better is None:
            break
        x, _, count = _climb(better, look, free)
        steps += count
    return x, steps


def _clean(x: Array, look: Look, scales: Array) -> tuple[Array, State]:
    """Exact zeros for standard deviations whose crumbs do nothing for the likelihood."""
    now = look(x)
    for i in np.flatnonzero(scales):
        if 0 < abs(x[i]) < 1e-3:
            trial = x.copy()
            trial[i] = 0.0
            fresh = look(trial)
            if fresh.loglik >= now.loglik - 1e-9:
                x, now = trial, fresh
    return x, now


def rescale(terms: tuple[RandomTerm, ...], phi: list[Array], unit: float) -> list[Array]:
    """Working parameters of several terms with their standard deviations multiplied by ``unit``."""
    return [rescaled(term, own, unit) for term, own in zip(terms, phi, strict=True)]

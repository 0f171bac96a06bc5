"""The likelihood surface of a mixed model over its free parameters, and Newton's method on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from meta.kernels.mixed.mixed_likelihood import MixedModel, State, evaluate

Array = np.ndarray
STEPS = 100
FAR = 1.0
"""Longest step of a climb, in units of the effects' spread or radians."""


def scales_of(model: MixedModel) -> Array:
    """Which working parameters of all terms have the unit of the effects."""
    return np.concatenate([np.zeros(0, bool), *(term.scales for term in model.terms)])


@dataclass(frozen=True, slots=True)
class Surface:
    """The log-likelihood of the free working parameters.

    Attributes
    ----------
    full : ndarray of shape (F,)
        Held parameters at their values.
    free : ndarray of int
        Positions of the others.
    scales, floor : ndarray of bool
        Which of these are standard deviations, and which of those must not be negative.
    """

    model: MixedModel
    restricted: bool
    full: Array
    free: Array
    scales: Array
    floor: Array

    def whole(self, x: Array) -> Array:
        """All working parameters."""
        out = self.full.copy()
        out[self.free] = x
        return out

    def height(self, x: Array) -> float:
        """The log-likelihood."""
        return evaluate(self.model, self.whole(x), self.restricted, gradient=False).loglik

    def look(self, x: Array) -> State:
        """The log-likelihood with its derivatives."""
        return evaluate(self.model, self.whole(x), self.restricted, second=True)

    def meaning(self, x: Array) -> Array:
        """What the parameters mean, whatever their signs: standard deviations and correlations."""
        out = []
        for term, own in zip(self.model.terms, self.model.split(self.whole(x)), strict=True):
            if not term.size:
                continue
            if term.place is not None or not term.struct:
                out.append(np.where(term.scales, np.abs(own), own))
                continue
            G = term.shape.covariance(own)
            sd = np.sqrt(np.diag(G))
            out += [sd, (G / np.maximum(np.maximum(sd[:, None], sd), 1e-3)).reshape(-1)]
        return np.concatenate(out)

    def stuck(self, x: Array, score: Array) -> Array:
        """Which parameters rest at a bound that the slope leads against."""
        return self.floor & (x <= 0) & (score <= 0)


def surface_of(model: MixedModel, full: Array, held: Mapping[int, float], restricted: bool) -> Surface:
    """The surface of a model in whose parameters ``full`` those that are ``held`` have their values."""
    free = np.array([i for i in range(len(full)) if i not in held], dtype=int)
    positive = np.concatenate([np.zeros(0, bool), *(term.positive for term in model.terms)])
    return Surface(model, restricted, full, free, scales_of(model)[free], positive[free])


@dataclass(frozen=True, slots=True)
class Climb:
    """Where a climb is, how many steps it took, what the last one gained, and whether it has ended."""

    x: Array
    state: State
    steps: int = 0
    gained: float = np.inf
    ended: bool = False


def _newton(x: Array, state: State, surface: Surface) -> Array:
    """Newton's step; along the gradient in the directions where the surface is not concave.

    A parameter at its bound stays there where the slope, or the step itself, leads beyond.
    """
    assert state.curvature is not None
    slope, bend = state.score[surface.free], state.curvature[np.ix_(surface.free, surface.free)]
    on = ~surface.stuck(x, slope)
    for _ in range(len(x) + 1):
        move = np.zeros(len(x))
        if not on.any():
            return move
        curve, axes = np.linalg.eigh(bend[np.ix_(on, on)])
        top = max(float(np.max(np.abs(curve))), 1e-300)
        # flat directions have nothing to tell: a step along one would be rounding divided by rounding
        firm = np.where(np.abs(curve) > 1e-10 * top, np.abs(curve), np.inf)
        move[on] = axes @ ((axes.T @ slope[on]) / firm)
        outward = on & surface.floor & (x <= 0) & (move < 0)
        if not outward.any():
            return move
        on &= ~outward
    return move


def climb(start: Climb, surface: Surface, steps: int) -> Climb:
    """Up to so many steps of Newton's method, shortened until they lead up."""
    x, state, gained = start.x, start.state, start.gained
    for step in range(1, steps + 1):
        move = _newton(x, state, surface)
        longest = float(np.max(np.abs(move)))
        taken = start.steps + step
        if longest <= 1e-11 * (1e-3 + float(np.max(np.abs(x)))):
            return Climb(x, state, taken, 0.0, True)
        move *= min(1.0, FAR / longest)
        least = state.loglik - 1e-13 * max(1.0, abs(state.loglik))
        ahead = np.where(surface.floor, np.maximum(x + move, 0.0), x + move)
        fresh = surface.look(ahead)
        height = fresh.loglik
        if not height >= least:
            # up to the nearest bound and no farther, where a shorter step is sure to lead up
            down = surface.floor & (move < 0)
            room = float(np.min(-x[down] / move[down])) if down.any() else 1.0
            move *= min(1.0, room)
            while not height >= least:
                if np.max(np.abs(move)) <= 1e-12:
                    return Climb(x, state, taken, 0.0, True)
                ahead = np.where(surface.floor, np.maximum(x + move, 0.0), x + move)
                height, move = surface.height(ahead), 0.25 * move
            fresh = surface.look(ahead)
        gained = fresh.loglik - state.loglik
        x, state = ahead, fresh
    return Climb(x, state, start.steps + steps, gained, start.steps + steps >= STEPS)

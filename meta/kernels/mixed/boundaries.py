"""Boundaries of the parameters of a mixed model: ways out of them, and the proof of a maximum."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from meta.kernels.mixed.mixed_likelihood import State
from meta.kernels.mixed.structures import lower
from meta.kernels.mixed.surface import STEPS, Climb, Surface, climb
from meta.kernels.mixed.terms import RandomTerm

Array = np.ndarray
FLAT = 1e-7
"""Largest slope at a maximum, relative to the log-likelihood: what its own rounding hides."""
STEEP = 1e-5
"""The same for the slope by a variance of 0, relative to the largest slope by an entry of G."""
NULL = 1e-8
"""Eigenvalues of G below this share of its largest (or of the unit) are taken as 0: steps that small are
rounding."""


def _finish(x: Array, surface: Surface) -> tuple[Array, int]:
    found = climb(Climb(x, surface.look(x)), surface, STEPS)
    return found.x, found.steps


def leave_boundaries(x: Array, surface: Surface) -> tuple[Array, int]:
    """Climb again where a step away from a boundary leads up: variances of 0, correlations of 1 and singular
    covariance matrices are stationary by their parametrisation, whatever the likelihood does there.
    """
    steps = 0
    for _ in range(3):
        now, better = surface.height(x), None
        for trial in [*_along_axes(x, surface), *_into_null_spaces(x, surface)]:
            value = surface.height(trial)
            if value > now + 1e-9:
                better, now = trial, value
        if better is None:
            break
        x, count = _finish(better, surface)
        steps += count
    return x, steps


def _along_axes(x: Array, surface: Surface) -> list[Array]:
    scales = surface.scales
    size = float(np.sqrt(np.mean(x[scales] ** 2))) if scales.any() else 0.0
    out = []
    for i in range(len(x)):
        if abs(x[i]) > 0.02 * max(size, 0.1) if scales[i] else abs(np.cos(x[i])) > 0.05:
            continue
        for by in (0.05, 0.3) if scales[i] else (0.3, -0.3, 1.2, -1.2):
            trial = x.copy()
            trial[i] += by
            out.append(trial)
    return out


def _unstructured(surface: Surface) -> list[tuple[int, RandomTerm, slice]]:
    """Terms with a free covariance matrix, and where their parameters are among all."""
    model = surface.model
    cuts = np.cumsum([0, *(term.size for term in model.terms)])
    free = set(surface.free.tolist())
    return [
        (i, term, slice(a, b))
        for i, (term, (a, b)) in enumerate(zip(model.terms, pairwise(cuts.tolist()), strict=True))
        if term.struct in ("UN", "GEN") and term.rho is None and b > a and set(range(a, b)) <= free
    ]


def _null_space(term: RandomTerm, phi: Array) -> tuple[Array, Array, Array]:
    """G, its null space and the complement of that."""
    G = term.shape.covariance(phi)
    size, axes = np.linalg.eigh(G)
    null = size <= NULL * max(1.0, float(size[-1]))
    return G, axes[:, null], axes[:, ~null]


def _into_null_spaces(x: Array, surface: Surface) -> list[Array]:
    """Points with some variance in the steepest direction of the null space of a covariance matrix."""
    out: list[Array] = []
    terms = _unstructured(surface)
    state = surface.look(x) if terms else None
    for i, term, here in terms:
        phi = surface.whole(x)
        G, null, _ = _null_space(term, phi[here])
        slope = state.slopes[i] if state is not None else None
        if slope is None or not null.shape[1]:
            continue
        rise, axes = np.linalg.eigh(null.T @ slope @ null)
        if rise[-1] <= 0:
            continue
        way = null @ axes[:, -1]
        rows, cols = np.tril_indices(term.m)
        for by in (1e-3, 1e-2, 0.1, 1.0):
            size, vectors = np.linalg.eigh(G + by * np.outer(way, way))
            phi[here] = lower(vectors * np.sqrt(np.maximum(size, 0.0)))[rows, cols]
            out.append(phi[surface.free].copy())
    return out


def is_maximum(x: Array, state: State, surface: Surface) -> bool:
    """Whether the gradient is 0 up to rounding, and no way out of a singular covariance matrix leads up."""
    room = FLAT * max(1.0, abs(state.loglik))
    score = state.score[surface.free]
    flat = bool(np.all((np.abs(score) <= room) | surface.stuck(x, score)))
    for i, term, here in _unstructured(surface):
        null, slope = _null_space(term, surface.whole(x)[here])[1], state.slopes[i]
        if slope is not None and null.shape[1]:
            size = max(1.0, float(np.max(np.abs(slope))))
            flat &= bool(np.linalg.eigvalsh(null.T @ slope @ null)[-1] <= STEEP * size)
    return flat


def clean(x: Array, surface: Surface) -> tuple[Array, State]:
    """Exact zeros for standard deviations whose crumbs do nothing for the likelihood."""
    now = surface.look(x)
    for i in np.flatnonzero(surface.scales):
        if 0 < abs(x[i]) < 1e-3:
            trial = x.copy()
            trial[i] = 0.0
            if surface.height(trial) >= now.loglik - 1e-9:
                x, now = trial, surface.look(trial)
    return x, now

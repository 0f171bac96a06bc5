"""What is asked of a curve, from its values on a grid of doses: extremes, effective doses, regions."""

from __future__ import annotations

import numpy as np

from meta.kernels.dose.bases import Basis

Array = np.ndarray
NODES = 16
"""Gauss-Legendre nodes between two knots: exact for cubics, and to rounding for logarithms and powers."""


def mean_terms(basis: Basis, low: float, high: float) -> Array:
    """Average of each term over [low, high], (p,).

    >>> mean_terms(Basis("quadratic"), 0.0, 3.0).round(12).tolist()
    [1.5, 3.0]
    """
    bends = basis.values if basis.kind in ("rcs", "plateau") else ()
    ends = np.array([low, *(k for k in sorted(bends) if low < k < high), high])
    x, w = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(ends)[:, None] / 2
    at = (ends[:-1, None] + half * (x + 1)).reshape(-1)
    return np.asarray((half * w).reshape(-1) @ basis.at(at) / (high - low))


def lowest(doses: Array, curves: Array) -> tuple[Array, Array]:
    """Dose and value of the minimum of each curve (c, g), refined by a parabola through three points.

    >>> x = np.linspace(0, 2, 21)
    >>> [a.round(6).tolist() for a in lowest(x, 1 + (x - 0.93)[None] ** 2)]
    [[0.93], [1.0]]
    """
    at = np.argmin(curves, axis=1)
    inner = np.clip(at, 1, curves.shape[1] - 2)
    rows = np.arange(len(curves))
    a, b, c = (curves[rows, inner + i] for i in (-1, 0, 1))
    bend = a - 2 * b + c
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(bend > 0, np.clip(0.5 * (a - c) / bend, -1.0, 1.0), 0.0)
    shift = np.where(at == inner, shift, 0.0)
    step = doses[1] - doses[0]
    value = np.where(at == inner, b - 0.25 * (a - c) * shift, curves[rows, at])
    return doses[at] + step * shift, value


def first_dose(doses: Array, curves: Array, share: float) -> Array:
    """Smallest dose from which a curve has ``share`` of its largest effect, (c,); effects count by size.

    >>> x = np.linspace(0, 10, 101)
    >>> first_dose(x, x[None], 0.9).round(6).tolist()
    [9.0]
    """
    top = np.argmax(np.abs(curves), axis=1)
    rows = np.arange(len(curves))
    size = curves * np.sign(curves[rows, top])[:, None]
    wanted = share * size[rows, top]
    reached = size >= wanted[:, None] - 1e-12 * np.abs(wanted[:, None])
    at = np.argmax(reached, axis=1)
    before = np.maximum(at - 1, 0)
    rise = size[rows, at] - size[rows, before]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(rise > 0, (wanted - size[rows, before]) / rise, 0.0)
    return np.asarray(doses[before] + (doses[at] - doses[before]) * np.clip(part, 0.0, 1.0))

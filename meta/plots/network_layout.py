"""Where the treatments of a network graph stand: on a circle, in an order that keeps its lines short."""

from __future__ import annotations

import numpy as np

LONGEST_NAME = 2.2
"""Inches after which the name of a treatment is cut short in a network's figures."""
PASSES = 6
"""Rounds of exchanging two places; later rounds change nothing in networks of 40 treatments."""


def circle_order(trials: np.ndarray) -> list[int]:
    """Treatments around the circle, so that those with many trials in common stand side by side.

    Starts from the order in which they come and exchanges two places as long as that shortens the lines,
    weighted by their trials.

    >>> circle_order(np.array([[0, 0, 5, 0], [0, 0, 0, 5], [5, 0, 0, 1], [0, 5, 1, 0]]))
    [0, 2, 3, 1]
    """
    size = len(trials)
    weight = np.array(trials, dtype=float)
    np.fill_diagonal(weight, 0.0)
    angle = 2 * np.pi * np.arange(size) / size
    chord = np.abs(np.sin((angle[:, None] - angle[None, :]) / 2))
    order = np.arange(size)

    def length(found: np.ndarray) -> float:
        return float((weight[np.ix_(found, found)] * chord).sum())

    best = length(order)
    for _ in range(PASSES):
        before = best
        for i in range(1, size):
            for j in range(i + 1, size):
                other = order.copy()
                other[i], other[j] = order[j], order[i]
                now = length(other)
                if now < best - 1e-12:
                    order, best = other, now
        if best >= before - 1e-12:
            break
    return [int(i) for i in order]


def places(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points on the unit circle, (size,) each for x and y, and their angles; clockwise from the top."""
    angle = np.pi / 2 - 2 * np.pi * np.arange(size) / size
    return np.cos(angle), np.sin(angle), angle

"""Time from a fit to a forest plot, against a bare matplotlib figure with as many texts and lines.

Run ``python benchmarks/figures.py``; it prints the table of ``benchmarks/figures.md``.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

import meta
from meta import plots
from meta.errors import quiet

LIMITS = {13: 0.5, 200: 2.0}
ROUNDS = 7


def fit_of(k: int):
    """A random-effects fit of ``k`` simulated trials."""
    rng = np.random.default_rng(1)
    labels = [f"Author {i}" for i in range(k)]
    return meta.pool(meta.EffectSizes(rng.normal(-0.3, 0.4, k), rng.uniform(0.01, 0.3, k), "RR", labels))


def forest(fit) -> None:
    """The forest plot as SVG."""
    plots.forest(fit).render("svg")


def bare(texts: int, lines: int) -> None:
    """A figure of matplotlib's own with as many texts and lines."""
    figure = Figure((8, 8))
    axes = figure.add_subplot()
    for i in range(texts):
        axes.text(0.5, i / texts, f"text {i}")
    for i in range(lines):
        axes.plot([0, 1], [i, i])
    figure.savefig(io.BytesIO(), format="svg")


def fastest(run: Callable[[], None]) -> float:
    """The shortest of several times, in seconds."""
    run()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the table."""
    print("| studies | texts | lines | forest plot to SVG, s | limit, s | bare figure, s | ratio |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for k, limit in LIMITS.items():
        with quiet():
            fit = fit_of(k)
            figure = plots.forest(fit).figure
            texts = sum(len(axes.texts) for axes in figure.axes)
            lines = sum(len(axes.lines) for axes in figure.axes)
            own = fastest(lambda fit=fit: forest(fit))
        other = fastest(lambda texts=texts, lines=lines: bare(texts, lines))
        print(f"| {k} | {texts} | {lines} | {own:.3f} | {limit:g} | {other:.3f} | {own / other:.2f} |")


if __name__ == "__main__":
    main()

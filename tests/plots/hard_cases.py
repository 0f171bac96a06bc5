"""Data that are hard to draw, every figure drawn from them, and what the renderer wrote where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg

import meta
from meta import plots
from meta.effects.effect_size_table import EffectSizes
from meta.errors import quiet
from meta.plots.figure import style

LONG = (
    "Effects of a treatment with a very long name on an outcome with an even longer one: "
    "a randomised controlled trial, 2019"
)
"""Of 120 letters."""


def trials(k: int, *, labels: str = "short", outlier: bool = False, seed: int = 7) -> EffectSizes:
    """Two-arm trials with events, so that every figure can be drawn from them."""
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(20, 400, k), rng.integers(20, 400, k)
    control = rng.uniform(0.1, 0.5, k)
    treated = np.clip(control * np.exp(rng.normal(-0.3, 0.4, k)), 0.02, 0.9)
    e1, e2 = np.maximum(rng.binomial(n1, treated), 1), np.maximum(rng.binomial(n2, control), 1)
    yi = np.log(e1 / n1) - np.log(e2 / n2)
    vi = 1 / e1 - 1 / n1 + 1 / e2 - 1 / n2
    if outlier:
        yi[0], vi[1], vi[2] = 50.0, 1e-6, 1e4
    names = {
        "short": [f"Author {i + 1}" for i in range(k)],
        "long": [f"{i + 1} {LONG}" for i in range(k)],
        "same": ["The same study"] * k,
    }[labels]
    return EffectSizes(
        yi=yi,
        vi=vi,
        measure="RR",
        study=names,
        columns={
            "events1": e1,
            "n1": n1,
            "events2": e2,
            "n2": n2,
            "year": 1980 + np.arange(k),
            "dose": np.linspace(1, 10, k),
            "place": np.array(["north", "south"])[np.arange(k) % 2],
        },
    )


DATA: dict[str, Callable[[], EffectSizes]] = {
    "k=1": lambda: trials(1),
    "k=2": lambda: trials(2),
    "k=3": lambda: trials(3),
    "k=13": lambda: trials(13),
    "k=60": lambda: trials(60),
    "k=200": lambda: trials(200),
    "long": lambda: trials(13, labels="long"),
    "outlier": lambda: trials(13, outlier=True),
    "same": lambda: trials(13, labels="same"),
}


def _posterior(es: EffectSizes, scale: float = 0.5) -> Any:
    return meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(scale))


def _profile(es: EffectSizes, **looks: Any) -> Any:
    fit = meta.pool(es, method="ML")
    x = np.linspace(0, 4 * fit.tau2 + 0.2, 41)
    curve = (x, [meta.pool(es, method=float(t), test="z").loglik for t in x])
    return plots.profile(curve, estimate=fit.tau2, **looks)


def _gosh(es: EffectSizes, **looks: Any) -> Any:
    subsets = meta.diagnostics.gosh(meta.pool(es), subsets=200, seed=1)
    return plots.gosh(subsets, measure="RR", **looks)


def _cumulative(es: EffectSizes, **looks: Any) -> Any:
    table = meta.diagnostics.cumulative(meta.pool(es), order="year")
    return plots.cumulative(table.rename(columns={"order": "year"}), measure="RR", x="year", **looks)


def _weights(es: EffectSizes, **looks: Any) -> Any:
    found = meta.bias.selection_model(es, steps=[0.025], direction="less")
    return plots.weight_function({"one step": found}, **looks)


def _verdicts(es: EffectSizes, **looks: Any) -> Any:
    kinds = ("supported", "inconclusive", "contradicted", "untestable")
    items = [
        {
            "claim": str(name),
            "conclusion": kinds[i % 4],
            "probability": 0.3,
            "k": i,
            "tiers": {"A": i + 1, "D": 2},
            "sentence": f"The trials say little about it: {name}.",
        }
        for i, name in enumerate(es.study[:20])
    ]
    return plots.verdicts(items, **looks)


def _normalisation(es: EffectSizes, **looks: Any) -> Any:
    x = np.linspace(-2, 1, 61)
    curves = {str(name): (x, 1 / (1 + np.exp(2 * x + 0.2 * i))) for i, name in enumerate(es.study[:6])}
    return plots.normalisation(curves, claimed=0.78, marks={str(es.study[0])[:20]: -0.4}, **looks)


FIGURES: dict[str, Callable[..., Any]] = {
    "forest": lambda es, **looks: plots.forest(meta.pool(es), labels=("Fewer events", "More"), **looks),
    "forest-bayes": lambda es, **looks: plots.forest(_posterior(es), **looks),
    "forest-groups": lambda es, **looks: plots.forest(meta.subgroups(es, by="place"), **looks),
    "forest-regression": lambda es, **looks: plots.forest(meta.regress(es, "~ dose"), **looks),
    "forest-without": lambda es, **looks: plots.forest(
        meta.diagnostics.leave_one_out(meta.pool(es)), columns=["study", "plot", "estimate"], **looks
    ),
    "funnel": lambda es, **looks: plots.funnel(meta.pool(es), **looks),
    "funnel-filled": lambda es, **looks: plots.funnel(meta.bias.trim_and_fill(meta.pool(es)), **looks),
    "funnel-named": lambda es, **looks: plots.funnel(meta.pool(es), label=True, **looks),
    "orchard": lambda es, **looks: plots.orchard(meta.pool(es), **looks),
    "orchard-groups": lambda es, **looks: plots.orchard(meta.subgroups(es, by="place"), **looks),
    "caterpillar": lambda es, **looks: plots.caterpillar(meta.pool(es), **looks),
    "compatibility": lambda es, **looks: plots.compatibility(
        meta.pool(es), marks={"no effect": 0.0, "halved": float(np.log(0.5))}, **looks
    ),
    "drapery": lambda es, **looks: plots.drapery(meta.pool(es), **looks),
    "bubble": lambda es, **looks: plots.bubble(
        meta.regress(es, "~ dose") if es.k > 2 else es, x="dose", label=range(min(es.k, 4)), **looks
    ),
    "baujat": lambda es, **looks: plots.baujat(meta.diagnostics.baujat(meta.pool(es)), **looks),
    "radial": lambda es, **looks: plots.radial(meta.pool(es), label=range(min(es.k, 4)), **looks),
    "labbe": lambda es, **looks: plots.labbe(meta.pool(es), label=range(min(es.k, 4)), **looks),
    "qq": lambda es, **looks: plots.qq(meta.pool(es), label=range(min(es.k, 4)), **looks),
    "gosh": _gosh,
    "influence": lambda es, **looks: plots.influence(meta.diagnostics.influence(meta.pool(es)), **looks),
    "cumulative": _cumulative,
    "profile": _profile,
    "posterior": lambda es, **looks: plots.posterior(_posterior(es), of=("mu", "tau", "new"), **looks),
    "joint": lambda es, **looks: plots.joint(_posterior(es), draws=20_000, **looks),
    "prior_sensitivity": lambda es, **looks: plots.prior_sensitivity(
        {"narrow": _posterior(es, 0.1), "wide": _posterior(es, 2.0)}, **looks
    ),
    "tau_trace": lambda es, **looks: plots.tau_trace(_posterior(es), **looks),
    "weight_function": _weights,
    "normalisation": _normalisation,
    "verdicts": _verdicts,
}
"""Every figure of this package, drawn from effect sizes; the specification curve has tests of its own."""

FIGURES["significance_funnel"] = lambda es, **looks: plots.funnel(
    meta.bias.significance_funnel(es, direction="less"), measure="RR", **looks
)
FIGURES["forest-models"] = lambda es, **looks: plots.forest(
    {"Frequentist": meta.pool(es), "Bayesian": _posterior(es)}, **looks
)

NOT_EMBEDDED = frozenset({"influence", "posterior", "prior_sensitivity", "normalisation", "verdicts"})


def draw(figure: str, data: str, **looks: Any) -> Any:
    """One figure of one set of data; warnings of fits stay on their results."""
    with quiet():
        return FIGURES[figure](DATA[data](), **looks)


def written(figure: Any) -> list[tuple[str, Any]]:
    """Every text that the renderer writes, with its box in pixels."""
    found: list[tuple[str, Any]] = []
    original = RendererAgg.draw_text

    def record(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        if mtext is not None and s.strip():
            # An annotation's own box holds its arrow's end, so that the text's alone is asked for.
            from matplotlib.text import Text

            found.append((s, Text.get_window_extent(mtext, self)))
        return original(self, gc, x, y, s, prop, angle, ismath, mtext)

    with style(), mock.patch.object(RendererAgg, "draw_text", record):
        figure.canvas.draw()
    return found


def overlaps(found: list[tuple[str, Any]], slack: float = 1.0) -> list[tuple[str, str, float, float]]:
    """Pairs of texts that cover each other by more than ``slack`` pixels both ways.

    Line boxes hold room for accents and descenders, so that a fifth of their height is taken off.
    """
    if not found:
        return []
    x0, y0, x1, y1 = np.array([box.extents for _, box in found]).T
    wide = np.minimum.outer(x1, x1) - np.maximum.outer(x0, x0)
    tall = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    clash = (wide > slack) & (tall > slack + 0.2 * np.minimum.outer(y1 - y0, y1 - y0))
    return [
        (found[i][0], found[j][0], round(float(wide[i, j]), 1), round(float(tall[i, j]), 1))
        for i, j in np.argwhere(np.triu(clash, 1))
    ]


def cut_off(figure: Any, found: list[tuple[str, Any]], slack: float = 1.0) -> list[str]:
    """Texts that run beyond the page."""
    page = figure.bbox
    return [
        text
        for text, b in found
        if b.x0 < -slack or b.x1 > page.x1 + slack or b.y0 < -slack or b.y1 > page.y1 + slack
    ]

"""Rankings and small trials of networks: rankograms and the comparison-adjusted funnel plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, need
from meta.keywords import keywords
from meta.plots.chart import canvas, dress, finished, heading, legend, spread, words
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.text_size import font, shortened
from meta.plots.themes import PALETTE, Theme, as_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["comparison_funnel", "rankogram"]


@keywords
def rankogram(
    net: Any,
    *,
    cumulative: bool = False,
    draws: int = 20_000,
    seed: int | None = 1,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw the probability of each rank, one panel per treatment, the best first.

    Parameters
    ----------
    net : Network or NetworkPosterior
        Of :func:`meta.pool_network` or :func:`meta.bayes_network`, with ``better=``.
    cumulative : bool
        Whether probabilities add up from the best rank, as SUCRA does.
    draws, seed
        Of the simulated ranks.
    theme, title
        As in :func:`meta.forest`.

    References
    ----------
    Salanti G, Ades AE, Ioannidis JPA (2011). J Clin Epidemiol 64:163-171.
    https://doi.org/10.1016/j.jclinepi.2010.03.016
    """
    check_arguments(rankogram, locals())
    need(net, "net", "a network with better=", "rank_probabilities", "treatments")
    look = as_theme(theme)
    chance = net.rank_probabilities(draws=draws, seed=seed)
    found = chance.to_numpy(dtype=float)
    found = np.cumsum(found, axis=1) if cumulative else found
    size = len(found)
    across = min(5, max(2, int(np.ceil(np.sqrt(size)))))
    down = -(-size // across)
    ranks = np.arange(1, size + 1)
    top = 1.0 if cumulative else float(found.max()) * 1.05
    with style():
        figure = new_figure(1.55 * across + 0.6, 1.25 * down + 0.6, look.background)
        figure.set_layout_engine("constrained", w_pad=0.06, h_pad=0.06)
        panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, name, row in zip(panels, chance.index, found, strict=False):
            dress(axes, look)
            if cumulative:
                axes.fill_between(ranks, row, step="mid", color=look.study, alpha=0.35, lw=0)
                axes.step(ranks, row, where="mid", color=look.study)
            else:
                axes.bar(ranks, row, width=0.85, color=look.study)
            axes.set_ylim(0, top)
            axes.set_xlim(0.4, size + 0.6)
            axes.set_title(shortened(str(name), 1.4, look.small), fontproperties=font(look.small, True),
                           color=look.text, loc="left")  # fmt: skip
            axes.set_xticks(_rank_ticks(size))
        for axes in panels[size:]:
            axes.set_axis_off()
        figure.supxlabel("Rank (1 is the best)", fontproperties=font(look.font_size), color=look.text)
        what = "Cumulative probability" if cumulative else "Probability"
        figure.supylabel(what, fontproperties=font(look.font_size), color=look.text)
        heading(figure, title, look)
    first = chance.index[chance[1].argmax()]
    text = f"{what} of each rank for {size} treatments; ranked first most often: {first}."
    columns = {"treatment": np.repeat(list(map(str, chance.index)), size), "rank": np.tile(ranks, size)}
    columns |= {"probability": found.ravel()}
    return finished(figure, list(panels[:size]), title or "Rankogram", text, columns)


def _rank_ticks(size: int) -> list[int]:
    """At most five ranks, the first and the last among them."""
    step = max(1, -(-(size - 1) // 4))
    ticks = list(range(1, size + 1, step))
    return ticks if size - ticks[-1] < max(1, step // 2) else [*ticks, size]


@keywords
def comparison_funnel(
    net: Any,
    *,
    order: Sequence[str] | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw a comparison-adjusted funnel plot: trials' effects less the network's, against their errors.

    Parameters
    ----------
    net : Network
        Of :func:`meta.pool_network`.
    order : sequence of str, optional
        All treatments, such as from the newest to the oldest, so that all comparisons point one way; by
        default the alphabet, the reference last.
    theme, title, ax
        As in :func:`meta.forest`.

    References
    ----------
    Chaimani A, Salanti G (2012). Res Synth Methods 3:161-176. https://doi.org/10.1002/jrsm.57
    """
    check_arguments(comparison_funnel, locals())
    need(net, "net", "a network, such as meta.pool_network makes", "comparison_funnel", "measure")
    look = as_theme(theme)
    table = net.comparison_funnel(order)
    x, se = table["centred"].to_numpy(dtype=float), table["sei"].to_numpy(dtype=float)
    pair = [f"{a} vs {b}" for a, b in zip(table["treat1"], table["treat2"], strict=True)]
    kinds = list(dict.fromkeys(pair))
    deep = 1.08 * float(se.max())
    with style():
        figure, axes = canvas((6.4 if len(kinds) <= 12 else 5.2, 4.2), look, ax)
        axes.plot(
            [0, -1.96 * deep], [0, deep], [0, 1.96 * deep], [0, deep], color=look.muted, ls="--", lw=0.8
        )
        axes.axvline(0, color=look.rule, lw=0.8)
        for number, kind in enumerate(kinds):
            rows = [i for i, name in enumerate(pair) if name == kind]
            several = len(kinds) <= 12
            axes.scatter(
                x[rows], se[rows], s=26, zorder=3, edgecolors=look.background, linewidths=0.6,
                color=PALETTE[number % len(PALETTE)] if several else look.study,
                marker="osD^vP"[number // len(PALETTE) % 6] if several else "o",
                label=kind if several else None,
            )  # fmt: skip
        low, high = spread(np.concatenate([x, [-1.96 * deep, 1.96 * deep]]))
        axes.set_xlim(low, high)
        axes.set_ylim(deep, 0)
        words(axes, look, x="Effect less that of its comparison", y="Standard error", title=title)
        if len(kinds) <= 12:
            legend(axes, look, beside=True, width=1.6)
    text = f"Comparison-adjusted funnel plot of {len(x)} comparisons of {len(kinds)} kinds."
    columns = {"study": table["study"].tolist(), "comparison": pair, "centred": x, "sei": se}
    return finished(figure, axes, title or "Comparison-adjusted funnel plot", text, columns)

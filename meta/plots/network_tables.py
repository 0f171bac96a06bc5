"""Tables of networks as heat maps: the league, net heat, contributions of direct comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from meta.arguments import check_arguments, need
from meta.keywords import keywords
from meta.plots.chart import dress, finished, heading
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.network_layout import LONGEST_NAME
from meta.plots.text_size import font, shortened, width
from meta.plots.themes import BLUE, VERMILLION, Theme, as_theme

__all__ = ["contributions", "league", "net_heat"]

_COLD_TO_HOT = LinearSegmentedColormap.from_list("evidence", [BLUE, "#FFFFFF", VERMILLION])


def _grid(labels: Sequence[str], columns: Sequence[str], look: Theme, cell: float) -> tuple[Any, Any]:
    """A figure of cells with names on the left and, turned upwards, on top."""
    left = 0.3 + max(width(name, look.small) for name in labels)
    top = 0.35 + max(width(name, look.small) for name in columns)
    wide, tall = cell * len(columns), max(0.6 * cell, 0.24) * len(labels)
    foot = 0.4
    figure = new_figure(max(left + wide + 0.9, 4.2), top + tall + foot, look.background)
    whole = figure.get_size_inches()
    axes = figure.add_axes((left / whole[0], foot / whole[1], wide / whole[0], tall / whole[1]))
    dress(axes, look)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(columns)), columns, rotation=90, fontproperties=font(look.small))
    axes.set_yticks(range(len(labels)), labels, fontproperties=font(look.small))
    axes.tick_params(length=0)
    return figure, axes


def _ink(value: float, most: float, look: Theme) -> str:
    """Dark on pale cells, white on strong ones."""
    return look.background if abs(value) > 0.75 * most else look.text


@keywords
def league(
    net: Any, *, intervals: bool | None = None, theme: str | Theme = "default", title: str | None = None
) -> FigureResult:
    """Draw the league table as a heat map: network estimates below the diagonal, direct ones above it.

    Parameters
    ----------
    net : Network
        Of :func:`meta.pool_network`. Both triangles are row against column.
    intervals : bool, optional
        Whether intervals stand below the estimates; by default for up to ten treatments.
    theme, title
        As in :func:`meta.forest`.
    """
    check_arguments(league, locals())
    need(net, "net", "a network, such as meta.pool_network makes", "data", "treatments", "league")
    look = as_theme(theme)
    values = net.league(values="estimate")
    texts = net.league()
    size = len(values)
    shown = size <= 10 if intervals is None else intervals
    small = 7.0 if size > 12 else look.small
    cells = [[_cell(str(text), shown) for text in row] for row in texts.to_numpy()]
    widest = max(width(text, small) for row in cells for text in row)
    names = [shortened(name, LONGEST_NAME, look.small) for name in values.index]
    found = values.to_numpy(dtype=float)
    most = float(np.nanmax(np.abs(found)))
    good = {"low": -1.0, "high": 1.0}.get(getattr(net, "better", None) or "", 1.0)
    with style():
        figure, axes = _grid(names, names, look, max(widest + 0.14, 0.34))
        axes.set_xlabel("row against column; below the diagonal: network, above it: direct", loc="left",
                        fontproperties=font(look.small), color=look.muted)  # fmt: skip
        axes.xaxis.set_label_position("bottom")
        axes.imshow(good * found, cmap=_COLD_TO_HOT.reversed() if good else None, vmin=-most, vmax=most,
                    aspect="auto", alpha=0.85)  # fmt: skip
        for i in range(size):
            for j in range(size):
                if i != j and cells[i][j]:
                    axes.text(j, i, cells[i][j], ha="center", va="center", fontproperties=font(small),
                              color=_ink(found[i, j], most, look))  # fmt: skip
        heading(figure, title, look)
    colours = "blue favours the row" if getattr(net, "better", None) else "blue is above no difference"
    text = (
        f"League table of {size} treatments, row against column in both triangles: network estimates below "
        f"the diagonal, direct estimates above it; {colours}."
    )
    rows, columns = np.nonzero(~np.isnan(found))
    table = {
        "row": [values.index[i] for i in rows],
        "column": [values.columns[j] for j in columns],
        "estimate": found[rows, columns],
    }
    return finished(figure, axes, title or "League table", text, table)


def _cell(text: str, intervals: bool) -> str:
    estimate, _, rest = text.partition(" ")
    estimate, rest = (part.replace("-", "\N{MINUS SIGN}") for part in (estimate, rest))
    return f"{estimate}\n{rest}" if intervals and rest else estimate


@keywords
def net_heat(net: Any, *, theme: str | Theme = "default", title: str | None = None) -> FigureResult:
    """Draw the net heat matrix: which design's detachment takes inconsistency from which other design.

    Parameters
    ----------
    net : Network
        Of :func:`meta.pool_network`. Warm cells: the column's design, given effects of its own, makes the
        row's design agree better; cold ones: worse.
    theme, title
        As in :func:`meta.forest`.

    References
    ----------
    Krahn U, Binder H, König J (2013). BMC Med Res Methodol 13:35. https://doi.org/10.1186/1471-2288-13-35
    """
    check_arguments(net_heat, locals())
    need(net, "net", "a network, such as meta.pool_network makes", "inconsistency", "treatments")
    look = as_theme(theme)
    table = net.inconsistency("heat")
    heat = table.to_numpy(dtype=float)
    used = np.flatnonzero((np.abs(heat) > 1e-8).any(axis=0) | (np.abs(heat) > 1e-8).any(axis=1))
    heat = heat[np.ix_(used, used)]
    names = [shortened(str(table.index[i]), LONGEST_NAME, look.small) for i in used]
    most = max(float(np.abs(heat).max()), 1e-12)
    with style():
        figure, axes = _grid(names, names, look, 0.42)
        axes.set_facecolor(look.zebra)
        image = axes.imshow(heat, cmap=_COLD_TO_HOT, vmin=-most, vmax=most, aspect="auto")
        bar = figure.add_axes(
            (1 - 0.55 / figure.get_size_inches()[0], 0.1, 0.12 / figure.get_size_inches()[0], 0.4)
        )
        figure.colorbar(image, cax=bar)
        bar.tick_params(labelsize=look.small, colors=look.text, length=2)
        heading(figure, title, look)
    where = np.unravel_index(np.argmax(heat), heat.shape)
    text = (
        f"Net heat matrix of {len(used)} designs in loops: rows lose inconsistency where columns are "
        f"detached. Most: {names[where[0]]} when {names[where[1]]} is detached ({heat[where]:.1f})."
    )
    columns = {
        "design": np.repeat(names, len(used)),
        "detached": np.tile(names, len(used)),
        "change": heat.ravel(),
    }
    return finished(figure, axes, title or "Net heat", text, columns)


@keywords
def contributions(
    net: Any,
    *,
    treat1: str | None = None,
    treat2: str | None = None,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw what each direct comparison contributes to the estimates against the reference, in percent.

    Parameters
    ----------
    net : Network
        Of :func:`meta.pool_network`.
    treat1, treat2 : str, optional
        One estimate alone.
    theme, title
        As in :func:`meta.forest`.

    References
    ----------
    Davies AL et al. (2022). Stat Med 41:3857-3877. https://doi.org/10.1002/sim.9346
    """
    check_arguments(contributions, locals())
    need(net, "net", "a network, such as meta.pool_network makes", "contributions", "reference")
    look = as_theme(theme)
    table = net.contributions(treat1, treat2)
    if treat1 is None:
        table = table[[net.reference in pair for pair in table.index]]
    found = table.to_numpy(dtype=float)
    used = np.flatnonzero(found.max(axis=0) >= 0.5)
    names = [f"{a} vs {b}" for a, b in table.index]
    columns = [shortened(str(table.columns[j]), LONGEST_NAME, look.small) for j in used]
    most = float(found.max())
    with style():
        labels = [shortened(name, LONGEST_NAME, look.small) for name in names]
        figure, axes = _grid(labels, columns, look, 0.36)
        pale = LinearSegmentedColormap.from_list("share", [look.background, BLUE])
        axes.imshow(found[:, used], cmap=pale, vmin=0, vmax=most, aspect="auto", alpha=0.9)
        for i in range(len(names)):
            for place, j in enumerate(used):
                if found[i, j] >= 0.5:
                    ink = _ink(found[i, j], 0.8 * most, look)
                    axes.text(place, i, f"{found[i, j]:.0f}", ha="center", va="center",
                              fontproperties=font(look.small), color=ink)  # fmt: skip
        heading(figure, title, look)
    text = f"Contributions of {len(used)} direct comparisons to {len(names)} estimates, in percent."
    given = {"estimate": np.repeat(names, len(used)), "comparison": np.tile(columns, len(names))}
    given |= {"percent": found[:, used].ravel()}
    return finished(figure, axes, title or "Contributions", text, given)

"""The graph of a network: treatments around a circle, joined by the trials that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, need
from meta.errors import InputError
from meta.keywords import keywords
from meta.plots.chart import canvas, finished
from meta.plots.figure import FigureResult, style
from meta.plots.network_layout import LONGEST_NAME, circle_order, places
from meta.plots.text_size import font, shortened, width
from meta.plots.themes import Theme, as_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["network"]

TURNED_FROM = 11
"""From this many treatments on, names around a graph are turned outwards: side by side they would overlap."""


@keywords
def network(
    net: Any,
    *,
    order: Sequence[str] | None = None,
    numbers: bool = True,
    theme: str | Theme = "default",
    title: str | None = None,
    ax: Axes | None = None,
) -> FigureResult:
    """Draw which treatments were compared: the area of a node is people, the width of a line trials.

    Parameters
    ----------
    net : Network
        Of :func:`meta.pool_network`.
    order : sequence of str, optional
        Treatments clockwise from the top; by default in an order that keeps lines short.
    numbers : bool
        Whether the number of trials stands on each line.
    theme, title, ax
        As in :func:`meta.forest`.

    Returns
    -------
    FigureResult

    Notes
    -----
    Where the table does not say how many people a treatment had, the area is the number of trials.
    """
    check_arguments(network, locals())
    need(net, "net", "a network, such as meta.pool_network makes", "data", "treatments")
    look = as_theme(theme)
    trials = np.asarray(net.data.direct)
    place = circle_order(trials) if order is None else _ordered(net, order)
    size = len(place)
    people = np.array([net.data.arm_n[net.data.arm_treatment == i].sum() for i in range(size)])
    known = bool(np.isfinite(people).all() and people.min() > 0)
    area = people if known else trials.diagonal().astype(float)
    x, y = np.zeros(size), np.zeros(size)
    px, py, angle = places(size)
    x[place], y[place] = px, py
    turn = np.zeros(size)
    turn[place] = angle
    names = [shortened(name, LONGEST_NAME, look.small) for name in net.treatments]
    with style():
        radius = max(1.5, 0.075 * size)
        margin = 0.35 + max(width(name, look.small) for name in names)
        figure, axes = canvas((2 * (radius + margin), 2 * (radius + margin)), look, ax)
        axes.set_axis_off()
        axes.set_aspect("equal")
        reach = (radius + margin) / radius
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-reach, reach)
        most = max(int(np.triu(trials, 1).max()), 1)
        pairs = np.argwhere(np.triu(trials, 1) > 0)
        for i, j in pairs:
            axes.plot(
                x[[i, j]], y[[i, j]], color=look.muted, alpha=0.55, zorder=1, solid_capstyle="round",
                lw=0.8 + 5.2 * trials[i, j] / most, gid=f"edge-{i}-{j}",
            )  # fmt: skip
        biggest = min(420.0, 72.0**2 * (1.5 * radius / size) ** 2)
        axes.scatter(
            x, y, s=biggest * area / area.max() + 12, color=look.study, edgecolors=look.background, zorder=3
        )
        if numbers:
            _numbered(axes, x, y, trials, pairs, look)
        for i, name in enumerate(names):
            _outside(axes, x[i], y[i], turn[i], name, size, look, radius)
        if title:
            axes.set_title(
                title, fontproperties=font(look.font_size + 1.5, True), color=look.text, loc="left"
            )
    what = "people" if known else "trials"
    text = (
        f"Network of {size} treatments and {len(net.data.trials)} trials with {len(pairs)} direct "
        f"comparisons. The area of a node is its {what}, the width of a line its trials (1 to {most})."
    )
    table = {
        "treat1": [net.treatments[i] for i, _ in pairs],
        "treat2": [net.treatments[j] for _, j in pairs],
        "trials": [int(trials[i, j]) for i, j in pairs],
    }
    return finished(figure, axes, title or "Network graph", text, table)


def _ordered(net: Any, order: Sequence[str]) -> list[int]:
    if sorted(order) != sorted(net.treatments):
        raise InputError("order must name each treatment of the network once")
    return [net.treatments.index(name) for name in order]


def _numbered(axes: Axes, x: Any, y: Any, trials: Any, pairs: Any, look: Theme) -> None:
    """The number of trials on each line, a third of the way along, where lines do not cross yet."""
    if len(pairs) > 30:  # on a crowded graph numbers hide the lines; the table has them
        return
    for i, j in pairs:
        if trials[i, j] > 1:
            at = 0.36
            axes.text(
                x[i] + at * (x[j] - x[i]), y[i] + at * (y[j] - y[i]), str(int(trials[i, j])),
                fontproperties=font(look.small), color=look.text, ha="center", va="center", zorder=4,
                bbox={"facecolor": look.background, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            )  # fmt: skip


def _outside(
    axes: Axes, x: float, y: float, angle: float, name: str, size: int, look: Theme, radius: float
) -> None:
    """A name outside the circle: level, or turned outwards where there are many."""
    gap = 1 + 0.2 / radius
    left = np.cos(angle) < -1e-9
    level = size < TURNED_FROM
    middle = level and abs(np.cos(angle)) < 1e-9
    rotation = 0.0 if level else float(np.degrees(angle)) + (180.0 if left else 0.0)
    vertical = "center" if not middle else ("bottom" if y > 0 else "top")
    axes.text(
        gap * x, gap * y, name, fontproperties=font(look.small), color=look.text, rotation=rotation,
        rotation_mode="anchor", ha="center" if middle else "right" if left else "left", va=vertical, zorder=5,
    )  # fmt: skip

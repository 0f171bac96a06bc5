"""Names beside the points of a chart: short, inside the page, and none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.plots.figure import OWN
from meta.plots.text_size import LINE, font, shortened, width
from meta.plots.themes import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = 7.0
LIMIT = 1.5
"""Inches after which a name is cut short."""

_PLACES = tuple(
    (dx * far, dy * far, ha, va)
    for far in (1.0, 2.4)
    for dx, dy, ha, va in (
        (4, 3, "left", "bottom"),
        (4, -3, "left", "top"),
        (-4, 3, "right", "bottom"),
        (-4, -3, "right", "top"),
        (0, 5, "center", "bottom"),
        (0, -5, "center", "top"),
    )
)

Box = tuple[float, float, float, float]


def place_names(
    axes: Axes,
    labels: Sequence[str] | np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    which: Sequence[int],
    look: Theme,
) -> int:
    """Write names beside points; the number of those for which there was no room is returned.

    The limits of the axes must be final. Of the places around a point, the first one is taken in which the
    name covers no other name, stays on the page and covers the fewest points.
    """
    if len(which) == 0:
        return 0
    figure: Any = axes.figure
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
    beside = 0.25 * figure.dpi if figure.get_gid() == OWN else 0.0
    at = axes.transData.transform(np.column_stack([x, y]))
    page: Box = (*axes.bbox.min, min(axes.bbox.x1 + beside, figure.bbox.x1), axes.bbox.y1)
    taken: list[Box] = []
    named = 0
    legend = axes.get_legend()
    if legend is not None:
        taken.append(legend.get_window_extent().extents)
    for i in which:
        text = shortened(str(labels[i]), LIMIT, SIZE)
        if not text:
            continue
        best = _best(text, at[i], at, page, taken, figure.dpi)
        if best is None:
            continue
        box, (dx, dy, ha, va) = best
        taken.append(box)
        named += 1
        note = axes.annotate(
            text,
            (x[i], y[i]),
            xytext=(dx, dy),
            textcoords="offset points",
            ha=ha,
            va=va,
            fontproperties=font(SIZE),
            color=look.muted,
            parse_math=False,
            zorder=6,
        )
        note.set_in_layout(False)
    return len(which) - named


def _best(
    text: str, point: np.ndarray, points: np.ndarray, page: Box, taken: Sequence[Box], dpi: float
) -> tuple[Box, tuple[float, float, str, str]] | None:
    wide, tall = width(text, SIZE) * dpi, LINE * SIZE / 72 * dpi
    found = None
    fewest = len(points) + 1
    for dx, dy, ha, va in _PLACES:
        x0 = point[0] + dx * dpi / 72 - {"left": 0.0, "center": 0.5, "right": 1.0}[ha] * wide
        y0 = point[1] + dy * dpi / 72 - {"bottom": 0.0, "top": 1.0}[va] * tall
        box = (x0, y0, x0 + wide, y0 + tall)
        if not (page[0] <= box[0] and box[2] <= page[2] and page[1] <= box[1] and box[3] <= page[3]):
            continue
        if any(
            min(box[2], b[2]) > max(box[0], b[0]) and min(box[3], b[3]) > max(box[1], b[1]) for b in taken
        ):
            continue
        inside = (points[:, 0] > box[0]) & (points[:, 0] < box[2])
        covered = int(np.sum(inside & (points[:, 1] > box[1]) & (points[:, 1] < box[3])))
        if covered < fewest:
            found, fewest = (box, (dx, dy, ha, va)), covered
    return found


def _meet(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def end_names(axes: Axes, x: float, y: np.ndarray, labels: Sequence[str], look: Theme) -> None:
    """Names at the right ends of lines, pushed apart so that none covers another; none where too many."""
    low, high = axes.get_ylim()
    tall = axes.bbox.height / axes.figure.dpi
    gap = 1.15 * LINE * SIZE / 72 / tall
    if len(labels) * gap > 1.0 or len(labels) > 20:
        return
    order = np.argsort(y, kind="stable")
    aim = np.clip((y[order] - low) / (high - low), 0.0, 1.0)
    at = aim.copy()
    for i in range(1, at.size):
        at[i] = max(at[i], at[i - 1] + gap)
    at[-1] = min(at[-1], 1.0)
    for i in range(at.size - 2, -1, -1):
        at[i] = min(at[i], at[i + 1] - gap)
    for place, i in zip(at, order, strict=True):
        axes.annotate(
            shortened(labels[i], LIMIT, SIZE),
            (x, y[i]),
            xytext=(1.02, place),
            textcoords=axes.transAxes,
            va="center",
            fontproperties=font(SIZE),
            color=look.muted,
            annotation_clip=False,
            parse_math=False,
        )

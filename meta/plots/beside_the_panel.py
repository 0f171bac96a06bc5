"""What stands beside and below the panel of a forest plot."""

from __future__ import annotations

from collections.abc import Sequence

from meta.plots.axis import Axis
from meta.plots.boxes import MARGIN, Page, Placed
from meta.plots.figure_rows import Row
from meta.plots.text_size import height, width, wrap


def beside(page: Page, rows: Sequence[Row], y: float, left_end: float) -> float:
    """Write the last notes left of the axis."""
    size = page.theme.small
    for row in rows:
        for text in wrap(row.label, left_end - MARGIN, size):
            page.placed.append(
                Placed(text, MARGIN, y + 0.5 * height(1, size), "left", size, role="muted", key=row.key)
            )
            y += height(1, size)
    return y


def below(
    page: Page, models: Sequence[tuple[str, str, str]], notes: Sequence[str], y: float, total: float
) -> float:
    """Write which sign and colour is which model, then the notes, across the whole page."""
    size = page.theme.small
    if models or notes:
        y += 0.08
    x = MARGIN
    for sign, color, name in models:
        lines = wrap(name, total - 2 * MARGIN - 0.16, size)
        long = 0.16 + max(width(line, size) for line in lines)
        if x > MARGIN and x + long > total - MARGIN:
            x, y = MARGIN, y + height(1, size)
        middle = y + 0.5 * height(1, size)
        page.placed.append(Placed(sign, x, middle, "left", size + 1, role=color, key="model"))
        for n, line in enumerate(lines):
            page.placed.append(
                Placed(line, x + 0.16, middle + n * height(1, size), "left", size, key="model-name")
            )
        y += (len(lines) - 1) * height(1, size)
        x += long + 0.25
    if models:
        y += height(1, size)
    for note in notes:
        for line in wrap(note, total - 2 * MARGIN, size):
            middle = y + 0.5 * height(1, size)
            page.placed.append(Placed(line, MARGIN, middle, "left", size, role="muted", key="note"))
            y += height(1, size)
    return y


def under(
    page: Page,
    axis_label: str,
    labels: tuple[str, str] | None,
    axis: Axis,
    panel: tuple[float, float],
    bottom: float,
) -> float:
    """Leave room for tick labels, and write the axis's name and the directions below them."""
    size = page.theme.small
    y = bottom + 0.06 + height(1, size)
    if axis_label:
        for text in wrap(axis_label, panel[1] - panel[0] + 0.3, size):
            middle = y + 0.5 * height(1, size)
            page.placed.append(Placed(text, 0.5 * sum(panel), middle, "center", size, key="axis-label"))
            y += height(1, size)
    if labels and not page.theme.directions_on_top:
        y = directions(page, labels, axis, panel, y, bold=False)
    return y


def directions(
    page: Page, labels: tuple[str, str], axis: Axis, panel: tuple[float, float], y: float, *, bold: bool
) -> float:
    """Write what lies left and right of no effect, next to it where there is room."""
    size = page.theme.small
    null = page.how.null
    share = 0.5 if null is None else (null - axis.low) / (axis.high - axis.low)
    share = min(max(share, 0.0), 1.0)
    middle = panel[0] + share * (panel[1] - panel[0])
    texts_ = (f"← {labels[0]}" if labels[0] else "", f"{labels[1]} →" if labels[1] else "")
    needed = [width(text, size, bold) + 0.06 for text in texts_]
    room = [middle - panel[0] + 0.2, panel[1] - middle + 0.2]
    narrow = [min(1.0, need) for need in needed]
    key = "direction"
    if all(r >= n for r, n in zip(room, narrow, strict=True)):
        broken = [wrap(text, r - 0.06, size, bold) for text, r in zip(texts_, room, strict=True)]
        for lines, x, align in zip(broken, (middle - 0.06, middle + 0.06), ("right", "left"), strict=True):
            for n, line in enumerate(lines):
                page.placed.append(
                    Placed(line, x, y + (n + 0.5) * height(1, size), align, size, bold, key=key)
                )
        return y + max(len(lines) for lines in broken) * height(1, size)
    if sum(needed) <= panel[1] - panel[0]:
        for text, x, align in zip(texts_, panel, ("left", "right"), strict=True):
            page.placed.append(Placed(text, x, y + 0.5 * height(1, size), align, size, bold, key=key))
        return y + height(1, size)
    for text, x, align in zip(texts_, panel, ("left", "right"), strict=True):
        for line in wrap(text, panel[1] - panel[0], size, bold):
            page.placed.append(Placed(line, x, y + 0.5 * height(1, size), align, size, bold, key=key))
            y += height(1, size)
    return y

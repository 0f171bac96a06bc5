"""Where everything on a forest plot goes, in inches from the top left corner."""

from __future__ import annotations

from collections.abc import Sequence

from meta.plots.axis import Axis, Fits, Reading, make_axis
from meta.plots.beside_the_panel import below, beside, directions, under
from meta.plots.boxes import (
    GAP,
    LABEL_WIDTH,
    MARGIN,
    NOTES_WIDTH,
    PART_GAP,
    Band,
    Layout,
    Page,
    Placed,
    Symbol,
)
from meta.plots.column_cells import Cells, indentation, measure, number_size, strong
from meta.plots.figure_rows import ClaimMark, Row
from meta.plots.text_columns import Column, SymbolColumn, TextColumn
from meta.plots.text_size import height, width, wrap
from meta.plots.themes import Theme


def page(
    rows: Sequence[Row],
    left: Sequence[Column],
    right: Sequence[Column],
    theme: Theme,
    how: Reading,
    ends: tuple[float, float],
    *,
    title: str | None = None,
    notes: Sequence[str] = (),
    labels: tuple[str, str] | None = None,
    claim: ClaimMark | None = None,
    axis_label: str = "",
    models: Sequence[tuple[str, str, str]] = (),
) -> Layout:
    """Measure every text and say where it goes."""
    build = Page(rows, theme, how)
    size = theme.font_size
    cells = {
        "left": [measure(c, rows, theme) for c in left],
        "right": [measure(c, rows, theme) for c in right],
    }
    trailing = _trailing(rows)
    extents, x = _columns(cells["left"], MARGIN, rows, theme)
    short = _shortage(rows, cells["left"], extents, x - GAP, theme)
    if short > 0:
        first = extents[0]
        extents = [(first[0], first[1] + short), *((a + short, b + short) for a, b in extents[1:])]
        x += short
    left_end = x - GAP
    panel_left = left_end + 0.24
    panel_right = panel_left + theme.panel_width
    right_extents, x = _columns(cells["right"], panel_right + 0.24, rows, theme)
    total = x - GAP + MARGIN if cells["right"] else panel_right + 0.24
    axis = make_axis(*ends, how, _fitter(ends, theme))

    y = MARGIN
    if title:
        for line in wrap(title, total - 2 * MARGIN, size + 2, True):
            build.placed.append(
                Placed(line, MARGIN, y + 0.5 * height(1, size + 2), "left", size + 2, True, key="title")
            )
            y += height(1, size + 2)
        y += 0.08
    if labels and theme.directions_on_top:
        y = directions(build, labels, axis, (panel_left, panel_right), y, bold=True) + 0.02
    y = _header(
        build,
        [*cells["left"], *cells["right"]],
        [*extents, *right_extents],
        y,
        claim,
        axis,
        (panel_left, panel_right),
    )
    build.rules.append((MARGIN, total - MARGIN, y))
    top = y + 0.03

    flat = [*zip(cells["left"], extents, strict=True), *zip(cells["right"], right_extents, strict=True)]
    bands, y = _body(build, flat, top, left_end, (panel_left, panel_right), trailing)
    bottom = y + 0.03
    build.rules.append((MARGIN, left_end, bottom))
    if cells["right"]:
        build.rules.append((panel_right + 0.24, total - MARGIN, bottom))
    notes_bottom = beside(build, rows[len(rows) - trailing :], bottom + 0.05, left_end)
    axis_bottom = under(build, axis_label, labels, axis, (panel_left, panel_right), bottom)
    y = max(notes_bottom, axis_bottom)
    y = below(build, models, notes, y, total)
    named = {cell.column.name: extent for cell, extent in flat}
    return Layout(
        total,
        y + MARGIN,
        (panel_left, top, panel_right, bottom),
        axis,
        tuple(bands),
        named,
        tuple(build.placed),
        tuple(build.symbols),
        tuple(build.rules),
        theme.small,
    )


def _shortage(
    rows: Sequence[Row],
    cells: Sequence[Cells],
    extents: Sequence[tuple[float, float]],
    left_end: float,
    theme: Theme,
) -> float:
    """How much wider the label column must be for what is written across it."""
    short = 0.0
    roomy = theme.page_width is None or theme.page_width >= 5.0
    if any(row.kind == "note" or row.summary for row in rows):
        short = (NOTES_WIDTH if roomy else 0.33 * (theme.page_width or 0.0)) - (left_end - MARGIN)
    flat = list(zip(cells, extents, strict=True))
    for i, row in enumerate(rows):
        if row.summary:
            needed = min(width(row.label, theme.font_size, strong(row)), LABEL_WIDTH if roomy else 1.0)
            short = max(short, needed - _free(row, i, flat, left_end))
    return short


def _free(row: Row, i: int, flat: Sequence[tuple[Cells, tuple[float, float]]], left_end: float) -> float:
    """Room for a row's label, up to the first column in which the row has something."""
    free = left_end
    if row.kind not in ("note", "group"):
        for cell, extent in flat[1:]:
            if extent[1] <= left_end + 1e-9 and any(any(parts) for parts in cell.parts[i]):
                start = extent[1] - cell.body if cell.align == "right" else extent[0]
                free = min(free, start - GAP)
    return free - flat[0][1][0] - indentation(row)


def _trailing(rows: Sequence[Row]) -> int:
    """How many notes at the end stand beside the axis."""
    count = 0
    while count < len(rows) and rows[len(rows) - 1 - count].kind == "note":
        count += 1
    return count


def _fitter(ends: tuple[float, float], theme: Theme) -> Fits:
    low, high = ends

    def fits(positions: Sequence[float], labels: Sequence[str]) -> bool:
        inches = [(x - low) / (high - low) * theme.panel_width for x in positions]
        widths = [width(text, theme.small) for text in labels]
        return all(
            b - a > 0.5 * (u + v) + 0.18
            for a, b, u, v in zip(inches, inches[1:], widths, widths[1:], strict=False)
        )

    return fits


def _columns(
    cells: Sequence[Cells], x: float, rows: Sequence[Row], theme: Theme
) -> tuple[list[tuple[float, float]], float]:
    """Place columns side by side; a shared heading may push them apart."""
    extents: list[tuple[float, float]] = []
    start = x
    for i, cell in enumerate(cells):
        wide = max(cell.body, cell.header_width(theme.font_size))
        group = cell.column.group
        if group:
            members = [c for c in cells if c.column.group == group]
            inner = GAP if isinstance(cell.column, TextColumn) else 0.07
            gaps = inner * (len(members) - 1)
            own = sum(max(c.body, c.header_width(theme.font_size)) for c in members) + gaps
            wide += max(0.0, width(group, theme.font_size, True) - own) / len(members)
        extents.append((start, start + wide))
        following = cells[i + 1].column.group if i + 1 < len(cells) else ""
        close = isinstance(cell.column, SymbolColumn) and following == group
        start += wide + (0.07 if close else GAP)
    return extents, start


def _header(
    page: Page,
    cells: Sequence[Cells],
    extents: Sequence[tuple[float, float]],
    y: float,
    claim: ClaimMark | None,
    axis: Axis,
    panel: tuple[float, float],
) -> float:
    """Put headings above the columns, those of a group below their common one."""
    size = page.theme.font_size
    groups: dict[str, list[tuple[float, float]]] = {}
    for cell, extent in zip(cells, extents, strict=True):
        if cell.column.group:
            groups.setdefault(cell.column.group, []).append(extent)
    claim_lines = wrap(claim.label, panel[1] - panel[0], size - 0.5, True) if claim is not None else ()
    depths = [height(len(c.head), size) + (height(1, size) + 0.05 if c.column.group else 0.0) for c in cells]
    bottom = y + max([*depths, height(len(claim_lines), size)]) + 0.03
    for name, members in groups.items():
        x0, x1 = members[0][0], members[-1][1]
        line = bottom - 0.03 - height(max(len(c.head) for c in cells if c.column.group == name), size) - 0.03
        page.placed.append(
            Placed(name, 0.5 * (x0 + x1), line - 0.5 * height(1, size), "center", size, True, key="header")
        )
        page.rules.append((x0, x1, line))
    for cell, extent in zip(cells, extents, strict=True):
        align = cell.align
        x = {"left": extent[0], "right": extent[1], "center": 0.5 * sum(extent)}[align]
        for back, words in enumerate(reversed(cell.head)):
            middle = bottom - 0.03 - (back + 0.5) * height(1, size)
            page.placed.append(Placed(words, x, middle, align, size, True, key="header"))
    for back, words in enumerate(reversed(claim_lines)):
        half = 0.5 * width(words, size - 0.5, True)
        at = panel[0] + (claim.value - axis.low) / (axis.high - axis.low) * (panel[1] - panel[0])  # type: ignore[union-attr]
        x = min(max(at, panel[0] + half), panel[1] - half)
        middle = bottom - 0.03 - (back + 0.5) * height(1, size)
        page.placed.append(
            Placed(words, x, middle, "center", size - 0.5, True, role="claim", key="claim-label")
        )
    return bottom


def _body(
    page: Page,
    flat: Sequence[tuple[Cells, tuple[float, float]]],
    top: float,
    left_end: float,
    panel: tuple[float, float],
    trailing: int,
) -> tuple[list[Band], float]:
    rows, theme = page.rows, page.theme
    size = theme.font_size
    line = height(1, size)
    bands: list[Band] = []
    y = top
    for i, row in enumerate(rows):
        if i >= len(rows) - trailing:
            bands.append(Band(y, y, y))
            continue
        if row.kind == "gap":
            tall = 0.45 * theme.row_height
            bands.append(Band(y, y + tall, y + 0.5 * tall))
            y += tall
            continue
        label = _label(row, i, flat, left_end, theme)
        reason = _reason(row, panel, theme)
        note_size = theme.small if row.kind == "note" else size
        deepest = max([len(label), len(reason), *(len(cell.parts[i]) for cell, _ in flat[1:])])
        tall = max(theme.row_height, deepest * height(1, note_size) + (0.05 if deepest > 1 else 0.0))
        drop = 0.0
        if row.density is not None:
            drop = 1.3 * theme.row_height
        band = Band(y, y + tall + drop, y + drop + 0.5 * tall)
        bands.append(band)
        bold = strong(row) or row.kind == "group"
        for n, text in enumerate(label):
            at = band.middle + (n - 0.5 * (len(label) - 1)) * height(1, note_size)
            x = flat[0][1][0] + indentation(row)
            role = "muted" if row.kind == "note" or row.shape == "none" else "text"
            page.placed.append(
                Placed(text, x, at, "left", note_size, bold, role=role, key=f"{row.key}-label")
            )
        for n, text in enumerate(reason):
            at = band.middle + (n - 0.5 * (len(reason) - 1)) * height(1, theme.small)
            page.placed.append(
                Placed(
                    text,
                    0.5 * sum(panel),
                    at,
                    "center",
                    theme.small,
                    italic=True,
                    role="reason",
                    key=f"{row.key}-reason",
                )
            )
        if row.kind not in ("note", "group"):
            for cell, extent in flat[1:]:
                _cell(page, cell, extent, i, band.middle, line)
        y = band.bottom
    return bands, y


def _label(
    row: Row, i: int, flat: Sequence[tuple[Cells, tuple[float, float]]], left_end: float, theme: Theme
) -> tuple[str, ...]:
    """Lines of a row's label; a summary's runs on over columns in which it has nothing."""
    if row.kind == "study":
        return tuple(parts[0] for parts in flat[0][0].parts[i])
    limit = max(_free(row, i, flat, left_end), 0.8)
    bold = strong(row) or row.kind == "group"
    return wrap(row.label, limit, theme.small if row.kind == "note" else theme.font_size, bold)


def _reason(row: Row, panel: tuple[float, float], theme: Theme) -> tuple[str, ...]:
    if row.shape != "none" or not row.reason:
        return ()
    return wrap(row.reason, panel[1] - panel[0] - 0.1, theme.small)


def _cell(page: Page, cell: Cells, extent: tuple[float, float], i: int, middle: float, line: float) -> None:
    row, size = page.rows[i], page.theme.font_size
    if isinstance(cell.column, SymbolColumn):
        value = row.cells.get(cell.column.key)
        page.symbols.append(Symbol(value, 0.5 * sum(extent), middle, 0.36 * page.theme.row_height))
        return
    role = "muted" if row.shape == "none" else "text"
    count = len(cell.parts[i])
    bold = strong(row)
    size = number_size(row, size)
    for n, parts in enumerate(cell.parts[i]):
        y = middle + (n - 0.5 * (count - 1)) * line
        if len(parts) <= 1:
            x = {"left": extent[0], "right": extent[1], "center": 0.5 * sum(extent)}[cell.align]
            for text in filter(None, parts):
                page.placed.append(
                    Placed(text, x, y, cell.align, size, bold, role=role, key=f"{row.key}-cell")
                )
            continue
        x = extent[1] - cell.body if cell.align == "right" else extent[0]
        for text, wide in zip(parts, cell.widths, strict=True):
            if text:
                page.placed.append(
                    Placed(text, x + wide, y, "right", size, bold, role=role, key=f"{row.key}-cell")
                )
            x += wide + PART_GAP

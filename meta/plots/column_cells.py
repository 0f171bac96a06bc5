"""The columns of a forest plot as measured cells: their texts and how wide they are, in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meta.plots.boxes import BOLD_DIGITS, INDENT, PART_GAP
from meta.plots.figure_rows import Row
from meta.plots.text_columns import Column, SymbolColumn, alignment, texts
from meta.plots.text_size import width, wrap
from meta.plots.themes import Theme


@dataclass(frozen=True, slots=True)
class Cells:
    """One column, its texts (lines of parts) and the width of each part."""

    column: Column
    parts: list[tuple[tuple[str, ...], ...]]
    widths: tuple[float, ...]
    head: tuple[str, ...]
    align: str

    @property
    def body(self) -> float:
        """Width of the texts below the header."""
        return sum(self.widths) + PART_GAP * max(0, len(self.widths) - 1)

    def header_width(self, size: float) -> float:
        """Return the width of the header's widest line."""
        return max((width(line, size, True) for line in self.head), default=0.0)


def measure(column: Column, rows: Sequence[Row], theme: Theme) -> Cells:
    """Return a column's texts, broken into lines, and their widths."""
    size = theme.font_size
    if isinstance(column, SymbolColumn):
        side = 0.8 * theme.row_height
        return Cells(column, [() for _ in rows], (side,), (column.name,), "center")
    found = texts(column, rows, theme.decimal)
    limit = column.width or (theme.label_width if column.key == "study" else None)
    lines: list[tuple[tuple[str, ...], ...]] = []
    for row, parts in zip(rows, found, strict=True):
        if column.key == "study":
            free = row.kind in ("note", "gap", "group") or row.summary
            indent = indentation(row)
            broken = (
                ((row.label,),) if free else tuple((t,) for t in wrap(row.label, (limit or 9) - indent, size))
            )
            lines.append(broken)
        elif parts and isinstance(parts[0], tuple):
            lines.append(parts)
        elif len(parts) == 1 and limit is not None:
            lines.append(tuple((t,) for t in wrap(parts[0], limit, size)))
        else:
            lines.append((parts,) if parts else ())
    count = max((len(part) for entry in lines for part in entry), default=1)
    widths = [0.0] * count
    alone = 0.0
    for row, entry in zip(rows, lines, strict=True):
        for parts in entry:
            if column.key == "study":
                if row.kind == "study":
                    widths[0] = max(widths[0], indentation(row) + width(parts[0], size))
            elif len(parts) == count:
                shown = number_size(row, size), strong(row)
                widths = [max(w, width(text, *shown)) for w, text in zip(widths, parts, strict=True)]
            elif parts:
                alone = max(alone, width(parts[0], number_size(row, size), strong(row)))
    spare = alone - (sum(widths) + PART_GAP * (count - 1))
    if spare > 0:
        widths[0] += spare
    values = [row.cells.get(column.key) for row in rows] if isinstance(column.key, str) else []
    head = (
        wrap(column.name, max(1.15 * sum(widths), 1.2), size, True)
        if len(column.name) > 14
        else (column.name,)
    )
    return Cells(column, lines, tuple(widths), head, alignment(column, values))


def strong(row: Row) -> bool:
    """Whether a row is printed in bold."""
    return row.summary and row.kind != "prediction"


def number_size(row: Row, size: float) -> float:
    """Return the font size of a row's numbers."""
    return size * BOLD_DIGITS if strong(row) else size


def indentation(row: Row) -> float:
    """Return how far a row's label is set in."""
    return INDENT if row.key.startswith("group-") and row.kind != "group" else 0.0

"""A table before its header is known: rows of cells as text, each with its number in the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells as text.

    Attributes
    ----------
    rows : list of list of str
        Cells of the rows that hold anything, stripped; the rows may differ in length.
    lines : list of int
        Number of each row in the file or the sheet, from 1.
    separator : str
        "," ";" "\\t" "|" or " " (any run of blanks); empty for cells of a sheet.
    quoted : frozenset of int
        Positions in ``rows`` whose first cell stood in quotes.
    merged : tuple of (int, int, int, int)
        Merged cells of a sheet: first line, first column, last line, last column (columns from 0).
    notes : tuple of str
        What the reading left out, to be said.
    """

    rows: list[list[str]]
    lines: list[int]
    separator: str = ""
    quoted: frozenset[int] = frozenset()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Number of columns of the widest row."""
        return max(map(len, self.rows), default=0)

"""Where a table's header and body are: titles above, notes below, headers of several rows, row names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from meta.errors import InputError
from meta.tables.cell_grid import Grid
from meta.tables.headers import joined, unique
from meta.tables.numerals import is_missing, looks_numeric

_NOTE = re.compile(
    r"(note|source|abbreviation|legend|data (are|from)|anmerkung|quelle|remarque|nota|fuente)s?\b|[*†‡§¶#]",
    re.IGNORECASE,
)
_LOOKED_AT = 60
"""Rows among which a header is searched; no title is longer."""


@dataclass(frozen=True, slots=True)
class Body:
    """A table with its header found.

    Attributes
    ----------
    names : list of str
        Names of the columns; those that several columns have occur several times.
    rows : list of list of str
        Cells, all rows as long as the header.
    lines : list of int
        Number of each row in the file or sheet.
    notes : list of str
        What was recognised, to be said.
    comma : bool
        Whether the separator lets a comma be a decimal sign.
    """

    names: list[str]
    rows: list[list[str]]
    lines: list[int]
    notes: list[str] = field(default_factory=list)
    separator: str = ""


def lay_out(grid: Grid, name: str, *, header: Sequence[int] | None = None, skip: int | None = None) -> Body:
    """Find the header and the rows of a table.

    Parameters
    ----------
    grid : Grid
        Rows of cells.
    name : str
        Of the file, for messages.
    header : sequence of int, optional
        Numbers of the lines (from 1) that hold the header; otherwise it is recognised.
    skip : int, optional
        Number of lines to leave out at the top.

    Raises
    ------
    InputError
        If no table is found, or a row has more cells than the header.

    Examples
    --------
    >>> grid = Grid([["Table 1"], ["study", "yi"], ["A", "0.1"]], [1, 2, 3], ",")
    >>> body = lay_out(grid, "x.csv")
    >>> body.names, body.rows, body.notes
    (['study', 'yi'], [['A', '0.1']], ['header: line 2 (--header names another)'])
    """
    if skip:
        kept = [place for place, line in enumerate(grid.lines) if line > skip]
        grid = _part(grid, kept)
    if not grid.rows:
        raise InputError(f"{name!r} is not a table: it is empty; give a header and one row per study")
    if header is None:
        at = _find_header(grid)
        places = [at, at + 1] if _two_rows(grid, at) else [at]
    else:
        places = _stated(grid, header, name)
    notes = list(grid.notes)
    if header is None and (places[0] > 0 or len(places) > 1):
        told = " and ".join(str(grid.lines[place]) for place in places)
        notes.append(f"header: line{'s' if len(places) > 1 else ''} {told} (--header names another)")
    top = [_stripped(grid.rows[place]) for place in places]
    names = joined(top, [_spans(grid, grid.lines[place]) for place in places])
    below = list(range(places[-1] + 1, len(grid.rows)))
    names = _with_row_names(grid, names, below, notes)
    below = below[: len(below) - _notes_below(grid, below, len(names), notes)]
    if not below:
        raise InputError(f"{name!r} is not a table: it has a header but no rows; give one row per study")
    rows = _even(grid, below, len(names), name)
    return _without_empty(Body(names, rows, [grid.lines[place] for place in below], notes, grid.separator))


def _part(grid: Grid, kept: list[int]) -> Grid:
    quoted = frozenset(new for new, old in enumerate(kept) if old in grid.quoted)
    rows, lines = [grid.rows[place] for place in kept], [grid.lines[place] for place in kept]
    return Grid(rows, lines, grid.separator, quoted, grid.merged, grid.notes)


def _stripped(row: list[str]) -> list[str]:
    return [" ".join(cell.split()) for cell in row]


def _filled(row: list[str]) -> int:
    return sum(1 for cell in row if cell and not cell.isspace())


def _stated(grid: Grid, header: Sequence[int], name: str) -> list[int]:
    places = []
    for line in header:
        if line not in grid.lines:
            raise InputError(f"line {line} of {name!r} is empty or does not exist, so it is not the header")
        places.append(grid.lines.index(line))
    return places


def _find_header(grid: Grid) -> int:
    """Position of the header: the first row that is filled nearly as far as the rows below it.

    Titles fill one cell or two; three fifths leave room for merged cells of a header of two rows.
    """
    looked = grid.rows[:_LOOKED_AT]
    counts = [_filled(row) for row in looked]
    usual = Counter(count for count in counts if count > 1)
    if not usual or len(looked) < 2:
        return 0
    width = max(usual.items(), key=lambda item: (item[1], item[0]))[0]
    for place, (row, count) in enumerate(zip(looked[:-1], counts[:-1], strict=True)):
        if count < 2 and width > 1:
            continue
        if count >= 0.6 * width or _spans(grid, grid.lines[place]):
            return place if _is_text(row) or not _text_below(looked, place, width) else place + 1
    return 0


def _is_text(row: list[str]) -> bool:
    """Whether hardly a cell is a number: years may be names of columns, but most names are words."""
    cells = [cell.strip() for cell in row if cell.strip()]
    return sum(looks_numeric(cell) for cell in cells) <= len(cells) / 2


def _text_below(rows: list[list[str]], place: int, width: int) -> bool:
    return place + 1 < len(rows) and _filled(rows[place + 1]) >= 0.6 * width and _is_text(rows[place + 1])


def _spans(grid: Grid, line: int) -> list[tuple[int, int]]:
    """First and last columns of the cells of a line that are merged across."""
    return [(left, right) for top, left, _, right in grid.merged if top == line and right > left]


def _two_rows(grid: Grid, at: int) -> bool:
    """Whether the row below the header belongs to it: words throughout, with gaps or repeats above it."""
    if at + 2 >= len(grid.rows):
        return False
    top, second = _stripped(grid.rows[at]), _stripped(grid.rows[at + 1])
    cells = [cell for cell in second if cell]
    if len(cells) < 2 or any(looks_numeric(cell) or is_missing(cell) for cell in cells):
        return False
    top = top + [""] * (len(second) - len(top))
    gaps = [i for i, cell in enumerate(second) if cell and not top[i]]
    twice = len(set(filter(None, top))) < len(list(filter(None, top)))
    below = grid.rows[at + 2]
    numbers = sum(looks_numeric(cell.strip()) for cell in below)
    return bool(gaps or (twice and _repeats(second))) and numbers > 0


def _repeats(names: list[str]) -> bool:
    return len(set(names)) < len(names)


def _with_row_names(grid: Grid, names: list[str], below: list[int], notes: list[str]) -> list[str]:
    """Names with one more at the front where every row has one cell more, as R's write.table leaves it."""
    width = len(names)
    if not below or grid.separator == "" or any(len(grid.rows[place]) != width + 1 for place in below):
        return names
    first = [grid.rows[place][0].strip() for place in below]
    plain = len(set(first)) == len(first) and not any(looks_numeric(cell) for cell in first)
    sure = grid.separator in " \t" or all(place in grid.quoted for place in below)
    if not (sure or (plain and len(first) > 1)):
        return names
    notes.append("the header has one name less than the rows have cells, so the first cells are row names")
    numbered = first == [str(i) for i in range(1, len(first) + 1)]
    return ["row" if numbered or "study" in map(str.lower, names) else "study", *names]


def _notes_below(grid: Grid, below: list[int], width: int, notes: list[str]) -> int:
    """How many rows at the end are notes: one filled cell of several, of words, and apart from the table."""
    found = 0
    for place in reversed(below):
        row = [cell.strip() for cell in grid.rows[place] if cell.strip()]
        if width < 3 or len(row) > 2 or (len(row) == 2 and not _NOTE.match(row[0])):
            break
        apart = grid.lines[place] > grid.lines[place - 1] + 1
        words = len(row[0].split()) > 4 or len(row[0]) > 40
        if looks_numeric(row[0]) or not (_NOTE.match(row[0]) or words or apart):
            break
        found += 1
    if found == len(below):
        return 0
    if found:
        told = [str(grid.lines[place]) for place in below[len(below) - found :]]
        ends = told[0] if found == 1 else f"{told[0]} to {told[-1]}"
        notes.append(f"notes below the table left out: line{'s' if found > 1 else ''} {ends}")
    return found


def _even(grid: Grid, below: list[int], width: int, name: str) -> list[list[str]]:
    """Rows as long as the header; a row with more cells than that is refused."""
    rows = []
    for place in below:
        row = grid.rows[place]
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            raise InputError(
                f"{name!r} is not a table: line {grid.lines[place]} has {len(row)} cells, and the header has "
                f"{width}; quote cells that contain {_told(grid.separator)}"
            )
        rows.append(row if len(row) == width else [*row, *[""] * (width - len(row))][:width])
    return rows


def _told(separator: str) -> str:
    return "blanks" if separator == " " else repr(separator) if separator else "several values"


def _without_empty(body: Body) -> Body:
    """Without columns that have neither a name nor a value; other columns without a name are numbered."""
    bare = [place for place, name in enumerate(body.names) if not name]
    gone = {place for place in bare if not any(row[place].strip() for row in body.rows)}
    if len(gone) == len(body.names):
        gone = set()
    kept = [place for place in range(len(body.names)) if place not in gone]
    names = unique([body.names[place] or f"column {place + 1}" for place in kept])
    rows = body.rows if not gone else [[row[place] for place in kept] for row in body.rows]
    return Body(names, rows, body.lines, body.notes, body.separator)

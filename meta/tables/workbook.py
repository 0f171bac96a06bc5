"""Sheets of a workbook as rows of cells, read sparsely and within limits."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from meta.errors import InputError
from meta.tables.cell_grid import Grid
from meta.tables.numerals import Typed
from meta.tables.splitting import MOST_COLUMNS

SHEETS = (".xlsx", ".xlsm")
OTHERS = (".xls", ".ods", ".xlsb")
MOST_BYTES = 400_000_000
"""Unzipped bytes of a workbook; a table of a hundred thousand rows and thirty columns has about 150 MB."""
MOST_CELL = 32_767
"""Characters in one cell, as many as Excel allows."""
MOST_GAP = 10_000
"""Empty rows in a row after which a sheet is over: a stray value in its last row is not part of a table."""
NEEDS = {".xls": "python-calamine", ".ods": "odfpy", ".xlsb": "pyxlsb"}


def sheets_of(path: Path, sheet: str | int | None = None) -> dict[str, Grid]:
    """The sheets of a workbook by name, or the one that is asked for (by name, or by number from 1).

    Raises
    ------
    InputError
        If the file is not a workbook, is too large, or has no such sheet.
    """
    if path.suffix.lower() in SHEETS:
        return _with_openpyxl(path, sheet)
    return _with_pandas(path, sheet)


def _with_openpyxl(path: Path, sheet: str | int | None) -> dict[str, Grid]:
    _check_size(path)
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            f"reading {path.name!r} needs the package openpyxl: pip install openpyxl, or save it as CSV"
        ) from None
    import warnings
    from xml.etree.ElementTree import ParseError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            names = [item.title for item in book.worksheets]
            chosen = names if sheet is None else [_named(names, sheet, path.name)]
            merged = _merged(path, book)
            found = {name: _grid(book[name], path.name, merged.get(name, ())) for name in chosen}
            book.close()
    except InputError:
        raise
    except (
        *(ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, ParseError),
        *(zipfile.BadZipFile, NotImplementedError, zipfile.LargeZipFile),
    ) as problem:
        raise InputError(f"{path.name!r} is not a spreadsheet that can be read: {problem}") from None
    return found


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as content:
            size = sum(item.file_size for item in content.infolist())
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as problem:
        raise InputError(f"{path.name!r} is not a spreadsheet that can be read: {problem}") from None
    if size > MOST_BYTES:
        raise InputError(
            f"{path.name!r} holds {size / 1e6:.0f} MB when unzipped, more than {MOST_BYTES / 1e6:.0f}; "
            "save the sheet as CSV"
        )


def _named(names: list[str], sheet: str | int, file: str) -> str:
    told = ", ".join(map(repr, names))
    text = str(sheet)
    if text in names:
        return text
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    raise InputError(f"{file!r} has no sheet {text!r}; it has {told}")


def _grid(page: Any, file: str, merged: tuple[tuple[int, int, int, int], ...]) -> Grid:
    """Rows of a sheet that hold anything, read one after the other; what is empty takes no room."""
    rows: list[list[str]] = []
    lines: list[int] = []
    notes: tuple[str, ...] = ()
    page.reset_dimensions()
    for line, cells in enumerate(page.iter_rows(), start=1):
        filled = [cell for cell in cells if getattr(cell, "value", None) is not None]
        if not filled:
            if line - (lines[-1] if lines else 0) > MOST_GAP:
                notes = (f"sheet {page.title!r} is read to line {line}, as {MOST_GAP} empty rows end it",)
                break
            continue
        last = int(filled[-1].column)
        if last > MOST_COLUMNS:
            raise InputError(f"{file!r} has a value in column {last}; a table has at most {MOST_COLUMNS}")
        row = [""] * last
        for cell in filled:
            row[int(cell.column) - 1] = as_text(cell.value)
        while row and not row[-1]:
            row.pop()
        if row:
            rows.append(row)
            lines.append(line)
    return _filled_down(Grid(rows, lines, "", frozenset(), merged, notes))


def _filled_down(grid: Grid) -> Grid:
    """The value of cells that are merged downwards, in each of their rows below the header."""
    place = {line: i for i, line in enumerate(grid.lines)}
    for top, left, bottom, right in grid.merged:
        at = place.get(top)
        if bottom == top or right > left or at is None or at + 1 >= len(grid.rows):
            continue
        if left >= len(grid.rows[at]):
            continue
        value = grid.rows[at][left]
        header = not any(isinstance(cell, Typed) for cell in grid.rows[at])
        for line in range(top + 1, bottom + 1):
            row = grid.rows[place[line]] if line in place else None
            if row is None or (header and not any(isinstance(cell, Typed) for cell in row)):
                continue
            row.extend([""] * (left + 1 - len(row)))
            row[left] = row[left] or value
    return grid


def as_text(value: Any) -> str:
    """A cell of a sheet as text; numbers as Excel shows them without a format, dates in ISO form.

    >>> as_text(12.0), as_text(0.1), as_text(None)
    ('12', '0.1', '')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        return Typed(int(value) if whole else repr(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value)[:MOST_CELL].strip()


def _merged(path: Path, book: Any) -> dict[str, tuple[tuple[int, int, int, int], ...]]:
    """Merged cells by sheet; reading rows alone leaves them out, so they are taken from the XML."""
    import re

    found = {}
    with zipfile.ZipFile(path) as content:
        for page in book.worksheets:
            inside = getattr(page, "_worksheet_path", "").lstrip("/")
            if inside not in content.namelist():
                continue
            with content.open(inside) as file:
                tail = _tail(file, content.getinfo(inside).file_size)
            spans = re.findall(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"', tail)
            found[page.title] = tuple(
                (int(top), _number_of(left), int(bottom), _number_of(right))
                for left, top, right, bottom in spans[:10_000]
            )
    return found


def _tail(file: Any, size: int) -> bytes:
    """The end of a sheet's XML, where the merged cells are listed; rows are not kept."""
    most = 2_000_000
    tail = b""
    while block := file.read(1 << 20):
        tail = (tail + block)[-most:]
    return tail


def _number_of(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number - 1


def _with_pandas(path: Path, sheet: str | int | None) -> dict[str, Grid]:
    """Old workbooks and those of other programs, which pandas reads where its extras are there."""
    try:
        frames = _frames(path, sheet)
    except ImportError:
        package = NEEDS.get(path.suffix.lower(), "python-calamine")
        raise InputError(
            f"reading {path.name!r} needs the package {package}: pip install {package}, or save it as .xlsx "
            "or CSV"
        ) from None
    except InputError:
        raise
    except Exception as problem:
        # xlrd's, calamine's and odfpy's errors have no common base; a defect of the file must not end in a
        # traceback of theirs.
        if isinstance(problem, OSError) and problem.errno:
            raise
        raise InputError(
            f"{path.name!r} cannot be read as a {path.suffix} workbook: {problem}; save it as .xlsx or CSV"
        ) from None
    return {name: _grid_of(frame) for name, frame in frames.items()}


def _frames(path: Path, sheet: str | int | None) -> dict[str, Any]:
    import warnings

    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pandas' own, of xlrd
        with pd.ExcelFile(path, engine=_engine(path)) as book:  # type: ignore[arg-type]
            names = [str(name) for name in book.sheet_names]
            chosen = names if sheet is None else [_named(names, sheet, path.name)]
            return {name: pd.read_excel(book, sheet_name=name, header=None, dtype=object) for name in chosen}


def _engine(path: Path) -> str | None:
    """What reads an old workbook: calamine, which pandas recommends, or xlrd where only that is installed."""
    from importlib.util import find_spec

    if path.suffix.lower() != ".xls":
        return None
    return "xlrd" if find_spec("xlrd") and not find_spec("python_calamine") else "calamine"


def _grid_of(frame: Any) -> Grid:
    rows, lines = [], []
    for number, row in enumerate(frame.itertuples(index=False), start=1):
        cells = [as_text(value) for value in row]
        if any(cells):
            rows.append(cells)
            lines.append(number)
    return Grid(rows, lines)

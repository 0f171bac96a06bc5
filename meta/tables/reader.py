"""The one reader: any file that holds a table, as columns, with what was recognised on the way."""

from __future__ import annotations

import gc
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import InputError
from meta.formatting import shown
from meta.keywords import keywords
from meta.tables import foreign, workbook
from meta.tables.cell_grid import Grid
from meta.tables.cell_text import column
from meta.tables.decimals import decide
from meta.tables.encoding import decode_as
from meta.tables.headers import repeated
from meta.tables.naming import is_count, is_size, named_parts
from meta.tables.numerals import Typed, looks_numeric
from meta.tables.printed import parts_of
from meta.tables.splitting import split
from meta.tables.table_layout import Body, lay_out

if TYPE_CHECKING:
    import pandas as pd

WORKBOOKS = (*workbook.SHEETS, *workbook.OTHERS)
MOST_TEXT = 1_000_000_000
"""Bytes of a text file that is read at all: a hundred thousand rows of thirty columns have 20 MB."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a caller says of a file instead of having it recognised.

    Attributes
    ----------
    sheet : str, int or None
        Name of a sheet, or its number from 1.
    header : tuple of int or None
        Numbers of the lines that hold the header, from 1.
    skip : int or None
        Lines to leave out at the top.
    decimal : str or None
        "." or ",".
    encoding : str or None
        A codec of Python.
    """

    sheet: str | int | None = None
    header: tuple[int, ...] | None = None
    skip: int | None = None
    decimal: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table as it was read.

    Attributes
    ----------
    columns : dict of str to ndarray
        Numbers (NaN where missing) or text (None where missing); the parts of cells that hold several numbers
        follow the column that they come from.
    notes : tuple of str
        What was recognised, each to be said once.
    doubts : dict of str to str
        Columns that may be read in two ways, each with the sentence that says so.
    repeated : frozenset of str
        Names that several columns have; those are kept as ``name.1``, ``name.2``.
    lines : tuple of int
        Number of each row in the file or sheet.
    parts : dict of str to dict of str to str
        By column whose cells hold several numbers: the column of each fact.
    comma : bool
        Whether decimals are written with a comma.
    """

    columns: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    lines: tuple[int, ...] = ()
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    comma: bool = False


def choices_of(
    *,
    sheet: str | int | None = None,
    header: int | Sequence[int] | str | None = None,
    skip: int | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> Choices:
    """Check what a caller says of a file.

    >>> choices_of(header="1,2").header, choices_of(header=3).header
    ((1, 2), (3,))
    """
    lines = _header_lines(header)
    if skip is not None and (isinstance(skip, bool) or not isinstance(skip, int) or skip < 0):
        raise InputError(f"skip must be a whole number >= 0, not {shown(skip)}")
    if decimal is not None and not (isinstance(decimal, str) and decimal in (".", ",")):
        raise InputError(f"decimal must be '.' or ',', not {shown(decimal)}")
    if sheet is not None and not isinstance(sheet, (str, int)):
        raise InputError(f"sheet must be a name or a number from 1, not {shown(sheet)}")
    if encoding is not None and not isinstance(encoding, str):
        raise InputError(f"encoding must be the name of one, such as utf-8, not {shown(encoding)}")
    return Choices(sheet, lines, skip, decimal, encoding)


def _header_lines(header: Any) -> tuple[int, ...] | None:
    if header is None:
        return None
    several = isinstance(header, (list, tuple, range, np.ndarray))
    parts = header.split(",") if isinstance(header, str) else list(header) if several else [header]
    try:
        lines = tuple(int(part) for part in parts)
    except (TypeError, ValueError):
        lines = ()
    if not lines or min(lines) < 1 or list(lines) != list(range(lines[0], lines[0] + len(lines))):
        raise InputError(
            f"header must be the number of a line, from 1, or of lines that follow each other such as 1,2; "
            f"not {shown(header)}"
        )
    return lines


def read_file(path: Path, choices: Choices | None = None) -> TableFile:
    """Read a file that is not a RevMan review, by its ending and its content."""
    choices = choices or Choices()
    check_file(path)
    ending = path.suffix.lower()
    if ending in foreign.ENDINGS:
        _refuse_layout(choices, path)
        return _plain(*foreign.read_foreign(path))
    if ending in WORKBOOKS or (ending not in TEXTS and _is_zip(path)):
        return _from_workbook(path, choices)
    _refuse_sheet(choices, path.name)
    return read_text(path.read_bytes(), path.name, choices)


TEXTS = (".csv", ".txt", ".tsv", ".tab", ".dat", ".prn", ".asc", "", ".text", ".md", ".psv")


READ = (*TEXTS, *WORKBOOKS, *foreign.ENDINGS)
"""Endings of files that are tables."""


def check_file(path: Path) -> None:
    """Refuse what is not a regular file (folders, devices, pipes) and files that are too large."""
    try:
        about = path.stat()
    except FileNotFoundError:
        raise InputError(f"no file {str(path)!r}; give the path of a CSV, TSV or Excel file, or -") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{str(path)!r} cannot be read: {getattr(problem, 'strerror', problem)}") from None
    if stat.S_ISDIR(about.st_mode):
        raise InputError(f"{str(path)!r} is a folder; give the path of a CSV, TSV or Excel file, or -")
    if not stat.S_ISREG(about.st_mode):
        raise InputError(f"{str(path)!r} is not a regular file; give a file, or - for standard input")
    if about.st_size > MOST_TEXT:
        raise InputError(f"{str(path)!r} has {about.st_size / 1e9:.1f} GB, more than {MOST_TEXT / 1e9:g}")


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _refuse_sheet(choices: Choices, name: str) -> None:
    if choices.sheet is not None:
        raise InputError(f"sheet={choices.sheet!r} belongs to workbooks, and {name!r} is text; leave it out")


def read_text(content: bytes, name: str, choices: Choices | None = None) -> TableFile:
    """Read the bytes of a text file.

    >>> read_text(b"study;yi\\nA;0,5\\n", "x.csv").columns["yi"].tolist()
    [0.5]
    """
    with _without_collector():
        return _from_bytes(content, name, choices or Choices())


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of cells hold no circles; looking for some would take a third of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _from_bytes(content: bytes, name: str, choices: Choices) -> TableFile:
    text, encoding = decode_as(content, name, choices.encoding)
    notes = (f"encoding: {encoding} (--encoding names another)",) if encoding else ()
    return _from_grid(split(text, name), name, choices, notes)


def _from_workbook(path: Path, choices: Choices) -> TableFile:
    sheets = workbook.sheets_of(path, choices.sheet)
    if choices.encoding is not None:
        raise InputError(f"encoding={choices.encoding!r} belongs to text files, not to workbooks")
    holding = [name for name, grid in sheets.items() if _has_table(grid, choices)]
    name = holding[0] if holding else next(iter(sheets), "")
    if not name:
        raise InputError(f"{path.name!r} has no sheet")
    notes: tuple[str, ...] = ()
    if choices.sheet is None and (len(holding) > 1 or next(iter(sheets)) != name):
        others = ", ".join(repr(other) for other in sheets if other != name)
        notes = (f"sheet: {name!r}; there is also {others} (--sheet names another)",)
    return _from_grid(sheets[name], path.name, choices, notes)


def _has_table(grid: Grid, choices: Choices) -> bool:
    """Whether a sheet has a header, rows below it and a number among them."""
    if len(grid.rows) < 2 or grid.width < 2:
        return False
    try:
        body = lay_out(grid, "", header=choices.header, skip=choices.skip)
    except InputError:
        return False
    return len(body.names) > 1 and any(
        isinstance(cell, Typed) or (cell[:1].isdigit() and looks_numeric(cell))
        for row in body.rows[:50]
        for cell in row
    )


def _from_grid(grid: Grid, name: str, choices: Choices, notes: tuple[str, ...]) -> TableFile:
    body = lay_out(grid, name, header=choices.header, skip=choices.skip)
    found = columns_of_body(body, choices.decimal)
    return replace(found, notes=(*notes, *found.notes))


def columns_of_body(body: Body, decimal: str | None = None) -> TableFile:
    """Columns of a table whose header is known."""
    cells = dict(zip(body.names, map(list, zip(*body.rows, strict=True)), strict=True))
    decision = decide(cells, body.separator, is_count, decimal)
    comma = decision.decimal == ","
    columns: dict[str, np.ndarray] = {}
    notes = [*body.notes, *decision.notes]
    doubts = dict(decision.doubts)
    parts: dict[str, dict[str, str]] = {}
    for name, values in cells.items():
        if name in doubts:
            columns[name] = np.array([value.strip() or None for value in values], dtype=object)
            continue
        columns[name] = column(values, comma=comma)
        if columns[name].dtype.kind == "O":
            parts |= _split_up(name, values, decision.decimal, columns, list(cells), notes)
        elif is_size(name) and decimal is None and columns[name].dtype.kind == "f":
            doubts |= _thousands(name, values, columns[name], body.lines)
    names = repeated([item.rpartition(".")[0] or item for item in body.names if item not in ("",)])
    same = frozenset(name for name in names if f"{name}.1" in columns and f"{name}.2" in columns)
    return TableFile(columns, tuple(notes), doubts, same, tuple(body.lines), parts, comma)


def _split_up(
    name: str,
    cells: list[str],
    decimal: str,
    columns: dict[str, np.ndarray],
    taken: list[str],
    notes: list[str],
) -> dict[str, dict[str, str]]:
    """Add the parts of cells that hold several numbers as columns of their own."""
    found = parts_of(name, cells, decimal)
    if found is None:
        return {}
    places = named_parts(name, tuple(found.columns), taken)
    for fact, place in places.items():
        columns[place] = found.columns[fact]
    told = ", ".join(places.values())
    notes.append(f"{name!r} read as {found.kind}, as in {found.example!r}: {told}")
    return {name: places}


def _thousands(name: str, cells: list[str], numbers: np.ndarray, lines: Sequence[int]) -> dict[str, str]:
    """The doubt about a size such as 1.204, which is hardly a number of people but may be 1204."""
    with np.errstate(invalid="ignore"):
        parts = np.flatnonzero((numbers != np.rint(numbers)) & (numbers < 1000) & (numbers >= 1))
    for row in parts:
        text = cells[int(row)].strip()
        sign = "," if "," in text else "."
        if len(text.partition(sign)[2]) == 3:
            whole = text.replace(sign, "")
            return {
                name: f"{name} = {text!r} (line {lines[int(row)]}) may be {numbers[row]:g} or {whole}, as a "
                f"{'comma' if sign == ',' else 'point'} may group thousands; correct it, or say "
                f"--decimal {sign} (decimal={sign!r} in Python) if it is the decimal sign"
            }
    return {}


def _refuse_layout(choices: Choices, path: Path) -> None:
    """Refuse what only text and workbooks leave open."""
    for item in fields(choices):
        if getattr(choices, item.name) is not None:
            raise InputError(
                f"{item.name}={getattr(choices, item.name)!r} has no effect on {path.name!r}, as the layout "
                f"of a {path.suffix} file is known; leave it out"
            )


def _plain(columns: dict[str, Any], said: tuple[str, ...] = ()) -> TableFile:
    k = len(next(iter(columns.values())))
    found = dict(columns)
    parts: dict[str, dict[str, str]] = {}
    notes = list(said)
    for name, values in columns.items():
        if values.dtype.kind == "O" and all(x is None or isinstance(x, str) for x in values):
            cells = ["" if x is None else x for x in values]
            found[name] = column(cells)
            if found[name].dtype.kind == "O":
                parts |= _split_up(name, cells, ".", found, list(columns), notes)
    return TableFile(found, tuple(notes), {}, frozenset(), tuple(range(1, k + 1)), parts)


@keywords
def read_table(
    path: str | os.PathLike[str],
    *,
    sheet: str | int | None = None,
    header: int | Sequence[int] | None = None,
    skip: int | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> pd.DataFrame:
    """Read a table from a file, as its owner would read it.

    Parameters
    ----------
    path : str or Path
        Text (commas, semicolons, tabs, bars or blanks, as R, Excel and Stata write it), Excel, Stata, SPSS,
        SAS, Parquet or JSON.
    sheet : str or int, optional
        Sheet of a workbook, by name or by number from 1; otherwise the first that has a table.
    header : int or sequence of int, optional
        Line that holds the names of the columns, from 1, or two that follow each other.
    skip : int, optional
        Lines to leave out at the top.
    decimal : {".", ","}, optional
        The decimal sign; otherwise it is decided from all numbers of the table.
    encoding : str, optional
        Of a text file; otherwise UTF-8, UTF-16 and Windows-1252 are recognised.

    Returns
    -------
    DataFrame
        Numbers, with NaN where nothing was reported, and text. Cells that hold several numbers
        (``12/45``, ``5.3 (1.2)``, ``1.35 (1.11 to 1.64)``) stay text, and columns with their parts follow.
        ``attrs["notes"]`` lists what was recognised; ``attrs["doubts"]`` the columns whose numbers may be
        read in two ways.

    Raises
    ------
    InputError
        If the file is not a table.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "trials.csv")
    >>> with open(path, "w") as file:
    ...     _ = file.write("study;yi;sei\\nÁva 2001;0,31;0,10\\n")
    >>> table = read_table(path)
    >>> table["yi"].tolist(), table.attrs["notes"]
    ([0.31], ['decimal sign: comma (--decimal . for a point)'])
    """
    import pandas as pd

    from meta.arguments import check_path

    check_path(path, "path")
    choices = choices_of(sheet=sheet, header=header, skip=skip, decimal=decimal, encoding=encoding)
    found = read_file(Path(path), choices)
    frame = pd.DataFrame(found.columns)
    frame.attrs["notes"] = list(found.notes)
    frame.attrs["doubts"] = dict(found.doubts)
    return frame

"""Tables as columns; delimited text without pandas, so that pooling a small table does not wait for it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from meta.errors import InputError

SEPARATORS = ",;\t|"
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", ".", "-", "–", "#n/a"))
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")


def decode(content: bytes, name: str) -> str:
    """Text of a file: UTF-8 with or without a mark, or UTF-16 with one (Excel's "Unicode text").

    >>> decode("é".encode("utf-16"), "x.csv")
    'é'
    """
    if content[:4] == b"PK\x03\x04":
        raise InputError(f"{name!r} is a spreadsheet or zip file, not text; give it its own ending, .xlsx")
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name!r} is not UTF-8 text; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise InputError(f"{name!r} is not a table: it is binary; save it as CSV in UTF-8")
    return text


def parse(text: str, name: str) -> dict[str, np.ndarray]:
    """Columns of delimited text: whole numbers, numbers (NaN where missing) or text (None where missing).

    Commas, semicolons, tabs and bars separate; beside semicolons and tabs a comma may be a decimal mark.

    Raises
    ------
    InputError
        If there is no table in the text.

    Examples
    --------
    >>> parse("study;yi\\nA;0,5\\nB;−1\\n", "x.csv")["yi"].tolist()
    [0.5, -1.0]
    """
    rows, separator = _cells(text.lstrip("\ufeff"), name)
    return columns_of(rows, name, comma=separator in ";\t")


def columns_of(rows: list[list[str]], name: str, *, comma: bool = False) -> dict[str, np.ndarray]:
    """Columns of rows of cells of equal length, the first of them the header."""
    if not rows:
        raise InputError(f"{name!r} is not a table: it is empty; give one row a study and a header")
    names = [cell.strip() or f"column {i + 1}" for i, cell in enumerate(rows[0])]
    double = next((item for i, item in enumerate(names) if item in names[:i]), None)
    if double is not None:
        raise InputError(f"{name!r} is not a table: two columns are called {double!r}; rename one")
    if len(rows) == 1:
        raise InputError(f"{name!r} is not a table: it has a header but no rows; give one row a study")
    return {item: column([row[i] for row in rows[1:]], comma=comma) for i, item in enumerate(names)}


def _cells(text: str, name: str) -> tuple[list[list[str]], str]:
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=re.sub(r'"[^"]*"', "", first).count)
    if re.fullmatch(f"sep=[{SEPARATORS}]\r?", first):
        separator, text = first[4], text.lstrip("\r\n").partition("\n")[2]
    # Not splitlines: it would also cut at the rarer line ends (U+2028 and others) inside of cells.
    stream = io.StringIO(text, newline="")
    lines = csv.reader(stream, delimiter=separator, strict=True, skipinitialspace=True)
    found: list[list[str]] = []
    try:
        for row in lines:
            if not any(cell.strip() for cell in row):
                continue
            if found and len(row) > len(found[0]) and any(cell.strip() for cell in row[len(found[0]) :]):
                raise InputError(
                    f"{name!r} is not a table: line {lines.line_num} has {len(row)} cells, and the header "
                    f"has {len(found[0])}; quote cells that contain {separator!r}"
                )
            found.append(row)
    except csv.Error as problem:
        raise InputError(f"{name!r} is not a table: line {lines.line_num}: {problem}") from None
    width = len(found[0]) if found else 0
    return [[*row, *[""] * (width - len(row))][:width] for row in found], separator


def column(cells: list[str], *, comma: bool = False) -> np.ndarray:
    """One column, as numbers if all its cells are numbers or missing.

    >>> column(["1", "2"]).dtype.kind, column(["1", "NA"]).tolist(), column(["x", ""]).tolist()
    ('i', [1.0, nan], ['x', None])
    """
    plain = [cell.strip() for cell in cells]
    there = [cell.lower() not in MISSING for cell in plain]
    numbers = [_as_number(cell, comma) if here else "nan" for cell, here in zip(plain, there, strict=True)]
    if any(cell is None for cell in numbers):
        return np.array([cell or None for cell in plain], dtype=object)
    padded = any(len(cell) > 1 and cell[0] == "0" and cell.isdigit() for cell in plain)
    if padded:
        return np.array([cell or None for cell in plain], dtype=object)
    if all(there) and all(_WHOLE.fullmatch(cell) and len(cell) < 19 for cell in numbers if cell):
        return np.array([int(cell) for cell in numbers if cell], dtype=np.int64)
    return np.array(numbers, dtype=float)


def _as_number(cell: str, comma: bool) -> str | None:
    plain = cell.replace("−", "-")
    if comma and plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    return plain if _NUMBER.fullmatch(plain) else None


def from_spreadsheet(path: Path) -> dict[str, np.ndarray]:
    """Columns of the first sheet, cell by cell as text, so that it reads as the same table in CSV would."""
    from zipfile import BadZipFile

    import pandas as pd

    try:
        sheet = pd.read_excel(path, header=None, dtype=object)
    except ImportError as missing:
        raise InputError(f"reading {path.name!r} needs another package: {missing}") from None
    except (ValueError, KeyError, BadZipFile, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno:
            raise
        raise InputError(f"{path.name!r} is not a spreadsheet that can be read: {problem}") from None
    cells = [[_cell(value) for value in row] for row in sheet.itertuples(index=False)]
    return columns_of([row for row in cells if any(row)], path.name)


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    return str(value).strip()

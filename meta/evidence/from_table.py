"""Rows of a table (CSV, TSV, Excel) as flat records: one study a row, or several rows of one study."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meta.errors import EvidenceError
from meta.evidence.claims import ClaimsFile
from meta.evidence.columns import STUDY, known
from meta.evidence.entering import UNDECLARED, Record, study_from
from meta.evidence.field_names import authors_of, short_name, slug
from meta.evidence.problems import Problem
from meta.evidence.study_schema import Study

EXCEL = (".xlsx", ".xlsm")
BLANK = {"", "na", "n/a", "nan", "nr", "-", "–", "—", ".", "not reported", "#n/a"}
"""Cells that mean that nothing was reported."""


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes
    ----------
    headers : tuple of str
        The columns' names as they stand.
    rows : tuple of (int, dict of str to str)
        Number of the row in the sheet (the header is row 1) and its cells by header.
    comma : bool
        Whether decimals are written with a comma.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    comma: bool = False


@dataclass(frozen=True)
class Entry:
    """The rows of one study.

    Attributes
    ----------
    rows : tuple of int
        Their numbers in the sheet.
    study : dict of str to str
        What is said of the study, by flat name.
    results : tuple of dict of str to str
        One record a row.
    """

    rows: tuple[int, ...]
    study: dict[str, str]
    results: tuple[dict[str, str], ...] = ()
    comma: bool = field(default=False, repr=False)

    @property
    def where(self) -> str:
        """The rows in words."""
        return f"row{'s' if len(self.rows) > 1 else ''} {', '.join(map(str, self.rows))}"

    def make(self, claims: ClaimsFile = UNDECLARED) -> Study:
        """Return the study.

        Parameters
        ----------
        claims : ClaimsFile
            What it declares: the topic's words, outcomes and people.

        Raises
        ------
        EvidenceError
            If anything is missing or wrong; ``problems`` lists all of it.
        """
        return study_from(self.study, self.results, file=self.where, comma=self.comma, claims=claims)


def read_table(source: str | Path, *, sheet: str | None = None, text: str | None = None) -> Table:
    """Read a table; every cell stays the text that it is.

    Parameters
    ----------
    source : str or Path
        A .csv, .tsv, .txt, .xlsx or .xlsm file.
    sheet : str, optional
        Sheet of an Excel file; the first one otherwise.
    text : str, optional
        The table's text, where it does not come from a file.

    Raises
    ------
    EvidenceError
        If the file is missing, is not a table, or needs a package that is not there.
    """
    path = Path(source)
    if text is None and not path.is_file():
        raise EvidenceError(f"no file {str(source)!r}; give the path of a CSV, TSV or Excel file")
    if text is None and path.suffix.lower() in EXCEL:
        lines, comma = _excel(path, sheet), False
    elif text is None and path.suffix.lower() in (".xls", ".ods", ".numbers"):
        raise EvidenceError(f"{path.name!r} cannot be read; save it as .xlsx or as CSV in UTF-8")
    else:
        lines, comma = _delimited(_decoded(path) if text is None else text)
    return _table(path.name, lines, comma)


def entries(
    table: Table, common: Record, *, spelled: Callable[[str], str | None] = lambda name: None
) -> list[Entry]:
    """Group a table's rows by study.

    Parameters
    ----------
    table : Table
        As read.
    common : mapping of str to str
        Fields that hold for every row; a cell of the table goes before them.
    spelled : callable
        From a header that is not a flat name to the flat name it stands for, or None.

    Returns
    -------
    list of Entry
        Rows with the same id (or author and year, or label) belong to one study, with one result each.

    Raises
    ------
    EvidenceError
        If a header is unknown or stands twice, or rows of one study contradict each other.
    """
    names = _named(table.headers, spelled)
    found: dict[str, Entry] = {}
    problems: list[Problem] = []
    for number, cells in table.rows:
        record = {**common, **{names[header]: cell for header, cell in cells.items()}}
        own = {name: value for name, value in record.items() if name in STUDY}
        result = {name: value for name, value in record.items() if name not in STUDY}
        key = record.get("id") or _key(record) or f"row {number}"
        if key not in found:
            found[key] = Entry((number,), own, (result,) if result else (), table.comma)
            continue
        earlier = found[key]
        for name, value in own.items():
            if earlier.study.setdefault(name, value) != value:
                rule = f"row {earlier.rows[0]} says {earlier.study[name]!r} of the same study"
                remedy = "make them agree, or give the rows different ids"
                problems.append(Problem(f"row {number}", name, repr(value), rule, remedy))
        results = (*earlier.results, result) if result else earlier.results
        found[key] = Entry((*earlier.rows, number), earlier.study, results, table.comma)
    if problems:
        told = "\n".join(f"  {problem}" for problem in problems)
        raise EvidenceError(f"{len(problems)} problem(s):\n{told}", tuple(problems))
    return list(found.values())


def _key(record: Record) -> str:
    year = record.get("year", "").strip()
    authors = authors_of(record["authors"]) if record.get("authors") else ()
    if authors and re.fullmatch(r"[0-9]{4}", year):
        return short_name(authors, int(year))
    return slug(record.get("label", ""))


def _named(headers: Sequence[str], spelled: Callable[[str], str | None]) -> dict[str, str]:
    """Return the flat name of every header; unknown ones are refused together."""
    names: dict[str, str] = {}
    problems = []
    for header in headers:
        try:
            name = spelled(header) or known(header)
        except EvidenceError as error:
            rule, _, remedy = str(error).partition("; ")
            problems.append(Problem("header", header, repr(header), rule, remedy))
            continue
        if name in names.values():
            rule = f"two columns mean {name}"
            problems.append(Problem("header", header, repr(header), rule, "keep one of them"))
        names[header] = name
    if problems:
        told = "\n".join(f"  {problem}" for problem in problems)
        raise EvidenceError(f"{len(problems)} problem(s):\n{told}", tuple(problems))
    return names


def _table(name: str, lines: Iterable[Sequence[str]], comma: bool) -> Table:
    numbered = [(i, [cell.strip() for cell in line]) for i, line in enumerate(lines, start=1)]
    numbered = [(i, line) for i, line in numbered if any(line)]
    if len(numbered) < 2:
        raise EvidenceError(f"{name!r} is not a table; give a header and one row per study")
    headers = numbered[0][1]
    while headers and not headers[-1]:
        headers = headers[:-1]
    if "" in headers:
        raise EvidenceError(
            f"column {headers.index('') + 1} of {name!r} has no name; give it one, or delete it"
        )
    twice = sorted({header for header in headers if headers.count(header) > 1})
    if twice:
        raise EvidenceError(f"two columns of {name!r} are called {twice[0]!r}; rename or delete one")
    rows = []
    for number, line in numbered[1:]:
        if any(line[len(headers) :]):
            raise EvidenceError(
                f"row {number} of {name!r} has more cells than the header; "
                "put quotes around text that holds the separator"
            )
        cells = dict(zip(headers, line, strict=False))
        rows.append((number, {key: cell for key, cell in cells.items() if cell.lower() not in BLANK}))
    return Table(tuple(headers), tuple(rows), comma)


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    coding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(coding)
    except UnicodeDecodeError:
        raise EvidenceError(f"{path.name!r} is not UTF-8 text; save it as CSV in UTF-8") from None


def _delimited(text: str) -> tuple[list[list[str]], bool]:
    """Return the cells, and whether decimals are written with a comma."""
    text = text.lstrip("\ufeff")
    first, _, rest = text.partition("\n")
    said = re.fullmatch(r"sep=([,;\t|])\s*", first)  # Excel's own way to name the separator
    text = rest if said else text
    head = text.partition("\n")[0]
    separator = said.group(1) if said else max(",;\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise EvidenceError(f"the table is damaged: {error}; open it and save it again as CSV") from None
    comma = separator != "," and any(
        re.fullmatch(r"\s*[-−]?\d*,\d+\s*%?\s*", cell) for line in lines for cell in line
    )
    if comma:
        _one_decimal_sign(lines)
    return lines, comma


def _one_decimal_sign(lines: list[list[str]]) -> None:
    for number, line in enumerate(lines, start=1):
        for cell in line:
            if re.fullmatch(r"\s*[-−]?\d+\.\d+\s*", cell):
                raise EvidenceError(
                    f"row {number} writes {cell.strip()!r} with a point where others have a decimal comma; "
                    "write all decimals in one way"
                )


def _excel(path: Path, sheet: str | None) -> list[list[str]]:
    try:
        import openpyxl
    except ImportError:
        raise EvidenceError(
            f"reading {path.name!r} needs the package openpyxl; install it (pip install openpyxl), "
            "or save the sheet as CSV"
        ) from None
    from zipfile import BadZipFile

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError):
        raise EvidenceError(
            f"{path.name!r} is not an Excel file; save it as .xlsx, or as CSV in UTF-8"
        ) from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise EvidenceError(f"{path.name!r} has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        return [[_cell(value, path.name) for value in row] for row in page.iter_rows(values_only=True)]
    finally:
        book.close()


def _cell(value: Any, name: str) -> str:
    """Return a cell as text: whole numbers without a point; dates are what Excel makes of things like 3-4."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if hasattr(value, "isoformat"):
        raise EvidenceError(
            f"{name!r} has the date {value.isoformat()[:10]} in a cell, which Excel may have made of "
            "something like 3-4; format the column as text and type the cell again"
        )
    return str(value)

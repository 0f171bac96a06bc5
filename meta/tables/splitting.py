"""Text into rows of cells: the separator is recognised from how evenly it cuts the lines."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator

from meta.errors import InputError
from meta.tables.cell_grid import Grid

SEPARATORS = ",;\t|"
_SAMPLE = 100
"""Lines that are looked at to find the separator."""
_TOKEN = re.compile(r'"((?:[^"\\]|\\.|"")*)"|(\S+)')
_WIDE = re.compile(r"[ \t]{2,}|\t")
_RULE = re.compile(r"[\s|:+=-]+")
MOST_COLUMNS = 16_384
"""As many as a sheet of Excel has; a table with more is a mistake."""


def split(text: str, name: str) -> Grid:
    """Cut text into rows of cells.

    Commas, semicolons, tabs and bars separate, and where there is none of them in the first line, blanks do
    (two or more where cells hold single blanks).

    Raises
    ------
    InputError
        If quotes do not match.

    Examples
    --------
    >>> split('"study" "yi"\\n"1" "A 2001" 0.1\\n', "x.txt").rows
    [['study', 'yi'], ['1', 'A 2001', '0.1']]
    >>> split("study | yi\\nA | 0.1\\n", "x.txt").separator
    '|'
    """
    text = text.rstrip("\x1a")
    first = text.lstrip("\r\n").partition("\n")[0]
    stated = re.fullmatch(f"sep=[{SEPARATORS}]\r?", first)
    if stated:
        return _delimited(text.replace(first, "", 1), first[4], name)
    separator = find_separator(text)
    if separator in SEPARATORS:
        return _delimited(text, separator, name)
    return _blank_separated(text, wide=separator == "  ")


def find_separator(text: str) -> str:
    """The separator that cuts most lines into equally many cells; " " or "  " for blanks.

    >>> find_separator("study;yi\\nA;0,5\\n"), find_separator("study yi\\nA 0.5\\n")
    (';', ' ')
    """
    sample = _first_lines(text)
    if not sample:
        return ","
    best, most = ",", (0, 0)
    for separator in SEPARATORS:
        widths = _widths(sample, separator)
        counted = Counter(width for width in widths if width > 1)
        if not counted:
            continue
        width, lines = max(counted.items(), key=lambda item: (item[1], item[0]))
        if (lines, width) > most:
            best, most = separator, (lines, width)
    if most[0] * 2 > len(sample) and not _only_decimals(sample, best):
        return best
    return _blanks(sample) or best


def _only_decimals(sample: list[str], separator: str) -> bool:
    """Whether commas are decimal signs in a blank-separated table: its header has none of them."""
    return separator == "," and "," not in sample[0] and _blanks(sample) == " "


def _blanks(sample: list[str]) -> str:
    """The kind of blanks that cuts the lines evenly, or empty."""
    if len(sample) < 2:
        return ""
    wide = [len(_WIDE.split(line.strip())) for line in sample]
    if wide[0] > 1 and len(set(wide)) == 1:
        return "  "
    single = [len(_TOKEN.findall(line)) for line in sample]
    rest = set(single[1:])
    return " " if single[0] > 1 and len(rest) == 1 and rest <= {single[0], single[0] + 1} else ""


def _first_lines(text: str) -> list[str]:
    lines = []
    for line in io.StringIO(text[: 1 << 18], newline=""):
        if line.strip():
            lines.append(line.rstrip("\r\n"))
        if len(lines) == _SAMPLE:
            break
    return lines


def _widths(sample: list[str], separator: str) -> list[int]:
    if not any(separator in line for line in sample):
        return []
    try:
        reader = csv.reader(io.StringIO("\n".join(sample)), delimiter=separator, skipinitialspace=True)
        return [len(row) for row in reader if row]
    except csv.Error:
        return []


def _delimited(text: str, separator: str, name: str) -> Grid:
    escape = "\\" if '\\"' in text else None
    try:
        return _collected(text, separator, name, escape)
    except InputError:
        if escape is None:
            raise
        return _collected(text, separator, name, None)


def _collected(text: str, separator: str, name: str, escape: str | None) -> Grid:
    # Not splitlines: it would also cut at the rarer line ends (U+2028 and others) inside of cells.
    stream = io.StringIO(text, newline="")
    reader = csv.reader(
        stream,
        delimiter=separator,
        strict=True,
        skipinitialspace=True,
        escapechar=escape,
        doublequote=escape is None,
    )
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if len(row) > MOST_COLUMNS:
                raise InputError(
                    f"{name!r} is not a table: line {reader.line_num} has {len(row)} cells, more than the "
                    f"{MOST_COLUMNS} columns of a spreadsheet"
                )
            if row and (row[0].strip() or any(map(str.strip, row))):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as problem:
        raise InputError(f"{name!r} is not a table: line {reader.line_num}: {problem}") from None
    if separator == "|":
        rows, lines = _framed(rows, lines)
    return Grid(rows, lines, separator, _quoted(text, lines))


def _framed(rows: list[list[str]], lines: list[int]) -> tuple[list[list[str]], list[int]]:
    """Rows of a table with bars at both ends and rules between, as Markdown has them."""
    kept = [(row, line) for row, line in zip(rows, lines, strict=True) if not _RULE.fullmatch("|".join(row))]
    if kept and all(not row[0].strip() and not row[-1].strip() and len(row) > 2 for row, _ in kept):
        kept = [(row[1:-1], line) for row, line in kept]
    return [[cell.strip() for cell in row] for row, _ in kept], [line for _, line in kept]


def _quoted(text: str, lines: list[int]) -> frozenset[int]:
    """Positions of rows that begin with a quote; of interest where the header is one cell short."""
    if '"' not in text or len(lines) > _SAMPLE * 100:
        return frozenset()
    raw = re.split("\r\n|\n|\r", text)
    return frozenset(
        place for place, line in enumerate(lines) if line <= len(raw) and raw[line - 1].lstrip()[:1] == '"'
    )


def _blank_separated(text: str, *, wide: bool) -> Grid:
    rows: list[list[str]] = []
    lines: list[int] = []
    quoted: set[int] = set()
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        cells = _WIDE.split(line.strip()) if wide else list(_tokens(line))
        if any(cells):
            if line.lstrip().startswith('"'):
                quoted.add(len(rows))
            rows.append(cells)
            lines.append(number)
    return Grid(rows, lines, " ", frozenset(quoted))


def _tokens(line: str) -> Iterator[str]:
    for found in _TOKEN.finditer(line):
        inside, plain = found.groups()
        yield plain if inside is None else re.sub(r'\\(.)|""', lambda m: m[1] or '"', inside)

"""Cells that are numbers: their forms in print, the decimal sign of a table, and columns of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", ".", "-", "–", "#n/a"))
"""Cells that are missing values wherever they stand."""
PRINTED_MISSING = frozenset(
    (
        *("—", "--", "---", "nr", "n.r.", "n. r.", "nd", "n.d.", "n.a.", "<na>", "?", "..", "...", "…"),
        *("not reported", "not available", "not applicable", "not given", "not stated", "no data", "missing"),
        *("unknown", "unclear", "not estimable", "#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"),
        *("k.a.", "k. a.", "keine angabe", "nicht berichtet", "no disponible", "non rapporté", "#nv", "n.v."),
    )
)
"""Further ones, as papers and spreadsheets print them, in columns whose other cells are numbers."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_PLAIN = frozenset("0123456789+-.eE")
_POINTS = str.maketrans("·∙⋅•", "....")
_MINUS = str.maketrans("−–‒﹣－", "-----")
_MARKS = re.compile(r"(?<=[\d%)\]])\s*(?:[*†‡§¶#]+|[ᵃᵇᶜᵈ¹²³⁴⁵⁶⁷⁸⁹⁰]+|\^[a-z0-9]|\[[a-z]\])$")
_LETTER = re.compile(r"(?<=[.,]\d)[abcd]$|(?<=[.,]\d\d)[abcd]$|(?<=[.,]\d\d\d)[abcd]$")
"""A footnote's letter that lost its height; only after decimals, so that the label 2001a stays what it is."""
_PRINTED = re.compile(r"[ *'^]")
_GAP = "[ \u00a0\u2009\u202f'’]"
_SPACED = re.compile(rf"[+-]?\d{{1,3}}({_GAP}\d{{3}})+(?=$|[.,])")
_SCIENTIFIC = re.compile(r"([+-]?[\d.,]+)\s*[×x*]\s*10\s*(?:\^\s*)?\(?([+\-−⁻]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]+)\)?")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")


class Typed(str):
    """A number of a spreadsheet's own, written with a point; it says nothing of the signs in texts."""

    __slots__ = ()


def is_missing(cell: str, *, printed: bool = True) -> bool:
    """Whether a cell stands for a missing value.

    >>> is_missing("NA"), is_missing("n.r."), is_missing("n.r.", printed=False), is_missing("0")
    (True, True, False, False)
    """
    low = cell.lower()
    return low in MISSING or (printed and low in PRINTED_MISSING)


def bare(cell: str) -> str:
    """A cell without what print adds to a number: raised points, true minus signs, footnote marks, %.

    >>> bare("−0·15†"), bare("12 345"), bare("27%"), bare("2.1 × 10−3")
    ('-0.15', '12345', '27', '2.1e-3')
    """
    if isinstance(cell, Typed):
        return cell
    text = cell.translate(_POINTS).strip()
    if text[:1] in "−–‒﹣－":
        text = text.translate(_MINUS)
    if text[-1:].isdigit() and text.isascii() and not _PRINTED.search(text):
        return text
    text = _LETTER.sub("", _MARKS.sub("", text))
    found = _SCIENTIFIC.fullmatch(text)
    if found:
        text = f"{found[1]}e{found[2].translate(_RAISED)}"
    if text[-1:] == "%":
        text = text[:-1].rstrip()
    spaced = _SPACED.match(text)
    if spaced:
        text = re.sub(_GAP, "", text[: spaced.end()]) + text[spaced.end() :]
    if text[:1] in "+-" and text[1:2] == " ":
        text = text[0] + text[1:].lstrip()
    return text


_NUMERAL = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?")


def looks_numeric(cell: str) -> bool:
    """Whether a cell is a number in any of the forms that are read.

    >>> looks_numeric("1,204"), looks_numeric("0·15"), looks_numeric("2001a"), looks_numeric("Reno 2001")
    (True, True, False, False)
    """
    return bool(_NUMERAL.fullmatch(bare(cell)))


_GROUPED = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+"),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+"),
}


def kind_of(cell: str) -> str:
    """What a bare numeral says of the signs: "" nothing, "." or "," is decimal, "?." or "?," may group.

    ``".,"`` where a point groups and a comma is decimal is ",", and the other way round ".". Two groups of
    thousands decide: "1,204,000" has no decimal comma, so that a point must be it.

    >>> [kind_of(x) for x in ("12", "1.5", "1,204", "1.204,5", "1,204,000", "0,204")]
    ['', '.', '?,', ',', '.', ',']
    """
    point, comma = "." in cell, "," in cell
    if not point and not comma:
        return ""
    if point and comma:
        return "," if cell.rfind(",") > cell.rfind(".") else "."
    sign, other = (".", ",") if point else (",", ".")
    if cell.count(sign) > 1:
        return other if _GROUPED[sign].fullmatch(cell) else ""
    return f"?{sign}" if _GROUPED[sign].fullmatch(cell) else sign


def as_plain(cell: str, decimal: str) -> str | None:
    """A bare numeral with a decimal point and without separators of thousands; None if it is not a number.

    >>> as_plain("1.204,5", ","), as_plain("1,204", "."), as_plain("1,2", ".")
    ('1204.5', '1204', None)
    """
    group = "," if decimal == "." else "."
    if group in cell:
        whole, sign, rest = cell.partition(decimal)
        if group in rest or not _GROUPED[group].fullmatch(whole):
            return None
        cell = whole.replace(group, "") + sign + rest
    if decimal == ",":
        if cell.count(",") > 1:
            return None
        cell = cell.replace(",", ".")
    return cell if _NUMBER.fullmatch(cell) else None


@dataclass(slots=True)
class Evidence:
    """What the numerals of one column say of the signs.

    Attributes
    ----------
    decimal : set of str
        Signs that can only be decimal.
    perhaps : dict of str to str
        Signs that may group thousands, each with the first such cell.
    large : bool
        Whether whole numbers of three digits or more without a sign stand beside them.
    count : dict of str to int
        Number of cells for each sign that can only be decimal.
    """

    decimal: set[str] = field(default_factory=set)
    perhaps: dict[str, str] = field(default_factory=dict)
    large: bool = False
    count: dict[str, int] = field(default_factory=dict)


def evidence_of(cells: Iterable[str]) -> Evidence:
    """Collect what the numerals among ``cells`` say.

    >>> found = evidence_of(["1,204", "980", "x"])
    >>> found.decimal, found.perhaps, found.large
    (set(), {',': '1,204'}, True)
    """
    found = Evidence()
    for cell in cells:
        if isinstance(cell, Typed):
            continue
        if "." not in cell and "," not in cell and "·" not in cell:
            found.large = found.large or (len(cell) >= 3 and cell.isdigit())
            continue
        text = bare(cell)
        if not _NUMERAL.fullmatch(text):
            continue
        kind = kind_of(text)
        if kind[:1] == "?":
            found.perhaps.setdefault(kind[1], cell)
        elif kind:
            found.decimal.add(kind)
            found.count[kind] = found.count.get(kind, 0) + 1
    return found


def characters(text: str) -> set[str]:
    """The characters of a text; of ASCII they are counted as bytes, which takes a fifth of the time.

    >>> sorted(characters("0.5\\n0.5")), characters("0·5") == {"0", "·", "5"}
    (['\\n', '.', '0', '5'], True)
    """
    if not text.isascii():
        return set(text)
    counts = np.bincount(np.frombuffer(text.encode("ascii"), dtype=np.uint8))
    return {chr(code) for code in np.flatnonzero(counts)}


def _may_be_padded(text: str) -> bool:
    """Whether a line may begin with 0 and another digit; counting takes a tenth of the pattern's time."""
    if text[:1] == "0" and text[1:2].isdigit():
        return True
    return text.count("\n0") > text.count("\n0.") + text.count("\n0\n")


def quick(cells: Sequence[str], *, comma: bool = False) -> np.ndarray | None:
    """A column of plain numbers, the fast way; None where any cell is anything else.

    >>> quick(["1", "2"]).dtype.kind, quick(["1", "2.5"]).tolist(), quick(["1", "NA"]).tolist()
    ('i', [1.0, 2.5], [1.0, nan])
    """
    text = "\n".join(cells)
    signs = characters(text) - {"\n"}
    if comma:
        if "." in signs:
            return None
        text = text.replace(",", ".")
        cells = text.split("\n")
        signs.discard(",")
        signs.add(".")
    if not signs <= _PLAIN_OR_NA or signs <= _NA:
        return None
    if _may_be_padded(text) and _PADDED.search(text):
        return None
    try:
        if signs <= _DIGITS and all(cells):
            whole = max(map(len, cells)) < 19
            return np.array(list(map(int, cells)), dtype=np.int64 if whole else float)
        try:
            return np.array(list(map(float, cells)))
        except ValueError:
            return np.array([float(_EMPTY.get(cell, cell)) for cell in cells])
    except (ValueError, OverflowError):
        return None


_PADDED = re.compile(r"^0\d+$", re.MULTILINE)
"""Numbers such as 007, which are labels."""
_DIGITS = frozenset("0123456789+-")
_NA = frozenset("NA.+-eE")
_PLAIN_OR_NA = _PLAIN | _NA
_EMPTY = {"": "nan", "NA": "nan", ".": "nan", "-": "nan"}

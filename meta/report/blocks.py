"""What a report is made of: plain paragraphs, tables and figures, the same for HTML, Markdown and Word.

A section holds text and numbers that are ready to be read, and nothing that was fitted. It goes through
JSON and comes back as it was, so that what has not changed need not be computed again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text.

    Attributes
    ----------
    text : str
    mark : str
        "" or "strong", "soft", "badge" (a verdict), "tier" (A to D), "concern" (risk of bias).
    href : str
        Where it leads: ``#anchor`` on the page, or a web address.
    """

    text: str
    mark: str = ""
    href: str = ""


Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of one or more lines; ``sort`` is what it is sorted by where that is not its text."""

    lines: tuple[Line, ...]
    sort: float | str | None = None

    @property
    def text(self) -> str:
        """What it says, without marks."""
        return " ".join(said(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells, of which the first names the row, and notes that stand below them over the whole width."""

    cells: tuple[Cell, ...]
    notes: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``kind`` is "matrix" for one sign a cell, "numbers" for columns to be compared, or ""."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sortable: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``kind`` is "" or "note"."""

    line: Line
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ``anchors`` names the items that are linked to."""

    items: tuple[Line, ...]
    anchors: tuple[str, ...] = ()
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in ``figures/``: ``alt`` is for those who do not see it."""

    name: str
    alt: str
    caption: str

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files."""
        return (f"{self.name}.png", f"{self.name}.svg")


@dataclass(frozen=True, slots=True)
class Widget:
    """Something to move and click, on the page alone.

    Attributes
    ----------
    name : str
        The id of its element, which is empty until the script fills it.
    script : str
        Name of the file in ``templates/scripts`` that is put into the page, once.
    payload : str
        JSON for the script, found by it in the element ``<name>-data``.
    """

    name: str
    script: str
    payload: str


Block: TypeAlias = Paragraph | Items | Table | Figure | Widget


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of an analysis or claim."""

    id: str
    title: str
    blocks: tuple[Block, ...]


_KINDS = {kind.__name__: kind for kind in (Span, Cell, Row, Table, Paragraph, Items, Figure, Widget, Section)}
Part: TypeAlias = "str | Span"


def line(*parts: Part) -> Line:
    """Join texts and spans to a line; empty texts are left out.

    >>> line("a ", strong("b"), "")
    (Span(text='a ', mark='', href=''), Span(text='b', mark='strong', href=''))
    """
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts if part)


def paragraph(*parts: Part, kind: str = "") -> Paragraph:
    """Return a paragraph of texts and spans."""
    return Paragraph(line(*parts), kind)


def cell(*lines: Part | Line, sort: float | str | None = None) -> Cell:
    """Return a cell of lines, each a text, a span, or several; what cannot be sorted by goes last.

    >>> cell("0.59", soft("ratio"), sort=0.59).text
    '0.59 ratio'
    """
    made = tuple(item if isinstance(item, tuple) else line(item) for item in lines if item)
    if isinstance(sort, float):
        sort = float(f"{sort:.9g}") if math.isfinite(sort) else None  # machines differ in the last digits
    return Cell(made, sort)


def strong(text: str, href: str = "") -> Span:
    """Return text that stands out."""
    return Span(text, "strong", href)


def soft(text: str, href: str = "") -> Span:
    """Return text that stands back."""
    return Span(text, "soft", href)


def link(text: str, href: str) -> Span:
    """Return text that leads somewhere."""
    return Span(text, "", href)


def badge(conclusion: str) -> Span:
    """Return a verdict's word with its sign."""
    return Span(conclusion, "badge")


def said(spans: Line) -> str:
    """Return a line without its marks."""
    return "".join(span.text for span in spans)


def figures_of(sections: tuple[Section, ...]) -> Iterator[Figure]:
    """Yield the figures of sections in their order."""
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Figure))


def to_plain(value: Any) -> Any:
    """Return blocks as JSON can hold them.

    >>> to_plain(strong("b"))
    {'is': 'Span', 'text': 'b', 'mark': 'strong', 'href': ''}
    """
    if is_dataclass(value) and not isinstance(value, type):
        own = {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
        return {"is": type(value).__name__, **own}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(value: Any) -> Any:
    """Return what :func:`to_plain` made of blocks as blocks again.

    >>> from_plain(to_plain((paragraph("a"),))) == (paragraph("a"),)
    True
    """
    if isinstance(value, dict):
        own = {name: from_plain(item) for name, item in value.items() if name != "is"}
        return _KINDS[value["is"]](**own)
    if isinstance(value, list):
        return tuple(from_plain(item) for item in value)
    return value

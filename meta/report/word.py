"""``tables.docx``: the verdicts, every table and the methods text, for a word processor.

A WordprocessingML package (ECMA-376) holds plain paragraphs, headings and tables; the standard library writes
it. The same content gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from meta.report.blocks import Cell, Items, Line, Paragraph, Row, Section, Table
from meta.report.markdown import verdict_table
from meta.report.plain_language import SYMBOLS
from meta.report.view import AnalysisView, Page

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TEXT_SECTIONS = ("-short", "-missing")
WIDTH = 14_000  # twentieths of a point between the margins of a landscape page
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def word(shown: Page) -> bytes:
    """Return the tables of the report as a Word document.

    Parameters
    ----------
    shown : Page
        The content.
    """
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations(("officeDocument", "word/document.xml")),
        "word/_rels/document.xml.rels": _relations(("styles", "styles.xml")),
        "word/document.xml": _document("".join(_body(shown))),
        "word/styles.xml": _styles(),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:  # stored: compressors differ from machine to machine
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 0
            package.writestr(entry, text.encode("utf-8"))
    return stream.getvalue()


def _body(shown: Page) -> Iterator[str]:
    yield _text("Verdicts", "Heading1")
    yield _table(verdict_table(shown.verdicts))
    yield from _section(shown.changed, "Heading1")
    for view in shown.claims:
        yield _text(view.claim.statement, "Heading1")
        for item in view.verdicts:
            yield _text(f"{item.conclusion.capitalize()}. {item.sentence}")
        yield _text(view.rule)
        for part in view.judged:
            yield from _analysis(part)
        for section in view.sections:
            yield from _section(section, "Heading2")
        for part in view.others:
            yield from _analysis(part)
    for section in shown.methods:
        yield from _section(section, "Heading1")
    yield _text("Versions", "Heading1")
    yield _text(", ".join(f"{name} {version}" for name, version in shown.versions.items()) + ".")


def _analysis(view: AnalysisView) -> Iterator[str]:
    yield _text(view.analysis.label + (f" ({view.role})" if view.role else ""), "Heading2")
    for section in view.sections:
        if section.id.endswith(TEXT_SECTIONS) or any(isinstance(b, Table) for b in section.blocks):
            yield from _section(section, "Heading3")


def _section(section: Section, style: str) -> Iterator[str]:
    if section.title:
        yield _text(section.title, style)
    for block in section.blocks:
        if isinstance(block, Paragraph):
            yield _paragraph(block.line)
        elif isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Items):
            for number, item in enumerate(block.items, start=1):
                yield _paragraph(item, before=f"{number}. " if block.numbered else "– ")


def _table(table: Table) -> str:
    count = len(table.columns)
    grid = f'<w:gridCol w:w="{WIDTH // count}"/>' * count
    head = "".join(_box(_paragraph((), before=name, bold=True)) for name in table.columns)
    rows = f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{head}</w:tr>"
    rows += "".join(_rows(table.rows, count))
    caption = _text(table.caption, "Caption") if table.caption else ""
    look = '<w:tblPr><w:tblStyle w:val="Report"/><w:tblW w:w="5000" w:type="pct"/></w:tblPr>'
    return f"{caption}<w:tbl>{look}<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>{_text('')}"


def _rows(rows: Iterable[Row], count: int) -> Iterator[str]:
    for row in rows:
        cells = "".join(_box(_cell(cell)) for cell in row.cells)
        yield f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>"
        if row.notes:
            notes = "".join(_paragraph(note) for note in row.notes)
            yield f"<w:tr>{_box(notes, span=count)}</w:tr>"


def _box(content: str, span: int = 1) -> str:
    wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    return f"<w:tc><w:tcPr>{wide}</w:tcPr>{content}</w:tc>"


def _cell(cell: Cell) -> str:
    return "".join(_paragraph(line) for line in cell.lines) or _paragraph(())


def _text(text: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}{_run(text)}</w:p>"


def _paragraph(line: Line, *, before: str = "", bold: bool = False) -> str:
    runs = _run(before, bold=bold)
    for span in line:
        sign = f"{SYMBOLS[span.text]} " if span.mark == "badge" else ""
        runs += _run(sign + span.text, bold=span.mark in ("strong", "badge"))
    return f"<w:p>{runs}</w:p>"


def _run(text: str, *, bold: bool = False) -> str:
    if not text:
        return ""
    look = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(_FORBIDDEN.sub("", text))}</w:t></w:r>'


def _document(body: str) -> str:
    page = (
        '<w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/><w:pgMar w:top="1134" '
        'w:right="1134" w:bottom="1134" w:left="1134" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>'
    )
    return f'{HEAD}<w:document xmlns:w="{MAIN}"><w:body>{body}{page}</w:body></w:document>'


def _styles() -> str:
    def style(name: str, title: str, size: int, extra: str = "") -> str:
        return (
            f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{title}"/>'
            '<w:basedOn w:val="Normal"/>'
            f'<w:pPr><w:keepNext/><w:spacing w:before="200" w:after="80"/>{extra}</w:pPr>'
            f'<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
        )

    edges = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="808080"/>'
        for side in ("top", "bottom", "insideH")
    )
    headings = "".join(
        style(f"Heading{n}", f"heading {n}", size, f'<w:outlineLvl w:val="{n - 1}"/>')
        for n, size in ((1, 30), (2, 26), (3, 22))
    )
    return (
        f'{HEAD}<w:styles xmlns:w="{MAIN}"><w:style w:type="paragraph" w:default="1" w:styleId="Normal">'
        '<w:name w:val="Normal"/><w:pPr><w:spacing w:after="60"/></w:pPr><w:rPr><w:rFonts w:ascii="Calibri" '
        f'w:hAnsi="Calibri"/><w:sz w:val="19"/></w:rPr></w:style>{headings}{style("Caption", "caption", 19)}'
        '<w:style w:type="table" w:styleId="Report"><w:name w:val="Report"/><w:tblPr><w:tblBorders>'
        f'{edges}</w:tblBorders><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" '
        'w:type="dxa"/></w:tblCellMar></w:tblPr></w:style></w:styles>'
    )


def _relations(*targets: tuple[str, str]) -> str:
    items = "".join(
        f'<Relationship Id="rId{i}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for i, (kind, target) in enumerate(targets, start=1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{items}</Relationships>'


def _content_types() -> str:
    kinds = (("document", "document.main"), ("styles", "styles"))
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{TYPE}.{kind}+xml"/>' for name, kind in kinds
    )
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )

"""``report.md``: the report in GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from meta.claims.wording import put_to_test
from meta.report.blocks import Block, Cell, Figure, Items, Line, Paragraph, Section, Span, Table
from meta.report.plain_language import SYMBOLS, times
from meta.report.view import AnalysisView, ClaimView, Page, Summary

PAGE = "report.html"
VERDICT_COLUMNS = (
    "Claim",
    "Verdict",
    "Best guess (95% credible)",
    "P(as large)",
    "Before any trial",
    "Trials",
)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$#&])")


def markdown(shown: Page) -> str:
    """Return the report as Markdown; anchors lead to the page, web addresses to the source.

    Parameters
    ----------
    shown : Page
        The content.
    """
    parts = [f"# What the evidence says about {times(len(shown.claims), 'claim')}"]
    parts += [_table(verdict_table(shown.verdicts))]
    parts += _section(shown.changed, 2)
    for view in shown.claims:
        parts += _claim(view)
    for section in shown.methods:
        parts += _section(section, 2)
    versions = ", ".join(f"{name} {version}" for name, version in shown.versions.items())
    parts += ["## Versions", f"{escape(versions)}."]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict_table(verdicts: Iterable[Summary]) -> Table:
    """Return the verdicts as a table."""
    from meta.report.blocks import Row, badge, cell, link, soft

    rows = tuple(
        Row(
            (
                cell(
                    link(item.claim.statement, f"#claim-{item.claim.id}"),
                    soft(item.label) if item.label else "",
                ),
                cell(badge(item.conclusion)),
                cell(item.told or "–", soft(item.numbers) if item.numbers else ""),
                cell(item.chance or "–"),
                cell(item.prior or "–"),
                cell(item.trials),
            )
        )
        for item in verdicts
    )
    return Table("", VERDICT_COLUMNS, rows)


def _claim(view: ClaimView) -> list[str]:
    parts = [f"## {escape(view.claim.statement)}"]
    for item in view.verdicts:
        label = f" ({escape(item.label)})" if item.label else ""
        parts.append(f"**{SYMBOLS[item.conclusion]} {item.conclusion}**{label}. {escape(item.sentence)}")
    parts.append(f"Put to the test: {escape(put_to_test(view.claim))}. {escape(view.rule)}")
    for part in view.judged:
        parts += _analysis(part)
    for section in view.sections:
        parts += _section(section, 3)
    for part in view.others:
        parts += _analysis(part)
    return parts


def _analysis(view: AnalysisView) -> list[str]:
    role = f" ({view.role})" if view.role else ""
    parts = [f"### {escape(view.analysis.label + role)}"]
    for section in view.sections:
        parts += _section(section, 4)
    return parts


def _section(section: Section, level: int) -> list[str]:
    title = [f"{'#' * level} {escape(section.title)}"] if section.title else []
    return [*title, *(text for block in section.blocks if (text := _block(block)))]


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        text = _line(block.line)
        return f"*{text}*" if block.kind == "note" and "*" not in text else text
    if isinstance(block, Items):
        return "\n".join(
            f"{f'{number}.' if block.numbered else '-'} {_line(item)}"
            for number, item in enumerate(block.items, start=1)
        )
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return f"![{escape(block.alt)}](figures/{block.name}.svg)\n\n*{escape(block.caption)}*"
    return ""


def _table(table: Table) -> str:
    head = [_row(escape(name) for name in table.columns), _row("---" for _ in table.columns)]
    body = []
    for row in table.rows:
        cells = [_cell(cell) for cell in row.cells]
        cells[0] += "".join(f"<br>{_line(note)}" for note in row.notes)
        body.append(_row(cells))
    caption = f"**{escape(table.caption)}**\n\n" if table.caption else ""
    return caption + "\n".join([*head, *body])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return "<br>".join(_line(line) for line in cell.lines)


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    text = escape(span.text)
    if span.mark == "badge":
        text = f"**{SYMBOLS[span.text]} {text}**"
    elif span.mark == "strong" and text.strip():
        text = f"**{text.strip()}**" + (" " if text.endswith(" ") else "")
    if not span.href:
        return text
    address = f"{PAGE}{span.href}" if span.href.startswith("#") else span.href
    return f"[{text}](<{address.replace('<', '%3C').replace('>', '%3E')}>)"


def escape(text: str) -> str:
    r"""Return text that Markdown shows as it is, in one line.

    >>> print(escape("<b>a|b</b> *c*"))
    \<b\>a\|b\</b\> \*c\*
    """
    one_line = "".join(c if c.isprintable() else " " for c in text)
    return _SPECIAL.sub(r"\\\1", one_line)

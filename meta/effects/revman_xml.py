"""RM5, RevMan 5's XML: a COMPARISON holds outcomes, these hold data rows, maybe in subgroups.

Entities and document types are refused, so that a file can neither swell nor reach for others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from meta.effects.revman_rows import KINDS, MEASURES, NUMBERS, Outcome, as_number, derived, ordered
from meta.errors import InputError


def parse_xml(content: bytes, name: str) -> Element:
    """Parse XML without document types, entities and anything outside the file."""
    try:
        return _parsed(content, name)
    except expat.ExpatError as problem:
        for again in _mended(content):
            try:
                return _parsed(again, name)
            except expat.ExpatError:
                continue
        raise InputError(f"{name!r} is not well-formed XML: {problem}") from None


def _parsed(content: bytes, name: str) -> Element:
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise InputError(
            f"{name!r} declares a document type or entities, which is refused: RevMan writes none"
        )

    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end  # type: ignore[assignment]
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (InputError, expat.ExpatError):
        raise
    except (LookupError, ValueError) as problem:  # encodings nobody knows
        raise InputError(f"{name!r} is not well-formed XML: {problem}") from None
    return builder.close()


_BARE = re.compile(rb"&(?!#?\w+;)")
_DECLARED = re.compile(rb"""^(\s*<\?xml[^>]*?)\s+encoding=(?:"[^"]*"|'[^']*')""")


def _mended(content: bytes) -> Iterator[bytes]:
    """The slips that RevMan's files have: a bare "&" in a title, and another encoding than they declare."""
    escaped = _BARE.sub(b"&amp;", content)
    yield escaped
    for codec in ("utf-8", "cp1252"):
        try:
            text = escaped.removeprefix(b"\xef\xbb\xbf").decode(codec)
        except UnicodeDecodeError:
            continue
        yield _DECLARED.sub(rb'\1 encoding="UTF-8"', text.encode())


def from_xml(content: bytes, name: str) -> list[Outcome]:
    """Outcomes of an RM5 file."""
    root = parse_xml(content, name)
    if root.tag != "COCHRANE_REVIEW":
        raise InputError(
            f"{name!r} is XML, but not a RevMan file: its root is {root.tag}, not COCHRANE_REVIEW"
        )
    studies = {item.get("ID", ""): item for item in root.iter("STUDY")}
    found = []
    for comparison in root.iter("COMPARISON"):
        for node in comparison:
            kind, _, rest = node.tag.partition("_")
            if rest == "OUTCOME" and kind in KINDS:
                found.append(_outcome(comparison, node, kind, studies))
    return found


def _outcome(comparison: Element, node: Element, kind: str, studies: dict[str, Element]) -> Outcome:
    number = f"{comparison.get('NO', '')}.{node.get('NO', '')}"
    said = node.get("EFFECT_MEASURE") or _text(node, "EFFECT_MEASURE")
    measure = MEASURES.get("".join(c for c in said.lower() if c.isalnum()), "GEN")
    parts = [("", "", node), *((_text(s, "NAME"), s.get("NO", ""), s) for s in node.iter(f"{kind}_SUBGROUP"))]
    rows = tuple(
        _row(item, kind, measure, studies) | {"outcome": number, "subgroup": label, "subgroup_number": no}
        for label, no, part in parts
        for item in part.findall(f"{kind}_DATA")
    )
    return Outcome(
        number,
        _text(node, "NAME"),
        _text(comparison, "NAME"),
        kind,
        measure,
        node.get("METHOD", ""),
        "random" if node.get("RANDOM") == "YES" else "fixed",
        as_number(node.get("EFFECT_SIZE")),
        as_number(node.get("CI_START")),
        as_number(node.get("CI_END")),
        rows,
    )


def _row(item: Element, kind: str, measure: str, studies: dict[str, Element]) -> dict[str, Any]:
    study = studies.get(item.get("STUDY_ID", ""))
    label = item.get("STUDY_ID", "").removeprefix("STD-") if study is None else study.get("NAME", "")
    year = "" if study is None else study.get("YEAR", "")
    values = {column: as_number(item.get(field)) for column, field in NUMBERS.items()}
    values |= derived(
        kind,
        measure,
        estimate=as_number(item.get("ESTIMATE")),
        effect=values["revman_effect"],
        se=as_number(item.get("SE")),
        o_e=as_number(item.get("O_E")),
        variance=as_number(item.get("VAR")),
    )
    return ordered(label, year, values, kind, estimable=item.get("ESTIMABLE") != "NO")


def _text(node: Element, tag: str) -> str:
    found = node.find(tag)
    return "" if found is None else " ".join("".join(found.itertext()).split())

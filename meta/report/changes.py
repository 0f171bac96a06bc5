"""What changed, for readers: the last line of the history as a table, and the whole history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meta.effects.study_evidence import Evidence
from meta.formatting import listing, percent
from meta.report.blocks import Block, Cell, Section, Table, cell, link, paragraph, soft
from meta.report.plain_language import display, display_interval, effect, times
from meta.report.sections.listed_trials import plain_row

COLUMNS = ("Analysis", "Before", "Now", "Verdict", "Moved most by")

MOST_NAMED = 12
"""How many studies a sentence names."""


def changed(lines: Sequence[Mapping[str, Any]], evidence: Evidence) -> Section:
    """Return the section on what the last change did, and on all changes so far.

    Parameters
    ----------
    lines : sequence of mapping
        The lines of ``history.jsonl``.
    evidence : Evidence
        For the labels.
    """
    blocks: list[Block] = []
    later = [item for item in lines if item["date"]]
    if not later:
        blocks.append(
            paragraph(
                "Nothing has changed since the history began. After a study or claim is added or edited, "
                "this is where it says what that did to each pooled effect and verdict."
            )
        )
    else:
        blocks += _last(later[-1], evidence)
    if len(later) > 1:
        blocks.append(_all(later, evidence))
    return Section("changed", "What changed", tuple(blocks))


def _last(item: Mapping[str, Any], evidence: Evidence) -> list[Block]:
    opening = paragraph(f"On {item['date']}: {what(item, evidence)}.")
    if not item["analyses"]:
        return [opening, paragraph("No pooled effect and no verdict moved.")]
    rows = tuple(
        plain_row(name, *cells)
        for name, cells in zip(_labels(item, evidence), cells_of(item, evidence), strict=True)
    )
    return [
        opening,
        Table(
            "What that did to each pooled effect (posterior mean, 95% credible) and verdict", COLUMNS, rows
        ),
        paragraph(f"How the share of each change is found: {item['method']}.", kind="note"),
    ]


def what(item: Mapping[str, Any], evidence: Evidence) -> str:
    """Say which studies and claims a line of the history is about."""
    if item.get("unknown"):
        return "what changed is not known, as the record of the run before could not be read"
    known = {study.id: study.label for study in evidence.library.studies}
    studies, claims = item["studies"], item["claims"]
    parts = [
        f"{done} {_named([known.get(name, name) for name in studies[done]])}"
        for done in ("added", "removed", "edited")
        if studies.get(done)
    ]
    if studies.get("renamed"):
        parts.append(f"renamed {listing(f'{old} to {new}' for old, new in studies['renamed'])}")
    parts += [
        f"{done} the claim {listing(claims[done])}"
        for done in ("added", "removed", "edited")
        if claims.get(done)
    ]
    if claims.get("shared"):
        parts.append("edited the assumptions that claims share")
    return "; ".join(parts) or f"version {item['version']}"


def _named(labels: list[str]) -> str:
    """Studies by name; only how many where nobody would read the names.

    >>> _named(["Doe 2001", "Roe 2004"]), _named(["Doe 2001"] * 68)
    ('Doe 2001 and Roe 2004', '68 studies')
    """
    return listing(labels) if len(labels) <= MOST_NAMED else f"{len(labels)} studies"


def _labels(item: Mapping[str, Any], evidence: Evidence) -> list[Cell]:
    found = []
    for name in item["analyses"]:
        there = evidence.analyses.get(name)
        found.append(cell(link(there[1].label, f"#analysis-{name}")) if there else cell(name))
    return found


def cells_of(item: Mapping[str, Any], evidence: Evidence) -> list[tuple[Cell, Cell, Cell, Cell]]:
    """Return the cells of each analysis of a line: before, now, verdict, what moved it."""
    known = {study.id for study in evidence.library.studies}
    return [
        (_state(entry["before"]), _state(entry["after"]), _verdict(entry), _mover(entry, known))
        for entry in item["analyses"].values()
    ]


def _state(state: Mapping[str, Any] | None) -> Cell:
    if state is None:
        return cell("–")
    found = state["posterior"]
    if found is None:
        return cell("nothing to compute")
    m, center = state["measure"], found["estimate"]
    ends = display_interval(found["ci_low"], found["ci_high"], m)
    chance = state["probability"]
    odds = "" if chance is None else f"; P(as large) {percent(chance, 1)}"
    return cell(effect(center, m), soft(f"{display(center, m)} ({ends}){odds}"))


def _verdict(entry: Mapping[str, Any]) -> Cell:
    before, after = ((entry[when] or {}).get("verdict") for when in ("before", "after"))
    if before == after:
        return cell(f"{after}, as before" if after else "–")
    return cell(f"{before or 'none'} → {after or 'none'}")


def _mover(entry: Mapping[str, Any], known: set[str]) -> Cell:
    if not entry["moved_by"]:
        return cell("–")
    first, *others = entry["moved_by"]
    by = "" if first["by"] is None else f"by {first['by']:+.3f} on the model’s scale"
    rest = f"and {times(len(others), 'other change')}" if others else ""
    name = link(first["cause"], f"#study-{first['study']}" if first["study"] in known else "")
    return cell(name, *(soft(text) for text in (by, rest) if text))


def _all(lines: Sequence[Mapping[str, Any]], evidence: Evidence) -> Table:
    rows = []
    for item in reversed(lines):
        turned = [
            f"{name}: {(entry['before'] or {}).get('verdict') or 'none'} → "
            f"{(entry['after'] or {}).get('verdict') or 'none'}"
            for name, entry in item["analyses"].items()
            if (entry["before"] or {}).get("verdict") != (entry["after"] or {}).get("verdict")
        ]
        moved = times(len(item["analyses"]), "answer")
        rows.append(
            plain_row(item["date"], what(item, evidence), f"{moved} moved", "; ".join(turned) or "none")
        )
    return Table(
        "All changes, the last first", ("Date", "What was done", "Answers", "Verdicts turned"), tuple(rows)
    )

"""``history.jsonl``: one line whenever the inputs changed, with what that did to every answer.

The first line has no date: it says what was there before anything changed, so that the same files give the
same bytes on any day.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meta.effects.study_evidence import Evidence
from meta.report.attribution import CLAIMS_FILE, METHOD, cause_in_claims, check_row, moves, same
from meta.report.fingerprints import Inputs, study_fingerprint
from meta.report.trust import csv_rows, history_of, inputs_of_file, left_aside, verdicts_of

HISTORY = "history.jsonl"
CUT_OFF = "history.cut-off.txt"


@dataclass(frozen=True)
class Before:
    """What the run before left.

    Attributes
    ----------
    lines : tuple of mapping
        The lines of ``history.jsonl``.
    inputs : mapping
        Content of ``inputs.json``; empty if there is none.
    numbers : mapping of str to mapping
        What ``verdicts.json`` says of each analysis, by id.
    rows : mapping of str to list
        The rows of ``effects.csv`` that were listed, by analysis; None if they cannot be known.
    cut_off : str
        What is left of a last line of the history that was cut off.
    notes : tuple of str
        What was not as a run writes it, and was left aside.
    """

    lines: tuple[Mapping[str, Any], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, str]]] | None = None
    cut_off: str = ""
    notes: tuple[str, ...] = ()


def read_before(folder: Path) -> Before:
    """Read what the run before left in a folder of results, as far as it is there.

    Raises
    ------
    InputError
        If a line of the history cannot be read.
    """
    notes: list[str] = []
    lines, cut_off = history_of(folder / HISTORY)
    if cut_off:
        notes.append(
            f"the last line of {HISTORY} was cut off: the lines before it were kept, and what is left of it "
            f"is in {CUT_OFF}"
        )
    claims = verdicts_of(folder / "verdicts.json", notes).get("claims", {})
    numbers = {name: found for claim in claims.values() for name, found in claim.get("analyses", {}).items()}
    inputs = inputs_of_file(folder / "inputs.json", notes)
    return Before(lines, inputs, numbers, _rows(folder / "effects.csv", notes), cut_off, tuple(notes))


def _rows(path: Path, notes: list[str]) -> dict[str, list[Mapping[str, str]]] | None:
    found: dict[str, list[Mapping[str, str]]] = {}
    try:
        rows = csv_rows(path, notes)
        if rows is None:
            return None
        for row in rows:
            if row["status"] != "not eligible":
                check_row(row)
                found.setdefault(row["analysis"], []).append(row)
    except (KeyError, ValueError):
        notes.append(left_aside(path.name))
        return None
    return found


def history_line(
    before: Before, inputs: Inputs, evidence: Evidence, numbers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the line that a run adds to the history, or None if nothing changed since the last one.

    Parameters
    ----------
    before : Before
        What the run before left.
    inputs : Inputs
        The present fingerprints.
    evidence : Evidence
        The present evidence.
    numbers : mapping of str to mapping
        What every analysis came to now, by id.
    """
    if before.lines and before.lines[-1]["inputs"] == inputs.fingerprint:
        return None
    renamed = _renamed(before, evidence)
    before = _with_new_ids(before, renamed, inputs)
    first = not before.lines
    # Without what was there before, nothing can be said to have been added or edited.
    unknown = not first and not before.inputs
    studies: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    if not first and not unknown:
        studies = _compared(before.inputs["studies"], inputs.studies)
        claims = _claims_changed(_compared(before.inputs["claims"], inputs.claims), before, inputs)
    found: dict[str, dict[str, Any]] = {}
    for name, now in numbers.items():
        if first:
            found[name] = {"before": None, "after": state(now)}
            continue
        line: dict[str, Any] = {"before": state(before.numbers.get(name)), "after": state(now)}
        moved: list[dict[str, Any]] = []
        if before.rows is not None and not unknown:
            moved = moves(evidence, name, inputs, before.inputs, before.rows.get(name, ()))
        if moved or not same(line["before"], line["after"]):
            if not moved and before.numbers and not unknown:
                moved = _otherwise(before, inputs, evidence, name, line)
            found[name] = {**line, "moved_by": moved}
    for name in () if first else sorted(set(before.numbers) - set(numbers)):
        found[name] = {"before": state(before.numbers[name]), "after": None, "moved_by": []}
    return {
        "date": None if first else _today(),
        "inputs": inputs.fingerprint,
        "version": inputs.version,
        "studies": {
            "total": len(inputs.studies),
            **studies,
            **({"renamed": [list(pair) for pair in renamed.items()]} if renamed else {}),
        },
        "claims": claims,
        "analyses": found,
        **({} if first else {"method": METHOD}),
        **({"unknown": True} if unknown else {}),
    }


def _otherwise(
    before: Before, inputs: Inputs, evidence: Evidence, name: str, line: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what moved an answer whose effects are as they were: its rule or prior, or the version."""
    in_claims = cause_in_claims(before.inputs, inputs, evidence.analysis(name)[0].id)
    centers = [((line[when] or {}).get("posterior") or {}).get("estimate") for when in ("before", "after")]
    by = None if centers[0] is None or centers[1] is None else centers[1] - centers[0]
    return [{"cause": CLAIMS_FILE if in_claims else f"version {inputs.version}", "study": None, "by": by}]


def _renamed(before: Before, evidence: Evidence) -> dict[str, str]:
    """New ids of studies by their old ones: the same file but for its id stands under another name."""
    old: Mapping[str, str] = before.inputs.get("studies", {})
    known = {study.id for study in evidence.library.studies}
    found: dict[str, str] = {}
    for study in evidence.library.studies:
        if study.id in old:
            continue
        for gone in sorted(set(old) - known - set(found)):
            if study_fingerprint(study, under=gone) == old[gone]:
                found[gone] = study.id
                break
    return found


def _with_new_ids(before: Before, renamed: Mapping[str, str], inputs: Inputs) -> Before:
    """What the run before left, as if renamed studies had had their new ids already."""
    if not renamed:
        return before
    studies = {
        renamed.get(name, name): inputs.studies[renamed[name]] if name in renamed else value
        for name, value in before.inputs["studies"].items()
    }
    rows = before.rows
    if rows is not None:
        rows = {
            name: [{**row, "study_id": renamed.get(row["study_id"], row["study_id"])} for row in listed]
            for name, listed in rows.items()
        }
    return replace(before, inputs={**before.inputs, "studies": studies}, rows=rows)


def _today() -> str:
    """Return the date; ``SOURCE_DATE_EPOCH`` sets it where a build must be reproducible."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)
    return moment.date().isoformat()


def _compared(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, list[str]]:
    return {
        "added": sorted(set(new) - set(old)),
        "removed": sorted(set(old) - set(new)),
        "edited": sorted(name for name in set(old) & set(new) if old[name] != new[name]),
    }


def _claims_changed(claims: dict[str, list[str]], before: Before, inputs: Inputs) -> dict[str, Any]:
    return {**claims, "shared": before.inputs.get("shared") != inputs.shared}


def state(numbers: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the history says of an answer: both pooled effects, the probability, the verdict."""
    if numbers is None:
        return None
    names = ("estimate", "ci_low", "ci_high")
    parts = {name: numbers.get(name) or {} for name in ("posterior", "fit")}
    return {
        "measure": numbers.get("measure"),
        "k": numbers.get("k", 0) or parts["fit"].get("k", 0),
        "verdict": numbers.get("conclusion"),
        "probability": (numbers.get("at_margin") or {}).get("mean"),
        **{
            part: {name: values.get(name) for name in names} if values else None
            for part, values in parts.items()
        },
    }


def history_text(before: Before, line: Mapping[str, Any] | None) -> str:
    """Return the content of ``history.jsonl``: the lines before, and the new one if there is one."""
    lines = [*before.lines, *([] if line is None else [line])]
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in lines)

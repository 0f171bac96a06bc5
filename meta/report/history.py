"""``history.jsonl``: one line whenever the inputs changed, with what that did to every answer.

The first line has no date: it says what was there before anything changed, so that the same files give the
same bytes on any day.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from meta.effects.evidence import Evidence
from meta.errors import InputError
from meta.report.inputs import Inputs
from meta.report.moves import CLAIMS_FILE, METHOD, cause_in_claims, moves, same

HISTORY = "history.jsonl"


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
        The rows of ``effects.csv`` that were listed, by analysis.
    """

    lines: tuple[Mapping[str, Any], ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


def read_before(folder: Path) -> Before:
    """Read what the run before left in a folder of results, as far as it is there.

    Raises
    ------
    InputError
        If a line of the history cannot be read.
    """
    claims = _json(folder / "verdicts.json").get("claims", {})
    numbers = {name: found for claim in claims.values() for name, found in claim.get("analyses", {}).items()}
    return Before(
        _lines(folder / HISTORY), _json(folder / "inputs.json"), numbers, _rows(folder / "effects.csv")
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _lines(path: Path) -> tuple[Mapping[str, Any], ...]:
    if not path.exists():
        return ()
    found = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            content = json.loads(text)
            known = isinstance(content, dict) and {"inputs", "analyses", "studies", "date"} <= content.keys()
        except ValueError:
            known = False
        if not known:
            raise InputError(
                f"line {number} of {path.name} is not one that a run wrote; mend it, or move the file away "
                "to begin a new history"
            )
        found.append(content)
    return tuple(found)


def _rows(path: Path) -> dict[str, list[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row.get("status") != "not eligible":
                    found.setdefault(row["analysis"], []).append(row)
    except (OSError, KeyError, ValueError):
        return {}
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
    first = not before.lines
    studies = _compared({} if first else before.inputs.get("studies", {}), inputs.studies)
    claims = _compared({} if first else before.inputs.get("claims", {}), inputs.claims)
    found: dict[str, dict[str, Any]] = {}
    for name, now in numbers.items():
        if first:
            found[name] = {"before": None, "after": state(now)}
            continue
        line: dict[str, Any] = {"before": state(before.numbers.get(name)), "after": state(now)}
        moved = moves(evidence, name, inputs, before.inputs, before.rows.get(name, ()))
        if moved or not same(line["before"], line["after"]):
            found[name] = {**line, "moved_by": moved or _otherwise(before, inputs, evidence, name, line)}
    for name in () if first else sorted(set(before.numbers) - set(numbers)):
        found[name] = {"before": state(before.numbers[name]), "after": None, "moved_by": []}
    return {
        "date": None if first else _today(),
        "inputs": inputs.fingerprint,
        "version": inputs.version,
        "studies": {"total": len(inputs.studies), **({} if first else studies)},
        "claims": {} if first else _claims_changed(claims, before, inputs),
        "analyses": found,
        **({} if first else {"method": METHOD}),
    }


def _otherwise(
    before: Before, inputs: Inputs, evidence: Evidence, name: str, line: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what moved an answer whose effects are as they were: its rule or prior, or the version."""
    in_claims = cause_in_claims(before.inputs, inputs, evidence.analysis(name)[0].id)
    centers = [((line[when] or {}).get("posterior") or {}).get("estimate") for when in ("before", "after")]
    by = None if centers[0] is None or centers[1] is None else centers[1] - centers[0]
    return [{"cause": CLAIMS_FILE if in_claims else f"version {inputs.version}", "study": None, "by": by}]


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

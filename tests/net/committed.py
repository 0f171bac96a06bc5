"""The committed results of ``make run``: verdicts and effects, number by number."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from tests.net.register import Group

FOLDER = Path(__file__).parents[2] / "results"
RESULTS = Group("results")
GROUPS = [RESULTS]
WORDS = ("status", "tier", "kind", "measure", "reported_kind")


@cache
def verdicts() -> dict[str, Any]:
    content = json.loads((FOLDER / "verdicts.json").read_text(encoding="utf-8"))
    return {
        f"{claim} {name}": analysis
        for claim, entry in content["claims"].items()
        for name, analysis in entry["analyses"].items()
    } | {claim: {"conclusion": entry["conclusion"]} for claim, entry in content["claims"].items()}


@cache
def effects() -> dict[str, dict[str, Any]]:
    """The rows of effects.csv by claim and analysis; a study's second row is numbered."""
    frame = pd.read_csv(FOLDER / "effects.csv")
    found: dict[str, dict[str, Any]] = {}
    for (claim, analysis), rows in frame.groupby(["claim", "analysis"], sort=False):
        seen: Counter[str] = Counter()
        case = found.setdefault(f"{claim} {analysis}", {})
        for _, row in rows.iterrows():
            seen[row["study_id"]] += 1
            case[f"{row['study_id']} {seen[row['study_id']]}"] = {
                name: value
                for name, value in row.items()
                if pd.notna(value) and (name in WORDS or not isinstance(value, str))
            }
    return found


def _case(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return table[name]


for _name in verdicts():
    RESULTS.add(f"verdict {_name}", lambda n=_name: _case(verdicts(), n))
for _name in effects():
    RESULTS.add(f"effects {_name}", lambda n=_name: _case(effects(), n))

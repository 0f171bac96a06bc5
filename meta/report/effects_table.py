"""``effects.csv``: every effect with how it was obtained, and every study that may not enter, with why."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from meta.effects.as_reported import describe
from meta.effects.registry import measure as look_up
from meta.effects.study_evidence import Evidence
from meta.formatting import spreadsheet_text

COLUMNS = (
    "claim",
    "analysis",
    "role",
    "status",
    "study_id",
    "study",
    "year",
    "tier",
    "kind",
    "measure",
    "yi",
    "vi",
    "sei",
    "ci_low",
    "ci_high",
    "display",
    "display_low",
    "display_high",
    "lower",
    "upper",
    "possible_values",
    "n1",
    "n2",
    "form",
    "dose_mg",
    "time",
    "measured",
    "result",
    "reported_kind",
    "reported",
    "source",
    "place",
    "read",
    "steps",
    "assumptions",
    "indirectness",
    "reason",
)
Z = 1.959963984540054


def effect_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """Return one row per analysis and study: in the pool, not estimable, or not eligible.

    Parameters
    ----------
    evidence : Evidence
        For what was reported, verbatim.

    Returns
    -------
    list of dict
        With the keys :data:`COLUMNS`; NaN and None where there is nothing.
    """
    rows: list[dict[str, Any]] = []
    for name, (claim, analysis) in evidence.analyses.items():
        known = {"claim": claim.id, "analysis": name, "role": analysis.role}
        rows += [known | row for row in _listed(evidence, name)]
        for study in evidence.not_eligible(name).to_dict("records"):
            rows.append(
                known
                | {"status": "not eligible", "study_id": study["study_id"], "study": study["study"]}
                | {"measure": analysis.measure, "reason": study["reasons"]}
            )
    return [{name: row.get(name) for name in COLUMNS} for row in rows]


def _listed(evidence: Evidence, name: str) -> Iterable[dict[str, Any]]:
    effects = evidence.effects(name)
    back = look_up(effects.measure).transform.back
    reported = {(study.id, r.id): describe(r) for study in evidence.library.studies for r in study.results}
    for i in range(effects.k):
        own = {name: values[i] for name, values in effects.columns.items()}
        y, se = float(effects.yi[i]), math.sqrt(float(effects.vi[i]))
        ends = np.array([y, y - Z * se, y + Z * se])
        shown = np.asarray(back(ends), dtype=float)
        mixture = effects.mixtures.get(i, ())
        yield own | {
            "status": "in the pool" if effects.informative[i] else "not estimable",
            "study": str(effects.study[i]),
            "kind": str(effects.kind[i]),
            "year": own["year"] or None,
            "measure": effects.measure,
            "yi": y,
            "vi": float(effects.vi[i]),
            "sei": se,
            "ci_low": float(ends[1]),
            "ci_high": float(ends[2]),
            "display": float(shown[0]),
            "display_low": float(shown[1]),
            "display_high": float(shown[2]),
            "lower": float(effects.lower[i]),
            "upper": float(effects.upper[i]),
            "possible_values": "; ".join(f"{float(v)!r} (weight {float(w)!r})" for v, w in mixture),
            "reported_kind": own["reported"],
            "reported": reported.get((own["study_id"], own["result"]), ""),
        }


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """Return rows as CSV, safe to open in a spreadsheet.

    Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers are written with
    every digit they have, and what does not exist is left empty.

    >>> print(csv_text([{"a": "=1+1", "b": -0.5}, {"a": None, "b": float("nan")}], ("a", "b")), end="")
    a,b
    '=1+1,-0.5
    ,
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[_cell(row.get(name)) for name in columns] for row in rows])
    return stream.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else repr(float(value))
    return spreadsheet_text(str(value))

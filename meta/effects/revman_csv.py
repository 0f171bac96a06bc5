"""The CSV exports of RevMan 5 and of RevMan Web."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

from meta.effects.revman_rows import MEASURES, STATED, Outcome, as_number, derived, ordered, without_weight
from meta.errors import InputError

CSV_5 = ("Comparison Number", "Outcome Number", "Subgroup Number", "Name")
CSV_WEB = ("Analysis group", "Analysis number", "Study")


def is_revman_header(names: list[str]) -> bool:
    """Whether a CSV's header is that of a RevMan export."""
    plain = {name.strip() for name in names}
    return set(CSV_5) <= plain or set(CSV_WEB) <= plain


def from_csv(content: bytes, name: str) -> list[Outcome]:
    """Outcomes of a CSV export."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    try:
        rows = [
            {key.strip(): (value or "").strip() for key, value in row.items() if key is not None}
            for row in csv.DictReader(io.StringIO(text, newline=""))
        ]
    except csv.Error as problem:
        raise InputError(f"{name!r} is not a table: {problem}; export it from RevMan again") from None
    names = list(rows[0]) if rows else []
    if set(CSV_5) <= set(names):
        return list(_revman_5(rows))
    if set(CSV_WEB) <= set(names):
        return list(_revman_web(rows))
    raise InputError(
        f"{name!r} is not a RevMan file: it needs the columns {', '.join(CSV_5)} (RevMan 5) or "
        f"{', '.join(CSV_WEB)} (RevMan Web)"
    )


_KIND_5 = {"DIC": "DICH", "CON": "CONT", "IV": "IV", "IPD": "IPD", "OE": "IPD"}


def _revman_5(rows: list[dict[str, str]]) -> Iterator[Outcome]:
    """Headings come before what they head: comparison (outcome 0), outcome (with a data type), subgroup."""
    comparison, group = "", ("0", "")
    head: dict[str, str] | None = None
    own: list[dict[str, Any]] = []

    def done() -> Iterator[Outcome]:
        if head is not None:
            yield _csv_outcome(head, comparison, tuple(own))

    for row in rows:
        if row["Outcome Number"] in ("", "0"):
            yield from done()
            comparison, head = row["Name"], None
        elif row.get("Data Type"):
            yield from done()
            head, group, own = row, ("0", ""), []
        elif row["Subgroup Number"] not in ("", group[0]) and row["Subgroup Number"] != "0":
            group = (row["Subgroup Number"], row["Name"])
        elif head is not None:
            kind = _KIND_5.get(head["Data Type"].upper(), "IV")
            values = _csv_values(row, kind, _measure(head), ("Events", "Total", "Mean", "SD"), ("1", "2"))
            label = f"{group[1]}" if group[0] != "0" else ""
            number = f"{row['Comparison Number']}.{row['Outcome Number']}"
            own.append(
                ordered(
                    row["Name"],
                    row.get("Year of study", ""),
                    values,
                    kind,
                    estimable=not without_weight(values),
                )
                | {"outcome": number, "subgroup": label, "subgroup_number": group[0]}
            )
    yield from done()


def _measure(head: dict[str, str]) -> str:
    said = "".join(c for c in head.get("Effect Measure", "").lower() if c.isalnum())
    return MEASURES.get(said, "GEN")


def _csv_outcome(head: dict[str, str], comparison: str, rows: tuple[dict[str, Any], ...]) -> Outcome:
    return Outcome(
        f"{head['Comparison Number']}.{head['Outcome Number']}",
        head["Name"],
        comparison,
        _KIND_5.get(head["Data Type"].upper(), "IV"),
        _measure(head),
        head.get("Statistical Method", ""),
        head.get("Analysis Model", "").lower(),
        as_number(head.get("Effect Estimate")),
        as_number(head.get("CI Start")),
        as_number(head.get("CI End")),
        rows,
    )


def _csv_values(
    row: dict[str, str], kind: str, measure: str, bases: tuple[str, ...], arms: tuple[str, str]
) -> dict[str, float]:
    names = {"Events": "events", "Total": "n", "Mean": "mean", "SD": "sd"}
    values = {
        f"{names[base]}{i}": as_number(row.get(f"{base} {arm}"))
        for base in bases
        for i, arm in enumerate(arms, 1)
    }
    stated = ("Effect Estimate", "CI Start", "CI End", "Weight")
    values |= {column: as_number(row.get(field)) for column, field in zip(STATED, stated, strict=True)}
    return values | derived(
        kind,
        measure,
        estimate=math.nan,
        effect=values["revman_effect"],
        se=as_number(row.get("SE")),
        o_e=as_number(row.get("O-E")),
        variance=as_number(row.get("Variance") or row.get("Var")),
    )


_WEB = {
    "events1": "Experimental cases",
    "n1": "Experimental N",
    "events2": "Control cases",
    "n2": "Control N",
    "mean1": "Experimental mean",
    "sd1": "Experimental SD",
    "mean2": "Control mean",
    "sd2": "Control SD",
    "yi": "GIV Mean",
    "sei": "GIV SE",
    "revman_effect": "Mean",
    "revman_ci_low": "CI start",
    "revman_ci_high": "CI end",
    "revman_weight": "Weight",
}


def _revman_web(rows: list[dict[str, str]]) -> Iterator[Outcome]:
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(f"{row['Analysis group']}.{row['Analysis number']}", []).append(row)
    for number, own in groups.items():
        labels = list(dict.fromkeys(row.get("Subgroup", "") for row in own))
        found = []
        for row in own:
            values = {column: as_number(row.get(field)) for column, field in _WEB.items()}
            kind = _kind_web(own)
            o_e, variance = as_number(row.get("O-E")), as_number(row.get("Variance"))
            if kind == "IPD":
                values |= derived(
                    kind, "", estimate=math.nan, effect=math.nan, se=math.nan, o_e=o_e, variance=variance
                )
            label = row.get("Subgroup", "")
            found.append(
                ordered(
                    row["Study"],
                    row.get("Study year", ""),
                    values,
                    kind,
                    estimable=not without_weight(values),
                )
                | {"outcome": number, "subgroup": label, "subgroup_number": str(labels.index(label) + 1)}
            )
        name = own[0].get("Analysis name", "")
        nan = math.nan
        yield Outcome(number, name, "", _kind_web(own), "", "", "", nan, nan, nan, tuple(found))


def _kind_web(rows: list[dict[str, str]]) -> str:
    marks = {"IPD": "O-E", "CONT": "Experimental mean", "DICH": "Experimental cases", "IV": "GIV Mean"}
    for kind, column in marks.items():
        if any(row.get(column) for row in rows):
            return kind
    return "IV"

"""What RevMan's files have in common: kinds of outcome, measures, and the rows of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from meta.effects.registry import MEASURES as REGISTRY

KINDS = {"DICH": "dichotomous", "CONT": "continuous", "IV": "inverse variance", "IPD": "O - E and variance"}
NUMBERS = {
    "events1": "EVENTS_1",
    "n1": "TOTAL_1",
    "events2": "EVENTS_2",
    "n2": "TOTAL_2",
    "mean1": "MEAN_1",
    "sd1": "SD_1",
    "mean2": "MEAN_2",
    "sd2": "SD_2",
    "revman_effect": "EFFECT_SIZE",
    "revman_ci_low": "CI_START",
    "revman_ci_high": "CI_END",
    "revman_weight": "WEIGHT",
}
OWN = {
    "DICH": ("events1", "n1", "events2", "n2"),
    "CONT": ("mean1", "sd1", "n1", "mean2", "sd2", "n2"),
    "IV": ("yi", "sei", "n1", "n2"),
    "IPD": ("yi", "vi", "events1", "n1", "events2", "n2"),
}
STATED = ("revman_effect", "revman_ci_low", "revman_ci_high", "revman_weight")
MEASURES = {
    "petoor": "PETO",
    "petooddsratio": "PETO",
    "oddsratio": "OR",
    "riskratio": "RR",
    "relativerisk": "RR",
    "riskdifference": "RD",
    "hazardratio": "HR",
    "rateratio": "IRR",
    "meandifference": "MD",
    "stdmeandifference": "SMD",
    "standardisedmeandifference": "SMD",
    "standardizedmeandifference": "SMD",
    "or": "OR",
    "rr": "RR",
    "rd": "RD",
    "md": "MD",
    "smd": "SMD",
    "hr": "HR",
}


@dataclass(frozen=True)
class Outcome:
    """One outcome of a review.

    Attributes
    ----------
    number : str
        Comparison and outcome, such as "1.2".
    name, comparison : str
        Their titles.
    kind : str
        A key of :data:`KINDS`.
    measure : str
        This package's code; "GEN" where RevMan's has none, empty where the export does not say.
    method, model : str
        RevMan's own analysis, such as "MH" and "random".
    effect, ci_low, ci_high : float
        RevMan's own pooled result, as it prints it; NaN where it has none.
    rows : tuple of dict
        One a study.
    """

    number: str
    name: str
    comparison: str
    kind: str
    measure: str
    method: str
    model: str
    effect: float
    ci_low: float
    ci_high: float
    rows: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        k = len(self.rows)
        return f"{self.number} {self.name} ({self.measure or KINDS[self.kind]}, k = {k})"


def derived(
    kind: str, measure: str, *, estimate: float, effect: float, se: float, o_e: float, variance: float
) -> dict[str, float]:
    """Effect on the model scale, where the file holds effects rather than arms."""
    if kind == "IV":
        if not math.isnan(estimate):
            return {"yi": estimate, "sei": se}
        known = REGISTRY.get(measure)
        log = known is not None and known.is_log_ratio
        return {"yi": math.log(effect) if log and effect > 0 else math.nan if log else effect, "sei": se}
    if kind == "IPD" and variance > 0:
        found = {"yi": o_e / variance, "vi": 1 / variance}
        return {name: value if math.isfinite(value) else math.nan for name, value in found.items()}
    return {}


def ordered(
    label: str, year: str, values: dict[str, float], kind: str, *, estimable: bool = True
) -> dict[str, Any]:
    """Row of the table: whole numbers as integers, columns in a fixed order."""
    whole = {k: int(v) if v == v and v == round(v) and k not in STATED else v for k, v in values.items()}
    shown = {k: whole.get(k, math.nan) for k in (*OWN[kind], *STATED)}
    return {
        "study": " ".join(label.split()),
        "year": int(year) if year.isdecimal() and len(year) < 5 else None,
        "outcome": "",
        "subgroup": "",
        **shown,
        "revman_estimable": estimable,
    }


def without_weight(values: dict[str, float]) -> bool:
    """Whether RevMan gave a study without events, or with nothing but events, in both arms no weight.

    >>> without_weight({"events1": 0, "events2": 0, "n1": 9, "n2": 9, "revman_weight": 0})
    True
    """
    empty = values.get("events1") == 0 and values.get("events2") == 0
    full = values.get("events1") == values.get("n1") and values.get("events2") == values.get("n2")
    return bool((empty or full) and values.get("revman_weight") == 0)


def as_number(text: str | None) -> float:
    """Read a number; NaN for anything else.

    >>> as_number("2.5"), as_number("")
    (2.5, nan)
    """
    try:
        found = float(text or "nan")
    except ValueError:
        return math.nan
    return found if math.isfinite(found) else math.nan

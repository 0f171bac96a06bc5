"""Which change moved an answer: each one is put back alone, and the answer is computed without it.

The answer is computed from the present effects, except that the rows of one changed study are as they were
before; the difference in the posterior mean is what that study did. What changed without its study having
changed is put down to the claims file, to the trial whose dispersion is borrowed, or to the version.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np

from meta.claims.decision_rule import posterior_of
from meta.effects.effect_size_table import EffectSizes
from meta.effects.study_evidence import Evidence
from meta.errors import MetaError, quiet
from meta.evidence.claim_parts import Analysis
from meta.report.fingerprints import Inputs

METHOD = "each change put back alone; difference in the posterior mean, on the model scale"
CLAIMS_FILE = "claims.toml"


@dataclass(frozen=True, slots=True)
class Move:
    """What a change did to an answer; ``by`` is None where there was no answer without it."""

    cause: str
    study: str | None
    by: float | None


def moves(
    evidence: Evidence,
    name: str,
    inputs: Inputs,
    inputs_before: Mapping[str, Any],
    rows_before: Sequence[Mapping[str, str]],
) -> list[dict[str, Any]]:
    """Return what each change did to an analysis, the largest first; empty if no effect changed.

    Parameters
    ----------
    evidence : Evidence
        The present evidence.
    name : str
        An analysis id.
    inputs : Inputs
        The present fingerprints.
    inputs_before : mapping
        The content of ``inputs.json`` before.
    rows_before : sequence of mapping
        The analysis's rows of ``effects.csv`` before.
    """
    _, analysis = evidence.analysis(name)
    new = _comparable(evidence.effects(name))
    old = {row["study_id"]: _from_csv(row) for row in rows_before}
    touched: dict[tuple[str, str | None], list[str]] = {}
    for study in dict.fromkeys([*old, *new]):
        if not same(old.get(study), new.get(study)):
            touched.setdefault(_cause(study, inputs_before, inputs, evidence, name), []).append(study)
    if not touched:
        return []
    now = _center(new.values(), analysis)
    found = []
    for (cause, study_id), ids in touched.items():
        back = {study: value for study, value in new.items() if study not in ids}
        back |= {study: old[study] for study in ids if study in old}
        then = _center(back.values(), analysis)
        by = None if now is None or then is None else now - then
        found.append(Move(cause, study_id, by))
    found.sort(key=lambda move: (-math.inf if move.by is None else -abs(move.by), move.cause))
    return [asdict(move) for move in found]


def _cause(
    study: str, before: Mapping[str, Any], inputs: Inputs, evidence: Evidence, name: str
) -> tuple[str, str | None]:
    """Return why a row changed: a study, the claims file, a borrowed dispersion, or the version."""
    known = {item.id: item for item in evidence.library.studies}

    def changed(other: str) -> bool:
        return before.get("studies", {}).get(other) != inputs.studies.get(other)

    cohort = known[study].cohort if study in known else None
    kin = [other.id for other in known.values() if cohort and other.cohort == cohort and changed(other.id)]
    if changed(study) or kin:
        cause = study if changed(study) else kin[0]
        return (known[cause].label if cause in known else cause), cause
    if cause_in_claims(before, inputs, evidence.analysis(name)[0].id):
        return CLAIMS_FILE, None
    borrowed = evidence.library.claims.borrowed_cv
    if borrowed is not None and changed(borrowed.study):
        return known[borrowed.study].label, borrowed.study
    return f"version {inputs.version}", None


def cause_in_claims(before: Mapping[str, Any], inputs: Inputs, claim: str) -> bool:
    """Whether the claims file says something else of a claim than before, or of what claims share."""
    own = before.get("claims", {}).get(claim) != inputs.claims[claim]
    return own or before.get("shared") != inputs.shared


@dataclass(frozen=True, slots=True)
class _Row:
    """The numbers of one study's effect: ``values`` are yi, vi, lower and upper."""

    kind: str
    measure: str
    values: tuple[float | None, ...]
    mixture: tuple[tuple[float, float], ...]


_VALUES = ("yi", "vi", "lower", "upper")


def _comparable(effects: EffectSizes) -> dict[str, _Row]:
    """Return the numbers of each study's effect, by study."""
    ids = effects.columns.get("study_id", ())
    return {
        str(ids[i]): _Row(
            str(effects.kind[i]),
            effects.measure,
            tuple(_known(float(getattr(effects, name)[i])) for name in _VALUES),
            tuple((float(value), float(weight)) for value, weight in effects.mixtures.get(i, ())),
        )
        for i in range(effects.k)
    }


def _from_csv(row: Mapping[str, str]) -> _Row:
    """Return the same from a row of ``effects.csv``."""
    mixture = []
    for part in filter(None, row["possible_values"].removeprefix("'").split("; ")):
        value, _, weight = part.partition(" (weight ")
        mixture.append((float(value), float(weight.rstrip(")"))))
    values = tuple(_known(float(row[name])) if row[name] else None for name in _VALUES)
    return _Row(row["kind"], row["measure"], values, tuple(mixture))


def check_row(row: Mapping[str, str]) -> None:
    """Refuse, by a ValueError or KeyError, a row that ``effects.csv`` cannot have held."""
    numbers = _from_csv(row)
    if row["study_id"] == "" or numbers.kind not in ("exact", "bound", "mixture", "none"):
        raise ValueError("a row without a study, or of an unknown kind")
    if any(value is not None and math.isinf(value) for value in (numbers.values[0], numbers.values[1])):
        raise ValueError("an infinite effect")


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _center(rows: Iterable[_Row], analysis: Analysis) -> float | None:
    """Return the posterior mean of some effects; None where nothing can be computed with."""
    used = [row for row in rows if row.kind != "none" and row.measure == analysis.measure]
    if not used:
        return None
    columns = [np.array([_number(row.values[j]) for row in used]) for j in range(len(_VALUES))]
    effects = EffectSizes(
        yi=columns[0],
        vi=columns[1],
        measure=analysis.measure,
        study=np.array([str(i) for i in range(len(used))], dtype=object),
        kind=np.array([row.kind for row in used], dtype=object),
        lower=columns[2],
        upper=columns[3],
        mixtures={i: row.mixture for i, row in enumerate(used) if row.mixture},
    )
    try:
        with quiet():
            return float(posterior_of(effects, analysis).estimate)
    except MetaError:
        return None


def same(one: Any, other: Any) -> bool:
    """Whether two nested values are equal but for the last digits, in which machines differ.

    >>> same({"a": [0.1 + 0.2, None]}, {"a": [0.3, None]}), same((1.0,), (1.1,))
    (True, False)
    """
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, _Row) and isinstance(other, _Row):
        return same(astuple(one), astuple(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)

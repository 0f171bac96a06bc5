"""Results as their sources print them: rows of a table, and where each number stands."""

from __future__ import annotations

from typing import Any

from meta.evidence.study_schema import Result, Study


def cited(study: Study, result: Result) -> str:
    """Return a result's source: DOI or PMID first, else the citation."""
    source = study.source(result.source)
    doi, pmid = source.doi or study.doi, source.pmid or study.pmid
    if source.read == "secondary":
        doi, pmid = source.doi, source.pmid
    return f"doi:{doi}" if doi else f"PMID {pmid}" if pmid else source.citation


def row_of(study: Study, result: Result) -> dict[str, Any]:
    """One row of the table of what was reported."""
    source = study.source(result.source)
    return {
        "study_id": study.id,
        "study": study.label,
        "year": study.year,
        "status": study.status,
        "outcome": result.outcome,
        "measured": result.measured,
        "time": result.time.label,
        "phase": result.phase,
        "arms": " vs ".join(study.arm(name).label for name in result.arms),
        "kind": result.statistic.kind,
        "reported": describe(result),
        "unit": result.unit,
        "source": cited(study, result),
        "place": result.place,
        "read": source.read,
        "result": result.id,
    }


def describe(result: Result) -> str:
    """Return a result's statistic in one line, numbers as printed."""
    content = result.statistic.model_dump(exclude_none=True, exclude={"kind"}, exclude_defaults=True)
    return "; ".join(_say(name, value) for name, value in content.items())


def _say(name: str, value: Any) -> str:
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return "; ".join(
            f"{part.get('arm')}: " + ", ".join(f"{k} {v}" for k, v in part.items() if k != "arm")
            for part in value
        )
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return value if name == "words" else f"{name.replace('_', ' ')} {value}"

"""``verdicts.json``: what every analysis of every claim came to, with full precision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from meta.claims.answer_claims import Answer
from meta.claims.judge import judge
from meta.effects.study_evidence import Evidence
from meta.errors import quiet
from meta.evidence.claims import Claim
from meta.report.engines import RULE
from meta.report.json_values import plain

FIT_NUMBERS = (
    "method",
    "test",
    "level",
    "k",
    "estimate",
    "se",
    "ci_low",
    "ci_high",
    "statistic",
    "p_value",
    "df",
    "tau2",
    "i2",
    "i2_q",
    "q",
    "q_df",
    "q_p",
    "warnings",
)


def numbers_of(item: Answer) -> dict[str, Any]:
    """Return what ``verdicts.json`` says of an answer: numbers, lists and texts."""
    verdict = {} if item.verdict is None else item.verdict.to_dict()
    found = {name: value for name, value in verdict.items() if name != "statement"}
    found |= {"label": item.analysis.label, "role": item.analysis.role, "measure": item.analysis.measure}
    found["fit"] = None if item.fit is None else _fit(item.fit)
    found["posterior"] = None if item.posterior is None else item.posterior.to_dict()
    found["variations"] = [asdict(variation) for variation in item.variations]
    return plain(found)  # type: ignore[no-any-return]


def _fit(fit: Any) -> dict[str, Any]:
    numbers = {name: getattr(fit, name) for name in FIT_NUMBERS}
    with quiet():
        numbers["tau2_low"], numbers["tau2_high"] = fit.tau2_interval("QP")
        numbers["prediction_low"], numbers["prediction_high"] = fit.prediction_interval()
        numbers["prediction_kind"] = fit.prediction_kind()
    if fit.k > 1:
        numbers["floored_ci_low"], numbers["floored_ci_high"] = fit.adhoc
    return numbers


def verdicts_json(
    evidence: Evidence,
    numbers: Mapping[str, Mapping[str, Any]],
    engines: Mapping[str, bool],
    files: Sequence[str],
) -> str:
    """Return the content of ``verdicts.json``.

    Parameters
    ----------
    evidence : Evidence
        For the claims.
    numbers : mapping of str to mapping
        From :func:`numbers_of`, by analysis.
    engines : mapping of str to bool
        Whether the engines agree; empty if that was not checked.
    files : sequence of str
        Everything the run writes.
    """
    import meta

    content = {
        "version": meta.__version__,
        "claims": {claim.id: _claim(claim, numbers) for claim in evidence.claims.values()},
        "engines": {"checked": bool(engines), "rule": RULE, "agree": dict(engines)},
        "files": list(files),
    }
    return json.dumps(plain(content), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def facts_in(claim: Claim) -> list[str]:
    """The readings of a claim that are facts, beside what is pooled."""
    return [item.id for item in claim.readings if item.kind == "fact"]


def _claim(claim: Claim, numbers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    conclusions = {analysis.id: numbers[analysis.id]["conclusion"] for analysis in claim.primary}
    agreed = set(conclusions.values()) or {judge(claim).conclusion}
    facts = {name: judge(claim, reading=name).to_dict() for name in facts_in(claim)}
    more: dict[str, Any] = {"readings": facts} if facts else {}
    if claim.kind == "fact":
        more["sentence"] = judge(claim).sentence
    return more | {
        "statement": claim.statement,
        "short": claim.short,
        "conclusion": agreed.pop() if len(agreed) == 1 else "inconclusive",
        "conclusions": conclusions,
        "analyses": {analysis.id: dict(numbers[analysis.id]) for analysis in claim.analyses},
    }

"""The trials of an analysis: the evidence table, the forest plot, who may not enter, and what stays open."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from meta.claims.answer_claims import Answer
from meta.effects.study_evidence import Evidence
from meta.evidence.study_schema import Result, Study
from meta.formatting import number
from meta.report import plain_language as words
from meta.report.answered_analysis import Subject
from meta.report.as_printed import printed
from meta.report.blocks import (
    Block,
    Cell,
    Items,
    Line,
    Row,
    Span,
    Table,
    cell,
    line,
    link,
    paragraph,
    soft,
    strong,
)
from meta.report.figures import forest_caption, forest_of
from meta.report.plain_language import display, display_interval, effect, span

DOMAINS = ("randomisation", "deviations", "missing data", "measurement", "selective reporting", "other")
Z = 1.959963984540054
_TIERS = "ABCD"


def study_anchor(study: Study) -> str:
    """Return where the report shows a study."""
    return f"#study-{study.id}"


def result_anchor(study: Study, result: Result) -> str:
    """Return where the report shows a result as it was printed."""
    return f"#result-{study.id}-{result.id}"


def evidence_table(subject: Subject) -> tuple[Block, ...]:
    """Return the eligible trials: what each printed, the effect derived from it, how, and its source."""
    item = subject.answer
    if not item.effects.k:
        return ()
    weights = _weights(item)
    columns = ("Trial", "Tier", "People", "As printed", "Effect", *(("Weight",) if weights else ()), "Source")
    rows = tuple(_row(subject.evidence, item, i, weights) for i in range(item.effects.k))
    caption = (
        "The eligible trials. Every number leads to the result as printed, and from there to its source."
    )
    return (Table(caption, columns, rows, sortable=len(rows) > 1, kind="evidence"),)


def forest(subject: Subject) -> tuple[Block, ...]:
    """Return the forest plot."""
    item = subject.answer
    if not item.effects.k:
        return ()
    return (subject.gallery.draw(f"forest-{item.analysis.id}", forest_of(item), forest_caption(item)),)


def _weights(item: Answer) -> dict[int, float]:
    """Return the weights in the frequentist pool, in percent, by row; empty where nothing was pooled."""
    if item.fit is None or item.fit.k < 2:
        return {}
    rows = np.flatnonzero(item.effects.exact).tolist()
    return dict(zip(rows, (float(w) for w in item.fit.weights), strict=True))


def _row(evidence: Evidence, item: Answer, i: int, weights: Mapping[int, float]) -> Row:
    own = {name: values[i] for name, values in item.effects.columns.items()}
    study = evidence.library.study(own["study_id"])
    result = next(r for r in study.results if r.id == own["result"])
    there = result_anchor(study, result)
    people, total = _people(study, own["n1"], own["n2"])
    told, numbers, center = _shown(item, i)
    cells = [
        cell(link(study.label, study_anchor(study))),
        cell(Span(str(own["tier"]), "tier"), sort=_TIERS.index(own["tier"])),
        cell(link(people, study_anchor(study)) if people else "–", sort=total),
        cell(
            link(printed(study, result, item.claim.intervention.treatment) or "–", there),
            soft(f"{result.measured}, {result.time.label}"),
        ),
        cell(strong(told, there), link(numbers, there) if numbers else "", sort=center),
    ]
    if weights:
        there_is = i in weights
        cells.append(
            cell(f"{number(weights[i], 1)}%" if there_is else "–", sort=weights[i] if there_is else None)
        )
    read = study.source(result.source).read
    cells.append(cell(sourced(own["source"]), soft(f"{result.place}; read: {read}")))
    return Row(tuple(cells), _notes(own))


def sourced(source: str) -> Span:
    """Return a source with its address, where it has one."""
    return link(source, words.link(source))


def _notes(own: Mapping[str, Any]) -> tuple[Line, ...]:
    found = [
        ("How.", own["steps"]),
        ("Why not estimable.", own["reason"]),
        ("Assumed.", own["assumptions"] and f"{own['assumptions']}."),
        ("Differs from the claim.", own["indirectness"] and f"{own['indirectness']}."),
    ]
    return tuple(line(strong(what), f" {text}") for what, text in found if text)


def _people(study: Study, n1: float, n2: float) -> tuple[str, float]:
    sizes = [n for n in (n1, n2) if n == n]
    if study.design.kind == "crossover" and sizes:
        return f"{number(sizes[0], 0)} (crossover)", sizes[0]
    return " + ".join(number(n, 0) for n in sizes), sum(sizes) if sizes else math.nan


def _shown(item: Answer, i: int) -> tuple[str, str, float]:
    """Return an effect in words, in numbers, and the value that it is sorted by."""
    effects, measure = item.effects, item.effects.measure
    kind = effects.kind[i]
    if kind == "exact":
        y, se = float(effects.yi[i]), float(np.sqrt(effects.vi[i]))
        low, high = y - Z * se, y + Z * se
        return effect(y, measure), f"{display(y, measure)} ({display_interval(low, high, measure)})", y
    if kind == "bound":
        low, high = float(effects.lower[i]), float(effects.upper[i])
        ends = [end for end in (low, high) if math.isfinite(end)]
        told = f"somewhere from {span(low, high, measure)}"
        return told, _bounds(low, high, measure), sum(ends) / len(ends) if ends else math.nan
    if kind == "mixture":
        values = [value for value, _ in effects.mixtures[i]]
        return (
            "either " + " or ".join(effect(value, measure) for value in values),
            " or ".join(display(value, measure) for value in values),
            sum(value * weight for value, weight in effects.mixtures[i]),
        )
    return "not estimable", "", math.nan


def _bounds(low: float, high: float, measure: str) -> str:
    if np.isinf(low):
        return f"below {display(high, measure)}"
    if np.isinf(high):
        return f"above {display(low, measure)}"
    return f"between {display(low, measure)} and {display(high, measure)}"


def risk_of_bias(subject: Subject) -> tuple[Block, ...]:
    """Return the gravest concern of each trial in each domain."""
    studies = listed(subject)
    if not studies:
        return ()
    rows = []
    for study in studies:
        worst = concerns(study)
        signs = [
            cell(Span(worst[domain], "concern"), sort=_GRAVITY[worst[domain]])
            if domain in worst
            else cell("–")
            for domain in DOMAINS
        ]
        rows.append(Row((cell(link(study.label, study_anchor(study))), *signs)))
    caption = (
        "The gravest concern among the facts that the sources give: + low, ~ some, − high, ? unclear. A dash "
        "means that nothing was found. The facts stand with each study."
    )
    columns = ("Trial", *(domain.capitalize() for domain in DOMAINS))
    return (Table(caption, columns, tuple(rows), sortable=len(rows) > 1, kind="matrix"),)


_GRAVITY = {"low": 0, "some": 1, "unclear": 2, "high": 3}


def concerns(study: Study) -> dict[str, str]:
    """Return the gravest concern of a study by domain, for domains of which something is known."""
    by_domain: dict[str, list[str]] = {}
    for fact in study.risk_of_bias:
        by_domain.setdefault(fact.domain, []).append(fact.concern)
    return {domain: words.worst(by_domain[domain]) for domain in DOMAINS if domain in by_domain}


def listed(subject: Subject) -> list[Study]:
    """Return the studies of an analysis in its order."""
    ids = subject.answer.effects.columns.get("study_id", ())
    return [subject.evidence.library.study(str(name)) for name in ids]


def not_eligible(subject: Subject) -> tuple[Block, ...]:
    """Return the studies that report the outcome but may not enter, each with the reasons."""
    rows = [
        (subject.evidence.library.study(row["study_id"]), row["reasons"])
        for row in subject.answer.not_eligible.to_dict("records")
    ]
    if not rows:
        return ()
    items = tuple(line(link(study.label, study_anchor(study)), f": {why}") for study, why in rows)
    return paragraph("These studies report the outcome but may not enter this analysis."), Items(items)


def open_questions(subject: Subject) -> tuple[Block, ...]:
    """Return what the sources of the trials leave open, and how it was treated."""
    found = tuple(
        line(
            link(study.label, study_anchor(study)),
            f", {doubt.about}: {doubt.says} ",
            soft(f"Treated thus: {doubt.treated}"),
        )
        for study in listed(subject)
        for doubt in study.ambiguities
    )
    return (Items(found),) if found else ()


def plain_row(*cells: str | Cell) -> Row:
    """Return a row of texts and cells."""
    return Row(tuple(item if isinstance(item, Cell) else cell(item) for item in cells))

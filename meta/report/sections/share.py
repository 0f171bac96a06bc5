"""What the report shows of a claimed share: regression to the mean, the effect needed, and benchmarks."""

from __future__ import annotations

from meta.claims.answer_claims import finding_for
from meta.claims.decision_rule import posterior_of
from meta.claims.normalised_share import NormalisationFinding, Scenario
from meta.effects.as_reported import cited
from meta.effects.study_evidence import Evidence
from meta.errors import quiet
from meta.evidence.claims import Claim
from meta.formatting import number, percent
from meta.report import plain_language as words
from meta.report.answered_analysis import ClaimSubject
from meta.report.as_printed import printed
from meta.report.blocks import Block, Figure, Row, Table, cell, line, link, paragraph, soft, strong
from meta.report.figures import normalisation_caption, normalisation_of
from meta.report.sections.listed_trials import plain_row, result_anchor, sourced, study_anchor


def untreated_share(subject: ClaimSubject) -> tuple[Block, ...]:
    """Return how many would become normal without treatment, and which effect the claimed share needs."""
    claim, evidence = subject.claim, subject.evidence
    posterior = _indirect(evidence, claim)
    with quiet():
        finding = finding_for(evidence, claim, posterior)
    if finding is None or not finding.scenarios:
        return ()
    claimed = percent(finding.claimed)
    low, high = finding.untreated_range
    reached = f"{sum(item.none_needed for item in finding.scenarios)} of {len(finding.scenarios)}"
    return (
        paragraph(
            f"No trial says how many people became normal, so the {claimed} cannot be tested directly. What "
            "can be worked out is how many would become normal anyway. People are picked because one reading "
            "was high, and part of any high reading is chance; the next one tends to be lower. This is "
            "regression to the mean."
        ),
        paragraph(
            strong(
                f"With no treatment at all, {percent(low)} to {percent(high)} of raised values are normal "
                "when measured again"
            ),
            f", depending on how well the measurement repeats and on what counts as raised. In {reached} of "
            f"the scenarios below, {claimed} is reached without any effect.",
        ),
        _figure(subject, finding, posterior),
        _scenarios(evidence, finding),
        paragraph(
            f"“{claimed} normalised” becomes news only if the effect in the last column is one that trials "
            f"show. The trials of {claim.intervention.treatment} show {_pooled(finding)}."
        ),
        *_benchmarks(evidence, claim),
    )


def _indirect(evidence: Evidence, claim: Claim) -> object:
    indirect = next((item for item in claim.analyses if item.role == "indirect"), None)
    if indirect is None:
        return None
    effects = evidence.effects(indirect.id)
    return posterior_of(effects, indirect) if effects.informative.any() else None


def _figure(subject: ClaimSubject, finding: NormalisationFinding, posterior: object) -> Figure:
    with quiet():
        drawn = normalisation_of(subject.claim, finding, posterior)
    return subject.gallery.draw(f"normalisation-{subject.claim.id}", drawn, normalisation_caption(finding))


def _pooled(finding: NormalisationFinding) -> str:
    if finding.delta != finding.delta:
        return "no pooled effect"
    around = f"{number(finding.delta_low, 2)} to {number(finding.delta_high, 2)}"
    return f"{number(finding.delta, 2)} SD ({around})"


def _scenarios(evidence: Evidence, finding: NormalisationFinding) -> Table:
    caption = (
        "Share of raised values that are normal later, by how well the measurement repeats (test-retest "
        f"correlation) and by what counts as raised. Pooled effect in the trials: {_pooled(finding)}."
    )
    columns = (
        "Measurement",
        "Correlation",
        "Raised means above the",
        "Normal later, no treatment",
        "At the pooled effect",
        "Due to treatment",
        f"Effect needed for {percent(finding.claimed)}",
    )
    rows = tuple(_scenario(evidence, item) for item in finding.scenarios)
    return Table(caption, columns, rows, sortable=True, kind="numbers")


def _scenario(evidence: Evidence, item: Scenario) -> Row:
    study = evidence.library.study(item.study)
    name = f"{item.label} (primary)" if item.primary else item.label
    ends = f"{percent(item.treated_low)} to {percent(item.treated_high)}"
    return plain_row(
        cell(link(name, study_anchor(study))),
        cell(number(item.rho, 2), sort=item.rho),
        cell(words.mark(item.cutoff), sort=item.cutoff),
        cell(percent(item.untreated), sort=item.untreated),
        cell(f"{percent(item.treated)} ({ends})", sort=item.treated),
        cell(f"{number(100 * item.due, 0)} in 100", sort=item.due),
        cell("none needed" if item.none_needed else f"{number(item.shift, 2)} SD", sort=item.shift),
    )


def _benchmarks(evidence: Evidence, claim: Claim) -> tuple[Block, ...]:
    assert claim.proportion is not None
    rows = []
    for name in claim.proportion.benchmarks:
        study = evidence.library.study(name)
        for result in study.results:
            if result.statistic.kind not in ("percentages", "counts"):
                continue
            what = f"{result.measured}, {result.time.label}; {study.population.description}"
            told = link(printed(study, result, claim.intervention.treatment), result_anchor(study, result))
            where = line(sourced(cited(study, result)), soft(f" ({result.place})"))
            note = soft(result.note) if result.note else ""
            rows.append(
                plain_row(cell(link(study.label, study_anchor(study))), what, cell(told, note), cell(where))
            )
    if not rows:
        return ()
    caption = "Shares that became normal elsewhere, as printed: benchmarks, not evidence for the claim"
    return (Table(caption, ("Study", "What became normal", "As printed", "Source"), tuple(rows)),)

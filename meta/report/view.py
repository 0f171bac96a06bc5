"""What the report shows, in the order in which it shows it: ready for page, Markdown and Word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from meta.claims.judge import judge
from meta.effects.study_evidence import Evidence
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim, Topic
from meta.evidence.study_schema import Study
from meta.formatting import chance, number, percent
from meta.report.blocks import Section, paragraph
from meta.report.changes import changed
from meta.report.methods_text import methods
from meta.report.plain_language import display, display_interval, effect
from meta.report.record import Record
from meta.report.verdicts_json import facts_in

ROLES = {
    "indirect": "indirect evidence",
    "beside": "shown beside; it decides nothing",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """One verdict on the first screen."""

    claim: Claim
    analysis: Analysis | None
    conclusion: str
    sentence: str
    label: str
    told: str
    numbers: str
    chance: str
    prior: str
    trials: str


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """One analysis as the report shows it."""

    analysis: Analysis
    role: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim as the report shows it."""

    claim: Claim
    rule: str
    verdicts: tuple[Summary, ...]
    judged: tuple[AnalysisView, ...]
    sections: tuple[Section, ...]
    others: tuple[AnalysisView, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report."""

    claims: tuple[ClaimView, ...]
    studies: tuple[Study, ...]
    used: Mapping[str, tuple[str, ...]]
    overview: Section | None
    changed: Section
    methods: tuple[Section, ...]
    versions: Mapping[str, str]
    folder: str
    topic: Topic = field(default_factory=Topic)

    @property
    def verdicts(self) -> tuple[Summary, ...]:
        """All verdicts, in the order of the claims."""
        return tuple(verdict for view in self.claims for verdict in view.verdicts)


def page(
    evidence: Evidence,
    records: Mapping[str, Record],
    lines: Sequence[Mapping[str, Any]] = (),
    *,
    versions: Mapping[str, str],
    folder: str,
) -> Page:
    """Return the report's content.

    Parameters
    ----------
    evidence : Evidence
        The study and claim files.
    records : mapping of str to Record
        One an analysis, by its id; one a claim, as ``claim-<id>``; and ``verdicts`` for the overview.
    lines : sequence of mapping
        Of the history.
    versions : mapping of str to str
        Of what the results were computed with.
    folder : str
        Name of the folder of study files.
    """
    numbers = {name: records[name].numbers for name in evidence.analyses}
    engines = {name: agree for name in numbers if (agree := records[name].agrees) is not None}
    used: dict[str, list[str]] = {}
    for name in numbers:
        for study_id in evidence.effects(name).columns.get("study_id", ()):
            used.setdefault(str(study_id), []).append(name)
    studies = sorted(evidence.library.studies, key=lambda study: (study.id not in used, study.label.lower()))
    overview = records["verdicts"].sections if "verdicts" in records else ()
    return Page(
        tuple(_claim(claim, records) for claim in evidence.claims.values()),
        tuple(studies),
        {name: tuple(ids) for name, ids in used.items()},
        overview[0] if overview else None,
        changed(lines, evidence),
        methods(evidence, numbers, engines),
        versions,
        folder,
        evidence.library.claims.topic,
    )


def _claim(claim: Claim, records: Mapping[str, Record]) -> ClaimView:
    views = [_analysis(claim, analysis, records[analysis.id]) for analysis in claim.analyses]
    several = len(claim.primary) > 1
    return ClaimView(
        claim,
        rule(claim),
        (
            *(summary(claim, analysis, records[analysis.id].numbers, several) for analysis in claim.primary),
            *_facts(claim),
        ),
        tuple(view for view in views if view.analysis.role == "primary"),
        records[f"claim-{claim.id}"].sections,
        tuple(view for view in views if view.analysis.role != "primary" and len(view.sections) > 1),
    )


def _facts(claim: Claim) -> list[Summary]:
    """What is checked and not pooled: the claim itself, or readings of it."""
    found = [(judge(claim), claim.short)] if claim.kind == "fact" else []
    labels = {item.id: item.label for item in claim.readings}
    found += [(judge(claim, reading=name), labels[name]) for name in facts_in(claim)]
    return [Summary(claim, None, v.conclusion, v.sentence, label, "", "", "", "", "") for v, label in found]


def _analysis(claim: Claim, analysis: Analysis, record: Record) -> AnalysisView:
    role = ROLES.get(analysis.role, "direct evidence" if claim.kind == "proportion" else "")
    return AnalysisView(analysis, role, tuple(_with_check(item, record) for item in record.sections))


def _with_check(section: Section, record: Record) -> Section:
    """Add to the section on certainty whether the two engines agree."""
    if record.agrees is None or not section.id.endswith("-sure"):
        return section
    agree = "agree" if record.agrees else "do NOT agree"
    note = f"The posterior was computed exactly and, as a check, by sampling; the two {agree}."
    return replace(section, blocks=(*section.blocks, paragraph(note, kind="note")))


def summary(claim: Claim, analysis: Analysis, numbers: Mapping[str, Any], several: bool) -> Summary:
    """Return a verdict as the first screen shows it.

    Parameters
    ----------
    claim, analysis : Claim, Analysis
        What was judged.
    numbers : mapping
        What ``verdicts.json`` says of it.
    several : bool
        Whether the claim has other verdicts, so that this one needs its label.
    """
    found, odds, m = numbers.get("posterior"), numbers.get("at_margin"), analysis.measure
    k = int(numbers.get("k") or 0)
    return Summary(
        claim,
        analysis,
        numbers["conclusion"],
        numbers["sentence"],
        analysis.label if several else "",
        effect(found["estimate"], m) if found else "",
        f"{display(found['estimate'], m)} ({display_interval(found['ci_low'], found['ci_high'], m)})"
        if found
        else "",
        chance(odds["mean"]) if odds else "",
        chance(odds["prior"]) if odds else "",
        f"{k} of {numbers.get('k_listed') or 0}",
    )


def rule(claim: Claim) -> str:
    """Say the rule that turns evidence into a verdict on a claim."""
    if claim.kind == "fact":
        return "A fact rests on two sources that were read, or on an authoritative one; nothing is pooled."
    own, estimand = claim.rule, claim.tested
    if estimand.value is None:
        at_least = "an effect on the claim’s side"
    elif estimand.at_least is not None:
        at_least = f"an effect of at least {estimand.at_least:g}, on the scale of the claimed value,"
    elif estimand.margin < 1:
        at_least = (
            f"an effect of at least {percent(estimand.margin)} of the claimed one (on the model’s scale)"
        )
    elif estimand.named_by_claim:
        at_least = "an effect at least as large as claimed"
    else:
        at_least = "an effect at least as large as the one put to the test"
    return (
        f"“Supported” if the probability of {at_least} is {percent(own.support)} or more; “contradicted” "
        f"if it is {percent(own.contradict)} or less; either only with {own.min_studies} independent "
        f"studies or more, of which {own.min_computed} or more of tier A or B, and only if prior beliefs "
        f"{number(own.prior_factor, 0)} times as wide lead to the same. Otherwise “inconclusive”; "
        "“untestable” where no eligible trial gives anything to compute with."
    )

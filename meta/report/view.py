"""What the report shows, in the order in which it shows it: plain values, ready for the template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.claims.answers import Answer
from meta.effects.evidence import Evidence
from meta.evidence.claims import Claim
from meta.evidence.schema import Result, Study
from meta.formatting import number, percent
from meta.report import words
from meta.report.printed import printed
from meta.report.share import ShareView, share_view
from meta.report.sure import Line, sure
from meta.report.words import display, display_interval, effect, span

DOMAINS = ("randomisation", "deviations", "missing data", "measurement", "selective reporting", "other")
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One study in an evidence table."""

    study: Study
    result: Result
    tier: str
    people: str
    reported: str
    words: str
    numbers: str
    source: str
    link: str
    place: str
    read: str
    steps: str
    assumptions: str
    differs: str
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what would change the verdict."""

    choice: str
    k: int
    words: str
    numbers: str
    probability: str
    conclusion: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """An assumption that an analysis rests on."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """One analysis as the report shows it."""

    answer: Answer
    rows: tuple[EffectRow, ...]
    in_short: str
    sure: tuple[Line, ...]
    assumed: tuple[Assumed, ...]
    changes: tuple[Change, ...]
    shares: str
    not_eligible: tuple[tuple[Study, str], ...]
    open_questions: tuple[tuple[Study, Any], ...]
    bias: tuple[tuple[Study, Mapping[str, str]], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim as the report shows it."""

    claim: Claim
    analyses: tuple[AnalysisView, ...]
    rule: str
    share: ShareView | None = None

    @property
    def judged(self) -> tuple[AnalysisView, ...]:
        """The analyses on which verdicts rest."""
        return tuple(view for view in self.analyses if view.answer.analysis.role == "primary")


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report."""

    claims: tuple[ClaimView, ...]
    studies: tuple[Study, ...]
    used: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def page(evidence: Evidence, answers: Sequence[Answer]) -> Page:
    """Return the report's content.

    Parameters
    ----------
    evidence : Evidence
        The study and claim files.
    answers : sequence of Answer
        From :func:`meta.claims.answers.answer_all`.
    """
    claims = tuple(
        _claim(evidence, claim, [item for item in answers if item.claim.id == claim.id])
        for claim in evidence.claims.values()
    )
    used: dict[str, list[str]] = {}
    for item in answers:
        for study_id in item.effects.columns.get("study_id", ()):
            used.setdefault(str(study_id), []).append(item.analysis.id)
    studies = sorted(evidence.library.studies, key=lambda study: (study.id not in used, study.label.lower()))
    return Page(claims, tuple(studies), {name: tuple(ids) for name, ids in used.items()})


def _claim(evidence: Evidence, claim: Claim, answers: list[Answer]) -> ClaimView:
    verdicts = [item.verdict for item in answers if item.verdict is not None]
    finding = next((verdict.normalisation for verdict in verdicts if verdict.normalisation is not None), None)
    share = None if finding is None else share_view(evidence, claim, finding)
    return ClaimView(claim, tuple(_analysis(evidence, item) for item in answers), _rule(claim), share)


def _rule(claim: Claim) -> str:
    rule, estimand = claim.rule, claim.estimand
    if estimand.margin < 1:
        at_least = (
            f"an effect of at least {percent(estimand.margin)} of the claimed one (on the model’s scale)"
        )
    elif estimand.named_by_claim:
        at_least = "an effect at least as large as claimed"
    else:
        at_least = "an effect at least as large as the one put to the test"
    return (
        f"“Supported” if the probability of {at_least} is {percent(rule.support)} or more; “contradicted” "
        f"if it is {percent(rule.contradict)} or less; either only with {rule.min_studies} independent "
        f"studies or more, of which {rule.min_computed} or more of tier A or B, and only if prior beliefs "
        f"{number(rule.prior_factor, 0)} times as wide lead to the same. Otherwise “inconclusive”; "
        "“untestable” where no eligible trial gives anything to compute with."
    )


def _analysis(evidence: Evidence, item: Answer) -> AnalysisView:
    studies = [evidence.library.study(str(name)) for name in item.effects.columns.get("study_id", ())]
    return AnalysisView(
        item,
        tuple(effect_row(evidence, item, i) for i in range(item.effects.k)),
        in_short(item),
        sure(item),
        _assumed(evidence, item),
        tuple(_change(item, variation) for variation in item.variations),
        words.shares(variation.conclusion for variation in item.variations),
        tuple(
            (evidence.library.study(row["study_id"]), row["reasons"])
            for row in item.not_eligible.to_dict("records")
        ),
        tuple((study, doubt) for study in studies for doubt in study.ambiguities),
        tuple((study, _concerns(study)) for study in studies),
        _notes(item),
    )


def effect_row(evidence: Evidence, item: Answer, i: int) -> EffectRow:
    """Return row ``i`` of an analysis's evidence table."""
    effects = item.effects
    own = {name: values[i] for name, values in effects.columns.items()}
    study = evidence.library.study(own["study_id"])
    result = next(r for r in study.results if r.id == own["result"])
    people = [number(n, 0) for n in (own["n1"], own["n2"]) if n == n]
    source = study.source(result.source)
    text, numbers = _shown(item, i)
    return EffectRow(
        study,
        result,
        str(own["tier"]),
        _people(study, people),
        printed(study, result),
        text,
        numbers,
        own["source"],
        words.link(own["source"]),
        result.place,
        source.read,
        own["steps"],
        own["assumptions"],
        own["indirectness"],
        own["reason"],
    )


def _people(study: Study, sizes: list[str]) -> str:
    if study.design.kind == "crossover" and sizes:
        return f"{sizes[0]} (crossover)"
    return " + ".join(sizes)


def _shown(item: Answer, i: int) -> tuple[str, str]:
    effects, measure = item.effects, item.effects.measure
    kind = effects.kind[i]
    if kind == "exact":
        y, se = float(effects.yi[i]), float(np.sqrt(effects.vi[i]))
        low, high = y - Z * se, y + Z * se
        return effect(y, measure), f"{display(y, measure)} ({display_interval(low, high, measure)})"
    if kind == "bound":
        low, high = float(effects.lower[i]), float(effects.upper[i])
        return f"somewhere from {span(low, high, measure)}", _bounds(low, high, measure)
    if kind == "mixture":
        values = [value for value, _ in effects.mixtures[i]]
        return (
            "either " + " or ".join(effect(value, measure) for value in values),
            " or ".join(display(value, measure) for value in values),
        )
    return "not estimable", ""


def _bounds(low: float, high: float, measure: str) -> str:
    if np.isinf(low):
        return f"below {display(high, measure)}"
    if np.isinf(high):
        return f"above {display(low, measure)}"
    return f"between {display(low, measure)} and {display(high, measure)}"


def in_short(item: Answer) -> str:
    """Say in a paragraph what the trials of an analysis found together."""
    effects, listed = item.effects, item.effects.k
    k = int(effects.informative.sum())
    if listed == 0:
        return "No eligible trial measured this."
    parts = [f"{words.times(listed, 'eligible trial').capitalize()} measured this"]
    parts[0] += f"; {k} of them can be computed with." if k < listed else "."
    if item.fit is not None:
        fit, m = item.fit, effects.measure
        together = "Pooled" if fit.k > 1 else "That trial alone"
        parts.append(
            f"{together}: {effect(fit.estimate, m)} under magnesium than without, with a 95% interval of "
            f"{span(fit.ci_low, fit.ci_high, m)}."
            if effect(fit.estimate, m) != "no difference"
            else f"{together}: no difference, with a 95% interval of {span(fit.ci_low, fit.ci_high, m)}."
        )
    if k == 1:
        parts.append("With one trial nobody can tell how much results differ between trials.")
    elif k == 2:
        parts.append("Two trials say very little about how much results differ between trials.")
    return " ".join(parts)


def _assumed(evidence: Evidence, item: Answer) -> tuple[Assumed, ...]:
    library = evidence.library.claims
    stated: dict[str, list[str]] = {}
    for study, text in zip(item.effects.study, item.effects.columns.get("assumptions", ()), strict=False):
        for part in parts_of(str(text)):
            stated.setdefault(part, []).append(str(study))
    why = {a.name: a.why for a in library.assumptions}
    sizes = {evidence.library.study(s.study).label: s.why for s in library.arm_sizes if _known(evidence, s)}
    found = []
    for part, labels in stated.items():
        reason = next((text for name, text in why.items() if part.startswith(name)), "")
        if not reason and part.startswith("control CV") and library.borrowed_cv:
            reason = library.borrowed_cv.why
        if not reason and "(assumed)" in part:
            reason = sizes.get(labels[0], "")
        found.append(Assumed(f"{', '.join(dict.fromkeys(labels))}: {part}", reason))
    prior = item.analysis.prior
    if item.posterior is not None:
        found.append(
            Assumed(
                f"prior beliefs: mean effect about 0 with SD {prior.effect_sd:g}, spread between studies "
                f"about {prior.tau_sd:g} or less (half-normal), on the model’s scale",
                "Sceptical but open: most treatments do little. A prior twice as wide is tried beside it.",
            )
        )
    return tuple(found)


def parts_of(text: str) -> list[str]:
    """Split at semicolons that stand outside brackets.

    >>> parts_of("r = 0.7 (range 0.5 to 0.9; convention); n = 21 (assumed)")
    ['r = 0.7 (range 0.5 to 0.9; convention)', 'n = 21 (assumed)']
    """
    found, depth = [""], 0
    for piece in re.split(r"(; |\(|\))", text):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "; " and depth <= 0:
            found.append("")
        else:
            found[-1] += piece
    return [part.strip() for part in found if part.strip()]


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop that ends a sentence.

    >>> first_sentence("P is 4.5% (no more). No trial tested it.")
    'P is 4.5% (no more).'
    """
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text, maxsplit=1)[0]


def _known(evidence: Evidence, sizes: Any) -> bool:
    return any(study.id == sizes.study for study in evidence.library.studies)


def _change(item: Answer, variation: Any) -> Change:
    m = item.analysis.measure
    exists = variation.estimate == variation.estimate
    return Change(
        variation.choice,
        variation.k,
        effect(variation.estimate, m) if exists else "–",
        f"{display(variation.estimate, m)} ({display_interval(variation.low, variation.high, m)})"
        if exists
        else "–",
        percent(variation.probability),
        variation.conclusion,
    )


def _concerns(study: Study) -> dict[str, str]:
    by_domain: dict[str, list[str]] = {}
    for fact in study.risk_of_bias:
        by_domain.setdefault(fact.domain, []).append(fact.concern)
    return {domain: words.worst(by_domain[domain]) for domain in DOMAINS if domain in by_domain}


def _notes(item: Answer) -> tuple[str, ...]:
    messages = [*(item.verdict.warnings if item.verdict else ()), *getattr(item.fit, "warnings", ())]
    return tuple(dict.fromkeys(messages))

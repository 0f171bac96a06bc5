"""What an analysis came to: how sure one can be, what it assumes, and what would change it."""

from __future__ import annotations

import re
from typing import Any

from meta.claims.answer_claims import Answer, Variation
from meta.claims.choices import MOST_LEFT_OUT
from meta.formatting import percent
from meta.report import plain_language as words
from meta.report.answered_analysis import Subject
from meta.report.blocks import Block, Row, Table, badge, cell, line, link, paragraph, soft
from meta.report.certainty_table import sure
from meta.report.plain_language import display, display_interval, effect, span
from meta.report.sections.listed_trials import listed, plain_row, study_anchor


def in_short(subject: Subject) -> tuple[Block, ...]:
    """Say in a paragraph what the trials of an analysis found together."""
    return (paragraph(summary(subject.answer)),)


def summary(item: Answer) -> str:
    """Return what the trials of an analysis found together, in a few sentences."""
    effects, count = item.effects, item.effects.k
    k = int(effects.informative.sum())
    if count == 0:
        return "No eligible trial measured this."
    parts = [f"{words.times(count, 'eligible trial').capitalize()} measured this"]
    parts[0] += f"; {k} of them can be computed with." if k < count else "."
    if item.fit is not None:
        fit, m = item.fit, effects.measure
        together = "Pooled" if fit.k > 1 else "That trial alone"
        around, treatment = span(fit.ci_low, fit.ci_high, m), item.claim.intervention.treatment
        parts.append(
            f"{together}: {effect(fit.estimate, m)} under {treatment} than without, with a 95% interval "
            f"of {around}."
            if effect(fit.estimate, m) != "no difference"
            else f"{together}: no difference, with a 95% interval of {around}."
        )
    if k == 1:
        parts.append("With one trial nobody can tell how much results differ between trials.")
    elif k == 2:
        parts.append("Two trials say very little about how much results differ between trials.")
    return " ".join(parts)


def how_sure(subject: Subject) -> tuple[Block, ...]:
    """Return every measure of certainty as a question, its answer, and what that means."""
    item = subject.answer
    lines = sure(item)
    if not lines:
        return ()
    there = f"#{item.analysis.id}-evidence"
    rows = tuple(
        plain_row(entry.question, cell(link(entry.answer, there)), entry.meaning or "–") for entry in lines
    )
    caption = "What the trials say together. Each number rests on the trials in the table above."
    table = Table(caption, ("Question", "Answer", "In words"), rows)
    return (table, *(paragraph(f"Note: {note}.", kind="note") for note in _notes(item)))


def _notes(item: Answer) -> tuple[str, ...]:
    messages = [*(item.verdict.warnings if item.verdict else ()), *getattr(item.fit, "warnings", ())]
    return tuple(dict.fromkeys(messages))


def assumptions(subject: Subject) -> tuple[Block, ...]:
    """Return what the analysis assumes, for which trials, why, and over which range it is varied."""
    item, library = subject.answer, subject.evidence.library.claims
    stated: dict[str, list[Any]] = {}
    for study, text in zip(listed(subject), item.effects.columns.get("assumptions", ()), strict=False):
        for part in parts_of(str(text)):
            stated.setdefault(part, []).append(study)
    rows = []
    for part, studies in stated.items():
        what, varied = _range(part)
        names = [
            line(link(study.label, study_anchor(study))) for study in {s.id: s for s in studies}.values()
        ]
        why = _why(library, part, studies[0].id)
        rows.append(plain_row(what, cell(*names), varied or "–", why or "–"))
    prior = item.analysis.prior
    if item.posterior is not None:
        rows.append(
            plain_row(
                f"prior beliefs: mean effect about 0 with SD {prior.effect_sd:g}, spread between studies "
                f"about {prior.tau_sd:g} or less (half-normal), on the model’s scale",
                "all",
                "half to four times as wide",
                "Sceptical but open: most treatments do little.",
            )
        )
    if not rows:
        return ()
    return (
        Table(
            "Assumptions, and the range over which each is varied",
            ("Assumed", "For", "Varied over", "Why"),
            tuple(rows),
        ),
    )


def _range(part: str) -> tuple[str, str]:
    """Cut a stated range off an assumption.

    >>> _range("r = 0.7 (range 0.5 to 0.9; convention)")
    ('r = 0.7 (convention)', '0.5 to 0.9')
    """
    found = re.search(r"\(range ([^;)]+)(?:; )?", part)
    if found is None:
        return part, ""
    rest = part[: found.start()] + "(" + part[found.end() :]
    return rest.replace(" ()", ""), found[1]


def _why(library: Any, part: str, study_id: str) -> str:
    reason = next((item.why for item in library.assumptions if part.startswith(item.name)), "")
    if not reason and part.startswith("control CV") and library.borrowed_cv:
        reason = library.borrowed_cv.why
    if not reason and "(assumed)" in part:
        reason = next((item.why for item in library.arm_sizes if item.study == study_id), "")
    return reason


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


def departures(subject: Subject) -> tuple[Block, ...]:
    """Return the verdict under each departure from the primary analysis."""
    item = subject.answer
    if not item.variations:
        return ()
    shares = words.shares(variation.conclusion for variation in item.variations)
    table = Table(
        "The verdict when one choice is made differently",
        ("Choice", "Trials", "Best guess (95% credible)", "P(as large)", "Verdict"),
        tuple(_departure(item, variation) for variation in item.variations),
        sortable=len(item.variations) > 1,
        kind="numbers",
    )
    told = f"Each line makes one choice differently: {shares}."
    if item.effects.k > MOST_LEFT_OUT:
        told += f" Of {item.effects.k} trials the {MOST_LEFT_OUT} most informative are left out in turn."
    return paragraph(told), table


def _departure(item: Answer, variation: Variation) -> Row:
    m = item.analysis.measure
    exists = variation.estimate == variation.estimate
    numbers = f"{display(variation.estimate, m)} ({display_interval(variation.low, variation.high, m)})"
    return plain_row(
        variation.choice,
        cell(str(variation.k), sort=variation.k),
        cell(line(f"{effect(variation.estimate, m)} ", soft(numbers)), sort=variation.estimate)
        if exists
        else "–",
        cell(percent(variation.probability), sort=variation.probability),
        cell(badge(variation.conclusion), sort=variation.conclusion),
    )

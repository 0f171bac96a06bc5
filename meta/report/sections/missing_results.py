"""Could results be missing: silent trials, small-study effects, selection by significance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meta import bias
from meta.claims.answer_claims import Answer
from meta.errors import MetaError, quiet
from meta.formatting import number, p_equation
from meta.report.answered_analysis import Subject
from meta.report.blocks import Block, Row, Table, cell, paragraph
from meta.report.plain_language import display, display_interval, times
from meta.report.sections.listed_trials import plain_row

FEWEST, FEW = 3, 10


def publication_bias(subject: Subject) -> tuple[Block, ...]:
    """Return what can be said about results that nobody has seen; with few trials, that little can."""
    item = subject.answer
    if not item.effects.k:
        return ()
    exact, silent = int(item.effects.exact.sum()), int(np.sum(item.effects.kind == "none"))
    opening = paragraph(_silent(item.effects.k, silent))
    if item.fit is None or exact < FEWEST:
        there = "there is one" if exact == 1 else f"there are {exact}" if exact else "there is none"
        return opening, paragraph(
            "Tests for small-study effects, trim and fill, and selection models are not applicable: they "
            f"need at least {FEWEST} trials whose effect could be computed, and {there} here. That nothing "
            "was tested does not mean that nothing is missing."
        )
    return opening, *_caution(exact), _table(item), _funnel(subject)


def _silent(listed: int, silent: int) -> str:
    if not silent:
        return "Every eligible trial gives something to compute with."
    return (
        f"{times(silent, 'trial').capitalize()} of {listed} measured this outcome and printed nothing to "
        "compute with. Such silence is itself a way in which results go missing: null results are printed "
        "in full less often than others."
    )


def _caution(k: int) -> tuple[Block, ...]:
    if k >= FEW:
        return ()
    return (
        paragraph(
            f"Caution: with {k} trials (fewer than {FEW}) these tests have hardly any power, so that an "
            "unremarkable result says nothing against bias; and asymmetry has other causes than unpublished "
            "trials.",
            kind="note",
        ),
    )


def _table(item: Answer) -> Table:
    rows = tuple(_row(item, name, run, tell) for name, run, tell in METHODS)
    return Table("Methods that look for missing results", ("Method", "Found", "Read as"), rows)


def _row(item: Answer, name: str, run: Callable[[Any], Any], tell: Callable[..., tuple[str, str]]) -> Row:
    try:
        with quiet():
            found, read = tell(run(item.fit), item.effects.measure)
    except MetaError as refusal:
        found, read = "not estimable", f"{str(refusal)[:1].upper()}{str(refusal)[1:]}."
    return plain_row(name, cell(found), cell(read))


def _test(result: Any, measure: str) -> tuple[str, str]:
    sign = "unequal" if result.p_value < 0.1 else "no more unequal than chance allows"
    return (
        f"{p_equation(result.p_value)}",
        f"small and large trials are {sign} in what they find (at the customary 10%)",
    )


def _adjusted(result: Any, measure: str) -> tuple[str, str]:
    shown = display(result.estimate, measure)
    around = display_interval(result.ci_low, result.ci_high, measure)
    return f"{shown} ({around})", "the pooled effect if the method’s idea of what is missing were right"


def _filled(result: Any, measure: str) -> tuple[str, str]:
    shown, read = _adjusted(result, measure)
    return f"{times(result.k0, 'trial')} filled in; {shown}", read


def _selected(result: Any, measure: str) -> tuple[str, str]:
    shown, read = _adjusted(result, measure)
    weight = number(float(result.weights[-1]), 2)
    return f"{shown}; weight {weight} for what is not significant", read


METHODS: tuple[tuple[str, Callable[[Any], Any], Callable[..., tuple[str, str]]], ...] = (
    ("Egger’s regression test", bias.egger, _test),
    ("Begg and Mazumdar’s rank correlation", bias.begg, _test),
    ("Trim and fill (L0)", bias.trim_and_fill, _filled),
    ("PET-PEESE", bias.pet_peese, _adjusted),
    ("Selection model (step at one-sided p = 0.025)", bias.selection_model, _selected),
)


def _funnel(subject: Subject) -> Block:
    from meta.plots.funnel import funnel

    item = subject.answer
    caption = (
        f"{item.analysis.label}: effects against their standard errors. The shaded regions are those in "
        "which a trial is not significant at the levels named. Trials missing from one side alone hint at "
        "results that nobody has seen."
    )
    with quiet():
        return subject.gallery.draw(f"funnel-{item.analysis.id}", funnel(item.fit), caption)

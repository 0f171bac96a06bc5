"""How much the answer owes to prior beliefs."""

from __future__ import annotations

import math
from typing import Any

from meta.claims.answer_claims import Answer
from meta.claims.claimed_effect import threshold
from meta.claims.decision_rule import posterior_of
from meta.errors import quiet
from meta.formatting import number, percent
from meta.report.answered_analysis import Subject
from meta.report.blocks import Block, Row, Table, cell, line, paragraph, soft
from meta.report.figures import claim_mark
from meta.report.plain_language import display, display_interval, effect
from meta.report.sections.listed_trials import plain_row

EFFECT_FACTORS = (0.5, 1.0, 2.0, 4.0)
TAU_FACTORS = (0.5, 1.0, 2.0)
DRAWN = {0.5: "half as wide", 1.0: "as stated", 2.0: "twice as wide", 4.0: "four times as wide"}


def prior_sensitivity(subject: Subject) -> tuple[Block, ...]:
    """Return the posterior under a grid of priors around the stated one, as a table and a figure."""
    item = subject.answer
    if item.posterior is None or item.analysis.role == "beside":
        return ()
    frame = _grid(item)
    asked = claim_mark(item) is not None
    table = Table(
        "The posterior under wider and narrower priors",
        (
            "Prior of the mean effect",
            "Prior of the spread",
            "Best guess (95% credible)",
            *(("P(as large)", "Before any trial") if asked else ()),
            "Evidence for an effect",
        ),
        tuple(_row(item, row, asked) for row in frame.to_dict("records")),
        sortable=True,
        kind="numbers",
    )
    with quiet():
        figure = subject.gallery.draw(f"priors-{item.analysis.id}", _figure(item), _caption(item))
    return paragraph(_sentence(item, frame, asked)), table, figure


def _grid(item: Answer) -> Any:
    from meta.bayes.priors import HalfCauchy, HalfNormal, Normal
    from meta.bayes.sensitivity import sensitivity

    prior = item.analysis.prior
    taus: dict[str, Any] = {
        f"half-normal, {f * prior.tau_sd:g}": HalfNormal(f * prior.tau_sd) for f in TAU_FACTORS
    }
    taus[f"half-Cauchy, {prior.tau_sd:g}"] = HalfCauchy(prior.tau_sd)
    effects = {
        f"normal, SD {f * prior.effect_sd:g}": Normal(0.0, f * prior.effect_sd) for f in EFFECT_FACTORS
    }
    below = threshold(item.claim.tested) if claim_mark(item) is not None else None
    frame = sensitivity(item.effects, effect=effects, tau=taus, below=below)
    if below is not None and item.claim.tested.side == "above":
        frame["probability"] = 1 - frame["probability"]
        frame["prior_probability"] = 1 - frame["prior_probability"]
    return frame


def _row(item: Answer, row: dict[str, Any], asked: bool) -> Row:
    m, prior = item.effects.measure, item.analysis.prior
    if row["note"]:
        return plain_row(row["effect_prior"], row["tau_prior"], row["note"], *["–"] * (3 if asked else 1))
    stated = (f"normal, SD {prior.effect_sd:g}", f"half-normal, {prior.tau_sd:g}")
    is_stated = (row["effect_prior"], row["tau_prior"]) == stated
    first = cell(row["effect_prior"], soft("the stated prior") if is_stated else "")
    center, ends = row["estimate"], display_interval(row["ci_low"], row["ci_high"], m)
    told = cell(line(f"{effect(center, m)} ", soft(f"{display(center, m)} ({ends})")), sort=center)
    odds = []
    if asked:
        odds = [cell(percent(row[n], 1), sort=row[n]) for n in ("probability", "prior_probability")]
    against = row["bf_mu_0"]
    factor = 1 / against if against else math.inf
    return plain_row(
        first, row["tau_prior"], told, *odds, cell(f"Bayes factor {number(factor, 2)}", sort=factor)
    )


def _sentence(item: Answer, frame: Any, asked: bool) -> str:
    used = frame[frame["note"] == ""]
    column = "probability" if asked else "estimate"
    low, high = float(used[column].min()), float(used[column].max())
    rule = item.claim.rule
    if not asked:
        m = item.effects.measure
        return (
            f"Over these {len(used)} priors the best guess runs from {effect(low, m)} ({display(low, m)}) to "
            f"{effect(high, m)} ({display(high, m)})."
        )
    marks = f"{percent(rule.contradict)} or {percent(rule.support)}"
    if low > rule.contradict and high < rule.support:
        tail = f"it never reaches {marks}, where the verdict could turn."
    elif low > rule.support or high < rule.contradict:
        tail = "it stays where it is decided."
    else:
        tail = f"it passes {marks}, where the verdict can turn: prior beliefs matter here."
    return (
        f"Over these {len(used)} priors the probability that the effect is at least as large runs from "
        f"{percent(low, 1)} to {percent(high, 1)}; {tail}"
    )


def _figure(item: Answer) -> Any:
    from meta.plots.densities import prior_sensitivity as draw

    fits = {name: posterior_of(item.effects, item.analysis, factor) for factor, name in DRAWN.items()}
    return draw(fits, claim=claim_mark(item), title=item.analysis.label)


def _caption(item: Answer) -> str:
    return (
        f"{item.analysis.label}: the posterior of the mean effect when both priors are made narrower or "
        "wider by the factor named. Curves that lie on each other mean that the trials decide, not the prior."
    )

"""How sure one can be: every measure of certainty as a question, its answer, and what that means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from meta.claims.answer_claims import Answer, describe_fit
from meta.claims.verdict import Compatibility, Probabilities, Verdict
from meta.errors import quiet
from meta.formatting import number, p_equation, percent
from meta.report.plain_language import bayes_factor, display, display_interval, effect, heads, span


@dataclass(frozen=True, slots=True)
class Line:
    """A question, its answer in numbers, and what the answer means."""

    question: str
    answer: str
    meaning: str = ""


def sure(item: Answer) -> tuple[Line, ...]:
    """Return the lines for one analysis; none where there is nothing to compute with.

    Parameters
    ----------
    item : Answer
        With its fit, posterior and verdict.
    """
    lines: list[Line] = []
    if item.posterior is not None:
        lines += _posterior(item)
    if item.verdict is not None:
        if item.verdict.at_margin is not None:
            lines += _probabilities(item, item.verdict, item.verdict.at_margin)
        if item.verdict.compatibility is not None:
            lines += _compatibility(item, item.verdict.compatibility)
        if not math.isnan(item.verdict.bf_claimed):
            lines += _bayes_factors(item, item.verdict)
    if item.fit is not None:
        lines += _fit(item.fit, item.effects.measure)
    return tuple(lines)


def _posterior(item: Answer) -> list[Line]:
    post, m = item.posterior, item.effects.measure
    low, high = (float(end) for end in post.interval(0.95))
    new_low, new_high = (float(end) for end in post.interval(0.95, of="new"))
    return [
        Line(
            "Best guess of the mean effect, given these trials and the prior",
            f"{display(post.estimate, m)} ({display_interval(low, high, m)})",
            f"{effect(post.estimate, m)}; with 95% probability from {span(low, high, m)}",
        ),
        Line(
            "Effect in one new trial of the same kind",
            f"{display_interval(new_low, new_high, m)}",
            f"with 95% probability from {span(new_low, new_high, m)}",
        ),
    ]


def _probabilities(item: Answer, verdict: Verdict, at: Probabilities) -> list[Line]:
    full = verdict.at_claim
    estimand, m = item.claim.tested, item.effects.measure
    side = "at most" if estimand.side == "below" else "at least"
    edge = f"{side} {display(at.threshold, m)}"
    what = "as large as claimed" if estimand.named_by_claim else "of the size in question"
    lines = [
        Line(
            f"Probability that the mean effect is about {what} or larger"
            if estimand.margin < 1
            else f"Probability that the mean effect is {what} or larger",
            percent(at.mean, 1),
            f"counted from {edge}; the prior alone, before any trial, gave {percent(at.prior, 1)}",
        ),
        Line("The same for one new trial", percent(at.new, 1), "a single trial varies more than the mean"),
        Line(
            "The same with prior beliefs twice as wide",
            percent(at.wide, 1),
            "if this differs much from the line above, the prior still decides",
        ),
    ]
    if full is not None and estimand.margin < 1:
        lines.append(
            Line(
                "Probability that it is fully as large as claimed",
                percent(full.mean, 1),
                f"counted from {side} {display(full.threshold, m)}; "
                f"the prior alone gave {percent(full.prior, 1)}",
            )
        )
    return lines


def _compatibility(item: Answer, found: Compatibility) -> list[Line]:
    claimed = display(_claimed(item), item.effects.measure)
    treatment = item.claim.intervention.treatment
    return [
        Line(
            f"Do the trials fit exactly the claimed value ({claimed})?",
            f"{p_equation(found.p_claimed)}; {number(found.surprisal_claimed, 1)} bits",
            f"if the claim were exactly true, such results would be {heads(found.surprisal_claimed)}",
        ),
        Line(
            "Do the trials fit no effect at all?",
            f"{p_equation(found.p_null)}; {number(found.surprisal_null, 1)} bits",
            f"if {treatment} did nothing, such results would be {heads(found.surprisal_null)}",
        ),
    ]


def _claimed(item: Answer) -> float:
    from meta.claims.claimed_effect import claimed_on_model_scale

    return claimed_on_model_scale(item.claim.tested)


def _bayes_factors(item: Answer, verdict: Verdict) -> list[Line]:
    side = "lowering" if item.claim.tested.side == "below" else "raising"
    return [
        Line(
            "Exactly as claimed, against no effect",
            f"Bayes factor {number(verdict.bf_claimed, 2)}",
            f"the data are {bayes_factor(verdict.bf_claimed)} if the claim is exactly true than if there is "
            "no effect"
            if "about" not in bayes_factor(verdict.bf_claimed)
            else "the data are about as likely either way",
        ),
        Line(
            f"Any {side}, however small, against no effect",
            f"Bayes factor {number(verdict.bf_side, 2)}",
            f"the data are {bayes_factor(verdict.bf_side)} under some such effect than under none"
            if "about" not in bayes_factor(verdict.bf_side)
            else "the data are about as likely either way",
        ),
    ]


def _fit(fit: Any, m: str) -> list[Line]:
    test = "the trial's own test" if fit.k == 1 else f"{fit.method}, {_test(fit)}"
    shown = f"{display(fit.estimate, m)} ({display_interval(fit.ci_low, fit.ci_high, m)})"
    lines = [
        Line(
            "Pooled without prior beliefs" if fit.k > 1 else "The trial alone, without prior beliefs",
            f"{shown}, {p_equation(fit.p_value)}",
            f"{effect(fit.estimate, m)}; 95% confidence interval {span(fit.ci_low, fit.ci_high, m)} ({test})",
        )
    ]
    if fit.k > 1:
        low, high = fit.adhoc
        lines.append(
            Line(
                "The same with the interval floored",
                display_interval(low, high, m),
                "never narrower than the plain formula allows; it guards against trials that agree by chance",
            )
        )
        with quiet():
            low, high = fit.prediction_interval()
        df = fit.prediction_df()
        lines.append(
            Line(
                "Prediction interval for a new trial",
                display_interval(low, high, m),
                f"{fit.prediction_kind()}, {number(df, 0)} degree{'' if df == 1 else 's'} of freedom",
            )
        )
    with quiet():
        lines.append(Line("How much do the trials differ?", describe_fit(fit)))
    return lines


def _test(fit: Any) -> str:
    from meta.pooling.pool_options import TESTS

    return f"{TESTS[fit.test].name}, t with {number(fit.df, 0)} df" if fit.test != "z" else "normal"

"""What a careful analyst might have done otherwise: the choices of a claims file, with their options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.effects.defensible_choices import Choices
from meta.effects.study_evidence import PRIMARY, Evidence
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim
from meta.formatting import number

WIDER_ALLOCATION = ("not stated", "not randomised")
WIDER_CONTROLS = ("placebo", "active", "no supplement", "not stated")


@dataclass(frozen=True, slots=True)
class Option:
    """One way to take a choice.

    Attributes
    ----------
    label : str
        Within its choice, such as "0.5".
    choices : Choices
        What it changes; nothing for the primary option.
    departure : str
        The option in words that stand alone, such as "within-person correlation = 0.5".
    """

    label: str
    choices: Choices = PRIMARY
    departure: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that had to be decided; the first option is the primary analysis's.

    ``kind`` is "rules" where the options decide which results enter, "values" where they decide the numbers
    that are derived from them.
    """

    name: str
    options: tuple[Option, ...]
    kind: str = "rules"


def merge(parts: Iterable[Choices]) -> Choices:
    """Return choices that make all the given departures at once; later ones win where they meet.

    >>> both = merge([Choices(assumptions={"r": 0.5}), Choices(cv=0.4, leave_out=("a",))])
    >>> dict(both.assumptions), both.cv, both.leave_out
    ({'r': 0.5}, 0.4, ('a',))
    """
    out = PRIMARY
    for part in parts:
        if part == PRIMARY:
            continue
        out = replace(
            out,
            assumptions={**out.assumptions, **part.assumptions},
            arm_sizes={**out.arm_sizes, **part.arm_sizes},
            eligibility={**out.eligibility, **part.eligibility},
            scale=part.scale if part.scale != PRIMARY.scale else out.scale,
            cv=out.cv if part.cv is None else part.cv,
            form=part.form or out.form,
            dose_mg=part.dose_mg or out.dose_mg,
            leave_out=(*out.leave_out, *part.leave_out),
        )
    return out


def rule_choices(claim: Claim, analysis: Analysis) -> list[Choice]:
    """Return the choices that decide which trials and results enter."""
    options, rules = claim.multiverse, analysis.eligibility
    found = [
        Choice("routes", _routes(options.routes, rules.routes)),
        Choice("allocation", _allocation(options.non_randomised, rules.allocation)),
        Choice("scale points", _borrowed(options.non_randomised, rules.allocation)),
        Choice("co-interventions", _extras(options.co_interventions)),
        Choice("selected bounds", _selected(options.selected_bounds)),
        Choice("tiers", _tiers(options.tiers, rules.tiers)),
        Choice("form", _form(claim)),
        Choice("dose", _dose(claim)),
        Choice("time", _times(options.target_times, analysis)),
    ]
    return [item for item in found if len(item.options) > 1]


def value_choices(
    evidence: Evidence, claim: Claim, used: Sequence[str], studies: Iterable[str]
) -> list[Choice]:
    """Return the choices of values that matter to results whose assumptions are ``used``.

    Parameters
    ----------
    evidence : Evidence
        For the assumptions of the claims file, with their ranges.
    claim : Claim
        For the ways to put standardised effects on the percent scale.
    used : sequence of str
        Assumptions noted on the effects.
    studies : iterable of str
        Ids of the studies, for arm sizes that were not printed.
    """
    text, library, here = " ".join(used), evidence.library, set(studies)
    found = [
        Choice(item.name, _values(item.name, item.id, item.value, (item.low, item.high)), "values")
        for item in library.claims.assumptions
        if item.name in text
    ]
    for sizes in library.claims.arm_sizes:
        if sizes.study in here and sizes.alternatives:
            label = library.study(sizes.study).label
            found.append(Choice(f"arms of {label}", _arms(label, sizes), "values"))
    scale = evidence.percent_scale() if "control CV" in text else None
    if scale is not None:
        cvs = tuple(Option(f"{c:g}", Choices(cv=c), f"control CV = {c:g}") for c in (scale.low, scale.high))
        found.append(Choice("control CV", (Option(number(scale.c, 2)), *cvs), "values"))
        others = [name for name in claim.multiverse.scale_methods if name != scale.method]
        methods = tuple(Option(name, Choices(scale=name), f"percent scale: {name}") for name in others)
        if methods:
            found.append(Choice("percent scale", (Option(scale.method), *methods), "values"))
    return found


def departures(evidence: Evidence, claim: Claim, analysis: Analysis) -> list[tuple[str, Choices]]:
    """Return the departures from the primary analysis, one at a time, each with a label.

    The last but those that leave a study out is everything that lets more evidence in, together. Of more
    than :data:`MOST_LEFT_OUT` studies those with the most information are left out, one at a time.
    """
    effects = evidence.effects(analysis.id)
    used = [str(text) for text in effects.columns["assumptions"]]
    ids = [str(item) for item in effects.columns["study_id"]]
    rules = rule_choices(claim, analysis)
    choices = [*value_choices(evidence, claim, used, ids), *rules]
    found = [("primary analysis", PRIMARY)]
    found += [(option.departure, option.choices) for choice in choices for option in choice.options[1:]]
    wider = [choice.options[-1].choices for choice in rules if choice.name in _WIDENING]
    if len(wider) > 1:
        found.append(("all that lets more evidence in, together", merge(wider)))
    labels = {study.id: study.label for study in evidence.library.studies}
    weighty = [ids[row] for row in most_informative(effects.vi, effects.informative)]
    found += [(f"without {labels[i]}", Choices(leave_out=(i,))) for i in weighty]
    return found


MOST_LEFT_OUT = 50
"""Studies that are left out one at a time: beyond the 50 with the most information none moves an answer much,
and each costs a derivation and a posterior of all the others."""


def most_informative(vi: np.ndarray, informative: np.ndarray) -> list[int]:
    """Positions of the rows to leave out one at a time, in their own order: of many only the weightiest.

    >>> most_informative(np.array([1.0, np.nan]), np.array([True, False]))
    [0, 1]
    """
    if vi.size <= MOST_LEFT_OUT:
        return list(range(vi.size))
    order = np.argsort(np.where(informative, vi, np.inf), kind="stable")
    return sorted(order[:MOST_LEFT_OUT].tolist())


_WIDENING = frozenset({"routes", "allocation", "scale points", "co-interventions", "selected bounds"})


def _eligible(label: str, departure: str, **rules: Any) -> Option:
    return Option(label, Choices(eligibility=rules), departure)


def _values(name: str, key: str, value: float, others: tuple[float, ...]) -> tuple[Option, ...]:
    varied = [v for v in others if v != value]
    return (
        Option(f"{value:g}"),
        *(Option(f"{v:g}", Choices(assumptions={key: v}), f"{name} = {v:g}") for v in varied),
    )


def _arms(label: str, sizes: Any) -> tuple[Option, ...]:
    def split(arms: dict[str, int]) -> str:
        return "/".join(str(n) for n in arms.values())

    others = (
        Option(split(arms), Choices(arm_sizes={sizes.study: arms}), f"{label}: arms of {split(arms)}")
        for arms in sizes.alternatives
    )
    return (Option(split(sizes.sizes)), *others)


def _routes(offered: tuple[tuple[str, ...], ...], own: tuple[str, ...]) -> tuple[Option, ...]:
    others = [routes for routes in offered if routes != own]
    return (
        Option(", ".join(own)),
        *(_eligible(", ".join(r), f"routes: {', '.join(r)}", routes=r) for r in others),
    )


def _wide_allocation(own: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*own, *WIDER_ALLOCATION)))


def _allocation(admitted: bool, own: tuple[str, ...]) -> tuple[Option, ...]:
    first = Option("as the claim's rules")
    if not admitted or _wide_allocation(own) == own:
        return (first,)
    wide = _eligible(
        "also not stated or not randomised",
        "allocation not stated or not randomised",
        allocation=_wide_allocation(own),
    )
    return (first, wide)


def _borrowed(admitted: bool, own: tuple[str, ...]) -> tuple[Option, ...]:
    first = Option("left out without an SD")
    if not admitted:
        return (first,)
    rules = {"allocation": _wide_allocation(own), "borrowed_sd": True}
    return (first, _eligible("set against a borrowed SD", "scale points set against a borrowed SD", **rules))


def _extras(admitted: bool) -> tuple[Option, ...]:
    first = Option("left out")
    if not admitted:
        return (first,)
    rules = {"co_interventions": True, "controls": WIDER_CONTROLS}
    return (first, _eligible("admitted", "with co-interventions", **rules))


def _selected(admitted: bool) -> tuple[Option, ...]:
    first = Option("left out")
    if not admitted:
        return (first,)
    rules = {"selected_bounds": True, "pseudo_replicated": True}
    return (first, _eligible("admitted", "selected bounds admitted", **rules))


def _tiers(offered: tuple[tuple[str, ...], ...], own: tuple[str, ...]) -> tuple[Option, ...]:
    others = [tiers for tiers in offered if tiers != own]
    return (
        Option(", ".join(own)),
        *(_eligible(", ".join(t), f"only tier {' and '.join(t)}", tiers=t) for t in others),
    )


def _form(claim: Claim) -> tuple[Option, ...]:
    form = claim.intervention.form
    if not claim.multiverse.claimed_form_only or not form:
        return (Option("any"),)
    return (Option("any"), Option(f"{form} only", Choices(form=form), f"only {form}"))


def _dose(claim: Claim) -> tuple[Option, ...]:
    if claim.intervention.dose_mg is None:
        return (Option("any"),)
    low, high = claim.multiverse.dose_window_mg
    window = f"{number(low, 0)} to {number(high, 0)} mg"
    return (Option("any"), Option(window, Choices(dose_mg=(low, high)), f"only {window}"))


def _times(offered: tuple[float, ...], analysis: Analysis) -> tuple[Option, ...]:
    own, unit = analysis.eligibility.target_time, analysis.eligibility.target_unit or "h"
    if own is None:
        return (Option("end of treatment"),)
    others = [time for time in offered if time != own]
    return (
        Option(f"{own:g} {unit} or nearest"),
        *(_eligible(f"{t:g} {unit} or nearest", f"{t:g} {unit} or nearest", target_time=t) for t in others),
    )

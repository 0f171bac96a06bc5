"""What a study file says of one result, by the solver's names of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meta.effects.derived_effect import Context, reported_size
from meta.effects.measures.definition import Measure
from meta.evidence.kinds import KINDS
from meta.evidence.study_schema import Arm, Result, Study
from meta.recovery.fact_names import fact_of_table, setting_of_design
from meta.recovery.facts import FACTS

_OF_ONE_GROUP = ("mean", "proportion", "rate", "paired")
_TESTED = ("p", "t", "f", "df", "eta_squared", "p_below", "not_significant")
_BORROWING = ("change_low1", "change_high1")
_OF_CHANGE = {"mean": "mean_change", "sd": "sd_change", "se": "se_change"}


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """The facts of a result.

    Attributes
    ----------
    values : dict of str to object
        By the solver's names: numbers as printed, and words.
    notes : dict of str to str
        What has to be said if a fact is used: an assumed size, a dispersion of which kind is not said.
    """

    values: dict[str, Any]
    notes: dict[str, str] = field(default_factory=dict)


def facts_stated(study: Study, result: Result, entry: Measure, arms: tuple[Arm, ...]) -> dict[str, Any]:
    """The facts that a result states of one or two arms, with nothing assumed.

    Parameters
    ----------
    study, result : Study, Result
        The file, and one of its results.
    entry : Measure
        What is sought or looked at: the p of shares says nothing of means.
    arms : tuple of Arm
        The arm, or the treatment arm and its control.
    """
    values = dict(KINDS[result.statistic.kind].facts(result.statistic, tuple(arm.id for arm in arms)))
    estimates = values.pop("estimates", entry.code)
    if estimates != entry.code:
        # another measure of the same table still leads to its counts; its interval and its p do not
        fact = fact_of_table(estimates)
        of_table = {fact: values["estimate"]} if fact else {}
        values = {name: x for name, x in values.items() if name not in ("estimate", "ci_low", "ci_high", "p")}
        values |= of_table
    paired = setting_of_design(entry.design) == "paired"
    if paired and result.phase == "change":
        values = {_OF_CHANGE.get(name, name): x for name, x in values.items()}
    values = {name: x for name, x in values.items() if not _beside_the_point(name, x, result, entry)}
    for place, arm in enumerate(arms):
        name, size = f"n{place + 1}" if len(arms) > 1 else "n", reported_size(study, result, arm)
        if name not in values and size:
            values[name] = size
    people = study.population.n_analysed or study.population.n_randomised
    if _twice(study) and people and not {"n1", "n2", "n"} & values.keys():
        values["n"] = people
    return values | _scale(result) | words_of(study, result)


def facts_of(context: Context, entry: Measure) -> StudyFacts:
    """The facts that a result states for a measure, those that an analysis admits, with assumed sizes.

    Parameters
    ----------
    context : Context
        The result with its study and the assumed sizes of arms.
    entry : Measure
        What is sought: one of two groups takes both arms, one of a single group the treatment arm.
    """
    single = setting_of_design(entry.design) in _OF_ONE_GROUP
    arms = context.arms[:1] if single else context.arms
    result, rules = context.result, context.analysis.eligibility
    values = facts_stated(context.study, result, entry, arms)
    if result.error_term == "observations" and not (
        rules.pseudo_replicated and result.statistic.kind == "threshold"
    ):
        values = {name: x for name, x in values.items() if name not in _TESTED}
    if not rules.borrowed_sd:
        values = {name: x for name, x in values.items() if name not in _BORROWING}
    found = StudyFacts(values)
    for place, arm in enumerate(arms):
        name = "n" if single else f"n{place + 1}"
        size, note = context.size(arm)
        if name not in values and "n" not in values and size:
            values[name] = size
            found.notes[name] = note
    for name, text in _doubts(context, tuple(arm.id for arm in arms)).items():
        found.notes[name] = text
    for arm_name in ("1", "2", ""):
        percent, n = (values.get(f"{name}{arm_name}") for name in ("percent", "n"))
        if isinstance(percent, str) and n and not fits_a_count(float(percent), _decimals(percent), n):
            del values[f"percent{arm_name}"]
    return found


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def fits_a_count(percent: float, decimals: int, n: int) -> bool:
    """Whether some count of n is printed as this percentage, rounded or cut off: else n is of other people.

    >>> fits_a_count(27.2, 1, 66), fits_a_count(32.8, 1, 66)
    (True, False)
    """
    near = round(percent * n / 100)
    return abs(100 * near / n - percent) < 10.0**-decimals + 1e-9


_COUNTED = ("counts", "percentages", "ratio")
_OF_COUNTS = ("2x2", "rates", "proportion", "rate", "generic")


def _beside_the_point(name: str, value: Any, result: Result, entry: Measure) -> bool:
    """A fact that says nothing here: p = 0, which was rounded; the p of shares, where means are compared."""
    if name != "p":
        return name not in FACTS
    counted = result.statistic.kind in _COUNTED
    return value == 0 or (counted and setting_of_design(entry.design) not in _OF_COUNTS)


def words_of(study: Study, result: Result) -> dict[str, Any]:
    """What is said of the design of a comparison."""
    kind, twice = study.design.kind, _twice(study)
    found: dict[str, Any] = {
        "design": "crossover" if twice else "cluster" if kind == "cluster" else "parallel",
        "phase": "change" if result.phase == "change" else "final",
        # adjusting a crossover for its periods leaves the error that of people
        "adjusted": "no" if twice else result.adjusted,
    }
    if kind != "cluster":
        return found
    design = study.design
    numbers = {name: getattr(design, name) for name in ("cluster_size", "icc", "design_effect")}
    told = "error_term" in result.model_fields_set
    term = {"people": "people", "clusters": "clusters"}.get(result.error_term if told else "", "not stated")
    return found | {name: x for name, x in numbers.items() if x is not None} | {"error_term": term}


def _scale(result: Result) -> dict[str, float]:
    ends = {"scale_low": result.scale_low, "scale_high": result.scale_high}
    return {name: x for name, x in ends.items() if x is not None}


def _twice(study: Study) -> bool:
    return study.design.kind in ("crossover", "contralateral")


def _doubts(context: Context, ids: tuple[str, ...]) -> Mapping[str, str]:
    """What has to be said if a fact is used."""
    found = {"eta_squared": "eta squared is the partial one of a one-df effect"}
    if context.crossover:
        found["eta_squared"] += " within people"
    parts = {part.arm: part for part in getattr(context.result.statistic, "arms", ())}
    for place, arm in enumerate(ids):
        if not getattr(parts.get(arm), "dispersion_stated", True):
            suffix = str(place + 1) if len(ids) > 1 else ""
            found[f"sd{suffix}"] = "the printed dispersion is taken to be an SD"
            found[f"se{suffix}"] = "the printed dispersion is taken to be an SE"
    return found

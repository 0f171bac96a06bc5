"""Every distinct set of effects that the choices of a claim lead to, each by the fewest departures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from meta.claims.choices import Choice, Option, merge, most_informative, rule_choices, value_choices
from meta.claims.independence import shared_values
from meta.effects.defensible_choices import Choices
from meta.effects.derived_effect import Derived
from meta.effects.study_evidence import Evidence, Reading
from meta.evidence.clones import AGREEING, printed_values

NOT_ASKED = "—"
"""Label of a choice that makes no difference to an analysis."""

WITHOUT = "study left out"
"""Name of the choice to leave one study out."""


@dataclass(frozen=True)
class DataSet:
    """The effects of one way to choose, and how it chose.

    Attributes
    ----------
    effects : tuple of Derived
        Informative ones, in the order of the studies.
    studies : tuple of str
        Their studies' labels.
    options : mapping of str to str
        Label of the option by choice; choices that make no difference here are absent.
    departures : int
        Choices taken otherwise than in the primary analysis.
    """

    effects: tuple[Derived, ...]
    studies: tuple[str, ...]
    options: Mapping[str, str]
    departures: int


def data_sets(evidence: Evidence, name: str) -> list[DataSet]:
    """Return every distinct set of effects of an analysis; the primary one comes first.

    Parameters
    ----------
    evidence : Evidence
        The study and claim files.
    name : str
        An analysis id.

    Notes
    -----
    Choices that decide which results enter are crossed in full; for each set of results that they lead to,
    only the values that some result in it rests on are crossed, and each study is left out in turn. Two ways
    that end in the same numbers are one analysis, told by the fewer departures.
    """
    claim, analysis = evidence.analysis(name)
    found: dict[tuple, DataSet] = {}
    entered: set[tuple] = set()
    for chosen in _crossed(rule_choices(claim, analysis)):
        labels, away = _labels(chosen), _departures(chosen)
        rules = merge(option.choices for _, option in chosen.values())
        readings = evidence.readings(name, choices=rules)
        readings = _without_clones(item for item in readings if item.effect.kind != "none")
        roster = tuple((item.study.id, item.result.id, effect_key(item.effect)) for item in readings)
        if roster in entered:
            continue
        entered.add(roster)
        if not readings:
            _keep(found, DataSet((), (), labels, away))
            continue
        for values, effects in _valued(evidence, name, readings, rules):
            both = {**labels, **_labels(values)}
            for data in _each_left_out(readings, effects, both, away + _departures(values)):
                _keep(found, data)
    return sorted(found.values(), key=lambda data: data.departures)


def _without_clones(readings: Iterable[Reading]) -> list[Reading]:
    """The readings, of those that share too many printed values only the first."""
    found = list(readings)
    values = [printed_values(item.result) for item in found]
    again = {j for _, j, shared in shared_values(values) if shared >= AGREEING}
    return [item for i, item in enumerate(found) if i not in again]


Chosen = dict[str, tuple[Choice, Option]]
"""The option taken, by the name of the choice."""


def _crossed(choices: Sequence[Choice]) -> Iterable[Chosen]:
    """Yield every combination of options, fewest departures first."""
    places = product(*(range(len(item.options)) for item in choices))
    for at in sorted(places, key=lambda at: sum(i > 0 for i in at)):
        yield {item.name: (item, item.options[i]) for item, i in zip(choices, at, strict=True)}


def _labels(chosen: Chosen) -> dict[str, str]:
    return {name: option.label for name, (_, option) in chosen.items()}


def _departures(chosen: Chosen) -> int:
    return sum(option is not item.options[0] for item, option in chosen.values())


def _valued(
    evidence: Evidence, name: str, readings: Sequence[Reading], rules: Choices
) -> Iterable[tuple[Chosen, tuple[Derived, ...]]]:
    """Yield every combination of the values that the readings rest on, with the effects under it.

    Each study is derived once for each combination of the values that it rests on itself.
    """
    claim, _ = evidence.analysis(name)
    own = [value_choices(evidence, claim, item.effect.assumptions, [item.study.id]) for item in readings]
    derived: dict[tuple, Derived] = {}
    every = {choice.name: choice for choices in own for choice in choices}
    for chosen in _crossed(list(every.values())):
        effects = []
        for item, choices in zip(readings, own, strict=True):
            key = (item.study.id, item.part, *(chosen[choice.name][1].label for choice in choices))
            if key not in derived:
                values = merge((rules, *(chosen[choice.name][1].choices for choice in choices)))
                again = evidence.reading(item.study, name, choices=values, part=item.part)
                assert again is not None, "a value decides no eligibility"
                derived[key] = again.effect
            effects.append(derived[key])
        yield chosen, tuple(effects)


def _each_left_out(
    readings: Sequence[Reading], effects: tuple[Derived, ...], labels: dict[str, str], away: int
) -> Iterable[DataSet]:
    pairs = [(item.study.label, effect) for item, effect in zip(readings, effects, strict=True)]
    # a value may put an effect beyond what its scale can carry
    pairs = [pair for pair in pairs if pair[1].kind != "none"]
    studies, effects = tuple(label for label, _ in pairs), tuple(effect for _, effect in pairs)
    yield DataSet(effects, studies, {**labels, WITHOUT: "none"}, away)
    known = np.array([effect.v for effect in effects], dtype=float)
    for i in most_informative(known, np.ones(known.size, dtype=bool)):
        label = studies[i]
        rest = (*effects[:i], *effects[i + 1 :]), (*studies[:i], *studies[i + 1 :])
        yield DataSet(*rest, {**labels, WITHOUT: label}, away + 1)


def _keep(found: dict[tuple, DataSet], data: DataSet) -> None:
    key = tuple(
        (study, effect.tier, effect_key(effect))
        for study, effect in zip(data.studies, data.effects, strict=True)
    )
    if key not in found or data.departures < found[key].departures:
        found[key] = data


def effect_key(effect: Derived) -> tuple:
    """Return what tells effects apart in a likelihood; NaN equals NaN here."""
    numbers = (effect.y, effect.v, effect.low, effect.high)
    return (effect.kind, *(None if np.isnan(x) else x for x in numbers), effect.mixture)

"""Numbers that stand in two studies' files: the same trial under another name, or a copied table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from meta.evidence.study_schema import Result, Study
from meta.formatting import listing

AGREEING = 4
"""Continuous values that two studies do not share by chance, so that they count as one."""

NOT_MEASURED = frozenset({"level", "alpha", "p_below", "percent"})
"""Numbers that are chosen or round, and so agree by chance."""


def printed_values(result: Result) -> frozenset[str]:
    """The continuous values of a result as printed, each with its place; counts agree by chance."""
    found: set[str] = set()
    _collect(result.statistic, "", found)
    return frozenset(found)


def _collect(part: Any, place: str, found: set[str]) -> None:
    if isinstance(part, BaseModel):
        for name in part.model_fields_set - NOT_MEASURED:
            _collect(getattr(part, name), f"{place}.{name}", found)
    elif isinstance(part, tuple | list):
        for i, item in enumerate(part):
            _collect(item, f"{place}.{i}", found)
    elif isinstance(part, float):
        found.add(f"{place.removeprefix('.')}={part!r}")


def printed_counts(result: Result, treated: str, control: str) -> str:
    """Events of people in both arms as counts were printed, such as ``3/20 5/21``; else nothing."""
    arms = getattr(result.statistic, "arms", ())
    found = {part.arm: f"{part.events}/{part.n}" for part in arms if hasattr(part, "events")}
    both = [found.get(arm, "") for arm in (treated, control)]
    return " ".join(both) if all(both) else ""


def same_numbers(studies: Iterable[Study]) -> Iterator[str]:
    """One sentence per group of included studies that share the numbers of a result.

    Studies that are said to be of the same people, by ``cohort``, are not asked about.
    """
    names: dict[str, dict[frozenset[str], list[Study]]] = defaultdict(lambda: defaultdict(list))
    for study in studies:
        if study.status != "included" or study.role != "trial":
            continue
        for result in study.results:
            values = printed_values(result)
            if len(values) >= 2:
                names[result.outcome][values].append(study)
    told: set[tuple[str, ...]] = set()
    for outcome, by_values in names.items():
        for group in _groups(list(by_values)):
            owners = [study for values in group for study in by_values[values]]
            kin = {study.cohort or study.id: study for study in owners}
            ids = tuple(sorted(study.id for study in kin.values()))
            if len(kin) > 1 and ids not in told:
                told.add(ids)
                yield _question(ids, outcome, len(group[0].intersection(*group[1:])))


def _question(ids: Sequence[str], outcome: str, shared: int) -> str:
    files = [f"{name}.toml" for name in ids]
    few = listing(files) if len(files) <= 5 else f"{', '.join(files[:4])} and {len(files) - 4} more"
    counted = "they count as one study" if shared >= AGREEING else "they count as separate studies"
    return (
        f"{few} report the same {shared} numbers for {outcome!r}, to every digit: are they the same people? "
        f"If so, give them the same cohort; {counted} until then"
    )


def _groups(values: list[frozenset[str]]) -> Iterator[list[frozenset[str]]]:
    """Sets of values that are equal (each stands for itself), and those that share :data:`AGREEING`."""
    first: dict[str, list[int]] = defaultdict(list)
    leader = list(range(len(values)))
    for j, own in enumerate(values):
        counts: dict[int, int] = defaultdict(int)
        for value in own:
            for i in first[value][-MOST:]:
                counts[i] += 1
            first[value].append(j)
        near = [i for i, shared in counts.items() if shared >= AGREEING]
        if near:
            leader[j] = leader[min(near)]
    groups: dict[int, list[frozenset[str]]] = defaultdict(list)
    for j, lead in enumerate(leader):
        groups[lead].append(values[j])
    yield from groups.values()


MOST = 50
"""A value that more results share (an SD of 1) tells nothing about any two of them."""

"""What does not fit in study files, or deserves a look: the same list for every command.

Each result is compared with itself by the solver's rules, with the other results of the same comparison, and
with what the file says of its arms; sizes, doses and years are looked at as such.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.eligibility import CONTROL_ROLES
from meta.effects.registry import MEASURES
from meta.effects.registry import measure as look_up
from meta.effects.study_facts import facts_stated
from meta.errors import InputError
from meta.evidence.study_schema import Arm, Result, Study
from meta.recovery.consistency import contradictions
from meta.recovery.contradiction import Contradiction
from meta.recovery.facts import half_digit
from meta.recovery.grim import whole_numbers
from meta.recovery.plan_of_rows import plans
from meta.recovery.stated_facts import read

CONTRADICTION, LOOK = "contradiction", "worth a look"
_COUNTED = ("counts", "percentages")
FIRST_YEAR = 1900
"""Years of publication are not earlier, so a dose in mg from here on may be a year in the wrong field."""
ALIKE = 1.6
"""An SD that lies this near to a factor sqrt(n) below the others may be a standard error."""
FAR_APART = 3.0
"""... if it is at least this many times smaller: SDs of one outcome differ by less between trials."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something in a study file that does not fit, or deserves a look.

    Attributes
    ----------
    study : str
        Id of the study.
    result : str
        Id of the result, or of several; empty where it is about the study.
    kind : str
        "contradiction" or "worth a look".
    facts : tuple of str
        The fields that it is about, by flat name.
    says : str
        One sentence.
    slip : str
        The likely slip; empty if none is likely.
    """

    study: str
    result: str
    kind: str
    facts: tuple[str, ...]
    says: str
    slip: str = ""

    def __str__(self) -> str:
        text = f"{self.says}; {self.slip}" if self.slip else self.says
        return f"{self.study}{f', {self.result}' if self.result else ''}: {text}"

    def to_dict(self) -> dict[str, Any]:
        """Its fields, for JSON."""
        return {name: getattr(self, name) for name in ("study", "result", "kind", "facts", "says", "slip")}


def doubts_about(study: Study, others: Sequence[Study] = (), *, this_year: int | None = None) -> list[Doubt]:
    """Everything in a study file that does not fit, or deserves a look.

    Parameters
    ----------
    study : Study
        The file.
    others : sequence of Study
        The other files of the review, with whose SDs and doses it is compared.
    this_year : int or None
        No publication is later than the year after it; that of the clock if None.
    """
    year = datetime.datetime.now(tz=datetime.UTC).year if this_year is None else this_year
    found = [*_of_fields(study, year), *_of_sizes(study)]
    for result in study.results:
        found += _of_result(study, result)
    found += _of_pairs(study)
    found += _of_changes(study)
    found += _unlike_others(study, others)
    unique = {(item.result, item.says): item for item in found}
    return sorted(unique.values(), key=lambda item: item.kind != CONTRADICTION)


def doubts_of(studies: Sequence[Study], *, this_year: int | None = None) -> list[Doubt]:
    """The same of all files of a review, by file."""
    return [
        doubt
        for study in studies
        for doubt in doubts_about(study, [x for x in studies if x is not study], this_year=this_year)
    ]


# --- one result ------------------------------------------------------------------------------------


def pairs_of(study: Study, result: Result) -> list[tuple[Arm, ...]]:
    """The comparisons of a result: every treatment arm with every control, or its arms one by one."""
    arms = [study.arm(name) for name in result.arms]
    treated = [arm for arm in arms if arm.role == "treatment"]
    controls = [arm for arm in arms if arm.role in CONTROL_ROLES]
    return [*itertools.product(treated, controls)] if treated and controls else [(arm,) for arm in arms]


def _of_result(study: Study, result: Result) -> Iterator[Doubt]:
    for arms in pairs_of(study, result):
        yield from _compared(study, result.id, _code(result, len(arms)), _facts(study, result, arms))


def _facts(study: Study, result: Result, arms: tuple[Arm, ...]) -> dict[str, Any]:
    return facts_stated(study, result, look_up(_code(result, len(arms))), arms)


def _code(result: Result, arms: int) -> str:
    """The measure for which a result is looked at: that which reads most of its kind."""
    kind = result.statistic.kind
    if kind in _COUNTED:
        return "RR" if arms == 2 else "PLO"
    ratio = getattr(result.statistic, "measure", "")
    if ratio in MEASURES:
        return str(ratio)
    return "MD" if arms == 2 else "MC" if result.phase == "change" else "MN"


def _compared(study: Study, where: str, code: str, facts: Mapping[str, Any]) -> Iterator[Doubt]:
    if not facts:
        return
    try:
        stated = read({name: [value] for name, value in facts.items()}, [study.label])
    except InputError as error:
        yield Doubt(study.id, where, CONTRADICTION, (), str(error))
        return
    level = stated.values.pop("level", np.array([0.95]))
    if not stated.values:
        return
    printed = {name: stated.half(name) for name in stated.values}
    found: list[Contradiction] = []
    if not (code == "RR" and facts.get("design") == "crossover"):
        entry = look_up(code)
        for plan in plans(entry, stated.values, words=stated.words, halves_of=stated.halves, level=level):
            found += contradictions(plan, printed)
    found += whole_numbers(stated.values, printed, stated.words.get("whole"))
    for item in found:
        yield Doubt(study.id, where, item.kind, item.facts, item.says, item.slip)


# --- results of one study together -----------------------------------------------------------------


def _of_pairs(study: Study) -> Iterator[Doubt]:
    """Two results of the same comparison, such as means and a test: what each says of the other."""
    for one, two in itertools.combinations(study.results, 2):
        if _asked(one) != _asked(two) or one.statistic.kind == two.statistic.kind or not _same_arms(one, two):
            continue
        for arms in pairs_of(study, one):
            if len(arms) != 2:
                continue
            first, second = (_facts(study, item, arms) for item in (one, two))
            if any(first[name] != second[name] for name in first.keys() & second.keys()):
                continue
            code = _code(one, 2)
            if code != _code(two, 2):
                continue
            alone = {x.says for item in (one, two) for x in _of_result(study, item)}
            for doubt in _compared(study, f"{one.id} and {two.id}", code, first | second):
                if doubt.says not in alone:
                    yield doubt


def _asked(result: Result) -> tuple[Any, ...]:
    return (
        result.outcome, result.measured.strip().lower(), result.time.label, result.phase, result.unit,
        result.adjusted,
    )  # fmt: skip


def _same_arms(one: Result, two: Result) -> bool:
    return set(one.arms) == set(two.arms)


def _of_changes(study: Study) -> Iterator[Doubt]:
    """A change that is not after minus before."""
    means: dict[tuple[Any, ...], dict[str, tuple[float, str]]] = {}
    for result in study.results:
        if result.phase not in ("baseline", "final", "change") or result.statistic.kind != "means":
            continue
        for part in result.statistic.arms:  # type: ignore[union-attr]
            if part.mean is not None:
                key = (result.outcome, result.measured.strip().lower(), result.unit, part.arm)
                times = means.setdefault(key, {})
                # of several times none can be told to be that of the change
                times[result.phase] = (np.nan, "") if result.phase in times else (part.mean, result.id)
    for (*_, arm), at in means.items():
        if at.keys() != {"baseline", "final", "change"}:
            continue
        before, after, change = (at[phase][0] for phase in ("baseline", "final", "change"))
        slack = sum(half_digit(x) for x in (before, after, change) if np.isfinite(x)) + 1e-9
        if not abs(change - (after - before)) > slack:
            continue
        turned = abs(change + (after - before)) <= slack
        says = f"the change of {arm}, {change:g}, is not after minus before, {after:g} - {before:g} = "
        says += f"{after - before:g}"
        slip = "the sign looks reversed" if turned else "the people may not be the same, or a digit is wrong"
        where = " and ".join(dict.fromkeys(at[phase][1] for phase in ("change", "final", "baseline")))
        yield Doubt(study.id, where, CONTRADICTION if turned else LOOK, ("mean",), says, slip)


# --- sizes, doses, years ---------------------------------------------------------------------------


def _of_fields(study: Study, this_year: int) -> Iterator[Doubt]:
    if study.year is not None and study.year > this_year + 1:
        says = f"year = {study.year} lies in the future"
        yield Doubt(study.id, "", CONTRADICTION, ("year",), says, "a digit may be wrong")
    for arm in study.arms:
        dose = arm.dose_mg
        if dose is not None and dose == int(dose) and FIRST_YEAR <= dose <= this_year + 1:
            like = "the year of the study" if dose == study.year else "a year"
            yield Doubt(study.id, "", LOOK, ("dose_mg",), f"dose_mg = {dose:g} looks like {like}",
                        "check the dose a day in mg")  # fmt: skip
        for name in ("n_randomised", "n_analysed"):
            n = getattr(arm, name)
            if n is not None and n == study.year:
                yield Doubt(study.id, "", LOOK, (name,), f"{name} = {n} of {arm.id} is the year of the study",
                            "check the number of people")  # fmt: skip


def _of_sizes(study: Study) -> Iterator[Doubt]:
    """People that do not add up."""
    people, twice = study.population, study.design.kind in ("crossover", "contralateral", "before-after")

    def told(says: str, *facts: str, kind: str = CONTRADICTION, where: str = "") -> Doubt:
        return Doubt(study.id, where, kind, facts, says, "a number may be that of another group or time")

    if people.n_randomised and people.n_analysed and people.n_analysed > people.n_randomised:
        yield told(f"n_analysed = {people.n_analysed} is more than n_randomised = {people.n_randomised}",
                   "n_analysed", "n_randomised")  # fmt: skip
    for arm in study.arms:
        if arm.n_randomised and arm.n_analysed and arm.n_analysed > arm.n_randomised:
            yield told(f"n_analysed = {arm.n_analysed} of {arm.id} is more than its n_randomised = "
                       f"{arm.n_randomised}", "n_analysed", "n_randomised")  # fmt: skip
    for name in ("n_randomised", "n_analysed"):
        parts, total = [getattr(arm, name) for arm in study.arms], getattr(people, name)
        if twice or total is None or len(parts) < 2 or any(part is None for part in parts):
            continue
        if sum(parts) != total:
            yield told(f"the arms' {name} add up to {sum(parts)}, not to {total}", name)
    for result in study.results:
        for part in getattr(result.statistic, "arms", ()):
            n, most = getattr(part, "n", None), study.arm(part.arm).n_randomised
            if n and most and n > most:
                says = f"n = {n} of {part.arm} is more than the {most} who were randomised to it"
                yield told(says, "n", where=result.id)


def _unlike_others(study: Study, others: Sequence[Study]) -> Iterator[Doubt]:
    """SDs about sqrt(n) times smaller than those of the same outcome in other studies."""
    for result in study.results:
        known = list(_sds(others, result))
        if len(known) < 2:
            continue
        middle = float(np.median(known))
        for part in _parts(result):
            n = part.n or study.arm(part.arm).n_analysed or study.arm(part.arm).n_randomised
            if n is None or part.sd is None:
                continue
            factor, root = middle / part.sd, float(np.sqrt(n))
            if factor > FAR_APART and root / ALIKE < factor < root * ALIKE:
                says = f"the SD of {part.arm}, {part.sd:g}, is {factor:.1f} times smaller than is usual of "
                says += f"{result.outcome} here, {middle:g}, and sqrt(n) = {root:.1f}"
                yield Doubt(study.id, result.id, LOOK, ("sd",), says, "it may be a standard error")


def _parts(result: Result) -> Iterable[Any]:
    return result.statistic.arms if result.statistic.kind == "means" else ()  # type: ignore[union-attr]


def _sds(studies: Sequence[Study], like: Result) -> Iterator[float]:
    for study in studies:
        for result in study.results:
            if result.outcome == like.outcome != "other" and result.unit == like.unit:
                if (result.phase == "change") != (like.phase == "change"):
                    continue
                yield from (part.sd for part in _parts(result) if part.sd is not None)

"""Rows of a table that lack what a formula takes: what the solver finds by each row's own facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects import checks
from meta.effects.checks import Labels
from meta.effects.measures.definition import Measure
from meta.recovery.assemble import Rows, assemble
from meta.recovery.consistency import contradictions
from meta.recovery.fact_names import setting_of_design
from meta.recovery.plan_of_rows import Plan, plans
from meta.recovery.solutions import assumed, told
from meta.recovery.stated_facts import read
from meta.tables.containers import missing

_QUANTILES = tuple(
    name
    for arm in "12"
    for name in (f"median{arm}", f"q1_{arm}", f"q3_{arm}", f"minimum{arm}", f"maximum{arm}")
)
_INTERVALS = ("ci_low1", "ci_high1", "ci_low2", "ci_high2")
_OF_TESTS = ("p", "p_signed", "p_below", "not_significant", "direction")
_OF_MEANS = ("se1", "se2", "d", "t", "r_pb", "difference", "f", "eta_squared", "n")
FACTS: dict[str, tuple[str, ...]] = {
    "two means": (*_OF_TESTS, *_OF_MEANS, *_QUANTILES, *_INTERVALS),
    "correlation": (*_OF_TESTS, "t"),
}
"""What rows may state beside the arguments of the formula, by setting."""


@dataclass(frozen=True, slots=True)
class Solved:
    """What the solver found for the rows that lack an argument.

    Attributes
    ----------
    at : ndarray of int
        Positions of those rows.
    rows : Rows
        Their effects.
    plans : tuple of Plan
        How each was found.
    """

    at: np.ndarray
    rows: Rows
    plans: tuple[Plan, ...]

    @property
    def found(self) -> np.ndarray:
        """Positions of the rows for which there is an effect, a bound or a mixture."""
        return self.at[self.rows.kind != "none"]

    def how(self) -> np.ndarray:
        """How each row was obtained, in words, and what was assumed."""
        texts = []
        for plan in self.plans:
            assumption = assumed(plan)
            texts.append(f"{told(plan)}; assumed: {assumption}" if assumption else told(plan))
        return np.array(texts, dtype=object)[self.rows.plan]


def facts_of(entry: Measure) -> tuple[str, ...]:
    """Names of the facts that a row may state in place of the arguments of a measure's formula.

    >>> from meta.effects.registry import measure
    >>> "median1" in facts_of(measure("MD")), facts_of(measure("RR"))
    (True, ())
    """
    return FACTS.get(setting_of_design(entry.design), ())


def solve_lacking(
    entry: Measure,
    given: Mapping[str, np.ndarray],
    filled: Mapping[str, np.ndarray],
    k: int,
    *,
    vtype: str | None,
    options: Mapping[str, Any],
) -> Solved | None:
    """Solve the rows that lack an argument of the formula; None if none does or none can be solved.

    Parameters
    ----------
    entry : Measure
        What is sought.
    given, filled : mapping of str to ndarray of shape (k,)
        What the rows state, and the same with what follows by the simple forms.
    k : int
        Number of rows.
    vtype, options
        As the formula takes them.
    """
    names = facts_of(entry)
    if not names:
        return None
    lacking = np.zeros(k, dtype=bool)
    for name in entry.columns:
        lacking |= np.isnan(filled[name]) if name in filled else True
    stated = {name: given[name] for name in (*entry.columns, *names) if name in given}
    if not lacking.any() or not any(name in stated for name in names):
        return None
    if "p" in stated and "p_signed" not in stated and np.any(stated["p"] < 0):
        stated["p_signed"] = stated.pop("p")
    at = np.flatnonzero(lacking)
    own = {name: x[at] for name, x in stated.items() if not np.isnan(x[at]).all()}
    found = tuple(plans(entry, own, options=options))
    if all(plan.way is None for plan in found):
        return None
    return Solved(at, assemble(entry, found, at.size, vtype=vtype, options=options), found)


def over_determined(
    entry: Measure, given: Mapping[str, np.ndarray], study: Labels, options: Mapping[str, Any]
) -> list[str]:
    """What does not fit in rows that state more than the formula takes, in the solver's words.

    Parameters
    ----------
    entry : Measure
        What is sought.
    given : mapping of str to ndarray of shape (k,)
        What the rows state.
    study : sequence of str, shape (k,)
        Their labels.
    options : mapping
        As the formula takes them.
    """
    more = [name for name in facts_of(entry) if name in given]
    if not more:
        return []
    stated = {name: given[name] for name in dict.fromkeys((*entry.columns, *more)) if name in given}
    if "p" in stated and "p_signed" not in stated and np.any(stated["p"] < 0):
        stated["p_signed"] = stated.pop("p")
    found = [
        item
        for plan in plans(entry, stated, options=options)
        for item in contradictions(plan)
        # sizes that do not add up are said by the checks of tables
        if item.kind == "contradiction" and not set(item.facts) <= {"n", "n1", "n2"}
    ]
    told = [f"contradiction: study {str(study[item.row])!r}: {item}" for item in found[:MOST_TOLD]]
    rest = len(found) - MOST_TOLD
    return [*told, f"and {rest} more contradictions; meta.solve lists all"] if rest > 0 else told


MOST_TOLD = 20
"""Contradictions that are told one by one."""


IN_WORDS = ("direction", "not_significant")
"""Facts whose cells may be words: "lower", True, "ns"."""


def in_words(values: Any, name: str, study: Labels) -> np.ndarray:
    """A column of cells that may be words, as numbers, (k,); NaN where nothing is stated.

    Directions are +1 ("higher") and -1 ("lower"); "not significant" is the threshold that p did not reach.

    >>> in_words(["lower", None], "direction", ["a", "b"]).tolist()
    [-1.0, nan]
    >>> in_words([True, 0.1], "not_significant", ["a", "b"]).tolist()
    [0.05, 0.1]
    """
    stated = read({name: values}, study)
    return stated.values.get(name, np.full(len(study), np.nan))


def has_gaps(values: Any) -> bool:
    """Whether a column has an empty cell."""
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return bool(np.isnan(array).any())
    return array.dtype.kind not in "iub" and any(missing(x) for x in array)


def with_solved(solved: Solved | None, values: Mapping[str, np.ndarray], k: int) -> dict[str, np.ndarray]:
    """The arguments of the formula, also of the rows that were solved; NaN where another way was taken."""
    found = dict(values)
    if solved is not None:
        for name, x in solved.rows.columns.items():
            old = found.get(name, np.full(k, np.nan)).copy()
            known = np.isfinite(x)
            old[solved.at[known]] = x[known]
            found[name] = old
    return found


def with_direct(solved: Solved | None, yi: np.ndarray, vi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Effects and variances, those that the formula had no part in put in their places."""
    if solved is None:
        return yi, vi
    yi, vi = yi.copy(), vi.copy()
    direct = np.ones(solved.at.size, dtype=bool)
    for x in solved.rows.columns.values():
        direct &= np.isnan(x)
    yi[solved.at[direct]], vi[solved.at[direct]] = solved.rows.yi[direct], solved.rows.vi[direct]
    return yi, vi


def half_known(solved: Solved | None, k: int) -> np.ndarray:
    """Rows whose effect is a bound or a mixture, so that their variance stands without an estimate, (k,)."""
    found = np.zeros(k, dtype=bool)
    if solved is not None:
        found[solved.at[np.isin(solved.rows.kind, ("bound", "mixture"))]] = True
    return found


def bounds_and_mixtures(solved: Solved | None, kind: np.ndarray) -> dict[str, Any]:
    """What effect sizes hold of bounds and mixtures; the kinds of those rows are set."""
    if solved is None:
        return {}
    k = kind.size
    lower, upper = np.full(k, np.nan), np.full(k, np.nan)
    lower[solved.at], upper[solved.at] = solved.rows.lower, solved.rows.upper
    partly = half_known(solved, k)
    kind[solved.at] = np.where(partly[solved.at], solved.rows.kind, kind[solved.at])
    mixtures = {int(solved.at[row]): values for row, values in solved.rows.mixtures.items()}
    return {"lower": lower, "upper": upper, "mixtures": mixtures}


def said_of(solved: Solved | None, source: str, k: int) -> Any:
    """How each row was obtained: by the formula, or as it was solved."""
    if solved is None:
        return source
    found = np.full(k, source, dtype=object)
    found[solved.at] = solved.how()
    return found


def about_solved(
    solved: Solved | None, entry: Measure, values: Mapping[str, np.ndarray], study: Labels
) -> list[str]:
    """Messages on rows without an effect, and on those whose sign is unknown."""
    if solved is None:
        return checks.missing_values(values, entry.columns, study)
    fine = np.zeros(len(study), dtype=bool)
    fine[solved.found] = True
    shown = {name: np.where(fine, 1.0, values[name]) for name in entry.columns}
    unsigned = np.zeros(len(study), dtype=bool)
    unsigned[[int(solved.at[row]) for row in solved.rows.mixtures]] = True
    return [
        *checks.missing_values(shown, entry.columns, study),
        *checks.each(
            unsigned,
            lambda row: (
                f"study {str(study[row])!r} has two possible effects, as a two-sided p has no sign: give "
                "direction, or p_signed"
            ),
            "two possible effects",
        ),
    ]

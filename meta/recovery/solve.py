"""`solve`: from whatever a source states of a comparison to its effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.effects.inputs import study_labels, take, with_labels
from meta.effects.registry import measure as look_up
from meta.effects.vtypes import choose
from meta.errors import InputError
from meta.keywords import keywords, nearest
from meta.recovery.assemble import assemble
from meta.recovery.assumptions import ASSUMPTIONS
from meta.recovery.facts import FACTS, WORDS
from meta.recovery.plan_of_rows import plans
from meta.recovery.solution import Solution
from meta.recovery.solution_of_row import Choices, solution_of
from meta.recovery.solutions import Solutions
from meta.recovery.stated_facts import Stated, read
from meta.tables.containers import Columns, as_columns


@keywords
def solve(
    table: Any = None,
    *,
    measure: str,
    study: Any = None,
    vtype: str | None = None,
    add: float | None = None,
    to: str | None = None,
    bias_correction: bool | None = None,
    exact: bool | None = None,
    assume: Mapping[str, float] | None = None,
    n1: Any = None, mean1: Any = None, sd1: Any = None, se1: Any = None, ci_low1: Any = None,
    ci_high1: Any = None, median1: Any = None, q1_1: Any = None, q3_1: Any = None, minimum1: Any = None,
    maximum1: Any = None, events1: Any = None, nonevents1: Any = None, percent1: Any = None,
    time1: Any = None, mean_pre1: Any = None, sd_pre1: Any = None, mean_post1: Any = None,
    sd_post1: Any = None, mean_change1: Any = None, sd_change1: Any = None, se_change1: Any = None,
    p_change1: Any = None, p_below_change1: Any = None, not_significant_change1: Any = None,
    direction_change1: Any = None, change_low1: Any = None, change_high1: Any = None,
    n2: Any = None, mean2: Any = None, sd2: Any = None, se2: Any = None, ci_low2: Any = None,
    ci_high2: Any = None, median2: Any = None, q1_2: Any = None, q3_2: Any = None, minimum2: Any = None,
    maximum2: Any = None, events2: Any = None, nonevents2: Any = None, percent2: Any = None,
    time2: Any = None, mean_pre2: Any = None, sd_pre2: Any = None, mean_post2: Any = None,
    sd_post2: Any = None, mean_change2: Any = None, sd_change2: Any = None, se_change2: Any = None,
    p_change2: Any = None, p_below_change2: Any = None, not_significant_change2: Any = None,
    direction_change2: Any = None, change_low2: Any = None, change_high2: Any = None,
    n: Any = None, mean: Any = None, sd: Any = None, median: Any = None, q1: Any = None, q3: Any = None,
    minimum: Any = None, maximum: Any = None, events: Any = None, nonevents: Any = None,
    percent: Any = None, time: Any = None, mean_pre: Any = None, sd_pre: Any = None, mean_post: Any = None,
    sd_post: Any = None, mean_change: Any = None, sd_change: Any = None, se_change: Any = None,
    difference: Any = None, md: Any = None, estimate: Any = None, se: Any = None, ci_low: Any = None,
    ci_high: Any = None, level: Any = None, t: Any = None, f: Any = None, df: Any = None, chi2: Any = None,
    phi: Any = None, odds_ratio: Any = None, risk_ratio: Any = None, risk_difference: Any = None,
    eta_squared: Any = None, p: Any = None, p_signed: Any = None, p_below: Any = None,
    not_significant: Any = None, direction: Any = None, d: Any = None, r: Any = None, r2: Any = None,
    r_pb: Any = None, yi: Any = None, vi: Any = None, sei: Any = None, design: Any = None,
    n_total: Any = None, cluster_size: Any = None, icc: Any = None, design_effect: Any = None,
    error_term: Any = None, phase: Any = None, adjusted: Any = None, scale_low: Any = None,
    scale_high: Any = None, whole: Any = None, auc: Any = None, u: Any = None, both: Any = None,
    only1: Any = None, only2: Any = None, neither: Any = None, m: Any = None, alpha: Any = None,
    items: Any = None,
) -> Solution | Solutions:  # fmt: skip
    """Find the effect that the stated facts lead to, with every step, assumption and contradiction.

    Facts are what a source states: numbers as printed (text keeps its digits: ``p="0.040"``), "< 0.01" for a
    threshold, "ns" for not significant. The best way is taken: that of the best tier, then with the fewest
    assumptions, then the most direct. Facts that the way does not use are compared with what it implies.

    Parameters
    ----------
    table : table, optional
        Rows that each state facts of their own, in columns named like the facts (or named by arguments:
        ``p="pvalue"``); see ``docs/recovery.md`` for all names.
    measure : str
        Code of the measure that is sought.
    study : str or array_like, optional
        Labels of the rows.
    vtype, add, to, bias_correction, exact
        As in :func:`meta.effect_sizes`.
    assume : mapping of str to float, optional
        Other values for assumptions, by id: ``{"within-person-r": 0.5}``.
    n1, mean1, sd1, se1, ci_low1, ci_high1, median1, q1_1, q3_1, minimum1, maximum1, events1 : Any
        Facts of group 1, the treated.
    nonevents1, percent1, time1, mean_pre1, sd_pre1, mean_post1, sd_post1, mean_change1 : Any
        More of them.
    sd_change1, se_change1, p_change1, p_below_change1, not_significant_change1 : Any
        More of them.
    direction_change1, change_low1, change_high1 : Any
        More of them: the group's own change.
    n2, mean2, sd2, se2, ci_low2, ci_high2, median2, q1_2, q3_2, minimum2, maximum2, events2 : Any
        Facts of group 2.
    nonevents2, percent2, time2, mean_pre2, sd_pre2, mean_post2, sd_post2, mean_change2 : Any
        More of them.
    sd_change2, se_change2, p_change2, p_below_change2, not_significant_change2 : Any
        More of them.
    direction_change2, change_low2, change_high2 : Any
        More of them.
    n, mean, sd, median, q1, q3, minimum, maximum, events, nonevents, percent, time, mean_pre : Any
        Facts of a single group, or of people measured twice.
    sd_pre, mean_post, sd_post, mean_change, sd_change, se_change : Any
        More of them.
    difference, md, estimate, se, ci_low, ci_high, level, t, f, df, chi2, phi, eta_squared, p : Any
        Facts of the comparison.
    odds_ratio, risk_ratio, risk_difference : Any
        Of a 2x2 table, where another of its measures is sought.
    p_signed, p_below, not_significant, direction, d, r, r2, r_pb, yi, vi, sei : Any
        More of them.
    design, n_total, cluster_size, icc, design_effect, error_term, phase, adjusted, scale_low : Any
        Facts of the design.
    scale_high, whole : Any
        More of them.
    auc, u, both, only1, only2, neither, m, alpha, items : Any
        What other formulas take.

    Returns
    -------
    Solution or Solutions
        One comparison: ``yi``, ``vi``, ``tier``, ``steps``, ``assumptions``, ``implied``, ``contradictions``.
        A table or arrays: the same row by row.

    Raises
    ------
    InputError
        If a fact does not exist, or values are impossible; all of them are named in one sentence.

    Examples
    --------
    >>> found = solve(measure="SMD", mean1=32, n1=18, mean2=44, n2=17, p=0.04)
    >>> round(found.yi, 3), found.tier, round(found.implied.t, 3)
    (-0.707, 'A', -2.138)
    >>> solve(measure="ROM", mean1=32, n1=18, mean2=44, n2=17, p=0.04).assumptions
    ('equal SDs in both groups: ratio of the SDs = 1 (range 0.5 to 2)',)
    """
    given = locals()
    check_arguments(solve, given)
    entry = look_up(measure)
    choose(entry, vtype)
    options = {"exact": exact, "bias_correction": bias_correction}
    zero_rule = {"add": add, "to": to}
    choices = Choices(vtype, zero_rule, options, _assumed(assume))
    facts = {name: given[name] for name in FACTS if given[name] is not None}
    source = as_columns(table)
    if table is None and level is not None and _single(level):
        check_level(level)
    if table is None and all(_single(value) for value in facts.values()):
        if not facts:
            raise InputError(f"solve needs facts: {', '.join(list(FACTS)[:6])}, ...")
        return _one(entry, facts, choices)
    named = facts or {name: name for name in FACTS if name in source}
    source = with_labels(source, [*named.values(), study])
    columns = {name: _column(source, name, value) for name, value in named.items()}
    k = source.k if source.k is not None else max((len(x) for x in columns.values() if np.ndim(x)), default=1)
    columns = {name: _full(name, x, k) for name, x in columns.items()}
    if not columns:
        raise InputError(f"no column of the table is named like a fact: it has {', '.join(source.columns)}")
    unnamed = study is None and "study" not in source and source.index is None
    labels = range(1, k + 1) if unnamed else study_labels(source, study, k)
    stated = read(columns, labels)
    return _many(entry, stated, labels, choices)


def _single(value: Any) -> bool:
    if isinstance(value, (str, list, tuple)):  # a ragged list has no dimension that NumPy would tell
        return isinstance(value, str)
    return np.ndim(value) == 0


def _assumed(assume: Mapping[str, float] | None) -> dict[str, float]:
    known = [name for name, item in ASSUMPTIONS.items() if item.value is not None]
    for name in assume or {}:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near!r}?" if near else f"those with a value are {', '.join(known)}"
            raise InputError(f"assume: no assumption {name!r}; {hint}")
    return {name: float(value) for name, value in (assume or {}).items()}


def _one(entry: Any, facts: Mapping[str, Any], choices: Choices) -> Solution:
    stated = read({name: [value] for name, value in facts.items()}, ["1"])
    found = _plans(entry, stated, choices)
    if not found:
        raise InputError("the facts hold no number: give at least one that is not missing")
    rows = _rows(entry, found, 1, choices)
    return solution_of(found[0], rows, stated, facts, choices)


def _many(entry: Any, stated: Stated, labels: Any, choices: Choices) -> Solutions:
    found = _plans(entry, stated, choices)
    return Solutions(entry.code, labels, _rows(entry, found, stated.k, choices), tuple(found), stated)


def _plans(entry: Any, stated: Stated, choices: Choices) -> list[Any]:
    halves = dict(stated.halves)
    level = stated.values.get("level", np.full(stated.k, np.nan))
    for value in np.unique(level[~np.isnan(level)]).tolist():
        check_level(value)
    values = {name: x for name, x in stated.values.items() if name != "level"}
    level = np.where(np.isnan(level), 0.95, level)
    return list(
        plans(
            entry,
            values or {"level": level},
            words=stated.words,
            halves_of=halves,
            level=level,
            options={name: x for name, x in choices.options.items() if x is not None},
            assumed=choices.assumed,
        )
    )


def _rows(entry: Any, found: list[Any], k: int, choices: Choices) -> Any:
    return assemble(
        entry, found, k, vtype=choices.vtype, zero_rule=choices.zero_rule, options=choices.options
    )


def _column(source: Columns, name: str, value: Any) -> Any:
    if isinstance(value, str) and value not in source.columns and name in WORDS:
        return value
    return take(source, name, value)


def _full(name: str, values: Any, k: int) -> Any:
    if isinstance(values, str) or np.ndim(values) == 0:
        return [values] * k
    if len(values) != k:
        raise InputError(f"{name} must have one value for each of the {k} rows, not {len(values)}")
    return values

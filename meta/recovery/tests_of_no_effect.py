"""The test of no effect on its native scale: the printed one where one is printed."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, stdtr

from meta.recovery.closure import best
from meta.recovery.evaluate import Evaluation
from meta.recovery.plan_of_rows import Plan, Problem, ways_of
from meta.recovery.rules.rule import TESTED
from meta.recovery.rules.tests import t_of_p, z_of_p
from meta.recovery.solution import ImpliedTest


def implied_test(plan: Plan, yi: float, vi: float) -> ImpliedTest | None:
    """The test of no effect of a plan with one row; None where there is none.

    Parameters
    ----------
    plan : Plan
        The row's plan.
    yi, vi : float
        Its effect, for measures whose test is the normal one.
    """
    problem = plan.problem
    null = problem.entry.null
    if problem.pattern.setting not in TESTED:
        return _normal(problem, yi, vi, null)
    df = _value(problem, "df")
    stated = problem.facts
    sign = _value(problem, "sign")
    if "t_printed" in stated:
        t = float(problem.values["t_printed"][0])
        t = abs(t) * sign if np.isfinite(sign) else t
        p = float(problem.values["p"][0]) if "p" in stated else _p(t, df)
        return ImpliedTest(t, df, p, "as printed")
    for name in ("p", "p_signed"):
        if name in stated:
            p = abs(float(problem.values[name][0]))
            t = float(t_of_p(np.asarray(p), np.asarray(df))) if np.isfinite(df) else math.nan
            return ImpliedTest(t * sign, df, p, "as printed")
    for name in ("f", "eta_squared"):
        if name in stated:
            t = _value(problem, "abs_t")
            return ImpliedTest(t * sign, df, _p(t, df), "as printed")
    t = _value(problem, "t")
    if np.isfinite(t) and np.isfinite(df):
        return ImpliedTest(t, df, _p(t, df), "from the facts")
    return _normal(problem, yi, vi, null)


def _p(t: float, df: float) -> float:
    return float(2 * stdtr(df, -abs(t))) if np.isfinite(df) else math.nan


def _normal(problem: Problem, yi: float, vi: float, null: float | None) -> ImpliedTest | None:
    if null is None or not np.isfinite(yi) or not vi > 0:
        return None
    z = (yi - null) / math.sqrt(vi)
    if "p" in problem.facts:
        p = problem.values["p"]
        return ImpliedTest(math.copysign(float(z_of_p(p)[0]), z), math.inf, float(p[0]), "as printed")
    return ImpliedTest(z, math.inf, float(2 * ndtr(-abs(z))), "from the facts")


def _value(problem: Problem, fact: str) -> float:
    way = best(ways_of(problem), fact)
    if way is None:
        return math.nan
    return float(np.asarray(Evaluation(problem.values).of(way), dtype=float).ravel()[0])

"""The likely slip behind a contradiction: what would make the values agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from meta.recovery.closure import Way
from meta.recovery.evaluate import Evaluation
from meta.recovery.plan_of_rows import Problem

Values = dict[str, np.ndarray]

NEAR = 0.12
"""A slip is likely if with it the implied value comes this near to the stated one, relatively: the printed
test may be another than the implied one, but no slip of a digit or of a factor sqrt(n) is as small."""


def _sds_are_ses(v: Values) -> Values | None:
    if not {"sd1", "sd2", "n1", "n2"} <= v.keys():
        return None
    return v | {"sd1": v["sd1"] * np.sqrt(v["n1"]), "sd2": v["sd2"] * np.sqrt(v["n2"])}


def _ses_are_sds(v: Values) -> Values | None:
    if not {"se1", "se2", "n1", "n2"} <= v.keys():
        return None
    return v | {"se1": v["se1"] / np.sqrt(v["n1"]), "se2": v["se2"] / np.sqrt(v["n2"])}


def _one_is_se(arm: str) -> Callable[[Values], Values | None]:
    def changed(v: Values) -> Values | None:
        if not {f"sd{arm}", f"n{arm}"} <= v.keys():
            return None
        return v | {f"sd{arm}": v[f"sd{arm}"] * np.sqrt(v[f"n{arm}"])}

    return changed


def _at_level(level: float) -> Callable[[Values], Values | None]:
    def changed(v: Values) -> Values | None:
        return v | {"level": np.full_like(v["level"], level)} if "level" in v else None

    return changed


SLIPS: tuple[tuple[str, Callable[[Values], Values | None]], ...] = (
    ("sd1 and sd2 look like standard errors: give them as se1 and se2", _sds_are_ses),
    ("se1 and se2 look like standard deviations: give them as sd1 and sd2", _ses_are_sds),
    ("sd1 looks like a standard error", _one_is_se("1")),
    ("sd2 looks like a standard error", _one_is_se("2")),
    ("the interval looks like a 90% one: give level=0.9", _at_level(0.90)),
    ("the interval looks like a 99% one: give level=0.99", _at_level(0.99)),
)


def likely_slip(
    problem: Problem, fact: str, row: int, ways: tuple[Way, ...], halves: Mapping[str, np.ndarray]
) -> str:
    """The slip without which the stated value of a row would agree with what is implied; empty if none is.

    Parameters
    ----------
    problem : Problem
        The rows' facts.
    fact, row : str, int
        What does not agree, and where.
    ways : tuple of Way
        The ways by which the others imply it.
    halves : mapping of str to ndarray
        Half of the last printed digit.
    """
    values = {name: x[row : row + 1] for name, x in problem.values.items()}
    stated, half = values[fact], float(halves[fact][row])
    # values that are near as they are differ by another test, not by a slip
    far = tuple(way for way in ways if not _agrees(fact, values, stated, half, way))
    for says, change in SLIPS:
        changed = change(values)
        if changed is not None and any(_agrees(fact, changed, stated, half, way) for way in far):
            return says
    ways = far
    if fact == "p":
        once = {**values, "p": values["p"]}
        if any(_agrees(fact, once, 2 * stated, 2 * half, way) for way in ways):
            return "p looks one-sided: give twice its value"
    signed = fact in ("t_printed", "d", "md", "mean_change1", "mean_change2")
    if signed and any(_agrees(fact, values, -stated, half, way) for way in ways):
        return "the sign looks reversed"
    return ""


def _agrees(fact: str, values: Values, stated: np.ndarray, half: float, way: Way) -> bool:
    found = float(np.asarray(Evaluation(values).of(way), dtype=float).ravel()[0])
    target = float(stated[0])
    if not np.isfinite(found):
        return False
    if fact == "p":
        return bool(
            abs(np.log(max(found, 1e-12) / max(target, 1e-12))) < max(0.25, half / max(target, 1e-12))
        )
    if fact in ("t_printed", "d"):
        found, target = abs(found) if target >= 0 else found, target
    return abs(found - target) <= half + NEAR * abs(target)

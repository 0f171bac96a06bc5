"""Change scores and final values of each group, and what the correlation of before and after says of them."""

from __future__ import annotations

import numpy as np

from meta.recovery.facts import of_arm
from meta.recovery.rules.pooled import pooled_sd
from meta.recovery.rules.rule import GUESSED, Rule

BECKER = ("Becker 1988", "10.1111/j.2044-8317.1988.tb00901.x")


def change_sd(before: np.ndarray, after: np.ndarray, r: np.ndarray) -> np.ndarray:
    """SD of the change (Cochrane Handbook 6.5.2.8).

    >>> float(change_sd(*map(np.array, (4.0, 5.0, 0.7))).round(3))
    3.606
    """
    return np.sqrt(np.maximum(before**2 + after**2 - 2 * r * before * after, 0))


def correlation(before: np.ndarray, after: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Correlation that three SDs imply; NaN where they cannot be of the same people.

    >>> float(correlation(*map(np.array, (4.0, 5.0, 13**0.5))).round(3))
    0.7
    """
    r = correlation_of_sds(before, after, change)
    return np.where(np.abs(r) < 1, r, np.nan)


def correlation_of_sds(before: np.ndarray, after: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The same, also where it lies beyond 1.

    >>> float(correlation_of_sds(*map(np.array, (1.0, 1.0, 3.0))))
    -3.5
    """
    r = (before**2 + after**2 - change**2) / (2 * before * after)
    return np.asarray(r)


def final_sd(before: np.ndarray, change: np.ndarray, r: np.ndarray) -> np.ndarray:
    """SD after, from those before and of the change; NaN without a unique solution.

    >>> float(final_sd(*map(np.array, (4.0, 13**0.5, 0.7))).round(3))
    5.0
    """
    rest = change**2 - before**2 * (1 - r**2)
    root = np.sqrt(np.where(rest >= 0, rest, np.nan))
    # the smaller root is positive too where the change varies less than the values before
    return r * before + root


def first_sd(change: np.ndarray, r: np.ndarray, ratio: np.ndarray | float = 1.0) -> np.ndarray:
    """SD before from that of the change, if the SD after is ``ratio`` times as large.

    >>> float(first_sd(np.array(5.0), np.array(0.5)))
    5.0
    """
    return change / np.sqrt(1 + ratio**2 - 2 * r * ratio)


def _arm(arm: str) -> tuple[Rule, ...]:
    names = ("n", "mean_pre", "sd_pre", "mean_post", "sd_post", "mean_change", "sd_change", "se_change")
    n, before, sd_before, after, sd_after, change, sd_change, se_change = (of_arm(x, arm) for x in names)
    at, a, r = ("two means",), f" {arm}", f"r{arm}"
    return (
        Rule(f"change{a} from before and after", (after, before), (change,), np.subtract,
             f"{change} = {after} - {before}", at),
        Rule(f"mean after{a} from the change", (before, change), (after,), np.add,
             f"{after} = {before} + {change}", at),
        Rule(f"mean before{a} from the change", (after, change), (before,), np.subtract,
             f"{before} = {after} - {change}", at),
        Rule(f"SD of the change{a} from its standard error", (se_change, n), (sd_change,),
             lambda se, size: se * np.sqrt(size), f"{sd_change} = {se_change} sqrt({n})", at),
        Rule(f"SD of the change{a} from before and after", (sd_before, sd_after, r), (sd_change,), change_sd,
             f"{sd_change} = sqrt({sd_before}^2 + {sd_after}^2 - 2 r {sd_before} {sd_after})", at, cost=2),
        Rule(f"SD after{a} from before and the change", (sd_before, sd_change, r), (sd_after,), final_sd,
             f"{sd_after} solves {sd_change}^2 = {sd_before}^2 + {sd_after}^2 - 2 r {sd_before} {sd_after}",
             at, cost=3),
        Rule(f"correlation{a} from three SDs", (sd_before, sd_after, sd_change), (r,), correlation,
             f"r = ({sd_before}^2 + {sd_after}^2 - {sd_change}^2) / (2 {sd_before} {sd_after})", at),
        Rule(f"correlation{a} as stated", ("r",), (r,), lambda x: x, "r as stated", at, cost=0.5),
        Rule(f"correlation{a} from the other group", (f"r{'2' if arm == '1' else '1'}",), (r,), lambda x: x,
             "r of the other group", at, assumes=("same-r",), cost=2),
        Rule(f"correlation{a} assumed", (), (r,), lambda value: value, "r assumed", at,
             assumes=("pre-post-r",), cost=GUESSED),
        # final values
        Rule(f"mean{a} is that after", (after,), (f"mean{arm}",), lambda x: x, f"mean{arm} = {after}", at,
             unless=("change",), cost=0.5),
        Rule(f"SD{a} is that after", (sd_after,), (f"sd{arm}",), lambda x: x, f"sd{arm} = {sd_after}", at,
             unless=("change",), cost=0.5),
        Rule(f"mean after{a} is the mean", (f"mean{arm}",), (after,), lambda x: x, f"{after} = mean{arm}", at,
             unless=("change",), cost=0.5),
        Rule(f"SD after{a} is the SD", (f"sd{arm}",), (sd_after,), lambda x: x, f"{sd_after} = sd{arm}", at,
             unless=("change",), cost=0.5),
        # change scores
        Rule(f"standardiser{a}: SD before", (sd_before,), (f"sd_raw{arm}",), lambda x: x,
             f"standardised by {sd_before}", at, BECKER, when=("change",), cost=0.5),
        Rule(f"standardiser{a}: SD after", (sd_after,), (f"sd_raw{arm}",), lambda x, ratio: x / ratio,
             f"standardised by {sd_after}", at, BECKER, assumes=("same-sds",), when=("change",), cost=2),
        Rule(f"standardiser{a}: from the SD of the change", (sd_change, r), (f"sd_raw{arm}",), first_sd,
             f"SD of single values = {sd_change} / sqrt(2 (1 - r))", at, BECKER,
             assumes=("same-sds",), when=("change",), cost=3),
    )  # fmt: skip


BOTH = (
    Rule("difference of the changes", ("mean_change1", "mean_change2"), ("md",), np.subtract,
         "md = mean_change1 - mean_change2", ("two means",), when=("change",)),
    Rule("standard error of the difference of changes", ("sd_change1", "n1", "sd_change2", "n2"), ("se_md",),
         lambda s1, n1, s2, n2: pooled_sd(s1, n1, s2, n2) * np.sqrt(1 / n1 + 1 / n2),
         "se(md) = pooled SD of the changes sqrt(1/n1 + 1/n2)", ("two means",), when=("change",),
         unless=("adjusted", "clustered"), cost=1.2),
    Rule("d from the difference of changes", ("md", "sd_raw1", "n1", "sd_raw2", "n2"), ("d_change",),
         lambda md, s1, n1, s2, n2: md / pooled_sd(s1, n1, s2, n2),
         "d = md / pooled SD of single values", ("two means",), BECKER, when=("change",)),
    Rule("d from t of the changes", ("t", "n1", "n2", "r1"), ("d_change",),
         lambda t, n1, n2, r, q: t * np.sqrt((1 / n1 + 1 / n2) * (1 + q**2 - 2 * r * q)),
         "d = t sqrt(1/n1 + 1/n2) sqrt(2 (1 - r))", ("two means",), BECKER,
         assumes=("same-sds",), when=("change",), unless=("adjusted", "clustered"), cost=2),
)  # fmt: skip

RULES: tuple[Rule, ...] = (*_arm("1"), *_arm("2"), *BOTH)

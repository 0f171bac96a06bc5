"""Change within each of two groups, tested or told in scale points: what it says of their difference.

Two tests of change within groups are no test of the difference; what follows is tier C at best.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meta.kernels.hedges_correction import hedges_j
from meta.recovery.facts import of_arm
from meta.recovery.rules.change import BECKER
from meta.recovery.rules.rule import TWO_GROUPS, Rule
from meta.recovery.rules.tests import t_of_p

Ends = tuple[np.ndarray, np.ndarray]


def change_scale(r: np.ndarray, ratio: np.ndarray | float = 1.0) -> np.ndarray:
    """SD of the change in SDs of values before, if the SD after is ``ratio`` times as large.

    >>> float(change_scale(np.array(0.5)))
    1.0
    """
    return np.sqrt(1 + ratio**2 - 2 * r * ratio)


def limit_of_change(p: np.ndarray, n: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Smallest standardised change that n people's own test calls significant at p: ``J t sqrt(1/n)`` scaled.

    >>> float(limit_of_change(np.array(0.05), np.array(16.0), np.array(1.0)).round(3))
    0.506
    """
    return hedges_j(n - 1) * t_of_p(p, n - 1) * scale / np.sqrt(n)


def _beyond(p: np.ndarray, sign: np.ndarray, n: np.ndarray, scale: np.ndarray) -> Ends:
    limit = limit_of_change(p, n, scale)
    return np.where(sign > 0, limit, -np.inf), np.where(sign > 0, np.inf, -limit)


def _around(p: np.ndarray, n: np.ndarray, scale: np.ndarray) -> Ends:
    limit = limit_of_change(p, n, scale)
    return -limit, limit


def _one_side(p: np.ndarray, sign: np.ndarray, n: np.ndarray, scale: np.ndarray) -> Ends:
    limit = limit_of_change(p, n, scale)
    return np.where(sign > 0, 0.0, -limit), np.where(sign > 0, limit, 0.0)


def _point(dz: np.ndarray, n: np.ndarray, scale: np.ndarray) -> Ends:
    return dz * scale, dz * scale


def _points(low: np.ndarray, high: np.ndarray, sd: np.ndarray, n: np.ndarray, scale: np.ndarray) -> Ends:
    return low / sd, high / sd


KNOWN: tuple[tuple[str, tuple[str, ...], Callable[..., Ends], float], ...] = (
    ("its own p", ("dz",), _point, 1.0),
    ("scale points", ("change_low", "change_high", "sd_borrowed"), _points, 2.0),
    ("p below a threshold", ("p_below_change", "sign_change"), _beyond, 3.0),
    ("no significant change, with its direction", ("not_significant_change", "sign_change"), _one_side, 4.0),
    ("no significant change", ("not_significant_change",), _around, 5.0),
)
"""How the change of a group may be known: words, facts, its ends in SDs of people, and how indirect it is."""


def _named(name: str, arm: str) -> str:
    return name if name == "sd_borrowed" else of_arm(name, arm)


def _bound(one: tuple, two: tuple) -> Rule:
    names = tuple(_named(name, arm) for part, arm in ((one, "1"), (two, "2")) for name in part[1])
    count = len(one[1])

    def function(*given: Any) -> dict[str, np.ndarray]:
        first, second = given[:count], given[count : len(names)]
        n1, n2, r, ratio = given[len(names) :]
        scale = change_scale(r, ratio)
        low1, high1 = one[2](*first, n1, scale)
        low2, high2 = two[2](*second, n2, scale)
        return {"low": low1 - high2, "high": high1 - low2, "vi": scale**2 * (1 / n1 + 1 / n2)}

    return Rule(
        f"bounds from the changes: {one[0]} against {two[0]}", (*names, "n1", "n2", "r1"), ("effect",),
        function, "[L1 - U2, U1 - L2], each in SDs of people", TWO_GROUPS, BECKER,
        assumes=("bound", "same-sds"), cost=one[3] + two[3],
    )  # fmt: skip


def _contrast(signed1: bool, signed2: bool) -> Rule:
    names = tuple(f"{'dz' if signed else 'abs_dz'}{arm}" for arm, signed in (("1", signed1), ("2", signed2)))

    def function(
        d1: np.ndarray, d2: np.ndarray, n1: np.ndarray, n2: np.ndarray, r: np.ndarray, ratio: Any
    ) -> dict[str, Any]:
        scale = change_scale(r, ratio)
        firsts, seconds = ((d1,) if signed1 else (-d1, d1)), ((d2,) if signed2 else (-d2, d2))
        values = tuple((a - b) * scale for a in firsts for b in seconds)
        return {"values": values, "vi": scale**2 * (1 / n1 + 1 / n2)}

    # a sign that is known has to count, though the other is not: without it the way is the dearer one
    unknown = () if signed1 and signed2 else ("sign",)
    return Rule(
        f"difference of the changes in SDs of people, by {' and '.join(names)}",
        (*names, "n1", "n2", "r1"), ("effect",), function,
        "(dz1 - dz2) sqrt(2 (1 - r)), variance 2 (1 - r)(1/n1 + 1/n2)", TWO_GROUPS, BECKER,
        assumes=(*unknown, "within-arm", "same-sds"), cost=4 + 8 * (2 - signed1 - signed2),
    )  # fmt: skip


def effects() -> list[Rule]:
    """The rules that lead from changes within two groups to their standardised difference."""
    both = [_contrast(one, two) for one in (True, False) for two in (True, False)]
    bounds = [_bound(one, two) for one in KNOWN for two in KNOWN if (one[0], two[0]) != ("its own p",) * 2]
    return [*both, *bounds]


def _arm(arm: str) -> tuple[Rule, ...]:
    p, n, dz, sign = f"p_change{arm}", f"n{arm}", f"dz{arm}", f"sign_change{arm}"
    return (
        Rule(f"standardised change {arm} without its sign", (p, n), (f"abs_{dz}",),
             lambda p, n: t_of_p(p, n - 1) / np.sqrt(n), f"|dz| = t({p}, {n} - 1) / sqrt({n})", TWO_GROUPS,
             BECKER),
        Rule(f"sign of the change {arm} as stated", (f"direction_change{arm}",), (sign,), lambda x: x,
             "the direction as stated", TWO_GROUPS),
        Rule(f"sign of the change {arm}", (f"mean_change{arm}",), (sign,),
             lambda x: np.sign(np.where(x == 0, np.nan, x)), f"the sign of mean_change{arm}", TWO_GROUPS,
             cost=0.5),
        Rule(f"standardised change {arm}", (f"abs_{dz}", sign), (dz,), np.multiply, f"{dz} = sign |dz|",
             TWO_GROUPS, BECKER),
        Rule(f"SD of the change {arm} from its p", (f"mean_change{arm}", f"abs_{dz}"), (f"sd_change{arm}",),
             lambda change, d: np.abs(np.where(change == 0, np.nan, change)) / np.where(d > 0, d, np.nan),
             f"sd_change{arm} = |mean_change{arm}| / |dz|", TWO_GROUPS, assumes=("t-test",), cost=2),
    )  # fmt: skip


RULES: tuple[Rule, ...] = (
    *_arm("1"),
    *_arm("2"),
    Rule("SD as a share of the scale", ("scale_low", "scale_high"), ("sd_borrowed",),
         lambda low, high, share: share * (high - low), "SD = share (scale_high - scale_low)", TWO_GROUPS,
         assumes=("borrowed-sd-share",)),
)  # fmt: skip

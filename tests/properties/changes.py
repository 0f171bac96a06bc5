"""Changes of the data whose consequence is known, and what must come out of them.

An engine gives named quantities, each with a kind that says how it goes with the data:

``place``  moves with a shift, goes with the unit, turns its sign (an estimate, an effect of a study)
``ends``   two places, lower and upper, that change sides when the sign turns
``slope``  goes with the unit and turns its sign, but a shift does not touch it; so ``slope ends``
``spread`` goes with the unit (a standard error); ``wide`` is one whose degrees of freedom count studies
``square`` goes with the square of the unit (tau2), and so does ``wide square``
``free``   no change touches it (Q, I2, p-value of a moderator); ``odd`` is one that turns its sign
``test``   as ``free``, of the value 0, so that a shift changes it; ``odd test`` turns its sign too

``each`` before a kind: one value per study, in the order of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.effects.api import effect_sizes
from meta.effects.effect_size_table import EffectSizes

Found = dict[str, tuple[str, Any]]
POWER = {
    "place": 1,
    "ends": 1,
    "slope": 1,
    "slope ends": 1,
    "spread": 1,
    "wide": 1,
    "square": 2,
    "wide square": 2,
}
TURNING = ("place", "slope", "odd", "odd test")
ROOT_HALF = float(np.sqrt(0.5))


@dataclass(frozen=True)
class Effects:
    """Effects, variances, a moderator, two groupings; where priors sit, their unit, the favoured sign."""

    y: np.ndarray
    v: np.ndarray
    x: np.ndarray
    group: np.ndarray
    half: np.ndarray
    at: float = 0.25
    unit: float = 1.0
    sign: int = 1
    alike: bool = False

    @property
    def k(self) -> int:
        return self.y.size

    def rows(self, order: Any) -> Effects:
        columns = {name: getattr(self, name)[order] for name in ("y", "v", "x", "group", "half")}
        return replace(self, **columns)

    def sizes(self) -> EffectSizes:
        size = np.round(16 / (self.v / self.unit**2)) + 4
        table = {
            "yi": self.y,
            "vi": self.v,
            "x": self.x,
            "group": self.group,
            "half": self.half,
            "effect": np.arange(self.k),
            "n1": size,
            "n2": size + 2 * self.x,
        }
        return effect_sizes(table, measure="GEN", yi="yi", vi="vi", study=self.names())

    def names(self) -> list[str]:
        """Names of the studies: numbers, or two names for all of them."""
        return [f"Smith {2000 + i % 2}" if self.alike else str(i + 1) for i in range(self.k)]

    def bounded(self) -> EffectSizes:
        """The same with two or three studies known only to lie between bounds, unevenly."""
        at = np.flatnonzero(self.x <= 1)
        below, above = (0.25, 0.5) if self.sign > 0 else (0.5, 0.25)
        y, lower, upper = self.y.copy(), np.full(self.k, np.nan), np.full(self.k, np.nan)
        lower[at], upper[at] = y[at] - below * self.unit, y[at] + above * self.unit
        y[at] = np.nan
        kind = ["bound" if i in at else "exact" for i in range(self.k)]
        return EffectSizes(y, self.v, "GEN", self.names(), kind=kind, lower=lower, upper=upper)


def examples() -> list[Effects]:
    """Fixed data, heterogeneous, some significant: no property holds for all of them by chance."""
    v = [0.0625, 0.09375, 0.125, 0.03125, 0.25, 0.3125, 0.1875, 0.28125]
    places = [
        [0.75, -0.125, 1.5, 0.5, 0.375, 2.0, 0.25, 1.125],
        [0.375, 1.5, -0.75, -0.25, 1.125, -0.5, 0.625, 1.75],
        [2.75, 0.75, -0.25, 0.25, 1.125, 0.625, 1.75, 1.625],
    ]
    return [effects(y, v) for y in places]


def effects(y: Any, v: Any) -> Effects:
    """With moderators that are the same for any data: ``x`` a shuffled sequence, pairs, and two halves."""
    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    i = np.arange(y.size)
    return Effects(y, v, (3.0 * i) % 8, i // 2, i % 2)


@dataclass(frozen=True)
class Change:
    """What is done to the data, and what is then expected of a quantity; None where nothing is."""

    name: str
    says: str
    apply: Callable[[Effects], Effects]
    expected: Callable[[str, np.ndarray], np.ndarray | None]
    rtol: float = 0.0


SHIFT, UNIT = 1.5, 1024.0


def _shifted(kind: str, value: np.ndarray) -> np.ndarray | None:
    if kind in ("place", "ends"):
        return value + SHIFT
    return None if kind.endswith("test") else value


def _scaled(kind: str, value: np.ndarray) -> np.ndarray:
    return value * UNIT ** POWER.get(kind, 0)


def _mirrored(kind: str, value: np.ndarray) -> np.ndarray:
    if kind.endswith("ends"):
        return -value[..., ::-1]
    return -value if kind in TURNING else value


def _doubled(kind: str, value: np.ndarray) -> np.ndarray | None:
    if kind == "spread":
        return value * ROOT_HALF
    return value if kind in ("place", "slope", "square") else None


def _same(kind: str, value: np.ndarray) -> np.ndarray | None:
    return value if kind in ("place", "slope", "spread", "square") else None


def _merge(data: Effects) -> Effects:
    """The last two studies as one: their inverse variance mean."""
    w = 1 / data.v[-2:]
    kept = data.rows(np.arange(data.k - 1))
    y, v = kept.y.copy(), kept.v.copy()
    y[-1], v[-1] = (w * data.y[-2:]).sum() / w.sum(), 1 / w.sum()
    return replace(kept, y=y, v=v)


def _double(data: Effects) -> Effects:
    both = data.rows(np.tile(np.arange(data.k), 2))
    again = np.repeat([0, 1], data.k)
    return replace(both, group=both.group + again * (data.group.max() + 1))


def _vague(data: Effects) -> Effects:
    """One more study, in a group of its own, whose variance is ten million times the unit's square."""
    ends = {
        "y": data.at + 2 * data.unit,
        "v": 1e7 * data.unit**2,
        "x": 3.0,
        "group": data.group.max() + 1,
        "half": 1,
    }
    return replace(data, **{name: np.append(getattr(data, name), value) for name, value in ends.items()})


CHANGES = {
    change.name: change
    for change in (
        Change(
            "shift",
            "1.5 added to every effect, and to the centre of priors, moves estimates by 1.5 and nothing else",
            lambda d: replace(d, y=d.y + SHIFT, at=d.at + SHIFT),
            _shifted,
        ),
        Change(
            "unit",
            "effects and priors times 1024, variances by its square: estimates and tau2 likewise, p the same",
            lambda d: replace(d, y=d.y * UNIT, v=d.v * UNIT**2, at=d.at * UNIT, unit=d.unit * UNIT),
            _scaled,
        ),
        Change(
            "sign",
            "effects with the other sign: estimates and intervals mirrored",
            lambda d: replace(d, y=-d.y, at=-d.at, sign=-d.sign),
            _mirrored,
        ),
        Change(
            "rows",
            "rows in another order: the same, and values of studies in that order",
            lambda d: d.rows(order(d.k)),
            lambda kind, value: value,
        ),
        Change(
            "names",
            "two names for all studies: the same, since rows are counted and not names",
            lambda d: replace(d, alike=True),
            lambda kind, value: value,
        ),
        Change(
            "doubled",
            "every study twice: the same estimates and tau2, standard errors over the root of two",
            _double,
            _doubled,
        ),
        Change(
            "merged",
            "two studies replaced by their inverse variance mean: the same estimate and standard error",
            _merge,
            _same,
        ),
        Change(
            "vague",
            "one more study with an enormous variance: the same estimate, standard error and tau2",
            _vague,
            _same,
            rtol=1e-4,
        ),
    )
}


def order(k: int) -> np.ndarray:
    return np.random.default_rng(k).permutation(k)


def differences(change: Change, before: Found, after: Found, data: Effects, rtol: float) -> list[str]:
    """What did not come out as it must, in words; empty if all is well."""
    wrong, compared = [], 0
    rtol = max(rtol, change.rtol)
    unit = UNIT if change.name == "unit" else 1.0
    for name, (given, value) in before.items():
        each, kind = given.startswith("each "), given.removeprefix("each ")
        if each and change.name in ("doubled", "merged", "vague"):
            continue
        array = np.asarray(value, dtype=float)
        want = change.expected(kind, array[order(data.k)] if each and change.name == "rows" else array)
        if want is None:
            continue
        compared += 1
        got = np.asarray(after[name][1], dtype=float)
        atol = rtol * unit ** POWER.get(kind, 0)
        if got.shape != want.shape or not np.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True):
            wrong.append(f"{name}: {got} where {want} is due")
    return wrong if compared else ["nothing can be compared"]

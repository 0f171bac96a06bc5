"""Counts of two groups: Mantel-Haenszel, Peto, models of counts, and tests of asymmetry of such tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import meta
from meta import bias
from meta.errors import quiet
from meta.pooling.count_glmm import MODELS
from tests.properties.changes import ROOT_HALF, order

COUNTS = "the number of studies enters by itself"
RARE = "it approximates the exact model where events are rare, and non-events are not"
SIDE = "a risk ratio is of the event, and a rate has no non-events"
NAMES = ("events1", "n1", "events2", "n2")
RATES = ("events1", "time1", "events2", "time2")


@dataclass(frozen=True)
class Tables:
    """Events and totals (or times) of two groups."""

    a: np.ndarray
    n1: np.ndarray
    c: np.ndarray
    n2: np.ndarray

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        return self.a, self.n1, self.c, self.n2

    def rows(self, at: np.ndarray) -> Tables:
        return Tables(*(column[at] for column in self.columns))

    def named(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        return dict(zip(names, self.columns, strict=True))


Found = dict[str, tuple[str, Any]]
Change = tuple[str, Callable[[Tables], Tables], Callable[[str, np.ndarray], Any]]


def _turned(kind: str, value: np.ndarray) -> np.ndarray:
    return -value if kind in ("place", "odd") else value


def _doubled(kind: str, value: np.ndarray) -> np.ndarray | None:
    if kind == "spread":
        return value * ROOT_HALF
    return value if kind in ("place", "square") else None


CHANGES: dict[str, Change] = {
    "rows": (
        "rows in another order: the same",
        lambda t: t.rows(order(t.a.size)),
        lambda kind, value: value,
    ),
    "groups": (
        "the two groups exchanged: ratios inverted, differences with the other sign",
        lambda t: Tables(t.c, t.n2, t.a, t.n1),
        _turned,
    ),
    "outcome": (
        "events and non-events exchanged: odds ratios inverted, risk differences with the other sign",
        lambda t: Tables(t.n1 - t.a, t.n1, t.n2 - t.c, t.n2),
        _turned,
    ),
    "doubled": (
        "every table twice: the same estimates and tau2, standard errors over the root of two",
        lambda t: t.rows(np.tile(np.arange(t.a.size), 2)),
        _doubled,
    ),
}


@dataclass(frozen=True)
class Engine:
    """A name, what it computes, how exactly, and the properties it lacks with the reason."""

    name: str
    run: Callable[[Tables], Found]
    without: Mapping[str, str] = field(default_factory=dict)
    rtol: float = 1e-7
    slow: bool = False

    def __call__(self, data: Tables) -> Found:
        with quiet():
            return self.run(data)

    def has(self, change: str) -> bool:
        return change not in self.without


def _counts(measure: str, method: str, model: str | None = None) -> Callable[[Tables], Found]:
    names = RATES if measure.startswith("IR") else NAMES

    def run(data: Tables) -> Found:
        if names is RATES:
            data = replace(data, n1=10.0 * data.n1, n2=10.0 * data.n2)
        fit = meta.pool_counts(measure=measure, method=method, model=model, **data.named(names))
        found: Found = {
            "estimate": ("place", fit.estimate),
            "se": ("spread", fit.se),
            "p": ("free", fit.p_value),
        }
        if method in ("GLMM", "BB"):
            return (
                found
                | {"log-likelihood": ("free", fit.loglik)}
                | ({"tau2": ("square", fit.tau2)} if method == "GLMM" else {})
            )
        more = {"Q": ("free", fit.q)}
        tests = (fit.cmh, fit.breslow_day, fit.tarone)
        return found | more | {"tests": ("free", [t.statistic for t in tests if t is not None])}

    return run


def _asymmetry(name: str) -> Callable[[Tables], Found]:
    def run(data: Tables) -> Found:
        test = getattr(bias, name)(None, **data.named(NAMES))
        return {"statistic": ("odd", test.statistic), "p": ("free", test.p_value)}

    return run


def _lacking(measure: str, model: str | None) -> dict[str, str]:
    if measure not in ("OR", "RD"):
        return {"outcome": SIDE}
    return {"outcome": RARE} if model == "CM.AL" else {}


FITS: list[tuple[str, str, str | None]] = [
    *((measure, "MH", None) for measure in ("OR", "RR", "RD", "IRR", "IRD")),
    ("OR", "Peto", None),
    *((measure, "GLMM", model) for measure in ("OR", "IRR") for model in MODELS[measure]),
    ("OR", "BB", None),
]
ENGINES = {
    engine.name: engine
    for engine in (
        *(
            Engine(
                " ".join(filter(None, (method, measure, model))),
                _counts(measure, method, model),
                _lacking(measure, model),
                rtol=1e-7 if method in ("MH", "Peto") else 1e-4,
                slow=method == "GLMM" and (measure, model) != ("OR", "CM.EL"),
            )
            for measure, method, model in FITS
        ),
        *(
            Engine(name, _asymmetry(name), {"doubled": COUNTS})
            for name in ("harbord", "peters", "deeks", "macaskill")
        ),
    )
}


def example() -> Tables:
    """Heterogeneous tables of unequal groups, without zeros."""
    a, n1 = [4, 12, 9, 25, 3, 18, 7], [50, 80, 40, 120, 45, 70, 95]
    c, n2 = [9, 10, 17, 20, 12, 31, 5], [55, 78, 44, 110, 60, 75, 88]
    return Tables(*(np.array(x, dtype=float) for x in (a, n1, c, n2)))


def differences(name: str, change: str, before: Found, after: Found) -> list[str]:
    """What did not come out as it must."""
    wrong, rtol, compared = [], ENGINES[name].rtol, 0
    for key, (kind, value) in before.items():
        want = CHANGES[change][2](kind, np.asarray(value, dtype=float))
        if want is None:
            continue
        compared += 1
        got = np.asarray(after[key][1], dtype=float)
        if not np.allclose(got, want, rtol=rtol, atol=rtol * 0.1, equal_nan=True):
            wrong.append(f"{key}: {got} where {want} is due")
    return wrong if compared else ["nothing can be compared"]

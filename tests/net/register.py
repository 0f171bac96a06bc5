"""The register of cases, and how a case's answer becomes names with numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.errors import MetaError

Numbers = dict[str, float | str]
REFUSED = "refused"
STEPS = ("iterations",)
"""Columns that tell how an answer was reached, which is nobody's promise."""
WHOLE = 4
"""Arrays up to this length are kept whole, longer ones by their length, two sums and their ends."""
GOLDEN = 0.6180339887498949


@dataclass
class Group:
    """Cases that are stored in one file and tested together."""

    name: str
    cases: dict[str, Callable[[], Mapping[str, Any]]] = field(default_factory=dict)

    def add(self, case: str, run: Callable[[], Mapping[str, Any]]) -> None:
        """Register a case; names are unique within the group and hold no slash."""
        assert case not in self.cases, f"{self.name}/{case} is there twice"
        assert "/" not in case, case
        self.cases[case] = run

    def run(self, case: str) -> Numbers:
        """The numbers of one case; a refusal counts as an answer, any other error is a defect."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = attempt(self.cases[case])
        return dict(flat("", found))

    def numbers(self) -> dict[str, Numbers]:
        """The numbers of all cases."""
        return {case: self.run(case) for case in self.cases}


class Refusal(float):
    """The number 1, which says that there is no answer, with the words of the refusal for the reader."""

    words: str = ""

    def __str__(self) -> str:
        return f"refused: {self.words}"

    __repr__ = float.__repr__


def attempt(run: Callable[[], Any]) -> Any:
    """The answer, or that there is none."""
    try:
        return run()
    except MetaError as error:
        refusal = Refusal(1.0)
        refusal.words = str(error)
        return {REFUSED: refusal}


def take(result: Any, names: str, **more: Callable[[], Any]) -> dict[str, Any]:
    """Public attributes of a result by name, and what ``more`` calls for, each of which may refuse."""
    found = {name: getattr(result, name) for name in names.split() if hasattr(result, name)}
    return found | {name: attempt(call) for name, call in more.items()}


def flat(name: str, value: Any) -> Iterator[tuple[str, float | str]]:
    """Every number in a value with its name; what is neither number nor short word has none."""
    if value is None:
        return
    if isinstance(value, str):
        if len(value) <= 40:
            yield name, value
    elif isinstance(value, bool | np.bool_ | int | float | np.integer | np.floating):
        yield name, value if isinstance(value, Refusal) else float(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from flat(f"{name}.{key}" if name else str(key), item)
    elif hasattr(value, "columns"):
        yield f"{name}.rows", float(len(value))
        for position, key in enumerate(value.columns):
            column = value.iloc[:, position]
            if key not in STEPS and column.dtype.kind in "biuf":
                yield from _array(f"{name}.{key}", np.asarray(column, dtype=float))
    else:
        yield from _sequence(name, value)


def _sequence(name: str, value: Any) -> Iterator[tuple[str, float | str]]:
    if isinstance(value, tuple | list) and any(_nested(item) for item in value):
        for position, item in enumerate(value):
            yield from flat(f"{name}[{position}]", item)
        return
    array = np.asarray(value)
    if array.dtype.kind in "biuf":
        yield from _array(name, array.astype(float).ravel())


def _nested(item: Any) -> bool:
    return isinstance(item, str | Mapping | tuple | list) or hasattr(item, "columns") or np.ndim(item) > 0


def _array(name: str, x: np.ndarray) -> Iterator[tuple[str, float]]:
    if x.size <= WHOLE:
        yield from ((f"{name}[{i}]" if x.size != 1 else name, float(v)) for i, v in enumerate(x))
        return
    known = np.where(np.isfinite(x), x, 0.0)
    weights = 1.0 + (GOLDEN * np.arange(x.size)) % 1.0
    yield f"{name}.size", float(x.size)
    if not np.isfinite(x).all():
        yield f"{name}.finite", float(np.isfinite(x).sum())
    yield f"{name}.sum", float(known.sum())
    yield f"{name}.weighted", float(weights @ known)
    yield from ((f"{name}[{i}]", float(x[i])) for i in (0, x.size - 1))

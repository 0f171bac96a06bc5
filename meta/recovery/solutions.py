"""`Solutions`: the effects of rows that each state facts of their own."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.recovery.assemble import Rows
from meta.recovery.assumptions import ASSUMPTIONS, names_in
from meta.recovery.consistency import contradictions
from meta.recovery.contradiction import Contradiction
from meta.recovery.grim import whole_numbers
from meta.recovery.plan_of_rows import Plan
from meta.recovery.solution_of_row import lacking, used_by
from meta.recovery.stated_facts import Stated

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Solutions:
    """The effects that rows of facts lead to, in the caller's order.

    Attributes
    ----------
    measure : str
        Code of the measure.
    labels : sequence of length k
        Labels, or row numbers.
    rows : Rows
        Effects, variances, bounds and mixtures.
    plans : tuple of Plan
        One for each set of facts that rows share.
    stated : Stated
        What the rows state.
    """

    measure: str
    labels: Sequence[Any] | np.ndarray
    rows: Rows
    plans: tuple[Plan, ...]
    stated: Stated

    def __len__(self) -> int:
        return self.k

    @property
    def k(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @cached_property
    def study(self) -> np.ndarray:
        """Labels as text, (k,)."""
        return np.array([str(label) for label in self.labels], dtype=object)

    @property
    def yi(self) -> np.ndarray:
        """Effects on the model scale; NaN where there is none, or only a bound or two values."""
        return self.rows.yi

    @property
    def vi(self) -> np.ndarray:
        """Sampling variances."""
        return self.rows.vi

    @property
    def sei(self) -> np.ndarray:
        """Standard errors."""
        return np.sqrt(self.rows.vi)

    @property
    def kind(self) -> np.ndarray:
        """One of "exact", "bound", "mixture" or "none", for each row."""
        return self.rows.kind

    def _each(self, values: list[Any]) -> np.ndarray:
        return np.array(values, dtype=object)[self.rows.plan]

    @cached_property
    def tier(self) -> np.ndarray:
        """Tier of each row: D where no effect could be computed."""
        found = self._each([plan.tier for plan in self.plans])
        found[self.rows.kind == "none"] = "D"
        return found

    @cached_property
    def provenance(self) -> np.ndarray:
        """How each row was obtained: the facts used and the steps, or what is lacking."""
        return self._each([told(plan) for plan in self.plans])

    @cached_property
    def assumptions(self) -> np.ndarray:
        """What each row rests on, in words."""
        return self._each([assumed(plan) for plan in self.plans])

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """What does not fit, row by row."""
        found = []
        for plan in self.plans:
            halves = {name: x[plan.rows] for name, x in self.stated.halves.items()}
            found += contradictions(plan, halves)
        if "whole" in self.stated.words:
            halves = {name: self.stated.half(name) for name in self.stated.values}
            found += whole_numbers(self.stated.values, halves, self.stated.words["whole"])
        return tuple(sorted(found, key=lambda item: item.row))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per row: study, effect, tier, how, and what contradicts."""
        import pandas as pd

        notes = np.full(self.k, "", dtype=object)
        for item in self.contradictions:
            notes[item.row] = f"{notes[item.row]}; {item}" if notes[item.row] else str(item)
        return pd.DataFrame(
            {
                "study": self.study,
                "yi": self.yi,
                "vi": self.vi,
                "sei": self.sei,
                "tier": self.tier,
                "kind": self.kind,
                "lower": self.rows.lower,
                "upper": self.rows.upper,
                "how": self.provenance,
                "assumptions": self.assumptions,
                "contradictions": notes,
            }
        )

    def records(self) -> list[dict[str, Any]]:
        """One dictionary per row, for JSON; what does not exist is None.

        A bound has ``lower`` and ``upper``, a mixture its possible values in ``mixture``.
        """
        notes: dict[int, list[dict[str, object]]] = {}
        for item in self.contradictions:
            notes.setdefault(item.row, []).append(item.to_dict())
        used = self._each([", ".join(used_by(plan)) for plan in self.plans])
        found = []
        for row in range(self.k):
            numbers = {"yi": self.yi, "vi": self.vi, "sei": self.sei}
            record: dict[str, Any] = {"study": str(self.study[row])}
            record |= {name: _known(x[row]) for name, x in numbers.items()}
            record |= {"tier": str(self.tier[row]), "kind": str(self.kind[row])}
            record |= {"lower": _known(self.rows.lower[row]), "upper": _known(self.rows.upper[row])}
            record |= {"mixture": [list(pair) for pair in self.rows.mixtures.get(row, ())]}
            record |= {"used": used[row], "how": self.provenance[row], "assumptions": self.assumptions[row]}
            found.append(record | {"contradictions": notes.get(row, [])})
        return found

    def tidy(self) -> pd.DataFrame:
        """One row per row of facts, with the columns of every result's table; normal 95% intervals.

        ``statistic``, ``df`` and ``p_value`` are those of :class:`Solution` alone and NaN here.
        """
        import pandas as pd

        half = ndtri(0.975) * self.sei
        bound = self.rows.kind == "bound"
        columns: dict[str, Any] = {"term": self.study, "estimate": self.yi, "se": self.sei}
        columns |= dict.fromkeys(("statistic", "df", "p_value"), np.nan)
        columns["ci_low"] = np.where(bound, self.rows.lower, self.yi - half)
        columns["ci_high"] = np.where(bound, self.rows.upper, self.yi + half)
        return pd.DataFrame(columns | {"pi_low": np.nan, "pi_high": np.nan, "tier": self.tier})

    def summary(self) -> str:
        """A line for each row, and below it what is assumed and what does not fit."""
        return "\n".join([repr(self), *_lines(self)])

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return (self.measure, self.records()) == (other.measure, other.records())

    def __copy__(self) -> Solutions:
        return self  # nothing in it changes

    def __deepcopy__(self, memo: dict[int, Any]) -> Solutions:
        return self

    def __getstate__(self) -> object:
        raise TypeError(
            "Solutions hold functions of rules and cannot be pickled; pickle .frame or .records()"
        )

    def __hash__(self) -> int:
        return hash((self.measure, *map(str, self.study)))

    def __iter__(self) -> Iterator[tuple[str, float, float, str]]:
        return iter(zip(self.study, self.yi, self.vi, self.tier, strict=True))

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{int(np.sum(self.tier == tier))} {tier}" for tier in "ABCD" if np.any(self.tier == tier)
        )
        return f"Solutions(measure={self.measure!r}, k={self.k}; tiers: {counts})"


MOST = 60
"""Rows of a print-out; :attr:`Solutions.frame` has all."""


def _lines(found: Solutions) -> list[str]:
    lines = []
    for record in found.records()[:MOST]:
        effect = (
            f"{record['yi']:.4g}, SE {record['sei']:.4g}" if record["kind"] == "exact" else record["kind"]
        )
        lines.append(f"  {record['study']}: {effect}   tier {record['tier']}: {record['how']}")
        lines += [f"    assumed: {record['assumptions']}"] if record["assumptions"] else []
        lines += [f"    {item['kind']}: {item['says']}" for item in record["contradictions"]]
    return lines if found.k <= MOST else [*lines, f"  and {found.k - MOST:,} more rows, in .frame"]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def told(plan: Plan) -> str:
    """A plan in one line: the facts used and its steps, or what is lacking."""
    if plan.way is None:
        return lacking(plan.problem)
    return f"{', '.join(used_by(plan))}: {'; '.join(rule.name for rule in plan.way.rules())}"


def assumed(plan: Plan) -> str:
    """What a plan assumes, in one line."""
    if plan.way is None:
        return ""
    return "; ".join(ASSUMPTIONS[name].told() for name in names_in(plan.way.mask))

"""Counts pooled by subgroup: a fit per group, all together, and a test between the groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.effects.inputs import names_columns
from meta.effects.intake import raw_columns
from meta.errors import InputError, NotEstimableError
from meta.formatting import interval, number, p_equation
from meta.missing import absent
from meta.pooling.grouped_fits import Between, GroupedFits
from meta.results.base import Result
from meta.results.print_out import Line, heading, table
from meta.results.table_columns import tidy_frame
from meta.tables.containers import one_column
from meta.tables.labels import align

if TYPE_CHECKING:
    import pandas as pd

    from meta.pooling.count_result import PooledCounts


@dataclass(frozen=True, eq=False, repr=False)
class CountSubgroups(GroupedFits["PooledCounts"], Result):
    """Fits of counts by subgroup.

    Attributes
    ----------
    fits : dict of str to PooledCounts
        One per group, in the order of first appearance.
    overall : PooledCounts
        All studies together.
    random : Between
        Test between groups: weighted sum of squares of the groups' estimates about their mean, weights 1/se^2
        (Cochrane Handbook 10.11.3.1).
    warnings : tuple of str
        What was warned about, group by group.
    """

    fits: dict[str, PooledCounts]
    overall: PooledCounts
    random: Between
    warnings: tuple[str, ...] = field(default=())

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per group, and one for all."""
        return [
            {**next(iter(fit._terms())), "term": name, "group": name, "k": fit.k} for name, fit in self._all()
        ]

    def _facts(self) -> dict[str, Any]:
        test = self.random
        whole = {str(name): x for name, x in self.overall.glance().iloc[0].items()}
        between = {"q": test.q, "q_df": test.df, "q_p": test.p_value}
        return whole | {"model": "subgroups of counts", "groups": len(self.fits)} | between

    def augment(self) -> pd.DataFrame:
        """One row per study with its group, and what its fit says of it."""
        import pandas as pd

        parts = [fit.augment().assign(group=name) for name, fit in self.fits.items()]
        return pd.concat(parts, ignore_index=True)

    def backtransform(self) -> pd.DataFrame:
        """Each group, and all studies, on the scale on which they are read."""
        rows = {name: fit.backtransform() for name, fit in self._all()}
        names = ("estimate", "ci_low", "ci_high")
        found = tidy_frame(
            {"term": term} | {name: back[name] for name in names} for term, back in rows.items()
        )
        return found[["term", *names]]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers and strings."""
        return {
            "groups": {name: fit.to_dict() for name, fit in self.fits.items()},
            "overall": self.overall.to_dict(),
            "between": {"q": self.random.q, "df": self.random.df, "p_value": self.random.p_value},
            "warnings": list(self.warnings),
        }

    def _lines(self, digits: int) -> list[str]:
        """A line per group with both scales, and the test between the groups."""
        rows = []
        for name, fit in self._all():
            back = fit.backtransform()
            shown = f"{back.display} {number(back.estimate)} {interval(back.ci_low, back.ci_high)}"
            rows.append(
                Line.of({**next(iter(fit._terms())), "term": f"{name} (k = {fit.k})"}, shown),
            )
        test = self.random
        parts = ["Pooled counts by subgroup", self.overall.method, f"k = {self.k}"]
        return [
            heading(parts, self.measure),
            *table(rows, self.level, digits),
            f"between groups: Q({test.df}) = {number(test.q, 2)}, {p_equation(test.p_value)}",
        ]


def pool_by_group(
    pool: Callable[..., PooledCounts], table: Any, by: Any, arguments: Mapping[str, Any]
) -> CountSubgroups:
    """Pool each group of rows, and all.

    Parameters
    ----------
    pool : callable
        :func:`meta.pool_counts`.
    table : table
        As there.
    by : str or array
        Column of the groups, or their labels, one for each row.
    arguments : mapping
        The other arguments.
    """
    source = raw_columns(table)
    arrays = {
        name: one_column(x)
        for name, x in arguments.items()
        if x is not None and np.ndim(x) == 1 and not (name == "study" and names_columns(source, x))
    }
    k = source.k or next((len(x) for x in arrays.values()), 0)
    if isinstance(by, str):
        if by not in source:
            raise InputError(f"by={by!r} is not a column of the table; it has {', '.join(source.columns)}")
        by = source.columns[by]
    groups = np.asarray(one_column(align(by, source.index, "by", k=k), "by"), dtype=object)
    if groups.shape != (k,):
        raise InputError(f"by must have one label for each of the {k} rows, not the shape {groups.shape}")
    if absent(groups).any():
        row = int(np.argmax(absent(groups)))
        raise InputError(f"by must have a group for every study: row {row + 1} has none; fill it in")
    labels = np.array([str(x) for x in groups], dtype=object)
    names = list(dict.fromkeys(labels))
    if len(names) < 2:
        raise InputError(f"by needs at least two groups, and all rows are {names[0]!r}")

    def part(keep: np.ndarray) -> PooledCounts:
        columns = {name: np.asarray(values, dtype=object)[keep] for name, values in source.columns.items()}
        own = {name: values[keep] for name, values in arrays.items()}
        return pool(columns or None, **{**arguments, **own})

    fits = {}
    for name in names:
        try:
            fits[name] = part(labels == name)
        except NotEstimableError as problem:
            raise NotEstimableError(
                f"group {name!r}: {problem}; pool its studies with another group"
            ) from None
    messages = [f"{name}: {text}" for name, fit in fits.items() for text in fit.warnings]
    overall = part(np.ones(k, dtype=bool))
    return CountSubgroups(fits, overall, _between(list(fits.values())), tuple(messages))


def _between(fits: list[PooledCounts]) -> Between:
    y, w = np.array([fit.estimate for fit in fits]), np.array([fit.se**-2 for fit in fits])
    q = float(np.sum(w * (y - np.average(y, weights=w)) ** 2))
    return Between("fixed", q, len(fits) - 1, float(chdtrc(len(fits) - 1, q)))

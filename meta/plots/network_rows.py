"""Networks as rows of a forest plot: treatments against the reference, direct beside indirect evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import check_arguments, need
from meta.errors import NotEstimableError
from meta.formatting import p_equation
from meta.keywords import keywords
from meta.plots.figure_rows import Row, Table
from meta.plots.forest import ForestPlot, forest
from meta.plots.themes import Theme, as_theme

__all__ = ["side_split"]


@keywords
def side_split(
    net: Any,
    *,
    all_pairs: bool = False,
    theme: str | Theme = "default",
    title: str | None = None,
) -> ForestPlot:
    """Draw direct, indirect and network estimates below each other, for each comparison that has all three.

    Parameters
    ----------
    net : Network
        Of :func:`meta.pool_network`.
    all_pairs : bool
        Whether comparisons with direct evidence alone are drawn too.
    theme, title
        As in :func:`meta.forest`.

    References
    ----------
    Dias S et al. (2010). Stat Med 29:932-944. https://doi.org/10.1002/sim.3767
    """
    check_arguments(side_split, locals())
    need(net, "net", "a network, such as meta.pool_network makes", "inconsistency", "numbers")
    found = net.inconsistency("side")
    if not all_pairs:
        found = found[found["indirect"].notna()]
    if not len(found):
        raise NotEstimableError(
            "no comparison has both direct and indirect evidence; all_pairs=True draws all of them"
        )
    look = replace(as_theme(theme), study_header="Evidence")
    return forest(_Listed(_split_rows(net, found)), theme=look, title=title)


class _Listed:
    """Rows for `forest`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def forest_rows(self) -> Table:
        """The rows."""
        return self._table


def _split_rows(net: Any, found: Any) -> Table:
    crit = float(ndtri(0.5 + net.level / 2))
    rows: list[Row] = []
    for at, row in enumerate(found.to_dict("records")):
        known = not np.isnan(row["p_value"])
        told = f" (difference: {p_equation(row['p_value'])})" if known else ""
        rows.append(Row("group", f"{row['treat1']} vs {row['treat2']}{told}", key=f"pair-{at}"))
        trials = f"{row['k']} trial{'s' if row['k'] > 1 else ''}"
        for name, label in (("direct", f"Direct ({trials})"), ("indirect", "Indirect")):
            if np.isnan(row[name]):
                continue
            half = crit * row[f"{name}_se"]
            rows.append(
                Row("study", label, key=f"{name}-{at}", estimate=row[name], low=row[name] - half,
                    high=row[name] + half, level=net.level)
            )  # fmt: skip
        first, second = (net.treatments.index(row[side]) for side in ("treat1", "treat2"))
        own = {name: float(x) for name, x in net.numbers(first, second).items()}
        rows.append(
            Row("subtotal", "Network", key=f"network-{at}", estimate=own["estimate"], low=own["ci_low"],
                high=own["ci_high"], level=net.level)
        )  # fmt: skip
    return Table(tuple(rows), net.measure, (), (), net.level)

"""Which direct comparisons and which trials a network's estimates rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from meta.errors import InputError, unknown_option
from meta.formatting import listing
from meta.kernels.network.flow import contributions, edge_weights
from meta.models.network.direct_evidence import spread
from meta.models.network.effect_tables import pairs_in_order, trial_table
from meta.models.network.network_numbers import NetworkNumbers

if TYPE_CHECKING:
    import pandas as pd


BY = ("comparison", "trial")


def contribution_table(net: NetworkNumbers, by: str, pair: tuple[int, int] | None) -> pd.DataFrame:
    """Percentages: one row per estimate, one column per direct comparison or trial."""
    import pandas as pd

    if by not in BY:
        raise unknown_option("by", by, BY)
    first, second = pairs_in_order(net) if pair is None else (np.array([pair[0]]), np.array([pair[1]]))
    per_trial = edge_weights(net.data.contrasts, spread(net))
    weights = per_trial.sum(axis=0)
    one, two = np.nonzero(np.triu(net.data.direct > 0, 1))
    shares = np.array([contributions(weights, i, j)[one, two] for i, j in zip(first, second, strict=True)])
    names = net.treatments
    index = pd.MultiIndex.from_arrays(
        [[names[i] for i in first], [names[j] for j in second]], names=["treat1", "treat2"]
    )
    if by == "comparison":
        columns = [f"{names[i]}:{names[j]}" for i, j in zip(one, two, strict=True)]
        return pd.DataFrame(100 * shares, index=index, columns=pd.Index(columns, name="comparison"))
    part = np.maximum(per_trial[:, one, two], 0.0)
    total = part.sum(axis=0)
    split = np.divide(part, total, out=np.zeros_like(part), where=total > 0)
    return pd.DataFrame(
        100 * shares @ split.T, index=index, columns=pd.Index(list(net.data.trials), name="trial")
    )


def adjusted_funnel(net: NetworkNumbers, order: Sequence[str] | None) -> pd.DataFrame:
    """Comparisons of all trials, centred at the network's estimate of their comparison.

    Chaimani & Salanti (2012), doi:10.1002/jrsm.57. ``order`` says which of two treatments comes first
    (is newer, say), because a funnel means something only if all comparisons point the same way.
    """
    table = trial_table(net)
    place = _places(net, order)
    turn = np.array([place[a] > place[b] for a, b in zip(table.treat1, table.treat2, strict=True)])
    sign = np.where(turn, -1.0, 1.0)
    one, two = table["treat1"].to_numpy(), table["treat2"].to_numpy()
    table["treat1"], table["treat2"] = np.where(turn, two, one), np.where(turn, one, two)
    table["yi"], table["fitted"] = sign * table["yi"], sign * table["fitted"]
    table["centred"] = sign * table["residual"]
    return table[["study", "treat1", "treat2", "yi", "sei", "fitted", "centred"]]


def _places(net: NetworkNumbers, order: Sequence[str] | None) -> dict[str, int]:
    """Place of each treatment; without an order those with better effects come before the reference."""
    if order is None:
        rest = [name for name in net.treatments if name != net.reference]
        return {name: i for i, name in enumerate([*rest, net.reference])}
    lacking = [name for name in net.treatments if name not in order]
    if lacking or len(set(order)) != len(order) or len(order) != len(net.treatments):
        told = f"; missing: {listing(map(repr, lacking))}" if lacking else ""
        raise InputError(f"order must name each treatment of the network once{told}")
    return {name: i for i, name in enumerate(order)}

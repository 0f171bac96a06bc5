"""Rankings and league tables of a fitted network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.effects.registry import MEASURES
from meta.errors import InputError, unknown_option
from meta.formatting import interval, number, shown
from meta.kernels.inference import quantile
from meta.kernels.network.ranking import better_than, p_scores, rank_intervals, rank_probabilities
from meta.models.network.direct_evidence import split_of
from meta.models.network.effect_tables import measured
from meta.models.network.network_numbers import NetworkNumbers
from meta.results.back_transformation import on_display
from meta.results.print_out import display_digits, needs_display

if TYPE_CHECKING:
    import pandas as pd


LEAGUE = "row against column; below the diagonal: network, above: direct"
VALUES = ("text", "estimate", "se", "p_value")


def low_is_better(net: NetworkNumbers) -> bool:
    """Which direction is good; refused where the fit does not know."""
    if net.better is None:
        raise InputError(
            "a ranking needs to know which effects are good: fit the network with better='low' or "
            "better='high'"
        )
    return net.better == "low"


def check_margin(margin: float) -> float:
    """A difference that matters, on the model scale."""
    if not 0 <= margin < np.inf:
        raise InputError(f"margin must be a number >= 0 on the model scale, not {shown(margin)}")
    return float(margin)


def ranking(
    net: NetworkNumbers, margin: float, level: float, draws: int, seed: int | np.random.Generator | None
) -> pd.DataFrame:
    """One row per treatment, the best first."""
    import pandas as pd

    low = low_is_better(net)
    check_margin(margin)
    if draws < 100:
        raise InputError(f"draws must be at least 100, not {draws}")
    scores = p_scores(net.d, net.phi, low)
    chance = rank_probabilities(net.d, net.phi, low, draws, seed)
    rank_low, rank_high = rank_intervals(chance, level)
    size = len(net.d)
    table = pd.DataFrame(
        {
            "treatment": np.array(net.treatments, dtype=object),
            "p_score": scores,
            "p_better": p_scores(net.d, net.phi, low, margin),
            "mean_rank": size - scores * (size - 1),
            "rank_low": rank_low,
            "rank_high": rank_high,
            "p_best": chance[:, 0],
        }
    )
    return table.sort_values(["p_score", "treatment"], ascending=[False, True], ignore_index=True)


def better_table(net: NetworkNumbers, margin: float) -> pd.DataFrame:
    """Probability that the row is better than the column by more than a margin."""
    import pandas as pd

    found = better_than(net.d, net.phi, low_is_better(net), check_margin(margin))
    names = list(net.treatments)
    table = pd.DataFrame(found, index=names, columns=names)
    table.index.name = f"row better than column{f' by more than {margin:g}' if margin else ''}"
    return table


def rank_table(net: NetworkNumbers, draws: int, seed: int | np.random.Generator | None) -> pd.DataFrame:
    """Probability of each rank, one row per treatment, the best first."""
    import pandas as pd

    low = low_is_better(net)
    chance = rank_probabilities(net.d, net.phi, low, draws, seed)
    order = np.argsort(-p_scores(net.d, net.phi, low), kind="stable")
    names = [net.treatments[i] for i in order]
    table = pd.DataFrame(chance[order], index=names, columns=range(1, len(names) + 1))
    table.index.name, table.columns.name = "treatment", "rank"
    return table


def ordered(net: NetworkNumbers) -> list[int]:
    """Treatments for tables of pairs: the best first, or the alphabet where nobody said what is good."""
    if net.better is None:
        return list(range(len(net.treatments)))
    scores = p_scores(net.d, net.phi, net.better == "low")
    return [int(i) for i in np.argsort(-scores, kind="stable")]


def league(net: NetworkNumbers, values: str, digits: int | None) -> pd.DataFrame:
    """Network estimates below the diagonal, direct ones above it; row against column in both."""
    import pandas as pd

    if values not in VALUES:
        raise unknown_option("values", values, VALUES)
    order = np.array(ordered(net))
    names = [net.treatments[i] for i in order]
    cells = _cells(net, values, display_digits(net.measure) if digits is None else digits)
    table = pd.DataFrame(cells[np.ix_(order, order)], index=names, columns=names)
    lower = np.tril(np.ones(table.shape, dtype=bool), -1)
    direct = _direct_cells(net, values, display_digits(net.measure) if digits is None else digits)
    mixed = np.where(lower, table.to_numpy(), direct[np.ix_(order, order)])
    table = pd.DataFrame(mixed, index=names, columns=names)
    table.index.name = LEAGUE
    return table if values == "text" else table.astype(float)


def _cells(net: NetworkNumbers, values: str, digits: int) -> np.ndarray:
    """Network estimates of row against column."""
    size = len(net.d)
    rows, columns = np.indices((size, size))
    own = net.numbers(rows, columns)
    if values != "text":
        return np.where(np.eye(size) > 0, np.nan, own[values])
    return _texts(net, own["estimate"], own["ci_low"], own["ci_high"], digits)


def _direct_cells(net: NetworkNumbers, values: str, digits: int) -> np.ndarray:
    found = split_of(net)
    estimate, se = found.direct, found.direct_se
    half = quantile(0.5 + net.level / 2, np.inf) * se
    if values == "estimate":
        return estimate
    if values == "se":
        return se
    if values == "p_value":
        from meta.kernels.inference import two_sided

        return np.asarray(two_sided(estimate / se, np.inf))
    return _texts(net, estimate, estimate - half, estimate + half, digits)


def _texts(
    net: NetworkNumbers, estimate: np.ndarray, low: np.ndarray, high: np.ndarray, digits: int
) -> np.ndarray:
    columns = {"estimate": estimate.ravel(), "ci_low": low.ravel(), "ci_high": high.ravel()}
    if needs_display(net.measure) and net.measure in MEASURES:
        columns = on_display(measured(net), columns)
    out = np.full(estimate.size, "", dtype=object)
    for i, (x, a, b) in enumerate(zip(*columns.values(), strict=True)):
        if not np.isnan(x) and i % (len(estimate) + 1):
            out[i] = f"{number(x, digits)} {interval(a, b, digits)}"
    return out.reshape(estimate.shape)

"""Tables of a fitted network: effects of all pairs, effects against the reference, rows of trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.kernels.inference import quantile
from meta.models.network.direct_evidence import split_of, spread
from meta.models.network.network_numbers import NetworkNumbers
from meta.results.back_transformation import on_display
from meta.results.effect_rows import EffectRows
from meta.results.print_out import on_both_scales

if TYPE_CHECKING:
    import pandas as pd


def other_treatments(net: NetworkNumbers) -> list[int]:
    """Positions of all treatments but the reference: the best first where better= says what is good."""
    ref = net.treatments.index(net.reference)
    others = [i for i in range(len(net.treatments)) if i != ref]
    if net.better is None:
        return others
    sign = 1.0 if net.better == "low" else -1.0
    return sorted(others, key=lambda i: (sign * (net.d[i] - net.d[ref]), net.treatments[i]))


def pairs_in_order(net: NetworkNumbers) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of treatments, each once: the reference stands second, else the earlier name stands first."""
    ref = net.treatments.index(net.reference)
    first, second = np.triu_indices(len(net.treatments), 1)
    swap = first == ref
    return np.where(swap, second, first), np.where(swap, first, second)


def effects_table(net: NetworkNumbers) -> pd.DataFrame:
    """One row per pair of treatments, ``treat1`` minus ``treat2``."""
    import pandas as pd

    first, second = pairs_in_order(net)
    names = np.array(net.treatments, dtype=object)
    found = split_of(net)
    own = net.numbers(first, second)
    columns = {"treat1": names[first], "treat2": names[second]} | own
    columns |= {
        "direct": found.direct[first, second],
        "direct_se": found.direct_se[first, second],
        "indirect": found.indirect[first, second],
        "indirect_se": found.indirect_se[first, second],
        "share": found.share[first, second],
        "k": net.data.direct[first, second],
    }
    return pd.DataFrame(columns)


def measured_as(measure: str) -> EffectSizes:
    """Effect sizes without rows, which say on which scale a network is read."""
    nothing = np.zeros(0)
    return EffectSizes(yi=nothing, vi=nothing, measure=measure, study=nothing.astype(object))


def measured(net: NetworkNumbers) -> EffectSizes:
    """The same for a fitted network."""
    return measured_as(net.measure)


def reference_rows(net: NetworkNumbers) -> list[Mapping[str, Any]]:
    """Rows of ``tidy``: each treatment against the reference."""
    ref = net.treatments.index(net.reference)
    shown = measured(net)
    rows: list[Mapping[str, Any]] = []
    for i in other_treatments(net):
        own = {name: float(x) for name, x in net.numbers(i, ref).items()}
        rows.append(on_both_scales(shown, {"term": net.treatments[i]} | own))
    return rows


def backtransform(net: NetworkNumbers) -> pd.DataFrame:
    """Effects against the reference on the display scale."""
    import pandas as pd

    ref = net.treatments.index(net.reference)
    order = np.array(other_treatments(net))
    own = net.numbers(order, ref)
    shown = on_display(measured(net), own)
    names = np.array(net.treatments, dtype=object)
    return pd.DataFrame({"treatment": names[order], "reference": net.reference} | shown)


def trial_table(net: NetworkNumbers) -> pd.DataFrame:
    """One row per comparison of a trial, dependent ones of trials of several arms included."""
    import pandas as pd

    p = net.data.pairs
    names = np.array(net.treatments, dtype=object)
    sei = np.sqrt(p.v)
    half = float(quantile(0.5 + net.level / 2, np.inf)) * sei
    fitted = net.d[p.first] - net.d[p.second]
    precision = 1.0 / (p.v + spread(net))
    columns = {
        "study": np.array(net.data.trials, dtype=object)[p.trial],
        "treat1": names[p.first],
        "treat2": names[p.second],
        "yi": p.y,
        "vi": p.v,
        "sei": sei,
        "ci_low": p.y - half,
        "ci_high": p.y + half,
        "weight": 100 * precision / precision.sum(),
        "fitted": fitted,
        "residual": p.y - fitted,
    }
    return pd.DataFrame(columns)


def figure_rows(net: NetworkNumbers) -> EffectRows:
    """Treatments against the reference as the rows of a figure."""
    ref = net.treatments.index(net.reference)
    order = np.array(other_treatments(net))
    own = net.numbers(order, ref)
    names = np.array(net.treatments, dtype=object)[order]
    effects = EffectSizes(yi=own["estimate"], vi=own["se"] ** 2, measure=net.measure, study=names)
    known = {"tau2": net.tau2, "i2": net.i2, "q": net.q, "q_df": float(net.q_df), "q_p": net.q_p}
    return EffectRows(
        effects=effects,
        weights=np.full(len(order), np.nan),
        groups=None,
        n=None,
        summaries=(),
        heterogeneity={name: x for name, x in known.items() if np.isfinite(x)},
        level=net.level,
    )

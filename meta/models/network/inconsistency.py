"""Inconsistency of a network, seen in four ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.errors import NotEstimableError, unknown_option
from meta.kernels.inference import two_sided
from meta.kernels.network.design_by_treatment import Decomposition, detached, net_heat, tau2_within
from meta.models.network.direct_evidence import split_of
from meta.models.network.effect_tables import pairs_in_order
from meta.models.network.network_heterogeneity import QTest
from meta.models.network.network_numbers import NetworkNumbers
from meta.models.network.trial_designs import decomposition

if TYPE_CHECKING:
    import pandas as pd


KINDS = ("design", "side", "heat", "detach")
NO_LOOP = (
    "inconsistency is not estimable: no closed loop of comparisons from different trials, so that no "
    "estimate can be checked against another"
)


def inconsistency(net: NetworkNumbers, kind: str) -> pd.DataFrame:
    """The table of one way to see inconsistency."""
    if kind not in KINDS:
        raise unknown_option("inconsistency", kind, KINDS)
    if kind == "design":
        return by_design(net)
    if net.q_between_df == 0:
        raise NotEstimableError(NO_LOOP)
    return {"side": side_splits, "heat": heat_table, "detach": detachments}[kind](net)


def design_names(net: NetworkNumbers, parts: Decomposition) -> list[str]:
    """Designs as text, "a:b"."""
    return [":".join(net.treatments[i] for i in design) for design in parts.designs]


def by_design(net: NetworkNumbers) -> pd.DataFrame:
    """Q in total, within and between designs, and within each design."""
    import pandas as pd

    parts = net._parts
    rows: list[dict[str, Any]] = [
        _row("total", "", parts.total, 0.0),
        _row("within designs", "", parts.within, 0.0),
        _row("between designs", "", parts.between, 0.0),
    ]
    tau2 = tau2_within(net.data.contrasts)
    if parts.between.df and not np.isnan(tau2):
        random = decomposition(net.data, tau2).between
        rows.append(_row("between designs, random effects", "", random, tau2))
    names = design_names(net, parts.by_design)
    for name, (q, df) in zip(names, parts.by_design.within, strict=True):
        rows.append(_row("within design", name, QTest(q, df), 0.0))
    table = pd.DataFrame(rows)
    trials = np.bincount(parts.by_design.of_trial, minlength=len(names))
    table["trials"] = [net.k] * (len(rows) - len(names)) + trials.tolist()
    return table


def _row(part: str, design: str, test: QTest, tau2: float) -> dict[str, Any]:
    known = test.df > 0
    return {
        "part": part,
        "design": design,
        "q": test.q if known else np.nan,
        "df": test.df,
        "p_value": test.p_value,
        "tau2": tau2,
    }


def side_splits(net: NetworkNumbers) -> pd.DataFrame:
    """Direct against indirect evidence of every comparison that has direct evidence."""
    import pandas as pd

    first, second = pairs_in_order(net)
    use = net.data.direct[first, second] > 0
    first, second = first[use], second[use]
    found = split_of(net)
    names = np.array(net.treatments, dtype=object)

    def of(matrix: np.ndarray) -> np.ndarray:
        return np.asarray(matrix[first, second])

    direct, indirect = of(found.direct), of(found.indirect)
    se = np.hypot(of(found.direct_se), of(found.indirect_se))
    columns = {
        "treat1": names[first],
        "treat2": names[second],
        "k": net.data.direct[first, second],
        "share": of(found.share),
        "estimate": net.d[first] - net.d[second],
        "direct": direct,
        "direct_se": of(found.direct_se),
        "indirect": indirect,
        "indirect_se": of(found.indirect_se),
        "difference": direct - indirect,
        "difference_se": se,
        "statistic": (direct - indirect) / se,
        "p_value": two_sided((direct - indirect) / se, np.inf),
    }
    return pd.DataFrame(columns)


def detachments(net: NetworkNumbers) -> pd.DataFrame:
    """Q between designs that is left when one design is given effects of its own."""
    import pandas as pd

    parts = net._parts
    full = sum(len(design) - 1 for design in parts.by_design.designs)
    rows = []
    for number, name in enumerate(design_names(net, parts.by_design)):
        rss, rank = detached(net.data.contrasts, number)
        df = full - rank
        q = max(0.0, rss - parts.within.q) if df else np.nan
        p = float(chdtrc(df, q)) if df else np.nan
        rows.append(
            {"design": name, "q": q, "df": df, "p_value": p, "change": parts.between.q - (q if df else 0.0)}
        )
    return pd.DataFrame(rows)


def heat_table(net: NetworkNumbers) -> pd.DataFrame:
    """Net heat matrix: change of each design's inconsistency (rows) when another is detached (columns)."""
    import pandas as pd

    heat, _ = net_heat(net.data.contrasts)
    names = design_names(net, net._parts.by_design)
    table = pd.DataFrame(heat, index=names, columns=names)
    table.index.name, table.columns.name = "design", "detached"
    return table

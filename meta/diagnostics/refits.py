"""Tables of refits: regressions, multilevel models and counts without (or with only) some of their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.diagnostics.linear_model import Model
from meta.diagnostics.subset_fits import frame, reading
from meta.effects.count_tables import DESIGNS
from meta.errors import InputError, NotEstimableError, quiet
from meta.kernels.inference import quantile, two_sided
from meta.pooling.count_result import PooledCounts
from meta.pooling.pool_counts import pool_counts
from meta.pooling.refit import Refit

if TYPE_CHECKING:
    import pandas as pd

COUNT_METHODS = ("MH", "Peto")
_COUNT_COLUMNS = ("k", "estimate", "se", "statistic", "p_value", "ci_low", "ci_high", "q", "q_p")


def _row(model: Model, found: Refit | None, j: int, kept: int) -> dict[str, Any]:
    """One coefficient of one refit."""
    if found is None:
        names = ("estimate", "se", "statistic", "p_value", "ci_low", "ci_high", *model.variances, "q", "q_p")
        return {"k": kept, **dict.fromkeys(names, np.nan)}
    beta, se, df = float(found.beta[j]), float(np.sqrt(found.vcov[j, j])), float(found.df[j])
    half = float(quantile(0.5 + model.fit.level / 2, df)) * se if df > 0 else np.nan
    statistic = beta / se if se > 0 else np.nan
    return {
        "k": found.k,
        "estimate": beta,
        "se": se,
        "statistic": statistic,
        "p_value": float(two_sided(statistic, df)) if df > 0 else np.nan,
        "ci_low": beta - half,
        "ci_high": beta + half,
        **dict(zip(model.variances, found.variances.tolist(), strict=True)),
        "q": found.q,
        "q_p": float(chdtrc(found.q_df, found.q)) if found.q_df > 0 else np.nan,
    }


def refit_table(model: Model, first: dict[str, np.ndarray], included: np.ndarray) -> pd.DataFrame:
    """A row for each column of ``included`` (k, m), and for each coefficient where there are several."""
    rows = []
    for i in range(included.shape[1]):
        found = model.again(included[:, i], True)
        head = {name: values[i] for name, values in first.items()}
        for j, name in enumerate(model.names):
            term = {} if model.p == 1 else {"term": name}
            rows.append({**head, **term, **_row(model, found, j, int(included[:, i].sum()))})
    table = frame({name: [row[name] for row in rows] for name in rows[0]})
    table.attrs |= reading(model.effects, np.asarray(first["study"]), included)
    return table


def check_counts(fit: PooledCounts, what: str, at_least: int = 2) -> None:
    """Refuse what has no closed form."""
    if fit.method not in COUNT_METHODS:
        raise InputError(f"{what} of counts is for {' and '.join(COUNT_METHODS)}, not {fit.method}")
    if fit.k < at_least:
        raise NotEstimableError(f"{what} needs at least {at_least} studies, but there are {fit.k}")


def refit_counts(fit: PooledCounts, keep: np.ndarray) -> PooledCounts | None:
    """Mantel-Haenszel or Peto of some of the studies; None where they have no events to pool."""
    assert fit.counts is not None
    given = {
        name: values[keep]
        for name, values in zip(DESIGNS[fit.counts.design], fit.counts.columns, strict=True)
    }
    try:
        with quiet():
            return pool_counts(
                measure=fit.measure, method=fit.method, study=fit.study[keep], level=fit.level, **given
            )
    except NotEstimableError:
        return None


def count_table(fit: PooledCounts, first: dict[str, np.ndarray], included: np.ndarray) -> pd.DataFrame:
    """Like :func:`refit_table`; Q is about the studies' own effects as in ``fit``."""
    rows = []
    for i in range(included.shape[1]):
        keep = included[:, i]
        found = refit_counts(fit, keep)
        head = {name: values[i] for name, values in first.items()}
        own = {"k": int(keep.sum())} | {name: np.nan for name in _COUNT_COLUMNS if name != "k"}
        if found is not None:
            own = {name: getattr(found, name) for name in _COUNT_COLUMNS}
            if fit.method == "MH":
                own |= _own_q(fit, keep, found.estimate)
        rows.append({**head, **own})
    table = frame({name: [row[name] for row in rows] for name in rows[0]})
    table.attrs["measure"] = fit.measure
    return table


def _own_q(fit: PooledCounts, keep: np.ndarray, estimate: float) -> dict[str, float]:
    y, v = fit.yi[keep], fit.vi[keep]
    use = np.isfinite(y) & np.isfinite(v) & (v > 0)
    q, df = float(((y[use] - estimate) ** 2 / v[use]).sum()), int(use.sum()) - 1
    return {"q": q, "q_p": float(chdtrc(df, q)) if df > 0 else np.nan}

"""Influence of effects or clusters on any linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.diagnostics.deletion import Deletion, delete, quadratic, residuals_of, unusual
from meta.diagnostics.linear_model import Model, as_model, left_out, units
from meta.diagnostics.subset_fits import frame

if TYPE_CHECKING:
    import pandas as pd


def deletions(model: Model, unit: np.ndarray, reestimate: bool) -> list[Deletion]:
    """What changes without each unit."""
    included = left_out(np.unique(unit), unit)
    return [delete(model, np.flatnonzero(~keep), reestimate=reestimate) for keep in included.T]


def _changes(model: Model, deleted: list[Deletion]) -> dict[str, Any]:
    """Columns that a unit has whatever its size: coefficients, variances and Q without it."""
    gone = np.full(max(model.p, len(model.variances)), np.nan)

    def of(name: str, width: int) -> np.ndarray:
        found = [gone[:width] if d.refit is None else np.asarray(getattr(d.refit, name)) for d in deleted]
        return np.array([np.sqrt(np.diag(v)) if v.ndim == 2 else v for v in found])

    beta, se, spread = of("beta", model.p), of("vcov", model.p), of("variances", len(model.variances))
    out: dict[str, Any] = {}
    for j, name in enumerate(model.names):
        suffix = "" if model.p == 1 else f"_{name}"
        out |= {f"estimate{suffix}": beta[:, j], f"se{suffix}": se[:, j]}
    out |= {name: spread[:, j] for j, name in enumerate(model.variances)}
    out["q"] = np.array([np.nan if d.refit is None else d.refit.q for d in deleted])
    return out


def _dfbetas(model: Model, values: np.ndarray) -> dict[str, np.ndarray]:
    if model.p == 1:
        return {"dfbetas": values[:, 0]}
    return {f"dfbetas_{name}": values[:, j] for j, name in enumerate(model.names)}


def influence_table(fit: Any, *, cluster: Any, reestimate: bool) -> pd.DataFrame:
    """One row per effect, or one per cluster; see :func:`meta.diagnostics.influence`."""
    model = as_model(fit, what="influence")
    labels, unit = units(model, cluster)
    own, deleted = residuals_of(model), deletions(model, unit, reestimate)
    betas = np.array([d.dfbetas for d in deleted])
    cook, ratio = np.array([d.cook for d in deleted]), np.array([d.cov_ratio for d in deleted])
    hat = np.diag(model.hat)
    if cluster is not None:
        rows = [np.flatnonzero(unit == u) for u in range(len(labels))]
        size = np.array([len(at) for at in rows])
        x2 = np.array([d.x2 for d in deleted])
        return frame(
            {
                "study": labels,
                "k": size,
                **_changes(model, deleted),
                "x2_standard": [quadratic(own.raw[at], own.spread[np.ix_(at, at)]) for at in rows],
                "x2": x2,
                "x2_p": chdtrc(size.astype(float), x2),
                "cook": cook,
                "cov_ratio": ratio,
                **_dfbetas(model, betas),
                "hat": np.bincount(unit, weights=hat),
                "influential": unusual(cook, betas, None, None, model.k),
            }
        )
    dffits = np.array([d.dffits[0] for d in deleted])
    return frame(
        {
            "study": labels,
            **_changes(model, deleted),
            "residual": own.raw,
            "rstandard": own.standard,
            "rstudent": quotient([d.residual[0] for d in deleted], [d.se[0] for d in deleted]),
            "dffits": dffits,
            "cook": cook,
            "cov_ratio": ratio,
            **_dfbetas(model, betas),
            "hat": hat,
            "weight": 100 * model.W.sum(axis=1) / model.W.sum(),
            "influential": unusual(cook, betas, dffits, hat, model.k),
        }
    )


def quotient(top: Any, bottom: Any) -> np.ndarray:
    """The quotient, element by element; NaN or infinite where the divisor is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(top, bottom))

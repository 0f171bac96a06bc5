"""The DataFrames and the dictionary of a pooled fit; pandas is imported only when one is asked for."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.kernels.inference import quantile

if TYPE_CHECKING:
    import pandas as pd

    from meta.pooling.result import Pooled

GLANCE = ("i2_q", "h2_q")
HOW = ("converged", "iterations", "at_boundary")


def facts(fit: Pooled) -> dict[str, Any]:
    """What `glance` says of a pooled fit beside the common columns."""
    model = "equal effects" if fit.method == "EE" else "random effects"
    own = {name: getattr(fit, name) for name in GLANCE}
    return {"model": model} | own | {name: getattr(fit.diagnostics, name) for name in HOW}


def augment(fit: Pooled) -> pd.DataFrame:
    """One row per study, with normal intervals, weights in percent and Pearson residuals."""
    import pandas as pd

    e = fit.effects
    half = float(quantile(0.5 + fit.level / 2, np.inf)) * e.sei
    residual = e.yi - fit.estimate
    tau2 = 0.0 if np.isnan(fit.tau2) else fit.tau2
    columns = {
        "study": e.study,
        "yi": e.yi,
        "vi": e.vi,
        "sei": e.sei,
        "ci_low": e.yi - half,
        "ci_high": e.yi + half,
        "weight": fit.weights,
        "fitted": np.full(e.k, fit.estimate),
        "residual": residual,
        "pearson": residual / np.sqrt(e.vi + tau2),
    }
    return pd.DataFrame(columns)


def blup(fit: Pooled, level: float) -> pd.DataFrame:
    """One row per study: its best linear unbiased prediction, interval and shrinkage toward the mean."""
    import pandas as pd

    v = fit.effects.vi
    share = fit.tau2 / (fit.tau2 + v)
    mean = share * fit.effects.yi + (1 - share) * fit.estimate
    se = np.sqrt(share * v + (1 - share) ** 2 * fit.se**2)
    half = float(quantile(0.5 + level / 2, fit.df)) * se
    columns = {
        "study": fit.effects.study,
        "estimate": mean,
        "se": se,
        "low": mean - half,
        "high": mean + half,
        "shrinkage": 1 - share,
    }
    return pd.DataFrame(columns)


def plain(fit: Pooled) -> dict[str, Any]:
    """Numbers, strings and lists, ready for JSON."""
    out: dict[str, Any] = {name: getattr(fit, name) for name in ("measure", "method", "test", "level")}
    skip = {"effects", "options", "diagnostics", "user_weights"}
    for item in fields(fit):
        if item.name in skip:
            continue
        value = getattr(fit, item.name)
        out[item.name] = value.tolist() if isinstance(value, np.ndarray) else value
    out["warnings"] = list(fit.warnings)
    out["diagnostics"] = {item.name: getattr(fit.diagnostics, item.name) for item in fields(fit.diagnostics)}
    out["study"] = [str(label) for label in fit.effects.study]
    return out

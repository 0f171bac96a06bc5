"""`Pooled`: one univariate fit, with its data, options, diagnostics and warnings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import NotEstimableError
from meta.kernels.inference import quantile
from meta.pooling.pooled_numbers import PooledNumbers
from meta.pooling.pooled_text import block
from meta.pooling.shrinkage import shrunken

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Pooled(PooledNumbers):
    """A pooled effect; see :func:`meta.pool`.

    Attributes
    ----------
    effects : EffectSizes
        The rows used.
    options : PoolOptions
        Method, test, level.
    estimate, se, ci_low, ci_high : float
        Pooled effect on the model scale, with the standard error and interval of the chosen test.
    statistic, p_value, df : float
        Test of no effect; ``df`` is inf for the normal.
    k : int
        Number of studies.
    tau2, tau2_se : float
        Heterogeneity variance; NaN for a single study.
    q, q_df, q_p : float
        Cochran's Q test.
    i2, h2 : float
        I2 in percent and H2, from tau2 (under equal effects: from Q).
    i2_q, h2_q : float
        The same from Q.
    loglik : float
        Restricted log-likelihood for REML, ordinary for every other method.
    weights : ndarray of shape (k,)
        In percent.
    se_classic, hk_scale : float
        Standard error without correction, and Hartung-Knapp's q.
    user_weights : ndarray of shape (k,) or None
        The caller's weights.
    diagnostics : Diagnostics
        How tau2 was found.
    warnings : tuple of str
        What was warned about.
    """

    def blup(self, *, level: float | None = None) -> pd.DataFrame:
        """Best linear unbiased predictions of the studies' true effects.

        Each is ``w y + (1 - w) mean`` with ``w = tau2 / (tau2 + v)``; its variance is
        ``w v + (1 - w)**2 var(mean)`` (Raudenbush & Bryk 1985, doi:10.3102/10769986010002075). Normal
        quantiles for test "z", t otherwise.
        """
        if self.k < 2 and self.options.tau2 is None:
            raise NotEstimableError("a single study cannot be shrunk: tau2 is unknown")
        return shrunken(self.effects, self.tau2, self.estimate, self.se, self.df, self._level(level))

    def _facts(self) -> dict[str, Any]:
        return _facts(self)

    def augment(self) -> pd.DataFrame:
        """One row per study: its effect, weight in percent, residual and standardised residual."""
        return _augmented(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, ready for JSON."""
        return _plain(self)

    def _lines(self, digits: int) -> list[str]:
        return block(self, digits)


_GLANCE = ("i2_q", "h2_q")
_HOW = ("converged", "iterations", "at_boundary")


def _facts(fit: PooledNumbers) -> dict[str, Any]:
    """What `glance` says of a pooled fit beside the common columns."""
    model = "equal effects" if fit.method == "EE" else "random effects"
    own = {name: getattr(fit, name) for name in _GLANCE}
    return {"model": model} | own | {name: getattr(fit.diagnostics, name) for name in _HOW}


def _augmented(fit: PooledNumbers) -> pd.DataFrame:
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


def _plain(fit: PooledNumbers) -> dict[str, Any]:
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

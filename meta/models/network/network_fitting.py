"""From the data of a network to its result."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc

from meta.errors import AssumptionWarning, NarrowIntervalWarning, Notes
from meta.kernels.inference import quantile
from meta.kernels.network.common_tau2 import ESTIMATORS, log_likelihood, terms
from meta.kernels.network.estimate import Adjusted, adjusted, fit_network
from meta.models.network.data import NetworkData
from meta.models.network.network_result import Network

TESTS = ("KR", "t", "z", "hksj", "adhoc")
NO_EXCESS = (
    "tau2 cannot be estimated: the trials leave no residual degrees of freedom (df = 0), so that effects "
    "are pooled without heterogeneity, tests are normal, and a prediction interval does not exist"
)


def default_test(method: str | float) -> str:
    """Kenward-Roger under REML, t otherwise.

    >>> default_test("REML"), default_test("DL")
    ('KR', 't')
    """
    return "KR" if method == "REML" else "t"


def fit_data(
    data: NetworkData,
    reference: str,
    method: str | float,
    test: str | None,
    better: str | None,
    level: float,
    notes: Notes,
) -> Network:
    """Fit a connected network."""
    rotated = data.rotated
    df = rotated.df
    chosen = default_test(method) if test is None else test
    at_zero = terms(rotated, 0.0)
    fixed = not isinstance(method, str)
    estimated = not fixed and method != "EE"
    if df == 0 and estimated:
        tau2, spread = np.nan, 0.0
        notes.warn(NO_EXCESS, AssumptionWarning)
    else:
        tau2 = spread = float(method) if fixed else ESTIMATORS[str(method)](rotated)
        _mention_zero(tau2, estimated, df, notes)
    core = fit_network(rotated, spread)
    kr = adjusted(rotated, spread) if chosen == "KR" and df > 0 else None
    scale = core.rss / df if df else np.nan
    q = at_zero.rss if df else 0.0
    return Network(
        data=data,
        reference=reference,
        method="fixed" if fixed else str(method),
        test=chosen,
        better=better,
        level=level,
        d=core.d,
        phi=core.phi,
        vcov=_covariance(core.phi, chosen, kr, scale, df, level, notes),
        slope=None if kr is None else kr.slope,
        kr_variance=np.nan if kr is None else kr.variance,
        df_residual=df,
        tau2=tau2,
        tau2_se=_standard_error(rotated, tau2, str(method)) if estimated and df else np.nan,
        q=q,
        q_df=df,
        q_p=float(chdtrc(df, q)) if df else np.nan,
        hk_scale=scale,
        loglik=log_likelihood(rotated, spread, restricted=method == "REML"),
        warnings=notes.messages,
    )


def _mention_zero(tau2: float, estimated: bool, df: int, notes: Notes) -> None:
    if estimated and tau2 == 0 and df > 0:
        notes.warn(
            "tau2 is estimated as 0, which does not show that true effects are equal: see the interval of "
            "tau2; prediction intervals are then no wider than confidence intervals",
            AssumptionWarning,
        )


def _covariance(
    phi: np.ndarray, test: str, kr: Adjusted | None, scale: float, df: int, level: float, notes: Notes
) -> np.ndarray:
    """Covariance of the effects under the chosen test."""
    if kr is not None:
        return kr.vcov
    if test not in ("hksj", "adhoc") or df == 0:
        return phi
    share = 0.5 + level / 2
    narrow = np.sqrt(scale) * float(quantile(share, df)) < float(quantile(share, np.inf))
    if test == "hksj" and narrow:
        notes.warn(
            f"the Hartung-Knapp scale is {scale:.3g}, so intervals are narrower than the classic ones; "
            "test='adhoc' does not let it fall below 1",
            NarrowIntervalWarning,
        )
    return phi * (scale if test == "hksj" else max(1.0, scale))


def _standard_error(rotated: Any, tau2: float, method: str) -> float:
    """From the expected information of a likelihood; NaN for other estimators."""
    if method not in ("REML", "ML"):
        return np.nan
    at = terms(rotated, tau2)
    return float(np.sqrt(2.0 / (at.traces if method == "REML" else at.sum_w2)))

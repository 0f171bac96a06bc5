"""Best linear unbiased predictions of the studies' true effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.kernels.inference import quantile

if TYPE_CHECKING:
    import pandas as pd


def shrunken(
    effects: EffectSizes, tau2: float, centre: Any, se: Any, df: float, level: float
) -> pd.DataFrame:
    """Each study's true effect, shrunken from its own effect toward its centre.

    Parameters
    ----------
    effects : EffectSizes
        The k rows.
    tau2 : float
        Heterogeneity variance.
    centre, se : float or ndarray of shape (k,)
        The mean toward which each study is shrunken, and its standard error.
    df : float
        Of the quantiles; infinite for the normal.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``study estimate se low high shrinkage``.

    Notes
    -----
    With ``w = tau2 / (tau2 + v)``: ``w y + (1 - w) centre`` with variance ``w v + (1 - w)**2 se**2``.
    Raudenbush & Bryk (1985), doi:10.3102/10769986010002075.
    """
    import pandas as pd

    share = tau2 / (tau2 + effects.vi)
    mean = share * effects.yi + (1 - share) * centre
    error = np.sqrt(share * effects.vi + (1 - share) ** 2 * se**2)
    half = float(quantile(0.5 + level / 2, df)) * error
    columns = {"study": effects.study, "estimate": mean, "se": error}
    columns |= {"low": mean - half, "high": mean + half, "shrinkage": 1 - share}
    return pd.DataFrame(columns)

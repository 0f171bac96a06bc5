"""Q of a network, split into heterogeneity within designs and inconsistency between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from meta.kernels.inference import quantile


def i2_interval(q: float, df: int, level: float) -> tuple[float, float]:
    """Interval of I2 in percent by the test-based interval of H.

    Higgins & Thompson (2002), doi:10.1002/sim.1186, equation 16: the standard error of log H depends on
    whether Q exceeds its degrees of freedom by more than 1.

    >>> [round(x, 2) for x in i2_interval(96.98555301, 18, 0.95)]
    [71.98, 87.71]
    """
    if df < 2 or not q > 0:
        return np.nan, np.nan
    k = df + 1
    h2 = q / df
    if q > k:
        se = 0.5 * (np.log(q) - np.log(df)) / (np.sqrt(2 * q) - np.sqrt(2 * k - 3))
    else:
        se = np.sqrt(1 / (2 * (k - 2)) * (1 - 1 / (3 * (k - 2) ** 2)))
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    ends = (np.exp(0.5 * np.log(h2) + sign * half) for sign in (-1, 1))
    low, high = (100 * max(0.0, 1 - 1 / h**2) if h > 1 else 0.0 for h in ends)
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class QTest:
    """A chi-squared statistic; NaN where there are no degrees of freedom."""

    q: float
    df: int

    @property
    def p_value(self) -> float:
        """Upper tail."""
        return float(chdtrc(self.df, self.q)) if self.df > 0 else np.nan

"""The numbers of a fitted network: `Network` adds its tables and its text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meta.arguments import check_level
from meta.errors import NotEstimableError, unknown_option
from meta.kernels.inference import quantile, two_sided
from meta.kernels.network.common_tau2 import q_profile
from meta.kernels.network.estimate import differences
from meta.models.network.data import NetworkData
from meta.models.network.network_heterogeneity import i2_interval
from meta.models.network.trial_designs import Parts, decomposition
from meta.results.base import Result
from meta.results.criteria import InformationCriteria


@dataclass(frozen=True, eq=False, repr=False)
class NetworkNumbers(InformationCriteria, Result):
    """A fitted network: what was estimated, its tests and intervals.

    The attributes are those of :class:`meta.models.network.network_result.Network`.
    """

    data: NetworkData
    reference: str
    method: str
    test: str
    better: str | None
    level: float
    d: np.ndarray
    phi: np.ndarray
    vcov: np.ndarray
    slope: np.ndarray | None
    kr_variance: float
    df_residual: int
    tau2: float
    tau2_se: float
    q: float
    q_df: int
    q_p: float
    hk_scale: float
    loglik: float
    warnings: tuple[str, ...] = ()

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.data.measure

    @property
    def treatments(self) -> tuple[str, ...]:
        """Treatments, in alphabetical order."""
        return self.data.treatments

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.data.trials)

    @property
    def connected(self) -> bool:
        """Whether chains of trials join all treatments."""
        return len(self.data.pieces) == 1

    @property
    def i2(self) -> float:
        """I2 in percent, from Q; NaN where Q has no degrees of freedom."""
        if self.q_df == 0:
            return np.nan
        return 100 * max(0.0, (self.q - self.q_df) / self.q) if self.q > 0 else 0.0

    @property
    def h2(self) -> float:
        """H2, Q over its degrees of freedom."""
        return self.q / self.q_df if self.q_df else np.nan

    @property
    def tau(self) -> float:
        """Heterogeneity standard deviation."""
        return float(np.sqrt(self.tau2))

    @cached_property
    def _parts(self) -> Parts:
        return decomposition(self.data)

    @property
    def q_within(self) -> float:
        """Q within designs: heterogeneity among trials of the same treatments."""
        return self._parts.within.q

    @property
    def q_within_df(self) -> int:
        """Its degrees of freedom."""
        return self._parts.within.df

    @property
    def q_within_p(self) -> float:
        """Its p-value."""
        return self._parts.within.p_value

    @property
    def q_between(self) -> float:
        """Q between designs: inconsistency, by equal effects; NaN where it is not estimable."""
        found = self._parts.between
        return found.q if found.df else np.nan

    @property
    def q_between_df(self) -> int:
        """Its degrees of freedom; 0 where no closed loop of different designs exists."""
        return self._parts.between.df

    @property
    def q_between_p(self) -> float:
        """Its p-value; NaN where inconsistency is not estimable."""
        return self._parts.between.p_value

    def i2_interval(self, *, level: float | None = None) -> tuple[float, float]:
        """Interval of I2 in percent, from that of H (Higgins & Thompson 2002, doi:10.1002/sim.1186)."""
        share = self._level(level)
        return i2_interval(self.q, self.q_df, share)

    def tau2_interval(self, kind: str = "QP", *, level: float | None = None) -> tuple[float, float]:
        """Q-profile interval of tau2.

        Notes
        -----
        Viechtbauer (2007), doi:10.1002/sim.2514; for correlated contrasts Jackson et al. (2014),
        doi:10.1186/1471-2288-14-103.
        """
        if kind != "QP":
            raise unknown_option("tau2 interval", kind, ("QP",))
        share = self._level(level)
        if self.df_residual == 0:
            raise NotEstimableError("tau2 has no interval: the network has no residual degrees of freedom")
        return q_profile(self.data.rotated, share)

    def _level(self, level: float | None) -> float:
        return self.level if level is None else check_level(level)

    def _number(self, treatment: Any) -> int:
        if treatment not in self.treatments:
            raise unknown_option("treatment", treatment, self.treatments)
        return self.treatments.index(treatment)

    @cached_property
    def se(self) -> np.ndarray:
        """Standard errors of all differences of treatments, (T, T)."""
        return np.sqrt(differences(self.vcov))

    @cached_property
    def df(self) -> np.ndarray:
        """Degrees of freedom of all differences of treatments, (T, T)."""
        size = len(self.d)
        if self.test == "z" or self.df_residual == 0:
            return np.full((size, size), np.inf)
        if self.slope is None:
            return np.full((size, size), float(self.df_residual))
        own = np.diag(self.slope)
        moved = own[:, None] + own[None, :] - 2 * self.slope
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = moved / differences(self.phi)
        return np.where(np.eye(size) > 0, np.inf, 2.0 / (self.kr_variance * ratio**2))

    def _predicts(self) -> bool:
        return self.method != "EE" and not np.isnan(self.tau2)

    def numbers(self, first: Any, second: Any, level: float | None = None) -> dict[str, np.ndarray]:
        """Estimates, errors, tests and intervals of ``first`` minus ``second`` (positions of treatments)."""
        share = self._level(level)
        estimate = self.d[first] - self.d[second]
        se, df = self.se[first, second], self.df[first, second]
        crit = quantile(0.5 + share / 2, df)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = estimate / se
        tau2 = self.tau2 if self._predicts() else np.nan
        wide = crit * np.sqrt(se**2 + tau2)
        return {
            "estimate": estimate,
            "se": se,
            "statistic": statistic,
            "df": df,
            "p_value": two_sided(statistic, df),
            "ci_low": estimate - crit * se,
            "ci_high": estimate + crit * se,
            "pi_low": estimate - wide,
            "pi_high": estimate + wide,
        }

    def _counted(self) -> tuple[int, int]:
        n = len(self.data.contrasts.y)
        p = len(self.d) - 1
        return p + int(self._predicts() and self.method != "fixed"), n - p if self.method == "REML" else n

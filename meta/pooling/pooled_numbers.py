"""The numbers of one univariate fit: `Pooled` adds its tables and its text."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from meta.arguments import check_level, check_seed, idle_seed
from meta.effects.effect_size_table import EffectSizes
from meta.errors import FewStudiesWarning, InputError, Notes, NotEstimableError, quiet, unknown_option
from meta.kernels.bootstrap_prediction import nnf_sample
from meta.kernels.henmi_copas import henmi_copas
from meta.kernels.inference import lower_tail, quantile, two_sided
from meta.kernels.prediction import predictive
from meta.kernels.q_profile import Tau2Interval, generalised_q, profile_likelihood, q_profile
from meta.pooling.intervals_and_diagnostics import BackTransformed, Diagnostics, Interval, back_transformed
from meta.pooling.pool_options import DEFAULT_PREDICTION, PREDICTION_INTERVALS, TAU2_INTERVALS, PoolOptions
from meta.results.base import Result
from meta.results.criteria import InformationCriteria
from meta.results.mean import OneMean


@dataclass(frozen=True, eq=False, repr=False)
class PooledNumbers(OneMean, InformationCriteria, Result):
    """A pooled effect: what was estimated, its intervals and tests.

    The attributes are those of :class:`meta.pooling.result.Pooled`.
    """

    effects: EffectSizes
    options: PoolOptions
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    df: float
    k: int
    tau2: float
    tau2_se: float
    q: float
    q_df: float
    q_p: float
    i2: float
    h2: float
    i2_q: float
    h2_q: float
    loglik: float
    weights: np.ndarray
    se_classic: float
    hk_scale: float
    user_weights: np.ndarray | None
    diagnostics: Diagnostics
    warnings: tuple[str, ...]

    def _shown(self) -> str:
        return (
            f"{self.options.method}, {self.options.test}, k={self.k}: "
            f"{self.estimate:.4g} [{self.ci_low:.4g}, {self.ci_high:.4g}], tau2={self.tau2:.4g}"
        )

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.effects.measure

    @property
    def level(self) -> float:
        """Confidence level."""
        return self.options.level

    @property
    def method(self) -> str:
        """Code of the tau2 estimator."""
        return self.options.method

    @property
    def test(self) -> str:
        """Code of the test."""
        return self.options.test

    @property
    def n_parameters(self) -> int:
        """The mean, and tau2 where it was estimated."""
        return 1 + int(self.method not in ("EE", "fixed"))

    @property
    def tau(self) -> float:
        """Heterogeneity standard deviation."""
        return math.sqrt(self.tau2)

    @property
    def ci(self) -> Interval:
        """The confidence interval as a pair."""
        return Interval(self.ci_low, self.ci_high)

    def interval(self, level: float | None = None) -> Interval:
        """Confidence interval at another level."""
        half = float(quantile(0.5 + self._level(level) / 2, self.df)) * self.se
        return Interval(self.estimate - half, self.estimate + half)

    @property
    def classic(self) -> Interval:
        """The classic interval: standard error without correction, normal quantile."""
        half = float(quantile(0.5 + self.level / 2, np.inf)) * self.se_classic
        return Interval(self.estimate - half, self.estimate + half)

    @property
    def adhoc(self) -> Interval:
        """The Hartung-Knapp interval with its scale floored at 1 (Knapp & Hartung 2003)."""
        if self.k == 1:
            return Interval(self.ci_low, self.ci_high)
        se = self.se_classic * math.sqrt(max(1.0, self.hk_scale))
        half = float(quantile(0.5 + self.level / 2, self.k - 1)) * se
        return Interval(self.estimate - half, self.estimate + half)

    @property
    def narrow(self) -> bool:
        """Whether this is a plain Hartung-Knapp interval narrower than the classic one."""
        wide = self.classic
        return self.test == "hksj" and self.k > 1 and self.ci_high - self.ci_low < wide.high - wide.low

    def p_value_at(self, value: float) -> float:
        """Two-sided p-value of the hypothesis that the mean effect is ``value``: its compatibility."""
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.divide(self.estimate - value, self.se)
        return float(two_sided(statistic, self.df))

    def surprisal_at(self, value: float) -> float:
        """Bits of information against the mean effect being ``value``: -log2 of its p-value."""
        p = self.p_value_at(value)
        return math.inf if p == 0 else -math.log2(p)

    def tau2_interval(self, kind: str = "QP", *, level: float | None = None) -> Interval:
        """Confidence interval for tau2, "QP", "PL", "BJ" or "J"; an empty set is given as (0, 0).

        ``PL`` profiles the restricted likelihood, or the ordinary one of an ML fit.
        """
        found = self.tau2_set(kind, level=level)
        return Interval(found.low, found.high)

    def tau2_set(self, kind: str = "QP", *, level: float | None = None) -> Tau2Interval:
        """The same as :meth:`tau2_interval`, with ``empty`` telling whether the set is empty."""
        if kind not in TAU2_INTERVALS:
            raise unknown_option("tau2 interval", kind, TAU2_INTERVALS)
        at = self._level(level)
        if self.k < 2:
            return Tau2Interval(math.nan, math.nan, False)
        y, v = self.effects.yi, self.effects.vi
        if kind == "QP":
            return q_profile(y, v, at)
        if kind == "PL":
            return profile_likelihood(y, v, at, restricted=self.method != "ML")
        return generalised_q(y, v, 1 / v if kind == "BJ" else 1 / np.sqrt(v), at)

    @cached_property
    def _typical(self) -> float:
        w = 1 / self.effects.vi
        total = w.sum()
        return float((self.k - 1) / (total - (w * w).sum() / total)) if self.k > 1 else math.nan

    def i2_interval(self, kind: str = "QP", *, level: float | None = None) -> Interval:
        """Interval for I2 (percent), from that of tau2."""
        low, high = self.tau2_interval(kind, level=level)
        return Interval(100 * low / (low + self._typical), 100 * high / (high + self._typical))

    def h2_interval(self, kind: str = "QP", *, level: float | None = None) -> Interval:
        """Interval for H2, from that of tau2."""
        low, high = self.tau2_interval(kind, level=level)
        return Interval(1 + low / self._typical, 1 + high / self._typical)

    def prediction_kind(self, kind: str | None = None) -> str:
        """The prediction interval used when none is named: HK beside hksj, normal beside z, V beside t."""
        chosen = DEFAULT_PREDICTION[self.test] if kind is None else kind
        if chosen not in PREDICTION_INTERVALS:
            raise unknown_option("prediction interval", chosen, PREDICTION_INTERVALS)
        return chosen

    def prediction_df(self, kind: str | None = None) -> float:
        """Degrees of freedom of a prediction interval."""
        chosen = self.prediction_kind(kind)
        if self.k < 2:
            return math.nan
        return float(self.k - 1) if chosen == "NNF" else self._predictive(chosen)[1]

    def _predictive(self, kind: str) -> tuple[float, float]:
        """Standard deviation and degrees of freedom of a predictive distribution."""
        found = predictive(
            self.effects.yi,
            self.effects.vi,
            self.tau2,
            kind,
            floored=self.test == "adhoc",
            weights=self.user_weights,
        )
        return float(found.sd), float(found.df)

    def prediction_interval(
        self,
        kind: str | None = None,
        *,
        level: float | None = None,
        seed: int | np.random.Generator | None = None,
        draws: int = 25_000,
    ) -> Interval:
        """Prediction interval for the true effect of a new study.

        Parameters
        ----------
        kind : str, optional
            A key of :data:`meta.pooling.pool_options.PREDICTION_INTERVALS`; by default the one that goes with
            the test (see :meth:`prediction_kind`).
        level : float, optional
            By default that of the fit.
        seed, draws : int
            For ``NNF``, a bootstrap.

        Returns
        -------
        Interval
            (NaN, NaN), with a :class:`FewStudiesWarning`, where there are too few degrees of freedom.
        """
        check_seed(seed)
        chosen, at = self.prediction_kind(kind), self._level(level)
        notes = Notes()
        if chosen != "NNF":
            idle_seed(seed, f"with kind {chosen!r}", notes)
        if self.k < 2 or (chosen == "NNF" and self.k < 3):
            notes.warn(f"no {chosen} prediction interval exists for k = {self.k}", FewStudiesWarning)
            return Interval(math.nan, math.nan)
        if chosen == "NNF":
            sample = nnf_sample(self.effects.yi, self.effects.vi, seed=seed, draws=draws)
            low, high = np.quantile(sample, [0.5 - at / 2, 0.5 + at / 2])
            return Interval(float(low), float(high))
        sd, df = self._predictive(chosen)
        if not df > 0:
            notes.warn(
                f"the {chosen} prediction interval has {df:g} degrees of freedom with k = {self.k}, "
                "so that it does not exist",
                FewStudiesWarning,
            )
            return Interval(math.nan, math.nan)
        half = float(quantile(0.5 + at / 2, df)) * sd
        return Interval(self.estimate - half, self.estimate + half)

    def probability(
        self,
        *,
        below: float | None = None,
        above: float | None = None,
        between: tuple[float, float] | None = None,
        kind: str | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> float:
        """Predictive probability that the true effect of a new study lies below, above or between."""
        check_seed(seed)
        if sum(x is not None for x in (below, above, between)) != 1:
            raise InputError("give exactly one of below=, above= and between=")
        chosen = self.prediction_kind(kind)
        if chosen != "NNF":
            idle_seed(seed, f"with kind {chosen!r}", Notes())
        if self.k < 2:
            raise NotEstimableError(
                "a single study allows no prediction: the variance between studies is unknown"
            )
        if chosen == "NNF":
            sample = nnf_sample(self.effects.yi, self.effects.vi, seed=seed)
            low, high = between or (
                (-math.inf, below) if below is not None else (above, math.inf)  # type: ignore[assignment]
            )
            return float(np.mean((sample > low) & (sample < high)))
        sd, df = self._predictive(chosen)

        def tail(distance: float) -> float:
            if sd == 0:
                return float(distance > 0) if distance else 0.5
            return float(lower_tail(distance / sd, df))

        if below is not None:
            return tail(below - self.estimate)
        if above is not None:
            return tail(self.estimate - above)
        assert between is not None
        low, high = sorted(between)
        if low > self.estimate:
            return tail(self.estimate - low) - tail(self.estimate - high)
        return tail(high - self.estimate) - tail(low - self.estimate)

    def henmi_copas(self, *, level: float | None = None) -> Interval:
        """Henmi-Copas interval about the equal-effects mean (2010, doi:10.1002/sim.4029).

        Robust against small-study effects: it weighs by 1/v, but its width allows for heterogeneity.
        """
        found = henmi_copas(self.effects.yi, self.effects.vi, self._level(level))
        return Interval(found.ci_low, found.ci_high)

    def at_level(self, level: float) -> Self:
        """The same fit reported at another confidence level."""
        at = self._level(level)
        low, high = self.interval(at)
        return replace(self, options=replace(self.options, level=at), ci_low=low, ci_high=high)

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k - 1 if self.method == "REML" else self.k

    def _predicts(self) -> bool:
        return self.method != "EE"

    def backtransform(self) -> BackTransformed:
        """The estimate, its interval and the prediction interval on the scale on which they are read.

        Intervals are transformed by their ends; those of Freeman-Tukey transformed values by the harmonic
        mean of the sizes (Miller 1978, doi:10.1080/00031305.1978.10479283).
        """
        with quiet():
            pi = self.prediction_interval()
        return back_transformed(self.effects, [self.estimate, self.ci_low, self.ci_high, *pi])

    def _level(self, level: float | None) -> float:
        return self.level if level is None else check_level(level)

"""The numbers of a posterior: `Posterior` adds its tables, checks and text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_level, check_seed
from meta.bayes.distributions import Distribution, central_interval, shortest_interval
from meta.bayes.effect_priors import Fixed
from meta.bayes.hypotheses import Hypothesis, parse_hypothesis
from meta.bayes.model import tail_power
from meta.bayes.posterior_core import Core
from meta.bayes.predictive import prior_predictive
from meta.bayes.prior_base import Prior
from meta.errors import InputError, NotEstimableError, unknown_option
from meta.results.base import Result

if TYPE_CHECKING:
    import pandas as pd

    from meta.effects.effect_size_table import EffectSizes

Of = Literal["mu", "tau", "new"]
Kind = Literal["shortest", "central"]


@dataclass(frozen=True, slots=True)
class TauSummary:
    """Summary of tau's posterior; NaN for moments that do not exist."""

    mean: float
    median: float
    sd: float

    def __float__(self) -> float:
        return self.median


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorNumbers(Result):
    """A posterior: its marginals, intervals, probabilities and Bayes factors.

    The attributes are those of :class:`meta.bayes.posterior.Posterior`.
    """

    effects: EffectSizes
    core: Core = field(repr=False)
    level: float
    engine: str
    effect_prior: Prior
    tau_prior: Prior
    warnings: tuple[str, ...] = ()
    inference_data: Any = field(default=None, repr=False)
    diagnostics: Any = field(default=None, repr=False)

    @property
    def k(self) -> int:
        """Number of results used."""
        return self.core.model.k

    @property
    def measure(self) -> str:
        """Code of the effect measure."""
        return self.effects.measure

    @property
    def prior(self) -> str:
        """The priors in words; printed beside everything that depends on them."""
        return f"mu ~ {self.effect_prior}, tau ~ {self.tau_prior}"

    @cached_property
    def estimate(self) -> float:
        """Posterior mean of mu (NaN where it does not exist)."""
        return self._moment(1, lambda: float(self.core.mu.mean))

    @cached_property
    def median(self) -> float:
        """Posterior median of mu."""
        return float(self.core.mu.ppf(np.array(0.5)))

    @cached_property
    def sd(self) -> float:
        """Posterior standard deviation of mu."""
        return self._moment(2, lambda: float(self.core.mu.sd))

    @cached_property
    def tau(self) -> TauSummary:
        """Mean, median and SD of tau."""
        tau = self.core.tau
        exists = np.inf if isinstance(self.tau_prior, Fixed) else tail_power(self.core.model)
        return TauSummary(
            float(tau.mean) if exists > 2 else np.nan,
            float(tau.ppf(np.array(0.5))),
            float(tau.sd) if exists > 3 else np.nan,
        )

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood; under an improper prior defined only up to its arbitrary constant."""
        return self.core.log_evidence

    @property
    def error(self) -> float:
        """Estimated relative error of the numerical integration."""
        return self.core.error

    def distribution(self, of: Of = "mu") -> Distribution:
        """The marginal of ``"mu"``, ``"tau"`` or a ``"new"`` study's true effect."""
        if of not in ("mu", "tau", "new"):
            raise unknown_option("quantity", of, ("mu", "tau", "new"))
        return getattr(self.core, of)

    def pdf(self, x: ArrayLike, *, of: Of = "mu") -> np.ndarray:
        """Posterior density at ``x``."""
        return self.distribution(of).pdf(x)

    def cdf(self, x: ArrayLike, *, of: Of = "mu") -> np.ndarray:
        """Posterior P(value <= x)."""
        return self.distribution(of).cdf(x)

    def ppf(self, q: ArrayLike, *, of: Of = "mu") -> np.ndarray:
        """Posterior quantiles."""
        if np.any((np.asarray(q) < 0) | (np.asarray(q) > 1)):
            raise InputError(f"q must lie in [0, 1], not {q!r}")
        return self.distribution(of).ppf(q)

    def interval(
        self, level: float | None = None, *, kind: Kind = "shortest", of: Of = "mu"
    ) -> tuple[float, float]:
        """Credible interval: ``"shortest"`` (closed at zero for tau) or ``"central"``."""
        level = self.level if level is None else check_level(level)
        if kind == "central":
            return central_interval(self.distribution(of), level)
        if kind != "shortest":
            raise unknown_option("kind of interval", kind, ("shortest", "central"))
        floor = max(0.0, self.tau_prior.support[0]) if of == "tau" else -np.inf
        return shortest_interval(self.distribution(of), level, floor)

    @property
    def ci_low(self) -> float:
        """Lower end of the shortest interval of mu."""
        return self._interval[0]

    @property
    def ci_high(self) -> float:
        """Upper end of the shortest interval of mu."""
        return self._interval[1]

    @cached_property
    def _interval(self) -> tuple[float, float]:
        return self.interval()

    def prediction_interval(
        self, level: float | None = None, *, kind: Kind = "shortest"
    ) -> tuple[float, float]:
        """Interval of a new study's true effect."""
        return self.interval(level, kind=kind, of="new")

    def probability(self, *, below: float | None = None, above: float | None = None, of: Of = "mu") -> float:
        """Posterior probability of a value below, above, or between two limits."""
        return _mass(self.distribution(of), below, above)

    def prior_probability(
        self, *, below: float | None = None, above: float | None = None, of: Of = "mu"
    ) -> float:
        """The same probability under the prior alone; for ``"new"`` integrated over both priors."""
        self._need_proper("a prior probability")
        if of == "new":
            return _mass(prior_predictive(self.effect_prior, self.tau_prior), below, above)
        if of not in ("mu", "tau"):
            raise unknown_option("quantity", of, ("mu", "tau", "new"))
        return _mass(self.effect_prior if of == "mu" else self.tau_prior, below, above)

    def bayes_factor(self, hypothesis: str) -> float:
        """Bayes factor for the hypothesis against its complement, under this fit's priors.

        ``"mu=0"``, ``"tau=0"`` or any point against the model fitted (small values speak against the
        point); ``"mu<0"`` or an interval against the rest, as posterior odds over prior odds.
        """
        asked = parse_hypothesis(hypothesis)
        self._need_proper("a Bayes factor", tau_only=asked.of == "tau")
        if not asked.point:
            return self._interval_factor(asked)
        if asked.of == "mu":
            return float(np.exp(self.core.log_point(asked.low) - self.log_evidence))
        if asked.low != 0:
            raise NotEstimableError(f"only tau=0 is a point hypothesis of tau, not tau={asked.low:g}")
        return float(np.exp(self.core.log_homogeneous() - self.log_evidence))

    def bayes_factor_between(self, mu_a: float, mu_b: float = 0.0) -> float:
        """Bayes factor of mu = ``mu_a`` against mu = ``mu_b``, with the same prior of tau."""
        return float(np.exp(self.core.log_point(float(mu_a)) - self.core.log_point(float(mu_b))))

    def _interval_factor(self, asked: Hypothesis) -> float:
        posterior = _mass(self.distribution(asked.of), asked.high, asked.low)  # type: ignore[arg-type]
        prior = _mass(self.effect_prior if asked.of == "mu" else self.tau_prior, asked.high, asked.low)
        if not 0 < prior < 1:
            raise NotEstimableError(
                f"the prior gives this hypothesis probability {prior:g}, so it has no Bayes factor"
            )
        with np.errstate(divide="ignore"):
            return float(np.float64(posterior) / (1 - posterior) * (1 - prior) / prior)

    def shrinkage(self) -> pd.DataFrame:
        """Each study's own effect: ``study mean sd low high`` (shortest intervals)."""
        import pandas as pd

        rows = []
        for i, label in enumerate(self.core.model.study):
            own = self.core.study(i)
            low, high = shortest_interval(own, self.level)
            rows.append(
                {"study": label, "mean": float(own.mean), "sd": float(own.sd), "low": low, "high": high}
            )
        return pd.DataFrame(rows)

    def sample(self, size: int = 1000, *, seed: int | np.random.Generator | None = None) -> pd.DataFrame:
        """Joint draws of mu, tau and a new study's effect."""
        check_seed(seed)
        import pandas as pd

        rng = np.random.default_rng(seed)
        mu, tau = self.core.sample(size, rng)
        return pd.DataFrame({"mu": mu, "tau": tau, "new": mu + tau * rng.standard_normal(size)})

    @property
    def method(self) -> str:
        """The engine."""
        return self.engine

    @property
    def vcov(self) -> np.ndarray:
        """Posterior variance of mu, of shape (1, 1)."""
        return np.array([[self.sd**2]])

    def _spread(self, of: str, power: int) -> float:
        if of == "tau":
            return self.tau.sd
        return self._moment(2, lambda: float(self.distribution(of).sd))  # type: ignore[arg-type]

    def _moment(self, power: int, value: Any) -> float:
        if isinstance(self.tau_prior, Fixed):
            return value()
        exists = tail_power(self.core.model) > power + 1 or self.effect_prior.tail > power + 1
        return value() if exists else np.nan

    def _need_proper(self, what: str, *, tau_only: bool = False) -> None:
        # A flat effect prior's arbitrary constant cancels from hypotheses about tau alone.
        for name, prior in (("effect", self.effect_prior), ("tau", self.tau_prior)):
            if not prior.proper and not (tau_only and name == "effect"):
                raise NotEstimableError(
                    f"{what} needs proper priors, but the prior of {name} is {prior}; "
                    "choose one that integrates"
                )


def _mass(dist: Any, below: float | None, above: float | None) -> float:
    if below is None and above is None:
        raise InputError("say which probability: below=, above= or both")
    if below is not None and np.isinf(below) and above is not None and hasattr(dist, "sf"):
        return float(dist.sf(above))
    high = 1.0 if below is None else float(dist.cdf(below))
    if above is None:
        return high
    if below is None and hasattr(dist, "sf"):
        return float(dist.sf(above))
    return max(0.0, high - float(dist.cdf(above)))

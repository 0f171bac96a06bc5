"""The result of a Bayesian fit, whichever engine made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_level, check_seed
from meta.bayes.core import Core
from meta.bayes.distributions import Distribution, central_interval, shortest_interval
from meta.bayes.hypotheses import Hypothesis, parse_hypothesis
from meta.bayes.model import tail_power
from meta.bayes.priors import Fixed, Prior
from meta.bayes.text import posterior_lines
from meta.errors import InputError, NotEstimableError, unknown_option
from meta.results.base import Result
from meta.results.display import BackTransformed, back_transformed

if TYPE_CHECKING:
    import pandas as pd

    from meta.bayes.checks import PredictiveCheck
    from meta.bayes.loo import LeaveOneOut
    from meta.effects.model import EffectSizes

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
class Posterior(Result):
    """Posterior of a random-effects meta-analysis.

    Attributes
    ----------
    effects : EffectSizes
        The data, all rows.
    core : Core
        The engine's result.
    level : float
        Default level of intervals.
    engine : str
        "exact" or "pymc".
    effect_prior, tau_prior : Prior
        The priors that were used.
    warnings : tuple of str
    inference_data : object
        What the sampler drew (PyMC engine), for ArviZ.
    diagnostics : mapping
        R-hat, effective sample sizes and divergences (PyMC engine).

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[28, 8, -3, 7, -1, 1, 18, 12], vi=[225, 100, 256, 121, 81, 121, 100, 324],
    ...                   effect=meta.Flat(), tau=meta.HalfNormal(10))
    >>> round(post.estimate, 4), round(post.tau.mean, 4)
    (7.8596, 4.8441)
    >>> [round(end, 2) for end in post.interval(0.95)]
    [-1.32, 17.06]
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

    def _shown(self) -> str:
        shown = f"estimate={self.estimate:.4g}, tau={self.tau.median:.4g}, k={self.k}"
        return f"{shown}, engine={self.engine!r}"

    def _lines(self, digits: int) -> list[str]:
        return posterior_lines(self, digits)

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
            from meta.bayes.predictive import prior_predictive

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

    def loo(self) -> LeaveOneOut:
        """Leave-one-out predictive density: ``elpd``, ``se``, ``p_loo``, ``pareto_k`` by study."""
        from meta.bayes.loo import leave_one_out_density

        return leave_one_out_density(self)

    def prior_predictive(
        self,
        statistics: Any = ("Q", "max|z|"),
        size: int = 4000,
        seed: int | np.random.Generator | None = None,
    ) -> PredictiveCheck:
        """Statistics of the data beside those of studies made by the prior (``size=``, ``seed=``)."""
        from meta.bayes.checks import predictive_check

        return predictive_check(self, "prior", statistics, size, seed)

    def posterior_predictive(
        self,
        statistics: Any = ("Q", "max|z|"),
        size: int = 4000,
        seed: int | np.random.Generator | None = None,
    ) -> PredictiveCheck:
        """Statistics of the data beside those of studies made by this posterior (``size=``, ``seed=``)."""
        from meta.bayes.checks import predictive_check

        return predictive_check(self, "posterior", statistics, size, seed)

    @property
    def method(self) -> str:
        """The engine."""
        return self.engine

    @property
    def vcov(self) -> np.ndarray:
        """Posterior variance of mu, of shape (1, 1)."""
        return np.array([[self.sd**2]])

    def backtransform(self) -> BackTransformed:
        """The posterior mean, its interval and a new study's on the scale on which they are read."""
        ends = (self.ci_low, self.ci_high, *self.prediction_interval())
        return back_transformed(self.effects, [self.estimate, *ends])

    def predict(
        self, new: Any = None, *, level: float | None = None, scale: str = "model", interval: str = "both"
    ) -> pd.DataFrame:
        """The mean effect and a new study's: ``estimate se ci_low ci_high pi_low pi_high``; see
        :meth:`meta.pooling.result.Pooled.predict`. Intervals are the shortest.
        """
        from meta.bayes.posterior_tables import predictions

        return predictions(self, new, level, scale, interval)

    def augment(self) -> pd.DataFrame:
        """One row per study: its effect as reported, and its true effect given all studies.

        ``study yi vi sei estimate se ci_low ci_high weight fitted residual``: the estimate and its shortest
        interval are those of :meth:`shrinkage`; ``fitted`` is the mean effect.
        """
        from meta.bayes.posterior_tables import augmented

        return augmented(self)

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row each for mu, tau and a new study: mean, sd, median and shortest interval."""
        from meta.bayes.posterior_tables import terms

        return terms(self)

    def _facts(self) -> Mapping[str, Any]:
        own = {name: value for name, value in self.to_dict().items() if name != "warnings"}
        return {"model": "Bayesian random effects", "tau2": self.tau.mean**2} | own

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval()
        tau_low, tau_high = self.interval(of="tau")
        return {
            "engine": self.engine,
            "measure": self.measure,
            "k": self.k,
            "estimate": self.estimate,
            "median": self.median,
            "sd": self.sd,
            "ci_low": low,
            "ci_high": high,
            "level": self.level,
            "tau_mean": self.tau.mean,
            "tau_median": self.tau.median,
            "tau_sd": self.tau.sd,
            "tau_low": tau_low,
            "tau_high": tau_high,
            "log_evidence": self.log_evidence,
            "error": self.error,
            "effect_prior": str(self.effect_prior),
            "tau_prior": str(self.tau_prior),
            "warnings": list(self.warnings),
        }

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

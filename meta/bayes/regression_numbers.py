"""The numbers of a posterior regression: `PosteriorRegression` adds its tables, checks and text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.bayes.distributions import Distribution, Draws, central_interval, shortest_interval
from meta.bayes.prior_base import Prior
from meta.bayes.regression_joint import Joint, integrate
from meta.bayes.regression_priors import design as design
from meta.bayes.shrinkage_priors import SlopesPrior
from meta.effects.design import Design
from meta.errors import NotEstimableError, unknown_option
from meta.results.base import Result
from meta.results.table_columns import rows_of_table

if TYPE_CHECKING:
    import pandas as pd

    from meta.effects.effect_size_table import EffectSizes


@dataclass(frozen=True, eq=False, repr=False)
class RegressionNumbers(Result):
    """Posterior of a meta-regression: its marginals, intervals and Bayes factors.

    The attributes are those of :class:`meta.bayes.posterior_regression.PosteriorRegression`.
    """

    effects: EffectSizes
    terms: tuple[str, ...]
    priors: tuple[Prior, ...]
    tau_prior: Prior
    level: float
    engine: str
    marginals: tuple[Distribution, ...] = field(repr=False)
    tau_distribution: Distribution = field(repr=False)
    log_evidence: float = float("nan")
    error: float = float("nan")
    warnings: tuple[str, ...] = ()
    inference_data: Any = field(default=None, repr=False)
    diagnostics: Any = field(default=None, repr=False)
    design: Any = field(default=None, repr=False)
    moderators: Design | None = field(default=None, repr=False)

    def distribution(self, term: str) -> Distribution:
        """Marginal of a coefficient, or of ``"tau"``."""
        if term == "tau":
            return self.tau_distribution
        if term not in self.terms:
            raise unknown_option("coefficient", term, (*self.terms, "tau"))
        return self.marginals[self.terms.index(term)]

    def interval(
        self, term: str, level: float | None = None, *, kind: str = "shortest"
    ) -> tuple[float, float]:
        """Credible interval of a coefficient or of ``"tau"``."""
        level = self.level if level is None else check_level(level)
        if kind == "central":
            return central_interval(self.distribution(term), level)
        if kind != "shortest":
            raise unknown_option("kind of interval", kind, ("shortest", "central"))
        return shortest_interval(self.distribution(term), level, 0.0 if term == "tau" else -np.inf)

    def probability(self, term: str, *, below: float) -> float:
        """Posterior probability that a coefficient lies below a value."""
        return float(self.distribution(term).cdf(np.asarray(below, dtype=float)))

    def bayes_factor(self, term: str, value: float = 0.0) -> float:
        """Bayes factor of coefficient = ``value`` against this model (posterior over prior density)."""
        if term not in self.terms:
            raise unknown_option("coefficient", term, self.terms)
        prior = self.priors[self.terms.index(term)]
        if any(isinstance(each, SlopesPrior) for each in self.priors):
            raise NotEstimableError(
                "a joint shrinkage prior gives no Bayes factor for one coefficient; fit it with "
                "slopes=meta.Normal(0, 0.5) for that"
            )
        if not (prior.proper and self.tau_prior.proper):
            raise NotEstimableError(
                f"a Bayes factor needs proper priors, but {term} has {prior} and tau has {self.tau_prior}"
            )
        return float(self.distribution(term).pdf(value)) / float(prior.pdf(value))

    @property
    def beta(self) -> np.ndarray:
        """Posterior means of the coefficients, (p,)."""
        return np.array([float(self.distribution(term).mean) for term in self.terms])

    @property
    def coefficients(self) -> pd.DataFrame:
        """Table with the coefficients as index: ``estimate sd median ci_low ci_high prior``."""
        import pandas as pd

        rows = []
        for term, prior in zip(self.terms, self.priors, strict=True):
            dist = self.distribution(term)
            low, high = self.interval(term)
            rows.append(
                {
                    "term": term,
                    "estimate": float(dist.mean),
                    "sd": float(dist.sd),
                    "median": float(dist.ppf(np.array(0.5))),
                    "ci_low": low,
                    "ci_high": high,
                    "prior": str(prior),
                }
            )
        return pd.DataFrame(rows).set_index("term")

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.effects.measure

    @property
    def k(self) -> int:
        """Number of effects used."""
        return self.effects.k

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.terms

    @property
    def method(self) -> str:
        """The engine."""
        return self.engine

    def _terms(self) -> list[Mapping[str, Any]]:
        return [dict(row) | {"se": row["sd"]} for row in rows_of_table(self.coefficients)]

    @cached_property
    def joint(self) -> Joint:
        """The joint posterior of the coefficients."""
        return _joint_of(self)

    @property
    def vcov(self) -> np.ndarray:
        """Posterior covariance of the coefficients, (p, p)."""
        return self.joint.vcov


def _joint_of(post: RegressionNumbers) -> Joint:
    """The joint posterior: of the kept draws, or by the quadrature that made the marginals."""
    if all(isinstance(one, Draws) for one in post.marginals):
        draws = np.column_stack([one.values for one in post.marginals])  # type: ignore[attr-defined]
        n, p = draws.shape
        tau = post.tau_distribution
        spread = tau.values if isinstance(tau, Draws) else np.full(n, float(tau.mean))
        return Joint(draws, np.zeros((n, p, p)), spread, np.full(n, 1 / n), drawn=True)
    es = post.effects
    found = integrate(es.yi, es.vi, np.asarray(post.design), post.priors, post.tau_prior)
    return Joint(found.given.mean, found.given.covariance, found.nodes, found.weights)

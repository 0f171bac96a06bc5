"""The result of PyMC models that only the sampler knows, and the step that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_level, check_seed
from meta.bayes.distributions import Distribution, Draws, central_interval, shortest_interval
from meta.bayes.loo import LeaveOneOut
from meta.bayes.posterior_text import rows_of_posterior
from meta.bayes.predictive_checks import PredictiveCheck
from meta.bayes.prior_base import Prior
from meta.bayes.sampled_checks import sampled_loo, sampled_predictive
from meta.errors import Notes, unknown_option
from meta.results.base import Result
from meta.results.plain import plain


@dataclass(frozen=True, eq=False, repr=False)
class SampledPosterior(Result):
    """Posterior draws of a PyMC model, by parameter.

    Attributes
    ----------
    title : str
    draws : mapping of str to ndarray
        Flat draws of each scalar parameter; ``mu`` is the mean effect.
    priors : mapping of str to Prior
    k : int
        Number of results.
    level : float
    diagnostics : Diagnostics
    inference_data : object
    warnings : tuple of str
    model : object
        The PyMC model, for :meth:`loo` and predictive checks; not saved.
    """

    title: str
    draws: Mapping[str, np.ndarray] = field(repr=False)
    priors: Mapping[str, Prior]
    k: int
    level: float
    diagnostics: Any = field(repr=False)
    inference_data: Any = field(repr=False)
    warnings: tuple[str, ...] = ()
    model: Any = field(default=None, repr=False, metadata={"left_out": ""})

    def distribution(self, of: str = "mu") -> Distribution:
        """Marginal of a parameter."""
        if of not in self.draws:
            raise unknown_option("quantity", of, tuple(self.draws))
        return Draws(self.draws[of], floor=0.0 if of.startswith("tau") else -np.inf)

    @property
    def estimate(self) -> float:
        """Posterior mean of mu."""
        return float(self.distribution().mean)

    @property
    def median(self) -> float:
        """Posterior median of mu."""
        return float(self.distribution().ppf(np.array(0.5)))

    @property
    def sd(self) -> float:
        """Posterior standard deviation of mu."""
        return float(self.distribution().sd)

    def interval(
        self, level: float | None = None, *, kind: str = "shortest", of: str = "mu"
    ) -> tuple[float, float]:
        """Credible interval of a parameter."""
        level = self.level if level is None else check_level(level)
        if kind == "central":
            return central_interval(self.distribution(of), level)
        if kind != "shortest":
            raise unknown_option("kind of interval", kind, ("shortest", "central"))
        return shortest_interval(self.distribution(of), level)

    def cdf(self, x: ArrayLike, *, of: str = "mu") -> np.ndarray:
        """P(parameter <= x)."""
        return self.distribution(of).cdf(x)

    def probability(self, *, below: float, of: str = "mu") -> float:
        """P(parameter < below)."""
        return float(self.cdf(np.asarray(below, dtype=float), of=of))

    def loo(self) -> LeaveOneOut:
        """How well the model predicts each result from the others (Pareto-smoothed weights)."""
        return sampled_loo(self.model, self.inference_data, self.diagnostics)

    def prior_predictive(
        self,
        statistics: tuple[str, ...] = ("mean", "min", "max"),
        *,
        size: int = 2000,
        seed: int | None = None,
    ) -> PredictiveCheck:
        """Replicate what was observed under the priors and compare statistics of it."""
        check_seed(seed)
        return sampled_predictive(self.model, self.inference_data, "prior", statistics, size, seed)

    def posterior_predictive(
        self,
        statistics: tuple[str, ...] = ("mean", "min", "max"),
        *,
        size: int = 2000,
        seed: int | None = None,
    ) -> PredictiveCheck:
        """Replicate what was observed under the posterior and compare statistics of it.

        Study effects are new, but for counts, whose study effects are parameters.
        """
        check_seed(seed)
        return sampled_predictive(self.model, self.inference_data, "posterior", statistics, size, seed)

    @property
    def ci_low(self) -> float:
        """Lower end of the shortest interval of mu."""
        return self.interval()[0]

    @property
    def ci_high(self) -> float:
        """Upper end of the shortest interval of mu."""
        return self.interval()[1]

    @property
    def vcov(self) -> np.ndarray:
        """Posterior covariance of the scalar parameters, in their order."""
        return np.atleast_2d(np.cov(np.stack([np.asarray(x) for x in self.draws.values()])))

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per parameter."""
        rows: list[Mapping[str, Any]] = []
        for name in self.draws:
            dist, (low, high) = self.distribution(name), self.interval(of=name)
            row = {"term": name, "estimate": dist.mean, "se": dist.sd, "ci_low": low, "ci_high": high}
            rows.append(row | {"sd": dist.sd, "median": float(dist.ppf(np.array(0.5)))})
        return rows

    def _facts(self) -> Mapping[str, Any]:
        size = len(next(iter(self.draws.values())))
        return {"model": self.title, "method": "pymc", "draws": size}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the summaries, not the draws."""
        rows = self.tidy().set_index("term").to_dict("index")
        own = {name: getattr(self, name) for name in ("title", "k", "level", "warnings")}
        return plain(own | {"priors": {n: str(p) for n, p in self.priors.items()}, "parameters": rows})

    def _shown(self) -> str:
        return f"{self.title}, k={self.k}, parameters={list(self.draws)}"

    def _lines(self, digits: int) -> list[str]:
        return [
            f"{self.title} · PyMC (NUTS) · k = {self.k}",
            *rows_of_posterior([dict(row) for row in self._terms()], self.level, digits),
            "prior: " + ", ".join(f"{name} ~ {prior}" for name, prior in self.priors.items()),
        ]


def sampled(
    title: str,
    model: Any,
    priors: dict[str, Prior],
    k: int,
    level: float,
    seed: int | None,
    allow_failed: bool,
    sampler: dict[str, Any],
) -> SampledPosterior:
    """Sample a built model, check its diagnostics and keep the scalar parameters."""
    from meta import compat
    from meta.bayes.pymc_fit import check

    data = compat.sample(model, sampler, seed=seed)
    notes = Notes()
    names = [name for name in priors if name != "baseline"]
    found = check(data, names, allow_failed=allow_failed, notes=notes)
    drawn = compat.posterior_draws(data)
    return SampledPosterior(
        title,
        {name: drawn[name].ravel() for name in names},
        priors,
        k,
        level,
        found,
        data,
        notes.messages,
        model,
    )

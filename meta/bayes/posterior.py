"""The result of a Bayesian fit, whichever engine made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.bayes.arviz_groups import inference_data_of
from meta.bayes.loo import LeaveOneOut, leave_one_out_density
from meta.bayes.posterior_numbers import PosteriorNumbers
from meta.bayes.posterior_tables import augmented, predictions, terms
from meta.bayes.posterior_text import posterior_lines
from meta.bayes.predictive_checks import PredictiveCheck, predictive_check
from meta.results.back_transformation import BackTransformed, back_transformed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Posterior(PosteriorNumbers):
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

    def _shown(self) -> str:
        shown = f"estimate={self.estimate:.4g}, tau={self.tau.median:.4g}, k={self.k}"
        return f"{shown}, engine={self.engine!r}"

    def _lines(self, digits: int) -> list[str]:
        return posterior_lines(self, digits)

    def loo(self) -> LeaveOneOut:
        """Leave-one-out predictive density: ``elpd``, ``se``, ``p_loo``, ``pareto_k`` by study."""
        return leave_one_out_density(self)

    def prior_predictive(
        self,
        statistics: Any = ("Q", "max|z|"),
        size: int = 4000,
        seed: int | np.random.Generator | None = None,
    ) -> PredictiveCheck:
        """Statistics of the data beside those of studies made by the prior (``size=``, ``seed=``)."""
        return predictive_check(self, "prior", statistics, size, seed)

    def posterior_predictive(
        self,
        statistics: Any = ("Q", "max|z|"),
        size: int = 4000,
        seed: int | np.random.Generator | None = None,
    ) -> PredictiveCheck:
        """Statistics of the data beside those of studies made by this posterior (``size=``, ``seed=``)."""
        return predictive_check(self, "posterior", statistics, size, seed)

    def to_inference_data(
        self,
        draws: int | None = None,
        chains: int | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> Any:
        """The fit for ArviZ (``az.loo``, ``az.compare``, ``az.plot_*``), from either engine.

        Parameters
        ----------
        draws, chains : int, optional
            Of the exact engine: independent draws (1000) in each of as many chains (4).
        seed : int or Generator, optional
            Of the draws, and of the replicated data.

        Returns
        -------
        InferenceData or DataTree
            Whichever the installed ArviZ works with. Groups: ``posterior`` and ``prior`` (``mu``, ``tau`` and
            each study's ``theta``), ``log_likelihood`` (``y``, study effects integrated out),
            ``posterior_predictive`` and ``prior_predictive`` (the same studies with new true effects),
            ``observed_data`` and ``constant_data``. An improper prior has no prior group; there is no
            log likelihood by study where sampling errors are dependent, and no replicated data of bounds.
        """
        return inference_data_of(self, draws, chains, seed)

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
        return predictions(self, new, level, scale, interval)

    def augment(self) -> pd.DataFrame:
        """One row per study: its effect as reported, and its true effect given all studies.

        ``study yi vi sei estimate se ci_low ci_high weight fitted residual``: the estimate and its shortest
        interval are those of :meth:`shrinkage`; ``fitted`` is the mean effect.
        """
        return augmented(self)

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row each for mu, tau and a new study: mean, sd, median and shortest interval."""
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

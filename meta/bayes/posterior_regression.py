"""The result of a Bayesian meta-regression, whichever engine made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meta.arguments import check_level
from meta.bayes.loo import LeaveOneOut
from meta.bayes.posterior_text import regression_lines
from meta.bayes.regression_loo import regression_loo
from meta.bayes.regression_numbers import RegressionNumbers
from meta.bayes.regression_tables import augmented, contrast_table, predictions
from meta.results.checked_options import check_interval_option, check_scale
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorRegression(RegressionNumbers):
    """Posterior of a meta-regression.

    Attributes
    ----------
    effects : EffectSizes
    terms : tuple of str
        Names of the coefficients.
    priors : tuple of Prior
        Their priors; a joint prior of slopes is repeated.
    tau_prior : Prior
    level : float
    engine : str
    log_evidence, error : float
        NaN under the PyMC engine.
    warnings : tuple of str
    design : ndarray of shape (k, p)
    moderators : Design or None
        How the design was made: terms, levels, rows; None in files that were saved before it was kept.

    Examples
    --------
    >>> import meta
    >>> post = meta.bayes(yi=[0.1, 0.4, 0.3, 0.8], vi=[0.04, 0.02, 0.05, 0.03],
    ...                   moderators={"dose": [0, 1, 0, 1]},
    ...                   effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    >>> post.coefficients["estimate"].round(2).to_dict()
    {'Intercept': 0.2, 'dose': 0.36}
    """

    def loo(self) -> LeaveOneOut:
        """How well the regression predicts each study from the others."""
        return regression_loo(self)

    def contrast(self, L: Any, *, level: float | None = None) -> pd.DataFrame:
        """Posterior of linear combinations of the coefficients.

        Parameters
        ----------
        L : str, list of str, mapping or array
            Expressions such as ``"form[oxide] - form[citrate]"`` (a mapping names each), or rows of weights.
        level : float, optional
            Of the shortest intervals; the fit's own without.

        Returns
        -------
        DataFrame
            One row per contrast: ``estimate sd median ci_low ci_high``.
        """
        return contrast_table(self, L, self.level if level is None else check_level(level))

    def predict(
        self, new: Any = None, *, level: float | None = None, scale: str = "model", interval: str = "both"
    ) -> pd.DataFrame:
        """Posterior of the mean effect and of a new study's true effect.

        Parameters
        ----------
        new : table, mapping or array, optional
            Values of the moderators; the studies' own without.
        level : float, optional
            Of the shortest intervals; the fit's own without.
        scale : {"model", "display"}
            On which scale estimates and intervals are.
        interval : {"both", "confidence", "prediction", "none"}
            Which intervals to give.

        Returns
        -------
        DataFrame
            ``estimate se ci_low ci_high pi_low pi_high``; ``se`` is the posterior standard deviation.
        """
        share = self.level if level is None else check_level(level)
        return predictions(self, new, share, check_scale(scale), check_interval_option(interval))

    def backtransform(self) -> pd.DataFrame:
        """The studies' fitted means on the scale on which effects are read."""
        return self.predict(scale="display")

    def augment(self) -> pd.DataFrame:
        """One row per effect: the caller's columns, interval, fitted value and residual."""
        return augmented(self)

    def _facts(self) -> Mapping[str, Any]:
        tau, (low, high) = self.tau_distribution, self.interval("tau")
        own = {"tau_mean": float(tau.mean), "tau_sd": float(tau.sd), "tau_low": low, "tau_high": high}
        own |= {"tau2": float(tau.mean) ** 2, "log_evidence": self.log_evidence, "error": self.error}
        return {"model": "Bayesian meta-regression"} | own | {"tau_prior": str(self.tau_prior)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        names = ("engine", "measure", "k", "level", "log_evidence", "error", "warnings")
        rows = self.tidy().set_index("term").to_dict("index")
        return plain({name: getattr(self, name) for name in names} | {"coefficients": rows})

    def _shown(self) -> str:
        return f"k={self.k}, p={len(self.terms)}, engine={self.engine!r}"

    def _lines(self, digits: int) -> list[str]:
        return regression_lines(self, digits)

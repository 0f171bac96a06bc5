"""Bayesian meta-regression: normal or flat priors of the coefficients, exact; any prior by PyMC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.bayes.distributions import Distribution, Draws, PointMass, central_interval, shortest_interval
from meta.bayes.model import check_priors
from meta.bayes.priors import Fixed, Flat, Normal, Prior
from meta.bayes.regression_joint import Joint, integrate, joint_of
from meta.bayes.regression_priors import design as design
from meta.bayes.regression_priors import priors_of, with_slopes
from meta.bayes.shrinkage_priors import SlopesPrior
from meta.bayes.text import regression_lines
from meta.effects.design import Design
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.kernels.mixtures import NormalMixture
from meta.results.base import Result
from meta.results.columns import rows_of_table
from meta.results.options import check_interval_option, check_scale
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd

    from meta.bayes.loo import LeaveOneOut
    from meta.effects.model import EffectSizes


@dataclass(frozen=True, eq=False, repr=False)
class PosteriorRegression(Result):
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

    def loo(self) -> LeaveOneOut:
        """How well the regression predicts each study from the others."""
        from meta.bayes.regression_loo import regression_loo

        return regression_loo(self)

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

    @cached_property
    def joint(self) -> Joint:
        """The joint posterior of the coefficients."""
        return joint_of(self)

    @property
    def vcov(self) -> np.ndarray:
        """Posterior covariance of the coefficients, (p, p)."""
        return self.joint.vcov

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
        from meta.bayes.regression_tables import contrast_table

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
        from meta.bayes.regression_tables import predictions

        share = self.level if level is None else check_level(level)
        return predictions(self, new, share, check_scale(scale), check_interval_option(interval))

    def backtransform(self) -> pd.DataFrame:
        """The studies' fitted means on the scale on which effects are read."""
        return self.predict(scale="display")

    def augment(self) -> pd.DataFrame:
        """One row per effect: the caller's columns, interval, fitted value and residual."""
        from meta.bayes.regression_tables import augmented

        return augmented(self)

    def _terms(self) -> list[Mapping[str, Any]]:
        return [dict(row) | {"se": row["sd"]} for row in rows_of_table(self.coefficients)]

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


def bayes_regression(
    es: EffectSizes,
    *,
    moderators: Any,
    effect: Prior | Sequence[Prior] | Mapping[str, Prior],
    tau: Prior,
    slopes: Prior | SlopesPrior | None = None,
    engine: str = "exact",
    level: float = 0.95,
    seed: int | None = None,
    allow_failed: bool = False,
    sampler: dict[str, Any] | None = None,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
) -> PosteriorRegression:
    """Fit y ~ N(x beta, v + tau2); called by ``meta.bayes(..., moderators=...)``."""
    sampler = {} if sampler is None else sampler
    if not es.exact.all():
        raise InputError("a meta-regression takes exact effects only; leave out bounds and mixtures")
    if es.covariance is not None and np.any(es.covariance - np.diag(np.diag(es.covariance))):
        raise InputError("a Bayesian meta-regression needs independent sampling errors")
    notes = Notes()
    made = design(es, moderators, notes, intercept, context)
    es, x, terms = es.subset(made.rows), made.X, made.names
    tau = tau.resolve(es.yi, es.vi)
    if isinstance(slopes, SlopesPrior):
        post = _shrunk(es, x, terms, effect, slopes, tau, engine, level, seed, allow_failed, sampler)
        return replace(post, warnings=(*notes.messages, *post.warnings), moderators=made)
    priors = priors_of(effect, terms) if slopes is None else with_slopes(effect, slopes, made)
    for prior in priors:
        check_priors(prior, tau)
    flat = sum(isinstance(prior, Flat) for prior in priors)
    if not isinstance(tau, Fixed) and tau.tail + es.k - flat <= 1:
        raise NotEstimableError(
            f"the posterior does not integrate: {tau} on tau needs more than k = {es.k} studies"
        )
    if engine == "pymc":
        post = _by_sampling(es, x, terms, priors, tau, level, seed, allow_failed, sampler)
        return replace(post, warnings=(*notes.messages, *post.warnings), moderators=made)
    if not all(isinstance(prior, Normal | Flat) for prior in priors):
        raise InputError(
            "the exact meta-regression takes normal or flat priors of coefficients; use engine='pymc'"
        )
    post = by_quadrature(es, x, terms, priors, tau, level)
    return replace(post, warnings=notes.messages, moderators=made)


def _shrunk(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    effect: Any,
    slopes: SlopesPrior,
    tau: Prior,
    engine: str,
    level: float,
    seed: int | None,
    allow_failed: bool,
    sampler: dict[str, Any],
) -> PosteriorRegression:
    from meta.bayes.shrinkage_model import fit_shrinkage

    if engine != "pymc":
        raise InputError(f"{slopes} needs the sampler; use engine='pymc'")
    if not isinstance(effect, Prior):
        raise InputError("with slopes= the effect takes one prior, that of the intercept")
    check_priors(effect, tau)
    if not (effect.proper and tau.proper):
        raise InputError(f"a shrinkage prior needs proper priors beside it, not {effect} and {tau}")
    return fit_shrinkage(es, x, terms, effect, slopes, tau, level, seed, allow_failed, sampler)


def by_quadrature(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    priors: tuple[Prior, ...],
    tau: Prior,
    level: float,
) -> PosteriorRegression:
    """The exact posterior for a design matrix; priors are normal or flat, and ``tau`` is resolved."""
    found = integrate(es.yi, es.vi, x, priors, tau)
    at = found.given
    marginals = tuple(
        NormalMixture.pruned(at.mean[:, j], np.sqrt(at.covariance[:, j, j]), found.weights)
        for j in range(len(terms))
    )
    numbers = (found.tau, found.log_evidence, found.error)
    return PosteriorRegression(es, terms, priors, tau, level, "exact", marginals, *numbers, design=x)


def _by_sampling(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    priors: tuple[Prior, ...],
    tau: Prior,
    level: float,
    seed: int | None,
    allow_failed: bool,
    sampler: dict[str, Any],
) -> PosteriorRegression:
    from meta.bayes import compat
    from meta.bayes.pymc_fit import check
    from meta.bayes.pymc_models import regression

    compat.load()
    data = compat.sample(regression(es.yi, es.vi, x, priors, tau), sampler, seed=seed)
    notes = Notes()
    names = [f"beta_{j}" for j in range(len(terms))] + ([] if isinstance(tau, Fixed) else ["tau"])
    found = check(data, names, allow_failed=allow_failed, notes=notes)
    drawn = compat.posterior_draws(data)
    marginals = tuple(Draws(drawn[f"beta_{j}"].ravel()) for j in range(len(terms)))
    dist: Distribution = (
        PointMass(tau.value) if isinstance(tau, Fixed) else Draws(drawn["tau"].ravel(), floor=0.0)
    )
    return PosteriorRegression(
        es,
        terms,
        priors,
        tau,
        level,
        "pymc",
        marginals,
        dist,
        warnings=notes.messages,
        inference_data=data,
        diagnostics=found,
        design=x,
    )

"""The result of model averaging: what an ensemble of models says together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.arguments import check_level, check_share
from meta.bayes.distributions import Distribution
from meta.bayes.prior_base import Prior
from meta.errors import unknown_option
from meta.formatting import interval, number, percent, significant
from meta.results.back_transformation import BackTransformed, back_transformed
from meta.results.base import Result
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    needs_display,
)

if TYPE_CHECKING:
    import pandas as pd

    from meta.effects.effect_size_table import EffectSizes

COMPONENTS = ("effect", "heterogeneity", "bias")
_TINY = float(np.nextafter(0.0, 1.0))


@dataclass(frozen=True, slots=True)
class EnsembleModel:
    """One model of the ensemble.

    Attributes
    ----------
    effect, heterogeneity : bool
        Whether it has them.
    bias : str
        Its model of bias, or "none".
    prior, posterior : float
        Model probabilities.
    log_evidence : float
        Log marginal likelihood.
    error : float
        Estimated relative error of the marginal likelihood.
    estimate : float
        Posterior mean of mu; zero without an effect.
    tau : float
        Posterior mean of tau; zero without heterogeneity.
    """

    effect: bool
    heterogeneity: bool
    bias: str
    prior: float
    log_evidence: float
    posterior: float
    error: float
    estimate: float
    tau: float


@dataclass(frozen=True, eq=False, repr=False)
class ModelAverage(Result):
    """What an ensemble of models says together.

    Attributes
    ----------
    effects : EffectSizes
        The data.
    models : tuple of EnsembleModel
        The ensemble.
    level : float
        Default level of intervals.
    effect_prior, tau_prior : Prior
        Priors where there is an effect, or heterogeneity.
    direction : str
        Which effects selection favours.
    posteriors : tuple of Distribution or None
        Each model's posterior of mu; None where mu is zero.
    warnings : tuple of str
    """

    effects: EffectSizes
    models: tuple[EnsembleModel, ...]
    level: float
    effect_prior: Prior
    tau_prior: Prior
    direction: str
    posteriors: tuple[Distribution | None, ...] = field(repr=False)
    warnings: tuple[str, ...] = ()

    def _shown(self) -> str:
        shown = f"estimate={self.estimate:.4g}, bf_effect={self.bf_effect:.4g}"
        return f"{shown}, models={len(self.models)}, k={self.k}"

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.effects.measure

    @property
    def k(self) -> int:
        """Number of results used."""
        return int(self.effects.informative.sum())

    @property
    def estimate(self) -> float:
        """Model-averaged posterior mean of mu, zero where a model has no effect."""
        return float(sum(m.posterior * m.estimate for m in self.models))

    @property
    def tau(self) -> float:
        """Model-averaged posterior mean of tau."""
        return float(sum(m.posterior * m.tau for m in self.models))

    @property
    def conditional_estimate(self) -> float:
        """Posterior mean of mu given that there is an effect."""
        return self.estimate / self.probability_of("effect")

    @property
    def bf_effect(self) -> float:
        """Inclusion Bayes factor of an effect."""
        return self.inclusion("effect")

    @property
    def bf_heterogeneity(self) -> float:
        """Inclusion Bayes factor of heterogeneity."""
        return self.inclusion("heterogeneity")

    @property
    def bf_bias(self) -> float:
        """Inclusion Bayes factor of publication bias; NaN where no model has it."""
        return self.inclusion("bias")

    @property
    def error(self) -> float:
        """Relative numerical error of the ensemble's evidence, bounded by the models' own."""
        return float(sum(m.posterior * m.error for m in self.models))

    @property
    def ci_low(self) -> float:
        """Lower end of the central interval of the averaged mu."""
        return self.interval()[0]

    @property
    def ci_high(self) -> float:
        """Upper end of the central interval of the averaged mu."""
        return self.interval()[1]

    def probability_of(self, component: str, *, prior: bool = False) -> float:
        """Posterior (or prior) probability of "effect", "heterogeneity" or "bias"."""
        if component not in COMPONENTS:
            raise unknown_option("component", component, COMPONENTS)
        return float(sum((m.prior if prior else m.posterior) for m in self.models if _has(m, component)))

    def inclusion(self, component: str) -> float:
        """Inclusion Bayes factor: posterior odds over prior odds of the models that have the component."""
        prior = self.probability_of(component, prior=True)
        if prior in (0.0, 1.0):
            return np.nan
        # From both sums of evidence, because one minus a probability loses digits.
        log = [np.log(m.prior) + m.log_evidence for m in self.models]
        has = [_has(m, component) for m in self.models]
        inside, outside = (
            special.logsumexp([value for value, one in zip(log, has, strict=True) if one is side])
            for side in (True, False)
        )
        with np.errstate(over="ignore"):
            return float(np.exp(inside - outside) * (1.0 - prior) / prior)

    def cdf(self, x: ArrayLike, *, conditional: bool = False) -> np.ndarray:
        """Posterior P(mu <= x), averaged; a step at zero unless ``conditional`` on an effect."""
        x = np.asarray(x, dtype=float)
        total = np.zeros(x.shape)
        for model, posterior in zip(self.models, self.posteriors, strict=True):
            if posterior is not None:
                total = total + model.posterior * posterior.cdf(x)
        if conditional:
            return np.clip(total / self.probability_of("effect"), 0.0, 1.0)
        return np.clip(total + (1.0 - self.probability_of("effect")) * (x >= 0), 0.0, 1.0)

    def ppf(self, q: float, *, conditional: bool = False) -> float:
        """Quantile of the averaged mu."""
        check_share(q, "q")
        if not conditional and self.cdf(-_TINY) < q <= self.cdf(0.0):
            return 0.0
        pairs = [(m.posterior, p) for m, p in zip(self.models, self.posteriors, strict=True) if p is not None]
        share = np.array([weight for weight, _ in pairs])
        tail = 1e-6 * min(q, 1 - q)
        ends = [p.ppf(np.array([tail, 1 - tail])) for weight, p in pairs if weight > tail * share.max()]
        low, high = min(0.0, *(end[0] for end in ends)), max(0.0, *(end[1] for end in ends))
        enough = 1e-13 * (high - low)
        while high - low > enough:
            middle = 0.5 * (low + high)
            if self.cdf(middle, conditional=conditional) < q:
                low = middle
            else:
                high = middle
        return float(0.5 * (low + high))

    def interval(self, level: float | None = None, *, conditional: bool = False) -> tuple[float, float]:
        """Central interval of mu, averaged over all models or over those with an effect."""
        level = self.level if level is None else check_level(level)
        return (
            self.ppf(0.5 - level / 2, conditional=conditional),
            self.ppf(0.5 + level / 2, conditional=conditional),
        )

    def table(self) -> pd.DataFrame:
        """One row per model: prior and posterior probability, log marginal likelihood and its error."""
        import pandas as pd

        return pd.DataFrame([_plain(model) for model in self.models])

    @property
    def sd(self) -> float:
        """Standard deviation of the averaged mu, a mixture with a point at zero."""
        pairs = zip(self.models, self.posteriors, strict=True)
        squares = sum(
            m.posterior * (float(p.sd) ** 2 + float(p.mean) ** 2) for m, p in pairs if p is not None
        )
        return float(np.sqrt(max(squares - self.estimate**2, 0.0)))

    @property
    def vcov(self) -> np.ndarray:
        """Posterior variance of the averaged mu, of shape (1, 1)."""
        return np.array([[self.sd**2]])

    def backtransform(self) -> BackTransformed:
        """The averaged mean and its interval on the scale on which they are read."""
        return back_transformed(self.effects, [self.estimate, *self.interval(), np.nan, np.nan])

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per component: what it comes to on average, and how probable it is."""
        low, high = self.interval()
        averaged = {
            "effect": {"estimate": self.estimate, "se": self.sd, "ci_low": low, "ci_high": high},
            "heterogeneity": {"estimate": self.tau},
        }
        return [
            {"term": row["component"]} | averaged.get(row["component"], {}) | row
            for row in self._components()
        ]

    def _facts(self) -> Mapping[str, Any]:
        bf = {name: getattr(self, name) for name in ("bf_effect", "bf_heterogeneity", "bf_bias")}
        own = {"models": len(self.models), "conditional_estimate": self.conditional_estimate}
        return {"model": "model average", "tau2": self.tau**2} | own | bf | {"error": self.error}

    def augment(self) -> pd.DataFrame:
        """One row per study: the caller's columns, interval, the averaged mean and the residual."""
        es = self.effects.subset(self.effects.informative)
        half = float(special.ndtri(0.5 + self.level / 2)) * es.sei
        own: dict[str, Any] = {"ci_low": es.yi - half, "ci_high": es.yi + half, "weight": np.nan}
        return es.frame.assign(**own, fitted=self.estimate, residual=es.yi - self.estimate)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        low, high = self.interval()
        inner = self.interval(conditional=True)
        return {
            "measure": self.effects.measure,
            "k": self.k,
            "estimate": self.estimate,
            "ci_low": low,
            "ci_high": high,
            "level": self.level,
            "tau": self.tau,
            "conditional_estimate": self.conditional_estimate,
            "conditional_ci_low": inner[0],
            "conditional_ci_high": inner[1],
            "error": self.error,
            "effect_prior": str(self.effect_prior),
            "tau_prior": str(self.tau_prior),
            "direction": self.direction,
            "warnings": list(self.warnings),
            "components": self._components(),
            "models": [_plain(model) for model in self.models],
        }

    def _lines(self, digits: int) -> list[str]:
        level = percent(self.level, 0 if float(100 * self.level).is_integer() else 1)
        parts = ["Bayesian model averaging", f"{len(self.models)} models", f"k = {self.k}"]
        lines = [
            heading(parts, self.measure),
            f"{'':14}{'models':>8}{'prior':>8}{'posterior':>11}{'inclusion BF':>14}",
        ]
        for row in self._components():
            count = f"{row['models']}/{len(self.models)}"
            lines.append(
                f"{row['component']:14}{count:>8}{number(row['prior']):>8}{number(row['posterior']):>11}"
                f"{significant(row['inclusion_bf']):>14}"
            )
        means = {
            "mu, averaged       ": (self.estimate, *self.interval()),
            "mu, given an effect": (self.conditional_estimate, *self.interval(conditional=True)),
        }
        rows = [Line(n.strip(), x, low=a, high=b) for n, (x, a, b) in means.items()]
        cut = cut_notes(self.effects, rows) if needs_display(self.measure) else []
        for name, (value, low, high) in means.items():
            shown = display_text(self.effects, value, low, high) if needs_display(self.measure) else ""
            cells = f"{number(value, digits)}  {level} interval {interval(low, high, digits)}"
            lines.append(f"{name} {cells}   |  {shown}" if shown else f"{name} {cells}")
        lines += [
            *cut,
            f"tau, averaged       {number(self.tau, digits)}",
            f"prior: mu ~ {self.effect_prior}, tau ~ {self.tau_prior}",
        ]
        if any(_has(model, "bias") for model in self.models):
            lines.append(f"bias favours {self.direction} effects")
        worst = max(model.error for model in self.models)
        lines.append(
            f"numerical error (relative) {significant(max(self.error, 1e-16), 1)}, "
            f"of the worst model {significant(max(worst, 1e-16), 1)}"
        )
        return lines

    def _components(self) -> list[dict[str, Any]]:
        return [
            {
                "component": name,
                "models": sum(_has(model, name) for model in self.models),
                "prior": self.probability_of(name, prior=True),
                "posterior": self.probability_of(name),
                "inclusion_bf": self.inclusion(name),
            }
            for name in COMPONENTS
            if any(_has(model, name) for model in self.models)
        ]


def _has(model: EnsembleModel, component: str) -> bool:
    return model.bias != "none" if component == "bias" else bool(getattr(model, component))


def _plain(model: EnsembleModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in EnsembleModel.__slots__}

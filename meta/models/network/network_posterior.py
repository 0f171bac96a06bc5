"""`NetworkPosterior`: the posterior of a network's effects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level, check_seed
from meta.bayes.priors import Fixed, Normal, Prior
from meta.errors import InputError, unknown_option
from meta.formatting import interval, number, percent
from meta.kernels.mixtures import NormalMixture
from meta.kernels.network.ranking import better_than, rank_intervals
from meta.kernels.network.tau_quadrature import given_tau
from meta.models.network.data import NetworkData
from meta.models.network.effect_tables import measured_as
from meta.results.back_transformation import on_display
from meta.results.base import Result
from meta.results.plain import plain
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    needs_display,
    on_both_scales,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

OF = ("effect", "new")


@dataclass(frozen=True, slots=True)
class PosteriorContrast:
    """The posterior of one comparison, and of the true effect in a new trial; mixtures of normals."""

    treat1: str
    treat2: str
    effect: NormalMixture
    new: NormalMixture
    level: float

    def _of(self, of: str) -> NormalMixture:
        if of not in OF:
            raise unknown_option("of", of, OF)
        return self.effect if of == "effect" else self.new

    @property
    def estimate(self) -> float:
        """Posterior mean."""
        return self.effect.mean

    @property
    def median(self) -> float:
        """Posterior median."""
        return float(self.effect.ppf(0.5))

    @property
    def sd(self) -> float:
        """Posterior standard deviation."""
        return self.effect.sd

    def interval(self, level: float | None = None, *, of: str = "effect") -> tuple[float, float]:
        """Central credible interval of the effect, or of the effect in a new trial."""
        share = self.level if level is None else check_level(level)
        low, high = self._of(of).ppf(np.array([0.5 - share / 2, 0.5 + share / 2]))
        return float(low), float(high)

    def probability(
        self, *, below: float | None = None, above: float | None = None, of: str = "effect"
    ) -> float:
        """Posterior probability that the effect lies below or above a value."""
        if (below is None) == (above is None):
            raise InputError("give exactly one of below= and above=")
        found = self._of(of)
        return float(found.cdf(below) if below is not None else found.sf(above))  # type: ignore[arg-type]

    def pdf(self, x: Any, *, of: str = "effect") -> np.ndarray:
        """Posterior density."""
        return np.asarray(self._of(of).pdf(x))

    def cdf(self, x: Any, *, of: str = "effect") -> np.ndarray:
        """Posterior distribution function."""
        return np.asarray(self._of(of).cdf(x))

    def ppf(self, q: Any, *, of: str = "effect") -> np.ndarray:
        """Posterior quantile."""
        return np.asarray(self._of(of).ppf(q))

    def __str__(self) -> str:
        low, high = self.interval()
        return (
            f"{self.treat1} vs {self.treat2}: {number(self.estimate)} {interval(low, high)} "
            f"({percent(self.level)} credible)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class NetworkPosterior(Result):
    """The posterior of a network, on the model scale.

    Attributes
    ----------
    data : NetworkData
        Trials and treatments.
    reference : str
        Treatment that tables compare with; with a normal prior of effects also that of the prior.
    effect, tau_prior : Prior
        Priors of the effects against the reference and of tau.
    nodes, weights : ndarray of shape (G,)
        The posterior of tau as quadrature nodes with weights that sum to 1.
    log_evidence : float
        Log marginal likelihood; NaN under an improper prior.
    """

    data: NetworkData
    reference: str
    effect: Prior
    tau_prior: Prior
    better: str | None
    level: float
    nodes: np.ndarray
    weights: np.ndarray
    log_evidence: float
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

    @cached_property
    def _given(self) -> tuple[np.ndarray, np.ndarray]:
        """Means (G, T) and covariances (G, T, T) of all effects given tau; the reference is 0."""
        keep = [i for i, name in enumerate(self.treatments) if name != self.reference]
        rotated = self.data.rotated_to(self.data.contrasts.incidence[:, keep])
        sd = float(self.effect.sd) if isinstance(self.effect, Normal) else np.inf
        found = given_tau(rotated, self.nodes, sd)
        size = len(self.treatments)
        means, cov = np.zeros((len(self.nodes), size)), np.zeros((len(self.nodes), size, size))
        means[:, keep] = found.means
        cov[np.ix_(range(len(self.nodes)), keep, keep)] = found.covariances
        return means, cov

    @property
    def tau(self) -> dict[str, float]:
        """Mean, sd, median and central interval of tau."""
        mean = float(self.weights @ self.nodes)
        sd = math.sqrt(max(0.0, float(self.weights @ (self.nodes - mean) ** 2)))
        low, middle, high = (self._tau_quantile(q) for q in (0.5 - self.level / 2, 0.5, 0.5 + self.level / 2))
        return {"mean": mean, "sd": sd, "median": middle, "ci_low": low, "ci_high": high}

    def _tau_quantile(self, q: float) -> float:
        """Quantile of tau from the cumulated weights, interpolated between nodes."""
        if len(self.nodes) == 1:
            return float(self.nodes[0])
        middle = np.cumsum(self.weights) - self.weights / 2
        return float(np.interp(q, middle, self.nodes))

    def contrast(self, treat1: str, treat2: str | None = None) -> PosteriorContrast:
        """The posterior of ``treat1`` minus ``treat2`` (the reference without)."""
        other = self.reference if treat2 is None else treat2
        for name in (treat1, other):
            if name not in self.treatments:
                raise unknown_option("treatment", name, self.treatments)
        if treat1 == other:
            raise InputError(f"treat1 and treat2 are both {treat1!r}; name two treatments")
        i, j = self.treatments.index(treat1), self.treatments.index(other)
        means, cov = self._given
        mean = means[:, i] - means[:, j]
        var = cov[:, i, i] + cov[:, j, j] - 2 * cov[:, i, j]
        effect = NormalMixture.pruned(mean, np.sqrt(var), self.weights)
        new = NormalMixture.pruned(mean, np.sqrt(var + self.nodes**2), self.weights)
        return PosteriorContrast(treat1, other, effect, new, self.level)

    @cached_property
    def effects(self) -> pd.DataFrame:
        """All pairs: ``treat1 treat2 estimate sd ci_low ci_high pi_low pi_high p_below``."""
        import pandas as pd

        rows = []
        for i, one in enumerate(self.treatments):
            for two in self.treatments[i + 1 :]:
                pair = (two, one) if one == self.reference else (one, two)
                rows.append(self._row(*pair))
        return pd.DataFrame(rows)

    def _row(self, one: str, two: str) -> dict[str, Any]:
        found = self.contrast(one, two)
        low, high = found.interval()
        pi_low, pi_high = found.interval(of="new")
        return {
            "treat1": one,
            "treat2": two,
            "estimate": found.estimate,
            "sd": found.sd,
            "ci_low": low,
            "ci_high": high,
            "pi_low": pi_low,
            "pi_high": pi_high,
            "p_below": found.probability(below=0.0),
        }

    def _low(self) -> bool:
        if self.better is None:
            raise InputError("a ranking needs to know which effects are good: better='low' or better='high'")
        return self.better == "low"

    def p_better(self, margin: float = 0.0) -> pd.DataFrame:
        """Posterior probability that the row is better than the column by more than ``margin``."""
        import pandas as pd

        from meta.models.network.rankings_and_league import check_margin

        check_margin(margin)
        means, cov = self._given
        low = self._low()
        found = sum(
            w * better_than(m, c, low, margin) for w, m, c in zip(self.weights, means, cov, strict=True)
        )
        return pd.DataFrame(found, index=list(self.treatments), columns=list(self.treatments))

    def ranking(
        self,
        *,
        margin: float = 0.0,
        level: float | None = None,
        draws: int = 20_000,
        seed: int | np.random.Generator | None = 1,
    ) -> pd.DataFrame:
        """``treatment sucra p_better mean_rank rank_low rank_high p_best``, the best first.

        SUCRA is the posterior mean of the P-score (Salanti et al. 2011, doi:10.1016/j.jclinepi.2010.03.016);
        ranks are simulated.
        """
        import pandas as pd

        check_seed(seed)
        share = self.level if level is None else check_level(level)
        sucra = np.nanmean(self.p_better().to_numpy(), axis=1)
        chance = self.rank_probabilities(draws=draws, seed=seed).loc[list(self.treatments)].to_numpy()
        low, high = rank_intervals(chance, share)
        size = len(self.treatments)
        found = pd.DataFrame(
            {
                "treatment": np.array(self.treatments, dtype=object),
                "sucra": sucra,
                "p_better": np.nanmean(self.p_better(margin).to_numpy(), axis=1),
                "mean_rank": size - sucra * (size - 1),
                "rank_low": low,
                "rank_high": high,
                "p_best": chance[:, 0],
            }
        )
        return found.sort_values(["sucra", "treatment"], ascending=[False, True], ignore_index=True)

    def rank_probabilities(
        self, *, draws: int = 20_000, seed: int | np.random.Generator | None = 1
    ) -> pd.DataFrame:
        """Posterior probability of each rank, one row per treatment."""
        import pandas as pd

        rng = np.random.default_rng(check_seed(seed))
        means, cov = self._given
        sample = np.empty((draws, len(self.treatments)))
        at = rng.choice(len(self.nodes), size=draws, p=self.weights)
        for node in np.unique(at):
            rows = np.flatnonzero(at == node)
            values, vectors = np.linalg.eigh(cov[node])
            half = vectors * np.sqrt(np.maximum(values, 0.0))
            sample[rows] = means[node] + rng.standard_normal((len(rows), sample.shape[1])) @ half.T
        order = np.argsort(sample if self._low() else -sample, axis=1)
        ranks = np.empty_like(order)
        size = sample.shape[1]
        np.put_along_axis(ranks, order, np.arange(size)[None, :], axis=1)
        chance = np.stack([np.bincount(ranks[:, i], minlength=size) for i in range(size)]) / draws
        best = np.argsort(chance @ np.arange(size), kind="stable")
        names = [self.treatments[i] for i in best]
        return pd.DataFrame(chance[best], index=names, columns=range(1, size + 1))

    def _against_reference(self) -> list[dict[str, Any]]:
        return [self._row(name, self.reference) for name in self.treatments if name != self.reference]

    def _terms(self) -> list[Mapping[str, Any]]:
        shown = measured_as(self.measure)
        kept = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "sd")
        return [
            on_both_scales(
                shown, {"term": row["treat1"], "se": row["sd"]} | {name: row[name] for name in kept}
            )
            for row in self._against_reference()
        ]

    def backtransform(self) -> pd.DataFrame:
        """Effects against the reference for reading (ratios, say)."""
        import pandas as pd

        rows = self._against_reference()
        kept = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
        own = {name: np.array([row[name] for row in rows]) for name in kept}
        names = [row["treat1"] for row in rows]
        return pd.DataFrame({"treatment": names} | on_display(measured_as(self.measure), own))

    def _facts(self) -> dict[str, Any]:
        own = self.tau
        return {
            "model": "Bayesian network",
            "method": "quadrature",
            "reference": self.reference,
            "tau_mean": own["mean"],
            "tau_sd": own["sd"],
            "log_evidence": self.log_evidence,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        return plain(
            {
                "measure": self.measure,
                "reference": self.reference,
                "effect": str(self.effect),
                "tau_prior": str(self.tau_prior),
                "level": self.level,
                "k": self.k,
                "tau": self.tau,
                "log_evidence": self.log_evidence,
                "effects": self.effects.to_dict("records"),
                "warnings": self.warnings,
            }
        )

    def _lines(self, digits: int) -> list[str]:
        rows = self._terms()
        shown = measured_as(self.measure)
        display = needs_display(self.measure)
        right = [
            display_text(shown, r["estimate"], r["ci_low"], r["ci_high"]) if display else "" for r in rows
        ]
        lines = [Line.of(row, text) for row, text in zip(rows, right, strict=True)]
        parts = ["Bayesian network meta-analysis", "quadrature", f"{self.k} trials"]
        own = self.tau
        known = isinstance(self.tau_prior, Fixed)
        spread = (
            f"tau {number(own['mean'])} (given)"
            if known
            else f"tau {number(own['median'])} {interval(own['ci_low'], own['ci_high'])} (posterior median)"
        )
        return [
            heading([*parts, f"{len(self.treatments)} treatments"], self.measure),
            f"each treatment against {self.reference}; priors: effects {self.effect}, tau {self.tau_prior}",
            *table(lines, self.level, digits, ci="CrI", tested=False),
            *(cut_notes(shown, lines) if display else []),
            spread,
        ]

    def _shown(self) -> str:
        return f"{self.k} trials, {len(self.treatments)} treatments, tau={self.tau['median']:.4g}"

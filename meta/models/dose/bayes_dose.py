"""Bayesian dose-response curves, exact for shapes that are linear in their coefficients: `bayes_dose`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level, check_seed, is_number
from meta.bayes.effect_priors import Fixed, Flat, Normal
from meta.bayes.prior_base import Prior
from meta.effects.effect_size_table import EffectSizes
from meta.effects.registry import measure as look_up
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import number, percent, shown
from meta.kernels.dose.bands import root_of
from meta.kernels.dose.bases import CURVED, Basis
from meta.kernels.dose.curve_posterior import posterior, quantiles
from meta.kernels.dose.estimands import mean_terms
from meta.keywords import keywords
from meta.models.dose.curve import asked_doses, reference_of, warn_outside
from meta.models.dose.curve_text import effects_at_doses
from meta.models.dose.dose_columns import read_arms
from meta.models.dose.dose_region import side_of
from meta.models.dose.marginal import lay_out
from meta.models.dose.reference_contrasts import COVARIANCES, Choices, compare
from meta.models.dose.shapes import NAMES, check_identified, differences, make_basis
from meta.pooling.boundary import check_option
from meta.results.back_transformation import on_display
from meta.results.base import Result
from meta.results.checked_options import check_scale
from meta.results.print_out import Line, heading, table

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray
KINDS = ("proportional", "additive")


@dataclass(frozen=True, eq=False, repr=False)
class DosePosterior(Result):
    """The exact posterior of a dose-response curve, a mixture of normals over tau; on the model scale.

    Attributes
    ----------
    tau_nodes, weights : ndarray of shape (g,)
        Heterogeneity SD (of the largest contrast of doses, or of any), and its posterior probabilities.
    means, covs : ndarray of shape (g, p), (g, p, p)
        Of the coefficients given tau, per unit of dose.
    log_evidence : float
        Log marginal likelihood; under a flat prior of the coefficients known up to a constant.
    """

    es: EffectSizes
    doses: np.ndarray
    basis: Basis
    span: float
    heterogeneity: str
    effect: Prior
    tau_prior: Prior
    level: float
    reference_dose: float
    unit: str
    axis: str
    tau_nodes: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    covs: np.ndarray
    log_evidence: float
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(name.replace("dose", self.axis) for name in self.basis.names)

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.es.k

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.es.measure

    @property
    def seen(self) -> tuple[float, float]:
        """Lowest and highest dose of any arm."""
        return float(self.doses.min()), float(self.doses.max())

    @property
    def beta(self) -> np.ndarray:
        """Posterior means of the coefficients, (p,)."""
        return np.asarray(self.weights @ self.means)

    @property
    def vcov(self) -> np.ndarray:
        """Posterior covariance of the coefficients, (p, p)."""
        gap = self.means - self.beta
        within = np.einsum("g,gij->ij", self.weights, self.covs)
        return np.asarray(within + np.einsum("g,gi,gj->ij", self.weights, gap, gap))

    @property
    def tau(self) -> dict[str, float]:
        """Posterior mean, SD and central interval of tau, the interval interpolated between nodes."""
        mean = float(self.weights @ self.tau_nodes)
        sd = float(np.sqrt(self.weights @ (self.tau_nodes - mean) ** 2))
        total = np.cumsum(self.weights) - 0.5 * self.weights  # half of a node's share lies below it
        ends = np.interp([0.5 - self.level / 2, 0.5 + self.level / 2], total, self.tau_nodes)
        return {"mean": mean, "sd": sd, "ci_low": float(ends[0]), "ci_high": float(ends[1])}

    def _summaries(self, rows: Array, level: float, spread: Array | None = None) -> Array:
        """Means, SDs and central intervals of linear forms (r, 4); ``spread`` (r, g) adds variances."""
        means = rows @ self.means.T
        variances = np.maximum(np.einsum("ri,gij,rj->rg", rows, self.covs, rows), 0.0)
        variances = variances if spread is None else variances + spread
        mean = means @ self.weights
        sd = np.sqrt(np.maximum((variances + (means - mean[:, None]) ** 2) @ self.weights, 0.0))
        ends = quantiles(
            np.array([0.5 - level / 2, 0.5 + level / 2]), means, np.sqrt(variances), self.weights
        )
        ends = np.where((sd > 0)[:, None], ends, mean[:, None])
        return np.column_stack([mean, sd, ends])

    @keywords
    def predict(
        self,
        dose: Any = None,
        *,
        reference: float | None = None,
        level: float | None = None,
        scale: str = "model",
    ) -> pd.DataFrame:
        """Posterior of the effects at doses against a reference dose.

        Parameters
        ----------
        dose, reference, level, scale : optional
            As in `DoseResponse.predict`.

        Returns
        -------
        DataFrame
            One row per dose: ``dose estimate se ci_low ci_high pi_low pi_high outside``; ``se`` is the
            posterior SD, ``ci`` a central credible interval, ``pi`` that of a new trial's true effect.
        """
        import pandas as pd

        given = {"dose": dose, "reference": reference, "level": level, "scale": scale}
        check_arguments(DosePosterior.predict, given)
        check_scale(scale)
        share = self.level if level is None else check_level(level)
        at = asked_doses(self, dose)
        origin = reference_of(self, reference)
        rows = differences(self.basis, at, np.full(len(at), origin))
        far = (
            (at - origin) / self.span
            if self.heterogeneity == "proportional"
            else (at != origin).astype(float)
        )
        found = self._summaries(rows, share)
        new = self._summaries(rows, share, np.outer(far**2, self.tau_nodes**2))
        columns = dict(zip(("estimate", "se", "ci_low", "ci_high"), found.T, strict=True))
        columns |= {"pi_low": new[:, 2], "pi_high": new[:, 3]}
        if scale == "display":
            columns |= on_display(self.es, columns)
        low, high = self.seen
        return pd.DataFrame({"dose": at, **columns, "outside": (at < low) | (at > high)})

    @keywords
    def over(
        self,
        low: float,
        high: float,
        *,
        claimed: float | None = None,
        direction: str | None = None,
        reference: float | None = None,
        draws: int = 10_000,
        seed: Any = 1,
    ) -> dict[str, float]:
        """Posterior of the mean effect over a region, and the probability that all of it keeps a claim.

        Parameters
        ----------
        low, high : float
            Ends of the region, within the doses seen.
        claimed, direction, reference, draws, seed : optional
            As in `DoseRegion.probability`.

        Returns
        -------
        dict
            ``estimate sd ci_low ci_high``, and ``probability`` where something is claimed.
        """
        check_seed(seed)
        check_arguments(DosePosterior.over, {k: v for k, v in locals().items() if k != "self"})
        first, last = self.seen
        if not low < high or low < first or high > last:
            raise NotEstimableError(
                f"a region runs from a lower to a higher dose within those seen, {first:g} to {last:g}, got "
                f"{low:g} to {high:g}"
            )
        origin = reference_of(self, reference)
        row = mean_terms(self.basis, low, high) - self.basis.at(np.array([origin]))[0]
        names = ("estimate", "sd", "ci_low", "ci_high")
        found = dict(zip(names, map(float, self._summaries(row[None], self.level)[0]), strict=True))
        if claimed is not None:
            side, rng = side_of(claimed, direction), np.random.default_rng(seed)
            at = np.linspace(low, high, 101)
            rows = differences(self.basis, at, np.full(len(at), origin))
            which = rng.choice(len(self.weights), size=draws, p=self.weights)
            roots = np.array([root_of(C) for C in self.covs])[which]
            z = rng.standard_normal((draws, rows.shape[1]))
            curves = (self.means[which] + np.einsum("dij,dj->di", roots, z)) @ rows.T
            found["probability"] = float(np.mean(np.all(side * curves >= side * claimed, axis=1)))
        return found

    def _terms(self) -> list[Mapping[str, Any]]:
        found = self._summaries(np.eye(len(self.names)), self.level)
        names = ("estimate", "se", "ci_low", "ci_high")
        rows = [
            {"term": name} | dict(zip(names, map(float, own), strict=True))
            for name, own in zip(self.names, found, strict=True)
        ]
        tau = self.tau
        ends = {name: tau[name] for name in ("ci_low", "ci_high")}
        return [*rows, {"term": "tau", "estimate": tau["mean"], "se": tau["sd"]} | ends]

    def _facts(self) -> Mapping[str, Any]:
        own = {
            "shape": self.basis.kind,
            "heterogeneity": self.heterogeneity,
            "log_evidence": self.log_evidence,
        }
        return {"model": "Bayesian dose-response", "method": "quadrature"} | own

    def to_dict(self) -> dict[str, Any]:
        """The summaries, ready for JSON."""
        from meta.results.plain import plain

        return plain({"terms": self._terms(), "log_evidence": self.log_evidence, "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        parts = [
            "Bayesian dose-response meta-analysis",
            NAMES[self.basis.kind],
            "quadrature",
            f"k = {self.k}",
        ]
        rows = [Line.of(row) for row in self._terms()]
        of = "the largest contrast of doses" if self.heterogeneity == "proportional" else "any two doses"
        prior = f"priors: effect {self.effect}, tau {self.tau_prior}; tau is the SD of {of} between trials"
        return [
            heading(parts, self.measure),
            *table(rows, self.level, digits, ci="CrI", tested=False),
            prior,
            f"log evidence {number(self.log_evidence, 2)}, {percent(self.level)} central intervals",
            *effects_at_doses(self, digits, ci="CrI"),
        ]

    def _shown(self) -> str:
        return f"shape={self.basis.kind!r}, k={self.k}"


@keywords
def bayes_dose(
    data: Any = None,
    *,
    effect: Any = None,
    tau: Any,
    study: Any = None,
    dose: Any = None,
    time: Any = None,
    measure: str | None = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    cases: Any = None,
    n: Any = None,
    mean: Any = None,
    sd: Any = None,
    design: Any = None,
    referent: Any = None,
    unit: Any = None,
    shape: str = "linear",
    knots: Any = None,
    powers: Any = None,
    reference_dose: float = 0.0,
    heterogeneity: str = "proportional",
    covariance: str = "GL",
    rho: float | None = None,
    vtype: str | None = None,
    open_ended: float | None = None,
    level: float = 0.95,
) -> DosePosterior:
    """Exact posterior of a dose-response curve whose shape is linear in its coefficients.

    Parameters
    ----------
    data : table, optional
        One row per arm, as in :func:`meta.dose_response`.
    effect : Normal or Flat, optional
        Prior of each term's part in the effect where the term is largest; flat without.
    tau : Prior or number
        Prior of the heterogeneity SD: of the largest contrast of doses in a trial (proportional), or of any
        two doses (additive); a number fixes it.
    study, dose, time, measure, yi, vi, sei, cases, n, mean, sd, design, referent, unit : optional
        As in :func:`meta.dose_response`.
    shape : {"linear", "log", "quadratic", "rcs", "fp", "plateau"}
        A plateau needs ``knots``, where it begins.
    knots, powers, reference_dose, covariance, rho, vtype, open_ended : optional
        As in :func:`meta.dose_response`.
    heterogeneity : {"proportional", "additive"}
        Whether the SD between trials grows with the dose.
    level : float
        Of credible intervals.

    Returns
    -------
    DosePosterior

    Notes
    -----
    Given tau the posterior is normal; tau is integrated by Gauss-Legendre quadrature: no sampling.

    Examples
    --------
    >>> import meta
    >>> table = {"study": list("aaabbbcccddd"), "dose": [0, 1, 3] * 4, "sd": [1.0] * 12, "n": [50] * 12}
    >>> table["mean"] = [0, 1.1, 2.9, 0, 0.9, 3.2, 0, 1.2, 3.0, 0, 1.0, 2.8]
    >>> post = meta.bayes_dose(table, measure="MD", tau=meta.HalfNormal(0.5))
    >>> post.beta.round(2).tolist()
    [0.99]
    """
    check_arguments(bayes_dose, locals())
    check_level(level)
    check_option("heterogeneity", heterogeneity, KINDS)
    check_option("covariance", covariance, COVARIANCES)
    known = _tau_prior(tau)
    prior = Flat() if effect is None else effect
    if not isinstance(prior, Flat | Normal):
        raise InputError(
            f"effect must be Normal(...) or Flat(), for which the posterior is exact, not {shown(prior)}"
        )
    if vtype is not None:
        check_option("vtype", vtype, ("HO", "LS"))
    if rho is not None and not 0 <= rho < 1:
        raise InputError(f"rho must lie between 0 and 1, got {rho:g}; it is the correlation of two effects")
    if not reference_dose >= 0:
        raise InputError(f"reference_dose must be >= 0, got {reference_dose:g}")
    notes = Notes()
    given = {"yi": yi, "vi": vi, "sei": sei, "cases": cases, "n": n, "mean": mean, "sd": sd}
    arms = read_arms(
        data, given, study=study, dose=dose, time=time, design=design, referent=referent, unit=unit,
        open_ended=open_ended, notes=notes,
    )  # fmt: skip
    code = None if measure is None else look_up(measure).code
    rows = compare(arms, Choices(code, covariance, rho, vtype), notes)
    basis = make_basis(shape, knots, powers, rows.doses, notes)
    if (basis.kind in CURVED and not basis.values) or basis.kind == "emax":
        raise InputError(f"shape={shape!r} is not linear in its coefficients; use meta.dose_response")
    trials = lay_out(rows.es.yi, rows.S, rows.dose, rows.origin, basis)
    check_identified(trials.Z * trials.scale, basis)
    kind = "none" if isinstance(known, Fixed) and known.value == 0 else heterogeneity
    found = posterior(
        trials, kind, (prior.mean, prior.sd) if isinstance(prior, Normal) else None, known.logpdf,
        known.value if isinstance(known, Fixed) else None,
    )  # fmt: skip
    post = DosePosterior(
        es=rows.es, doses=rows.doses, basis=basis, span=float(np.abs(rows.dose - rows.origin).max()),
        heterogeneity=heterogeneity, effect=prior, tau_prior=known, level=level,
        reference_dose=float(reference_dose), unit=arms.unit, axis=arms.axis, tau_nodes=found.tau,
        weights=found.weights, means=found.means / trials.scale,
        covs=found.covs / np.outer(trials.scale, trials.scale), log_evidence=found.log_evidence,
    )  # fmt: skip
    warn_outside(post.reference_dose, post.seen, notes)
    from dataclasses import replace

    return replace(post, warnings=notes.messages)


def _tau_prior(tau: Any) -> Prior:
    """A prior of tau; a number is a known tau."""
    if isinstance(tau, Prior):
        if tau.support[0] < 0 and not isinstance(tau, Flat | Fixed):
            raise InputError(
                f"tau must be a prior of positive values, such as HalfNormal(0.5), not {shown(tau)}"
            )
        return tau
    if is_number(tau) and 0 <= tau < 1e150:
        return Fixed(float(tau))
    # from 1e150 on, its square may leave the range of doubles
    raise InputError(
        f"tau must be a prior such as HalfNormal(0.5), or a number from 0 to 1e150, not {shown(tau)}"
    )

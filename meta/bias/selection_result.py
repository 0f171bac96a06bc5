"""What step-function and beta selection models share: the sample, the result, its assembly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc, chdtri

from meta.arguments import check_level
from meta.bias.common import Result, caution_few, favoured_side, plain, tail_p
from meta.bias.likelihood_search import Likelihood, SelectionFit, interval_by_profile, sandwich
from meta.bias.selection_bootstrap import percentiles
from meta.effects.design import INTERCEPT, build
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping, numbered
from meta.effects.intake import as_effects, usable
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import number, p_equation
from meta.kernels.inference import quantile
from meta.kernels.regression import fit_regression
from meta.pooling.coefficients import table, wald_test
from meta.pooling.intervals_and_diagnostics import Interval
from meta.results.abilities import WithDesign
from meta.results.criteria import InformationCriteria
from meta.results.print_out import size
from meta.results.table_columns import rows_of_table
from meta.tables.containers import one_column

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Sample:
    """Effects on a scale on which they are of order 1 and selection favours large ones.

    Attributes
    ----------
    effects : EffectSizes
        As given, the rows used.
    y, v, X : ndarray of shape (k,), (k,), (k, p)
        In units of ``unit``, which is negative where selection favours negative effects.
    names : tuple of str
        Columns of X.
    groups : ndarray of int, shape (k,), or None
        Clusters.
    side : str
        Tail of the studies' p-values.
    unit : float
    beta, tau2, loglik : ndarray (p,), float, float
        Maximum likelihood without selection, of the scaled effects.
    """

    effects: EffectSizes
    y: np.ndarray
    v: np.ndarray
    X: np.ndarray
    names: tuple[str, ...]
    groups: np.ndarray | None
    side: str
    unit: float
    beta: np.ndarray
    tau2: float
    loglik: float

    @property
    def spread(self) -> float:
        """Variance of the scaled effects."""
        return float(np.var(self.y)) + float(np.median(self.v))


def read_sample(
    es: Any, moderators: Any, cluster: Any, direction: str | None, notes: Notes, *, at_least: int, what: str
) -> Sample:
    """Rows, design and clusters of effect sizes or of a fit (whose own moderators are used)."""
    design = None
    if isinstance(es, WithDesign):
        if moderators is not None:
            raise InputError("the fit has moderators of its own: give effect sizes with moderators=")
        effects, design, given = es.es, es.design, es.design.rows.size
        keep = np.ones(effects.k, dtype=bool)
        if cluster is not None and not isinstance(cluster, str) and np.size(cluster) == given:
            cluster = one_column(cluster, "cluster")[design.rows]
    else:
        effects = as_effects(es)
        if moderators is None:
            keep = usable(effects, notes)[1]
        else:
            design = build(effects, None, moderators, None, notes)
            keep = design.rows
    labels = None if cluster is None else grouping(effects, cluster, "cluster", keep)
    used = effects if keep.all() else effects.subset(keep)
    if used.k < at_least:
        raise NotEstimableError(f"{what} needs at least {at_least} studies, but there are {used.k}")
    groups = None if labels is None else numbered(labels)
    if groups is not None and groups.max() < 1:
        raise NotEstimableError("robust standard errors need at least two clusters")
    side = favoured_side(used, direction)
    unit = float(np.sqrt(np.median(used.vi))) * (-1.0 if side == "less" else 1.0)
    y, v = used.yi / unit, used.vi / unit**2
    X, names = (np.ones((used.k, 1)), (INTERCEPT,)) if design is None else (design.X, design.names)
    if used.k <= X.shape[1]:
        raise NotEstimableError(f"{used.k} studies cannot support {X.shape[1]} coefficients")
    ml = fit_regression(y, v, X, method="ML")
    return Sample(used, y, v, X, names, groups, side, unit, ml.beta, float(ml.tau2), float(ml.loglik))


@dataclass(frozen=True, eq=False, repr=False)
class Selected(InformationCriteria, Result):
    """A fitted selection model; numbers for a model of the mean, arrays (p,) for one with moderators.

    Attributes
    ----------
    estimate, se, statistic, p_value, ci_low, ci_high : float, or ndarray of shape (p,)
        Mean effect (or coefficients) corrected for selection, with its normal test (robust with clusters).
        The interval is Wald's, or the bootstrap's percentiles.
    vcov : ndarray of shape (p, p)
        Covariance of the coefficients.
    tau2, tau2_se : float
        (Residual) heterogeneity before selection.
    weights, weights_se : ndarray
        Parameters of selection and standard errors.
    loglik : float
        Log-likelihood.
    lrt, lrt_df, lrt_p : float
        Likelihood-ratio test of no selection; NaN where the weights are given.
    qm, qm_df, qm_p : float
        Wald test of all moderators; NaN without any.
    unadjusted, unadjusted_tau2 : float, or ndarray of shape (p,); float
        The same model without selection.
    names : tuple of str
        Coefficients.
    direction : str
        Tail of the studies' p-values.
    clusters : int or None
        Number of clusters of the robust standard error.
    replicates : int
        Bootstrap samples behind the interval; 0 for Wald's.
    converged : bool
        Whether the maximum was found to tolerance.
    level : float
        Confidence level.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    """

    estimate: Any
    se: Any
    statistic: Any
    p_value: Any
    ci_low: Any
    ci_high: Any
    vcov: np.ndarray
    tau2: float
    tau2_se: float
    weights: np.ndarray
    weights_se: np.ndarray
    loglik: float
    lrt: float
    lrt_df: int
    lrt_p: float
    qm: float
    qm_df: int
    qm_p: float
    unadjusted: Any
    unadjusted_tau2: float
    names: tuple[str, ...]
    direction: str
    clusters: int | None
    replicates: int
    converged: bool
    level: float
    k: int
    warnings: tuple[str, ...]
    search: tuple[SelectionFit, Sample] = field(repr=False)

    def _shown(self) -> str:
        values = zip(self.names, np.atleast_1d(self.estimate), strict=True)
        shown = ", ".join(f"{name}={float(value):.4g}" for name, value in values)
        return f"{self.direction}, k={self.k}, {shown}"

    @property
    def effects(self) -> EffectSizes:
        """The rows used."""
        return self.search[1].effects

    @property
    def df(self) -> float:
        """Degrees of freedom of the tests: infinite, because they are normal."""
        return math.inf

    def _counted(self) -> tuple[int, int]:
        return int(self.search[0].theta.size), self.k

    def _terms(self) -> list[Mapping[str, Any]]:
        """The coefficients, the parameters of selection, the model without selection, and the test of it."""
        mean = [{"part": "mean", "df": math.inf} | row for row in rows_of_table(self.coefficients)]
        shape = [
            {"part": "selection", "term": name, "estimate": float(x), "se": float(se)}
            for name, x, se in zip(self._labels(), self.weights, self.weights_se, strict=True)
        ]
        before = [
            {"part": "unadjusted", "term": name, "estimate": float(x)}
            for name, x in zip(self.names, np.atleast_1d(self.unadjusted), strict=True)
        ]
        test = {"statistic": self.lrt, "df": float(self.lrt_df), "p_value": self.lrt_p}
        return [*mean, *shape, *before, {"part": "test", "term": "no selection"} | test]

    def _reads(self, row: Mapping[str, Any]) -> bool:
        return row["part"] in ("mean", "unadjusted") and len(self.names) == 1

    def _summary_label(self, row: Mapping[str, Any]) -> str:
        return "corrected" if row["part"] == "mean" else "unadjusted"

    def _labels(self) -> tuple[str, ...]:
        """Names of all weights, those included that are fixed."""
        return self._weight_names()

    def _facts(self) -> Mapping[str, Any]:
        names = ("lrt", "lrt_df", "lrt_p", "qm", "qm_df", "qm_p", "unadjusted_tau2", "direction", "converged")
        own = {name: getattr(self, name) for name in names}
        return {"model": self._title(), "method": "ML", "test": "z"} | own

    def _title(self) -> str:
        raise NotImplementedError

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    @property
    def coefficients(self) -> pd.DataFrame:
        """Table of ``estimate se statistic p_value ci_low ci_high``, one row per coefficient."""
        found = table(self.names, np.atleast_1d(self.estimate), np.atleast_1d(self.se), np.inf, self.level)
        return found.assign(ci_low=np.atleast_1d(self.ci_low), ci_high=np.atleast_1d(self.ci_high))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names that :meth:`profile_interval` takes."""
        return (*self.names, "tau2", *self._weight_names())

    def _weight_names(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _likelihood(self, sample: Sample) -> Likelihood:
        """The likelihood that was maximised; made again, so that a result is data alone and can be saved."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, ready for JSON."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self) if item.name != "search"}

    def profile_interval(self, parameter: str | None = None, *, level: float | None = None) -> Interval:
        """Profile-likelihood interval of one parameter, which holds where Wald's does not: near bounds.

        Parameters
        ----------
        parameter : str, optional
            One of :attr:`parameters`; the first without.
        level : float, optional
            The fit's own without.

        Returns
        -------
        Interval
            An end is 0 or inf where the likelihood does not fall before the parameter's bound.
        """
        share = self.level if level is None else check_level(level)
        if self.clusters is not None:
            raise NotEstimableError(
                "with clusters the likelihood is a composite one and has no profile interval: use bootstrap="
            )
        name = self.parameters[0] if parameter is None else parameter
        if name not in self.parameters:
            raise InputError(f"no parameter is called {name!r}; parameters: {', '.join(self.parameters)}")
        fit, sample = self.search
        of = self._likelihood(sample)
        which = self.parameters.index(name)
        spread = float(np.sqrt(fit.vcov[which, which]))
        size = of.spread if which == of.p else float(np.sqrt(of.spread)) if which < of.p else 1.0
        step = spread if math.isfinite(spread) else 0.2 * size
        low, high = interval_by_profile(of, fit, which, step, 0.5 * float(chdtri(1, 1 - share)))
        if which > of.p:
            return Interval(low, high)
        factor = sample.unit**2 if which == of.p else sample.unit
        ends = (low * factor, high * factor)
        return Interval(min(ends), max(ends))

    def _common(self, digits: int) -> list[str]:
        """Heading, the corrected and the unadjusted model, heterogeneity and the test of moderators."""
        robust = "" if self.clusters is None else f"robust, {self.clusters} clusters"
        drawn = f"bootstrap, {self.replicates} samples" if self.replicates else ""
        head = [self._title(), "ML", self.direction, f"k = {self.k}", robust, drawn]
        several = len(self.names) > 1
        rows = []
        for row in self._terms():
            part, term = row["part"], str(row["term"])
            if part in ("mean", "unadjusted"):
                label = "corrected" if part == "mean" else "unadjusted"
                rows.append(dict(row) | {"term": f"{label} {term}" if several else label})
        spread = f"tau2 {size(self.tau2)} corrected, {size(self.unadjusted_tau2)} unadjusted"
        test = f"moderators: chi2({self.qm_df}) = {number(self.qm, 2)}, {p_equation(self.qm_p)}"
        return [*self._block(head, rows, digits), f"{spread}   {test}" if several else spread]


def assemble(
    sample: Sample,
    of: Likelihood,
    fit: SelectionFit,
    *,
    level: float,
    bootstrap: int,
    seed: int | np.random.Generator | None,
    notes: Notes,
    what: str,
) -> dict[str, Any]:
    """The fields of :class:`Selected` but for ``warnings``."""
    caution_few(sample.effects.k, notes, what)
    p, unit, k = of.p, sample.unit, sample.effects.k
    vcov = fit.vcov if sample.groups is None else sandwich(fit, sample.groups)
    beta, cover = fit.theta[:p] * unit, vcov[:p, :p] * unit**2
    se = np.sqrt(np.diag(cover))
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    low, high = beta - half, beta + half
    if bootstrap:
        ends = np.array(percentiles(of, fit, sample.groups, k, bootstrap, seed, level, notes)) * unit
        low, high = ends.min(axis=0), ends.max(axis=0)
    others = [i for i, name in enumerate(sample.names) if name != INTERCEPT]
    known = p > 1 and others and not np.isnan(cover).any()
    test = wald_test(beta, cover, np.eye(p)[others], np.inf) if known else None
    df = of.q - p - 1
    lrt = max(0.0, 2 * (fit.loglik - sample.loglik)) if df else math.nan

    def shaped(values: np.ndarray) -> Any:
        return float(values[0]) if p == 1 else values

    return {
        "estimate": shaped(beta),
        "se": shaped(se),
        "statistic": shaped(beta / se),
        "p_value": shaped(np.array([tail_p(float(z), math.inf, "two-sided") for z in beta / se])),
        "ci_low": shaped(low),
        "ci_high": shaped(high),
        "vcov": cover,
        "tau2": float(fit.theta[p]) * unit**2,
        "tau2_se": float(np.sqrt(vcov[p, p])) * unit**2,
        "weights": fit.theta[p + 1 :],
        "weights_se": np.sqrt(np.diag(vcov))[p + 1 :],
        # the log-likelihood of y differs from that of y / unit by the Jacobian
        "loglik": fit.loglik - k * math.log(abs(unit)),
        "lrt": lrt,
        "lrt_df": df,
        "lrt_p": float(chdtrc(df, lrt)) if df else math.nan,
        "qm": test.statistic if test else math.nan,
        "qm_df": len(others) if p > 1 else 0,
        "qm_p": test.p_value if test else math.nan,
        "unadjusted": shaped(sample.beta * unit),
        "unadjusted_tau2": sample.tau2 * unit**2,
        "names": sample.names,
        "direction": sample.side,
        "clusters": None if sample.groups is None else int(sample.groups.max()) + 1,
        "replicates": bootstrap,
        "converged": fit.converged,
        "level": level,
        "k": k,
        "search": (fit, sample),
    }

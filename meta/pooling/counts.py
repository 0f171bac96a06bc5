"""Pooling of counts: Mantel-Haenszel, Peto, generalised linear mixed models, beta-binomial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level, refuse_unused
from meta.effects.model import EffectSizes
from meta.effects.registry import measure as look_up
from meta.errors import DataWarning, Notes, NotEstimableError, unknown_option
from meta.formatting import interval, listing, number, p_equation, percent
from meta.kernels import mantel_haenszel as mh
from meta.kernels.inference import quantile, two_sided
from meta.kernels.mantel_haenszel import ChiSquared
from meta.keywords import keywords
from meta.pooling.boundary import check_option
from meta.pooling.count_effects import own_effects
from meta.pooling.count_tables import Counts, check_method, read_counts
from meta.pooling.parts import BackTransformed, Interval, back_transformed
from meta.results.base import Result
from meta.results.criteria import InformationCriteria
from meta.results.mean import OneMean
from meta.results.plain import plain
from meta.results.text import Line, display_digits, has_null, heading, heterogeneity, read_as, table

if TYPE_CHECKING:
    import pandas as pd

METHODS: dict[str, tuple[str, ...]] = {
    "MH": ("correct", "add"),
    "Peto": ("correct",),
    "GLMM": ("model", "quadrature", "add"),
    "BB": ("add",),
}
"""The methods, with the options that each takes besides those of all."""
_POOLED: dict[str, Callable[..., mh.Pooled2x2]] = {
    "OR": mh.odds_ratio,
    "RR": mh.risk_ratio,
    "RD": mh.risk_difference,
    "IRR": mh.rate_ratio,
    "IRD": mh.rate_difference,
}
METHOD_NAMES = {
    "MH": "Mantel-Haenszel",
    "Peto": "Peto",
    "GLMM": "generalised linear mixed model",
    "BB": "beta-binomial",
}
MEASURES = (*_POOLED, "PLO", "IRLN")
"""What can be pooled; of one group, by mixed models alone."""


@dataclass(frozen=True, eq=False, repr=False)
class PooledCounts(OneMean, InformationCriteria, Result):
    """A pooled count model; on the model (log, logit) scale, nothing rounded.

    Attributes
    ----------
    estimate, se, statistic, p_value, ci_low, ci_high : float
        The pooled effect; normal quantiles.
    tau2, sigma2 : float
        Heterogeneity of the effect, and of the study intercepts (``UM.RS``); NaN where the method has none.
    loglik : float
        NaN for MH and Peto, which have no likelihood. Fits of different models are not comparable.
    q, q_df, q_p : float
        Heterogeneity: Cochran's Q about the pooled estimate (MH, Peto), the likelihood-ratio test of the
        saturated model (GLMM).
    cmh, breslow_day, tarone : ChiSquared or None
        Tests that come with MH (and CMH with Peto).
    q_wald : ChiSquared or None
        The GLMM's Wald test of equal effects.
    dispersion : float
        The beta-binomial's intra-study correlation.
    yi, vi : ndarray of shape (k,)
        Studies' own effects, 1/2 added to the cells of tables with a zero; NaN for tables without
        information.
    weights : ndarray of shape (k,)
        In percent; NaN for GLMM and BB.
    """

    measure: str
    method: str
    model: str
    level: float
    estimate: float
    se: float
    k: int
    study: np.ndarray = field(repr=False)
    yi: np.ndarray = field(repr=False)
    vi: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    q: float = np.nan
    q_df: int = 0
    q_p: float = np.nan
    tau2: float = np.nan
    tau2_se: float = np.nan
    sigma2: float = np.nan
    dispersion: float = np.nan
    loglik: float = np.nan
    n_parameters: int = 1
    cmh: ChiSquared | None = None
    breslow_day: ChiSquared | None = None
    tarone: ChiSquared | None = None
    q_wald: ChiSquared | None = None
    converged: bool = True
    at_boundary: bool = False
    iterations: int = 0
    warnings: tuple[str, ...] = ()
    counts: Counts | None = field(default=None, repr=False)

    @property
    def statistic(self) -> float:
        """Wald statistic of no effect (of the value 0 on the model scale)."""
        return self.estimate / self.se

    @property
    def p_value(self) -> float:
        """Two-sided p-value."""
        return float(two_sided(self.statistic, np.inf))

    @property
    def ci_low(self) -> float:
        """Lower confidence bound."""
        return self.estimate - float(quantile(0.5 + self.level / 2, np.inf)) * self.se

    @property
    def ci_high(self) -> float:
        """Upper confidence bound."""
        return self.estimate + float(quantile(0.5 + self.level / 2, np.inf)) * self.se

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k

    @property
    def df(self) -> float:
        """Degrees of freedom of the test: infinite, because it is normal."""
        return np.inf

    @property
    def test(self) -> str:
        """Code of the test."""
        return "z"

    @property
    def effects(self) -> EffectSizes:
        """The studies' own effects, for tables and figures; not estimable where a table says nothing."""
        known = np.isfinite(self.yi) & np.isfinite(self.vi)
        yi, vi = (np.where(known, x, np.nan) for x in (self.yi, self.vi))
        inputs = {} if self.counts is None else self.counts.inputs
        return EffectSizes(yi=yi, vi=vi, measure=self.measure, study=self.study, inputs=inputs)

    def prediction_interval(self, *, level: float | None = None) -> Interval:
        """Normal interval for the effect in a new study, where the method estimates tau2."""
        at = self.level if level is None else check_level(level)
        if not np.isfinite(self.tau2):
            raise NotEstimableError(f"method {self.method!r} has no between-study variance to predict from")
        crit = float(quantile(0.5 + at / 2, np.inf))
        half = crit * float(np.sqrt(self.se**2 + self.tau2))
        return Interval(self.estimate - half, self.estimate + half)

    def backtransform(self) -> BackTransformed:
        """The estimate and its intervals for reading (ratios, proportions, rates)."""
        return back_transformed(self.effects, [self.estimate, self.ci_low, self.ci_high, *self._prediction()])

    def _predicts(self) -> bool:
        return bool(np.isfinite(self.tau2))

    def _facts(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in _GLANCE}
        return own | {"model": self.model}

    def augment(self) -> pd.DataFrame:
        """One row per study: its own effect and its weight."""
        import pandas as pd

        sei = np.sqrt(self.vi)
        half = float(quantile(0.5 + self.level / 2, np.inf)) * sei
        columns = {"study": self.study, "yi": self.yi, "vi": self.vi, "sei": sei}
        columns |= {"ci_low": self.yi - half, "ci_high": self.yi + half, "weight": self.weights}
        columns |= {"fitted": np.full(self.k, self.estimate), "residual": self.yi - self.estimate}
        return pd.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        names = (*_GLANCE, "estimate", "se", "statistic", "p_value", "ci_low", "ci_high", "warnings")
        return plain({name: getattr(self, name) for name in names})

    def _lines(self, digits: int) -> list[str]:
        shown = self.backtransform()
        places = display_digits(self.measure)
        read = f"{read_as(self.measure, shown.display)} {number(shown.estimate, places)}"
        pi = "" if np.isnan(shown.pi_low) else f"{percent(self.level)} PI {number(shown.pi_low, places)}"
        pi += "" if np.isnan(shown.pi_high) else f" to {number(shown.pi_high, places)} (normal)"
        head = f"{read} {interval(shown.ci_low, shown.ci_high, places)}"
        cmh = ("Cochran-Mantel-Haenszel", self.cmh)
        tests = (cmh, ("Breslow-Day", self.breslow_day), ("Tarone", self.tarone))
        return [
            heading(["Pooled counts", METHOD_NAMES[self.method], self.model, f"k = {self.k}"], self.measure),
            *table(
                [Line.of(self._terms()[0], pi)], self.level, digits, head=head, tested=has_null(self.measure)
            ),
            *heterogeneity(tau2=self.tau2, q=(self.q, self.q_df, self.q_p)),
            *(
                f"{name} chi2({test.df}) = {number(test.statistic, 2)}, {p_equation(test.p_value)}"
                for name, test in tests
                if test is not None
            ),
        ]

    def _shown(self) -> str:
        how = f"method={self.method!r}" + (f", model={self.model!r}" if self.model else "")
        return f"{self.measure}, {how}, k={self.k}, estimate={self.estimate:.4g}"


_GLANCE = (
    *("measure", "method", "model", "level", "k", "q", "q_df", "q_p", "tau2", "tau2_se", "sigma2"),
    *("dispersion", "loglik", "aic", "bic", "aicc", "n_parameters", "converged", "at_boundary", "iterations"),
)


def _mantel_haenszel(counts: Counts, measure: str, level: float, add: float, correct: bool) -> PooledCounts:
    if measure not in _POOLED:
        raise unknown_option("measure for Mantel-Haenszel", measure, tuple(_POOLED))
    pooled = _POOLED[measure](*counts.columns)
    yi, vi = own_effects(measure, counts.columns, add)
    use = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    q = ChiSquared.of(float(((yi[use] - pooled.estimate) ** 2 / vi[use]).sum()), int(use.sum()) - 1)
    tests: dict[str, Any] = {}
    x1, m1, x2, m2 = counts.columns
    if counts.design == "2x2":
        tests["cmh"] = mh.cochran_mantel_haenszel(x1, m1, x2, m2, correct=correct)
        if measure == "OR":
            tests["breslow_day"], tests["tarone"] = mh.breslow_day(x1, m1, x2, m2, pooled.estimate)
    else:
        tests["cmh"] = mh.rate_test(x1, m1, x2, m2, correct=correct)
    return _packed(counts, measure, "MH", level, pooled, (yi, vi), q, tests)


def _peto(counts: Counts, measure: str, level: float, _: float, correct: bool) -> PooledCounts:
    if measure != "OR":
        raise unknown_option("measure for Peto's method", measure, ("OR",))
    pooled, q = mh.peto(*counts.columns)
    a, n1, c, n2 = counts.columns
    expected, variance = mh.hypergeometric_moments(a, n1, c, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi, vi = (np.where(variance > 0, x / variance, np.nan) for x in (a - expected, np.ones_like(a)))
    tests = {"cmh": mh.cochran_mantel_haenszel(a, n1, c, n2, correct=correct)}
    return _packed(counts, measure, "Peto", level, pooled, (yi, vi), q, tests)


def _packed(
    counts: Counts,
    measure: str,
    method: str,
    level: float,
    pooled: mh.Pooled2x2,
    own: tuple[np.ndarray, np.ndarray],
    q: ChiSquared,
    tests: dict[str, Any],
) -> PooledCounts:
    if not pooled.variance > 0:
        raise NotEstimableError(
            f"the variance of the pooled {look_up(measure).name} is zero; no table has enough events"
        )
    return PooledCounts(
        measure=measure, method=method, model="", level=level, estimate=pooled.estimate, k=counts.k,
        se=float(np.sqrt(pooled.variance)), study=counts.study, yi=own[0], vi=own[1], counts=counts,
        weights=100 * pooled.weights, q=q.statistic, q_df=q.df, q_p=q.p_value, **tests,
    )  # fmt: skip


@keywords
def pool_counts(
    table: Any = None,
    *,
    measure: str,
    method: str = "MH",
    model: str | None = None,
    events1: Any = None,
    n1: Any = None,
    nonevents1: Any = None,
    events2: Any = None,
    n2: Any = None,
    nonevents2: Any = None,
    time1: Any = None,
    time2: Any = None,
    events: Any = None,
    n: Any = None,
    nonevents: Any = None,
    time: Any = None,
    study: Any = None,
    level: float = 0.95,
    add: float | None = None,
    correct: bool | None = None,
    quadrature: int | None = None,
    by: Any = None,
) -> PooledCounts:
    """Pool counts without going through effect sizes.

    Parameters
    ----------
    table : table, EffectSizes or fit, optional
        Where column names are looked up, a table of any kind as in :func:`meta.effect_sizes`, or effects that
        were computed from counts; arrays need none.
    measure : {"OR", "RR", "RD", "IRR", "IRD", "PLO", "IRLN"}
        OR, RR, RD: ``events1 n1 events2 n2`` (or ``nonevents1``, ``nonevents2``); IRR, IRD: ``events1 time1
        events2 time2``; PLO: ``events n``; IRLN: ``events time``.
    method : {"MH", "Peto", "GLMM", "BB"}
        Mantel-Haenszel; Peto (OR); generalised linear mixed model (OR, IRR, PLO, IRLN); beta-binomial (OR,
        PLO).
    model : {"UM.FS", "UM.RS", "CM.EL", "CM.AL"}, optional
        Of the GLMM for two groups; ``UM.FS`` without.
    events1, n1, nonevents1, time1, events2, n2, nonevents2, time2 : str or array, optional
        Counts of the two groups; group 1 is the treated one. Without any, the table's columns of these names.
    events, n, nonevents, time : str or array, optional
        Counts of a single group.
    study : str or array, optional
        Labels.
    level : float
        Confidence level.
    add : float, optional
        Added to the cells of tables with a zero in the studies' own effects alone (0.5); not with Peto.
    correct : bool, optional
        For MH and Peto: continuity correction of the Cochran-Mantel-Haenszel test (True).
    quadrature : int, optional
        For a GLMM: nodes of the adaptive Gauss-Hermite quadrature; 1 is Laplace's approximation.

    by : str or array, optional
        Groups to pool apart; the result is a ``CountSubgroups``: ``fits``, ``overall``, a test between.

    Returns
    -------
    PooledCounts

    Notes
    -----
    Risk differences have Sato's variance. Two-group GLMMs: Stijnen, Hamza & Ozdemir (2010),
    doi:10.1002/sim.4040; Jackson et al. (2018), doi:10.1002/sim.7588.

    Examples
    --------
    >>> import meta
    >>> fit = meta.pool_counts(measure="OR", events1=[4, 6], n1=[20, 30], events2=[9, 12], n2=[20, 30])
    >>> round(fit.estimate, 4), round(fit.backtransform().estimate, 3)
    (-1.0635, 0.345)
    """
    arguments = dict(locals())
    check_arguments(pool_counts, arguments)
    if by is not None:
        from meta.pooling.count_subgroups import pool_by_group

        arguments = {name: value for name, value in arguments.items() if name not in ("table", "by")}
        return pool_by_group(pool_counts, table, by, arguments)  # type: ignore[return-value]
    check_option("measure", measure, MEASURES)
    check_method(method, tuple(METHODS))
    check_level(level)
    options = {"model": model, "correct": correct, "quadrature": quadrature, "add": add}
    refuse_unused(f"with method {method!r}", options, METHODS[method])
    notes = Notes()
    given = {
        **{"events1": events1, "n1": n1, "nonevents1": nonevents1, "time1": time1},
        **{"events2": events2, "n2": n2, "nonevents2": nonevents2, "time2": time2},
        **{"events": events, "n": n, "nonevents": nonevents, "time": time},
    }
    extra = 0.5 if add is None else add
    counts = read_counts(table, measure, given, study, notes, whole=method in ("GLMM", "BB"))
    if method in ("MH", "Peto"):
        engine = _mantel_haenszel if method == "MH" else _peto
        return _with_notes(engine(counts, measure, level, extra, correct is not False), notes)
    from meta.pooling import glmm

    if method == "GLMM":
        return glmm.fit_glmm(counts, measure, model, level, extra, quadrature, notes)
    return glmm.fit_beta_binomial(counts, measure, level, extra, notes)


def _with_notes(fit: PooledCounts, notes: Notes) -> PooledCounts:
    from dataclasses import replace

    assert fit.counts is not None
    empty = fit.study[~np.isfinite(fit.yi)]
    if empty.size:
        who = listing(map(repr, map(str, empty)))
        notes.warn(
            f"tables that say nothing about the {look_up(fit.measure).display}: {who}",
            DataWarning,
            stacklevel=4,
        )
    return replace(fit, warnings=notes.messages)

"""Cluster-robust inference for any fit of effects: `robust` and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import fdtrc

from meta.arguments import check_arguments, check_level
from meta.effects.groups import clusters_of
from meta.errors import (
    AssumptionWarning,
    FewStudiesWarning,
    InputError,
    NarrowIntervalWarning,
    Notes,
    NotEstimableError,
)
from meta.formatting import listing, number
from meta.kernels.cluster_robust import KINDS, Sandwich, htz_test, sandwich, satterthwaite
from meta.keywords import keywords
from meta.pooling.bootstrap_test import WildBootstrap, wild_bootstrap
from meta.pooling.boundary import check_option
from meta.pooling.coefficient_text import coefficient_lines
from meta.pooling.coefficients import CoefficientInference, WaldTest, table
from meta.pooling.linear_fit import LinearFit
from meta.pooling.working_model import pieces_of, used_labels
from meta.results.abilities import LinearModel
from meta.results.plain import plain
from meta.results.print_out import heading, size

if TYPE_CHECKING:
    import pandas as pd

FEW_DF = 4.0


@dataclass(frozen=True, eq=False, repr=False)
class Robust(CoefficientInference, LinearFit):
    """Cluster-robust tests and intervals of a fit's coefficients.

    ``se df statistic p_value ci_low ci_high estimate`` are numbers for a model of one coefficient, else
    arrays of shape (p,).

    Attributes
    ----------
    names : tuple of str
        Coefficients.
    beta, vcov : ndarray of shape (p,), (p, p)
        The fit's own coefficients, and their robust covariance.
    dfs : ndarray of shape (p,)
        Degrees of freedom.
    kind, df_method : str
        The sandwich; "satterthwaite" or "residual" (clusters less coefficients).
    clusters : int
        Number of clusters.
    fit : Pooled, Regression, LocationScale or Multilevel, or None
        The fit whose errors these are; None in files that were saved before it was kept.
    working : str
        Name of the working model of `meta.rve`; empty where the fit's own covariance is the working model.
    tau2, omega2 : float
        Variances of the working model between and within clusters; NaN without one.
    labels : ndarray of shape (k,) or None
        Each effect's cluster; None in files that were saved before it was kept.
    variances : ndarray of shape (k,) or None
        Variances of a working model by moments; None where the fit's own covariance is the working model.
    """

    names: tuple[str, ...]
    beta: np.ndarray
    vcov: np.ndarray
    dfs: np.ndarray
    kind: str
    df_method: str
    clusters: int
    level: float
    cluster: str
    core: Sandwich = field(repr=False)
    warnings: tuple[str, ...] = ()
    fit: Any = field(default=None, repr=False)
    working: str = ""
    tau2: float = float("nan")
    omega2: float = float("nan")
    labels: np.ndarray | None = field(default=None, repr=False)
    variances: np.ndarray | None = field(default=None, repr=False)

    @property
    def _degrees(self) -> Any:
        return self.dfs

    @property
    def _errors(self) -> np.ndarray:
        known = True if self.core.determined is None else self.core.determined
        return np.where(known, np.sqrt(np.diag(self.vcov)), np.nan)

    @property
    def df(self) -> Any:
        """Degrees of freedom."""
        return self._shape(self.dfs)

    @property
    def effects(self) -> Any:
        """The effect sizes of the fit; None where the fit was not kept."""
        return None if self.fit is None else self.fit.effects

    @property
    def design(self) -> Any:
        """The design of the fit; None for a pooled mean."""
        return getattr(self.fit, "design", None)

    @property
    def measure(self) -> str:
        """Code of the measure; empty where the fit was not kept."""
        return "" if self.fit is None else str(self.effects.measure)

    @property
    def k(self) -> float:
        """Number of effects; NaN where the fit was not kept."""
        return np.nan if self.fit is None else self.effects.k

    @property
    def marginal(self) -> np.ndarray:
        """Marginal covariance of the effects, (k, k): the working model."""
        return pieces_of(self._kept())[2]

    def _kept(self) -> Any:
        if self.fit is None:
            raise NotEstimableError(
                "the fit that these robust errors belong to was not saved with them; "
                "fit it again and call robust once more"
            )
        return self.fit

    def _combined(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return rows @ self.beta, np.sqrt(np.einsum("ij,jk,ik->i", rows, self.vcov, rows))

    def _dfs(self, rows: np.ndarray) -> np.ndarray:
        """Satterthwaite's degrees of freedom of each combination, or the common ones."""
        if self.df_method == "satterthwaite":
            return np.asarray(satterthwaite(self.core, rows))
        return np.full(len(rows), float(self.dfs[0]))

    def _own_rows(self) -> np.ndarray:
        fit = self._kept()
        return fit._own_rows() if isinstance(fit, LinearModel) else np.ones((1, 1))

    def _between(self, rows: np.ndarray, new: Any) -> np.ndarray:
        fit = self._kept()
        return (
            fit._between(rows, new) if isinstance(fit, LinearModel) else np.full(len(rows), float(fit.tau2))
        )

    def _labels(self, n: int) -> Any:
        fit = self._kept()
        return fit._labels(n) if isinstance(fit, LinearModel) else None

    def _is_mean(self) -> bool:
        fit = self.fit
        return fit is not None and (fit._is_mean() if isinstance(fit, LinearModel) else True)

    def augment(self) -> pd.DataFrame:
        """One row per effect, as the fit has it."""
        return self._kept().augment()

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Table of ``estimate se statistic p_value df ci_low ci_high``."""
        return table(self.names, self.beta, self._errors, self.dfs, self.level, show_df=True)

    def wald(self, L: Any = None) -> WaldTest:
        """Test ``L beta = 0`` (all coefficients but the intercept without ``L``) by the HTZ approximation.

        Notes
        -----
        Tipton & Pustejovsky (2015), doi:10.3102/1076998615606099. With one row it is the Satterthwaite t
        test.
        """
        rows = self._tested(L)
        value, df = htz_test(self.core, self.beta, rows)
        p = float(fdtrc(len(rows), df, max(value, 0.0))) if df > 0 else float("nan")
        return WaldTest(value, float(len(rows)), df, p)

    def _tested(self, L: Any) -> np.ndarray:
        """Weights of contrasts; without L, all coefficients but the intercept (or the only one)."""
        if L is not None:
            return self._rows_of(L)[0]
        others = [i for i, name in enumerate(self.names) if name != "Intercept"] or [0]
        return np.asarray(np.eye(len(self.names))[others])

    def wild_bootstrap(
        self,
        L: Any = None,
        *,
        weights: str = "rademacher",
        reps: int = 1999,
        seed: int | np.random.Generator | None = None,
    ) -> WildBootstrap:
        """Test ``L beta = 0`` (all coefficients but the intercept without ``L``) by the wild bootstrap.

        Parameters
        ----------
        L : str, list of str, mapping or array, optional
            As in :meth:`wald`.
        weights : {"rademacher", "webb"}
            Of the clusters' residuals: -1 and 1, or Webb's six values, for fewer than about ten clusters.
        reps : int
            Number of draws; where there are no more than so many different ones, each is taken once.
        seed : int or Generator, optional
            Makes random draws repeatable.

        Notes
        -----
        Cameron, Gelbach & Miller (2008), doi:10.1162/rest.90.3.414; Joshi, Pustejovsky & Beretvas (2022),
        doi:10.1002/jrsm.1554; Webb (2023), doi:10.1111/caje.12661.
        """
        fit, rows = self._kept(), self._tested(L)
        if self.labels is None:
            raise NotEstimableError(
                "the clusters were not saved with these robust errors; call robust once more"
            )
        es, X, marginal, _, names, own = pieces_of(fit)
        given = None if self.variances is None else np.diag(self.variances)
        used = tuple(n for n, on in zip(names, np.any(rows != 0, axis=0), strict=True) if on)
        return wild_bootstrap(
            (es.yi, X, marginal if given is None else given, own if given is None else None),
            self.labels,
            rows,
            names=used,
            kind=self.kind,
            weights=weights,
            reps=reps,
            seed=seed,
            level=self.level,
        )

    def _facts(self) -> dict[str, Any]:
        """Of the fit, and of the clusters."""
        glance = {} if self.fit is None else self.fit.glance().iloc[0]
        fit = {str(name): value for name, value in glance.items()}
        own = {name: getattr(self, name) for name in ("kind", "df_method", "clusters", "cluster", "level")}
        if self.working:
            own |= {"tau2": self.tau2, "omega2": self.omega2, "working": self.working}
        return {"model": "cluster-robust"} | fit | {"test": self.kind} | own

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own = {name: getattr(self, name) for name in ("kind", "df_method", "clusters", "cluster", "level")}
        if self.working:
            own |= {"working": self.working, "tau2": self.tau2, "omega2": self.omega2}
        rows = self.coefficients.to_dict("index")
        return plain(own | {"coefficients": rows, "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        clusters = f"{self.clusters} clusters ({self.cluster})"
        parts = ["Cluster-robust", self.kind, clusters, f"{self.df_method.capitalize()} df", self.working]
        model = f"working model: tau2 {size(self.tau2)}, omega2 {size(self.omega2)}"
        known = [model] if self.working and np.isfinite(self.tau2) else []
        return [heading(parts, self.measure), *coefficient_lines(self, digits), *known]

    def _shown(self) -> str:
        return f"kind={self.kind!r}, clusters={self.clusters}, p={len(self.names)}"


def _caution_degenerate(core: Sandwich, names: tuple[str, ...], notes: Notes) -> None:
    """Say which standard errors do not exist, and that those of data without spread are 0."""
    assert core.determined is not None
    alone = [name for name, known in zip(names, core.determined, strict=True) if not known]
    if alone:
        notes.warn(
            f"single clusters determine {listing(alone)}, so that no cluster-robust standard error exists",
            AssumptionWarning,
        )
    if not np.any(core.vcov) and core.determined.any():
        notes.warn(
            "the effects lie exactly on the fitted values, so that cluster-robust standard errors are 0 "
            "and cannot be tested",
            NarrowIntervalWarning,
        )


@keywords
def robust(
    fit: Any,
    cluster: Any = None,
    *,
    kind: str = "CR2",
    df: str | None = None,
    level: float | None = None,
) -> Robust:
    """Replace a fit's standard errors by cluster-robust ones.

    Parameters
    ----------
    fit : Pooled, Regression or Multilevel
        Its marginal covariance is the working model.
    cluster : str or array, optional
        Column of the effects, or one label per effect. Without, every effect is its own cluster; refused
        where study labels repeat, because the label alone does not say what belongs together.
    kind : {"CR2", "CR0", "CR1", "CR1p", "CR1S", "CR3"}
        CR2 is nearly unbiased with few clusters; CR1 multiplies by m / (m - 1), CR1p by m / (m - p), CR1S by
        m (k - 1) / ((m - 1) (k - p)); CR3 is the jackknife's, which errs on the wide side.
    df : {"satterthwaite", "residual"}, optional
        Satterthwaite for CR2, clusters less coefficients for the others, unless told.
    level : float, optional
        The fit's own without.

    Returns
    -------
    Robust

    Notes
    -----
    Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004.

    Examples
    --------
    >>> import meta
    >>> fit = meta.regress(yi=[0.1, 0.4, 0.5, 0.9, 0.2, 0.6], vi=[0.01] * 6, test="z")
    >>> r = robust(fit, ["a", "a", "b", "c", "d", "e"], kind="CR1", df="residual")
    >>> round(r.se, 4), r.df
    (0.125, 4.0)
    """
    check_arguments(robust, locals())
    name = cluster if isinstance(cluster, str) else "effect" if cluster is None else "given labels"
    es, _, _, _, _, weights = pieces_of(fit)
    labels = clusters_of(es, used_labels(fit, es, cluster))
    return robust_to(fit, labels, kind=kind, df=df, level=level, cluster=name, weights=weights, working=None)


def robust_to(
    fit: Any,
    labels: np.ndarray,
    *,
    kind: str,
    df: str | None,
    level: float | None,
    cluster: str,
    weights: np.ndarray | None,
    working: np.ndarray | None,
) -> Robust:
    """Robust errors of a fit by the labels of its rows; ``working`` (k,) are the variances of a working model
    other than the fit's own covariance.
    """
    check_option("kind", kind, KINDS)
    method = df or ("satterthwaite" if kind == "CR2" else "residual")
    check_option("df", method, ("satterthwaite", "residual"))
    es, X, marginal, beta, names, _ = pieces_of(fit)
    notes = Notes()
    core = sandwich(
        es.yi, X, marginal if working is None else np.diag(working), labels, kind=kind, weights=weights
    )
    p = X.shape[1]
    if method == "satterthwaite":
        dfs = satterthwaite(core, np.eye(p))
    else:
        if core.clusters <= p:
            raise InputError(f"{core.clusters} clusters leave no degrees of freedom for {p} coefficients")
        dfs = np.full(p, float(core.clusters - p))
    low = [f"{name} ({number(d, 1)})" for name, d in zip(names, dfs, strict=True) if d < FEW_DF]
    if low:
        notes.warn(
            f"fewer than 4 degrees of freedom, so p-values are not dependable: {listing(low)}",
            FewStudiesWarning,
        )
    _caution_degenerate(core, names, notes)
    return Robust(
        names=tuple(names),
        beta=beta,
        vcov=core.vcov,
        dfs=dfs,
        kind=kind,
        df_method=method,
        clusters=core.clusters,
        level=fit.level if level is None else check_level(level),
        core=core,
        warnings=notes.messages,
        cluster=cluster,
        fit=fit,
        labels=np.asarray(labels, dtype=object),
        variances=working,
    )

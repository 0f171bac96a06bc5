"""`Regression`: a fitted mixed-effects meta-regression."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import fdtrc

from meta.arguments import check_level
from meta.effects.design import Design
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, quiet
from meta.formatting import percent
from meta.kernels.regression_inference import kenward_roger, kenward_roger_f
from meta.kernels.regression_interval import residual_interval
from meta.pooling.coefficient_text import coefficient_lines, method_name, test_name
from meta.pooling.coefficients import (
    WaldTest,
    correlation,
    only_intercept,
    table,
    unit_rows,
    wald_test,
)
from meta.pooling.intervals_and_diagnostics import Interval
from meta.pooling.linear_fit import LinearFit
from meta.pooling.permutation import Observed, PermutationTest, permutation_test
from meta.pooling.robust import Robust, robust
from meta.pooling.shrinkage import shrunken
from meta.results.criteria import InformationCriteria
from meta.results.plain import plain
from meta.results.print_out import heading, heterogeneity

if TYPE_CHECKING:
    import pandas as pd

    from meta.kernels.q_profile import Tau2Interval


@dataclass(frozen=True, eq=False, repr=False)
class Regression(LinearFit, InformationCriteria):
    """A fitted mixed-effects meta-regression; on the model scale, nothing rounded.

    Attributes
    ----------
    beta, vcov : ndarray of shape (p,), (p, p)
        Coefficients and their covariance under ``test``.
    names, terms : tuple of str, mapping
        Coefficient names; the columns of each term.
    tau2, tau2_se : float
        Residual heterogeneity and its standard error (NaN where it was not estimated).
    qm, qm_df, qm_df_residual, qm_p : float
        Omnibus test of all coefficients but the intercept: chi-squared under ``z`` (``qm_df_residual`` is
        infinite), F under every other test. NaN where there is only an intercept.
    qe, qe_df, qe_p : float
        Cochran's test of residual heterogeneity (weights 1/vi).
    r2, i2, h2 : float
        Heterogeneity accounted for and left, in percent (h2: ratio). ``r2`` is NaN where the model has no
        intercept, or nothing else.
    loglik : float
        Restricted for REML, ordinary for every other method.
    df : ndarray of shape (p,)
        Degrees of freedom of each coefficient's test; infinite under ``z``.
    aliased : tuple of str
        Columns left out because others determine them.
    excluded : tuple of str
        Studies left out because of missing values.
    user_weights : ndarray of shape (k,) or None
        The caller's weights of the coefficients, where they were given.
    exponent, scaled : ndarray of shape (p,), (p, p), or None
        Where a moderator is so large or small that ``vcov`` leaves the range of doubles: the covariance of
        the coefficients of columns divided by ``2**exponent``, from which all inference is made.
    """

    es: EffectSizes
    design: Design
    yi: np.ndarray
    vi: np.ndarray
    method: str | float
    test: str
    level: float
    beta: np.ndarray
    vcov: np.ndarray
    df: np.ndarray
    tau2: float
    tau2_se: float
    scale: float
    qm: float
    qm_df: float
    qm_df_residual: float
    qm_p: float
    qe: float
    qe_df: int
    qe_p: float
    r2: float
    i2: float
    h2: float
    loglik: float
    tau2_null: float
    iterations: int
    converged: bool
    at_boundary: bool
    warnings: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    user_weights: np.ndarray | None = None
    exponent: np.ndarray | None = None
    scaled: np.ndarray | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.names

    @property
    def X(self) -> np.ndarray:
        """Design matrix, (k, p)."""
        return self.design.X

    @property
    def aliased(self) -> tuple[str, ...]:
        """Columns left out because others determine them."""
        return self.design.aliased

    @property
    def study(self) -> np.ndarray:
        """Labels of the rows that were used."""
        return self.es.study

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.es.measure

    @property
    def k(self) -> int:
        """Number of effects used."""
        return int(self.yi.size)

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.beta.size)

    @property
    def se(self) -> np.ndarray:
        """Standard errors of the coefficients."""
        _, vcov, exponent = self._inner
        return np.ldexp(np.sqrt(np.diag(vcov)), -exponent)

    @property
    def _inner(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients and covariance for columns divided by a power of two, and its exponents."""
        if self.scaled is None or self.exponent is None:
            return self.beta, self.vcov, np.zeros(self.p, dtype=int)
        return np.ldexp(self.beta, self.exponent), self.scaled, self.exponent

    def _combined(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates and standard errors of ``rows @ beta``, (n,) each."""
        beta, vcov, exponent = self._inner
        x, size = unit_rows(rows, exponent)
        se = np.sqrt(np.einsum("ij,jk,ik->i", x, vcov, x))
        return np.ldexp(x @ beta, size), np.ldexp(se, size)

    @property
    def marginal(self) -> np.ndarray:
        """Marginal covariance of the effects, (k, k)."""
        return np.diag(self.vi + self.tau2)

    @property
    def n_parameters(self) -> int:
        """Coefficients plus tau2, where it was estimated."""
        return self.p + int(isinstance(self.method, str) and self.method != "EE")

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Table of ``estimate se statistic p_value ci_low ci_high``, one row per coefficient."""
        return table(self.names, self.beta, self.se, self.df, self.level)

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k - self.p if self.method == "REML" else self.k

    @property
    def fitted(self) -> np.ndarray:
        """Fitted values of the studies, (k,)."""
        return self.X @ self.beta

    def _between(self, rows: np.ndarray, new: Any) -> np.ndarray:
        return np.full(len(rows), self.tau2)

    def _labels(self, n: int) -> Any:
        return self.study

    def _dfs(self, rows: np.ndarray) -> np.ndarray:
        return np.array([self._row_df(row) for row in rows])

    def _row_df(self, row: np.ndarray) -> float:
        if self.test != "KR":
            return float(self.df[0])
        exponent = self._inner[2]
        kr = kenward_roger(self.vi, np.ldexp(self.X, -exponent), self.tau2)
        x = unit_rows(row[None], exponent)[0][0]
        ratio = (x @ kr.slope @ x) / (x @ kr.phi @ x)
        return float(2.0 / (kr.variance * ratio**2))

    def wald(self, L: Any) -> WaldTest:
        """Test ``L beta = 0`` jointly; F under every test but ``z``. L is given as in :meth:`contrast`."""
        return omnibus(self, self._rows_of(L)[0])

    def test_terms(self) -> pd.DataFrame:
        """Test each term (all columns of a factor together): ``statistic df df_residual p_value``."""
        import pandas as pd

        eye = np.eye(self.p)
        tests = {name: omnibus(self, eye[list(at)]) for name, at in self.design.terms.items()}
        rows = [(t.statistic, t.df1, t.df2, t.p_value) for t in tests.values()]
        return pd.DataFrame(
            rows,
            columns=["statistic", "df", "df_residual", "p_value"],
            index=pd.Index(list(tests), name="term"),
        )

    def vif(self) -> pd.DataFrame:
        """Generalised variance inflation factors by term (Fox & Monette 1992,
        doi:10.1080/01621459.1992.10475190).
        """
        import pandas as pd

        inner = [i for i in range(self.p) if i != self.design.intercept]
        r = correlation(self._inner[1][np.ix_(inner, inner)])
        rows = {}
        for name, at in self.design.terms.items():
            mine = [inner.index(i) for i in at if i in inner]
            if not mine:
                continue
            rest = [i for i in range(len(inner)) if i not in mine]
            value = float(np.linalg.det(r[np.ix_(mine, mine)]))
            value *= float(np.linalg.det(r[np.ix_(rest, rest)])) / float(np.linalg.det(r)) if rest else 1.0
            value = value if rest else 1.0
            rows[name] = (len(mine), value, value ** (1 / (2 * len(mine))))
        return pd.DataFrame.from_dict(rows, orient="index", columns=["df", "gvif", "gsif"])

    def tau2_interval(self, kind: str = "QP", *, level: float | None = None) -> Interval:
        """Confidence interval for tau2, "QP", "PL", "BJ" or "J"; an empty set is given as (0, 0).

        ``PL`` profiles the restricted likelihood, or the ordinary one of an ML fit.

        Notes
        -----
        Viechtbauer (2007), doi:10.1002/sim.2514; Jackson et al. (2014), doi:10.1186/1471-2288-14-103.
        """
        found = self.tau2_set(kind, level=level)
        return Interval(found.low, found.high)

    def tau2_set(self, kind: str = "QP", *, level: float | None = None) -> Tau2Interval:
        """The same as :meth:`tau2_interval`, with ``empty`` telling whether the set is empty."""
        share = self.level if level is None else check_level(level)
        return residual_interval(kind, self.yi, self.vi, self.X, share, restricted=self.method != "ML")

    def permutation_test(
        self, *, n: int = 1000, exact: bool | None = None, seed: int | np.random.Generator | None = None
    ) -> PermutationTest:
        """Permutation test of every coefficient and of the omnibus; see `meta.pooling.permutation`."""
        if self.test == "KR":
            raise InputError(
                "a permutation test of Kenward-Roger statistics is not offered; refit with test='hksj'"
            )
        data = Observed(self.yi, self.vi, self.design, self.method, self.test, self.user_weights)
        return permutation_test(data, n=n, exact=exact, seed=seed)

    def robust(self, cluster: Any, *, kind: str = "CR2", df: str | None = None) -> Robust:
        """Cluster-robust inference; see `meta.pooling.robust.robust`."""
        return robust(self, cluster, kind=kind, df=df)

    def blup(self, *, level: float | None = None) -> pd.DataFrame:
        """Best linear unbiased predictions of the studies' true effects: ``study estimate se low high
        shrinkage``, shrunken toward the studies' fitted values.

        Notes
        -----
        Raudenbush & Bryk (1985), doi:10.3102/10769986010002075.
        """
        share = self.level if level is None else check_level(level)
        around = self._combined(self.X)[1]
        return shrunken(self.es, self.tau2, self.fitted, around, float(self.df[0]), share)

    def _facts(self) -> dict[str, Any]:
        heterogeneity = {"q": self.qe, "q_df": self.qe_df, "q_p": self.qe_p}
        own = {name: getattr(self, name) for name in _GLANCE}
        return {"model": "meta-regression"} | heterogeneity | own

    def _shares(self) -> np.ndarray:
        w = 1 / (self.vi + self.tau2) if self.user_weights is None else self.user_weights
        return 100 * w / w.sum()

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own: dict[str, Any] = {name: getattr(self, name) for name in _GLANCE}
        rows = self.coefficients.to_dict("index")
        return plain(own | {"coefficients": rows, "aliased": self.aliased, "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        return _text(self, digits)

    def _shown(self) -> str:
        how = f"method={self.method!r}, test={self.test!r}"
        return f"k={self.k}, p={self.p}, {how}, tau2={self.tau2:.4g}"


_GLANCE = (
    *("k", "p", "method", "test", "level", "tau2", "tau2_se", "i2", "h2", "r2"),
    *("qm", "qm_df", "qm_df_residual", "qm_p", "qe", "qe_df", "qe_p"),
    *("loglik", "aic", "bic", "aicc", "converged", "iterations", "at_boundary"),
)


def omnibus(fit: Regression, L: np.ndarray) -> WaldTest:
    """Test ``L beta = 0`` as the fit's ``test`` has it; L is (m, p)."""
    beta, vcov, exponent = fit._inner
    rows = unit_rows(L, exponent)[0]
    if fit.test == "KR":
        kr = kenward_roger(fit.vi, np.ldexp(fit.X, -exponent), fit.tau2)
        value, df = kenward_roger_f(kr, beta, rows)
        return WaldTest(value, L.shape[0], df, float(fdtrc(L.shape[0], df, value)))
    return wald_test(beta, vcov, rows, float(fit.df[0]))


def _text(fit: Regression, digits: int) -> list[str]:
    """The lines of a meta-regression's print-out but for the warnings."""
    weighted = "" if fit.user_weights is None else "user weights"
    parts = ["Meta-regression", method_name(fit.method), test_name(fit.test), weighted, f"k = {fit.k}"]
    found = None
    if isinstance(fit.method, str) and fit.method != "EE":
        with quiet():
            found = fit.tau2_set("QP")
    spread = heterogeneity(
        tau2=np.nan if fit.method == "EE" else fit.tau2,
        tau2_ends=None if found is None else (found.low, found.high),
        how="fixed" if not isinstance(fit.method, str) else "Q-profile" if found is not None else "",
        i2=fit.i2,
        more=[f"R2 {percent(fit.r2 / 100)}"] if np.isfinite(fit.r2) else [],
        q=(fit.qe, fit.qe_df, fit.qe_p),
        q_name="QE",
    )
    lines = [heading(parts, fit.measure), *coefficient_lines(fit, digits), *spread]
    if not only_intercept(fit.design):
        lines.append(f"moderators: {WaldTest(fit.qm, fit.qm_df, fit.qm_df_residual, fit.qm_p)}")
    return lines

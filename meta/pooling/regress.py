"""Meta-regression: `regress` and its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from scipy.special import chdtrc

from meta.arguments import check_arguments, check_level, refuse_unused
from meta.effects.design import Design, build, refuse_uncalled
from meta.effects.double_precision import LARGEST
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import as_effects, check_weights, numbers
from meta.errors import ConvergenceWarning, InputError, NarrowIntervalWarning, Notes, NotEstimableError
from meta.kernels.degenerate import without_spread
from meta.kernels.inference import quantile
from meta.kernels.regression import fit_regression
from meta.kernels.regression_inference import kenward_roger, residual_heterogeneity
from meta.kernels.tau2 import ESTIMATORS
from meta.keywords import keywords
from meta.pooling.boundary import check_option
from meta.pooling.coefficients import likelihood_ratio_test as likelihood_ratio_test
from meta.pooling.coefficients import only_intercept
from meta.pooling.pool_options import OWN_WEIGHTS
from meta.pooling.regression_result import Regression as Regression
from meta.pooling.regression_result import omnibus

if TYPE_CHECKING:
    from meta.pooling.location_scale_fit import LocationScale

TESTS = ("z", "t", "hksj", "adhoc", "KR")

_WIDE = 256
"""Columns beyond 2**256 (1e77) either way: the square of their coefficient's error may leave doubles."""


def coefficient_covariance(
    test: str, vcov: np.ndarray, scale: float, v: np.ndarray, X: np.ndarray, tau2: float
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance and degrees of freedom of the coefficients under ``test``."""
    k, p = X.shape
    if test == "z":
        return vcov, np.full(p, np.inf)
    if test == "KR":
        kr = kenward_roger(v, X, tau2)
        return kr.vcov, kr.df
    factor = {"t": 1.0, "hksj": scale, "adhoc": max(1.0, scale)}[test]
    return factor * vcov, np.full(p, float(k - p))


def _r2(
    y: np.ndarray, v: np.ndarray, design: Design, method: str | float, tau2: float, weights: Any
) -> tuple[float, float]:
    """Share of heterogeneity accounted for, in percent, and tau2 without moderators (same rows and
    estimator).
    """
    k = y.size
    ones = np.ones((k, 1))
    q, _ = np.linalg.qr(design.X)
    spans = np.linalg.norm(ones[:, 0] - q @ (q.T @ ones[:, 0])) < 1e-8 * np.sqrt(k)
    if not spans or design.X.shape[1] == 1 or not isinstance(method, str):
        return np.nan, np.nan
    if method == "EE":
        if weights is not None:
            with np.errstate(divide="ignore"):
                v = 1 / weights  # the residual sums of squares of the fit are those of its own weights
        full, null = residual_heterogeneity(y, v, design.X), residual_heterogeneity(y, v, ones)
        return 100 * max(0.0, 1 - (full.qe / full.df) / (null.qe / null.df)), 0.0
    null_tau2 = float(fit_regression(y, v, ones, method=method, weights=weights).tau2)
    return (100 * max(0.0, (null_tau2 - tau2) / null_tau2) if null_tau2 > 0 else 0.0), null_tau2


@overload
def regress(
    data: Any = ..., formula: Any = ..., *, moderators: Any = ..., yi: Any = ..., vi: Any = ...,
    sei: Any = ..., study: Any = ..., measure: str | None = ..., intercept: bool | None = ...,
    method: str | float = ..., test: str = ..., level: float = ..., weights: Any = ...,
    scale: None = ..., link: str | None = ..., context: Mapping[str, Any] | None = ...,
) -> Regression: ...  # fmt: skip


@overload
def regress(
    data: Any = ..., formula: Any = ..., *, moderators: Any = ..., yi: Any = ..., vi: Any = ...,
    sei: Any = ..., study: Any = ..., measure: str | None = ..., intercept: bool | None = ...,
    method: str | float = ..., test: str = ..., level: float = ..., weights: Any = ..., scale: Any,
    link: str | None = ..., context: Mapping[str, Any] | None = ...,
) -> LocationScale: ...  # fmt: skip


@keywords
def regress(
    data: Any = None,
    formula: Any = None,
    *,
    moderators: Any = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    intercept: bool | None = None,
    method: str | float = "REML",
    test: str = "hksj",
    level: float = 0.95,
    weights: Any = None,
    scale: Any = None,
    link: str | None = None,
    context: Mapping[str, Any] | None = None,
) -> Regression | LocationScale:
    """Fit a mixed-effects meta-regression.

    Parameters
    ----------
    data : EffectSizes, fit or table
        Effects; of a table, ``yi``, ``vi`` (or ``sei``) and ``study`` name columns.
    formula : str, optional
        One-sided formula over the columns, ``"~ dose + C(form)"``: factors, interactions, splines (``bs``,
        ``cr``), no intercept (``~ 0 + ...``). A name that Python cannot hold stands in backticks
        (``"~ `J/N` + C(`class`)"``). An array here is taken as ``moderators``.
    moderators : str, list of str, array, mapping or frame, optional
        Moderators without a formula: names of columns, or values (k,) or (k, m).
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`.
    intercept : bool, optional
        Whether names and arrays of moderators get an intercept (True); formulas say so themselves.
    method : str or float
        A key of :data:`meta.pooling.pool_options.ESTIMATORS` (EE, DL, DLIT, HE, HS, HSk, SJ, ML, REML, EB,
        PM, PMM, GENQ), or a number for a fixed tau2.
    test : {"hksj", "z", "t", "adhoc", "KR"}
        Hartung-Knapp (t and F with k - p degrees of freedom) unless told otherwise.
    level : float
        Confidence level.
    weights : array or str, optional
        Weights of the coefficients instead of the inverse variances, and of the generalised Q statistic of
        ``GENQ``; an array or a column.
    scale : str or array, optional
        Formula or moderators of tau2: a location-scale model, see `meta.pooling.location_scale_fit`.
    link : {"log", "identity"}, optional
        Link of the scale part ("log").
    context : mapping of str to function, optional
        Functions of your own that the formula may call: ``context={"f": f}`` for ``"~ f(dose)"``. Without, a
        formula holds columns, arithmetic and the functions that are listed in `meta.effects.design`.

    Returns
    -------
    Regression or LocationScale

    Notes
    -----
    Knapp & Hartung (2003), doi:10.1002/sim.1482; Raudenbush (2009); Viechtbauer et al. (2015),
    doi:10.1037/met0000023; R2 after Raudenbush, by the same estimator on the same rows.

    With weights A the coefficients are ``(X'AX)^-1 X'A y``, and their covariance under the model is
    ``(X'AX)^-1 X'A (V + tau2 I) A X (X'AX)^-1``. Hartung-Knapp's factor stays ``y'Py / (k - p)`` with
    inverse-variance weights: under the model its mean is 1 whatever the weights of the coefficients are.
    Q statistics and intervals of tau2 use inverse-variance weights; the log-likelihood is that of these
    coefficients. Kenward-Roger's correction is not defined for given weights and is refused.

    Examples
    --------
    >>> import meta
    >>> dose = {"dose": [1, 2, 3, 4]}
    >>> fit = meta.regress(yi=[0.1, 0.4, 0.5, 0.9], vi=[0.01] * 4, moderators=dose, test="z")
    >>> fit.coefficients["estimate"].round(3).to_dict()
    {'Intercept': -0.15, 'dose': 0.25}
    """
    check_arguments(regress, locals())
    check_option("test", test, TESTS)
    check_level(level)
    if isinstance(method, str):
        check_option("method", method, tuple(ESTIMATORS))
    elif not 0 <= method <= LARGEST:
        raise InputError(f"a fixed tau2 must be a number >= 0, got {method!r}")
    es, notes = as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure), Notes()
    if scale is None:
        refuse_unused("without scale", {"link": link})
    else:
        refuse_unused("in a location-scale model", {"weights": weights})
    design = build(es, formula, moderators, intercept, notes, context=context, any_unit=scale is None)
    if scale is not None:
        from meta.pooling.location_scale_fit import fit_location_scale

        return fit_location_scale(
            es,
            design,
            scale,
            link=link or "log",
            method=method,
            test=test,
            level=level,
            notes=notes,
            context=context,
        )
    refuse_uncalled(context, design)
    own = _weights(es, design, weights, method, test)
    return _fit(es, design, method, test, level, own, notes)


def _weights(
    es: EffectSizes, design: Design, weights: Any, method: str | float, test: str
) -> np.ndarray | None:
    """The caller's weights of the rows used."""
    if weights is None:
        if isinstance(method, str) and ESTIMATORS[method].weighted:
            raise InputError(
                f"method {method!r} needs weights: give weights= with one positive number per study"
            )
        return None
    given = numbers(es, weights, "weights")[design.rows]
    check_weights(given, es.study[design.rows])
    if test == "KR":
        raise InputError(OWN_WEIGHTS)
    positive = design.X[given > 0]
    if np.linalg.matrix_rank(positive / np.abs(design.X).max(axis=0)) < design.X.shape[1]:
        raise NotEstimableError(
            f"the {len(positive)} studies with a positive weight cannot estimate "
            f"{design.X.shape[1]} coefficients; give more studies a weight, or use fewer moderators"
        )
    return given


def _check_size(k: int, p: int) -> None:
    if k <= p:
        raise NotEstimableError(
            f"{k} effects cannot estimate {p} coefficients and leave a residual; use fewer moderators"
        )


def _fit(
    es: EffectSizes,
    design: Design,
    method: str | float,
    test: str,
    level: float,
    weights: np.ndarray | None,
    notes: Notes,
) -> Regression:
    used = es.subset(design.rows)
    y, v, X = used.yi, used.vi, design.X
    k, p = X.shape
    _check_size(k, p)
    core = fit_regression(y, v, X, method=method, weights=weights)
    if not bool(core.converged):
        notes.warn(f"{method} did not meet its tolerance", ConvergenceWarning)
    tau2 = float(core.tau2)
    spread = not without_spread(y, y - X @ core.beta)
    s2 = float(core.rss) / (k - p) if spread else 0.0
    exponent = core.exponent
    scaled, df = coefficient_covariance(test, core.scaled, s2, v, np.ldexp(X, -exponent), tau2)
    with np.errstate(over="ignore", under="ignore"):
        vcov = np.ldexp(scaled, -exponent[:, None] - exponent)
    extreme = bool(np.any(np.abs(exponent) > _WIDE))
    share = 0.5 + level / 2
    if test == "hksj" and not spread:
        notes.warn(
            "the effects lie exactly on the fitted values, so that Hartung-Knapp's standard errors are 0: "
            "report test='adhoc' instead",
            NarrowIntervalWarning,
        )
    elif test == "hksj" and np.sqrt(s2) * float(quantile(share, k - p)) < float(quantile(share, np.inf)):
        notes.warn(
            f"the Hartung-Knapp scale is {s2:.3g}, so intervals are narrower than the classic ones; "
            "test='adhoc' does not let it fall below 1",
            NarrowIntervalWarning,
        )
    left = residual_heterogeneity(y, v, X)
    r2, null_tau2 = _r2(y, v, design, method, tau2, weights)
    if method == "EE":
        i2, h2 = 100 * max(0.0, (left.qe - left.df) / left.qe) if left.qe > 0 else 0.0, left.qe / left.df
    else:
        i2, h2 = 100 * tau2 / (tau2 + left.typical), tau2 / left.typical + 1
    draft: dict[str, Any] = {
        "es": used,
        "design": design,
        "yi": y,
        "vi": v,
        "method": method,
        "test": test,
        "level": level,
        "beta": core.beta,
        "vcov": vcov,
        "df": df,
        "tau2": tau2,
        "tau2_se": float(core.tau2_se),
        "scale": s2,
        "qe": left.qe,
        "qe_df": left.df,
        "qe_p": float(chdtrc(left.df, left.qe)),
        "r2": r2,
        "i2": i2,
        "h2": h2,
        "loglik": float(core.loglik),
        "tau2_null": null_tau2,
        "iterations": core.iterations,
        "converged": bool(core.converged),
        "at_boundary": bool(core.at_boundary),
        "warnings": notes.messages,
        "excluded": tuple(map(str, es.study[~design.rows])),
        "user_weights": weights,
        "exponent": exponent if extreme else None,
        "scaled": scaled if extreme else None,
    }
    blank = Regression(**draft, qm=np.nan, qm_df=np.nan, qm_df_residual=np.nan, qm_p=np.nan)
    if only_intercept(design):
        return blank
    whole = omnibus(blank, np.eye(p)[list(design.tested())])
    return Regression(
        **draft,
        qm=whole.statistic,
        qm_df=whole.df1,
        qm_df_residual=whole.df2,
        qm_p=whole.p_value,
    )

"""Dose-response meta-analysis: `dose_response`."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.effects.registry import measure as look_up
from meta.errors import AssumptionWarning, ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing
from meta.kernels.dose import one_stage, two_stage
from meta.kernels.dose.bases import CURVED
from meta.kernels.dose.curve_heterogeneity import KINDS
from meta.kernels.dose.stacked_trials import Trials
from meta.keywords import keywords
from meta.models.dose.curve import warn_outside
from meta.models.dose.curve_result import DoseResponse as DoseResponse
from meta.models.dose.dose_columns import read_arms
from meta.models.dose.marginal import lay_out
from meta.models.dose.nonlinear import estimated_basis
from meta.models.dose.reference_contrasts import COVARIANCES, Choices, Comparisons, compare
from meta.models.dose.shapes import NAMES, check_identified, make_basis
from meta.pooling.boundary import check_option

METHODS = ("REML", "ML", "MM", "EE")
TESTS = ("z", "t", "KR")
STAGES = ("one", "two")


@keywords
def dose_response(
    table: Any = None,
    *,
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
    method: str = "REML",
    stage: str = "one",
    heterogeneity: str | None = None,
    test: str = "z",
    covariance: str = "GL",
    rho: float | None = None,
    vtype: str | None = None,
    open_ended: float | None = None,
    level: float = 0.95,
) -> DoseResponse:
    """Fit a curve of effect against dose to trials (or cohorts, or case-control studies) with several doses.

    Parameters
    ----------
    table : table, optional
        One row per arm, the reference arm of each study included; the other arguments name its columns or are
        arrays. Columns called as the arguments are found by themselves.
    study : str or array
        Which rows belong to one study.
    dose : str or array
        Dose of each arm, >= 0. Categories are read too: "2.5-9.3" as its midpoint, "<2.5" as half of it,
        ">9.3" as ``open_ended`` times it; a warning says so.
    time : str or array, optional
        Time of each arm (weeks of treatment), in place of ``dose``: the same models over time.
    measure : str, optional
        "MD" or "SMD" of ``mean sd n``; otherwise the measure of ``yi``, by default that of the design.
    yi, vi, sei : str or array, optional
        Adjusted effects against the study's reference (logs of ratios) with variances or standard errors,
        both empty (or 0) in the reference row.
    cases, n : str or array, optional
        Ratios: cases, and everybody in the group (cases and controls together; person-time for rates). Beside
        ``yi`` they give the covariances, without ``yi`` the crude log ratios.
    mean, sd, n : str or array, optional
        Means: of every arm.
    design : {"cohort", "case-control", "rates"}, str or array, optional
        What ``cases`` and ``n`` are; or a column that says it for each study.
    referent : str or array, optional
        True in each study's reference row. Without: the row without a standard error, or of means and counts
        the lowest dose.
    unit : str or array, optional
        Unit of the doses ("mg elemental"), or a column with it; doses in different units are refused.
    shape : {"linear", "log", "quadratic", "rcs", "fp", "emax", "plateau"}
        Linear; ``log(1 + dose)``; quadratic; restricted cubic spline; fractional polynomial;
        ``Emax x / (ED50 + x)``; linear up to a dose and constant from there.
    knots : int or list of numbers, optional
        Of a spline: how many, at Harrell's quantiles of the doses (3), or where. Of a plateau: where it
        begins, in place of an estimate.
    powers : tuple of numbers, optional
        Of a fractional polynomial, from -2, -1, -0.5, 0 (the logarithm), 0.5, 1, 2, 3.
    reference_dose : float
        Dose that predictions compare with.
    method : {"REML", "ML", "MM", "EE"}
        Restricted or ordinary maximum likelihood, moments (two stages), equal curves.
    stage : {"one", "two"}
        One likelihood for all trials, which takes trials with a single dose too; or each trial's own curve
        and then their pool. Where every trial identifies all terms both give the same numbers.
    heterogeneity : {"full", "diagonal", "proportional", "additive", "none"}, optional
        How curves differ: a covariance matrix of the coefficients, independent coefficients, a standard
        deviation that grows with the dose, one that does not depend on it, not at all. Without: full if at
        least three trials identify all terms, else proportional.
    test : {"z", "t", "KR"}
        Normal; t with as many degrees of freedom as there are trials, less terms; Kenward-Roger.
    covariance : {"GL", "GL-risk", "Hamling", "independent"}
        Covariances of ratios with one reference: Greenland & Longnecker, with the equations of odds ratios
        for cohorts too, as R's dosresmeta and Stata's glst have it; the same with counts that have the
        reported risk ratios; Hamling; none, which is wrong but shows their part.
    rho : float, optional
        Correlation of effects with one reference where counts are not known (0.5).
    vtype : {"HO", "LS"}, optional
        Mean differences: one SD for all arms of a trial (HO), or each arm's own.
    open_ended : float, optional
        What the bound of an open dose category is multiplied by (1.2).
    level : float
        Confidence level.

    Returns
    -------
    DoseResponse

    Notes
    -----
    ``y_ij ~ N(f(x_ij) - f(x_i0), S_i + Z_i Psi Z_i')`` without an intercept: Crippa et al. (2019),
    doi:10.1177/0962280218773122; Greenland & Longnecker (1992), doi:10.1093/oxfordjournals.aje.a116237.

    Examples
    --------
    >>> import meta
    >>> table = {
    ...     "trial": ["A", "A", "A", "B", "B", "C", "C"],
    ...     "dose": [0, 100, 200, 0, 300, 0, 150],
    ...     "mean": [1.0, 1.4, 2.1, 0.8, 2.6, 1.1, 1.6],
    ...     "sd": [1.0, 1.1, 0.9, 1.2, 1.0, 1.1, 1.0],
    ...     "n": [30, 30, 30, 25, 25, 40, 40],
    ... }
    >>> curve = meta.dose_response(table, study="trial", measure="MD")
    >>> curve.predict([100, 300])[["dose", "estimate"]].round(2).to_dict("list")
    {'dose': [100.0, 300.0], 'estimate': [0.53, 1.58]}
    """
    check_arguments(dose_response, locals())
    check_level(level)
    notes = Notes()
    check_options(method, stage, heterogeneity, test, covariance, rho, vtype)
    if not reference_dose >= 0:
        raise InputError(f"reference_dose must be >= 0, got {reference_dose:g}")
    given = {"yi": yi, "vi": vi, "sei": sei, "cases": cases, "n": n, "mean": mean, "sd": sd}
    arms = read_arms(
        table, given, study=study, dose=dose, time=time, design=design, referent=referent, unit=unit,
        open_ended=open_ended, notes=notes,
    )  # fmt: skip
    code = None if measure is None else look_up(measure).code
    data = compare(arms, Choices(code, covariance, rho, vtype), notes)
    return fit_curve(
        data,
        make_basis(shape, knots, powers, data.doses, notes),
        (method, stage, heterogeneity, test, covariance),
        (float(reference_dose), arms.unit, level, arms.axis),
        notes,
    )


def check_options(
    method: str, stage: str, heterogeneity: str | None, test: str, covariance: str, rho: Any, vtype: Any
) -> None:
    """Refuse options that do not exist or that contradict each other."""
    check_option("method", method, METHODS)
    check_option("stage", stage, STAGES)
    check_option("test", test, TESTS)
    check_option("covariance", covariance, COVARIANCES)
    if heterogeneity is not None:
        check_option("heterogeneity", heterogeneity, KINDS)
    if vtype is not None:
        check_option("vtype", vtype, ("HO", "LS"))
    if rho is not None and not 0 <= rho < 1:
        raise InputError(f"rho must lie between 0 and 1, got {rho:g}; it is the correlation of two effects")
    if method == "MM" and stage == "one":
        raise InputError("method='MM' is for stage='two': moments need each trial's own coefficients")
    if method == "EE" and heterogeneity not in (None, "none"):
        raise InputError(
            f"heterogeneity={heterogeneity!r} contradicts method='EE', equal curves in all trials"
        )
    if stage == "two" and heterogeneity in ("proportional", "additive"):
        raise InputError(f"heterogeneity={heterogeneity!r} is for stage='one'")
    if method == "MM" and heterogeneity not in (None, "full"):
        raise InputError(f"method='MM' estimates full heterogeneity, not {heterogeneity!r}")
    if test == "KR" and (method != "REML" or stage == "two" or heterogeneity == "none"):
        raise InputError("test='KR' needs method='REML', stage='one' and heterogeneity between trials")


def fit_curve(
    data: Comparisons,
    basis: Any,
    options: tuple[str, str, str | None, str, str],
    told: tuple[float, str, float, str],
    notes: Notes,
) -> DoseResponse:
    """Fit one basis to comparisons that are read and checked."""
    method, stage, wanted, test, covariance = options
    origin, unit, level, axis = told
    if basis.kind in CURVED and not basis.values:
        basis = estimated_basis(data, basis.kind, method, stage, wanted, notes)
    trials = lay_out(data.es.yi, data.S, data.dose, data.origin, basis)
    check_identified(trials.Z * trials.scale, basis)
    kind = _heterogeneity(trials, basis, method, stage, wanted, notes)
    _check_size(trials, kind, method, test)
    if stage == "two":
        found = two_stage.fit(_first_stage(data, trials), kind, method)
    else:
        found = one_stage.fit(trials, kind, restricted=method == "REML")
    if not found.converged:
        notes.warn(f"{method} did not meet its tolerance", ConvergenceWarning)
    m, p = len(trials.S), len(found.beta)
    scale = np.outer(trials.scale, trials.scale)
    q = len(found.psi)
    psi = found.psi / scale[:q, :q] if kind in ("full", "diagonal") else found.psi
    beta = found.beta / trials.scale
    if basis.estimated:
        beta = np.array([basis.values[1], basis.values[0]])
    if kind == "proportional":
        psi = psi / float(np.abs(data.dose - data.origin).max()) ** 2
    made = DoseResponse(
        es=data.es, dose=data.dose, origin=data.origin, doses=data.doses, basis=basis, heterogeneity=kind,
        method=method, stage=stage, test=test, level=level, covariance=covariance, reference_dose=origin,
        unit=unit, beta=beta, vcov=found.vcov / scale, psi=psi,
        df=np.full(p, float(m - p) if test == "t" else np.inf), loglik=found.loglik,
        n_covariance=found.n_covariance, iterations=found.iterations, converged=found.converged, axis=axis,
    )  # fmt: skip
    warn_outside(origin, made.seen, notes)
    return _finished(made, notes)


def _heterogeneity(
    trials: Trials, basis: Any, method: str, stage: str, wanted: str | None, notes: Notes
) -> str:
    """The heterogeneity that was asked for, or the fullest that the trials identify."""
    p = trials.random.shape[1]
    whole = int(np.sum(trials.ranks >= p))
    single = int(np.sum([len(S) == 1 for S in trials.S]))
    if p > 1 and whole == 0 and single == len(trials.S):
        notes.warn(
            f"every trial gives one dose: the {NAMES[basis.kind]} curve is seen between trials, within none",
            AssumptionWarning,
        )
    if method == "EE":
        return "none"
    if wanted is None and (stage == "two" or p == 1):
        return "full"
    if wanted is None:
        return "full" if whole >= 3 else "proportional"
    if wanted in ("full", "diagonal") and p > 1 and whole == 0:
        raise NotEstimableError(
            f"no trial identifies all {p} terms, so heterogeneity={wanted!r} cannot be estimated; choose "
            "'proportional' or 'additive', or a simpler shape"
        )
    return wanted


def _check_size(trials: Trials, kind: str, method: str, test: str) -> None:
    (n, p), m = trials.Z.shape, len(trials.S)
    if kind != "none" and m < 2:
        raise NotEstimableError("one study says nothing about differences between studies; use method='EE'")
    if method == "REML" and n <= p:
        raise NotEstimableError(
            f"{n} effects cannot estimate {p} terms and heterogeneity; choose a simpler shape"
        )
    if test == "t" and m <= p:
        raise NotEstimableError(
            f"test='t' has {m} trials - {p} terms degrees of freedom, which is not positive"
        )


def _first_stage(data: Comparisons, trials: Trials) -> two_stage.FirstStage:
    lacking = [
        str(data.es.study[rows.start])
        for rows, r in zip(trials.rows, trials.ranks, strict=True)
        if r < trials.Z.shape[1]
    ]
    if lacking:
        raise NotEstimableError(
            f"stage='two' needs trials that identify all {trials.Z.shape[1]} terms by themselves, which "
            f"{listing(map(repr, lacking[:20]))} cannot; use stage='one', which takes them"
        )
    return two_stage.first_stage(trials)


def _finished(fit: DoseResponse, notes: Notes) -> DoseResponse:
    from dataclasses import replace

    if fit.test == "KR":
        found = fit.small_sample
        fit = replace(fit, vcov=found.vcov, df=found.df(np.eye(fit.p)))
    return replace(fit, warnings=notes.messages)

"""Multilevel and multivariate meta-analysis: `pool_multilevel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import chdtrc

from meta.arguments import check_arguments, check_level, refuse_unused
from meta.effects.design import Design, build, refuse_uncalled
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping
from meta.effects.intake import as_effects
from meta.errors import AssumptionWarning, ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing
from meta.kernels.mixed import Maximum, MixedModel, RandomTerm, lay_out, maximise, residual_q, small_sample
from meta.keywords import keywords
from meta.pooling.boundary import check_option
from meta.pooling.components import components_of, marginal_of
from meta.pooling.dependence import given_covariance, sampling_covariance
from meta.pooling.multilevel_numbers import SMALL
from meta.pooling.multilevel_result import Multilevel as Multilevel
from meta.pooling.nested_levels import nested_groups
from meta.pooling.random_terms import Terms, inner_term, read_terms

FACTOR = ("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR")
TESTS = ("z", "t", "containment", "satterthwaite", "KR")


def _check_levels(levels: Sequence[str], groups: list[np.ndarray], k: int, notes: Notes) -> None:
    sizes = [int(g.max()) + 1 for g in groups]
    for i in range(1, len(levels)):
        if sizes[i - 1] == sizes[i]:
            notes.warn(
                f"levels {levels[i - 1]!r} and {levels[i]!r} have the same {sizes[i]} groups, "
                "so only the sum of their variances is identified",
                AssumptionWarning,
            )
    if sizes[0] < 2:
        raise NotEstimableError(f"level {levels[0]!r} has a single group; its variance cannot be estimated")
    if sizes[-1] < k:
        notes.warn(
            f"the innermost level {levels[-1]!r} has {sizes[-1]} groups for {k} effects, so effects within a "
            "group are taken to differ by sampling error alone; add a level of effects, "
            "levels=[..., 'effect']",
            AssumptionWarning,
        )


def containment_df(X: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Containment df: groups of the coarsest level within which a column does not vary, less p."""
    k, p = X.shape
    out = np.full(p, float(k - p))
    for j in range(p):
        for g in groups:
            first = np.zeros(int(g.max()) + 1)
            first[g] = X[:, j]
            if np.allclose(first[g], X[:, j]):
                out[j] = float(len(first) - p)
                break
    return out


def inference_of(
    model: MixedModel, core: Maximum, X: np.ndarray, groups: list[np.ndarray], test: str
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of the coefficients and their degrees of freedom."""
    k, p = X.shape
    if test in SMALL:
        small = small_sample(model, core.phi)
        return (small.vcov if test == "KR" else core.vcov), small.df(np.eye(p))
    if test == "containment":
        return core.vcov, containment_df(X, groups)
    return core.vcov, np.full(p, np.inf if test == "z" else float(k - p))


@keywords
def pool_multilevel(
    data: Any = None,
    *,
    levels: Sequence[str] | str | None = None,
    rho: float | None = None,
    moderators: Any = None,
    V: Any = None,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
    inner: str | None = None,
    struct: str | Sequence[str | None] | None = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
    random: str | Sequence[str] | None = None,
    R: Mapping[str, Any] | None = None,
    fixed: Mapping[str, float] | None = None,
) -> Multilevel:
    """Pool effects that depend on one another.

    Parameters
    ----------
    data : EffectSizes, fit or table
        Effects; of a table, ``yi``, ``vi`` (or ``sei``) and ``study`` name columns.
    levels : sequence of str, optional
        Columns of nested random intercepts, outermost first; labels may restart inside each outer group.
        ``effect`` numbers the rows where there is no such column. Without ``levels`` and ``random``:
        ``["study", "effect"]``.
    rho : float, optional
        Correlation of the sampling errors within the outermost level.
    moderators : str, list of str, array, mapping or frame, optional
        Formula (``"~ year"``), names of columns, or values.
    V : array or sparse matrix of shape (k, k), optional
        Sampling covariances (:func:`meta.vcalc` makes them), in place of ``rho``; without either, those that
        the effect sizes carry.
    method : {"REML", "ML"}
        Restricted or ordinary maximum likelihood.
    test : {"z", "t", "containment", "satterthwaite", "KR"}
        Normal; t with k - p, with containment, Satterthwaite's or Kenward and Roger's degrees of freedom (the
        last ones with their covariance of the coefficients; both need REML). `Multilevel.robust` does not
        rest on the random terms being right.
    level : float
        Confidence level.
    inner : str, optional
        Column of inner levels (outcomes, say): random effects by inner level within the one level of
        ``levels``.
    struct : str or sequence of str, optional
        Covariance structure of the inner levels (UN), or of each term of ``random`` that has a left side: UN,
        CS, HCS, DIAG, ID, AR, HAR for the levels of a factor (UN); GEN, GDIAG for random slopes (GEN); CAR
        for real times, SPEXP, SPGAU for coordinates.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`; beside arrays, the levels are given as arrays too.
    intercept : bool, optional
        Whether names and arrays of moderators get an intercept (True); formulas say so themselves.
    context : mapping of str to function, optional
        Functions of your own that the formula may call: ``context={"f": f}`` for ``"~ f(dose)"``. Without, a
        formula holds columns, arithmetic and the functions that are listed in `meta.effects.design`.
    random : str or sequence of str, optional
        Random terms, in place of ``levels`` and ``inner``: ``"~ 1 | study/effect"`` (nested intercepts),
        ``"~ outcome | study"`` (inner levels of a factor), ``"~ dose | study"`` and ``"~ 0 + dose | study"``
        (random slopes with and without an intercept). Terms of a list add up, nested or crossed.
    R : mapping of str to DataFrame, optional
        Known correlations among the levels of a column, ``R={"species": C}``, for the term
        ``"~ 1 | species"``. The same term once more is its twin without R.
    fixed : mapping of str to float, optional
        Variances of random intercepts that are given and not estimated, by the name of the term:
        ``fixed={"study/effect": 0.01}``.

    Returns
    -------
    Multilevel

    Notes
    -----
    ``y ~ N(X b, V + sum of Z_i G_i Z_i')``. Konstantopoulos (2011), doi:10.1002/jrsm.35; Pustejovsky & Tipton
    (2022), doi:10.1007/s11121-021-01246-3; Nakagawa & Santos (2012), doi:10.1007/s10682-012-9555-5 (R);
    Kenward & Roger (1997), doi:10.2307/2533558.

    Examples
    --------
    >>> import meta
    >>> table = {"study": ["a", "a", "b", "b", "c", "c"], "yi": [0, 0.2, 1, 1.3, -1, -0.8], "vi": [0.01] * 6}
    >>> fit = meta.pool_multilevel(table, levels=["study", "effect"], rho=0.5)
    >>> fit.sigma2.round(3).tolist()
    [1.032, 0.023]
    """
    check_arguments(pool_multilevel, locals())
    check_option("method", method, ("REML", "ML"))
    check_option("test", test, TESTS)
    if test in SMALL and method != "REML":
        raise InputError(f"test={test!r} rests on restricted likelihood; use method='REML'")
    check_level(level)
    notes = Notes()
    es = as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    _refuse_mixture(levels, inner, struct, random, R, fixed)
    design = build(es, None, moderators, intercept, notes, context=context)
    refuse_uncalled(context, design)
    used = es.subset(design.rows)
    if design.X.shape[0] <= design.X.shape[1]:
        raise NotEstimableError(f"{used.k} effects cannot estimate {design.X.shape[1]} coefficients")
    own = given_covariance(es, V, design.rows)
    if random is None:
        named = (
            ["study", "effect"] if levels is None else [levels] if isinstance(levels, str) else list(levels)
        )
        terms, extra = _of_levels(es, used, design, named, inner, struct, notes)
    else:
        terms, extra = _of_formulas(used, random, struct, R, fixed, notes, context)
    S = sampling_covariance(used, terms.terms[0].group, rho, own)
    return _fit(used, design, terms, S, rho, (method, test, level), notes, extra)


def _refuse_mixture(levels: Any, inner: Any, struct: Any, random: Any, R: Any, fixed: Any) -> None:
    if random is None:
        refuse_unused("without random", {"R": R, "fixed": fixed})
        if inner is None:
            refuse_unused("without inner", {"struct": struct})
    elif levels is not None or inner is not None:
        raise InputError("give either random or levels and inner, not both")


def _of_levels(
    es: EffectSizes,
    used: EffectSizes,
    design: Design,
    named: list[Any],
    inner: str | None,
    struct: Any,
    notes: Notes,
) -> tuple[Terms, dict[str, Any]]:
    """Random terms of nested levels, or of inner levels within one."""
    if not named:
        raise InputError("levels names no column; give the outermost first, levels=['study', 'effect']")
    labels = [name if isinstance(name, str) else f"level {i + 1}" for i, name in enumerate(named)]
    groups = nested_groups([grouping(es, name, "levels", design.rows) for name in named])
    if inner is None:
        _check_levels(labels, groups, used.k, notes)
        terms = tuple(RandomTerm(name, "", group) for name, group in zip(labels, groups, strict=True))
        return Terms(terms, (None,) * len(terms)), {}
    if len(named) != 1:
        raise InputError(f"inner={inner!r} needs exactly one outer level, got {listing(labels)}")
    structure = "UN" if struct is None else struct
    check_option("struct", structure, FACTOR)
    term = inner_term(used, f"{inner} | {labels[0]}", inner, structure, groups[0], notes)
    extra = {"levels": tuple(labels), "inner": inner, "struct": structure, "inner_levels": term.labels}
    return Terms((term,), (None,)), extra


def _of_formulas(
    used: EffectSizes, random: Any, struct: Any, R: Any, fixed: Any, notes: Notes, context: Any
) -> tuple[Terms, dict[str, Any]]:
    """Random terms of formulas, checked for what cannot be told apart."""
    found = read_terms(used, random, struct, R, fixed, notes, context)
    seen: dict[str, RandomTerm] = {}
    for term in found.terms:
        if term.name in seen:
            raise InputError(f"random has the term {term.name!r} twice; leave one out")
        if int(term.group.max()) < 1 and term.place is None:
            raise NotEstimableError(f"{term.name!r} has a single group; its variance cannot be estimated")
        for name, other in seen.items():
            plain = not (term.struct or other.struct or term.fixed or other.fixed)
            if plain and term.known is other.known is None and np.array_equal(term.group, other.group):
                notes.warn(
                    f"{name!r} and {term.name!r} have the same groups, so only the sum of their variances is "
                    "identified",
                    AssumptionWarning,
                )
        seen[term.name] = term
    if not any(_tells_apart(term) for term in found.terms):
        notes.warn(
            f"no random term tells the {used.k} effects apart, so effects within a group are taken to differ "
            "by sampling error alone; add a term of effects, '~ 1 | study/effect'",
            AssumptionWarning,
        )
    return found, {}


def _tells_apart(term: RandomTerm) -> bool:
    """Whether no two rows share all that a term knows of them."""
    known = [x for x in (term.z, term.place) if x is not None]
    table = np.column_stack([term.group, *known])
    return term.known is not None or len(np.unique(table, axis=0)) == len(table)


def _fit(
    es: EffectSizes,
    design: Design,
    terms: Terms,
    S: Any,
    rho: float | None,
    options: tuple[str, str, float],
    notes: Notes,
    extra: dict[str, Any],
) -> Multilevel:
    method, test, level = options
    model = lay_out(es.yi, design.X, S, terms.terms)
    core = maximise(model, restricted=method == "REML")
    if not core.converged:
        notes.warn(f"{method} did not meet its tolerance", ConvergenceWarning)
    k, p = design.X.shape
    left = residual_q(es.yi, design.X, S)
    found = components_of(terms.terms, core)
    groups = _nested(terms.terms)
    vcov, df = inference_of(model, core, design.X, groups, test)
    single = len(terms.terms) == 1 and terms.terms[0].z is not None
    own = {
        "levels": tuple(term.name for term in terms.terms),
        "G": terms.terms[0].shape.covariance(core.phi) if single else None,
    }
    return Multilevel(
        es=es,
        design=design,
        groups=tuple(term.group for term in terms.terms),
        method=method,
        test=test,
        level=level,
        rho=rho,
        beta=core.beta,
        vcov=vcov,
        df=df,
        sigma2=found.sigma2,
        sigma2_se=found.sigma2_se,
        loglik=core.loglik,
        qe=left.q,
        qe_df=k - p,
        qe_p=float(chdtrc(k - p, left.q)),
        typical=(k - p) / float(left.p.sum()),
        S=S,
        marginal=marginal_of(model, core.phi, es.k),
        stacked=None,
        phi=core.phi,
        n_covariance=len(core.phi),
        iterations=core.iterations,
        converged=core.converged,
        warnings=notes.messages,
        terms=terms.terms,
        left_designs=terms.designs,
        **(own | extra),
    )


def _nested(terms: tuple[RandomTerm, ...]) -> list[np.ndarray]:
    """Groups of the terms, the coarsest first."""
    return sorted((term.group for term in terms), key=lambda g: len(np.unique(g)))

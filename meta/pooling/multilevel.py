"""Multilevel and multivariate meta-analysis: `pool_multilevel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import chdtrc

from meta.arguments import check_arguments, check_level, refuse_unused
from meta.effects.design import Design, build, refuse_uncalled
from meta.effects.groups import grouping, levels_in_order
from meta.effects.intake import as_effects, covariances
from meta.effects.model import EffectSizes
from meta.errors import AssumptionWarning, ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing
from meta.kernels.mixed import MixedFit, Stacked, fit_mixed, stack, variances
from meta.keywords import keywords
from meta.pooling.boundary import check_option
from meta.pooling.dependence import components, sampling_covariance
from meta.pooling.multilevel_result import Multilevel as Multilevel
from meta.pooling.structures import (
    STRUCTURES,
    inner_matrices,
    inner_pairs,
    inner_structure,
    nested_groups,
    same,
)

TESTS = ("z", "t", "containment")


def _check_levels(levels: Sequence[str], groups: list[np.ndarray], k: int, notes: Notes) -> None:
    sizes = [int(g.max()) + 1 for g in groups]
    for i in range(1, len(levels)):
        if sizes[i - 1] == sizes[i]:
            notes.warn(
                f"levels {levels[i - 1]!r} and {levels[i]!r} have the same {sizes[i]} groups, "
                "so only the sum of their variances is identified",
                AssumptionWarning,
                stacklevel=4,
            )
    if sizes[0] < 2:
        raise NotEstimableError(f"level {levels[0]!r} has a single group; its variance cannot be estimated")
    if sizes[-1] < k:
        notes.warn(
            f"the innermost level {levels[-1]!r} has {sizes[-1]} groups for {k} effects, so effects within a "
            "group are taken to differ by sampling error alone; add a level of effects, "
            "levels=[..., 'effect']",
            AssumptionWarning,
            stacklevel=4,
        )


def _starts(y: np.ndarray, X: np.ndarray, V: np.ndarray, count: int) -> list[np.ndarray]:
    q, _ = np.linalg.qr(X)
    spread = float(np.mean((y - q @ (q.T @ y)) ** 2))
    s = np.sqrt(max(spread - float(np.mean(np.diag(V))), 0.1 * spread, 1e-6 * float(np.mean(np.diag(V)))))
    out = [np.full(count, s / np.sqrt(count)), np.full(count, 0.1 * s)]
    return out + [np.where(np.arange(count) == i, s, 0.1 * s) for i in range(count) if count > 1]


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


def residual_q(y: np.ndarray, X: np.ndarray, V: np.ndarray) -> tuple[float, float]:
    """Cochran's Q with the full V, and tr(P)."""
    W = np.linalg.inv(V)
    q = np.linalg.qr(X)[0]
    wq = W @ q
    inner = np.linalg.inv(q.T @ wq)
    e = y - q @ (inner @ (wq.T @ y))
    return float(e @ W @ e), float(np.trace(W) - np.trace(inner @ wq.T @ wq))


@keywords
def pool_multilevel(
    data: Any = None,
    *,
    levels: Sequence[str] | str = ("study", "effect"),
    rho: float | None = None,
    moderators: Any = None,
    V: Any = None,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
    inner: str | None = None,
    struct: str | None = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
) -> Multilevel:
    """Pool effects that depend on one another.

    Parameters
    ----------
    data : EffectSizes, fit or table
        Effects; of a table, ``yi``, ``vi`` (or ``sei``) and ``study`` name columns.
    levels : sequence of str
        Columns of nested random intercepts, outermost first; labels may restart inside each outer group.
        ``effect`` numbers the rows where there is no such column.
    rho : float, optional
        Correlation of the sampling errors within the outermost level.
    moderators : str, list of str, array, mapping or frame, optional
        Formula (``"~ year"``), names of columns, or values.
    V : array of shape (k, k), optional
        Sampling covariances, in place of ``rho``; without either, those that the effect sizes carry.
    method : {"REML", "ML"}
        Restricted or ordinary maximum likelihood.
    test : {"z", "t", "containment"}
        Normal; t with k - p; t with containment degrees of freedom. `Multilevel.robust` is the safer choice.
    level : float
        Confidence level.
    inner : str, optional
        Column of inner levels (outcomes, say): random effects by inner level within the one level of
        ``levels``.
    struct : {"UN", "CS", "HCS", "DIAG", "ID", "AR"}, optional
        Their covariance structure ("UN").
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`; beside arrays, the levels are given as arrays too.
    intercept : bool, optional
        Whether names and arrays of moderators get an intercept (True); formulas say so themselves.
    context : mapping of str to function, optional
        Functions of your own that the formula may call: ``context={"f": f}`` for ``"~ f(dose)"``. Without, a
        formula holds columns, arithmetic and the functions that are listed in `meta.effects.design`.

    Returns
    -------
    Multilevel

    Notes
    -----
    Konstantopoulos (2011), doi:10.1002/jrsm.35; Pustejovsky & Tipton (2022), doi:10.1007/s11121-021-01246-3.

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
    check_level(level)
    notes = Notes()
    es = as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    named = [levels] if isinstance(levels, str) else list(levels)
    if not named:
        raise InputError("levels names no column; give the outermost first, levels=['study', 'effect']")
    if inner is None:
        refuse_unused("without inner", {"struct": struct})
    design = build(es, None, moderators, intercept, notes, context=context)
    refuse_uncalled(context, design)
    used = es.subset(design.rows)
    labels = [name if isinstance(name, str) else f"level {i + 1}" for i, name in enumerate(named)]
    if design.X.shape[0] <= design.X.shape[1]:
        raise NotEstimableError(f"{used.k} effects cannot estimate {design.X.shape[1]} coefficients")
    groups = nested_groups([grouping(es, name, "levels", design.rows) for name in named])
    own = None if V is None else covariances(es, V)[np.ix_(design.rows, design.rows)]
    S = sampling_covariance(used, groups[0], rho, own)
    if inner is None:
        _check_levels(labels, groups, used.k, notes)
        return _fit_nested(used, design, labels, groups, S, rho, (method, test, level), notes)
    if len(named) != 1:
        raise InputError(f"inner={inner!r} needs exactly one outer level, got {listing(labels)}")
    structure = "UN" if struct is None else struct
    check_option("struct", structure, STRUCTURES)
    outcomes = levels_in_order(used, inner, "inner")
    return _fit_inner(
        used, design, labels, groups, S, rho, (method, test, level), notes, (outcomes, inner, structure)
    )


def _fit_nested(
    es: EffectSizes,
    design: Design,
    labels: list[str],
    groups: list[np.ndarray],
    S: np.ndarray,
    rho: float | None,
    options: tuple[str, str, float],
    notes: Notes,
) -> Multilevel:
    K = [same(g) for g in groups]
    data = stack(es.yi, design.X, S, K, components([groups[0]], S))
    core = fit_mixed(data, starts=_starts(es.yi, design.X, S, len(K)), restricted=options[0] == "REML")
    return _result(es, design, labels, groups, S, rho, options, notes, core, data, K, core.c, variances)


def _fit_inner(
    es: EffectSizes,
    design: Design,
    labels: list[str],
    groups: list[np.ndarray],
    S: np.ndarray,
    rho: float | None,
    options: tuple[str, str, float],
    notes: Notes,
    how: tuple[tuple[list[Any], np.ndarray], str, str],
) -> Multilevel:
    (names, numbers), name, struct = how
    m = len(names)
    if m < 2:
        raise InputError(f"inner level {name!r} has the single value {names[0]!r}; leave inner out")
    shape = inner_structure(struct, m)
    pairs = inner_pairs(m)
    K = inner_matrices(numbers, groups[0])

    def mapping(phi: np.ndarray) -> np.ndarray:
        g = shape.covariance(phi)
        return np.array([g[i, j] for i, j in pairs])

    data = stack(es.yi, design.X, S, K, components([groups[0]], S))
    size = float(_starts(es.yi, design.X, S, 1)[0][0]) ** 2
    core = fit_mixed(data, mapping=mapping, starts=shape.starts(size), restricted=options[0] == "REML")
    G = shape.covariance(core.phi)
    extra = {"G": G, "inner_levels": tuple(map(str, names)), "struct": struct, "inner": name}
    sigma2 = np.diag(G)
    return _result(
        es,
        design,
        labels,
        groups,
        S,
        rho,
        options,
        notes,
        core,
        data,
        K,
        sigma2,
        mapping,
        shape.parameters,
        extra,
    )


def _result(
    es: EffectSizes,
    design: Design,
    labels: list[str],
    groups: list[np.ndarray],
    S: np.ndarray,
    rho: float | None,
    options: tuple[str, str, float],
    notes: Notes,
    core: MixedFit,
    data: Stacked,
    K: list[np.ndarray],
    sigma2: np.ndarray,
    mapping: Any,
    parameters: int | None = None,
    extra: dict[str, Any] | None = None,
) -> Multilevel:
    method, test, level = options
    if not core.converged:
        notes.warn(f"{method} did not meet its tolerance", ConvergenceWarning, stacklevel=5)
    k, p = design.X.shape
    df = {"z": np.full(p, np.inf), "t": np.full(p, float(k - p))}.get(test)
    q, trace = residual_q(es.yi, design.X, S)
    return Multilevel(
        es=es,
        design=design,
        levels=tuple(labels),
        groups=tuple(groups),
        method=method,
        test=test,
        level=level,
        rho=rho,
        beta=core.beta,
        vcov=core.vcov,
        df=containment_df(design.X, groups) if df is None else df,
        sigma2=sigma2,
        sigma2_se=core.c_se if extra is None else np.full(len(sigma2), np.nan),
        loglik=core.loglik,
        qe=q,
        qe_df=k - p,
        qe_p=float(chdtrc(k - p, q)),
        typical=(k - p) / trace,
        S=S,
        marginal=S + np.tensordot(core.c, np.array(K), axes=1),
        stacked=data,
        phi=core.phi,
        n_covariance=len(sigma2) if parameters is None else parameters,
        iterations=core.iterations,
        converged=core.converged,
        warnings=notes.messages,
        **(extra or {}),
    )

"""Robust variance estimation under a working model by name: `rve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping, numbered
from meta.effects.intake import as_effects
from meta.errors import InputError
from meta.kernels.cluster_robust import KINDS
from meta.kernels.working_moments import Moments, correlated, hierarchical
from meta.keywords import keywords
from meta.pooling.boundary import check_option
from meta.pooling.pool_multilevel import pool_multilevel
from meta.pooling.regress import regress
from meta.pooling.robust import Robust, robust_to
from meta.pooling.vcalc import vcalc

MODELS = ("CHE", "CORR", "HIER", "SCE")
CLUSTER = "cluster of rve"
"""Column of the clusters in the fit, which may have come as an array."""


@keywords
def rve(
    data: Any = None,
    *,
    model: str = "CHE",
    cluster: Any = "study",
    rho: float | None = None,
    moderators: Any = None,
    subgroup: str | None = None,
    kind: str = "CR2",
    df: str | None = None,
    level: float = 0.95,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
) -> Robust:
    """Pool or regress dependent effects with cluster-robust errors under a working model.

    Parameters
    ----------
    data : EffectSizes, fit or table
        Effects; of a table, ``yi``, ``vi`` (or ``sei``) and ``study`` name columns.
    model : {"CHE", "CORR", "HIER", "SCE"}
        CHE: correlated sampling errors, true effects that vary between clusters and within them (REML). SCE:
        the same for each subgroup on its own, between clusters alone (REML). CORR: correlated effects, HIER:
        hierarchical effects, with the moment estimators and diagonal weights of R's robumeta.
    cluster : str or array
        Effects of different clusters are independent.
    rho : float, optional
        Correlation of the sampling errors of a cluster; CHE, SCE and CORR need it.
    moderators : str, list of str, array, mapping or frame, optional
        Formula (``"~ year"``), names of columns, or values.
    subgroup : str, optional
        Column of the subgroups of SCE.
    kind : {"CR2", "CR0", "CR1", "CR1p", "CR1S", "CR3"}
        As in :func:`meta.robust`.
    df : {"satterthwaite", "residual"}, optional
        As in :func:`meta.robust`.
    level : float
        Confidence level.
    yi, vi, sei, study, measure, intercept, context : optional
        As in :func:`meta.pool_multilevel`.

    Returns
    -------
    Robust
        With ``working``, the name of the model, and ``tau2`` and ``omega2``, its variances between clusters
        and within them (of SCE, ``fit.components``).

    Notes
    -----
    Hedges, Tipton & Johnson (2010), doi:10.1002/jrsm.5 (CORR, HIER); Pustejovsky & Tipton (2022),
    doi:10.1007/s11121-021-01246-3 (CHE, SCE).

    Examples
    --------
    >>> import numpy as np
    >>> table = {"study": [i // 2 for i in range(16)], "yi": np.sin(np.arange(16) ** 2), "vi": [0.1] * 16}
    >>> found = rve(table, model="CORR", rho=0.8)
    >>> round(found.tau2, 4), round(found.se, 4), round(found.df, 6)
    (0.4699, 0.1598, 7.0)
    """
    check_arguments(rve, locals())
    check_option("model", model, MODELS)
    check_option("kind", kind, KINDS)
    check_level(level)
    _check_parts(model, rho, subgroup)
    es = as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    labels = grouping(es, cluster, "cluster")
    name = cluster if isinstance(cluster, str) else "given labels"
    shared = {"moderators": moderators, "intercept": intercept, "context": context, "level": level}
    if model in ("CHE", "SCE"):
        fit = _by_likelihood(es, model, labels, rho, subgroup, shared)
        variances, working = (fit.sigma2 if model == "CHE" else (np.nan, np.nan)), None
    else:
        fit, moments = _by_moments(es, model, labels, rho, shared)
        variances, working = (moments.tau2, moments.omega2), 1 / moments.weights
    own = labels[fit.design.rows]
    found = robust_to(fit, own, kind=kind, df=df, level=level, cluster=name, weights=None, working=working)
    return replace(found, working=model, tau2=float(variances[0]), omega2=float(variances[1]))


def _check_parts(model: str, rho: float | None, subgroup: str | None) -> None:
    if model == "HIER" and rho is not None:
        raise InputError("model='HIER' has independent sampling errors, so that rho would change nothing")
    if model != "HIER" and rho is None:
        raise InputError(f"model={model!r} needs rho, the correlation of sampling errors; vary it: rho=0.6")
    if rho is not None and not 0 <= rho < 1:
        raise InputError(f"rho must be at least 0 and below 1, got {rho!r}")
    if (model == "SCE") != (subgroup is not None):
        raise InputError("model='SCE' and subgroup belong together: give both or neither")


def _by_likelihood(
    es: EffectSizes, model: str, labels: np.ndarray, rho: Any, subgroup: str | None, shared: dict[str, Any]
) -> Any:
    own = replace(es, columns={**es.columns, CLUSTER: labels})
    if model == "CHE":
        return pool_multilevel(own, levels=[CLUSTER, "effect"], rho=rho, **shared)
    V = vcalc(own, cluster=CLUSTER, subgroup=subgroup, obs="effect", rho=rho)
    return pool_multilevel(own, levels=[CLUSTER], inner=subgroup, struct="DIAG", V=V, **shared)


def _by_moments(
    es: EffectSizes, model: str, labels: np.ndarray, rho: Any, shared: dict[str, Any]
) -> tuple[Any, Moments]:
    """The weighted regression and the moments; rows that the design leaves out have any weight."""
    first = regress(es, **shared, method="EE", test="z")
    rows, X = first.design.rows, first.X
    used, cluster = es.subset(rows), numbered(labels[rows])
    if model == "CORR":
        moments = correlated(used.yi, used.vi, X, cluster, float(rho))
    else:
        moments = hierarchical(used.yi, used.vi, X, cluster)
    weights = np.ones(es.k)
    weights[rows] = moments.weights
    total = moments.tau2 + moments.omega2
    return regress(es, **shared, method=total, weights=weights, test="z"), moments

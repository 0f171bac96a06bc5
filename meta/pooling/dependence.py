"""Dependent effects: sampling covariances, shared control groups, and aggregation within studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_arguments
from meta.effects.effect_size_table import EffectSizes, take_rows
from meta.effects.groups import clusters_of, grouping, numbered
from meta.effects.intake import as_effects, covariances, numbers
from meta.errors import InputError
from meta.kernels.batches import batches, cut, joined
from meta.kernels.mixed import blocks_of
from meta.keywords import keywords

DENSE = 4000
"""Above so many effects, covariances are kept sparse: a dense matrix would take over 128 MB."""


def correlated(vi: np.ndarray, groups: np.ndarray, rho: float) -> Any:
    """Sampling covariance with correlation ``rho`` between effects of the same group, (k, k).

    >>> correlated(np.array([1.0, 4.0, 1.0]), np.array([0, 0, 1]), 0.5).tolist()
    [[1.0, 1.0, 0.0], [1.0, 4.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if not -1 < rho < 1:
        raise InputError(f"rho must lie between -1 and 1, got {rho!r}")
    if len(vi) > DENSE:
        layout = batches(np.unique(groups, return_inverse=True)[1].reshape(-1))
        blocks = []
        for rows in layout.rows:
            sd = np.sqrt(vi[rows])
            block = rho * sd[:, :, None] * sd[:, None, :]
            np.einsum("bii->bi", block)[...] = vi[rows]
            blocks.append(block)
        return joined(blocks, layout)
    together = groups[:, None] == groups[None, :]
    V = np.where(together, rho * np.sqrt(np.outer(vi, vi)), 0.0)
    np.fill_diagonal(V, vi)
    return V


def sampling_covariance(es: EffectSizes, outermost: np.ndarray, rho: float | None, V: Any) -> Any:
    """Sampling covariance from ``V``, from ``rho``, or from what the effect sizes carry, checked block by
    block; sparse where ``V`` is, or where there are many effects.
    """
    if V is not None and rho is not None:
        raise InputError("give either V or rho, not both")
    if V is not None:
        S = V
    elif rho is not None:
        S = correlated(es.vi, outermost, rho)
    elif es.covariance is not None:
        S = np.asarray(es.covariance, dtype=float)
    elif es.k > DENSE:
        from scipy.sparse import diags

        return diags(es.vi).tocsr()
    else:
        return np.diag(es.vi)
    sparse = not isinstance(S, np.ndarray)
    if S.shape == (es.k, es.k) and not np.isfinite(S.data if sparse else S).all():
        rows = S.tocoo().row[~np.isfinite(S.tocoo().data)] if sparse else np.argwhere(~np.isfinite(S))[:, 0]
        who = str(es.study[int(rows[0])])
        raise InputError(f"V must be finite: the row of study {who!r} has a missing value")
    if S.shape != (es.k, es.k) or not _symmetric(S):
        raise InputError(f"V must be a symmetric {es.k} x {es.k} matrix, got {S.shape}")
    diagonal = S.diagonal()
    if np.any(diagonal <= 0):
        bad = int(np.flatnonzero(diagonal <= 0)[0])
        raise InputError(f"the diagonal of V must be > 0: study {str(es.study[bad])!r} has {diagonal[bad]:g}")
    layout = batches(blocks_of([], S))
    for rows, blocks in zip(layout.rows, cut(S, layout), strict=True):
        bad_blocks = np.flatnonzero(np.linalg.eigvalsh(blocks)[:, 0] <= 0)
        if len(bad_blocks):
            first = rows[bad_blocks[0]]
            raise InputError(
                f"the sampling covariance is not positive definite for study {str(es.study[first[0]])!r} "
                f"({len(first)} effects); lower rho or correct V"
            )
    return S


def given_covariance(es: EffectSizes, V: Any, rows: np.ndarray) -> Any:
    """A caller's V for the rows that are used; None without. Sparse matrices stay sparse."""
    if V is None:
        return None
    if hasattr(V, "tocsr"):
        if V.shape != (es.k, es.k):
            raise InputError(f"V must be a symmetric {es.k} x {es.k} matrix, got {V.shape}")
        return V.tocsr()[rows][:, rows]
    return covariances(es, V)[np.ix_(rows, rows)]


def _symmetric(S: Any) -> bool:
    if isinstance(S, np.ndarray):
        return bool(np.allclose(S, S.T, rtol=1e-8, atol=1e-12 * np.max(np.abs(S))))
    return bool(abs(S - S.T).max() <= 1e-8 * abs(S).max())


def _blocks(numbers: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(numbers == b) for b in np.unique(numbers)]


@keywords
def shared_control(
    data: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    cluster: Any,
    measure: str | None = None,
    n2: Any = None,
    total: Any = None,
    mean2: Any = None,
    sd2: Any = None,
    events2: Any = None,
) -> np.ndarray:
    """Sampling covariance of effects that share a control group.

    Parameters
    ----------
    data : EffectSizes
        Effects.
    yi, vi, sei, study : optional
        As in :func:`meta.pool`, in place of the first argument.
    cluster : str or array
        Effects of one cluster share their control group.
    measure : {"SMD", "ROM", "OR", "RR", "RD", "MD"}, optional
        That of the effect sizes without.
    n2, mean2, sd2, events2 : str or array
        The control group: SMD needs ``n2`` and ``total`` (all participants of the study's compared arms),
        ROM and MD ``mean2 sd2 n2``, OR RR RD ``events2 n2``.
    total : str or array
        For SMD: N of all arms, in ``1/n2 + g_i g_j / (2 total)``.

    Returns
    -------
    ndarray of shape (k, k)
        Its diagonal is ``vi``.

    Notes
    -----
    Gleser & Olkin (2009), in The Handbook of Research Synthesis; Lajeunesse (2011), doi:10.1890/11-0423.1;
    Trikalinos & Olkin (2008), doi:10.1002/sim.3299.

    Examples
    --------
    >>> es = EffectSizes([0.5, 0.7], [0.1, 0.1], "OR", ["A", "A"])
    >>> shared_control(es, cluster="study", events2=[10, 10], n2=[50, 50])
    array([[0.1  , 0.125],
           [0.125, 0.1  ]])
    """
    check_arguments(shared_control, locals())
    es = as_effects(data, yi=yi, vi=vi, sei=sei, study=study)
    code = measure or es.measure
    if code not in _SHARED:
        raise InputError(f"shared_control knows {', '.join(_SHARED)}, not {code!r}; pass V yourself")
    needed, covariance = _SHARED[code]
    given = {"n2": n2, "total": total, "mean2": mean2, "sd2": sd2, "events2": events2}
    missing = [name for name in needed if given[name] is None]
    if missing:
        raise InputError(
            f"shared_control for {code} needs {', '.join(needed)}; missing: {', '.join(missing)}"
        )
    c = {name: numbers(es, given[name], name) for name in needed}
    for name, values in c.items():
        if not np.isfinite(values).all():
            who = str(es.study[int(np.argmin(np.isfinite(values)))])
            raise InputError(f"{name} must be known and finite in every row: study {who!r} has no such value")
    groups = numbered(grouping(es, cluster, "cluster"))
    V = np.diag(es.vi)
    for rows in _blocks(groups):
        if len(rows) < 2:
            continue
        for name, values in c.items():
            if name != "total" and np.ptp(values[rows]) > 0:
                who = str(es.study[rows[0]])
                raise InputError(
                    f"effects that share a control must agree on {name}: study {who!r} has {values[rows]}"
                )
        shared = covariance(es.yi, c, rows)
        block = np.full((len(rows), len(rows)), 1.0) * shared
        np.fill_diagonal(block, es.vi[rows])
        V[np.ix_(rows, rows)] = block
    return V


def _shared_smd(y: np.ndarray, c: dict[str, np.ndarray], rows: np.ndarray) -> ArrayLike:
    return 1 / c["n2"][rows[0]] + np.outer(y[rows], y[rows]) / (2 * c["total"][rows[0]])


def _shared_odds(y: np.ndarray, c: dict[str, np.ndarray], rows: np.ndarray) -> ArrayLike:
    x, n = c["events2"][rows[0]], c["n2"][rows[0]]
    x, n = (x + 0.5, n + 1.0) if x in (0.0, n) else (x, n)
    return 1 / x + 1 / (n - x)


def _shared_risk_ratio(y: np.ndarray, c: dict[str, np.ndarray], rows: np.ndarray) -> ArrayLike:
    x, n = c["events2"][rows[0]], c["n2"][rows[0]]
    x, n = (x + 0.5, n + 1.0) if x == 0.0 else (x, n)
    return 1 / x - 1 / n


def _shared_difference(y: np.ndarray, c: dict[str, np.ndarray], rows: np.ndarray) -> ArrayLike:
    x, n = c["events2"][rows[0]], c["n2"][rows[0]]
    return x * (n - x) / n**3


_Covariance = Callable[[np.ndarray, dict[str, np.ndarray], np.ndarray], ArrayLike]
_EVENTS = ("events2", "n2")
_SHARED: dict[str, tuple[tuple[str, ...], _Covariance]] = {
    "SMD": (("n2", "total"), _shared_smd),
    "ROM": (
        ("mean2", "sd2", "n2"),
        lambda y, c, rows: c["sd2"][rows[0]] ** 2 / (c["n2"][rows[0]] * c["mean2"][rows[0]] ** 2),
    ),
    "MD": (("sd2", "n2"), lambda y, c, rows: c["sd2"][rows[0]] ** 2 / c["n2"][rows[0]]),
    "OR": (_EVENTS, _shared_odds),
    "RR": (_EVENTS, _shared_risk_ratio),
    "RD": (_EVENTS, _shared_difference),
}
"""What the covariance of each measure needs of the shared control, and its formula."""


@keywords
def aggregate(
    data: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    cluster: Any = None,
    rho: float | None = None,
    V: Any = None,
    weighted: bool = True,
) -> EffectSizes:
    """Aggregate dependent effects to one a cluster.

    Parameters
    ----------
    data : EffectSizes or table
        Dependent effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    cluster : str or array, optional
        Effects of one cluster become one; ``"study"`` goes by the labels. Without, every effect is its own
        cluster; refused where study labels repeat.
    rho : float, optional
        Correlation of the sampling errors within a cluster (compound symmetry).
    V : array of shape (k, k), optional
        Sampling covariances, in place of ``rho``.
    weighted : bool
        Inverse-covariance weights; plain means without.

    Returns
    -------
    EffectSizes
        One row per cluster, in the order of first appearance; columns that are constant within clusters are
        kept.

    Notes
    -----
    Borenstein et al. (2009), Introduction to Meta-Analysis, ch. 24; Gleser & Olkin (2009).

    Examples
    --------
    >>> es = aggregate({"yi": [1.0, 3.0, 5.0], "vi": [1.0, 1.0, 2.0], "study": ["a", "a", "b"]},
    ...                cluster="study", rho=0.5)
    >>> es.yi.round(9).tolist(), es.vi.tolist()
    ([2.0, 5.0], [0.75, 2.0])
    """
    check_arguments(aggregate, locals())
    es = as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if not es.exact.all():
        who = str(es.study[~es.exact][0])
        raise InputError(
            f"aggregate needs an exact effect in every row: study {who!r} has none; take a subset first"
        )
    labels = clusters_of(es, cluster)
    groups = numbered(labels)
    first = np.unique(groups, return_index=True)[1]
    if rho is None and V is None and es.covariance is None and len(first) < es.k:
        raise InputError("aggregate needs rho (the correlation of sampling errors within a cluster) or V")
    S = sampling_covariance(es, groups, rho, None if V is None else covariances(es, V))
    y, v = np.empty(len(first)), np.empty(len(first))
    for at, rows in enumerate(_blocks(groups)):
        block = S[np.ix_(rows, rows)]
        w = np.linalg.solve(block, np.ones(len(rows))) if weighted else np.ones(len(rows))
        w = w / w.sum()
        y[at], v[at] = w @ es.yi[rows], w @ block @ w
    constant = {
        name: take_rows(values, first)
        for name, values in es.columns.items()
        if all(len({str(x) for x in np.asarray(values)[rows]}) == 1 for rows in _blocks(groups))
    }
    return replace(
        es.subset(first),
        yi=y,
        vi=v,
        study=labels[first] if cluster is not None else es.study,
        covariance=None,
        columns=constant,
        provenance={**dict(es.provenance), "yi": "aggregated", "vi": "aggregated"},
    )

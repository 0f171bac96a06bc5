"""Sampling covariances of dependent effects: `vcalc`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meta.arguments import check_arguments
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping, numbered
from meta.effects.intake import as_effects, numbers
from meta.errors import AssumptionWarning, InputError, Notes
from meta.formatting import listing
from meta.kernels.batches import Batches, batches, joined
from meta.kernels.nearest_correlation import nearest_correlation
from meta.keywords import keywords
from meta.pooling.dependence import DENSE

Array = np.ndarray
Correlation = Callable[[Array], Array]


@keywords
def vcalc(
    data: Any = None,
    *,
    cluster: Any,
    subgroup: Any = None,
    obs: Any = None,
    type: Any = None,
    time1: Any = None,
    time2: Any = None,
    grp1: Any = None,
    grp2: Any = None,
    w1: Any = None,
    w2: Any = None,
    rho: Any = None,
    phi: float | None = None,
    rvars: Any = None,
    nearpd: bool = False,
    sparse: bool | None = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
) -> Any:
    """Sampling covariances of effects that share participants, in the order of the rows.

    Within a cluster, the correlation of two effects is the product of what ``obs`` and ``type``, the times
    and the groups make of it; between clusters (and subgroups) it is 0.

    Parameters
    ----------
    data : EffectSizes or table
        Effects and their variances.
    cluster : str or array
        Effects of different clusters are independent.
    subgroup : str or array, optional
        Different people within a cluster: effects of different subgroups are independent.
    obs : str or array, optional
        Number of the effect within its cluster (measurements of one construct): different ones correlate by
        ``rho``.
    type : str or array, optional
        Kind of outcome (construct): different ones correlate by ``rho``, or by its second entry beside
        ``obs``.
    time1, time2 : str or array, optional
        Times of the first and second group of a comparison (both those of ``time1`` without ``time2``):
        correlations fall by ``phi`` to the power of the difference.
    grp1, grp2 : str or array, optional
        Groups that are compared: comparisons with a common group correlate.
    w1, w2 : str or array, optional
        Sizes of these groups (equal without).
    rho : float, DataFrame, or a pair of them
        Correlation of different ``obs`` or ``type``; a frame is labelled by their values.
    phi : float, optional
        Autocorrelation of times one unit apart.
    rvars : list of str, optional
        Columns that hold the rows of each cluster's own correlation matrix, in place of all of these.
    nearpd : bool
        Whether clusters whose correlations contradict each other get the nearest correlation matrix.
    sparse : bool, optional
        Whether to return a sparse matrix (for more than 4,000 effects).
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`.

    Returns
    -------
    ndarray or sparse matrix of shape (k, k)
        For ``V=`` of :func:`meta.pool_multilevel`.

    Notes
    -----
    Gleser & Olkin (2009), in The Handbook of Research Synthesis; Pustejovsky & Tipton (2022),
    doi:10.1007/s11121-021-01246-3; nearest matrix: Higham (2002), doi:10.1093/imanum/22.3.329.

    Examples
    --------
    >>> table = {"study": ["a", "a", "b"], "effect": [1, 2, 1], "yi": [0.1, 0.3, 0.2], "vi": [1.0, 4.0, 1.0]}
    >>> vcalc(table, cluster="study", obs="effect", rho=0.5).tolist()
    [[1.0, 1.0, 0.0], [1.0, 4.0, 0.0], [0.0, 0.0, 1.0]]
    """
    check_arguments(vcalc, locals())
    es = as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    labels = grouping(es, cluster, "cluster")
    if rvars is not None:
        _alone(obs=obs, type=type, time1=time1, grp1=grp1, rho=rho, phi=phi)
        parts: list[Correlation] = []
    else:
        parts = _parts(es, obs, type, rho, (time1, time2, phi), (grp1, grp2, w1, w2))
    layout = batches(numbered(labels))
    together = None if subgroup is None else numbered(grouping(es, subgroup, "subgroup"))
    given = None if rvars is None else np.column_stack([numbers(es, name, str(name)) for name in rvars])
    notes, blocks = Notes(), []
    for rows in layout.rows:
        R = _given(rows, given, es) if given is not None else np.ones((*rows.shape, rows.shape[1]))
        for part in parts:
            R = R * part(rows)
        if together is not None:
            g = together[rows]
            R = np.where(g[:, :, None] == g[:, None, :], R, 0.0)
        np.einsum("bii->bi", R)[...] = 1.0
        blocks.append(_definite(R, rows, es, nearpd, notes))
    return _assembled(es.vi, blocks, layout, es.k > DENSE if sparse is None else sparse)


def _alone(**others: Any) -> None:
    used = [name for name, value in others.items() if value is not None]
    if used:
        raise InputError(f"rvars holds all correlations, so that {listing(used)} would change nothing")


def _parts(es: EffectSizes, obs: Any, kind: Any, rho: Any, times: Any, groups: Any) -> list[Correlation]:
    time1, time2, phi = times
    grp1, grp2, w1, w2 = groups
    if obs is None and kind is None and rho is not None:
        raise InputError("rho needs obs= or type=, whose different values it correlates")
    if (time1 is None) != (phi is None):
        raise InputError("time1 and phi belong together: give both or neither")
    if phi is not None and not 0 <= phi <= 1:
        raise InputError(f"phi must lie between 0 and 1, got {phi!r}")
    if (grp1 is None) != (grp2 is None) or (w1 is None) != (w2 is None) or (w1 is not None and grp1 is None):
        raise InputError("give grp1 and grp2 together, and w1 and w2 only beside them")
    if time2 is not None and (time1 is None or grp1 is None):
        raise InputError("time2 is the time of grp2: it needs time1, grp1 and grp2")
    if obs is None and kind is None and time1 is None and grp1 is None:
        raise InputError("nothing says how effects of a cluster correlate: give obs and rho, times or groups")
    parts = [_outcomes(es, obs, kind, rho)] if obs is not None or kind is not None else []
    if grp1 is not None:
        parts.append(_shared(es, times, groups))
    elif time1 is not None:
        t = _known(es, time1, "time1")
        parts.append(lambda rows: phi ** np.abs(t[rows][:, :, None] - t[rows][:, None, :]))
    return parts


def _known(es: EffectSizes, values: Any, what: str) -> Array:
    found = numbers(es, values, what)
    if not np.isfinite(found).all():
        who = str(es.study[int(np.argmin(np.isfinite(found)))])
        raise InputError(f"{what} must be known and finite in every row: study {who!r} has no such value")
    return found


def _outcomes(es: EffectSizes, obs: Any, kind: Any, rho: Any) -> Correlation:
    """Correlations by obs and type: those of obs within a type, those of types between them."""
    pair = list(rho) if isinstance(rho, list | tuple) else [rho]
    wanted = (obs is not None) + (kind is not None)
    if rho is None or len(pair) != wanted:
        raise InputError("rho needs one entry for obs and one for type, in this order: rho=[0.6, 0.4]")
    tables = [
        _by_value(es, values, what, r)
        for (values, what), r in zip(
            [(v, w) for v, w in ((obs, "obs"), (kind, "type")) if v is not None], pair, strict=True
        )
    ]

    def correlations(rows: Array) -> Array:
        found = [C[at[rows][:, :, None], at[rows][:, None, :]] for at, C in tables]
        if len(found) == 1:
            return found[0]
        at = tables[1][0][rows]
        return np.where(at[:, :, None] == at[:, None, :], found[0], found[1])

    return correlations


def _by_value(es: EffectSizes, values: Any, what: str, rho: Any) -> tuple[Array, Array]:
    """Number of each row's value, and the correlations among values."""
    labels = grouping(es, values, what)
    if hasattr(rho, "index") and hasattr(rho, "columns"):
        names, columns = [str(x) for x in rho.index], [str(x) for x in rho.columns]
        matrix = np.asarray(rho, dtype=float)
        if names != columns or not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0):
            raise InputError(f"rho of {what} must be a symmetric correlation matrix with equal labels")
        lacking = sorted(set(labels) - set(names))
        if lacking:
            raise InputError(f"rho of {what} has no row for {listing(map(repr, lacking[:8]))}")
        return np.array([names.index(x) for x in labels]), matrix
    if not isinstance(rho, int | float) or not -1 <= rho <= 1:
        raise InputError(f"rho of {what} must be a number between -1 and 1 or a labelled frame, got {rho!r}")
    at = numbered(labels)
    count = int(at.max()) + 1
    return at, np.where(np.eye(count) > 0, 1.0, float(rho))


def _shared(es: EffectSizes, times: Any, groups: Any) -> Correlation:
    """Correlations of comparisons with common groups: differences of two means with variances 1/w."""
    (time1, time2, phi), (grp1, grp2, w1, w2) = times, groups
    names = [grouping(es, g, what) for g, what in ((grp1, "grp1"), (grp2, "grp2"))]
    number = numbered(np.concatenate(names)).reshape(2, -1)
    weight = [np.ones(es.k)] * 2 if w1 is None else [_known(es, w1, "w1"), _known(es, w2, "w2")]
    if any(np.any(w <= 0) for w in weight):
        raise InputError("w1 and w2 must be > 0: they are sizes of groups")
    first = np.zeros(es.k) if time1 is None else _known(es, time1, "time1")
    time = [first, first if time2 is None else _known(es, time2, "time2")]
    decay = 1.0 if phi is None else float(phi)

    def shared(rows: Array, a: int, b: int) -> Array:
        g, h = number[a][rows], number[b][rows]
        lag = np.abs(time[a][rows][:, :, None] - time[b][rows][:, None, :])
        size = np.sqrt(weight[a][rows][:, :, None] * weight[b][rows][:, None, :])
        return np.where(g[:, :, None] == h[:, None, :], decay**lag / size, 0.0)

    def correlations(rows: Array) -> Array:
        cov = shared(rows, 0, 0) + shared(rows, 1, 1) - shared(rows, 0, 1) - shared(rows, 1, 0)
        sd = np.sqrt(np.einsum("bii->bi", cov))
        if np.any(sd == 0):
            who = str(es.study[rows[np.argwhere(sd == 0)[0][0], np.argwhere(sd == 0)[0][1]]])
            raise InputError(f"grp1 and grp2 are the same group at the same time: study {who!r}")
        return np.asarray(cov / (sd[:, :, None] * sd[:, None, :]))

    return correlations


def _given(rows: Array, columns: Array, es: EffectSizes) -> Array:
    """Correlation matrices that columns hold row by row."""
    s = rows.shape[1]
    if columns.shape[1] < s:
        raise InputError(f"rvars names {columns.shape[1]} columns, but a cluster has {s} effects")
    R = columns[rows][:, :, :s]
    off = ~np.isclose(R, np.swapaxes(R, 1, 2), rtol=0, atol=1e-8)
    if np.any(off) or not np.allclose(np.einsum("bii->bi", R), 1.0):
        bad = int(
            np.flatnonzero(off.any(axis=(1, 2)) | ~np.isclose(np.einsum("bii->bi", R), 1.0).all(axis=1))[0]
        )
        who = str(es.study[rows[bad, 0]])
        raise InputError(f"rvars must hold symmetric correlations with ones: those of study {who!r} are not")
    return R.copy()


def _definite(R: Array, rows: Array, es: EffectSizes, nearpd: bool, notes: Notes) -> Array:
    """The blocks; those that are not positive definite are named, or replaced on request."""
    low = np.linalg.eigvalsh(R)[:, 0]
    bad = np.flatnonzero(low <= 1e-12)
    if not bad.size:
        return R
    who = listing([repr(str(es.study[rows[i, 0]])) for i in bad[:6]])
    if not nearpd:
        notes.warn(
            f"the correlations are not positive definite in the cluster of study {who}: tell the effects "
            "apart (obs=, type=), or ask for the nearest matrix, nearpd=True",
            AssumptionWarning,
        )
        return R
    for i in bad:
        R[i] = nearest_correlation(R[i])
    notes.warn(
        f"the correlations in the cluster of study {who} were replaced by the nearest that are possible",
        AssumptionWarning,
    )
    return R


def _assembled(vi: Array, blocks: list[Array], layout: Batches, sparse: bool) -> Any:
    sd = np.sqrt(vi)
    made = []
    for rows, R in zip(layout.rows, blocks, strict=True):
        V = R * sd[rows][:, :, None] * sd[rows][:, None, :]
        np.einsum("bii->bi", V)[...] = vi[rows]
        made.append(V)
    found = joined(made, layout)
    return found if sparse else found.toarray()

"""GOSH: the meta-analysis of every subset of the studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, idle_seed
from meta.diagnostics.subset_fits import fit_subsets, frame, pooled_fit
from meta.effects.display import display_of
from meta.effects.intake import data_of
from meta.errors import InputError, Notes
from meta.keywords import keywords
from meta.pooling.result import Pooled

if TYPE_CHECKING:
    import pandas as pd

EXHAUSTIVE_UP_TO = 20
CHUNK = 1 << 14
CLOSED_FORMS = ("EE", "DL", "HS", "HSk", "HE", "fixed")
_NAMES = ("estimate", "se", "tau2", "q", "i2", "h2")


def bits(numbers: np.ndarray, k: int) -> np.ndarray:
    """Which studies a subset's number names, lowest bit first, (k, p).

    >>> bits(np.array([1, 6]), 3).astype(int).T.tolist()
    [[1, 0, 0], [0, 1, 1]]
    """
    return ((numbers[None, :] >> np.arange(k, dtype=numbers.dtype)[:, None]) & 1).astype(bool)


def closed_form(
    y: np.ndarray, v: np.ndarray, included: np.ndarray, method: str, fixed: float | None
) -> dict[str, np.ndarray]:
    """Moment estimators of many subsets by matrix products; ``included`` (k, p), results (p,).

    Effects are centred first, so that the sums of squares lose no digits to a large common value.
    """
    w = 1 / v
    centre = float((w * y).sum() / w.sum())
    c = y - centre
    one = np.ones_like(y)
    base = np.stack([one, w, w * w, w * c, w * c * c, c, c * c, v])
    n, s1, s2, m1, m2, p1, p2, sv = base @ included.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = np.maximum(m2 - m1 * m1 / s1, 0.0)
        df, trace = n - 1, s1 - s2 / s1
        several = df > 0
        if method == "DL":
            tau2 = (q - df) / trace
        elif method == "HS":
            tau2 = (q - n) / s1
        elif method == "HSk":
            tau2 = (n / df * q - n) / s1
        elif method == "HE":
            tau2 = np.maximum(p2 - p1 * p1 / n, 0.0) / df - sv / n
        else:
            tau2 = np.full_like(n, 0.0 if fixed is None else fixed)
        tau2 = np.where(several | (method in ("EE", "fixed")), np.maximum(tau2, 0.0), np.nan)
        known = np.nan_to_num(tau2)
    sums = np.zeros((3, included.shape[1]))
    for i in range(len(y)):
        weight = np.where(included[i], 1 / (v[i] + known), 0.0)
        sums[0] += weight
        sums[1] += weight * c[i]
        sums[2] += weight * c[i] * c[i]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, typical = sums[1] / sums[0], df / np.maximum(trace, 0.0)
        i2 = 100 * np.maximum(q - df, 0.0) / q if method == "EE" else 100 * (tau2 / (tau2 + typical))
        h2 = q / df if method == "EE" else 1 + tau2 / typical
    return {
        "k": n.astype(int),
        "estimate": mean + centre,
        "se": np.sqrt(1 / sums[0]),
        "tau2": tau2,
        "q": np.where(several, q, 0.0),
        "i2": np.where(several, np.nan_to_num(i2), np.nan),
        "h2": np.where(several, h2, np.nan),
        "_scale": np.maximum(sums[2] - sums[1] * mean, 0.0),
    }


def _standard_error(found: dict[str, np.ndarray], test: str) -> np.ndarray:
    """Standard errors under the fit's test; a single study keeps its own."""
    if test not in ("hksj", "adhoc"):
        return found["se"]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = found["_scale"] / (found["k"] - 1)
    scale = np.maximum(scale, 1.0) if test == "adhoc" else scale
    return np.where(found["k"] > 1, found["se"] * np.sqrt(scale), found["se"])


def _fit_chunk(model: Pooled, included: np.ndarray, method: str | float) -> dict[str, np.ndarray]:
    options = model.options
    name = "fixed" if not isinstance(method, str) else method
    if name in CLOSED_FORMS and model.user_weights is None and options.test != "KR":
        found = closed_form(
            model.effects.yi,
            model.effects.vi,
            included,
            name,
            method if name == "fixed" else None,  # type: ignore[arg-type]
        )
        found["se"] = _standard_error(found, options.test)
        return found
    many = fit_subsets(model, included)
    return {"k": many.k, **{column: getattr(many, column) for column in _NAMES}}


def _draw(k: int, subsets: int, seed: int | np.random.Generator | None) -> np.ndarray:
    """Subsets drawn uniformly from all non-empty ones, (k, subsets)."""
    rng = np.random.default_rng(seed)
    included = rng.random((k, subsets)) < 0.5
    empty = np.flatnonzero(~included.any(axis=0))
    while empty.size:
        included[:, empty] = rng.random((k, empty.size)) < 0.5
        empty = empty[~included[:, empty].any(axis=0)]
    return included


@keywords
def gosh(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    subsets: int | None = None,
    method: str | float | None = None,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Pool every subset of the studies, or a random sample of the subsets.

    Up to 20 studies all 2^k - 1 subsets are taken; beyond, 100,000 are drawn uniformly from all subsets (so
    that most of them hold about half of the studies). Moment estimators (DL, HE, HS, EE) are matrix
    products of the subsets' bits and take a few seconds for a million.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit whose method and test are used.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    subsets : int, optional
        Draw this many subsets instead.
    method : str or float, optional
        Another tau2 estimator, such as "DL" for speed.
    seed : int, optional
        Of the draw.

    Returns
    -------
    DataFrame
        A row a subset: ``k estimate se tau2 q i2 h2`` and ``subset``, whose bits say which studies are in
        (bit 0 is the first study; see :func:`meta.diagnostics.gosh.members`). ``attrs`` holds the
        studies' labels and whether the subsets are all there are.

    References
    ----------
    Olkin, Dahabreh & Trikalinos 2012, doi:10.1002/jrsm.1053.

    Examples
    --------
    >>> import meta
    >>> table = gosh(meta.pool(yi=[0.1, 0.5, 0.9], vi=[0.1, 0.1, 0.1], method="DL", test="z"))
    >>> len(table), table["estimate"].round(2).tolist()
    (7, [0.1, 0.5, 0.3, 0.9, 0.5, 0.7, 0.5])
    """
    check_arguments(gosh, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    model = pooled_fit(fit, what="GOSH")
    if method is not None:
        from meta.pooling.univariate import pool

        again = pool(model.effects, method=method, test="z", level=model.level, weights=model.user_weights)
        assert isinstance(again, Pooled)
        model = again
    if subsets is not None and subsets < 1:
        raise InputError(f"subsets must be at least 1, not {subsets}")
    k, chosen = model.k, model.options.estimator
    exhaustive = subsets is None and k <= EXHAUSTIVE_UP_TO
    if exhaustive:
        idle_seed(seed, f"with all subsets of {k} studies", Notes())
        numbers, drawn, total = np.arange(1, 1 << k, dtype=np.int64), None, (1 << k) - 1
    else:
        total = 100_000 if subsets is None else subsets
        numbers, drawn = None, _draw(k, total, seed)
    out = {name: np.empty(total) for name in _NAMES}
    sizes = np.empty(total, dtype=int)
    for start in range(0, total, CHUNK):
        part = slice(start, min(start + CHUNK, total))
        included = bits(numbers[part], k) if numbers is not None else drawn[:, part]  # type: ignore[index]
        found = _fit_chunk(model, included, chosen)
        sizes[part] = found["k"]
        for name in _NAMES:
            out[name][part] = found[name]
    names = numbers if drawn is None else _names(drawn)
    table = frame({"k": sizes, **out, "subset": names})
    table.attrs |= {"study": [str(label) for label in model.effects.study], "exhaustive": exhaustive}
    table.attrs["size"] = display_of(model.effects).size
    return table


def _names(included: np.ndarray) -> np.ndarray:
    """Numbers of subsets; plain integers of any size beyond 62 studies."""
    k = included.shape[0]
    if k <= 62:
        return (included.astype(np.int64) << np.arange(k, dtype=np.int64)[:, None]).sum(axis=0)
    packed = np.packbits(included, axis=0, bitorder="little")
    return np.array([int.from_bytes(column.tobytes(), "little") for column in packed.T], dtype=object)


def members(table: pd.DataFrame) -> np.ndarray:
    """Which studies each row of :func:`gosh` holds, of shape (rows, k).

    >>> import meta
    >>> members(gosh(meta.pool(yi=[0.1, 0.5], vi=[0.1, 0.1], method="DL", test="z"))).astype(int).tolist()
    [[1, 0], [0, 1], [1, 1]]
    """
    k = len(table.attrs["study"])
    numbers = table["subset"].to_numpy()
    if k <= 62:
        return bits(numbers.astype(np.int64), k).T
    size = (k + 7) // 8
    packed = np.frombuffer(b"".join(n.to_bytes(size, "little") for n in numbers), dtype=np.uint8)
    return np.unpackbits(packed.reshape(-1, size), axis=1, bitorder="little")[:, :k].astype(bool)

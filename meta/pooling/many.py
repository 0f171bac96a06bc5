"""Many meta-analyses at once: :func:`pool_many`, in memory or streamed through Dask."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_arguments, floats
from meta.effects.double_precision import LARGEST
from meta.errors import InputError
from meta.formatting import number, percent
from meta.kernels.weights import CHUNK, arrange, each
from meta.keywords import keywords
from meta.pooling.fitting import Fitted, fit_rows
from meta.pooling.pool_options import TESTS, PoolOptions, check_options
from meta.pooling.streaming import compute, is_dask, store, stream
from meta.results.base import Result
from meta.results.criteria import information_criteria
from meta.results.plain import plain
from meta.results.table_columns import tidy_columns
from meta.tables.labels import align

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledMany(Result):
    """Many meta-analyses pooled at once; every array has length p.

    From Dask arrays the arrays are lazy: :meth:`compute` brings them into memory in one pass over the data,
    :meth:`save_arrays` writes them to disk without ever holding one whole.

    Attributes
    ----------
    estimate, se, ci_low, ci_high, statistic, p_value, df : ndarray
        Pooled effects and their tests.
    k : ndarray of int
        Number of studies present.
    tau2, tau2_se : ndarray
        Heterogeneity variances.
    q, q_p, i2, h2, loglik : ndarray
        As on :class:`meta.pooling.result.Pooled`.
    iterations, converged, at_boundary : ndarray
        Of the estimator.
    options : PoolOptions
        How the fits were made.
    """

    estimate: np.ndarray
    se: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    df: np.ndarray
    k: np.ndarray
    tau2: np.ndarray
    tau2_se: np.ndarray
    q: np.ndarray
    q_p: np.ndarray
    i2: np.ndarray
    h2: np.ndarray
    loglik: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray
    at_boundary: np.ndarray
    options: PoolOptions

    def __len__(self) -> int:
        return int(self.estimate.shape[0])

    def _shown(self) -> str:
        how = f"method={self.options.method!r}, test={self.options.test!r}"
        lazy = ", not computed yet" if is_dask(self.estimate) else ""
        return f"{len(self)} meta-analyses, {how}{lazy}"

    @property
    def method(self) -> str:
        """Code of the tau2 estimator."""
        return self.options.method

    @property
    def test(self) -> str:
        """Code of the test."""
        return self.options.test

    @property
    def level(self) -> float:
        """Confidence level."""
        return self.options.level

    @property
    def vcov(self) -> np.ndarray:
        """Covariances of the means, of shape (p, 1, 1)."""
        return (self.se**2)[:, None, None]

    def _criterion(self, name: str) -> np.ndarray:
        parameters = 1 + int(self.method not in ("EE", "fixed"))
        restricted = int(self.method == "REML")
        pairs = zip(np.asarray(self.loglik), np.asarray(self.k), strict=True)
        found = [information_criteria(float(ll), parameters, int(k) - restricted)[name] for ll, k in pairs]
        return np.array(found, dtype=float)

    @property
    def aic(self) -> np.ndarray:
        """Akaike's information criterion of each."""
        return self._criterion("aic")

    @property
    def bic(self) -> np.ndarray:
        """Schwarz's criterion of each; n is k - 1 for REML."""
        return self._criterion("bic")

    @property
    def aicc(self) -> np.ndarray:
        """AIC with the small-sample correction of each."""
        return self._criterion("aicc")

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, lazy ones as they are."""
        return {name: getattr(self, name) for name in _ARRAYS}

    def to_dict(self) -> dict[str, Any]:
        """All arrays by name as lists, ready for JSON; :meth:`arrays` leaves them as they are."""
        return {name: plain(np.asarray(values)) for name, values in self.arrays().items()}

    def tidy(self) -> pd.DataFrame:
        """One row per meta-analysis, with its heterogeneity."""
        own = {name: np.asarray(values) for name, values in self.arrays().items()}
        kept = {name: values for name, values in own.items() if name not in ("iterations", "at_boundary")}
        return tidy_columns({"term": [str(i + 1) for i in range(len(self))]} | kept)

    def _facts(self) -> Mapping[str, Any]:
        """Of the batch: numbers that differ from one to the other are medians."""
        names = ("k", "tau2", "tau2_se", "i2", "h2", "q", "q_p", "loglik")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # medians of nothing but NaN
            middle = {name: float(np.nanmedian(np.asarray(getattr(self, name)))) for name in names}
        none = dict.fromkeys(("aic", "bic", "aicc"), np.nan)
        return {"model": "many meta-analyses"} | middle | none | {"meta_analyses": len(self)}

    def _lines(self, digits: int) -> list[str]:
        if is_dask(self.estimate):
            return [f"{len(self)} meta-analyses, not computed yet"]
        head = f"{len(self)} meta-analyses · {self.options.method_name} · {TESTS[self.test].name}"
        if not len(self):
            return [head]
        sure = int(np.sum((self.ci_low > 0) | (self.ci_high < 0)))
        found = {
            name: np.asarray(getattr(self, name), dtype=float) for name in ("estimate", "tau2", "i2", "k")
        }
        rows = [
            f"{name:10}" + "".join(f"{number(float(x), digits):>12}" for x in _quartiles(values))
            for name, values in found.items()
        ]
        return [
            head,
            f"{'':10}{'25%':>12}{'median':>12}{'75%':>12}",
            *rows,
            f"{sure} of {len(self)} have a {percent(self.level)} CI without 0",
        ]

    def compute(self) -> PooledMany:
        """Return the same result in memory; one pass over the data serves every array."""
        if not is_dask(self.estimate):
            return self
        return PooledMany(options=self.options, **compute(self.arrays()))

    def save_arrays(self, folder: str | Path, fields: Sequence[str] | None = None) -> dict[str, Path]:
        """Write arrays to ``<folder>/<name>.npy``, block by block where they are lazy.

        Parameters
        ----------
        folder : str or Path
            Made where it is missing; with a cluster of several machines, on a disk that all of them see.
        fields : sequence of str, optional
            Names of arrays; by default all.

        Returns
        -------
        dict of str to Path
            The files, for ``numpy.load(path, mmap_mode="r")``.

        Raises
        ------
        InputError
            If no array has that name.
        """
        chosen = _ARRAYS if fields is None else tuple(fields)
        for name in chosen:
            if name not in _ARRAYS:
                raise InputError(f"no array {name!r}; there are: {', '.join(_ARRAYS)}")
        return store({name: getattr(self, name) for name in chosen}, folder)


def _quartiles(values: np.ndarray) -> np.ndarray:
    known = values[np.isfinite(values)]
    return np.quantile(known, [0.25, 0.5, 0.75]) if known.size else np.full(3, np.nan)


_SHARED = 1 << 18
"""Elements from which on two threads share the work: numpy lets go of the interpreter's lock."""
_OF_POOLED = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "df", "k")
_KINDS: dict[str, type] = {"k": int, "iterations": int, "converged": bool, "at_boundary": bool}
_ARRAYS = tuple(name for name in PooledMany.__dataclass_fields__ if name != "options")


@keywords
def pool_many(
    Y: ArrayLike,
    V: ArrayLike,
    *,
    method: str | float = "REML",
    test: str = "hksj",
    level: float = 0.95,
    weights: ArrayLike | None = None,
) -> PooledMany:
    """Pool p meta-analyses of at most k studies each.

    Parameters
    ----------
    Y, V : array_like or dask.array.Array of shape (k, p)
        Effects and sampling variances; NaN where a study is absent. From Dask arrays nothing is computed
        until it is asked for, block by block: batches may be larger than memory.
    method, test, level : str or float
        As in :func:`pool`.
    weights : array_like of shape (k,) or (k, p), optional
        Weights instead of inverse variances.

    Returns
    -------
    PooledMany
        Arrays of length p, lazy where Y or V are Dask arrays. No warnings are issued for single
        meta-analyses.

    Raises
    ------
    InputError
        If shapes differ or a variance is not positive; from Dask arrays, when the block is computed.

    Examples
    --------
    >>> many = pool_many([[0.1, 0.2], [0.3, 0.4]], [[0.01, 0.02], [0.03, 0.04]], method="DL")
    >>> many.estimate.round(4).tolist(), many.k.tolist()
    ([0.15, 0.2667], [2, 2])
    """
    check_arguments(pool_many, locals())
    options = check_options(method, test, level, weights)
    if is_dask(Y, V, weights):
        kinds = {name: _KINDS.get(name, float) for name in _ARRAYS}
        return PooledMany(options=options, **stream(partial(_fit_batch, options), kinds, Y, V, weights))
    V, weights = _in_order(V, Y, "V"), _in_order(weights, Y, "weights")
    ys, vs = floats(Y, "Y"), floats(V, "V")
    if ys.shape != vs.shape:
        ys, vs = _alike(ys, vs, "Y and V")
    if ys.ndim == 1:
        ys, vs = ys[:, None], vs[:, None]
    if ys.ndim != 2:
        raise InputError(f"Y must have shape (k, p), not {ys.shape}")
    if ys.shape[0] == 0:
        raise InputError("Y has no rows: at least one study is needed")
    given = None
    if weights is not None:
        given = floats(weights, "weights", ndim=(1, 2))
        if np.any(given > LARGEST):
            raise InputError(f"weights must be no more than {LARGEST:g}; divide them by their largest")
        given = _alike(given if given.ndim == 2 else given[:, None], ys, "weights and Y")[0]
    return PooledMany(options=options, **_fit_batch(options, ys, vs, given, 0, ys.size >= _SHARED))


def _refuse_uncarried(v: np.ndarray, y: np.ndarray, first: int) -> None:
    """Refuse what is infinite or overflows in sums of products, as for a single analysis."""
    used = ~(np.isnan(y) | np.isnan(v))
    bad = used & ((np.abs(y) > LARGEST) | (v > LARGEST) | (v < 1 / LARGEST))
    if bad.any():
        row, at = np.argwhere(bad)[0]
        raise InputError(
            f"analysis {first + at} is outside the range of double precision: row {row} has "
            f"Y = {y[row, at]:g} and V = {v[row, at]:g}; change the unit, or correct it"
        )


def _in_order(values: Any, first: Any, what: str) -> Any:
    """Labelled rows and columns in the order of those of ``Y``."""
    if not hasattr(first, "index") or not hasattr(values, "iloc"):
        return values
    values = align(values, first.index, what)
    if hasattr(values, "columns") and hasattr(first, "columns"):
        values = align(values.T, first.columns, f"the columns of {what}").T
    return values


def _alike(a: np.ndarray, b: np.ndarray, what: str) -> tuple[np.ndarray, np.ndarray]:
    try:
        first, second = np.broadcast_arrays(a, b)
    except ValueError:
        raise InputError(f"{what} must be of the same shape, not {a.shape} and {b.shape}") from None
    return first, second


def _fit_batch(
    options: PoolOptions,
    ys: np.ndarray,
    vs: np.ndarray,
    weights: np.ndarray | None,
    first: int,
    shared: bool = False,
) -> dict[str, np.ndarray]:
    """Fit a batch in pieces that stay in the cache; its first column stands at ``first`` in the whole."""
    width = ys.shape[1]
    step = max(1, CHUNK // ys.shape[0])

    def fitted(start: int) -> dict[str, np.ndarray]:
        part = slice(start, min(start + step, width))
        y, v = ys[:, part], vs[:, part]
        _refuse_negative(v, y, first + start)
        _refuse_uncarried(v, y, first + start)
        return _by_name(fit_rows(arrange(y, v), options, None if weights is None else weights[:, part]))

    if 0 < width <= step and not shared:
        return fitted(0)
    out: dict[str, np.ndarray] = {name: np.empty(width, dtype=_KINDS.get(name, float)) for name in _ARRAYS}

    def work(start: int) -> None:
        for name, values in fitted(start).items():
            out[name][start : start + step] = values

    each(work, range(0, width, step), shared=shared)
    return out


def _refuse_negative(v: np.ndarray, y: np.ndarray, start: int) -> None:
    if np.minimum.reduce(v, axis=None) > 0:
        return
    bad = (v <= 0) & ~np.isnan(y)
    if bad.any():
        row, column = (int(i[0]) for i in np.nonzero(bad))
        raise InputError(
            f"V must be > 0: row {row}, column {start + column} has {v[row, column]:g}; "
            "give NaN for an absent study"
        )


def _by_name(fitted: Fitted) -> dict[str, np.ndarray]:
    own = {name: getattr(fitted, name) for name in ("q", "q_p", "i2", "h2", "loglik")}
    own |= {name: getattr(fitted.pooled, name) for name in _OF_POOLED}
    own |= {name: getattr(fitted.tau2, name) for name in ("tau2", "iterations", "converged", "at_boundary")}
    own["tau2_se"] = fitted.tau2.se
    return own

"""`EffectSizes`: what the effects room hands on to every other room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from meta.arguments import floats
from meta.effects.conditions import rows_where
from meta.errors import InputError
from meta.keywords import keywords
from meta.saving import Saved
from meta.tables.containers import missing, one_column
from meta.tables.labels import align

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["exact", "bound", "mixture", "none"]


@keywords
@dataclass(frozen=True, eq=False)
class EffectSizes(Saved):
    """Effect sizes of k results, on the model scale (log, logit, z, ...), one row per result.

    A row is one of four kinds. ``exact``: ``yi`` and ``vi`` are known. ``bound``: only
    ``lower <= y <= upper`` is known (either may be infinite); ``yi`` is NaN and ``vi`` is the sampling
    variance that the bound's likelihood uses. ``mixture``: ``y`` is one of the values in
    ``mixtures[row]`` with the weights given there; ``yi`` is NaN. ``none``: nothing to compute; kept so
    that it stays in sight.

    Attributes
    ----------
    yi, vi : ndarray of shape (k,)
        Effect estimates and sampling variances; NaN where there is none.
    measure : str
        The measure's code in :data:`meta.effects.registry.MEASURES` ("GEN" if generic).
    study : ndarray of str, shape (k,)
        Labels; duplicates are fine, because rows are told apart by position.
    kind : ndarray of str, shape (k,)
        "exact", "bound", "mixture" or "none".
    lower, upper : ndarray of shape (k,)
        Bounds; equal to NaN for rows that are not bounds.
    mixtures : mapping of int to ((value, weight), ...)
        The possible values of each mixture row.
    covariance : ndarray of shape (k, k) or None
        Sampling covariances, where results are dependent; its diagonal is ``vi``.
    columns : mapping of str to ndarray
        The caller's own columns, each of length k, as they came.
    index : sequence or None
        The caller's index labels.
    provenance : mapping of str to ndarray or str
        How values were obtained; a string holds for every row. Keys: ``yi``, ``vi`` and any recovered input.
    warnings : tuple of str
        What the checks found; each names the study and the value.
    variant : str
        The variance formula (``vtype``) and other options of the measure, for the print-out.
    inputs : mapping of str to ndarray
        What the formula was given, by argument name ("events1", "n1", "sd2", ...), recovered values
        included, before any zero-cell correction; empty if the effects did not come from a table.

    Examples
    --------
    >>> es = EffectSizes(yi=[0.1, 0.3], vi=[0.02, 0.05], measure="GEN", study=["A", "B"])
    >>> es.k, es.sei.round(3).tolist()
    (2, [0.141, 0.224])
    >>> es.frame[["study", "yi"]].to_dict("list")
    {'study': ['A', 'B'], 'yi': [0.1, 0.3]}
    """

    yi: np.ndarray
    vi: np.ndarray
    measure: str
    study: np.ndarray
    kind: np.ndarray = None  # type: ignore[assignment]
    lower: np.ndarray = None  # type: ignore[assignment]
    upper: np.ndarray = None  # type: ignore[assignment]
    mixtures: Mapping[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    covariance: np.ndarray | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    index: Sequence[Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    variant: str = ""
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        yi, vi = floats(self.yi, "yi"), floats(self.vi, "vi")
        if yi.ndim != 1 or yi.shape != vi.shape:
            raise InputError(f"yi and vi must be lists of the same length, got {yi.shape} and {vi.shape}")
        k = yi.shape[0]
        if len(self.study) != k:
            raise InputError(f"study must have one label per row: {len(self.study)} labels, {k} rows")
        known = np.isfinite(yi) & np.isfinite(vi)
        if not known.all():
            _refuse_infinite(yi, vi, self.study)
        fill = {
            "yi": yi,
            "vi": vi,
            "study": np.asarray(self.study, dtype=object),
            "lower": np.full(k, np.nan) if self.lower is None else floats(self.lower, "lower"),
            "upper": np.full(k, np.nan) if self.upper is None else floats(self.upper, "upper"),
        }
        if self.kind is None:
            fill["kind"] = np.where(known, "exact", "none").astype(object)
        else:
            fill["kind"] = np.asarray(self.kind, dtype=object)
        for name, value in fill.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return self.k

    def __iter__(self) -> Iterator[tuple[str, float, float]]:
        return iter(zip(self.study, self.yi, self.vi, strict=True))

    def __repr__(self) -> str:
        counts = {name: int(np.sum(self.kind == name)) for name in ("exact", "bound", "mixture", "none")}
        shown = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
        return f"EffectSizes(measure={self.measure!r}, k={self.k}: {shown})"

    @property
    def k(self) -> int:
        """Number of rows."""
        return int(self.yi.shape[0])

    @property
    def sei(self) -> np.ndarray:
        """Standard errors, the square roots of ``vi``."""
        return np.sqrt(self.vi)

    @property
    def exact(self) -> np.ndarray:
        """Boolean mask of the rows with a known ``yi`` and ``vi``."""
        return np.asarray(self.kind == "exact", dtype=bool)

    @property
    def informative(self) -> np.ndarray:
        """Boolean mask of the rows that a likelihood can use: exact, bound and mixture rows."""
        return np.asarray(self.kind != "none", dtype=bool)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The caller's columns plus ``study``, ``yi``, ``vi``, ``sei`` and how each was obtained."""
        import pandas as pd

        own = {name: values for name, values in self.columns.items() if name not in _OWN_COLUMNS}
        data: dict[str, Any] = {**own, "study": self.study, "yi": self.yi, "vi": self.vi, "sei": self.sei}
        if np.any(self.kind != "exact"):
            data |= {"kind": self.kind, "lower": self.lower, "upper": self.upper}
        for name, how in self.provenance.items():
            data[f"{name}_from"] = how
        return pd.DataFrame(data, index=None if self.index is None else pd.Index(self.index))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EffectSizes):
            return NotImplemented
        if (self.measure, self.variant, self.k) != (other.measure, other.variant, other.k):
            return False
        if not all(
            np.array_equal(getattr(self, name), getattr(other, name), equal_nan=True)
            for name in ("yi", "vi", "lower", "upper")
        ):
            return False
        same_rows = np.array_equal(self.study, other.study) and np.array_equal(self.kind, other.kind)
        mine, others = self.covariance, other.covariance
        same_covariance = mine is others or (
            mine is not None and others is not None and np.array_equal(mine, others, equal_nan=True)
        )
        return same_rows and same_covariance and dict(self.mixtures) == dict(other.mixtures)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, rows: Any) -> EffectSizes:
        """The rows of a boolean mask, a slice or positions; a labelled mask goes by its labels.

        >>> es = EffectSizes([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], "GEN", ["A", "B", "C"])
        >>> es[es.yi > 1].study.tolist(), es[:2].study.tolist(), es[-1].study.tolist()
        (['B', 'C'], ['A', 'B'], ['C'])
        """
        if isinstance(rows, slice):
            return self.subset(np.arange(self.k)[rows])
        return self.subset(rows)

    def where(self, condition: str) -> EffectSizes:
        """The rows for which comparisons of columns hold.

        Parameters
        ----------
        condition : str
            Comparisons of columns with numbers, text and each other, joined by ``and``, ``or``, ``not``:
            ``"year > 1990 and form in ['oxide', 'citrate']"``. Names that Python cannot hold stand in
            backticks. It is parsed, never evaluated as code; a missing value fulfils no comparison.

        Returns
        -------
        EffectSizes

        Examples
        --------
        >>> import meta
        >>> es = meta.effect_sizes({"yi": [0.1, 0.4], "vi": [0.1, 0.2], "year": [1980, 2001]}, measure="GEN")
        >>> es.where("year > 1990").yi.tolist()
        [0.4]
        """
        columns = {name: getattr(self, name) for name in ("study", "yi", "vi", "sei")}
        for more in (self.columns, self.inputs):
            columns = columns | {name: more[name] for name in more if name not in columns}
        return self.subset(rows_where(columns, self.k, condition))

    def subset(self, rows: Any) -> EffectSizes:
        """Return the rows chosen by a boolean mask or by positions, in that order.

        Parameters
        ----------
        rows : array_like of bool, shape (k,), or of int
            A mask, or positions (negative ones count from the end). A labelled mask (a pandas Series) is
            put in the effects' order.

        Returns
        -------
        EffectSizes

        Raises
        ------
        InputError
            If a mask has another length, holds missing values, or a position does not exist.

        Examples
        --------
        >>> EffectSizes([1.0, 2.0], [1.0, 1.0], "GEN", ["A", "B"]).subset([1]).study.tolist()
        ['B']
        """
        positions = _positions(rows, self)
        whole: dict[str, Any] = {}
        for name in ("yi", "vi", "study", "kind", "lower", "upper"):
            whole[name] = getattr(self, name)[positions]
        whole["mixtures"] = {
            new: self.mixtures[old] for new, old in enumerate(positions.tolist()) if old in self.mixtures
        }
        if self.covariance is not None:
            whole["covariance"] = self.covariance[np.ix_(positions, positions)]
        whole["columns"] = {name: take_rows(values, positions) for name, values in self.columns.items()}
        whole["inputs"] = {name: np.asarray(values)[positions] for name, values in self.inputs.items()}
        whole["index"] = None if self.index is None else take_rows(self.index, positions)
        whole["provenance"] = {
            name: how if isinstance(how, str) else np.asarray(how)[positions]
            for name, how in self.provenance.items()
        }
        return replace(self, **whole)


def _refuse_infinite(yi: np.ndarray, vi: np.ndarray, study: Any) -> None:
    for name, values in (("yi", yi), ("vi", vi)):
        infinite = np.isinf(values)
        if infinite.any():
            row = int(np.argmax(infinite))
            raise InputError(
                f"{name} must be finite: study {str(study[row])!r} has {name} = {values[row]}; "
                "drop that row, or leave its cell empty"
            )


def take_rows(values: Any, positions: np.ndarray) -> Any:
    """Some values of a column of any kind, of the same kind: categories keep their order."""
    if isinstance(values, np.ndarray) or (hasattr(values, "take") and hasattr(values, "dtype")):
        return values[positions]
    if hasattr(values, "take"):  # a pandas MultiIndex has no single dtype
        return values.take(positions)
    return [values[i] for i in positions]


def _positions(rows: Any, effects: EffectSizes) -> np.ndarray:
    """Positions of the rows that a mask or positions choose."""
    k = effects.k
    picked = np.atleast_1d(one_column(align(rows, effects.index, "the mask", k=k), "rows"))
    if picked.ndim != 1 or (picked.dtype == object and any(missing(x) for x in picked)):
        raise InputError("rows must be a mask of True and False without gaps, or positions")
    if str(picked.dtype) in ("bool", "boolean"):
        mask = np.asarray(picked, dtype=bool)
        if mask.size != k:
            raise InputError(f"the mask has {mask.size} values, but there are {k} rows")
        return np.flatnonzero(mask)
    if picked.size == 0:
        return np.array([], dtype=int)
    if picked.dtype.kind not in "iu":
        raise InputError("rows must be a mask of True and False, or positions; for labels use where()")
    beyond = picked[(picked < -k) | (picked >= k)]
    if beyond.size:
        raise InputError(f"no row {beyond[0]}: positions go from 0 to {k - 1}")
    return np.asarray(np.arange(k)[np.asarray(picked, dtype=int)])


_OWN_COLUMNS = frozenset({"study", "yi", "vi", "sei"})

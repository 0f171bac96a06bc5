"""`EffectSizes`: what the effects room hands on to every other room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from meta.keywords import keywords
from meta.saving import Saved

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["exact", "bound", "mixture", "none"]


@keywords
@dataclass(frozen=True)
class EffectSizes(Saved):
    """Effect sizes of k results, on the model scale (log, logit, z, ...), one row a result.

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
        yi, vi = np.asarray(self.yi, dtype=float), np.asarray(self.vi, dtype=float)
        k = yi.shape[0]
        fill = {
            "yi": yi,
            "vi": vi,
            "study": np.asarray(self.study, dtype=object),
            "lower": np.full(k, np.nan) if self.lower is None else np.asarray(self.lower, dtype=float),
            "upper": np.full(k, np.nan) if self.upper is None else np.asarray(self.upper, dtype=float),
        }
        if self.kind is None:
            fill["kind"] = np.where(np.isfinite(yi) & np.isfinite(vi), "exact", "none").astype(object)
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

    def subset(self, rows: np.ndarray) -> EffectSizes:
        """Return the rows chosen by a boolean mask or by positions, in that order.

        >>> EffectSizes([1.0, 2.0], [1.0, 1.0], "GEN", ["A", "B"]).subset([1]).study.tolist()
        ['B']
        """
        picked = np.asarray(rows)
        positions = np.flatnonzero(picked) if picked.dtype == bool else picked.astype(int)
        whole: dict[str, Any] = {}
        for name in ("yi", "vi", "study", "kind", "lower", "upper"):
            whole[name] = getattr(self, name)[positions]
        whole["mixtures"] = {
            new: self.mixtures[old] for new, old in enumerate(positions.tolist()) if old in self.mixtures
        }
        if self.covariance is not None:
            whole["covariance"] = self.covariance[np.ix_(positions, positions)]
        whole["columns"] = {name: np.asarray(values)[positions] for name, values in self.columns.items()}
        whole["inputs"] = {name: np.asarray(values)[positions] for name, values in self.inputs.items()}
        whole["index"] = None if self.index is None else [self.index[i] for i in positions]
        whole["provenance"] = {
            name: how if isinstance(how, str) else np.asarray(how)[positions]
            for name, how in self.provenance.items()
        }
        return replace(self, **whole)


_OWN_COLUMNS = frozenset({"study", "yi", "vi", "sei"})

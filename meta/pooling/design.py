"""From a formula or an array of moderators to a design matrix of full rank, with names kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meta.arguments import floats
from meta.effects.model import EffectSizes
from meta.errors import DataWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing

INTERCEPT = "Intercept"


@dataclass(frozen=True)
class Design:
    """A design matrix and how it was made.

    Attributes
    ----------
    X : ndarray of shape (k, p)
        Full column rank.
    names : tuple of str
        Column names.
    terms : mapping of str to tuple of int
        Columns of each term.
    rows : ndarray of bool
        Rows of the data that are used.
    aliased : tuple of str
        Columns left out because earlier ones determine them.
    columns : ndarray of int
        Positions of the kept columns in the full design.
    formula : str
        The formula; empty for arrays.
    data : mapping of str to array, or None
        The columns that the formula needs, in the rows used.
    spec : object or None
        formulaic's model specification; None for arrays, and in a loaded result until it is needed.
    """

    X: np.ndarray
    names: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    rows: np.ndarray
    aliased: tuple[str, ...] = ()
    columns: np.ndarray | None = None
    formula: str = ""
    data: Mapping[str, Any] | None = None
    spec: Any = field(default=None, metadata={"left_out": ""})

    @property
    def intercept(self) -> int | None:
        """Position of the intercept, if there is one."""
        return self.names.index(INTERCEPT) if INTERCEPT in self.names else None

    def tested(self) -> tuple[int, ...]:
        """Columns of the omnibus test: all but the intercept, or all where nothing else is left."""
        others = tuple(i for i in range(len(self.names)) if i != self.intercept)
        return others or tuple(range(len(self.names)))

    def new(self, data: Any) -> np.ndarray:
        """Rows of the design for new data, (n, p)."""
        if self.formula:
            return _formula_rows(self, data)
        if isinstance(data, Mapping) or hasattr(data, "columns"):
            wanted = [name for name in self.names if name != INTERCEPT]
            missing = [name for name in wanted if name not in data]
            if missing:
                raise InputError(
                    f"new data lack the moderator {listing(missing)}; give a column of that name"
                )
            full = [np.atleast_1d(np.asarray(data[name], dtype=float)) for name in wanted]
            x = np.column_stack(full)
        else:
            x = np.asarray(data, dtype=float)
            width = len(self.names) - (self.intercept is not None)
            x = x.reshape(-1, 1) if x.ndim == 1 and width == 1 else np.atleast_2d(x)
            if x.shape[1] != width:
                raise InputError(f"new data have {x.shape[1]} columns, but the model has {width} moderators")
        return x if self.intercept is None else np.column_stack([np.ones(x.shape[0]), x])


def _formula_rows(design: Design, data: Any) -> np.ndarray:
    import pandas as pd

    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    spec = design.spec if design.spec is not None else _spec_again(design)
    needed = sorted(str(v) for v in spec.required_variables)
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InputError(f"new data lack the moderator {listing(missing)}; give a column of that name")
    matrix = np.asarray(spec.get_model_matrix(frame, na_action="ignore"), dtype=float)
    return matrix[:, design.columns]


def _spec_again(design: Design) -> Any:
    """Specification of a loaded design, from its formula and data; only for formulas known to be harmless."""
    import pandas as pd
    from formulaic import Formula

    from meta.pooling.formulas import check_harmless

    check_harmless(design.formula, design.data or {})
    return Formula(design.formula).get_model_matrix(pd.DataFrame(dict(design.data or {}))).model_spec


def intercept_only(k: int) -> Design:
    """Design of a mean.

    >>> intercept_only(2).X.tolist()
    [[1.0], [1.0]]
    """
    everything = np.ones(k, dtype=bool)
    return Design(np.ones((k, 1)), (INTERCEPT,), {INTERCEPT: (0,)}, everything, columns=np.array([0]))


_FAILURES = (ArithmeticError, AttributeError, LookupError, NameError, SyntaxError, TypeError, ValueError)
"""What the functions in a formula may raise, beside formulaic's own errors."""


def _unreadable(formula: str, problem: Exception) -> InputError:
    cause = problem.__cause__ or problem
    reason = " ".join(re.sub(r"\x1b\[[\d;]*m|[⧛⧚]", "", str(cause)).split())[:200]
    return InputError(f"the formula {formula!r} cannot be read: {reason}")


def _refuse_infinite(formula: str, x: np.ndarray, study: np.ndarray) -> None:
    """Refuse values that a function of the formula made, such as the logarithm of zero."""
    bad = ~np.isfinite(x)
    if bad.any():
        row, at = np.argwhere(bad)[0]
        raise InputError(
            f"the formula {formula!r} gives study {str(study[row])!r} the value {x[row, at]:g}; "
            "transform the column so that every value is finite, or leave it empty for that study"
        )


def from_formula(es: EffectSizes, formula: str, usable: np.ndarray, notes: Notes) -> Design:
    """Design of a one-sided formula over the columns of ``es.frame``; rows with missing moderators are
    left out.
    """
    from formulaic import Formula, ModelMatrix
    from formulaic.errors import FormulaicError

    text = formula.strip()
    if "~" in text and text.split("~", 1)[0].strip():
        raise InputError(f"the formula {formula!r} has a left side; write it as '~{text.split('~', 1)[1]}'")
    text = text if text.startswith("~") else f"~ {text}"
    try:
        parsed = Formula(text)
    except (FormulaicError, RecursionError, *_FAILURES) as problem:
        raise _unreadable(formula, problem) from None
    frame = es.frame
    needed = sorted(str(v) for v in parsed.required_variables)
    absent = [name for name in needed if name not in frame.columns]
    if absent:
        raise InputError(
            f"the formula names {listing(absent)}, which is not a column; "
            f"columns: {', '.join(map(str, frame.columns))}"
        )
    missing = {name: frame[name].isna().to_numpy(dtype=bool) for name in needed}
    rows = _complete(missing, es, usable, notes)
    if not rows.any():
        raise NotEstimableError(f"no study has values of {listing(needed)}; nothing is left to fit")
    used = frame.loc[rows].reset_index(drop=True)
    try:
        with np.errstate(all="ignore"):
            matrix = parsed.get_model_matrix(used, na_action="ignore")
    except (FormulaicError, *_FAILURES) as problem:
        raise _unreadable(formula, problem) from None
    if not isinstance(matrix, ModelMatrix):
        raise InputError(f"the formula {formula!r} has several parts; write one, without '|'")
    if matrix.shape[1] == 0:
        raise InputError(f"the formula {formula!r} has no term; write at least '~ 1'")
    _refuse_infinite(formula, np.asarray(matrix, dtype=float), es.study[rows])
    spec = matrix.model_spec
    terms = {
        INTERCEPT if str(term) == "1" else str(term): tuple(range(s.start, s.stop))
        for term, s in spec.term_slices.items()
    }
    full = Design(
        np.asarray(matrix, dtype=float),
        tuple(map(str, spec.column_names)),
        terms,
        rows,
        formula=text,
        data={name: _values(used[name]) for name in needed},
        spec=spec,
    )
    return without_aliases(full, notes)


def _values(column: Any) -> Any:
    return column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array


def from_arrays(
    es: EffectSizes, moderators: Any, intercept: bool, usable: np.ndarray, notes: Notes
) -> Design:
    """Design of an array (k,) or (k, m), a mapping of names to arrays, or a frame; formulaic is never
    imported.
    """
    if isinstance(moderators, Mapping) or hasattr(moderators, "columns"):
        labels = [str(name) for name in moderators]
        if not labels:
            raise InputError("moderators have no column; give at least one, or leave them out")
        x = np.column_stack([floats(moderators[name], name, ndim=(1,)) for name in moderators])
    else:
        x = floats(moderators, "moderators", ndim=(1, 2))
        x = x.reshape(-1, 1) if x.ndim == 1 else x
        labels = [f"x{i + 1}" for i in range(x.shape[1])]
    if x.shape[0] != es.k:
        raise InputError(f"moderators have {x.shape[0]} rows, but there are {es.k} effects")
    rows = _complete(dict(zip(labels, ~np.isfinite(x.T), strict=True)), es, usable, notes)
    if not rows.any():
        raise NotEstimableError(f"no study has values of {listing(labels)}; nothing is left to fit")
    if intercept:
        x, labels = np.column_stack([np.ones(es.k), x]), [INTERCEPT, *labels]
    terms = {name: (i,) for i, name in enumerate(labels)}
    return without_aliases(Design(x[rows], tuple(labels), terms, rows), notes)


def build(es: EffectSizes, formula: Any, moderators: Any, intercept: bool, notes: Notes) -> Design:
    """Design from whichever of formula and arrays was given, with the rows that have an exact effect."""
    usable = es.exact
    if not usable.all():
        left = listing(map(repr, es.study[~usable]))
        notes.warn(f"studies without an exact effect were left out: {left}", DataWarning, stacklevel=5)
    if formula is not None and moderators is not None:
        raise InputError("give the moderators either as a formula or as arrays, not both")
    if formula is not None and not isinstance(formula, str):
        formula, moderators = None, formula
    if formula is not None:
        return from_formula(es, formula, usable, notes)
    if moderators is not None:
        return from_arrays(es, moderators, intercept, usable, notes)
    return replace(intercept_only(int(usable.sum())), rows=usable)


def without_aliases(design: Design, notes: Notes) -> Design:
    """Leave out columns that earlier ones determine, and name them."""
    independent = _independent_columns(design.X)
    if not len(independent):
        raise InputError("the moderators and the intercept leave no column that varies; write at least '~ 1'")
    aliased = tuple(name for i, name in enumerate(design.names) if i not in independent)
    if aliased:
        notes.warn(
            f"left out as determined by other moderators: {listing(map(repr, aliased))}",
            DataWarning,
            stacklevel=6,
        )
    place = {old: new for new, old in enumerate(independent)}
    terms = {name: tuple(place[i] for i in at if i in place) for name, at in design.terms.items()}
    return replace(
        design,
        X=design.X[:, independent],
        names=tuple(design.names[i] for i in independent),
        terms={name: at for name, at in terms.items() if at},
        aliased=aliased,
        columns=np.array(independent, dtype=int),
    )


def _independent_columns(x: np.ndarray, tolerance: float = 1e-8) -> list[int]:
    kept: list[int] = []
    basis = np.empty((x.shape[0], 0))
    for i, column in enumerate(x.T / np.maximum(np.abs(x).max(axis=0), 1e-300)[:, None]):
        size = np.linalg.norm(column)
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        if size > 0 and np.linalg.norm(left) > tolerance * size:
            kept.append(i)
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return kept


def _complete(
    missing: Mapping[str, np.ndarray], es: EffectSizes, usable: np.ndarray, notes: Notes
) -> np.ndarray:
    """Rows with every moderator; those left out are named with what they lack."""
    rows, lacking = usable.copy(), []
    for i in np.flatnonzero(usable):
        absent = [name for name, mask in missing.items() if mask[i]]
        if absent:
            rows[i] = False
            lacking.append(f"{str(es.study[i])!r} ({', '.join(absent)})")
    if lacking:
        notes.warn(f"left out because moderators are missing: {listing(lacking)}", DataWarning, stacklevel=6)
    return rows

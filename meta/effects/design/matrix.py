"""`Design`: a design matrix, and all that is needed to make its rows again for new data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from meta.effects.design import recipe as recipes
from meta.effects.design.expressions import functions_of
from meta.effects.design.moderator_columns import Column, column_names, column_of, read_column
from meta.effects.design.parsing import Parsed, of_columns, parse
from meta.errors import InputError, Notes, quiet
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
        The formula; empty for arrays and column names.
    data : mapping of str to array, or None
        The columns that the terms need, in the rows used; None for arrays.
    recipe : mapping or None
        Terms, contrasts and learned transforms as plain data (`meta.effects.design.recipe`); None in files
        that were saved before there were recipes.
    constant : int or None
        Column of ones that the caller gave in place of the intercept.
    functions : mapping of str to function, or None
        The caller's own, by name; never saved.
    """

    X: np.ndarray
    names: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    rows: np.ndarray
    aliased: tuple[str, ...] = ()
    columns: np.ndarray | None = None
    formula: str = ""
    data: Mapping[str, Any] | None = None
    recipe: Mapping[str, Any] | None = None
    constant: int | None = None
    functions: Any = field(default=None, metadata={"left_out": ""}, repr=False)

    @property
    def intercept(self) -> int | None:
        """Position of the intercept, if there is one."""
        return self.names.index(INTERCEPT) if INTERCEPT in self.names else self.constant

    def tested(self) -> tuple[int, ...]:
        """Columns of the omnibus test: all but the intercept, or all where nothing else is left."""
        others = tuple(i for i in range(len(self.names)) if i != self.intercept)
        return others or tuple(range(len(self.names)))

    def among(self, rows: np.ndarray) -> Design:
        """The design of those of its rows that a mask over the data keeps as well."""
        kept = (self.rows & rows)[self.rows]
        data = None if self.data is None else {name: values[kept] for name, values in self.data.items()}
        return replace(self, X=self.X[kept], rows=self.rows & rows, data=data)

    def new(self, data: Any) -> np.ndarray:
        """Rows of the design for new data, (n, p); NaN where a moderator is missing.

        Parameters
        ----------
        data : table, mapping, list of dictionaries or array
            The columns that the terms need, of any kind of table; arrays only where arrays were fitted.

        Raises
        ------
        InputError
            If a column is missing, or a factor has a level that the fit has not seen.
        """
        recipe = self._checked
        given, size = self._given(data, recipe)
        missing = np.zeros(size, dtype=bool)
        for item in given.values():
            missing |= item.missing
        whole = np.full((size, len(self.names)), np.nan)
        if missing.all() and size:
            return whole
        rows = np.flatnonzero(~missing)
        used = {name: item.take(~missing) for name, item in given.items()}
        labels = recipes.RowNumbers(rows.tolist())
        full = recipes.columns_of(dict(recipe), used, rows.size, labels, self.functions or {})[0]
        whole_kept = self.columns is None or (self.recipe is None and not self.formula)
        kept = np.arange(full.shape[1]) if whole_kept else np.asarray(self.columns)
        if full.shape[1] <= int(np.max(kept, initial=-1)):
            raise InputError("the stored terms of the model are damaged; fit the model again")
        whole[rows] = full[:, kept]
        return whole

    def _check_formula(self) -> None:
        """Refuse a stored formula that may not stand there, or that its stored terms do not belong to."""
        parsed = check_harmless(
            self.formula, list(self.data or {}), tuple(self.functions or _called(self.recipe))
        )
        labels = {term.label for term in parsed.terms}
        if (
            self.recipe is not None
            and not {term["label"] for term in recipes.check(self.recipe)["terms"]} <= labels
        ):
            raise InputError(
                f"the stored formula {self.formula[:80]!r} is not that of the stored terms; "
                "fit the model again"
            )

    def _given(self, data: Any, recipe: Mapping[str, Any]) -> tuple[dict[str, Column], int]:
        """The columns that the terms need, and the number of rows."""
        wanted = list(recipe["columns"])
        if isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
            keys = dict.fromkeys(key for row in data for key in row)
            data = {key: [row.get(key) for row in data] for key in keys}
        known = column_names(data)
        if known is None:
            data = self._positions(data, wanted)
            known = wanted
        absent = [name for name in wanted if name not in known]
        if absent:
            raise InputError(
                f"new data lack the moderator {listing(absent)}; give a column of that name "
                f"(the model needs {recipes.needs(dict(recipe))})"
            )
        values = {name: column_of(data, name) for name in wanted}
        sizes = {name: _length(item) for name, item in values.items()}
        lengths = {n for n in sizes.values() if n is not None}
        if len(lengths) > 1:
            told = ", ".join(f"{name} {n}" for name, n in sizes.items() if n is not None)
            raise InputError(f"the columns of new data differ in length: {told}")
        size = lengths.pop() if lengths else self._rows_of(data, known)
        found = {
            name: read_column([item] * size if sizes[name] is None else item, name)
            for name, item in values.items()
        }
        for item in found.values():
            refuse_infinite(item, np.arange(1, size + 1), "row")
        return found, size

    @staticmethod
    def _rows_of(data: Any, known: list[str]) -> int:
        """Rows of a table whose columns are not needed, or one row of single values."""
        lengths = [_length(column_of(data, name)) for name in known]
        return next((n for n in lengths if n is not None), 1)

    def _positions(self, data: Any, wanted: list[str]) -> dict[str, np.ndarray]:
        """Columns of an array by their positions, as they were fitted."""
        if self.formula:
            raise InputError(f"new data must be a table with the columns {listing(wanted)}")
        try:
            x: np.ndarray = np.ma.filled(np.ma.asarray(data, dtype=float), np.nan)
        except (TypeError, ValueError):
            raise InputError("new data must be numbers; a value in it is not") from None
        width = len(wanted)
        x = x.reshape(-1, 1) if x.ndim == 1 and width == 1 else np.atleast_2d(x)
        if x.ndim != 2 or x.shape[1] != width:
            raise InputError(f"new data have {x.shape[-1]} columns, but the model has {width} moderators")
        return {name: x[:, i] for i, name in enumerate(wanted)}

    @cached_property
    def _checked(self) -> Mapping[str, Any]:
        """The recipe; made again for a result that was saved without one, by the same rules."""
        if self.formula:
            self._check_formula()
        if self.recipe is not None:
            return recipes.check(self.recipe)
        if not self.formula:
            named = [name for name in self.names if name != INTERCEPT]
            parsed = of_columns(named, INTERCEPT in self.names)
            return {
                "columns": named,
                "factors": {name: {"tree": tree} for name, tree in parsed.factors.items()},
                "terms": [
                    {"label": t.label, "scale": 1.0, "products": [[[name, False] for name in t.factors]]}
                    for t in parsed.terms
                ],
            }
        data = {str(name): read_column(values, str(name)) for name, values in (self.data or {}).items()}
        parsed = parse(self.formula, list(data))
        with quiet():
            return recipes.learn(parsed, data, recipes.RowNumbers(range(self.X.shape[0])), {}, Notes())


def check_harmless(formula: str, columns: Collection[str], functions: Collection[str] = ()) -> Parsed:
    """Refuse a stored formula that is more than columns, arithmetic and well-known functions.

    >>> parsed = check_harmless("~ year + C(form) + np.log(dose)", ["year", "form", "dose"])
    >>> check_harmless("~ open(dose)", ["dose"])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: the stored formula is not evaluated from a file: the formula '~ open(dose)' ...
    """
    try:
        return parse(formula, columns, functions)
    except InputError as problem:
        raise InputError(
            f"the stored formula is not evaluated from a file: {problem}; fit the model again instead"
        ) from None


def _length(values: Any) -> int | None:
    """Length of a column; None for a single value that holds for every row."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        return None
    return None if isinstance(values, np.ndarray) and values.ndim == 0 else len(values)


def refuse_infinite(column: Column, labels: Any, what: str = "study") -> None:
    """Refuse an infinite value by the label of its row."""
    if column.numbers is None:
        return
    at = np.flatnonzero(np.isinf(column.numbers))
    if at.size:
        label = labels[at[0]]
        where = f"{what} {label}" if what == "row" else f"{what} {str(label)!r}"
        raise InputError(
            f"{column.name} is {column.numbers[at[0]]:g} for {where}; give a finite value, or leave it empty"
        )


def refuse_uncalled(context: Mapping[str, Any] | None, *designs: Design) -> None:
    """Refuse functions of the caller that none of the model's formulas calls."""
    called = {name for design in designs for name in _called(design.recipe)}
    absent = [name for name in context or {} if name not in called]
    if absent:
        raise InputError(
            f"context has {listing(map(repr, absent))}, which the formula does not call; leave it out"
        )


def _called(recipe: Any) -> list[str]:
    """Functions of the caller that stored terms name; they are looked up when the terms are computed."""
    factors = {} if recipe is None else recipes.check(recipe)["factors"]
    return [name for factor in factors.values() for name in functions_of(factor["tree"])]


def index_of(data: Any) -> Any:
    """The index of a labelled table, for the rows of an answer; None without one."""
    index = getattr(data, "index", None)
    return None if index is None or callable(index) or not hasattr(data, "columns") else index

"""`build`: from whatever a caller gave as moderators to a `Design` over the rows that have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from meta.arguments import floats, refuse_unused
from meta.effects.design import recipe as recipes
from meta.effects.design.matrix import INTERCEPT, Design, refuse_infinite
from meta.effects.design.moderator_columns import Column, column_names, column_of, read_column
from meta.effects.design.parsing import Parsed, of_columns, parse
from meta.effects.double_precision import LARGEST
from meta.effects.effect_size_table import EffectSizes
from meta.errors import DataWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing, shown
from meta.tables.labels import align


def intercept_only(k: int) -> Design:
    """Design of a mean.

    >>> intercept_only(2).X.tolist()
    [[1.0], [1.0]]
    """
    everything = np.ones(k, dtype=bool)
    recipe = {"columns": [], "factors": {}, "terms": [{"label": INTERCEPT, "scale": 1.0, "products": [[]]}]}
    only = {INTERCEPT: (0,)}
    return Design(np.ones((k, 1)), (INTERCEPT,), only, everything, columns=np.array([0]), recipe=recipe)


def build(
    es: EffectSizes,
    formula: Any,
    moderators: Any,
    intercept: bool | None,
    notes: Notes,
    *,
    context: Mapping[str, Callable[..., Any]] | None = None,
    own_ones: bool = False,
    any_unit: bool = False,
) -> Design:
    """Design of the moderators, over the rows that have an exact effect and every moderator.

    Parameters
    ----------
    es : EffectSizes
        Their columns are what formulas and names refer to.
    formula, moderators : str, list of str, table, mapping or array
        One of the two: a formula (``"~ dose + C(form)"``); the name of a column, or several; a table or
        a mapping of names to values, one row for each effect; or an array (k,) or (k, m) of numbers. A text
        without ``~`` that is the name of a column is that column.
    intercept : bool, optional
        Whether names, tables and arrays get an intercept (True); a formula says so itself (``~ 0 + dose``).
    notes : Notes
        Takes the warnings: rows and columns that are left out, by name.
    context : mapping of str to function, optional
        Functions of the caller's own that the formula may call.
    own_ones : bool
        Take a column of ones among tables and arrays as the intercept, in its place and under its name (for
        callers who made the whole matrix themselves); arrays are then named from x0 on.
    any_unit : bool
        Whether the model scales its columns itself; otherwise columns beyond 1e-50 to 1e50 are refused, as
        their squares leave the range of doubles.

    Returns
    -------
    Design
    """
    design = _built(es, formula, moderators, intercept, notes, context, own_ones)
    if not any_unit:
        _refuse_extreme(design)
    return design


def _refuse_extreme(design: Design) -> None:
    largest = np.max(np.abs(design.X), axis=0, initial=0.0)
    bad = np.flatnonzero((largest > LARGEST) | (largest < 1 / LARGEST))
    if bad.size:
        raise InputError(
            f"the moderator {design.names[bad[0]]} has values up to {largest[bad[0]]:g}, and this model "
            f"takes moderators of {1 / LARGEST:g} to {LARGEST:g}; change its unit"
        )


def _built(
    es: EffectSizes,
    formula: Any,
    moderators: Any,
    intercept: bool | None,
    notes: Notes,
    context: Mapping[str, Callable[..., Any]] | None,
    own_ones: bool,
) -> Design:
    usable = es.exact
    if not usable.all():
        left = listing(map(repr, es.study[~usable]))
        notes.warn(f"studies without an exact effect were left out: {left}", DataWarning)
    if formula is not None and moderators is not None:
        raise InputError("give the moderators either as a formula or as arrays, not both")
    given = moderators if formula is None else formula
    functions = _functions(context)
    text = isinstance(given, str) and _is_formula(es, given)
    if not text:
        refuse_unused("without a formula", {"context": context})
    if given is None:
        refuse_unused("without moderators", {"intercept": intercept})
        return replace(intercept_only(int(usable.sum())), rows=usable)
    if text:
        refuse_unused("with a formula, which says so itself: '~ 0 + ...'", {"intercept": intercept})
        return _from_formula(es, given, usable, functions, notes)
    intercept = intercept is not False
    if isinstance(given, str) or _is_names(given):
        parsed = _of_names(es, [given] if isinstance(given, str) else list(given), intercept)
        return _from_terms(es, parsed, _own_columns(es, parsed), usable, {}, notes)
    columns, constant = _given_columns(es, given, intercept, own_ones)
    parsed = of_columns(list(columns), intercept and constant is None)
    design = _from_terms(es, parsed, columns, usable, {}, notes)
    design = design if column_names(given) is not None else replace(design, data=None)
    return design if constant is None else replace(design, constant=_position(design, constant))


def _functions(context: Any) -> Mapping[str, Callable[..., Any]]:
    if context is None:
        return {}
    if not isinstance(context, Mapping):
        raise InputError(f"context must be a dictionary of functions by name, not {shown(context)}")
    for name, function in context.items():
        if not isinstance(name, str) or not name.isidentifier() or not callable(function):
            raise InputError(f"context must be a dictionary of functions by name; {shown(name)} is not one")
    return dict(context)


def _is_names(given: Any) -> bool:
    """Whether it is a list of columns' names."""
    if isinstance(given, list | tuple):
        return len(given) > 0 and all(isinstance(item, str) for item in given)
    return False


def _is_formula(es: EffectSizes, text: str) -> bool:
    """Whether a text is a formula, and not the name of a column."""
    return "~" in text or text not in map(str, es.frame.columns)


def _from_formula(
    es: EffectSizes,
    text: str,
    usable: np.ndarray,
    functions: Mapping[str, Callable[..., Any]],
    notes: Notes,
) -> Design:
    parsed = parse(text, [str(name) for name in es.frame.columns], tuple(functions))
    design = _from_terms(es, parsed, _own_columns(es, parsed), usable, functions, notes)
    written = text.strip()
    return replace(design, formula=written if written.startswith("~") else f"~ {written}")


def _of_names(es: EffectSizes, wanted: list[str], intercept: bool) -> Parsed:
    known = [str(name) for name in es.frame.columns]
    absent = [name for name in wanted if name not in known]
    if absent:
        raise InputError(
            f"moderators name {listing(map(repr, absent))}, which is not a column; "
            f"columns: {', '.join(known)}"
        )
    return of_columns(list(dict.fromkeys(wanted)), intercept)


def _own_columns(es: EffectSizes, parsed: Parsed) -> dict[str, Column]:
    return {name: read_column(column_of(es.frame, name), name) for name in parsed.columns}


def _given_columns(
    es: EffectSizes, given: Any, intercept: bool, own_ones: bool
) -> tuple[dict[str, Column], str | None]:
    """Columns of a table or an array by name, and the name of one that is the intercept itself."""
    names = column_names(given)
    if names is not None:
        if not names:
            raise InputError("moderators have no column; give at least one, or leave them out")
        columns = {
            name: read_column(align(column_of(given, name), es.index, name, k=es.k), name) for name in names
        }
    else:
        x = np.ma.filled(np.ma.asarray(given), np.nan) if isinstance(given, np.ma.MaskedArray) else given
        x = floats(align(x, es.index, "moderators", k=es.k), "moderators", ndim=(1, 2))
        x = x.reshape(-1, 1) if x.ndim == 1 else x
        if x.shape[1] == 0:
            raise InputError("moderators have no column; give at least one, or leave them out")
        first = 0 if own_ones and intercept and np.any(np.all(x == 1.0, axis=0)) else 1
        columns = {f"x{i + first}": read_column(x[:, i], f"x{i + first}") for i in range(x.shape[1])}
    for column in columns.values():
        if column.missing.size != es.k:
            raise InputError(f"moderators have {column.missing.size} rows, but there are {es.k} effects")
    ones = [name for name, column in columns.items() if _is_ones(column)]
    return columns, (ones[0] if own_ones and intercept and ones else None)


def _is_ones(column: Column) -> bool:
    return column.numbers is not None and bool(np.all(column.numbers == 1.0))


def _from_terms(
    es: EffectSizes,
    parsed: Parsed,
    columns: Mapping[str, Column],
    usable: np.ndarray,
    functions: Mapping[str, Callable[..., Any]],
    notes: Notes,
) -> Design:
    rows = _complete(columns, es, usable, notes)
    if not rows.any():
        raise NotEstimableError(
            f"no study has values of {listing(columns)}; nothing is left to fit"
            if columns
            else "no study has an exact effect; nothing is left to fit"
        )
    used = {name: column.take(rows) for name, column in columns.items()}
    study = es.study[rows]
    for column in used.values():
        refuse_infinite(column, study)
    recipe = recipes.learn(parsed, used, study, functions, notes)
    X, names, terms = recipes.columns_of(recipe, used, int(rows.sum()), study, functions)
    if X.shape[1] == 0:
        raise InputError("the moderators make no column; write at least '~ 1'")
    _refuse_infinite_products(X, names, study)
    data = {name: _stored(column) for name, column in used.items()}
    full = Design(X, tuple(names), terms, rows, data=data, recipe=recipe, functions=functions or None)
    return without_aliases(full, notes)


def _stored(column: Column) -> np.ndarray:
    """Values of a column as a result keeps them."""
    if column.numbers is not None:
        flags = all(isinstance(label, bool) for label in column.labels)
        return column.numbers.astype(bool) if flags else column.numbers
    values = np.empty(len(column.labels), dtype=object)
    values[:] = column.labels
    return values


def _refuse_infinite_products(X: np.ndarray, names: Sequence[str], study: np.ndarray) -> None:
    bad = ~np.isfinite(X)
    if bad.any():
        row, at = np.argwhere(bad)[0]
        raise InputError(
            f"the term {names[at]} gives study {str(study[row])!r} the value {X[row, at]:g}; "
            "change the unit of its columns"
        )


def without_aliases(design: Design, notes: Notes) -> Design:
    """Leave out columns that earlier ones determine, and name them."""
    independent = independent_columns(design.X)
    if not len(independent):
        raise InputError("the moderators and the intercept leave no column that varies; write at least '~ 1'")
    aliased = tuple(name for i, name in enumerate(design.names) if i not in independent)
    if aliased:
        notes.warn(
            f"left out as determined by other moderators: {listing(map(repr, aliased))}",
            DataWarning,
        )
    place = {old: new for new, old in enumerate(independent)}
    terms = {name: tuple(place[i] for i in at if i in place) for name, at in design.terms.items()}
    recipe, columns = _without_terms(design, independent)
    return replace(
        design,
        X=design.X[:, independent],
        names=tuple(design.names[i] for i in independent),
        terms={name: at for name, at in terms.items() if at},
        aliased=aliased,
        columns=columns,
        recipe=recipe,
    )


def _without_terms(design: Design, independent: list[int]) -> tuple[Mapping[str, Any] | None, np.ndarray]:
    """The recipe without terms of which no column is left, so that new data need not have theirs."""
    recipe, kept = design.recipe, set(independent)
    if recipe is None or all(kept & set(at) for at in design.terms.values()):
        return recipe, np.array(independent, dtype=int)
    terms = [term for term in recipe["terms"] if kept & set(design.terms[term["label"]])]
    labels = {label for term in terms for product in term["products"] for label, _ in product}
    factors = {label: item for label, item in recipe["factors"].items() if label in labels}
    used = Parsed((), {label: item["tree"] for label, item in factors.items()}).columns
    left = [i for term in terms for i in design.terms[term["label"]]]
    columns = np.array([left.index(i) for i in independent], dtype=int)
    return {"columns": list(used), "factors": factors, "terms": terms}, columns


def independent_columns(x: np.ndarray, tolerance: float = 1e-8) -> list[int]:
    """Columns that those before them do not determine, to about half of the digits of a double."""
    kept: list[int] = []
    if x.size == 0:
        return kept
    basis = np.empty((x.shape[0], 0))
    for i, column in enumerate(x.T / np.maximum(np.abs(x).max(axis=0), 1e-300)[:, None]):
        size = np.linalg.norm(column)
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        if size > 0 and np.linalg.norm(left) > tolerance * size:
            kept.append(i)
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
    return kept


def _position(design: Design, name: str) -> int | None:
    return design.names.index(name) if name in design.names else None


def _complete(columns: Mapping[str, Column], es: EffectSizes, usable: np.ndarray, notes: Notes) -> np.ndarray:
    """Rows with every moderator; those left out are named with what they lack."""
    rows, lacking = usable.copy(), []
    for i in np.flatnonzero(usable):
        absent = [name for name, column in columns.items() if column.missing[i]]
        if absent:
            rows[i] = False
            lacking.append(f"{str(es.study[i])!r} ({', '.join(absent)})")
    if lacking:
        notes.warn(f"left out because moderators are missing: {listing(lacking)}", DataWarning)
    return rows

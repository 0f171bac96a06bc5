"""Terms, contrasts and learned transforms as plain data, and the columns that they make of a table.

A recipe is nested dictionaries and lists that JSON can hold::

    {"columns": ["dose", "form"],
     "factors": {"dose": {"tree": ["column", "dose"]},
                 "form": {"tree": ["column", "form"], "levels": ["citrate", "oxide"], "contrast": "treatment",
                          "options": {}}},
     "terms": [{"label": "Intercept", "scale": 1.0, "products": [[]]},
               {"label": "dose:form", "scale": 1.0, "products": [[["dose", false], ["form", true]]]}]}

It is made once from the data of the fit, and afterwards only followed: for new data, and in a loaded result.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from meta.effects.design import names
from meta.effects.design.contrasts import coding
from meta.effects.design.expressions import COMPARISONS, CONTRASTS, Category
from meta.effects.design.expressions import columns_of as columns_in
from meta.effects.design.moderator_columns import Column
from meta.effects.design.parsing import Parsed
from meta.effects.design.structure import products_of
from meta.effects.design.transforms import Functions, Unsuitable, check_tree, compute, fields_of
from meta.errors import InputError, Notes
from meta.formatting import listing

Recipe = dict[str, Any]

MOST_COLUMNS = 2000
"""Columns that terms may make, and levels of a factor; beyond, memory would end the work."""


class RowNumbers(Sequence):
    """Numbers of rows, where rows have no labels."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> str:
        return f"row {int(self.rows[at]) + 1}"


def learn(
    parsed: Parsed, data: Mapping[str, Column], rows: Sequence[Any], functions: Functions, notes: Notes
) -> Recipe:
    """The recipe of terms, from the data of the fit; ``rows`` are labels for messages."""
    factors = {
        label: _factor(label, factor, data, rows, functions, notes)
        for label, factor in parsed.factors.items()
    }
    spans = {label: bool(item.get("spans", False)) for label, item in factors.items()}
    terms = [
        {
            "label": term.label,
            "scale": term.scale,
            "products": [[list(part) for part in product] for product in products],
        }
        for term, products in zip(parsed.terms, products_of(parsed.terms, spans), strict=True)
    ]
    recipe = {"columns": list(parsed.columns), "factors": factors, "terms": terms}
    _refuse_vanished(recipe)
    return recipe


def _factor(
    label: str,
    factor: Any,
    data: Mapping[str, Column],
    rows: Sequence[Any],
    functions: Functions,
    notes: Notes,
) -> dict[str, Any]:
    tree = deepcopy(factor.tree if isinstance(factor, Category) else factor)
    plain = tree[0] == "column" and data[tree[1]].categorical
    if plain and data[tree[1]].dates and not isinstance(factor, Category):
        raise InputError(
            f"{label} holds dates; compute a number from them, such as the year, "
            f"or write C({label}) for a factor"
        )
    if not (plain or isinstance(factor, Category)):
        values = _computed(label, tree, data, functions)
        if values.ndim == 1:
            return {"tree": tree}
        fields, spans = fields_of(tree, values.shape[1])
        return {"tree": tree, "fields": fields, "spans": spans}
    given = factor if isinstance(factor, Category) else Category(tree)
    labels = _labels(label, tree, data, functions)
    levels = _levels(label, given, labels, data[tree[1]].order if plain else None, rows, notes)
    options = dict(given.options or {})
    if len(levels) > MOST_COLUMNS:
        raise InputError(f"{label} has {len(levels)} levels, more than {MOST_COLUMNS}; is it a number?")
    try:
        coding(given.contrast, options, levels)
    except Unsuitable as problem:
        raise InputError(f"the term {label} cannot be coded: {problem}") from None
    return {
        "tree": tree,
        "levels": levels,
        "contrast": given.contrast or "treatment",
        "options": options,
        "spans": given.spans and given.contrast != "custom",
    }


def _levels(
    label: str,
    given: Category,
    labels: list[Any],
    order: tuple[Any, ...] | None,
    rows: Sequence[Any],
    notes: Notes,
) -> list[Any]:
    """Levels in order: those the formula lists, those of a categorical column, or sorted."""
    present = set(labels)
    wanted = list(dict.fromkeys(given.levels if given.levels is not None else order or ()))
    if wanted:
        odd = next((i for i, item in enumerate(labels) if item not in wanted), None)
        if odd is not None:
            raise InputError(
                f"{label} of study {str(rows[odd])!r} is {labels[odd]!r}, which is not among its levels: "
                f"{listing(map(repr, wanted))}; add it to the levels, or leave the study out"
            )
        empty = [item for item in wanted if item not in present]
        if empty:
            notes.warn(f"no study that is used has {label} = {listing(map(repr, empty))}")
        return [item for item in wanted if item in present]
    try:
        return sorted(present)
    except TypeError:
        return list(dict.fromkeys(labels))


def _labels(label: str, tree: Any, data: Mapping[str, Column], functions: Functions) -> list[Any]:
    if tree[0] == "column":
        return data[tree[1]].labels
    values = _computed(label, tree, data, functions)
    if values.ndim != 1:
        raise InputError(f"the term {label} cannot be computed: C() takes one column")
    logical = tree[0] in COMPARISONS
    return [bool(item) for item in values] if logical else list(values.tolist())


def _computed(label: str, tree: Any, data: Mapping[str, Column], functions: Functions) -> np.ndarray:
    try:
        return compute(tree, data, functions)
    except Unsuitable as problem:
        raise InputError(f"the term {label} cannot be computed: {problem}") from None
    except (ArithmeticError, LookupError, TypeError, ValueError) as problem:
        reason = " ".join(str(problem).split())[:150]
        raise InputError(f"the term {label} cannot be computed: {reason}") from None


def _refuse_vanished(recipe: Recipe) -> None:
    for term in recipe["terms"]:
        for product in term["products"]:
            for label, reduced in product:
                levels = recipe["factors"][label].get("levels")
                if reduced and levels is not None and len(levels) == 1:
                    raise InputError(
                        f"the term {term['label']} makes no column: {label} is {levels[0]!r} in every study "
                        "that is used; leave it out"
                    )


def columns_of(
    recipe: Recipe, data: Mapping[str, Column], size: int, rows: Sequence[Any], functions: Functions
) -> tuple[np.ndarray, list[str], dict[str, tuple[int, ...]]]:
    """The full design (n, q), names of its columns, and the columns of each term."""
    encoded: dict[tuple[str, bool], list[tuple[str, np.ndarray]]] = {}
    columns: list[np.ndarray] = []
    found: list[str] = []
    terms: dict[str, tuple[int, ...]] = {}
    for term in recipe["terms"]:
        start = len(columns)
        for product in term["products"]:
            parts = []
            for label, reduced in product:
                key = (label, bool(reduced))
                if key not in encoded:
                    encoded[key] = _encode(label, recipe["factors"][label], data, rows, functions, key[1])
                parts.append(encoded[key])
            _check_width(len(columns), parts)
            for name, values in _multiplied(parts, size):
                columns.append(float(term["scale"]) * values)
                found.append(name)
        terms[term["label"]] = (*terms.get(term["label"], ()), *range(start, len(columns)))
    return (np.column_stack(columns) if columns else np.empty((size, 0))), found, terms


def _check_width(before: int, parts: list[list[tuple[str, np.ndarray]]]) -> None:
    width = before + int(np.prod([float(len(part)) for part in parts]))
    if width > MOST_COLUMNS:
        raise InputError(
            f"the moderators make {width} columns, more than {MOST_COLUMNS}: a factor has too many levels, "
            "or there are too many interactions"
        )


def _multiplied(parts: list[list[tuple[str, np.ndarray]]], size: int) -> list[tuple[str, np.ndarray]]:
    """Products of one column of each part; the first factor runs fastest."""
    if not parts:
        return [("Intercept", np.ones(size))]
    result = []
    for chosen in itertools.product(*reversed(parts)):
        ordered = list(reversed(chosen))
        values = ordered[0][1]
        for _, other in ordered[1:]:
            values = values * other
        result.append((":".join(name for name, _ in ordered), values))
    return result


def _encode(
    label: str,
    factor: Mapping[str, Any],
    data: Mapping[str, Column],
    rows: Sequence[Any],
    functions: Functions,
    reduced: bool,
) -> list[tuple[str, np.ndarray]]:
    tree = factor["tree"]
    if "levels" in factor:
        return _indicators(label, factor, _labels(label, tree, data, functions), rows, reduced)
    values = _computed(label, tree, data, functions)
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        what = "no value" if np.isnan(values[bad][0]) else f"the value {values[bad][0]:g}"
        raise InputError(
            f"the term {label} gives {_row(rows, row)} {what}; transform the column so that every value is "
            "finite, or leave it empty there"
        )
    if "fields" not in factor:
        if values.ndim != 1:
            raise InputError(f"the term {label} makes {values.shape[1]} columns of these data instead of one")
        return [(label, values)]
    if values.shape[1:] != (len(factor["fields"]),):
        raise InputError("the stored terms of the model are damaged; fit the model again")
    made = [(f"{label}[{field}]", values[:, i]) for i, field in enumerate(factor["fields"])]
    return made[1:] if reduced and factor.get("spans", False) else made


def _indicators(
    label: str, factor: Mapping[str, Any], labels: list[Any], rows: Sequence[Any], reduced: bool
) -> list[tuple[str, np.ndarray]]:
    levels = list(factor["levels"])
    place = {level: i for i, level in enumerate(levels)}
    codes = [place.get(item, -1) for item in labels]
    if -1 in codes:
        at = codes.index(-1)
        raise InputError(
            f"{label} of {_row(rows, at)} is {labels[at]!r}, a level that the fit has not seen; its levels: "
            f"{listing(map(repr, levels))}"
        )
    less, less_names, full, full_names = coding(factor["contrast"], factor["options"], levels)
    matrix, fields = (less, less_names) if reduced else (full, full_names)
    picked = matrix[codes] if codes else np.empty((0, matrix.shape[1]))
    return [(f"{label}{field}", picked[:, i]) for i, field in enumerate(fields)]


def _row(rows: Sequence[Any], at: int) -> str:
    """A row in a message; labels that begin with "row" are numbers of rows already."""
    return str(rows[at]) if isinstance(rows, RowNumbers) else f"study {str(rows[at])!r}"


def check(recipe: Any) -> Recipe:
    """Refuse a recipe that is not one: a stored one may come from anybody's file."""
    try:
        good = isinstance(recipe, dict) and {"columns", "factors", "terms"} <= set(recipe)
        good = good and all(isinstance(name, str) for name in recipe["columns"])
        for factor in recipe["factors"].values() if good else ():
            check_tree(factor["tree"])
            good = good and set(columns_in(factor["tree"])) <= set(recipe["columns"])
            if "levels" in factor:
                good = good and len(factor["levels"]) <= MOST_COLUMNS
                good = good and factor["contrast"] in CONTRASTS and isinstance(factor["options"], dict)
                good = good and all(isinstance(level, str | bool | int | float) for level in factor["levels"])
                if good:
                    coding(factor["contrast"], factor["options"], list(factor["levels"]))
            else:
                good = good and all(isinstance(field, str) for field in factor.get("fields", ()))
        for term in recipe["terms"] if good else ():
            good = good and isinstance(term["label"], str) and isinstance(term["scale"], int | float)
            good = good and all(
                label in recipe["factors"] for product in term["products"] for label, _ in product
            )
    except (Unsuitable, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as problem:
        if isinstance(problem, InputError):
            raise
        good = False
    if not good:
        raise InputError("the stored terms of the model are damaged; fit the model again")
    return recipe


def needs(recipe: Recipe) -> str:
    """The columns that new data must have, as a message lists them."""
    return listing(map(names.quoted, recipe["columns"]))

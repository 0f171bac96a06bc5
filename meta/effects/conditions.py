"""Comparisons of columns (``"year > 1990"``), parsed and never evaluated as code."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.tables.containers import missing

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_LONGEST = 2000
"""Characters of a condition; Python's parser would need much memory for very long ones."""


def rows_where(columns: Mapping[str, Sequence[Any]], k: int, condition: Any) -> np.ndarray:
    """Mask of the rows for which the condition holds, (k,).

    Parameters
    ----------
    columns : mapping of str to sequence of length k
        Values by name.
    k : int
        Number of rows.
    condition : str
        Comparisons of columns, numbers and text, joined by ``and``, ``or``, ``not``.

    Raises
    ------
    InputError
        If the condition is anything but comparisons of columns, numbers and text.

    Examples
    --------
    >>> table = {"study": ["A", "B"], "yi": [1.0, 2.0]}
    >>> rows_where(table, 2, "yi >= 2 or study == 'A'").tolist()
    [True, True]
    >>> rows_where(table, 2, "open('x')")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: the condition "open('x')" has "open('x')", which is ...
    """
    if not isinstance(condition, str):
        raise InputError("a condition is text, e.g. 'year > 1990'; for a mask write es[mask]")
    text, names = _without_backticks(condition.strip())
    if len(text) > _LONGEST:
        raise InputError(f"the condition has {len(text)} characters; write at most {_LONGEST}")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(
            f"the condition {condition[:80]!r} cannot be read; write comparisons such as "
            "\"year > 1990 and form == 'oxide'\""
        ) from None
    return _Reader(columns, k, condition, names).truth(tree)


def _without_backticks(text: str) -> tuple[str, dict[str, str]]:
    """Names in backticks as names that Python can hold; quoted text is left alone."""
    names: dict[str, str] = {}

    def alias(found: re.Match[str]) -> str:
        if found.group(1) is None:
            return found.group(0)
        names.setdefault(f"_column_{len(names)}", found.group(1))
        return next(key for key, name in names.items() if name == found.group(1))

    return re.sub(r"`([^`]+)`|'[^']*'|\"[^\"]*\"", alias, text), names


class _Reader:
    """Evaluates the parsed condition over the columns."""

    def __init__(
        self, columns: Mapping[str, Sequence[Any]], k: int, condition: str, names: dict[str, str]
    ) -> None:
        self.columns = columns
        self.k = k
        self.condition = condition
        self.names = names

    def truth(self, node: ast.expr) -> np.ndarray:
        """Mask of a comparison or of comparisons joined by and, or, not."""
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(part) for part in node.values]
            return np.asarray((np.all if isinstance(node.op, ast.And) else np.any)(parts, axis=0))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.truth(node.operand)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            pairs = zip(sides[:-1], node.ops, sides[1:], strict=True)
            return np.asarray(np.all([self.compared(a, op, b) for a, op, b in pairs], axis=0))
        if isinstance(node, ast.Name):
            values = self.column(node)
            if all(isinstance(x, (bool, np.bool_)) or missing(x) for x in values):
                return np.array([bool(x) if not missing(x) else False for x in values])
        raise self.refused(node)

    def compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> np.ndarray:
        """One comparison, row by row; a missing value fulfils none."""
        if isinstance(op, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.List, ast.Tuple, ast.Set)):
                raise self.refused(right)
            options = [self.constant(item) for item in right.elts]
            values = self.values(left)
            there = np.array([not missing(x) for x in values])
            inside = np.array([x in options for x in values], dtype=bool)
            return there & (inside if isinstance(op, ast.In) else ~inside)
        if type(op) not in _COMPARISONS:
            raise self.refused(right)
        test = _COMPARISONS[type(op)]
        pairs = zip(self.values(left), self.values(right), strict=True)
        return np.array([self.holds(test, a, b) for a, b in pairs], dtype=bool)

    def holds(self, test: Callable[[Any, Any], Any], a: Any, b: Any) -> bool:
        """Whether one pair of values fulfils a comparison; text and numbers cannot be compared."""
        if missing(a) or missing(b):
            return False
        if isinstance(a, str) is not isinstance(b, str):
            number, text = (b, a) if isinstance(a, str) else (a, b)
            raise InputError(
                f"the condition {self.condition!r} compares the text {text!r} with {number!r}; "
                "put quotes around text, and none around numbers"
            )
        return bool(test(a, b))

    def values(self, node: ast.expr) -> list[Any]:
        """A column's values, or a constant repeated."""
        if isinstance(node, ast.Name) and node.id not in ("True", "False"):
            return self.column(node)
        return [self.constant(node)] * self.k

    def column(self, node: ast.Name) -> list[Any]:
        """Values of a column by name."""
        name = self.names.get(node.id, node.id)
        if name in self.columns:
            return list(self.columns[name])
        offered = [*map(str, self.columns)]
        near = get_close_matches(name, offered, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"columns: {', '.join(offered)}"
        raise InputError(f"the condition {self.condition!r} names {name!r}, which is not a column; {hint}")

    def constant(self, node: ast.expr) -> Any:
        """A number, text, True or False, with a sign."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            value = self.constant(node.operand)
            if isinstance(value, (int, float)):
                return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float, str, bool)):
            return node.value
        raise self.refused(node)

    def refused(self, node: ast.expr) -> InputError:
        """What is said of anything but comparisons."""
        return InputError(
            f"the condition {self.condition!r} has {ast.unparse(node)!r}, which is not a comparison of "
            "columns; write e.g. year > 1990, form == 'oxide' or form in ['oxide', 'citrate']"
        )

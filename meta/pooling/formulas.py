"""Which formulas may be evaluated when they come from a file rather than from the caller."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from meta.errors import InputError

FUNCTIONS = frozenset(
    (
        *("C", "I", "center", "scale", "standardize", "poly", "bs", "cr", "cc", "cs", "lag", "log", "log2"),
        *("log10", "exp", "sqrt", "abs", "contr"),
    )
)
PLAIN = re.compile(r"[\w .,+\-*/:^|()=\[\]]*")
MODULES = frozenset(("np", "numpy"))
_BASES = frozenset(("poly", "bs", "cr", "cc", "cs"))
LARGEST = 50
"""Degree, degrees of freedom or power up to which a stored formula is evaluated."""
_ALLOWED = (
    *(ast.Expression, ast.Call, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Attribute),
    *(ast.keyword, ast.List, ast.Tuple, ast.operator, ast.unaryop),
)


def check_harmless(formula: str, columns: Collection[str]) -> None:
    """Refuse a stored formula that is more than columns, arithmetic and well-known functions.

    >>> check_harmless("~ year + C(form) + np.log(dose)", ["year", "form", "dose"])
    >>> check_harmless("~ open(dose)", ["dose"])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: the stored formula '~ open(dose)' uses open, ...; fit the model again instead
    """
    text = formula.strip().removeprefix("~")
    for name in columns:
        text = text.replace(f"`{name}`", "column")
    problem = "what cannot be read"
    if PLAIN.fullmatch(text):
        try:
            tree = ast.parse(re.sub(r"[:|]", "+", text.replace("^", "**")).strip() or "1", mode="eval")
            problem = _forbidden(tree, frozenset(columns) | {"column"})
        except (SyntaxError, ValueError, RecursionError):
            problem = "what cannot be read"
    if problem:
        raise InputError(
            f"the stored formula {formula!r} uses {problem}, which is not evaluated from a file; "
            "fit the model again instead"
        )


def _grows(node: ast.AST) -> bool:
    """Whether a power or a basis asks for so many columns that the formula would never end."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        parts = [node.right]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BASES:
        parts = [*node.args[1:], *(item.value for item in node.keywords)]
    inside = (item for part in parts for item in ast.walk(part) if isinstance(item, ast.Constant))
    return any(isinstance(item.value, (int, float)) and item.value > LARGEST for item in inside)


def _forbidden(tree: ast.AST, columns: frozenset[str]) -> str:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            return type(node).__name__.lower()
        if _grows(node):
            return f"a number above {LARGEST} that says how many columns to make"
        if isinstance(node, ast.Attribute):
            base = node.value
            if not (isinstance(base, ast.Name) and base.id in MODULES and node.attr in FUNCTIONS):
                return node.attr
        if isinstance(node, ast.Name):
            allowed = FUNCTIONS if id(node) in called else columns | MODULES
            if node.id not in allowed:
                return node.id
    return ""

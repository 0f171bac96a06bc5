"""Factors of a formula as trees of plain data: columns, numbers, arithmetic and a list of functions.

A factor is read by :mod:`ast` and becomes nested lists that JSON can hold. Whatever is not on the lists here
is refused when the formula is read; nothing is ever handed to Python's own evaluation. The nodes are::

    ["column", name]                       a column
    ["number", 2.0], ["text", "oxide"]     a constant
    ["+", a, b], ["<", a, b], ["negative", a]
    ["log", a]                             a function of each value
    ["stateful", name, a, options, state]  a transform that learns from the data; state is None before
    ["caller", name, [a, ...]]             a function that the caller passed with context=
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from meta.errors import InputError

Tree = list[Any]

ELEMENTWISE = frozenset(["log", "log2", "log10", "log1p", "exp", "exp2", "exp10", "expm1", "sqrt", "abs"])
"""Functions of one value each, alone or under ``np``."""

STATEFUL: Mapping[str, tuple[str, ...]] = {
    "center": (),
    "scale": ("center", "scale", "ddof"),
    "standardize": ("center", "rescale", "ddof"),
    "poly": ("degree", "raw"),
    "bs": ("df", "knots", "degree", "include_intercept", "lower_bound", "upper_bound", "extrapolation"),
    **dict.fromkeys(
        ("cr", "cs", "cc"), ("df", "knots", "lower_bound", "upper_bound", "constraints", "extrapolation")
    ),
}
"""Transforms that learn from the data, with their options in order."""

CONTRASTS: Mapping[str, tuple[str, ...]] = {
    "treatment": ("base",),
    "SAS": ("base",),
    "sum": (),
    "helmert": ("reverse", "scale"),
    "diff": ("backward",),
    "poly": ("scores",),
    "custom": ("contrasts", "names"),
}
"""Contrasts under ``contr.``, with their options in order."""

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_PATSY = {"Treatment": "treatment", "Sum": "sum", "Helmert": "helmert", "Diff": "diff", "Poly": "poly"}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}

LARGEST = 50
"""Degrees, degrees of freedom and powers up to which a formula is computed: 50 columns from one moderator are
more than any meta-analysis can fit, and x**50 is near the end of double precision."""

OFFERED = (
    "columns, numbers, + - * / **, comparisons, C() with contrasts, I, Q, poly, bs, cr, cs, cc, center, "
    "scale, standardize, log, log2, log10, exp, sqrt and abs"
)


@dataclass(frozen=True)
class Category:
    """A factor ``C(...)``: what it is of, its contrasts and its levels, as far as the formula says."""

    tree: Tree
    contrast: str | None = None
    options: Mapping[str, Any] | None = None
    levels: tuple[Any, ...] | None = None
    spans: bool = True


@dataclass(frozen=True)
class Scope:
    """Names that a factor may use: columns (by alias too) and functions of the caller."""

    columns: Collection[str]
    aliases: Mapping[str, str]
    functions: Collection[str] = ()

    def column(self, name: str) -> str | None:
        """The column of a name or alias."""
        if name in self.aliases:
            return self.aliases[name]
        return name if name in self.columns else None


class Forbidden(Exception):
    """What a factor holds that formulas do not offer; ``name`` where it is a name."""

    def __init__(self, what: str, *, name: bool = False) -> None:
        super().__init__(what)
        self.name = name


def read(node: ast.expr, scope: Scope) -> Tree | Category:
    """Return the tree of a factor.

    >>> read(ast.parse("np.log(dose) ** 2", mode="eval").body, Scope(["dose"], {}))
    ['power', ['log', ['column', 'dose']], 2.0]
    """
    name = _called(node)
    if isinstance(node, ast.Call) and name == "C" and "C" not in scope.functions:
        return _category(node, scope)
    if isinstance(node, ast.Call) and name == "I" and len(node.args) == 1 and not node.keywords:
        return read(node.args[0], scope)
    return _tree(node, scope)


def columns_of(tree: Any) -> list[str]:
    """Columns that a tree uses, each once."""
    if not isinstance(tree, list) or not tree:
        return []
    if tree[0] == "column":
        return [tree[1]]
    parts = tree[2] if tree[0] == "caller" else tree[1:]
    return list(dict.fromkeys(name for part in parts for name in columns_of(part)))


def functions_of(tree: Any) -> list[str]:
    """Functions of the caller that a tree uses."""
    if not isinstance(tree, list) or not tree:
        return []
    own = [tree[1]] if tree[0] == "caller" else []
    parts = tree[2] if tree[0] == "caller" else tree[1:]
    return own + [name for part in parts for name in functions_of(part)]


def _tree(node: ast.expr, scope: Scope) -> Tree:
    dotted = _dotted(node)
    if dotted is not None:
        found = scope.column(dotted)
        if found is not None:
            return ["column", found]
        raise Forbidden(dotted, name=True)
    if isinstance(node, ast.Constant):
        value = _constant(node)
        if isinstance(value, str):
            return ["text", value]
        if isinstance(value, bool | int | float):
            return ["number", _finite(value)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _tree(node.operand, scope)
        return ["negative", inner] if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Pow):
            return ["power", _tree(node.left, scope), _exponent(node.right)]
        if type(node.op) in _ARITHMETIC:
            return [_ARITHMETIC[type(node.op)], _tree(node.left, scope), _tree(node.right, scope)]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        sides = _tree(node.left, scope), _tree(node.comparators[0], scope)
        return [_COMPARISONS[type(node.ops[0])], *sides]
    if isinstance(node, ast.Call):
        return _call(node, scope)
    raise Forbidden(_words(node))


def _call(node: ast.Call, scope: Scope) -> Tree:
    name = _called(node)
    if name in scope.functions:
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            raise Forbidden(f"{name} with arguments by name")
        return ["caller", name, [_tree(item, scope) for item in node.args]]
    if name == "I" and len(node.args) == 1 and not node.keywords:
        return _tree(node.args[0], scope)
    if name == "Q" and len(node.args) == 1 and not node.keywords:
        return _by_quoted_name(node.args[0], scope)
    plain = name.removeprefix("np.") if name else ""
    if plain in ELEMENTWISE and len(node.args) == 1 and not node.keywords:
        return [plain, _tree(node.args[0], scope)]
    if name is not None and name in STATEFUL and node.args:
        options = _options(node.args[1:], node.keywords, STATEFUL[name], name)
        _check_size(name, options)
        return ["stateful", name, _tree(node.args[0], scope), options, None]
    raise Forbidden(_words(node), name=name is not None)


def _by_quoted_name(node: ast.expr, scope: Scope) -> Tree:
    name = _constant(node) if isinstance(node, ast.Constant) else None
    if not isinstance(name, str):
        raise Forbidden("Q of something other than a name in quotes")
    if name not in scope.columns:
        raise Forbidden(f"Q({name!r})")
    return ["column", name]


def _category(node: ast.Call, scope: Scope) -> Category:
    given = _bind(node.args[1:], node.keywords, ("contrasts", "levels", "spans_intercept"), "C")
    if not node.args:
        raise Forbidden("C without a column")
    tree = _tree(node.args[0], scope)
    levels = _value(given["levels"]) if "levels" in given else None
    spans = _value(given["spans_intercept"]) if "spans_intercept" in given else True
    if not (levels is None or isinstance(levels, list)) or not isinstance(spans, bool):
        raise Forbidden("C with levels that are not a list")
    kind, options = _contrast(given["contrasts"]) if "contrasts" in given else (None, {})
    return Category(tree, kind, options, None if levels is None else tuple(levels), spans)


def _contrast(node: ast.expr) -> tuple[str | None, dict[str, Any]]:
    """Contrasts as a call (``contr.sum()``), a name (``Sum``) or weights of one's own."""
    if isinstance(node, ast.Constant) and node.value is None:
        return None, {}
    name = (_called(node) if isinstance(node, ast.Call) else _dotted(node)) or ""
    kind = _PATSY.get(name) or (name.removeprefix("contr.") if name.startswith("contr.") else "")
    if kind in CONTRASTS:
        if not isinstance(node, ast.Call):
            return kind, {}
        names = ("reference",) if name == "Treatment" else CONTRASTS[kind]
        options = _options(node.args, node.keywords, names, name)
        return kind, {"base" if key == "reference" else key: value for key, value in options.items()}
    if isinstance(node, ast.List | ast.Tuple):
        return "custom", {"contrasts": _value(node)}
    if isinstance(node, ast.Dict):
        weights = {str(_value(key)): _value(value) for key, value in zip(node.keys, node.values, strict=True)}  # type: ignore[arg-type]
        rows = [list(row) for row in zip(*weights.values(), strict=True)]
        return "custom", {"contrasts": rows, "names": list(weights)}
    raise Forbidden(f"{_words(node)} as contrasts")


def _options(
    given: list[ast.expr], keywords: list[ast.keyword], names: tuple[str, ...], of: str | None
) -> dict[str, Any]:
    return {name: _value(node) for name, node in _bind(given, keywords, names, of).items()}


def _bind(
    given: list[ast.expr], keywords: list[ast.keyword], names: tuple[str, ...], of: str | None
) -> dict[str, ast.expr]:
    """Arguments by name."""
    if len(given) > len(names):
        raise Forbidden(f"{of} with more than {len(names) + 1} arguments")
    bound = dict(zip(names, given, strict=False))
    for item in keywords:
        if item.arg not in names or item.arg in bound:
            raise Forbidden(f"the argument {item.arg} of {of}")
        bound[item.arg] = item.value
    return bound


def _value(node: ast.expr) -> Any:
    """A constant, or a list of constants."""
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(item) for item in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str | None):
        return _constant(node)
    raise Forbidden(f"{_words(node)} where a number or a text belongs")


def _constant(node: ast.Constant) -> Any:
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**1000:
        raise Forbidden("a number of hundreds of digits")
    return value


def _finite(value: float) -> float:
    number = float(value)
    if abs(number) > 1e300:
        raise Forbidden("a number beyond 1e300")
    return number


def _exponent(node: ast.expr) -> float:
    value = _value(node) if isinstance(node, ast.Constant | ast.UnaryOp) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Forbidden("a power whose exponent is not a number")
    if abs(value) > LARGEST:
        raise Forbidden(f"a power above {LARGEST}")
    return float(value)


def _check_size(name: str | None, options: Mapping[str, Any]) -> None:
    """Refuse a degree or a number of knots that asks for more columns than can be fitted."""
    for key in ("degree", "df"):
        value = options.get(key)
        if value is None and key not in options:
            continue
        if isinstance(value, bool) or not (value is None or isinstance(value, int)):
            raise Forbidden(f"{key} of {name} that is not a whole number")
        if value is not None and not 0 <= value <= LARGEST:
            raise Forbidden(f"{key}={value} of {name}, which may be 0 to {LARGEST}")
    knots = options.get("knots")
    if knots is not None and not (isinstance(knots, list) and all(isinstance(k, int | float) for k in knots)):
        raise Forbidden(f"knots of {name} that are not a list of numbers")
    if knots is not None and len(knots) > LARGEST:
        raise Forbidden(f"{len(knots)} knots, more than {LARGEST}")


def _dotted(node: ast.AST) -> str | None:
    """The text of a name with dots, ``co2.elev``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value)
        return None if base is None else f"{base}.{node.attr}"
    return None


def _called(node: ast.AST) -> str | None:
    return _dotted(node.func) if isinstance(node, ast.Call) else None


def _words(node: ast.AST) -> str:
    name = _called(node) or _dotted(node)
    if name is not None:
        return name
    kind = type(node).__name__.lower()
    return {"constant": "a constant", "binop": "an operator", "boolop": "and, or"}.get(
        kind, f"Python's {kind}"
    )


def refuse(problem: Forbidden, formula: str) -> InputError:
    """The refusal of what formulas do not offer; a name that is not a column is reported elsewhere."""
    what = str(problem)[:80]
    said = f"uses {what}, which formulas do not offer" if problem.name else f"cannot hold {what}"
    return InputError(
        f"the formula {formula} {said}; it may hold {OFFERED}; pass a function of your own with "
        "context={'f': f}, or compute the column first"
    )

"""A formula's text to terms: formulaic splits it, and the factors that it found are read here.

The work is bounded before it is done: length, depth and the number of terms that the operators will make.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from meta.effects.design import names
from meta.effects.design.expressions import (
    LARGEST,
    Category,
    Forbidden,
    Scope,
    Tree,
    columns_of,
    read,
    refuse,
)
from meta.errors import InputError

LONGEST = 5000
"""Characters of a formula: a hundred moderators with long names fit in."""

DEEPEST = 40
"""Brackets inside one another; Python's own parser fails at about 90."""

MOST_TERMS = 2000
"""Terms that the operators of a formula may make; more than any number of studies can tell apart."""

MOST_FACTORS = 8
"""Factors in one product: their codings are chosen among 2**8 = 256 products."""

MOST_LEVELS = 120
"""Depth of an expression; reading and computing it take a few frames a level, of Python's thousand."""

MOST_CHOICES = 50_000
"""Products that a power of a sum may go through, well under a second."""

_FAILURES: tuple[type[Exception], ...] = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError, RuntimeError),
    *(SyntaxError, TypeError, ValueError),
)
"""What formulaic and :mod:`ast` raise over text that is not a formula, beside formulaic's own errors."""


@dataclass(frozen=True)
class Term:
    """A product of factors, by their labels, times a number; without factors it is the intercept."""

    label: str
    factors: tuple[str, ...]
    scale: float = 1.0


@dataclass(frozen=True)
class Parsed:
    """Terms of a formula in order, the factor of each label, and the columns that they need."""

    terms: tuple[Term, ...]
    factors: Mapping[str, Tree | Category] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of their first use."""
        trees = (item.tree if isinstance(item, Category) else item for item in self.factors.values())
        return tuple(dict.fromkeys(name for tree in trees for name in columns_of(tree)))


def of_columns(columns: Collection[str], intercept: bool) -> Parsed:
    """The terms of a list of columns."""
    terms = tuple(Term(name, (name,)) for name in columns)
    first = (Term("Intercept", ()),) if intercept else ()
    return Parsed((*first, *terms), {name: ["column", name] for name in columns})


def parse(formula: str, columns: Collection[str], functions: Collection[str] = ()) -> Parsed:
    """Read a one-sided formula over the columns; the caller's own functions by name.

    >>> [term.label for term in parse("~ dose * C(form)", ["dose", "form"]).terms]
    ['Intercept', 'dose', 'C(form)', 'dose:C(form)']
    >>> parse("~ open(dose)", ["dose"])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: the formula '~ open(dose)' uses open, which formulas do not offer; ...
    """
    shown = names.short(formula)
    if len(formula) > LONGEST:
        raise InputError(f"the formula {shown} is longer than {LONGEST} characters")
    text, aliases = names.take_out(formula, columns)
    text = _one_sided(text.strip(), formula)
    if not text.strip("~ \t\n"):
        raise InputError(f"the formula {shown} has no term; write at least '~ 1'")
    _check_depth(text, shown)
    found = _split(text, formula, columns)
    absent = [name for name in aliases.values() if name not in columns]
    if absent:
        raise InputError(_not_a_column(absent[0], formula, columns))
    scope = Scope(columns, aliases, functions)
    terms: list[Term] = []
    factors: dict[str, Tree | Category] = {}
    for one in found:
        labels, scale = [], 1.0
        for factor in one:
            if factor.eval_method.value == "literal":
                scale *= _number(factor.expr, shown)
                continue
            label, tree = _factor(factor, scope, formula)
            if factors.get(label, tree) != tree:  # a column that is called "log(x)" beside the function
                label = f"`{label}`"
            labels.append(label)
            factors[label] = tree
        if len(set(labels)) > MOST_FACTORS:
            raise InputError(f"the formula {shown} has a product of {len(set(labels))} factors; name fewer")
        label = _label(labels) if scale == 1 else f"{scale:g}:{_label(labels)}"
        terms.append(Term(label, tuple(dict.fromkeys(labels)), scale))
    if not terms:
        raise InputError(f"the formula {shown} has no term; write at least '~ 1'")
    return Parsed(tuple(terms), factors)


def _one_sided(text: str, formula: str) -> str:
    left, mark, right = text.partition("~")
    if mark and left.strip():
        raise InputError(
            f"the formula {names.short(formula)} has a left side; write it as '~{formula.partition('~')[2]}'"
        )
    return f"~ {right}" if mark else f"~ {text}"


def _check_depth(text: str, shown: str) -> None:
    depth = deepest = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise InputError(f"the formula {shown} is nested too deeply: {deepest} brackets inside one another")
    if re.search(r"[-+~!]{60}|(\bnot\s+){20}|\*\*\s*\d+(\s*\*\*\s*\d+){3}", text):
        raise InputError(f"the formula {shown} is nested too deeply: it repeats an operator without end")


def _split(text: str, formula: str, columns: Collection[str]) -> list[list[Any]]:
    """Factors of each term as formulaic finds them, main effects before interactions."""
    from formulaic.errors import FormulaicError
    from formulaic.parser import DefaultFormulaParser

    parser = DefaultFormulaParser(feature_flags=set())
    shown = names.short(formula)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of odd text such as "1(x)", which is refused later
            _count(parser.get_ast(text, context={}), shown)
            terms = parser.get_terms(text, context={})._simplify()
    except InputError:
        raise
    except (FormulaicError, *_FAILURES) as problem:
        reason = "it is nested too deeply" if isinstance(problem, RecursionError) else _reason(problem)
        raise InputError(
            f"the formula {shown} cannot be read: {reason}{names.remedy(formula, columns)}"
        ) from None
    return [list(term.factors) for term in sorted(terms, key=lambda term: term.degree)]


def _count(root: Any, shown: str) -> int:
    """The number of terms that a tree of operators makes, at most; refused where it is too large.

    Without recursion, because a sum of a thousand terms is a tree of that depth.
    """
    sizes: dict[int, int] = {}
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        arguments = list(getattr(node, "args", ()))
        if not arguments:
            sizes[id(node)] = 1
        elif not ready:
            stack += [(node, True), *((item, False) for item in arguments)]
        else:
            symbol = str(node.operator.symbol)
            sizes[id(node)] = _size(symbol, [sizes[id(item)] for item in arguments], arguments, shown)
            if sizes[id(node)] > MOST_TERMS:
                raise InputError(f"the formula {shown} asks for more than {MOST_TERMS} terms; name fewer")
    return sizes[id(root)]


def _size(symbol: str, sizes: list[int], arguments: list[Any], shown: str) -> int:
    if len(sizes) == 1:
        return sizes[0]
    left, right = sizes
    if symbol in ("**", "^"):
        power = str(getattr(arguments[1], "token", ""))
        if not power.isdigit() or int(power[:9]) > LARGEST:
            raise InputError(
                f"the formula {shown} takes terms to the power {power[:20] or 'of terms'}; the power is a "
                f"whole number up to {LARGEST}, and the square of a column is I(x**2)"
            )
        # formulaic multiplies out every ordered choice before it drops those that are the same
        if left > 1 and int(power) * math.log(left) > math.log(MOST_CHOICES):
            raise InputError(
                f"the formula {shown} asks for more than {MOST_CHOICES} products; name fewer terms"
            )
        return sum(math.comb(left, i) for i in range(1, min(int(power), left) + 1))
    if symbol == "*":
        return left + right + left * right
    if symbol == ":":
        return left * right
    return left + right


def _factor(factor: Any, scope: Scope, formula: str) -> tuple[str, Tree | Category]:
    expr = str(factor.expr)
    shown = names.short(formula)
    if factor.eval_method.value == "lookup":
        name = scope.column(expr)
        if name is None:
            raise InputError(_not_a_column(expr, formula, scope.columns))
        return name, ["column", name]
    node: ast.expr | None = None
    try:
        node = ast.parse(expr, mode="eval").body
        _check_tree_depth(node)
        tree = read(node, scope)
        label = ast.unparse(_Named(scope.aliases).visit(node)).replace("\n", " ")
    except Forbidden as problem:
        if problem.name and node is not None and str(problem) not in _calls(node):
            raise InputError(_not_a_column(str(problem), formula, scope.columns)) from None
        raise refuse(problem, shown) from None
    except _FAILURES as problem:
        raise InputError(f"the formula {shown} cannot be read: {_reason(problem)}") from None
    return label, tree


def _check_tree_depth(root: ast.AST) -> None:
    """Refuse an expression that recursion could not follow; a sum of 100 columns is of that depth."""
    level, depth = [root], 0
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if depth > MOST_LEVELS:
            raise Forbidden("an expression of more than a hundred operations inside one another")


def _calls(node: ast.expr) -> set[str]:
    """Names that a factor calls."""
    return {ast.unparse(item.func) for item in ast.walk(node) if isinstance(item, ast.Call)}


class _Named(ast.NodeTransformer):
    """Puts the names back in place of their aliases, to be shown."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self.aliases = aliases

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Show an alias as the name in backticks."""
        return ast.Name(names.quoted(self.aliases[node.id]) if node.id in self.aliases else node.id)


def _label(labels: list[str]) -> str:
    return (
        ":".join(f"`{item}`" if ":" in item and len(labels) > 1 else item for item in labels) or "Intercept"
    )


def _number(text: str, shown: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 1e-12 <= abs(value) <= 1e12:
        raise InputError(
            f"the formula {shown} multiplies a term by {text[:30]}; use a number from 1e-12 to 1e12"
        )
    return value


def _not_a_column(name: str, formula: str, columns: Collection[str]) -> str:
    known = ", ".join(map(str, columns)) or "none"
    return (
        f"the formula {names.short(formula)} names {name!r}, which is not a column"
        f"{names.remedy(formula, columns)}; columns: {known}"
    )


def _reason(problem: BaseException) -> str:
    """What formulaic or Python complained of, on one line without its marks."""
    text = re.sub(r"\x1b\[[\d;]*m|[⧛⧚]", "", str(problem.__cause__ or problem))
    return " ".join(text.replace("(<unknown>, line 1)", "").split())[:200] or "it is not a formula"

"""Column names in formulas: the backticks of a formula become aliases before anything reads it.

Real tables have columns called ``class``, ``co2.elev`` or ``Placebo group HbA1c``, which neither a formula
nor Python can hold. Such a name is written in backticks (a backtick inside it twice). One pass over the
formula, which knows quotes and backticks, puts an alias in place of each, so that no later step sees it.
"""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable

from meta.errors import InputError


def quoted(name: str) -> str:
    """Return a column name as a formula holds it.

    >>> quoted("dose"), quoted("J/N")
    ('dose', '`J/N`')
    """
    plain = name.isidentifier() and not keyword.iskeyword(name)
    return name if plain else "`" + name.replace("`", "``") + "`"


def take_out(formula: str, columns: Collection[str]) -> tuple[str, dict[str, str]]:
    """Replace names in backticks by aliases: the formula without backticks, and name by alias.

    >>> take_out("~ `J/N` + C(`class`)", ["J/N", "class"])
    ('~  column_0  + C( column_1 )', {'column_0': 'J/N', 'column_1': 'class'})
    """
    stem = "column_"
    while stem in formula or any(stem in name for name in columns):
        stem += "_"
    parts: list[str] = []
    aliases: dict[str, str] = {}
    position = 0
    while position < len(formula):
        sign = formula[position]
        if sign == "`":
            name, position = _name(formula, position)
            alias = next((a for a, known in aliases.items() if known == name), f"{stem}{len(aliases)}")
            aliases[alias] = name
            parts.append(f" {alias} ")
        elif sign in "'\"":
            end = _end_of_text(formula, position)
            parts.append(formula[position:end])
            position = end
        else:
            parts.append(sign)
            position += 1
    return "".join(parts), aliases


def _name(formula: str, start: int) -> tuple[str, int]:
    """The name that begins with the backtick at ``start``, and the position behind it."""
    name, position = "", start + 1
    while position < len(formula):
        if formula[position] != "`":
            name += formula[position]
            position += 1
        elif formula[position + 1 : position + 2] == "`":
            name += "`"
            position += 2
        elif name:
            return name, position + 1
        else:
            break
    raise InputError(
        f"the formula {short(formula)} has a backtick without a partner; a name is written as `like this`, "
        "a backtick inside it twice"
    )


def _end_of_text(formula: str, start: int) -> int:
    position = start + 1
    while position < len(formula) and formula[position] != formula[start]:
        position += 2 if formula[position] == "\\" else 1
    return min(position + 1, len(formula))


def short(formula: str) -> str:
    """A formula as a message shows it.

    >>> short("~ " + "x + " * 100)[-5:]
    "+ x…'"
    """
    return repr(formula if len(formula) <= 120 else formula[:119].rstrip(" +") + "…")


def remedy(formula: str, columns: Iterable[str]) -> str:
    """How to write the columns whose names stand in the formula but need backticks; empty without any."""
    odd = [name for name in columns if quoted(name) != name and name.strip() and name in formula]
    missing = [name for name in odd if quoted(name) not in formula]
    if not missing:
        return ""
    name = max(missing, key=len)
    return f"; write the column {name!r} in backticks: {quoted(name)} or C({quoted(name)})"

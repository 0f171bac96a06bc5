"""From the columns of a table to what a measure takes: ratios and logs, percentages, sizes for variances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.tables.naming import normal
from meta.tables.pairs import pairs_of
from meta.tables.spellings import PRINTED_AS

SCALES = ("ratio", "log")


@dataclass
class Facts:
    """What goes to :func:`meta.effect_sizes`.

    Attributes
    ----------
    measure : str
        Code of the measure.
    columns : dict of str to str
        By argument: the column that was taken.
    values : dict of str to array
        Arguments whose values are not those of a column as they stand.
    options : dict of str to object
        Further arguments, such as ``ci_scale``.
    notes : list of str
        What was done, each to be said once.
    expressions : dict of str to str
        The Python of each of ``values``, of a dataframe ``table``.
    """

    measure: str
    columns: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    expressions: dict[str, str] = field(default_factory=dict)

    def named(self) -> dict[str, Any]:
        """Arguments by name: a column's name, or values."""
        return {**self.columns, **self.values}


def resolve(
    table: Mapping[str, Any], measure: str, columns: dict[str, str], scale: str | None, *, said: bool
) -> Facts:
    """Settle the scale of ratios, shares given for percentages, and variances that follow from sizes.

    Parameters
    ----------
    table : mapping of str to array
        The table.
    measure : str
        Code, as given or recognised.
    columns : dict of str to str
        Columns by argument.
    scale : {"ratio", "log"}, optional
        What the caller says of ratios.
    said : bool
        Whether the caller named the measure.
    """
    from meta.effects.registry import measure as look_up

    if scale is not None and scale not in SCALES:
        raise InputError(f"--scale must be ratio or log, not {scale!r}")
    facts = Facts(measure, dict(columns))
    name = columns.get("estimate") or columns.get("yi")
    printed = PRINTED_AS.get(normal(name)) if name else None
    if printed and not said and measure == "GEN":
        facts.measure = printed
    if name and look_up(facts.measure).is_log_ratio:
        _settle_ratio(facts, table, name, scale, by_name=printed is not None)
    elif scale is not None:
        raise InputError(f"--scale is about ratios, and {facts.measure} is not one; leave it out")
    if "percent" in columns:
        _settle_share(facts, table)
    return facts


def stated_beside(table: Mapping[str, Any], measure: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Columns with what rows state in place of a number that the formula takes and that they lack.

    Parameters
    ----------
    table : mapping of str to array
        The table.
    measure : str
        Code.
    columns : mapping of str to str
        Columns by argument, as recognised so far.

    Examples
    --------
    >>> means = {name: np.array([1.0, np.nan]) for name in ("mean1", "sd1", "n1", "mean2", "sd2", "n2")}
    >>> table = {**means, "t": np.array([np.nan, 2.4]), "f": np.array([3.0, np.nan])}
    >>> stated_beside(table, "SMD", {name: name for name in means})
    {'t': 't'}
    """
    from meta.commands.column_guess import find
    from meta.effects.registry import measure as look_up
    from meta.effects.solved import facts_of

    entry = look_up(measure)
    if entry.design == "generic" or not set(entry.columns) <= columns.keys():
        return {}
    needed = [numbers_of(table, columns[name]) for name in entry.columns]
    lacking = np.any([np.isnan(x) for x in needed if x is not None], axis=0)
    if not np.any(lacking):
        return {}
    free = [name for name in table if name not in columns.values()]
    found = {}
    for fact in facts_of(entry):
        if fact in columns:
            continue
        try:
            name = find(fact, free)
        except InputError:  # two columns may be meant; neither is needed by all rows
            continue
        if name is not None and _states(table, name, lacking):
            found[fact] = name
    return found


def _states(table: Mapping[str, Any], name: str, rows: np.ndarray) -> bool:
    """Whether a column has something to say in one of some rows: numbers, or words on a direction."""
    x = numbers_of(table, name)
    if x is not None:
        return bool(np.isfinite(x[rows]).any())
    return normal(name) == "direction"


def numbers_of(table: Mapping[str, Any], name: str) -> np.ndarray | None:
    """A column as floats, or None where it has text that is not a number."""
    from meta.effects.inputs import as_floats

    values = table[name]
    try:
        return as_floats(values, name, [str(i + 1) for i in range(len(values))])
    except InputError:
        return None


def _settle_ratio(
    facts: Facts, table: Mapping[str, Any], name: str, scale: str | None, *, by_name: bool
) -> None:
    """Whether the column is a ratio or its log: as said, else by its name and its signs."""
    x = numbers_of(table, name)
    limits = [numbers_of(table, facts.columns[end]) for end in ("ci_low", "ci_high") if end in facts.columns]
    known = [y for y in (x, *limits) if y is not None]
    positive = all(bool(np.all(y[np.isfinite(y)] >= 0)) for y in known)
    as_given = "estimate" in facts.columns
    ratio = scale == "ratio" if scale is not None else positive and (by_name or as_given)
    if ratio == as_given:
        if ratio and scale is None and by_name and not limits:
            facts.notes.append(f"{name!r} is taken for the ratio itself, not its log (--scale log otherwise)")
        if ratio:
            _settle_error(facts, table, name)
        return
    if ratio:
        facts.columns = _renamed(facts.columns, "yi", "estimate")
        if scale is None:
            facts.notes.append(f"{name!r} is taken for the ratio itself, not its log (--scale log otherwise)")
        _settle_error(facts, table, name)
        return
    facts.columns = _renamed(facts.columns, "estimate", "yi")
    if scale is None:
        facts.notes.append(
            f"{name!r} has negative values, so it is taken for the log of the ratio, with its interval "
            "(--scale ratio otherwise)"
        )


def _renamed(columns: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    return {new if argument == old else argument: name for argument, name in columns.items()}


def _settle_error(facts: Facts, table: Mapping[str, Any], name: str) -> None:
    """Beside a ratio, whether its standard error is that of the log or, as Stata prints it, of the ratio."""
    argument = next((item for item in ("sei", "vi") if item in facts.columns), None)
    if argument is None:
        return
    ratio, error = numbers_of(table, name), numbers_of(table, facts.columns[argument])
    if ratio is None or error is None:
        return
    se = error if argument == "sei" else np.sqrt(np.maximum(error, 0))
    kind = "log"
    limits = next((pair.error for pair in pairs_of(list(table)) if pair.effect == name), {})
    if "ci_low" in limits and "ci_high" in limits:
        low, high = numbers_of(table, limits["ci_low"]), numbers_of(table, limits["ci_high"])
        if low is not None and high is not None:
            kind = kind_of_error(ratio, se, low, high)
    word = "standard error" if argument == "sei" else "variance"
    if kind == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            facts.values["sei"] = se / ratio
        error_name = facts.columns.pop(argument)
        root = "" if argument == "sei" else " ** 0.5"
        facts.expressions["sei"] = f"table[{error_name!r}]{root} / table[{name!r}]"
        facts.notes.append(
            f"{error_name!r} is the {word} of the ratio, as the interval beside it shows; divided by the "
            "ratio it is that of the log"
        )
    else:
        facts.notes.append(f"{facts.columns[argument]!r} is taken for the {word} of the log")


def kind_of_error(ratio: np.ndarray, se: np.ndarray, low: np.ndarray, high: np.ndarray) -> str:
    """Whether standard errors beside ratios are those of the logs ("log") or of the ratios ("ratio").

    >>> kind_of_error(np.array([2.0]), np.array([0.4]), np.array([1.35]), np.array([2.96]))
    'ratio'
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.log(high / low) / (2 * 1.959963984540054)
        as_log, as_ratio = np.abs(np.log(se / own)), np.abs(np.log(se / (own * ratio)))
    use = np.isfinite(as_log) & np.isfinite(as_ratio)
    return "ratio" if use.any() and np.median(as_ratio[use]) < np.median(as_log[use]) else "log"


def _settle_share(facts: Facts, table: Mapping[str, Any]) -> None:
    """Percentages that are shares between 0 and 1 throughout, by their name."""
    name = facts.columns["percent"]
    if normal(name) in ("percent", "pct", "percentage", "prozent", "porcentaje", "pourcentage"):
        return
    x = numbers_of(table, name)
    if x is not None and np.isfinite(x).any() and np.nanmax(x) <= 1:
        facts.values["percent"] = 100 * x
        facts.expressions["percent"] = f"100 * table[{name!r}]"
        del facts.columns["percent"]
        facts.notes.append(f"{name!r} is taken for shares between 0 and 1")

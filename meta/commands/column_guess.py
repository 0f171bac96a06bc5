"""Which column is what: common spellings of metafor, meta, RevMan, Stata and CMA, and plain English."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

from meta.errors import InputError
from meta.tables.naming import COUNTED, arms_of, is_percentage, normal
from meta.tables.pairs import Pair, pairs_of
from meta.tables.spellings import (
    ARMS,
    AUTHORS,
    BASES,
    EFFECTS,
    LABELS,
    MEASURED_BY,
    OTHERS,
    PRINTED_AS,
    YEARS,
)

GENERIC_WAYS = (("yi", "vi"), ("yi", "sei"), ("yi", "ci_low", "ci_high"), ("estimate", "ci_low", "ci_high"))
MOST_NAMED = 15
"""Columns that a message lists; more would hide the remedy."""


def spellings(argument: str) -> list[str]:
    """Return the spellings of an argument, its own name first.

    >>> "tpos" in spellings("events1"), "n.c".replace(".", "") in spellings("n2")
    (True, True)
    """
    found = [normal(argument), *OTHERS.get(argument, ())]
    base, arm = argument[:-1], argument[-1]
    if base in BASES and arm in ARMS:
        for what, which in product(BASES[base], ARMS[arm]):
            found += [what + which, which + what]
    return list(dict.fromkeys(found))


def find(argument: str, columns: Sequence[str]) -> str | None:
    """Return the column that an argument means, or None.

    Raises
    ------
    InputError
        If two columns could be meant equally well.
    """
    if argument in columns:
        return argument
    if argument.rstrip("12") in COUNTED:
        columns = [name for name in columns if not is_percentage(name)]
    for group in (spellings(argument)[:1], spellings(argument)[1:]):
        matches = [name for name in columns if normal(str(name)) in group]
        if len(matches) > 1:  # columns of the same name are kept as x.1 and x.2, and may look like arms
            matches = [name for name in matches if not _is_copy(name, columns)] or matches
        if len(matches) > 1:
            raise InputError(
                f"both {matches[0]!r} and {matches[1]!r} could be {argument}; "
                f"say which with --column {argument}={matches[0]}"
            )
        if matches:
            return matches[0]
        _refuse_copies(argument, group, columns)
    return None


def _is_copy(name: str, columns: Sequence[str]) -> bool:
    original, _, number = str(name).rpartition(".")
    return number.isdecimal() and f"{original}.1" in columns and f"{original}.2" in columns


def _refuse_copies(argument: str, group: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse a name that is needed and that several columns have (they are kept as name.1 and name.2)."""
    for name in columns:
        original, _, number = str(name).rpartition(".")
        if number == "1" and f"{original}.2" in columns and normal(original) in group:
            raise InputError(
                f"two columns are called {original!r}; rename one, or say which holds {argument} with "
                f"--column {argument}={original}.1 (the first) or {argument}={original}.2"
            )


def guess(columns: Sequence[str], measure: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return which column is which argument of a measure.

    Parameters
    ----------
    columns : sequence of str
        Names of the table's columns.
    measure : str
        Code of the measure.
    given : mapping of str to str
        What the caller said; it is not guessed again.

    Raises
    ------
    InputError
        If the columns that the measure needs are not there.

    Examples
    --------
    >>> guess(["trial", "ai", "n1i", "ci", "n2i"], "RR", {})
    {'events1': 'ai', 'n1': 'n1i', 'events2': 'ci', 'n2': 'n2i'}
    >>> guess(["studlab", "TE", "seTE"], "GEN", {})
    {'yi': 'TE', 'sei': 'seTE'}
    """
    from meta.effects.registry import measure as look_up
    from meta.effects.used_columns import known as known_for

    entry = look_up(measure)
    free = [name for name in columns if name not in given.values()]

    def lookup(argument: str) -> str | None:
        return given.get(argument) or find(argument, free)

    known = entry.columns if entry.design == "generic" else known_for(entry)
    allowed = dict.fromkeys((*known, *(name for way in GENERIC_WAYS for name in way)))
    wrong = [name for name in given if name not in allowed]
    if wrong:
        raise InputError(f"{measure} has no argument {wrong[0]!r}; it takes {' '.join(allowed)}")
    ways = [] if entry.design == "generic" else [entry.columns]
    for way in [*ways, *GENERIC_WAYS]:
        found = {argument: lookup(argument) for argument in way}
        if all(found.values()) and set(given) <= set(found):
            return {name: column for name, column in found.items() if column is not None}
    arms, _ = arms_of(free)
    known_arms = {name: arms[name] for name in entry.columns if name in arms}
    if known_arms and not lacking(entry.columns, {**known_arms, **given}, lookup):
        return {name: given.get(name) or arms.get(name) or lookup(name) or "" for name in entry.columns}
    pair = pair_for(free, given)
    if pair is not None:
        return pair
    some = {name: lookup(name) or arms.get(name) for name in dict.fromkeys((*known, *given))}
    kept = {name: column for name, column in some.items() if column is not None}
    if len(kept) < 2 or entry.design == "generic":
        raise InputError(
            f"measure {measure!r} needs {' '.join(entry.columns)}, or effects that are computed already: yi "
            f"with vi, sei, or ci_low and ci_high; the columns {listed(columns)} do not say which is which; "
            f"name them with --column {entry.columns[0]}=NAME and so on"
        )
    return kept


def lacking(columns: Sequence[str], found: Mapping[str, str], lookup: Callable[[str], str | None]) -> bool:
    """Whether an argument has no column, neither by its arm nor by its own name."""
    return any(name not in found and lookup(name) is None for name in columns)


def listed(columns: Sequence[str]) -> str:
    """Names of columns for a message, shortened where there are many.

    >>> listed(["a", "b"])
    'a, b'
    """
    more = len(columns) - MOST_NAMED
    names = [*map(str, columns[:MOST_NAMED]), *([f"{more} more"] if more > 0 else [])]
    return ", ".join(names)


def pair_for(columns: Sequence[str], given: Mapping[str, str] = {}) -> dict[str, str] | None:
    """The effect with its error that the names of columns show, if they show one.

    Raises
    ------
    InputError
        If they show several.

    Examples
    --------
    >>> pair_for(["study", "estimate", "se"]), pair_for(["study", "OR", "SE"])
    ({'yi': 'estimate', 'sei': 'se'}, {'estimate': 'OR', 'sei': 'SE'})
    """
    pairs = pairs_of(columns)
    sure = [pair for pair in pairs if pair.named] or pairs
    known = [pair for pair in sure if normal(pair.effect) in EFFECTS]
    limits = [pair for pair in known or sure if known or {"sei", "vi"} & pair.error.keys()]
    if not limits or given.keys() - {"yi", "estimate", *(limits[0].error if len(limits) == 1 else ())}:
        return None
    if "yi" in given or "estimate" in given:
        limits = [pair for pair in pairs if pair.effect in given.values()] or limits[:1]
    if len(limits) > 1:
        first, second = limits[0].effect, limits[1].effect
        raise InputError(
            f"both {first!r} and {second!r} could be the effect; say which with --column yi={first}"
        )
    return _arguments(limits[0]) | dict(given)


def _arguments(pair: Pair) -> dict[str, str]:
    """A pair as arguments: one error, the interval where it is a ratio's or the only one."""
    ratio = normal(pair.effect) in PRINTED_AS
    limits: dict[str, str] = {name: pair.error[name] for name in ("ci_low", "ci_high") if name in pair.error}
    single: dict[str, str] = {name: pair.error[name] for name in ("sei", "vi") if name in pair.error}
    if len(single) == 2:
        del single["vi"]
    error = dict(limits if len(limits) == 2 and (ratio or not single) else single)
    return {"estimate" if ratio else "yi": pair.effect, **error}


def stated(column: str) -> str:
    """The measure that an effect's name states; "GEN" without.

    >>> stated("OR"), stated("cohens_d"), stated("beta"), stated("r")
    ('OR', 'SMD', 'GEN', 'COR')
    """
    name = normal(column)
    return PRINTED_AS.get(name) or MEASURED_BY.get(name) or ("COR" if name in ("r", "cor") else "GEN")


def guess_measure(columns: Sequence[str]) -> str:
    """Return the measure where effects are already computed: "GEN", or the one that a column's name states.

    Raises
    ------
    InputError
        Otherwise; the sentence says which measures the columns allow.

    Examples
    --------
    >>> guess_measure(["yi", "vi"]), guess_measure(["Hedges's g", "Std Err"])
    ('GEN', 'SMD')
    """
    for way in GENERIC_WAYS:
        found = [find(argument, columns) for argument in way]
        if all(found):
            name = normal(str(found[0]))
            code = PRINTED_AS.get(name) if way[0] == "estimate" else MEASURED_BY.get(name, "GEN")
            if code is not None:
                return code
    pair = pair_for(columns)
    if pair is not None and not _of_unknown_scale(pair):
        return stated(pair.get("estimate") or pair["yi"])
    if all(find(argument, columns) for argument in ("r", "n")):
        return "ZCOR"
    arms, _ = arms_of(columns)
    choices = [
        code
        for code, way in (
            ("RR, OR or RD", ("events1", "n1", "events2", "n2")),
            ("RR, OR or RD", ("events1", "nonevents1", "events2", "nonevents2")),
            ("IRR", ("events1", "time1", "events2", "time2")),
            ("SMD, MD or ROM", ("mean1", "sd1", "n1", "mean2", "sd2", "n2")),
            ("ZCOR", ("r", "n")),
            ("PLO", ("events", "n")),
            ("PLO (a prevalence, in percent or as a share)", ("percent", "n")),
            ("RR, OR or HR (as printed, with its interval)", ("estimate", "ci_low", "ci_high")),
        )
        if all(find(argument, columns) or argument in arms for argument in way)
    ]
    hint = (
        f"with these columns it can be {choices[0]}"
        if choices
        else f"such as --measure RR; {_both_ways(columns)}"
    )
    raise InputError(f"say which effect measure to use with --measure; {hint}")


def _of_unknown_scale(pair: Mapping[str, str]) -> bool:
    """Whether only an interval stands beside an "estimate", which may be a ratio as well as a difference."""
    return "ci_low" in pair and normal(pair.get("yi", "")) in OTHERS["estimate"]


def _both_ways(columns: Sequence[str]) -> str:
    return (
        f"the columns are {listed(columns)}; name raw statistics with --column (events1 n1 events2 n2, or "
        "mean1 sd1 n1 mean2 sd2 n2), or effects that are computed already (yi with vi, sei, or ci_low and "
        "ci_high), such as --column yi=NAME --column sei=NAME"
    )


def guess_labels(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the column, or the two columns, that name the studies; empty if there is none.

    >>> guess_labels(["author", "year", "yi"]), guess_labels(["trial", "year"]), guess_labels(["yi"])
    (('author', 'year'), ('trial',), ())
    """
    by_name = {normal(str(name)): str(name) for name in reversed(columns)}
    author = next((by_name[name] for name in AUTHORS if name in by_name), None)
    if author is not None:
        own = next((by_name[name] for name in ("studlab", "slab", "studyname") if name in by_name), None)
        if own is not None:
            return (own,)
        year = next((by_name[name] for name in YEARS if name in by_name), None)
        return (author, year) if year is not None else (author,)
    return next(((by_name[name],) for name in LABELS if name in by_name), ())

"""Which column is what: common spellings of metafor, meta, RevMan, Stata and CMA, and plain English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product

from meta.commands.spellings import ARMS, BASES, LABELS, MEASURED_BY, OTHERS, PRINTED_AS
from meta.errors import InputError

GENERIC_WAYS = (("yi", "vi"), ("yi", "sei"), ("yi", "ci_low", "ci_high"), ("estimate", "ci_low", "ci_high"))


def normal(name: str) -> str:
    """Return a column's name without case, spaces and signs.

    >>> normal("Events (Exp.)")
    'eventsexp'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


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
    for group in (spellings(argument)[:1], spellings(argument)[1:]):
        matches = [name for name in columns if normal(str(name)) in group]
        if len(matches) > 1:
            raise InputError(
                f"both {matches[0]!r} and {matches[1]!r} could be {argument}; "
                f"say which with --column {argument}={matches[0]}"
            )
        if matches:
            return matches[0]
    return None


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
    from meta.effects.forms import FORMS, known_names
    from meta.effects.registry import measure as look_up

    entry = look_up(measure)
    free = [name for name in columns if name not in given.values()]

    def lookup(argument: str) -> str | None:
        return given.get(argument) or find(argument, free)

    known = known_names(FORMS[entry.design], entry.columns) if entry.design in FORMS else entry.columns
    allowed = dict.fromkeys((*known, *(name for way in GENERIC_WAYS for name in way)))
    wrong = [name for name in given if name not in allowed]
    if wrong:
        raise InputError(f"{measure} has no argument {wrong[0]!r}; it takes {' '.join(allowed)}")
    ways = [] if entry.design == "generic" else [entry.columns]
    for way in [*ways, *GENERIC_WAYS]:
        found = {argument: lookup(argument) for argument in way}
        if all(found.values()) and set(given) <= set(found):
            return {name: column for name, column in found.items() if column is not None}
    some = {name: lookup(name) for name in dict.fromkeys((*known, *given))}
    kept = {name: column for name, column in some.items() if column is not None}
    if len(kept) < 2 or entry.design == "generic":
        raise InputError(
            f"measure {measure!r} needs {' '.join(entry.columns)}, and the columns {', '.join(columns)} do "
            f"not say which is which; name them with --column {entry.columns[0]}=NAME and so on"
        )
    return kept


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
            stated = normal(str(found[0]))
            code = PRINTED_AS.get(stated) if way[0] == "estimate" else MEASURED_BY.get(stated, "GEN")
            if code is not None:
                return code
    choices = [
        code
        for code, way in (
            ("RR, OR or RD", ("events1", "n1", "events2", "n2")),
            ("RR, OR or RD", ("events1", "nonevents1", "events2", "nonevents2")),
            ("IRR", ("events1", "time1", "events2", "time2")),
            ("SMD, MD or ROM", ("mean1", "sd1", "n1", "mean2", "sd2", "n2")),
            ("ZCOR", ("r", "n")),
            ("PLO", ("events", "n")),
            ("RR, OR or HR (as printed, with its interval)", ("estimate", "ci_low", "ci_high")),
        )
        if all(find(argument, columns) for argument in way)
    ]
    hint = f"with these columns it can be {choices[0]}" if choices else "such as --measure RR"
    raise InputError(f"say which effect measure to use with --measure; {hint}")


def guess_labels(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the column, or the two columns, that name the studies; empty if there is none.

    >>> guess_labels(["author", "year", "yi"]), guess_labels(["trial", "year"]), guess_labels(["yi"])
    (('author', 'year'), ('trial',), ())
    """
    by_name = {normal(str(name)): str(name) for name in columns}
    if "author" in by_name or "authors" in by_name:
        author = by_name.get("author") or by_name["authors"]
        own = next((by_name[name] for name in ("studlab", "slab", "studyname") if name in by_name), None)
        if own is not None:
            return (own,)
        return (author, by_name["year"]) if "year" in by_name else (author,)
    return next(((by_name[name],) for name in LABELS if name in by_name), ())

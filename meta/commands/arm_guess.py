"""Which column is what in tables of networks and of doses, whose rows are arms or contrasts of named arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meta.commands.column_guess import find, guess_labels, pair_for
from meta.commands.file_table import FileTable
from meta.commands.output import note
from meta.errors import InputError
from meta.tables.naming import normal
from meta.tables.spellings import OTHERS

WORDS = {
    "treatment": (
        *("treatment", "treat", "trt", "drug", "arm", "intervention", "therapy", "group", "behandlung"),
        *("tratamiento", "traitement", "medikament", "farmaco", "medicament"),
    ),
    "treat1": ("treat1", "treatment1", "trt1", "t1", "drug1", "arm1", "intervention1", "behandlung1"),
    "treat2": ("treat2", "treatment2", "trt2", "t2", "drug2", "arm2", "intervention2", "behandlung2"),
    "dose": ("dose", "dosis", "dosage", "exposure", "intake", "doses"),
    "cases": ("cases", "case", "events", "event", "falle", "casos", "cas"),
    "events": ("r", "ri", *OTHERS["events"]),
}
"""Names without case, blanks and accents, as :func:`meta.tables.naming.normal` makes them."""


def _of_one_arm(measure: str | None) -> list[str]:
    """What an arm reports for a measure of two arms.

    >>> _of_one_arm("OR"), _of_one_arm("SMD"), _of_one_arm(None)
    (['events', 'n'], ['mean', 'sd', 'n'], [])
    """
    from meta.effects.registry import measure as look_up

    columns = () if measure is None else look_up(measure).columns
    return list(dict.fromkeys(name[:-1] for name in columns if name[-1] == "1"))


def named(argument: str, columns: Sequence[str]) -> str | None:
    """The only column whose name means an argument; several are refused.

    >>> named("treatment", ["study", "Drug", "r", "n"]), named("treat2", ["studlab", "t1", "t2"])
    ('Drug', 't2')
    """
    if argument in columns:
        return argument
    found = [name for name in columns if normal(str(name)) in WORDS[argument]]
    if len(found) > 1:
        raise InputError(
            f"both {found[0]!r} and {found[1]!r} could be {argument}; say which with "
            f"--column {argument}={found[0]}"
        )
    return found[0] if found else None


def of_network(columns: Sequence[str], measure: str | None, given: Mapping[str, str]) -> dict[str, str]:
    """Columns of a network by argument, those that were given among them.

    >>> of_network(["studlab", "treat1", "treat2", "TE", "seTE"], None, {})
    {'study': 'studlab', 'treat1': 'treat1', 'treat2': 'treat2', 'yi': 'TE', 'sei': 'seTE'}
    """
    found = dict(given)
    free = [name for name in columns if name not in given.values()]
    if not {"treatment", "events", "mean"} & found.keys():
        for argument in ("treat1", "treat2"):
            _add(found, argument, named(argument, free))
    if "treat1" in found and "treat2" in found:
        return _labelled(_with_pair(found, free), columns)
    found = dict(given)
    _add(found, "treatment", named("treatment", free))
    for argument in _of_one_arm(measure):
        search = named if argument == "events" else find  # "r" is a correlation in other tables
        _add(found, argument, search(argument, [name for name in free if name not in found.values()]))
    return _labelled(found, columns)


def of_doses(columns: Sequence[str], measure: str | None, given: Mapping[str, str]) -> dict[str, str]:
    """Columns of a dose-response table by argument, those that were given among them.

    >>> of_doses(["author", "Dosis", "Mittelwert", "SD", "n"], "MD", {})
    {'study': 'author', 'dose': 'Dosis', 'mean': 'Mittelwert', 'sd': 'SD', 'n': 'n'}
    """
    found = dict(given)
    free = [name for name in columns if name not in given.values()]
    if "time" not in found:
        _add(found, "dose", named("dose", free))
    of_means = _of_one_arm(measure)
    if "mean" in of_means and "yi" not in given:
        for argument in of_means:
            _add(found, argument, find(argument, free))
        return _labelled(found, columns)
    found = _with_pair(found, [name for name in free if name not in found.values()])
    _add(found, "cases", named("cases", free))
    if "cases" in found:
        _add(found, "n", find("n", free))
    return _labelled(found, columns)


def say(found: Mapping[str, str]) -> None:
    """Say which columns were taken under another name than that of the argument."""
    said = [f"{argument} = {name}" for argument, name in found.items() if argument != name]
    if said:
        note(f"columns: {', '.join(said)}")


def _add(found: dict[str, str], argument: str, name: str | None) -> None:
    if name is not None:
        found.setdefault(argument, name)


def _labelled(found: dict[str, str], columns: Sequence[str]) -> dict[str, str]:
    """With the column of the labels; an author and a year are joined by :func:`joined`."""
    if "study" in found or "study" in columns:
        return {"study": "study", **found}
    labels = guess_labels([name for name in columns if name not in found.values()])
    return {"study": " ".join(labels), **found} if labels else found


def joined(table: FileTable, found: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The columns of a table, with a column of labels that two others make up, and that column's name."""
    columns = dict(table.columns)
    name = found.get("study", "")
    if not name or name in columns:
        return columns, ()
    labels = guess_labels([other for other in columns if other not in found.values()])
    rows = zip(*(columns[label] for label in labels), strict=True)
    columns[name] = np.array([" ".join(str(part) for part in row) for row in rows], dtype=object)
    return columns, (name,)


def _with_pair(found: dict[str, str], free: Sequence[str]) -> dict[str, str]:
    """Add the effect and its error if the caller named none; the variance only without a standard error."""
    if "yi" not in found:
        pair = pair_for([name for name in free if name not in found.values()]) or {}
        if pair.keys() & {"sei", "vi"} and "yi" in pair:
            found = found | {name: pair[name] for name in ("yi", "sei", "vi") if name in pair}
    for argument in ("sei", "vi"):
        if "yi" in found and not {"sei", "vi"} & found.keys():
            _add(found, argument, find(argument, free))
    return found

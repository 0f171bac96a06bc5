"""Anybody's table, from a file or a pipe, as effect sizes; what was guessed is said aloud."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meta.commands.output import note
from meta.errors import InputError

if TYPE_CHECKING:
    from meta.effects.model import EffectSizes


@dataclass(frozen=True)
class Table:
    """A table as it was read.

    Attributes
    ----------
    columns : mapping of str to array
        By name.
    measure : str
        The measure that the file itself states (RevMan's); empty otherwise.
    """

    columns: Mapping[str, Any]
    measure: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)


@dataclass(frozen=True)
class Loaded:
    """Effect sizes from a table, and which column was taken for what."""

    effects: EffectSizes
    measure: str
    columns: dict[str, str]
    table: Mapping[str, Any]
    labels: Any


def load(
    source: str,
    measure: str | None = None,
    column: list[str] | None = None,
    study: str | None = None,
    outcome: str | None = None,
) -> Loaded:
    """Read a table, recognise its columns, and compute effect sizes."""
    from meta.commands.guess import guess, guess_labels, guess_measure
    from meta.effects.api import effect_sizes

    table = read(source, outcome)
    names = table.names
    given = _given(column, names)
    code = measure or table.measure or ("GEN" if given.keys() & {"yi"} else guess_measure(names))
    columns = guess(names, code, given)
    if study and study not in names:
        raise InputError(f"--study {study!r} is not a column; the table has {', '.join(names)}")
    labels = (study,) if study else guess_labels([name for name in names if name not in columns.values()])
    said = [f"{argument} = {name}" for argument, name in columns.items() if argument != name]
    if labels and labels != ("study",):
        said.append(f"study = {' + '.join(labels)}")
    if said:
        note(f"columns: {', '.join(said)}")
    if not measure and code != "GEN":
        note(f"measure: {code}")
    label = _label(table.columns, labels)
    named: dict[str, Any] = dict(columns)
    effects = effect_sizes(table.columns, measure=code, study=label, **named)
    if not effects.exact.any():
        raise InputError(
            f"no row of {source!r} has all that the measure {code} needs: every effect is missing"
        )
    return Loaded(effects, code, columns, table.columns, label)


def _label(columns: Mapping[str, Any], labels: tuple[str, ...]) -> Any:
    if not labels:
        return None
    if len(labels) == 1:
        return labels[0]
    rows = zip(*(columns[name] for name in labels), strict=True)
    return [" ".join(str(part) for part in row) for row in rows]


def _given(column: list[str] | None, names: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in column or ():
        argument, sign, name = (part.strip() for part in pair.partition("="))
        if not sign or not argument or not name:
            raise InputError(f"--column {pair!r} must look like events1=NAME")
        if name not in names:
            raise InputError(
                f"--column {pair!r}: the table has no column {name!r}; it has {', '.join(names)}"
            )
        if argument in given:
            raise InputError(f"--column gives {argument} twice: {given[argument]!r} and {name!r}; keep one")
        given[argument] = name
    return given


def need_column(loaded: Loaded, name: str, flag: str) -> Any:
    """The values of a column that an option names."""
    if name not in loaded.table:
        raise InputError(f"{flag} {name!r} is not a column; the table has {', '.join(loaded.table)}")
    return loaded.table[name]


def read(source: str, outcome: str | None = None) -> Table:
    """Read a table from a file or, for "-", from standard input."""
    path = Path(source)
    if source == "-":
        return _from_text(_standard_input(), "standard input", outcome)
    if path.is_dir():
        raise InputError(f"{source!r} is a folder; give the path of a CSV, TSV or Excel file, or -")
    if not path.is_file():
        raise InputError(f"there is no file {source!r}; give the path of a CSV, TSV or Excel file, or -")
    from meta.tables.delimited import SPREADSHEETS, from_spreadsheet

    if path.suffix.lower() in SPREADSHEETS:
        return Table(from_spreadsheet(path))
    return _from_text(path.read_bytes(), source, outcome)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise InputError("there is nothing on standard input; give the path of a file")
    if sys.stdin.isatty():
        note("reading CSV from the terminal; end it with Ctrl-D")
    raw = getattr(sys.stdin, "buffer", None)
    return raw.read() if raw is not None else sys.stdin.read().encode()


def _from_text(content: bytes, name: str, outcome: str | None) -> Table:
    from meta.tables.delimited import decode, parse

    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        if b"<COCHRANE_REVIEW" not in content:
            raise InputError(f"{name!r} is not a table: it is XML or HTML; save it as CSV in UTF-8")
        return _from_revman(content, name, outcome)
    columns = parse(decode(content, name), name)
    from meta.effects.revman_csv import is_revman_header

    if is_revman_header(list(columns)):
        return _from_revman(content, name, outcome)
    if outcome is not None:
        raise InputError(f"--outcome belongs to RevMan files, and {name!r} is none; leave it out")
    return Table(columns)


def _from_revman(content: bytes, name: str, outcome: str | None) -> Table:
    from meta.effects.revman import as_frame, outcomes_of

    found = outcomes_of(content, name)
    if outcome is None:
        if len(found) > 1:
            listed = "; ".join(map(str, found))
            raise InputError(f"{name!r} has {len(found)} outcomes; choose one with --outcome: {listed}")
        outcome = found[0].number
    frame = as_frame(found, outcome, name)
    about = frame.attrs["outcomes"][0]
    note(f"RevMan: outcome {about['number']} {about['name']}".rstrip())
    return Table({str(item): frame[item].to_numpy() for item in frame}, about["measure"])

"""Anybody's table, from a file or a pipe, as effect sizes; what was recognised and left out is reported."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meta.commands.file_table import FileTable
from meta.commands.output import note
from meta.commands.preparation import Preparation
from meta.commands.table_options import TableOptions
from meta.errors import InputError

if TYPE_CHECKING:
    from meta.commands.fact_flags import Facts
    from meta.effects.effect_size_table import EffectSizes
    from meta.tables.reader import Choices, TableFile


MOST_REASONS = 3
"""Kinds of reasons that a refusal gives for a table without an effect."""
_LABELLED = re.compile(r"study (?:'[^']*'|\"[^\"]*\")")


@dataclass(frozen=True)
class Loaded:
    """Effect sizes from a table, and which column was taken for what.

    Attributes
    ----------
    effects : EffectSizes
        One row per row of ``table``.
    measure : str
        Its code.
    columns : dict of str to str
        Columns by argument.
    table : mapping of str to array
        The rows that were kept.
    labels : object
        Column of the labels, or the labels.
    notes : tuple of str
        Warnings of the effects and what was done to zero cells.
    call : dict of str to object
        Arguments of :func:`meta.effect_sizes` besides the columns.
    made : Preparation
        What was done between the file and the effects, for ``--code``.
    """

    effects: EffectSizes
    measure: str
    columns: dict[str, str]
    table: Mapping[str, Any]
    labels: Any
    notes: tuple[str, ...] = ()
    call: Mapping[str, Any] = field(default_factory=dict)
    made: Preparation = field(default_factory=Preparation)


def load(
    source: str,
    measure: str | None = None,
    column: list[str] | None = None,
    study: str | None = None,
    outcome: str | None = None,
    reading: TableOptions | None = None,
    *,
    tell: bool = True,
    counts: bool = False,
    multilevel: bool = False,
) -> Loaded:
    """Read a table, recognise its columns, look at its rows, and compute effect sizes.

    Parameters
    ----------
    source, measure, column, study, outcome
        As in the commands.
    reading : TableOptions, optional
        How the file is read, and what is done about odd rows.
    tell : bool
        Whether the notes on effects go to standard error; otherwise they are left to the caller.
    counts : bool
        Whether counts are pooled as they are, so that nothing is added to zero cells.
    multilevel : bool
        Whether several rows of a study are expected.
    """
    from meta.commands.column_guess import guess_labels
    from meta.commands.rows import Rows  # with numpy, which --help does without

    reading = reading or TableOptions()
    table = read(source, outcome, reading)
    for message in table.notes:
        note(message)
    facts = _recognised(table, measure, column, reading)
    names = table.names
    if study and study not in names:
        raise InputError(f"--study {study!r} is not a column; the table has {', '.join(names)}")
    taken = facts.columns.values()
    labels = (study,) if study else guess_labels([name for name in names if name not in taken])
    rows = Rows(table, facts, _label(table.columns, labels), labels, reading, multilevel)
    rows.leave_out()
    _say_columns(facts, labels, measure)
    effects = rows.effects()
    if not effects.exact.any():
        raise InputError(_no_effect(source, facts.measure, effects.warnings))
    notes = rows.not_said(effects.warnings)
    if not counts:
        notes = (*notes, *rows.about_zeros(effects))
    if tell and not counts:
        for message in notes:
            note(f"note: {message}")
    made = rows.preparation(source, table)
    return Loaded(effects, facts.measure, facts.columns, rows.columns, rows.label, notes, rows.call, made)


def _no_effect(source: str, measure: str, warnings: Sequence[str]) -> str:
    """The refusal of a table without a single effect, with what its rows lack."""
    kinds: dict[str, list[str]] = {}
    for text in warnings:
        kinds.setdefault(_LABELLED.sub("", text), []).append(text)
    told = [
        texts[0] if len(texts) == 1 else f"{texts[0]} ({len(texts)} rows are like this)"
        for texts in kinds.values()
    ]
    why = "; ".join(["every effect is missing", *told[:MOST_REASONS]])
    return f"no row of {source!r} has all that the measure {measure} needs: {why}"


def _recognised(
    table: FileTable, measure: str | None, column: list[str] | None, reading: TableOptions
) -> Facts:
    from meta.commands.column_guess import guess, guess_measure
    from meta.commands.fact_flags import resolve, stated_beside

    given = named_columns(column, table.names)
    names = [name for name in table.names if name not in table.printed or name in given.values()]
    code = measure or table.measure or ("GEN" if given.keys() & {"yi"} else guess_measure(names))
    columns = guess(names, code, given)
    beside = stated_beside(table.columns, code, columns)
    if beside:
        note(f"rows that lack a number are computed from {', '.join(beside.values())} (meta solve shows how)")
    columns |= beside
    facts = resolve(table.columns, code, columns, reading.scale, said=bool(measure or table.measure))
    for name in facts.columns.values():
        if name in table.doubts:
            raise InputError(table.doubts[name])
    return facts


def _say_columns(facts: Facts, labels: tuple[str, ...], measure: str | None) -> None:
    said = [f"{argument} = {name}" for argument, name in facts.columns.items() if argument != name]
    if labels and labels != ("study",):
        said.append(f"study = {' + '.join(labels)}")
    if said:
        note(f"columns: {', '.join(said)}")
    for message in facts.notes:
        note(message)
    if not measure and facts.measure != "GEN":
        note(f"measure: {facts.measure}")


def _label(columns: Mapping[str, Any], labels: tuple[str, ...]) -> Any:
    if not labels:
        return None
    if len(labels) == 1:
        return labels[0]
    rows = zip(*(columns[name] for name in labels), strict=True)
    return [" ".join(str(part) for part in row) for row in rows]


def named_columns(column: list[str] | None, names: list[str]) -> dict[str, str]:
    """Arguments and the columns that --column says they are."""
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


def read(source: str, outcome: str | None = None, reading: TableOptions | None = None) -> FileTable:
    """Read a table from a file or, for "-", from standard input."""
    from meta.tables.reader import READ, check_file, choices_of, read_file

    reading = reading or TableOptions()
    choices = choices_of(
        sheet=reading.sheet,
        header=reading.header,
        skip=reading.skip,
        decimal=reading.decimal,
        encoding=reading.encoding,
    )
    path = Path(source)
    if source == "-":
        return _from_text(_standard_input(), "standard input", outcome, choices)
    check_file(path)
    suffix = path.suffix.lower()
    if suffix in READ and suffix not in _MAY_BE_REVMAN:
        _refuse_outcome(outcome, source)
        return _as_table(read_file(path, choices))
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04" and suffix in _MAY_BE_REVMAN[1:]
    if zipped:
        raise InputError(f"{source!r} is a spreadsheet or zip file, not text; give it its own ending, .xlsx")
    return _from_text(path.read_bytes(), source, outcome, choices)


_MAY_BE_REVMAN = (".csv", ".txt", ".rm5", ".xml", "")


def _as_table(found: TableFile) -> FileTable:
    printed = tuple(name for name, places in found.parts.items() if name not in places.values())
    return FileTable(found.columns, "", found.notes, found.doubts, found.lines, found.comma, printed)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise InputError("there is nothing on standard input; give the path of a file")
    if sys.stdin.isatty():
        note("reading CSV from the terminal; end it with Ctrl-D")
    raw = getattr(sys.stdin, "buffer", None)
    return raw.read() if raw is not None else sys.stdin.read().encode()


def _refuse_outcome(outcome: str | None, name: str) -> None:
    if outcome is not None:
        raise InputError(f"--outcome belongs to RevMan files, and {name!r} is not one; leave it out")


def _from_text(content: bytes, name: str, outcome: str | None, choices: Choices) -> FileTable:
    from meta.effects.revman_csv import is_revman_header
    from meta.tables.reader import read_text

    if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        if b"<COCHRANE_REVIEW" not in content:
            raise InputError(f"{name!r} is not a table: it is XML or HTML; save it as CSV in UTF-8")
        return _from_revman(content, name, outcome)
    if choices.sheet is not None:
        raise InputError(f"--sheet belongs to workbooks, and {name!r} is text; leave it out")
    found = read_text(content, name, choices)
    if is_revman_header(list(found.columns)):
        return _from_revman(content, name, outcome)
    _refuse_outcome(outcome, name)
    return _as_table(found)


def _from_revman(content: bytes, name: str, outcome: str | None) -> FileTable:
    from meta.effects.revman import as_frame, outcomes_of

    found = outcomes_of(content, name)
    if outcome is None:
        if len(found) > 1:
            listed = "; ".join(map(str, found))
            raise InputError(f"{name!r} has {len(found)} outcomes; choose one with --outcome: {listed}")
        outcome = found[0].number
    frame = as_frame(found, outcome, name)
    about = frame.attrs["outcomes"][0]
    told = f"RevMan: outcome {about['number']} {about['name']}".rstrip()
    notes = (told, *frame.attrs.get("notes", ()))
    columns = {str(item): frame[item].to_numpy() for item in frame}
    return FileTable(columns, about["measure"], notes, outcome=str(outcome))

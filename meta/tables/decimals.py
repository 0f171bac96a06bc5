"""The decimal sign of a table, decided once from all of its numbers, and said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from meta.errors import InputError
from meta.tables.numerals import Evidence, Typed, evidence_of, is_missing, looks_numeric
from meta.tables.printed import numbers_in

_SAMPLE = 200
"""Cells of a column that are looked at to see whether it is one of numbers."""


@dataclass(slots=True)
class Decision:
    """How the numbers of a table are written.

    Attributes
    ----------
    decimal : str
        "." or ",".
    notes : list of str
        What was decided, where it was not plain.
    doubts : dict of str to str
        Columns whose cells may be read in two ways, each with the sentence that says so.
    """

    decimal: str = "."
    notes: list[str] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)


def decide(
    columns: Mapping[str, Sequence[str]],
    separator: str,
    is_count: Callable[[str], bool],
    decimal: str | None = None,
) -> Decision:
    """Decide which sign is decimal.

    A point is, unless the table has decimal commas or a point groups thousands in a column of counts. A comma
    is in tables separated by semicolons or tabs, unless a point is decimal there.

    Parameters
    ----------
    columns : mapping of str to sequence of str
        Cells by column.
    separator : str
        That of the table; empty for a sheet.
    is_count : callable
        Whether a column of this name holds counts of people or events.
    decimal : {".", ","}, optional
        What the caller says.

    Examples
    --------
    >>> decide({"mean": ["1,204", "980"], "sd": ["210.5", "190.1"]}, "\\t", lambda name: False).decimal
    '.'
    >>> decide({"n1": ["1.204", "2.400"]}, ";", lambda name: True).decimal
    ','
    >>> list(decide({"mean": ["1,204", "980"]}, "\\t", lambda name: False).doubts)
    ['mean']
    """
    if decimal is not None:
        if decimal not in (".", ","):
            raise InputError(f"decimal must be '.' or ',', not {decimal!r}")
        return Decision(decimal)
    found = {name: said for name, cells in columns.items() if (said := _said(cells)) is not None}
    decided = {sign for said in found.values() for sign in said.decimal}
    if len(decided) == 2:
        return _mixed(found)
    if decided:
        return _with_note(decided.pop(), found)
    counts = {name: said for name, said in found.items() if is_count(name)}
    for group, other in ((",", "."), (".", ",")):
        if any(group in said.perhaps for said in counts.values()):
            return _with_note(other, found)
    return _undecided(found, separator)


def _said(cells: Sequence[str]) -> Evidence | None:
    """What a column says of the signs; None where it has none or is one of words."""
    text = "".join(cells)
    point, comma = "." in text or "·" in text, "," in text
    if not point and not comma:
        return None
    there = [
        cell if isinstance(cell, Typed) else cell.strip()
        for cell in cells[:_SAMPLE]
        if not is_missing(cell.strip())
    ]
    if sum(map(looks_numeric, there)) * 2 < len(there):
        if sum(bool(numbers_in(cell)) for cell in there) * 2 < len(there):
            return None
        return evidence_of(number for cell in dict.fromkeys(cells) for number in numbers_in(cell.strip()))
    if not comma:
        # A point in one cell that cannot group decides; long columns are not looked at any further.
        first = evidence_of(there)
        if first.decimal:
            return first
    return evidence_of(dict.fromkeys(cells))


def _with_note(decimal: str, found: Mapping[str, Evidence]) -> Decision:
    group = "," if decimal == "." else "."
    word, other = ("point", "comma") if decimal == "." else ("comma", "point")
    grouped = next(
        ((name, said.perhaps[group]) for name, said in found.items() if group in said.perhaps), None
    )
    notes = []
    if grouped:
        name, cell = grouped
        number = cell.replace(group, "").strip()
        notes.append(
            f"decimal sign: {word}; a {other} groups thousands, so {name} = {cell!r} is {number} "
            f"(--decimal {group} reads it otherwise)"
        )
    elif decimal == ",":
        notes.append("decimal sign: comma (--decimal . for a point)")
    return Decision(decimal, notes)


def _mixed(found: Mapping[str, Evidence]) -> Decision:
    """Both signs are decimal somewhere: that of most cells holds, and the other cells stay text."""
    cells = {sign: sum(said.count.get(sign, 0) for said in found.values()) for sign in (".", ",")}
    decimal = "," if cells[","] > cells["."] else "."
    other = "," if decimal == "." else "."
    names = [name for name, said in found.items() if other in said.decimal]
    note = (
        f"decimal sign: {'point' if decimal == '.' else 'comma'}, though column {names[0]!r} has numbers "
        f"with the other sign, which are left as text (--decimal {other} reads the table the other way)"
    )
    return Decision(decimal, [note])


def _undecided(found: Mapping[str, Evidence], separator: str) -> Decision:
    """Nothing but cells such as 1.204 or 1,204, and no column of counts among them."""
    commas = {name: said for name, said in found.items() if "," in said.perhaps}
    if not commas:
        return Decision(".")
    decimal_by_rule = separator in (";", "\t") and not any(said.large for said in commas.values())
    if decimal_by_rule and not any("." in said.perhaps for said in found.values()):
        return _with_note(",", found)
    doubts = {name: _doubt(name, said.perhaps[","]) for name, said in commas.items()}
    return Decision(".", [], doubts)


def _doubt(name: str, cell: str) -> str:
    whole, _, rest = cell.strip().partition(",")
    return (
        f"{name} = {cell.strip()!r} may be {whole}.{rest} (decimal comma) or "
        f"{cell.strip().replace(',', '')} (thousands), and nothing else in the table decides; "
        "say --decimal , or --decimal . (decimal= in Python)"
    )

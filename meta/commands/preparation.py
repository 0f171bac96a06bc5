"""What a command did between the file and the effects, so that ``--code`` can print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meta.commands.table_options import TableOptions


@dataclass(frozen=True)
class Preparation:
    """Steps from a file to effects.

    Attributes
    ----------
    source : str
        Path of the file, or "-".
    outcome : str
        Number of the outcome of a RevMan file; empty for other files.
    reading : TableOptions
        How the file was read.
    labels : tuple of str
        Columns that name the studies.
    gone : tuple of int
        Positions of the rows that were left out.
    blanked, remade : tuple of str
        Columns in which codes became missing, and those that are numbers since a cell of words is gone.
    expressions : dict of str to str
        By argument: the Python of values that are not those of a column as they stand.
    """

    source: str = "-"
    outcome: str = ""
    reading: TableOptions = field(default_factory=TableOptions)
    labels: tuple[str, ...] = ()
    gone: tuple[int, ...] = ()
    blanked: tuple[str, ...] = ()
    remade: tuple[str, ...] = ()
    expressions: Mapping[str, str] = field(default_factory=dict)

"""A file's table, before anything is computed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FileTable:
    """A table as it was read.

    Attributes
    ----------
    columns : mapping of str to array
        By name.
    measure : str
        The measure that the file itself states (RevMan's); empty otherwise.
    notes : tuple of str
        What was recognised in the file.
    doubts : mapping of str to str
        Columns that may be read in two ways.
    lines : tuple of int
        Number of each row in the file; empty where it has none.
    comma : bool
        Whether decimals are written with a comma.
    printed : tuple of str
        Columns whose cells hold several numbers, which other columns have one by one.
    outcome : str
        Number of the outcome of a RevMan file; empty for other files.
    """

    columns: Mapping[str, Any]
    measure: str = ""
    notes: tuple[str, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[int, ...] = ()
    comma: bool = False
    printed: tuple[str, ...] = ()
    outcome: str = ""

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

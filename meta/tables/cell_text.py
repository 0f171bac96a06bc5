"""Columns of cells as arrays: whole numbers, numbers with NaN where missing, or text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from meta.tables.numerals import Typed, as_plain, bare, is_missing, quick

_WORDS = 50
"""Cells that are tried before a column is taken for one of words without trying them all."""


def column(cells: Sequence[str], *, comma: bool = False) -> np.ndarray:
    """One column, as numbers if all its cells are numbers or missing.

    >>> column(["1", "2"]).dtype.kind, column(["1", "NA"]).tolist(), column(["x", ""]).tolist()
    ('i', [1.0, nan], ['x', None])
    >>> column(["0·15*", "NR"]).tolist(), column(["0,5"], comma=True).tolist()
    ([0.15, nan], [0.5])
    """
    found = quick(cells, comma=comma)
    if found is not None:
        return found
    if Typed in set(map(type, cells)):
        plain = [cell if isinstance(cell, Typed) else cell.strip() for cell in cells]
    else:
        plain = list(map(str.strip, cells))
    if plain != cells:
        found = quick(plain, comma=comma)
        if found is not None:
            return found
    numbers = _numbers(plain, "," if comma else ".")
    if numbers is None:
        return np.array([cell or None for cell in plain], dtype=object)
    return numbers


def _numbers(cells: Sequence[str], decimal: str) -> np.ndarray | None:
    """The numbers of a column, each distinct cell read once; None if any is not a number."""
    known: dict[str, str] = {}
    anything = False
    for place, cell in enumerate(cells):
        if cell in known:
            continue
        number = _number(cell, decimal)
        if number is None:
            return None
        known[cell] = number
        anything = anything or number != "nan"
        if place == _WORDS and not anything and all(cells[:_WORDS]):
            return None
    if not anything and any(cells) and not all(is_missing(cell, printed=False) for cell in known):
        return None  # words such as "unclear" throughout are labels, not missing numbers
    padded = any(
        len(cell) > 1 and cell[0] == "0" and cell.isdigit() for cell in known if not isinstance(cell, Typed)
    )
    if padded:
        return None
    texts = [known[cell] for cell in cells]
    whole = all(_is_whole(text) for text in known.values()) and not any(is_missing(cell) for cell in known)
    if whole:
        return np.array([int(text) for text in texts], dtype=np.int64)
    return np.array(texts, dtype=float)


def _number(cell: str, decimal: str) -> str | None:
    if isinstance(cell, Typed):
        return str(cell)
    if is_missing(cell):
        return "nan"
    return as_plain(bare(cell), decimal)


def _is_whole(text: str) -> bool:
    return text.lstrip("+-").isdigit() and text.isascii() and len(text) < 19

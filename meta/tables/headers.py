"""Names of columns from headers of one row or more, with merged cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Span = tuple[int, int]


def joined(rows: Sequence[Sequence[str]], spans: Sequence[Sequence[Span]]) -> list[str]:
    """One name for each column, the parts of a header of several rows joined by a blank.

    An upper cell holds for the columns that it is merged over; where nothing says how far it reaches, for
    those up to the next, as long as the names below belong to a group (those below the first such cell).

    Parameters
    ----------
    rows : sequence of sequences of str
        The header, from above.
    spans : sequence of sequences of (int, int)
        First and last columns of the merged cells of each row.

    Examples
    --------
    >>> upper = ["Study", "Treatment", "", "Control", ""]
    >>> joined([upper, ["", "Events", "Total", "Events", "Total"]], [[], []])
    ['Study', 'Treatment Events', 'Treatment Total', 'Control Events', 'Control Total']
    """
    width = max(map(len, rows), default=0)
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    for place in range(len(full) - 1):
        full[place] = _spread(full[place], full[place + 1], spans[place])
    return [" ".join(dict.fromkeys(part for part in parts if part)) for parts in zip(*full, strict=True)]


def _spread(upper: list[str], lower: list[str], spans: Sequence[Span]) -> list[str]:
    found = list(upper)
    if spans:
        for left, right in spans:
            for column in range(left + 1, min(right + 1, len(found))):
                found[column] = found[column] or upper[left]
        return found
    group = _first_group(upper, lower)
    now = ""
    for column, cell in enumerate(upper):
        if cell:
            now = cell if lower[column] else ""
        elif now and lower[column] in group:
            found[column] = now
        else:
            now = ""
    return found


def _first_group(upper: list[str], lower: list[str]) -> set[str]:
    """The names below the first upper cell that has a gap at its right."""
    for column, cell in enumerate(upper[:-1]):
        if cell and lower[column] and not upper[column + 1] and lower[column + 1]:
            end = next((i for i in range(column + 1, len(upper)) if upper[i]), len(upper))
            return set(lower[column:end])
    return set()


def unique(names: Sequence[str]) -> list[str]:
    """Names as they are kept: one that several columns have becomes ``name.1``, ``name.2``.

    >>> unique(["yi", "notes", "notes"])
    ['yi', 'notes.1', 'notes.2']
    """
    counts, copies = Counter(names), Counter[str]()
    taken = {name for name, count in counts.items() if count == 1}
    found = []
    for name in names:
        place = name
        while counts[name] > 1 and (place == name or place in taken):
            copies[name] += 1
            place = f"{name}.{copies[name]}"
        taken.add(place)
        found.append(place)
    return found


def repeated(names: Sequence[str]) -> frozenset[str]:
    """Names that several columns have.

    >>> sorted(repeated(["a", "b", "a"]))
    ['a']
    """
    return frozenset(name for name, count in Counter(names).items() if count > 1)

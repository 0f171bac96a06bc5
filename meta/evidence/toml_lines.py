"""On which line of a TOML file each value stands: the standard library's reader keeps no places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]

_KEY = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*""")
_SCALAR = re.compile(r"[^\s,\]}#]+")


def lines_of(text: str) -> dict[Path, int]:
    """The line of every key and every entry of an array, by its path.

    Parameters
    ----------
    text : str
        A file that `tomllib` has read without an error; other text may give any answer.

    Returns
    -------
    dict
        Paths such as ``("arms", 1, "n")`` to line numbers from 1.

    Examples
    --------
    >>> found = lines_of('id = "a"\\n[[arms]]\\nn = 3\\n[[arms]]\\nn = 4\\n')
    >>> found[("arms", 1, "n")], found[("arms", 1)]
    (5, 4)
    """
    return _Scan(text).run()


def line_of(field: str, lines: Mapping[Path, int], content: Any) -> int:
    """The line of a field of a problem, or of the innermost table around it; 0 if nothing of it is there.

    Parameters
    ----------
    field : str
        Parts joined by points. Parts that are not keys are passed over (the kind of a statistic, say);
        in a list it may be the ``id`` of an entry.
    lines : mapping
        As :func:`lines_of` returns it.
    content : object
        What `tomllib` read from the same text.

    Examples
    --------
    >>> text = '[[claims]]\\nid = "x"\\nvalue = 2\\n'
    >>> line_of("claims.x.value", lines_of(text), {"claims": [{"id": "x", "value": 2}]})
    3
    """
    path: Path = ()
    at = content
    for part in field.split("."):
        key = _entry(part, at)
        if key is None:
            continue
        path, at = (*path, key), at[key]
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _entry(part: str, at: Any) -> str | int | None:
    """The key or index that a part of a field names."""
    if isinstance(at, dict):
        return part if part in at else None
    if not isinstance(at, list):
        return None
    if part.isdigit():
        return int(part) if int(part) < len(at) else None
    ids = [item.get("id") if isinstance(item, dict) else None for item in at]
    return ids.index(part) if part in ids else None


class _Scan:
    """One walk through the text; only strings, comments and brackets have to be told apart."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.seen = (0, 1)  # a place and its line, so that lines are counted once
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def run(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip():
            if self.text.startswith("[[", self.at):
                table = self._header(2)
            elif self.text[self.at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
        return self.lines

    def _line(self) -> int:
        place, line = self.seen
        self.seen = self.at, line + self.text.count("\n", place, self.at)
        return self.seen[1]

    def _skip(self, also: str = "") -> bool:
        """Pass over blanks, comments and the characters of ``also``; whether anything is left."""
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif letter.isspace() or letter in also:
                self.at += 1
            else:
                return True
        return False

    def _keys(self) -> list[str]:
        found = []
        while match := _KEY.match(self.text, self.at):
            self.at = match.end()
            found.append(match.group(1).strip("\"'"))
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
        return found

    def _header(self, brackets: int) -> Path:
        line = self._line()
        self.at += brackets
        path = self._within((), self._keys(), line)
        self.at += brackets
        if brackets == 2:
            number = self.counts.get(path, 0)
            self.counts[path] = number + 1
            self.lines.setdefault(path, line)
            path = (*path, number)
        self.lines[path] = line
        return path

    def _within(self, path: Path, keys: list[str], line: int) -> Path:
        """The path of dotted keys; a list of tables on the way stands for its last entry."""
        for number, key in enumerate(keys):
            path = (*path, key)
            self.lines.setdefault(path, line)
            if number + 1 < len(keys) and path in self.counts:
                path = (*path, self.counts[path] - 1)
        return path

    def _pair(self, table: Path) -> None:
        line, before = self._line(), self.at
        path = self._within(table, self._keys(), line)
        if self.at == before:  # not TOML
            self.at = len(self.text)
            return
        self.at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        if not self._skip():
            return
        letter = self.text[self.at]
        if letter == "[":
            self._array(path)
        elif letter == "{":
            self.at += 1
            while self._skip(",") and self.text[self.at] != "}":
                self._pair(path)
            self.at += 1
        elif letter in "\"'":
            self._string(letter)
        else:
            match = _SCALAR.match(self.text, self.at)
            self.at = match.end() if match else self.at + 1

    def _array(self, path: Path) -> None:
        self.at += 1
        number = 0
        while self._skip(",") and self.text[self.at] != "]":
            self.lines[(*path, number)] = self._line()
            self._value((*path, number))
            number += 1
        self.at += 1

    def _string(self, quote: str) -> None:
        fence = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(fence)
        while self.at < len(self.text) and not self.text.startswith(fence, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(fence)
        while len(fence) == 3 and self.text.startswith(quote, self.at):  # up to two quotes may end the text
            self.at += 1

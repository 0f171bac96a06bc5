"""How commands print: tables on a terminal, plain lines in a pipe, JSON where a script asks for it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


def clean(text: object) -> str:
    """Return text for a terminal: one line, without control characters.

    >>> clean("a\\x1b[31mb\\nc")
    'a[31mb c'
    """
    return "".join(c if c.isprintable() else " " if c in "\n\t" else "" for c in str(text))


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """Print a table: framed on a terminal, in plain columns elsewhere."""
    cells = [[clean(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        framed = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
        for header in headers:
            framed.add_column(header, overflow="fold")
        for row in cells:
            framed.add_row(*(Text(cell) for cell in row))
        Console().print(framed)
        return
    if title:
        print(title)
    widths = [max(len(line[i]) for line in [list(headers), *cells]) for i in range(len(headers))]
    for line in [list(headers), *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def as_json(value: Any) -> str:
    """Return a value as JSON; NaN and infinities become null."""
    from meta.report.json_values import plain

    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def note(message: str) -> None:
    """Say something beside the result."""
    print(clean(message), file=sys.stderr)


def progress(message: str) -> None:
    """Say what is being done, if somebody watches."""
    if sys.stderr.isatty():
        print(f"  {clean(message)}", file=sys.stderr, flush=True)

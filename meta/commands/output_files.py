"""What ``--out`` writes, by the file's ending."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from meta.commands.output import as_json, note
from meta.errors import InputError
from meta.formatting import spreadsheet_text

FIGURES = (".svg", ".png", ".pdf", ".eps", ".tiff", ".tif")
TEXTS = (".csv", ".json", ".txt", ".md", ".html")


@dataclass(frozen=True)
class Shown:
    """A result in each of the forms in which a command may show it.

    Attributes
    ----------
    text : str
        For reading.
    numbers : mapping
        For ``--json``.
    headers, rows : sequences
        The table.
    save : callable or None
        Writes the result so that :func:`meta.load` reads it; without one, ``.json`` holds ``numbers``.
    draw : callable
        Makes the figure.
    """

    text: str
    numbers: Any
    headers: Sequence[str]
    rows: Sequence[Sequence[Any]]
    save: Callable[[Path], Any] | None
    draw: Callable[[], Any]


def check_out(out: Path | None) -> None:
    """Refuse an ending that nothing can be written to, before anything is computed."""
    allowed = (*TEXTS, *FIGURES)
    if out is not None and out.suffix.lower() not in allowed:
        raise InputError(f"--out {str(out)!r} must end in {', '.join(allowed[:-1])} or {allowed[-1]}")
    if out is not None and out.is_dir():
        raise InputError(f"--out {str(out)!r} is a folder; name a file")


def show(shown: Shown, out: Path | None, json: bool, dpi: float = 300) -> None:
    """Print a result, as text or JSON; with a file, write it there; PNG and TIFF at ``dpi``."""
    if json:
        print(as_json(shown.numbers))
    elif out is None:
        print(shown.text)
    if out is not None:
        _write(shown, out, dpi)
        note(f"written to {out}")


def _write(shown: Shown, out: Path, dpi: float) -> None:
    suffix = out.suffix.lower()
    if suffix in FIGURES:
        shown.draw().save(out, dpi=dpi)
        return
    if suffix == ".json" and shown.save is not None:
        shown.save(out)
        return
    makers: dict[str, Callable[[Shown], str]] = {
        ".csv": as_csv,
        ".md": as_markdown,
        ".html": as_html,
        ".txt": lambda item: f"{item.text}\n",
        ".json": lambda item: f"{as_json(item.numbers)}\n",
    }
    out.write_text(makers[suffix](shown), encoding="utf-8")


def as_csv(shown: Shown) -> str:
    """The table as CSV, safe to open in a spreadsheet."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(cells_for_spreadsheets(list(shown.headers)))
    for row in shown.rows:
        writer.writerow(cells_for_spreadsheets([_cell(value) for value in row]))
    return target.getvalue()


def cells_for_spreadsheets(row: list[Any]) -> list[Any]:
    """A row whose texts no spreadsheet takes for a formula: a quote goes before = + - @ and control signs.

    >>> cells_for_spreadsheets(["=1+1", "A", -2.0])
    ["'=1+1", 'A', -2.0]
    """
    return [spreadsheet_text(cell) if isinstance(cell, str) else cell for cell in row]


def _cell(value: Any) -> Any:
    if value is None or value != value:
        return ""
    return value.item() if hasattr(value, "item") else value


def as_markdown(shown: Shown) -> str:
    """The text and the table as Markdown."""
    lines = ["```text", *shown.text.splitlines(), "```", ""]
    lines += [_bars(shown.headers), _bars("---" for _ in shown.headers)]
    return "\n".join([*lines, *(_bars(map(_readable, row)) for row in shown.rows), ""])


def _bars(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _readable(value: Any) -> str:
    from meta.formatting import significant

    if value is None or value != value:
        return "–"
    return significant(float(value), 4) if isinstance(value, float) else str(value)


def as_html(shown: Shown) -> str:
    """The text and the table as one small page without anything from elsewhere."""
    head = "".join(f"<th scope=col>{escape(str(name))}</th>" for name in shown.headers)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_readable(value))}</td>" for value in row) + "</tr>"
        for row in shown.rows
    )
    style = "body{font:1rem/1.5 sans-serif;margin:2rem}td,th{padding:.2rem .8rem;text-align:left}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Meta-analysis</title>'
        f"<style>{style}</style></head>\n<body><pre>{escape(shown.text)}</pre>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></body></html>\n"
    )

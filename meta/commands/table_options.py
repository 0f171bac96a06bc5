"""Options that every command on tables has: how the file is read, and what is done about odd rows."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer

from meta.errors import InputError


@dataclass(frozen=True)
class TableOptions:
    """How a table is read and audited; every field is an option of the same name."""

    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook, by name or number.")] = (
        None
    )
    header: Annotated[
        str | None, typer.Option("--header", help="Line of the header, from 1; 1,2 for one of two lines.")
    ] = None
    skip: Annotated[int | None, typer.Option("--skip", help="Lines to leave out at the top.")] = None
    decimal: Annotated[str | None, typer.Option("--decimal", help="The decimal sign: . or ,")] = None
    encoding: Annotated[str | None, typer.Option("--encoding", help="Of a text file, such as cp1252.")] = None
    scale: Annotated[
        str | None,
        typer.Option("--scale", help="Whether ratios are given as they are (ratio) or as logs (log)."),
    ] = None
    vtype: Annotated[
        str | None, typer.Option("--vtype", help="Variant of the variance: LS LS2 UB AV ...")
    ] = None
    add: Annotated[
        float | None, typer.Option("--add", help="Added to the cells of tables with a zero (0.5).")
    ] = None
    to: Annotated[
        str | None, typer.Option("--to", help="Which tables it is added to: only0 all if0all none.")
    ] = None
    drop00: Annotated[
        bool | None,
        typer.Option("--drop00/--keep00", help="Leave out, or keep, studies without events in both arms."),
    ] = None
    keep_totals: Annotated[
        bool, typer.Option("--keep-totals", help="Keep rows that are totals of others.")
    ] = False
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out rows with impossible values instead of stopping.")
    ] = False
    missing: Annotated[
        str | None, typer.Option("--missing", help="Codes for missing values, such as 99,999.")
    ] = None


DEFAULTS = TableOptions()


@functools.cache
def _parameters() -> tuple[inspect.Parameter, ...]:
    """One parameter per option, made once for all commands."""
    hints = inspect.get_annotations(TableOptions, eval_str=True)
    return tuple(
        inspect.Parameter(
            item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=hints[item.name]
        )
        for item in fields(TableOptions)
    )


def on_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :class:`TableOptions`, which it gets as its argument ``reading``."""
    added = _parameters()
    names = [item.name for item in added]

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> None:
        own = {name: given.pop(name) for name in names if name in given}
        command(*args, reading=TableOptions(**own), **given)

    signature = inspect.signature(command, eval_str=True)
    kept = [item for item in signature.parameters.values() if item.name != "reading"]
    wrapped.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {
        item.name: item.annotation
        for item in [*kept, *added]
        if item.annotation is not inspect.Parameter.empty
    }
    return wrapped


OF_EFFECTS = ("scale", "vtype", "add", "to", "drop00", "missing", "keep_totals", "skip_bad")
"""Options on the rows of comparisons; the others say how a file is read."""


def refuse_row_options(reading: TableOptions, model: str) -> None:
    """Refuse options on rows that are comparisons, where a model has rows of another kind.

    >>> refuse_row_options(TableOptions(drop00=True), "a network")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: --drop00 has no effect on a network; leave it out
    """
    for name in OF_EFFECTS:
        if getattr(reading, name) not in (None, False) or (name == "drop00" and reading.drop00 is False):
            flag = "keep00" if name == "drop00" and reading.drop00 is False else name.replace("_", "-")
            raise InputError(f"--{flag} has no effect on {model}; leave it out")

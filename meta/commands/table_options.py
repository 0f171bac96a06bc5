"""Options that every command on tables has: how the file is read, and what is done about odd rows."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any

import typer


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


def on_tables(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of :class:`TableOptions`, which it gets as its argument ``reading``."""
    names = [item.name for item in fields(TableOptions)]

    @functools.wraps(command)
    def wrapped(*args: Any, **given: Any) -> None:
        own = {name: given.pop(name) for name in names if name in given}
        command(*args, reading=TableOptions(**own), **given)

    signature = inspect.signature(command, eval_str=True)
    kept = [item for item in signature.parameters.values() if item.name != "reading"]
    hints = inspect.get_annotations(TableOptions, eval_str=True)
    added = [
        inspect.Parameter(
            item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=hints[item.name]
        )
        for item in fields(TableOptions)
    ]
    wrapped.__signature__ = signature.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {
        item.name: item.annotation
        for item in [*kept, *added]
        if item.annotation is not inspect.Parameter.empty
    }
    return wrapped

"""``meta schema``: the JSON Schema of the study and claims files, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meta.commands.output import note


def schema(
    which: Annotated[str, typer.Argument(help="study or claims.")] = "study",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it to this file.")] = None,
) -> None:
    """Print the JSON Schema of the study files or of the claims file.

    Editors complete and check while typing, once a file's first line is
    #:schema ./schema/study.schema.json

    Example:  meta schema study -o studies/schema/study.schema.json
    """
    from meta.evidence.json_schema import schema_text

    text = schema_text(which)
    if out is None:
        print(text, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    note(f"written to {out}")

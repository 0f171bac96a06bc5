"""``meta init``: a review of your own from an empty folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from meta.commands.output import note
from meta.errors import InputError


def init(
    folder: Annotated[str, typer.Argument(help="Folder of the review; made if it is not there.")] = ".",
    treatment: Annotated[str | None, typer.Option("--treatment", help="What is tested: vitamin C.")] = None,
    control: Annotated[
        str | None, typer.Option("--control", help="What it is compared with: a placebo.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="What is measured: days with a cold.")
    ] = None,
    better: Annotated[str | None, typer.Option("--better", help="Which is better: lower or higher.")] = None,
    people: Annotated[str | None, typer.Option("--people", help="Who takes part: adults.")] = None,
) -> None:
    """Begin a review: a claims file with comments, an example study, a README and a notebook.

    Asks five questions, or takes the answers as options. Nothing that exists is overwritten.

    Example:  meta init colds --treatment "vitamin C" --outcome "days with a cold" --people adults
    """
    from meta.evidence.new_review_files import begin

    given = {
        "treatment": treatment,
        "control": control,
        "outcome": outcome,
        "better": better,
        "people": people,
    }
    for path in begin(folder, _answers(given)):
        print(f"written: {path}")
    here = "" if folder == "." else f"cd {folder}, "
    note(f"next: {here}put the claim into studies/claims.toml, then meta add, meta check and meta run")


def _answers(given: Mapping[str, str | None]) -> dict[str, str]:
    """What was given, and what is asked of a person at a terminal; else the default."""
    from meta.evidence.new_review_files import QUESTIONS

    answers = {}
    for name, (ask, default) in QUESTIONS.items():
        value = given[name]
        if value is None and sys.stdin.isatty():
            value = input(f"{ask} [{default}] ").strip()
        answers[name] = value or default
    if answers["better"] not in ("lower", "higher"):
        raise InputError(f"better must be lower or higher, not {answers['better']!r}")
    return answers

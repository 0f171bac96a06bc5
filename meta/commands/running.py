"""``meta run``: everything, from study files to the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meta.commands.output import note, progress, table

if TYPE_CHECKING:
    from meta.report.run import RunResult


def run(
    studies: Annotated[str, typer.Option("--studies", help="Folder of study files.")] = "studies",
    results: Annotated[
        str, typer.Option("--results", help="Folder to write; replaced whole or not at all.")
    ] = "results",
    engines: Annotated[
        bool, typer.Option("--engines/--no-engines", help="Check the exact posterior against a sampled one.")
    ] = True,
    everything: Annotated[
        bool, typer.Option("--all", help="Compute everything, also what has not changed since the last run.")
    ] = False,
) -> None:
    """Judge every claim on the evidence: verdicts, effects, figures and the report.

    Writes verdicts.json, effects.csv, figures/, report.html, report.md and tables.docx, and adds a line to
    history.jsonl when the studies or claims changed. Only what changed is computed. The same files give the
    same results.
    """
    from meta.report.run import run as run_all

    found = run_all(studies, results, say=progress, engines=engines, everything=everything)
    rows = [(item.claim, item.label, item.conclusion) for item in found.conclusions]
    table(("claim", "analysis", "verdict"), rows)
    _say_change(found)
    total = len(found.answers) + len(found.kept)
    print(
        f"{len(found.answers)} of {total} analyses computed, {len(found.kept)} taken over unchanged; "
        f"{len(found.files)} files in {found.folder}; open {found.folder}/report.html"
    )
    for warning in found.warnings:
        note(f"warning: {warning}")
    for doubt in found.evidence.doubts():
        note(f"{doubt.kind}: {doubt}")
    if not all(found.engines.values()):
        raise typer.Exit(1)


def _say_change(found: RunResult) -> None:
    from meta.report.changes import cells_of, what

    if found.change is None:
        print("Nothing changed since the last line of the history.")
        return
    if found.change["date"] is None:
        print("The history begins with this run.")
        return
    print(f"What changed: {what(found.change, found.evidence)}.")
    rows = [
        (name, *(cell.text for cell in cells))
        for name, cells in zip(found.change["analyses"], cells_of(found.change, found.evidence), strict=True)
    ]
    if rows:
        table(("analysis", "before", "now", "verdict", "moved most by"), rows)
    else:
        print("No pooled effect and no verdict moved.")

"""``meta run``: everything, from study files to the report."""

from __future__ import annotations

from typing import Annotated

import typer

from meta.commands.output import note, progress, table


def run(
    studies: Annotated[str, typer.Option("--studies", help="Folder of study files.")] = "studies",
    results: Annotated[
        str, typer.Option("--results", help="Folder to write; replaced whole or not at all.")
    ] = "results",
    engines: Annotated[
        bool, typer.Option("--engines/--no-engines", help="Check the exact posterior against a sampled one.")
    ] = True,
) -> None:
    """Judge every claim on the evidence: verdicts, effects, figures and the report.

    Writes verdicts.json, effects.csv, figures/ and report.html. The same files give the same results.
    """
    from meta.report.run import run as run_all

    found = run_all(studies, results, say=progress, engines=engines)
    rows = [
        (item.claim.id, item.analysis.label, item.verdict.conclusion)
        for item in found.judged
        if item.verdict is not None
    ]
    table(("claim", "analysis", "verdict"), rows)
    print(f"{len(found.files)} files in {found.folder}; open {found.folder}/report.html")
    for warning in found.warnings:
        note(f"warning: {warning}")
    if not all(found.engines.values()):
        raise typer.Exit(1)

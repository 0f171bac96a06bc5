"""``meta check``, ``meta claims`` and ``meta show``: the study files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import as_json, note, table

if TYPE_CHECKING:
    from meta.effects.study_evidence import Evidence
    from meta.evidence.load_studies import Checked
    from meta.evidence.study_schema import Study

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FOLDER|FILE]...", help="Folders or single files; studies if none is named."),
]
PROBLEM = ("file", "line", "field", "value", "rule", "remedy")


Fix = Annotated[
    bool,
    typer.Option("--fix", help="Rewrite files of version 0.1: their treated arms get the role treatment."),
]


def check(paths: Paths = None, json: options.Json = False, fix: Fix = False) -> None:
    """Check study files and the claims file; list every problem with its remedy.

    Exit code 0 if all is well, 2 otherwise. Fast enough to run before every commit.

    Examples:  meta check    ·    meta check studies/steward-2019.toml studies/claims.toml
    """
    from pathlib import Path

    from meta.evidence.load_studies import checked

    asked = paths or ["studies"]
    found = checked(asked)
    count, problems = found.count, list(found.problems)
    if fix:
        found.rewrite()
    if found.old:
        old = f"{len(found.old)} file{'' if len(found.old) == 1 else 's'} of version 0.1"
        note(
            f"{old} rewritten"
            if fix
            else f"{old}: role {next(iter(found.old.values()))!r} was read as "
            "'treatment'; meta check --fix rewrites"
        )
    for question in found.questions:
        note(f"worth a look: {question}")
    _say_doubts(found)
    if json:
        print(as_json([{name: getattr(item, name) for name in PROBLEM} for item in problems]))
    elif problems:
        print_problems(problems)
    else:
        where = f" in {asked[0]}" if len(asked) == 1 and Path(asked[0]).is_dir() else ""
        print(f"{count} file{'' if count == 1 else 's'}{where}: no problem found")
    if problems:
        raise typer.Exit(2)


def _say_doubts(found: Checked) -> None:
    """What does not fit within the files that were asked for, in the words of every command."""
    from meta.effects.study_contradictions import doubts_about

    for study in found.studies:
        for doubt in doubts_about(study, [item for item in found.beside if item is not study]):
            note(f"{doubt.kind}: {doubt}")


def print_problems(problems: Any) -> None:
    """Print problems as a table."""
    count = len(problems)
    title = f"{count} problem{'' if count == 1 else 's'}"
    names = [name for name in PROBLEM if name != "line" or any(item.line for item in problems)]
    table(names, [[str(getattr(item, name) or "") for name in names] for item in problems], title)


def claims(folder: options.Folder = "studies", json: options.Json = False) -> None:
    """List the claims: what each states, what is put to the test, and by which analyses."""
    from meta.claims.wording import put_to_test
    from meta.effects.study_evidence import load_evidence

    evidence = load_evidence(folder)
    if json:
        print(as_json([claim.model_dump(mode="json") for claim in evidence.claims.values()]))
        return
    rows = [
        (claim.id, claim.statement, put_to_test(claim), ", ".join(a.id for a in claim.analyses))
        for claim in evidence.claims.values()
    ]
    table(("claim", "statement", "put to the test", "analyses"), rows)


def show(
    study: Annotated[str, typer.Argument(help="Id of a study, such as steward-2019.")],
    folder: options.Folder = "studies",
    json: options.Json = False,
) -> None:
    """Show one study: what it reported, where, and the effects that follow from it."""
    from meta.commands.showing import as_dict, print_study
    from meta.effects.study_evidence import load_evidence

    evidence = load_evidence(folder)
    found = _find(evidence, study)
    if json:
        print(as_json(as_dict(evidence, found)))
    else:
        print_study(evidence, found)


def _find(evidence: Evidence, name: str) -> Study:
    from difflib import get_close_matches

    from meta.errors import EvidenceError

    studies = {study.id: study for study in evidence.library.studies}
    by_label = {study.label.lower(): study for study in evidence.library.studies}
    found = studies.get(name) or by_label.get(name.lower())
    if found is None:
        near = get_close_matches(name, studies, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"see the files in {evidence.library.folder}"
        raise EvidenceError(f"no study {name!r}; {hint}")
    return found

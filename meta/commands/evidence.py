"""``meta check``, ``meta claims`` and ``meta show``: the study files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands.output import as_json, clean, table

if TYPE_CHECKING:
    from meta.effects.evidence import Evidence
    from meta.evidence.schema import Study

Folder = Annotated[str, typer.Argument(help="Folder of study files.")]
FolderOption = Annotated[str, typer.Option("--studies", help="Folder of study files.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PROBLEM = ("file", "field", "value", "rule", "remedy")


def check(folder: Folder = "studies", json: JsonOption = False) -> None:
    """Check every study file and the claims file; list every problem with its remedy.

    Exit code 0 if all is well, 2 otherwise.
    """
    from meta.evidence.reading import CLAIMS_FILE, check_folder

    problems = check_folder(folder)
    if json:
        print(as_json([{name: getattr(item, name) for name in PROBLEM} for item in problems]))
    elif problems:
        print_problems(problems)
    else:
        from pathlib import Path

        files = [path for path in Path(folder).glob("*.toml") if path.name != CLAIMS_FILE]
        print(f"{len(files)} study files in {folder}: no problem found")
    if problems:
        raise typer.Exit(2)


def print_problems(problems: Any) -> None:
    """Print problems as a table."""
    count = len(problems)
    title = f"{count} problem{'' if count == 1 else 's'}"
    table(PROBLEM, [[getattr(item, name) for name in PROBLEM] for item in problems], title)


def claims(folder: FolderOption = "studies", json: JsonOption = False) -> None:
    """List the claims: what each states, what is put to the test, and by which analyses."""
    from meta.effects.evidence import load_evidence

    evidence = load_evidence(folder)
    if json:
        print(as_json([claim.model_dump(mode="json") for claim in evidence.claims.values()]))
        return
    rows = [
        (claim.id, claim.statement, claim.estimand.value_text, ", ".join(a.id for a in claim.analyses))
        for claim in evidence.claims.values()
    ]
    table(("claim", "statement", "put to the test", "analyses"), rows)


def show(
    study: Annotated[str, typer.Argument(help="Id of a study, such as steward-2019.")],
    folder: FolderOption = "studies",
    json: JsonOption = False,
) -> None:
    """Show one study: what it reported, where, and the effects that follow from it."""
    from meta.effects.evidence import load_evidence

    evidence = load_evidence(folder)
    found = _find(evidence, study)
    effects = _effects(evidence, found)
    if json:
        print(as_json({"study": found.model_dump(mode="json"), "effects": effects}))
        return
    print(_heading(found))
    from meta.report.printed import printed

    rows = [
        (r.measured, r.time.label, printed(found, r) or "–", r.place, found.source(r.source).read)
        for r in found.results
    ]
    if rows:
        table(("outcome", "time", "as printed", "place", "read"), rows)
    for item in effects:
        print(clean(f"{item['analysis']}: tier {item['tier']}: {item['steps'] or item['reason']}"))
        if item["assumptions"]:
            print(clean(f"  assumed: {item['assumptions']}"))
    if not effects:
        print(
            "It enters no analysis." + (f" {clean(found.exclusion_reason)}" if found.exclusion_reason else "")
        )


def _find(evidence: Evidence, name: str) -> Study:
    from difflib import get_close_matches

    from meta.errors import EvidenceError

    studies = {study.id: study for study in evidence.library.studies}
    by_label = {study.label.lower(): study for study in evidence.library.studies}
    found = studies.get(name) or by_label.get(name.lower())
    if found is None:
        near = get_close_matches(name, studies, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"see the files in {evidence.library.folder}"
        raise EvidenceError(f"there is no study {name!r}; {hint}")
    return found


def _effects(evidence: Evidence, study: Study) -> list[dict[str, Any]]:
    found = []
    for name in evidence.analyses:
        effects = evidence.effects(name)
        for i, owner in enumerate(effects.columns["study_id"]):
            if owner == study.id:
                own = {key: effects.columns[key][i] for key in ("tier", "steps", "assumptions", "reason")}
                found.append({"analysis": name, "yi": effects.yi[i], "vi": effects.vi[i], **own})
    return found


def _heading(study: Study) -> str:
    design = study.design
    lines = [
        f"{study.label}: {study.title}",
        f"{study.status}; {design.kind}, allocation {design.allocation}, {design.blinding}; "
        f"{study.population.description}",
    ]
    lines += [f"source: {s.citation} ({s.read})" for s in study.sources]
    lines += [f"left open: {doubt.about}: {doubt.says}" for doubt in study.ambiguities]
    return "\n".join(clean(line) for line in lines)

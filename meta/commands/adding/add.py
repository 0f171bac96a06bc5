"""``meta add``: a new study file from questions, flags, a reference, or the rows of a table."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import as_json, note, table
from meta.errors import EvidenceError, InputError

if TYPE_CHECKING:
    from meta.effects.study_evidence import Evidence
    from meta.evidence.claims import ClaimsFile
    from meta.evidence.study_schema import Study

ANY_FLAG = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Every flat name is a flag: the command takes what Typer does not know and looks it up itself."""

FromOption = Annotated[
    str | None,
    typer.Option("--from", metavar="FILE|-", help="A reference: BibTeX, RIS, PubMed or Crossref JSON."),
]
EntryOption = Annotated[str | None, typer.Option("--entry", help="Key or DOI, if FILE holds several.")]
RowsOption = Annotated[
    str | None,
    typer.Option("--rows", metavar="FILE|-", help="A CSV, TSV or Excel sheet, one result per row."),
]
SheetOption = Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")]
ColumnsOption = Annotated[bool, typer.Option("--columns", help="List every flag and column, and stop.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Show the file and its effect; write nothing.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; asks nothing.")]


def add(
    context: typer.Context,
    source: FromOption = None,
    entry: EntryOption = None,
    rows: RowsOption = None,
    sheet: SheetOption = None,
    columns: ColumnsOption = False,
    folder: options.Folder = "studies",
    yes: YesOption = False,
    dry_run: DryOption = False,
    json: JsonOption = False,
) -> None:
    """Make a study file: it asks, or takes flags, a pasted reference, or the rows of a table.

    Without flags it asks, in plain words. Every field is also a flag: meta add --columns lists them.
    The effect that results is shown before anything is written. A file that exists is never overwritten.

    Examples:  meta add    ·    meta add --from ref.bib    ·    meta add --rows trials.xlsx --yes

    meta add --author "Doe J" --year 2001 --group adults --allocation randomised --control placebo
    --read abstract --place "Table 2" --outcome pain --time "8 weeks" --phase final
    --mean1 11.2 --sd1 3.1 --n1 20 --mean2 13.0 --sd2 2.9 --n2 21 --yes
    """
    if columns:
        list_columns(json)
        return
    flags = flags_of(context.args)
    flags = {**(_reference(source, entry) if source else {}), **flags}
    try:
        studies, open_ = _studies(flags, rows, sheet, folder, asks=not (yes or json or dry_run))
        if studies:
            _finish(studies, open_, folder, yes=yes, dry_run=dry_run, json=json)
    except EvidenceError as refusal:
        if not refusal.problems:
            raise
        _refuse(refusal.problems, json)


def flags_of(arguments: list[str]) -> dict[str, str]:
    """Return flat names and their texts from ``--name value`` and ``--name=value``.

    Raises
    ------
    EvidenceError
        If a name is unknown, a value is missing, or a flag stands twice; authors may be named one by one.

    Examples
    --------
    >>> flags_of(["--mean1", "-3.4", "--ci-low=-5", "--author", "Doe J", "--author", "Roe K"])
    {'mean1': '-3.4', 'ci_low': '-5', 'authors': 'Doe J; Roe K'}
    """
    from meta.evidence.columns import column, known

    flags: dict[str, str] = {}
    waiting = iter(arguments)
    for argument in waiting:
        if not argument.startswith("--"):
            raise EvidenceError(f"{argument!r} belongs to no flag; put text with spaces in quotes")
        spelled, equals, value = argument.removeprefix("--").partition("=")
        name = known(spelled)
        if not equals:
            value = next(waiting, "--")
            if value.startswith("--"):
                raise EvidenceError(f"--{spelled} has no value; write --{spelled} VALUE")
        if name in flags and column(name).form != "texts":
            raise EvidenceError(f"--{spelled} is given twice; give it once")
        flags[name] = f"{flags[name]}; {value}" if name in flags else value
    return flags


def list_columns(json: bool) -> None:
    """Print every flag and column with what it means."""
    from meta.evidence.columns import RESULT, SIZES, STATISTIC, STUDY, column

    groups = {"study": tuple(STUDY), "result": (*RESULT, "kind", *SIZES)}
    groups |= {f"kind {kind}": tuple(names) for kind, names in STATISTIC.items()}
    shown = []
    for group, names in groups.items():
        for name in names:
            about = column(name, group.removeprefix("kind ") if group.startswith("kind ") else "")
            allowed = ", ".join(about.choices) or about.form
            shown.append({"for": group, "name": name, "takes": allowed, "means": about.meaning})
    if json:
        print(as_json(shown))
    else:
        table(("for", "flag or column", "takes", "means"), [list(item.values()) for item in shown])


def _reference(source: str, entry: str | None) -> dict[str, str]:
    from meta.evidence.bibliography import references
    from meta.evidence.field_names import bare_doi

    found = references(_text(source))
    if entry is not None:
        wanted = [item for item in found if item.key == entry or item.doi == bare_doi(entry) != ""]
        if not wanted:
            keys = ", ".join(item.key or item.doi or item.title for item in found)
            raise InputError(f"--entry {entry!r} is not in {source!r}; it has {keys}")
        found = wanted
    if len(found) > 1:
        keys = ", ".join(item.key or item.doi or item.title for item in found[:10])
        raise InputError(f"{source!r} holds {len(found)} references; name one with --entry: {keys}")
    return found[0].record()


def _text(source: str) -> str:
    from pathlib import Path

    if source == "-":
        return sys.stdin.read()
    path = Path(source)
    if not path.is_file():
        raise InputError(f"no file {source!r}; save the reference to a file, or pipe it in with -")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{source!r} is not UTF-8 text; save it as UTF-8") from None


def _studies(
    flags: dict[str, str], rows: str | None, sheet: str | None, folder: str, *, asks: bool
) -> tuple[list[Study], list[str]]:
    """Return the studies to write, and the facts that nobody stated."""
    from meta.evidence.columns import STUDY
    from meta.evidence.entering import left_open, study_from

    if rows is not None:
        return _from_rows(rows, sheet, flags, _claims(folder))
    result = {name: value for name, value in flags.items() if name not in STUDY}
    if result or not asks or not sys.stdin.isatty():
        if not flags:
            raise InputError(
                "there is nobody to ask here; give flags, --from or --rows, or run it in a terminal"
            )
        study = {name: value for name, value in flags.items() if name in STUDY}
        made = study_from(study, [result] if result else [], file="flags", claims=_claims(folder))
        return [made], left_open(study)
    return _by_asking(flags, folder)


def _claims(folder: str) -> ClaimsFile:
    from meta.evidence.load_studies import known_in

    return known_in(folder).claims


def _from_rows(
    rows: str, sheet: str | None, common: dict[str, str], claims: ClaimsFile
) -> tuple[list[Study], list[str]]:
    from meta.commands.adding.accepted_words import flat_name
    from meta.evidence.entering import left_open
    from meta.evidence.from_table import entries, read_table

    text = sys.stdin.read() if rows == "-" else None
    found = read_table(rows, sheet=sheet, text=text)
    guessed = {header: name for header in found.headers if (name := flat_name(header, found.headers))}
    if guessed:
        note("columns: " + ", ".join(f"{name} = {header}" for header, name in guessed.items()))
    made: list[Study] = []
    problems: list[Any] = []
    open_: list[str] = []
    for entry in entries(found, common, spelled=guessed.get):
        open_ += left_open(entry.study)
        try:
            made.append(entry.make(claims))
        except EvidenceError as refusal:
            problems += refusal.problems
    if problems:
        raise EvidenceError("the table has problems", tuple(problems))
    return made, list(dict.fromkeys(open_))


def _by_asking(flags: dict[str, str], folder: str) -> tuple[list[Study], list[str]]:
    from meta.commands.adding.interview import Interview, converse
    from meta.commands.adding.script import AddScript, records
    from meta.commands.adding.words import WELCOME
    from meta.evidence.entering import left_open, study_from
    from meta.evidence.load_studies import known_in

    with suppress(ImportError):  # line editing, and pasted lines longer than a terminal's 4096 signs
        import readline  # noqa: F401
    print(WELCOME)
    known = known_in(folder)
    end = converse(Interview(AddScript(folder, flags, known)), input, print)
    if end.stopped:
        note("Stopped; nothing was written.")
        raise typer.Exit(1)
    study, results = records(end.answers, flags)
    return [study_from(study, results, file="answers", claims=known.claims)], left_open(study)


def _finish(
    studies: list[Study], open_: list[str], folder: str, *, yes: bool, dry_run: bool, json: bool
) -> None:
    """Check the studies within the library, show what follows, and write."""
    from pathlib import Path

    from meta.effects.study_evidence import Evidence
    from meta.errors import quiet
    from meta.evidence.load_studies import preview
    from meta.evidence.writing import check_id, study_text

    texts = {f"{check_id(study.id)}.toml": study_text(study) for study in studies}
    _refuse_existing(texts, folder)
    library, problems = preview(folder, texts)
    if problems:
        _refuse(tuple(problems), json)
    evidence = Evidence(library)
    with quiet():
        if json:
            written = [] if dry_run else _written(folder, studies, yes)
            print(as_json(_as_dict(evidence, studies, texts, written, open_)))
            return
        for name, study in zip(texts, studies, strict=True):
            if len(studies) > 1:
                print(f"--- {name}")
            _show(evidence, study, texts[name] if dry_run else "")
    if open_:
        note(f"not given, so not stated in the file: {', '.join(open_)}")
    if dry_run:
        note("nothing was written")
        return
    for path in _written(folder, studies, yes):
        print(f"written: {path}")
    schema = Path(folder) / "schema" / "study.schema.json"
    if not schema.exists():
        note(f"so that editors complete and check while typing: meta schema study -o {schema.as_posix()}")


def _refuse_existing(texts: dict[str, str], folder: str) -> None:
    from pathlib import Path

    there = {path.name for path in Path(folder).glob("*.toml")}
    taken = sorted(there & texts.keys())
    if taken:
        raise EvidenceError(
            f"{Path(folder) / taken[0]} exists and is not overwritten; edit that file, or give another id "
            f"such as {taken[0].removesuffix('.toml')}-b"
        )


def _written(folder: str, studies: list[Study], yes: bool) -> list[Any]:
    from meta.evidence.writing import write_new

    if not yes:
        names = ", ".join(f"{folder}/{study.id}.toml" for study in studies)
        if not sys.stdin.isatty():
            raise InputError(f"nobody can be asked whether to write {names}; say --yes, or --dry-run to look")
        if not typer.confirm(f"Write {names}?", default=True):
            note("nothing was written")
            raise typer.Exit(1)
    return write_new(folder, studies)


def _show(evidence: Evidence, study: Study, text: str) -> None:
    from meta.commands.showing import print_effects, print_study

    if text:
        print(text)
        print_effects(evidence, study)
    else:
        print_study(evidence, study)


def _as_dict(
    evidence: Evidence, studies: list[Study], texts: dict[str, str], written: list[Any], open_: list[str]
) -> dict[str, Any]:
    from meta.commands.showing import as_dict

    return {
        "written": [str(path) for path in written],
        "not_stated": open_,
        "studies": [{"text": texts[f"{item.id}.toml"], **as_dict(evidence, item)} for item in studies],
    }


def _refuse(problems: tuple[Any, ...], json: bool) -> None:
    from meta.commands.study_files import PROBLEM, print_problems

    if json:
        print(as_json({"problems": [{name: getattr(item, name) for name in PROBLEM} for item in problems]}))
    else:
        print_problems(problems)
    note("nothing was written")
    raise typer.Exit(2)

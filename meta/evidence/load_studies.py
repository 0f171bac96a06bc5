"""Read study and claim files, and report every problem at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from meta.errors import DataWarning, EvidenceError, Notes
from meta.evidence.claims import ClaimsFile
from meta.evidence.clones import same_numbers
from meta.evidence.coherence import against_its_words
from meta.evidence.old_files import note_on, old_role, rewritten, with_new_role
from meta.evidence.problems import Problem, problems_of
from meta.evidence.study_schema import Study
from meta.evidence.study_texts import contents_of
from meta.evidence.toml_lines import line_of, lines_of
from meta.evidence.vocabulary import CLAIMS_FILE as CLAIMS_FILE
from meta.evidence.vocabulary import undeclared

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Library:
    """The study files and the claims file of one folder, read and checked."""

    folder: str
    studies: tuple[Study, ...]
    claims: ClaimsFile

    def study(self, study_id: str) -> Study:
        """Return the study with this id.

        Raises
        ------
        EvidenceError
            If there is none; the message lists those that exist.
        """
        for study in self.studies:
            if study.id == study_id:
                return study
        known = ", ".join(study.id for study in self.studies)
        raise EvidenceError(f"no study {study_id!r} in {self.folder}; known: {known}")


def read_library(folder: str | Path) -> Library:
    """Read every ``*.toml`` in ``folder``.

    Raises
    ------
    EvidenceError
        If the folder or any file has a problem; ``problems`` lists every one of them.
    """
    found = _read(Path(folder))
    if found.problems:
        told = "\n".join(f"  {problem}" for problem in found.problems)
        raise EvidenceError(f"{len(found.problems)} problem(s) in {folder}:\n{told}", found.problems)
    if found.old_role is not None:
        Notes().warn(note_on(found.old_role), DataWarning)
    return Library(str(folder), found.studies, found.claims)


def check_folder(folder: str | Path) -> list[Problem]:
    """Return every problem in the study and claim files of ``folder``; empty if there is none."""
    return list(_read(Path(folder)).problems)


@dataclass(frozen=True)
class Checked:
    """What was found in folders and single files.

    Attributes
    ----------
    count : int
        How many files were asked for, the claims file included.
    problems : tuple of Problem
        What is wrong, in the order of the folders.
    old : mapping of Path to str
        Files of version 0.1, each with the word that it has for the role ``treatment``.
    questions : tuple of str
        What is not wrong but worth a look: the same numbers under two names, words that say another value.
    studies, beside : tuple of Study
        The studies that were asked for, and all those of their folders.
    """

    count: int
    problems: tuple[Problem, ...]
    old: Mapping[Path, str]
    questions: tuple[str, ...] = ()
    studies: tuple[Study, ...] = ()
    beside: tuple[Study, ...] = ()

    def rewrite(self) -> None:
        """Write ``treatment`` into the old files; each is complete at any time."""
        for path, word in self.old.items():
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_text(rewritten(path.read_text(encoding="utf-8-sig"), word), encoding="utf-8")
            os.replace(fresh, path)


def check_paths(paths: Sequence[str | Path]) -> tuple[int, list[Problem]]:
    """Check folders and single files: how many were asked for, and what is wrong.

    See :func:`checked`, which also says which files are of version 0.1.
    """
    found = checked(paths)
    return found.count, list(found.problems)


def checked(paths: Sequence[str | Path]) -> Checked:
    """Check folders and single files.

    Parameters
    ----------
    paths : sequence of str or Path
        A folder stands for every file in it. Of a single file its own problems are listed, and those of its
        folder as a whole: what one file says of another.

    Returns
    -------
    Checked

    Raises
    ------
    EvidenceError
        If a path does not exist, or is a file that is not TOML.
    """
    asked: dict[Path, set[str] | None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            asked[path] = None
            continue
        if path.suffix != ".toml" or not path.is_file():
            what = "is not a study file" if path.is_file() else "does not exist"
            begin = "" if path.exists() or path.suffix else "; meta init begins a review"
            raise EvidenceError(f"{str(path)!r} {what}; name .toml files, or the folder they are in{begin}")
        names = asked.setdefault(path.parent, set())
        if names is not None:
            names.add(path.name)
    count, problems = 0, []
    old: dict[Path, str] = {}
    questions: list[str] = []
    studies: list[Study] = []
    beside: list[Study] = []
    for folder, wanted in asked.items():
        found = _read(folder)
        questions += _worth_a_look(found)
        beside += found.studies
        studies += [item for item in found.studies if wanted is None or f"{item.id}.toml" in wanted]
        count += len(list(folder.glob("*.toml"))) if wanted is None else len(wanted)
        own = [item for item in found.own if wanted is None or item.file in wanted]
        prefix = "" if len(asked) == 1 else f"{folder}/"
        changed = found.old_names if wanted is None else found.old_names & wanted
        old |= {folder / name: str(found.old_role) for name in sorted(changed)}
        problems += [replace(item, file=f"{prefix}{item.file}") for item in (*own, *found.across)]
    return Checked(count, tuple(problems), old, tuple(questions), tuple(studies), tuple(beside))


def _worth_a_look(found: _Found) -> Iterator[str]:
    """Questions about files that break no rule."""
    yield from same_numbers(found.studies)
    for claim in found.claims.claims:
        for item in against_its_words(claim.estimand) if claim.estimand is not None else ():
            yield f"{CLAIMS_FILE}: claims.{claim.id}.{item}"


def preview(folder: str | Path, texts: Mapping[str, str]) -> tuple[Library, list[Problem]]:
    """Read ``folder`` as if it also held files with these texts.

    Parameters
    ----------
    folder : str or Path
        Folder of study files.
    texts : mapping of str to str
        Text by file name.

    Returns
    -------
    library : Library
        Every file that could be read, the new ones among them.
    problems : list of Problem
        Those that the new files bring; problems that were there before are left out.
    """
    before = set(_read(Path(folder)).problems)
    found = _read(Path(folder), texts)
    added = [problem for problem in found.problems if problem not in before]
    return Library(str(folder), found.studies, found.claims), added


@dataclass(frozen=True)
class _Found:
    """What a folder holds: what could be read, what is wrong in single files, and what across them."""

    studies: tuple[Study, ...]
    claims: ClaimsFile
    own: tuple[Problem, ...]
    across: tuple[Problem, ...]
    old_role: str | None = None
    old_names: frozenset[str] = frozenset()

    @property
    def problems(self) -> tuple[Problem, ...]:
        return (*self.own, *self.across)


def _read(folder: Path, extra: Mapping[str, str] = MappingProxyType({})) -> _Found:
    if not folder.is_dir():
        raise EvidenceError(
            f"no folder {str(folder)!r}; run this where studies/ is, or name it; meta init begins a review"
        )
    studies: list[Study] = []
    problems: list[Problem] = []
    claims = ClaimsFile()
    texts: dict[str, str] = {}
    contents = dict(contents_of(folder, extra, problems, texts))
    old = old_role(content for name, content in contents.items() if name != CLAIMS_FILE)
    changed = set()
    for name, content in contents.items():
        if name == CLAIMS_FILE:
            claims = _validate(ClaimsFile, content, name, problems) or claims
            continue
        made = with_new_role(content, old)
        changed |= {name} if made is not content else set()
        study = _validate(Study, made, name, problems)
        if study is not None:
            stem = name.removesuffix(".toml")
            if study.id != stem:
                rule = "the id is the file's name without .toml"
                problems.append(Problem(name, "id", repr(study.id), rule, f'write id = "{stem}"'))
            studies.append(study)
    across = _with_lines(_cross_check(studies, claims, problems), texts, contents)
    own = _with_lines(problems, texts, contents)
    return _Found(tuple(studies), claims, own, across, old, frozenset(changed))


def _with_lines(
    problems: Sequence[Problem], texts: Mapping[str, str], contents: Mapping[str, dict[str, Any]]
) -> tuple[Problem, ...]:
    """The problems with the lines on which they stand, as far as their files can be read."""
    lines = {name: lines_of(texts[name]) for name in {item.file for item in problems} & texts.keys()}
    return tuple(
        replace(item, line=line_of(item.field, lines[item.file], contents[item.file]))
        if item.file in lines and not item.line
        else item
        for item in problems
    )


def _validate(
    model: type[Model], content: dict[str, Any], name: str, problems: list[Problem]
) -> Model | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems.extend(problems_of(name, error))
    return None


def _cross_check(studies: list[Study], claims: ClaimsFile, earlier: list[Problem]) -> list[Problem]:
    """Check what one file says of another; files that failed alone are passed over."""
    known = {study.id: study for study in studies}
    failed = {problem.file.removesuffix(".toml") for problem in earlier}
    found: list[Problem] = []

    def refer(field: str, study_id: str) -> Study | None:
        if study_id not in known and study_id not in failed:
            rule = "the study must have a file"
            found.append(Problem(CLAIMS_FILE, field, repr(study_id), rule, f"add {study_id}.toml"))
        return known.get(study_id)

    if claims.borrowed_cv is not None:
        source = refer("borrowed_cv.study", claims.borrowed_cv.study)
        if source and claims.borrowed_cv.result not in {result.id for result in source.results}:
            rule, value = "the result must be in the study's file", repr(claims.borrowed_cv.result)
            found.append(Problem(CLAIMS_FILE, "borrowed_cv.result", value, rule, "name one of its results"))
    for number, sizes in enumerate(claims.arm_sizes):
        study = refer(f"arm_sizes.{number}.study", sizes.study)
        for arm in sizes.sizes if study else ():
            if arm not in {own.id for own in study.arms}:  # type: ignore[union-attr]
                rule = "the arm must be in the study's file"
                found.append(Problem(CLAIMS_FILE, f"arm_sizes.{number}.sizes", repr(arm), rule, "correct it"))
    for claim in claims.claims:
        for retest in claim.proportion.retest if claim.proportion else ():
            refer(f"claims.{claim.id}.proportion.retest", retest.study)
        for benchmark in claim.proportion.benchmarks if claim.proportion else ():
            refer(f"claims.{claim.id}.proportion.benchmarks", benchmark)
    return [*found, *undeclared(studies, claims), *_counted_twice(studies)]


def _counted_twice(studies: list[Study]) -> list[Problem]:
    """Find included studies that are the same publication but not said to be the same people."""
    found = []
    for name in ("doi", "pmid"):
        owners: dict[str, Study] = {}
        for study in studies:
            value = getattr(study, name)
            if value is None or study.status == "excluded":
                continue
            first = owners.setdefault(value.lower(), study)
            if first is not study and (study.cohort is None or study.cohort != first.cohort):
                rule = f"{first.id}.toml has the same {name.upper()}, so its people would count twice"
                remedy = "keep one of the two files, or give both the same cohort"
                found.append(Problem(f"{study.id}.toml", name, repr(value), rule, remedy))
    return found


@dataclass(frozen=True)
class Known:
    """What the files of a folder offer to somebody who adds a study.

    Attributes
    ----------
    outcomes : mapping of str to list of str
        Outcomes that the claims file declares or pools, each with the labels of its analyses.
    publications : mapping of str to str
        Study id by DOI and by PubMed number.
    groups : tuple of str
        Kinds of people that the claims file declares, or that its analyses admit.
    claims : ClaimsFile
        The claims file itself: the topic's words and what it declares.
    """

    outcomes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    publications: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    claims: ClaimsFile = field(default_factory=ClaimsFile)


def known_in(folder: str | Path) -> Known:
    """Return the outcomes and publications that a folder knows; files with problems are passed over."""
    found = _read(Path(folder))
    outcomes: dict[str, list[str]] = {item.id: [] for item in found.claims.outcomes}
    groups = [item.id for item in found.claims.populations]
    for claim in found.claims.claims:
        for analysis in claim.analyses:
            groups += analysis.eligibility.groups
            outcomes.setdefault(analysis.outcome, []).append(analysis.label)
    included = [study for study in found.studies if study.status == "included"]
    publications = {str(name).lower(): s.id for s in included for name in (s.doi, s.pmid) if name}
    return Known(outcomes, publications, tuple(dict.fromkeys(groups)), found.claims)

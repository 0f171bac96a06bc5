"""Read study and claim files, and report every problem at once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from meta.errors import EvidenceError
from meta.evidence.claims import ClaimsFile
from meta.evidence.schema import Study

Model = TypeVar("Model", bound=BaseModel)

CLAIMS_FILE = "claims.toml"
MAX_BYTES = 1_000_000

REMEDIES = {
    "missing": "add it",
    "extra_forbidden": "remove it, or check its spelling",
    "literal_error": "use one of the values named in the rule",
    "union_tag_invalid": "use one of the kinds named in the rule",
    "union_tag_not_found": 'add kind = "..." to the statistic',
    "string_pattern_mismatch": "use small letters, digits and hyphens",
    "int_parsing": "write a whole number without quotes",
    "int_type": "write a whole number without quotes",
    "float_parsing": "write a number without quotes",
    "float_type": "write a number without quotes",
    "finite_number": "write a finite number, or leave it out if it was not seen",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, what was found, which rule it breaks, how to mend it."""

    file: str
    field: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.rule} (found {self.value}); {self.remedy}"


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
        raise EvidenceError(f"there is no study {study_id!r} in {self.folder}; known: {known}")


def read_library(folder: str | Path) -> Library:
    """Read every ``*.toml`` in ``folder``.

    Raises
    ------
    EvidenceError
        If the folder or any file has a problem; ``problems`` lists every one of them.
    """
    studies, claims, problems = _read(Path(folder))
    if problems:
        shown = "\n".join(f"  {problem}" for problem in problems)
        raise EvidenceError(f"{len(problems)} problem(s) in {folder}:\n{shown}", tuple(problems))
    return Library(str(folder), tuple(studies), claims)


def check_folder(folder: str | Path) -> list[Problem]:
    """Return every problem in the study and claim files of ``folder``; empty if there is none."""
    return _read(Path(folder))[2]


def _read(folder: Path) -> tuple[list[Study], ClaimsFile, list[Problem]]:
    if not folder.is_dir():
        raise EvidenceError(f"there is no folder {str(folder)!r}; run this where studies/ is, or name it")
    studies: list[Study] = []
    problems: list[Problem] = []
    claims = ClaimsFile()
    for path in sorted(folder.glob("*.toml")):
        content = _parse(path, problems)
        if content is None:
            continue
        if path.name == CLAIMS_FILE:
            claims = _validate(ClaimsFile, content, path.name, problems) or claims
            continue
        study = _validate(Study, content, path.name, problems)
        if study is not None:
            if study.id != path.stem:
                rule = "the id is the file's name without .toml"
                problems.append(Problem(path.name, "id", repr(study.id), rule, f'write id = "{path.stem}"'))
            studies.append(study)
    problems.extend(_cross_check(studies, claims, problems))
    return studies, claims, problems


def _parse(path: Path, problems: list[Problem]) -> dict[str, Any] | None:
    if path.stat().st_size > MAX_BYTES:
        rule = f"a study file has at most {MAX_BYTES:,} bytes"
        problems.append(Problem(path.name, "(file)", f"{path.stat().st_size:,} bytes", rule, "split it"))
        return None
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        rule, remedy = "the file must be UTF-8 text", "save it as UTF-8"
        problems.append(Problem(path.name, "(file)", f"byte {error.start}", rule, remedy))
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(path.name, "(file)", str(error), "the file must be TOML", "mend that line"))
    except RecursionError:
        rule = "tables and arrays may be nested a few levels deep"
        problems.append(Problem(path.name, "(file)", "deep nesting", rule, "flatten it"))
    return None


def _validate(
    model: type[Model], content: dict[str, Any], name: str, problems: list[Problem]
) -> Model | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            problems.append(_problem(name, dict(item)))
    return None


def _problem(name: str, item: dict[str, Any]) -> Problem:
    where = ".".join(str(part) for part in item["loc"]) or "(file)"
    rule = str(item["msg"]).removeprefix("Value error, ")
    rule = rule[:1].lower() + rule[1:]
    found = "nothing" if item["type"] == "missing" else _short(item["input"])
    return Problem(name, where, found, rule, REMEDIES.get(item["type"], "mend the value"))


def _short(value: object) -> str:
    text = "a table" if isinstance(value, dict) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


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
    return found

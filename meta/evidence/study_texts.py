"""The text of study files as it stands on the disk, and what it says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from meta.errors import EvidenceError
from meta.evidence.problems import Problem

MAX_BYTES = 1_000_000


def texts_of(folder: str | Path) -> dict[str, str]:
    """The text of every file in ``folder`` by its name.

    Raises
    ------
    EvidenceError
        If the folder is not there or a file cannot be read as TOML.
    """
    if not Path(folder).is_dir():
        raise EvidenceError(f"no folder {str(folder)!r}; run this where studies/ is, or name it by --studies")
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for _ in contents_of(Path(folder), {}, problems, texts):
        pass
    if problems:
        raise EvidenceError("\n".join(map(str, problems)), tuple(problems))
    return texts


def contents_of(
    folder: Path, extra: Mapping[str, str], problems: list[Problem], texts: dict[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The content of every file that can be read, by its name; the others become problems.

    ``extra`` stands for files of the folder, or beside them; ``texts`` receives what was read.
    """
    there = {path.name: path for path in folder.glob("*.toml")}
    for name in sorted({*there, *extra}):
        text = extra[name] if name in extra else _text(there[name], problems)
        content = None if text is None else _parsed(name, text, problems)
        if text is not None and content is not None:
            texts[name] = text
            yield name, content


def _text(path: Path, problems: list[Problem]) -> str | None:
    if not path.is_file():  # a folder, a pipe that never ends, a device, or a link to nothing
        rule, remedy = "a study file is a regular file", "remove it from the folder, or rename it"
        problems.append(Problem(path.name, "(file)", "not a regular file", rule, remedy))
        return None
    if path.stat().st_size > MAX_BYTES:
        rule = f"a study file has at most {MAX_BYTES:,} bytes"
        problems.append(Problem(path.name, "(file)", f"{path.stat().st_size:,} bytes", rule, "split it"))
        return None
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        rule, remedy = "the file must be UTF-8 text", "save it as UTF-8"
        problems.append(Problem(path.name, "(file)", f"byte {error.start}", rule, remedy))
    return None


def _parsed(name: str, text: str, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        line = int(place.group(1)) if place else text.count("\n") + 1  # "at end of document"
        rule = "the file must be TOML"
        problems.append(Problem(name, "(file)", str(error), rule, "fix that line", line))
    except ValueError:
        rule = "the file must be TOML with numbers that people write"
        problems.append(Problem(name, "(file)", "a number of thousands of digits", rule, "fix it"))
    except RecursionError:
        rule = "tables and arrays may be nested a few levels deep"
        problems.append(Problem(name, "(file)", "deep nesting", rule, "flatten it"))
    return None

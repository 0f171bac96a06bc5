"""Write a study file as a careful person would: the same fields in the same order, defaults left out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import tomlkit

from meta.errors import EvidenceError
from meta.evidence.study_schema import Study

SCHEMA_LINE = "#:schema ./schema/study.schema.json"
WIDTH = 100
ALWAYS = {"role", "status"}
"""Fields that are written even where they have their default."""
BESIDE = {"dose_is": "dose_mg"}
"""Fields that are written even where they have their default, beside the field named."""
RESERVED = {"con", "prn", "aux", "nul", "claims"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in range(10)
}


def study_text(study: Study) -> str:
    """Return the text of a study's file.

    Reading it gives an equal study, and writing that gives the same text.

    Parameters
    ----------
    study : Study
        A study that has been checked.

    Examples
    --------
    >>> from meta.evidence.load_studies import read_library
    >>> print(study_text(read_library("studies").study("nct00963638"))[:101])
    #:schema ./schema/study.schema.json
    id = "nct00963638"
    label = "NCT00963638"
    title = ...
    """
    lines = [SCHEMA_LINE, *_table(_kept(study), "")]
    return "\n".join(lines).rstrip("\n") + "\n"


def check_id(study_id: str) -> str:
    """Return an id if it can be a file's name everywhere.

    Raises
    ------
    EvidenceError
        If it is empty, has other signs than small letters, digits and hyphens, or is a name that the claims
        file or Windows keeps for itself.

    Examples
    --------
    >>> check_id("../steward")
    Traceback (most recent call last):
    ...
    meta.errors.EvidenceError: id '../steward' cannot be a file's name; use 2 to 64 small letters, digits ...
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", study_id, flags=re.ASCII):
        raise EvidenceError(
            f"id {study_id!r} cannot be a file's name; use 2 to 64 small letters, digits and hyphens, "
            "such as steward-2019"
        )
    if study_id in RESERVED:
        raise EvidenceError(f"id {study_id!r} is kept for another file; use <author>-<year>")
    return study_id


def write_new(folder: str | Path, studies: Sequence[Study]) -> list[Path]:
    """Write a file for each study, all of them or none; an existing file is never touched.

    Parameters
    ----------
    folder : str or Path
        Folder of study files.
    studies : sequence of Study
        The studies; the id of each names its file.

    Raises
    ------
    EvidenceError
        If there is such a file already, also if another program has made it in this very moment.
    OSError
        If the disk is full or may not be written to; nothing is left behind.
    """
    written: list[Path] = []
    try:
        for study in studies:
            path = Path(folder) / f"{check_id(study.id)}.toml"
            with _created(path) as handle:
                written.append(path)
                handle.write(study_text(study).encode("utf-8"))
                handle.flush()
                os.fsync(handle.fileno())
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def write_together(folder: str | Path, texts: Mapping[str, str], gone: Sequence[str] = ()) -> list[Path]:
    """Write several files of a folder and remove others; each file is complete at any time.

    Parameters
    ----------
    folder : str or Path
        Folder of study files.
    texts : mapping of str to str
        Text by file name; what is there is replaced.
    gone : sequence of str
        Names of files that are removed after everything is written.

    Returns
    -------
    list of Path
        What was written.
    """
    fresh = {}
    try:
        for name, text in texts.items():
            path = Path(folder) / name
            fresh[path] = path.with_name(f".{name}.new")
            fresh[path].write_bytes(text.encode("utf-8"))
    except BaseException:
        for made in fresh.values():
            made.unlink(missing_ok=True)
        raise
    for path, made in fresh.items():
        os.replace(made, path)
    for name in gone:
        (Path(folder) / name).unlink()
    return list(fresh)


def _created(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except FileExistsError:
        raise EvidenceError(
            f"{path} exists and is not overwritten; edit that file, or give another id such as {path.stem}-b"
        ) from None


def _kept(model: Any) -> dict[str, Any]:
    """Return what a file says of a model: fields in the model's order, without those at their default."""
    kept: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        beside = name in BESIDE and getattr(model, BESIDE[name]) is not None
        if value is None or (
            not field.is_required()
            and value == field.get_default(call_default_factory=True)
            and name not in ALWAYS
            and not beside
        ):
            continue
        if isinstance(value, tuple):
            value = [_kept(item) if hasattr(item, "model_fields_set") else item for item in value]
        elif hasattr(value, "model_fields_set"):
            value = _kept(value)
        kept[name] = value
    return kept


def _table(content: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield a table's lines: values first, then its tables, each with a blank line before it."""
    later = {name: value for name, value in content.items() if _stands_alone(name, value, path)}
    for name, value in content.items():
        if name not in later:
            yield f"{name} = {_value(name, value)}"
    for name, value in later.items():
        own = f"{path}{name}"
        for item in value if isinstance(value, list) else [value]:
            yield ""
            yield f"[[{own}]]" if isinstance(value, list) else f"[{own}]"
            yield from _table(item, f"{own}.")


def _stands_alone(name: str, value: Any, path: str) -> bool:
    if path == "":
        return isinstance(value, dict) or (
            isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        )
    return name == "statistic"


def _value(name: str, value: Any) -> str:
    if not isinstance(value, list):
        return _inline(value)
    parts = [_inline(item) for item in value]
    one_line = f"[{', '.join(parts)}]"
    if any(isinstance(item, dict) for item in value) or len(name) + 3 + len(one_line) > WIDTH:
        return "\n".join(["[", *(f"    {part}," for part in parts), "]"])
    return one_line


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_inline(item)}" for name, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 and str(value) != "-0.0":
        value = int(value)
    return tomlkit.item(value).as_string()


def _key(name: str) -> str:
    return tomlkit.key(name).as_string()

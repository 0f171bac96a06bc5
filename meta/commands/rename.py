"""``meta rename`` and ``meta remove``: study files under other names, or gone, with the claims in step."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from meta.commands import options
from meta.commands.output import note

if TYPE_CHECKING:
    from pathlib import Path

Id = Annotated[str, typer.Argument(help="Id of a study, such as steward-2019.")]
NewId = Annotated[str, typer.Argument(help="Its new id; the file is named by it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def rename(old: Id, new: NewId, folder: options.Folder = "studies") -> None:
    """Rename a study: its file, its id, and every place of other files that names it.

    The results follow with the next ``meta run``; the history says that the study was renamed.

    Example:  meta rename doe-2001 doe-2001-a
    """
    from meta.evidence.renaming import renamed
    from meta.evidence.writing import check_id, write_together

    texts = _texts(folder)
    changed = renamed(texts, old, check_id(new))
    for path in write_together(folder, changed, gone=(f"{old}.toml",)):
        print(f"written: {path}")


def remove(study: Id, folder: options.Folder = "studies", yes: Yes = False) -> None:
    """Remove a study's file; refused while the claims file or another study names it.

    Example:  meta remove doe-2001 --yes
    """
    from meta.errors import EvidenceError, InputError
    from meta.evidence.renaming import mentions, no_such_study

    path, texts = _path(folder, study), _texts(folder)
    if path.name not in texts:
        raise no_such_study(study, texts)
    found = mentions(texts, study)
    if found:
        told = ", ".join(f"{name}:{line} ({field})" for name, line, field in found)
        raise EvidenceError(f"{study} is named elsewhere: {told}; take it out there first")
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(f"nobody can be asked whether to remove {path}; say --yes")
        if not typer.confirm(f"Remove {path}?", default=False):
            note("nothing was removed")
            raise typer.Exit(1)
    path.unlink()
    print(f"removed: {path}")


def _path(folder: str, study: str) -> Path:
    from pathlib import Path

    return Path(folder) / f"{study}.toml"


def _texts(folder: str) -> dict[str, str]:
    """Every file of a folder that has no problem of its own; others cannot be changed safely."""
    from meta.evidence.study_texts import texts_of

    return texts_of(folder)

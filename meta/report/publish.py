"""Put a folder of results in place whole, or not at all.

Everything is written to a hidden folder beside the target first; two renames then put it in place. A lock
file keeps two runs apart, and a run that was cut off is tidied up by the next one.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from meta.errors import InputError

MANIFEST = "verdicts.json"


def publish(results: str | Path, build: Callable[[Path], list[str]]) -> list[str]:
    """Let ``build`` fill a new folder, then put it in the place of ``results``.

    Parameters
    ----------
    results : str or Path
        The folder to replace or to make. Files in it that no run wrote are kept.
    build : callable
        Takes the empty folder, writes into it, and returns the relative names of what it wrote; one of
        them is :data:`MANIFEST`, whose ``files`` says the same to the next run.

    Returns
    -------
    list of str
        What ``build`` returned.

    Raises
    ------
    InputError
        If ``results`` is not a folder, or another run holds the lock.
    OSError
        If the disk is full or may not be written to; ``results`` is then as it was, and its ``strerror``
        says so in one sentence.
    """
    target = Path(results).resolve()
    if target.exists() and not target.is_dir():
        raise InputError(f"{str(results)!r} is a file, not a folder; name another place for the results")
    try:
        return _publish(target, str(results), build)
    except OSError as error:
        why = error.strerror or str(error)
        raise OSError(
            error.errno or errno.EIO,
            f"the results could not be written to {str(results)!r} and are as they were: {why}",
        ) from error


def _publish(target: Path, results: str, build: Callable[[Path], list[str]]) -> list[str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    old = target.with_name(f".{target.name}.old")
    with locked(target.with_name(f".{target.name}.lock"), results):
        _recover(target, fresh, old)
        try:
            fresh.mkdir()
            written = build(fresh)
            _keep_others(target, fresh)
            _swap(target, fresh, old)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return written


def _recover(target: Path, fresh: Path, old: Path) -> None:
    """Mend what a run left that was cut off; the lock is held, so no other run owns these folders."""
    if old.is_dir() and not target.exists():
        os.replace(old, target)
    for left in (fresh, old):
        if left.is_dir():
            shutil.rmtree(left)


def _swap(target: Path, fresh: Path, old: Path) -> None:
    there = target.exists()
    if there:
        os.replace(target, old)
    try:
        os.replace(fresh, target)
    except OSError:
        if there:
            os.replace(old, target)
        raise


def _keep_others(target: Path, fresh: Path) -> None:
    """Carry over the files in ``target`` that no run wrote."""
    if not target.is_dir():
        return
    ours = _written_before(target)
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target)
        copy = fresh / name
        if path.is_dir() and not path.is_symlink():
            continue
        if name.as_posix() in ours or copy.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy, follow_symlinks=False)


def _written_before(target: Path) -> set[str]:
    try:
        content = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    files = content.get("files", ()) if isinstance(content, dict) else ()
    return {name for name in files if isinstance(name, str)} if isinstance(files, list) else set()


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file ``path``; the operating system releases it if the process dies.

    Raises
    ------
    InputError
        If another process holds it.
    """
    with path.open("a+b") as handle:
        try:
            _take(handle.fileno())
            # The holder before may have removed the file between our opening and locking it.
            mine = os.path.samestat(os.fstat(handle.fileno()), path.stat())
        except OSError:
            mine = False
        if not mine:
            raise InputError(f"another run is writing to {what!r}; wait until it is done")
        try:
            yield
        finally:
            with suppress(PermissionError):  # Windows keeps open files
                path.unlink(missing_ok=True)


def _take(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

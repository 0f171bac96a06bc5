"""What commits that only move code changed in ``tests/`` beside import lines.

``python -m tests.net.moves A..B``: every commit of the range is compared with its parent, renamed test files
with what they were. Printed is what remains when import statements and blank lines are left out; nothing
printed and exit code 0 means that the tests are still the same tests. The records of this folder
(``tests/net/*.json`` and ``*.toml``) are left out.
"""

from __future__ import annotations

import ast
import difflib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
RECORDS = (".json", ".toml")


def without_imports(text: str) -> list[str]:
    """Lines of a module that are neither blank nor part of an import statement.

    >>> without_imports("import a\\nfrom b import (\\n    c,\\n)\\n\\nx = 1  # why\\n")
    ['x = 1  # why']
    """
    lines = text.splitlines()
    dropped: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            dropped |= set(range(node.lineno - 1, node.end_lineno or node.lineno))
    return [line for number, line in enumerate(lines) if number not in dropped and line.strip()]


def offences(before: Mapping[str, str], after: Mapping[str, str], renamed: Mapping[str, str]) -> list[str]:
    """Lines of a diff, without those of imports.

    Parameters
    ----------
    before, after : mapping of str to str
        Texts of the files that differ, by path; a file that is not there is left out.
    renamed : mapping of str to str
        New path to old path.

    Examples
    --------
    >>> old = {"tests/a.py": "import m.x\\nassert 1\\n", "tests/b.py": "assert 2\\n"}
    >>> new = {"tests/c/a.py": "import n.x\\nassert 1\\n", "tests/b.py": "assert 3\\n"}
    >>> offences(old, new, {"tests/c/a.py": "tests/a.py"})
    ['tests/b.py', '-assert 2', '+assert 3']
    """
    found: list[str] = []
    taken = set(renamed.values())
    for path in sorted({*before, *after} - (taken - set(after))):
        old, new = (_lines(path, text) for text in (before.get(renamed.get(path, path)), after.get(path)))
        changed = [line for line in difflib.unified_diff(old, new, n=0, lineterm="") if _is_change(line)]
        found += [path, *changed] if changed else []
    return found


def _lines(path: str, text: str | None) -> list[str]:
    if text is None:
        return []
    return without_imports(text) if path.endswith(".py") else text.splitlines()


def _is_change(line: str) -> bool:
    return line[:1] in "+-" and line not in ("--- ", "+++ ")


def git(*words: str, root: Path = ROOT) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, check=True)
    return done.stdout.decode("utf-8", errors="replace")


def of_commit(commit: str, root: Path = ROOT) -> list[str]:
    """The offences of one commit against its first parent."""
    told = git("diff", "--name-status", "-M", "-z", f"{commit}^", commit, "--", "tests", root=root)
    before, after, renamed = {}, {}, {}
    for status, old, new in _changes(told):
        if PurePosixPath(new).parent == PurePosixPath("tests/net") and new.endswith(RECORDS):
            continue
        if status != "A":
            before[old] = git("show", f"{commit}^:{old}", root=root)
        if status != "D":
            after[new] = git("show", f"{commit}:{new}", root=root)
        if old != new:
            renamed[new] = old
    return offences(before, after, renamed)


def _changes(told: str) -> Iterator[tuple[str, str, str]]:
    """Status, old path and new path, from the output of ``git diff --name-status -z``."""
    words = iter(told.split("\0"))
    for status in words:
        if status:
            old = next(words)
            yield status[0], old, next(words) if status[0] in "RC" else old


def main(span: str, root: Path = ROOT) -> int:
    """Print the offences of every commit of a range; returns how many commits have some."""
    guilty = 0
    for commit in git("rev-list", "--reverse", "--no-merges", span, root=root).split():
        if found := of_commit(commit, root):
            guilty += 1
            print(git("log", "-1", "--format=%h %s", commit, root=root).strip())
            print("\n".join(f"  {line}" for line in found))
    return guilty


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("give a range of commits: python -m tests.net.moves main~3..main")
    raise SystemExit(1 if main(sys.argv[1]) else 0)

"""How many tests each folder holds; ``python -m tests.net.counts`` records more than were recorded.

Test functions are counted as written (one however it is parametrised), and docstrings with an example by
room of ``meta/``. A folder may fall below its record only by an entry of ``counts.json``: under ``moved``
(``{"from": ..., "to": ..., "count": ..., "reason": ...}``: the other folder has to have them), or under
``lowered`` (``{"folder": ..., "count": ..., "reason": ...}``: they are gone, and the reason says why no case
is lost). Running the script puts the entries under ``past``.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path
from typing import Any

import meta

STORED = Path(__file__).with_name("counts.json")
ROOT = Path(__file__).parents[2]
PACKAGE = Path(meta.__file__).parent
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def count_tests(text: str) -> int:
    """Test functions of one file.

    >>> count_tests("def test_a(): ...\\nclass TestB:\\n    def test_c(self): ...\\ndef helper(): ...")
    2
    """
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return sum(isinstance(n, kinds) and n.name.startswith("test_") for n in ast.walk(ast.parse(text)))


def count_doctests(text: str) -> int:
    """Docstrings of one file that hold an example.

    >>> count_doctests("def f():\\n    '>>> f()'\\ndef g():\\n    'No example.'")
    1
    """
    found = (ast.get_docstring(n) for n in ast.walk(ast.parse(text)) if isinstance(n, WITH_DOCSTRING))
    return sum(">>>" in (told or "") for told in found)


def counted() -> dict[str, int]:
    """Tests by folder and doctests by room, as the code is now."""
    found: Counter[str] = Counter()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        found[_folder(path, ROOT / "tests", "tests")] += count_tests(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py")):
        found[_folder(path, PACKAGE, "meta")] += count_doctests(path.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def _folder(path: Path, root: Path, name: str) -> str:
    """The folder of a file, to the first level only: what moves within a room needs no entry."""
    parts = path.relative_to(root).parts
    return "/".join((name, *parts[:1])) if len(parts) > 1 else name


def required(record: dict[str, Any]) -> dict[str, int]:
    """What every folder must hold: its record, less what moved out or was given up, and what moved in.

    >>> entry = {"from": "tests/a", "to": "tests/b", "count": 2, "reason": "b is where it lives now"}
    >>> required({"counts": {"tests/a": 5, "tests/b": 1}, "moved": [entry], "lowered": []})
    {'tests/a': 3, 'tests/b': 3}
    """
    found = Counter(record["counts"])
    for entry in record["moved"]:
        found[entry["from"]] -= entry["count"]
        found[entry["to"]] += entry["count"]
    for entry in record["lowered"]:
        found[entry["folder"]] -= entry["count"]
    return dict(sorted(found.items()))


def shortfalls(record: dict[str, Any], now: dict[str, int]) -> list[str]:
    """Folders that hold fewer than they must, each in a sentence.

    >>> shortfalls({"counts": {"tests/a": 5}, "moved": [], "lowered": []}, {"tests/a": 4})
    ['tests/a has 4 tests, 1 fewer than the 5 recorded']
    """
    found = [(folder, now.get(folder, 0), count) for folder, count in required(record).items()]
    return [
        f"{folder} has {has} tests, {count - has} fewer than the {count} recorded"
        for folder, has, count in found
        if has < count
    ]


def stored() -> dict[str, Any]:
    return json.loads(STORED.read_text(encoding="utf-8"))


def main() -> None:
    """Record the counts of today, unless a folder has fewer than it must."""
    record = stored() if STORED.exists() else {"counts": {}, "moved": [], "lowered": [], "past": []}
    now = counted()
    if found := shortfalls(record, now):
        raise SystemExit("nothing was written:\n" + "\n".join(found))
    past = record["past"] + record["moved"] + record["lowered"]
    record = {"counts": now, "moved": [], "lowered": [], "past": past}
    STORED.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

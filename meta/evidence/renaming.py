"""What has to change in a folder when a study gets another id, and who speaks of a study that is removed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from meta.errors import EvidenceError
from meta.evidence.toml_lines import Path, lines_of
from meta.evidence.vocabulary import CLAIMS_FILE

SPEAKS = ("study", "benchmarks", "cohort")
"""Fields whose value, or whose entries, are ids of studies."""


def mentions(texts: Mapping[str, str], study_id: str) -> list[tuple[str, int, str]]:
    """Where other files name a study: file, line and field.

    Parameters
    ----------
    texts : mapping of str to str
        Content of every file of the folder, by its name.
    study_id : str
        Id of the study.

    Examples
    --------
    >>> mentions({"claims.toml": '[borrowed_cv]\\nstudy = "a-2001"\\nresult = "r"\\n'}, "a-2001")
    [('claims.toml', 2, 'borrowed_cv.study')]
    """
    found = []
    for name, text in texts.items():
        if name != f"{study_id}.toml":
            places = _places(tomllib.loads(text), study_id)
            lines = lines_of(text)
            found += [(name, lines[path], ".".join(map(str, path))) for path in places]
    return found


def no_such_study(study_id: str, texts: Mapping[str, str]) -> EvidenceError:
    """The refusal of an unknown id, with those that come near or, of a few, all."""
    known = sorted(name.removesuffix(".toml") for name in texts if name != CLAIMS_FILE)
    near = get_close_matches(study_id, known, n=3) or (known if len(known) <= 10 else [])
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return EvidenceError(f"no study {study_id!r}{hint}")


def renamed(texts: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """The files that change when a study is renamed, by their names afterwards; layout and comments stay.

    Raises
    ------
    EvidenceError
        If there is no such study, the new name is taken, or an id is written in a way that cannot be changed
        in place.

    Examples
    --------
    >>> renamed({"a-2001.toml": 'id = "a-2001"  # Doe\\n'}, "a-2001", "doe-2001")
    {'doe-2001.toml': 'id = "doe-2001"  # Doe\\n'}
    """
    own, target = f"{old}.toml", f"{new}.toml"
    if own not in texts or old == CLAIMS_FILE.removesuffix(".toml"):
        raise no_such_study(old, texts)
    if target in texts:
        raise EvidenceError(f"{target} exists and is not overwritten; give another id, such as {new}-b")
    changed = {target: _rewritten(own, texts[own], [("id",)], old, new)}
    for name, text in texts.items():
        if name != own and (places := list(_places(tomllib.loads(text), old))):
            changed[name] = _rewritten(name, text, places, old, new)
    kin = list(_places(tomllib.loads(texts[own]), old))
    if kin:  # its cohort may be called by its own id
        changed[target] = _rewritten(own, changed[target], kin, old, new)
    return changed


def _places(content: Any, study_id: str, path: Path = ()) -> Iterator[Path]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key in SPEAKS and value == study_id:
                yield (*path, key)
            elif key in SPEAKS and isinstance(value, list):
                yield from ((*path, key, i) for i, item in enumerate(value) if item == study_id)
            else:
                yield from _places(value, study_id, (*path, key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _places(value, study_id, (*path, number))


def _rewritten(name: str, text: str, places: list[Path], old: str, new: str) -> str:
    """The text with the id at these places replaced, and nothing else."""
    rows = text.splitlines(keepends=True)
    found = lines_of(text)
    expected = tomllib.loads(text)
    for path in places:
        key: str = next(part for part in reversed(path) if isinstance(part, str))
        at: Any = expected
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = new
        listed = isinstance(path[-1], int)
        before = r"" if listed else rf"(?:\b{re.escape(key)}\b|[\"']{re.escape(key)}[\"'])\s*=\s*"
        row = found[path] - 1
        rows[row] = re.sub(
            rf"({before})([\"']){re.escape(old)}\2", lambda m: f"{m[1]}{m[2]}{new}{m[2]}", rows[row], count=1
        )
    made = "".join(rows)
    if tomllib.loads(made) != expected:
        raise EvidenceError(
            f"{name} writes {old!r} in a way that cannot be changed in place; edit it by hand"
        )
    return made

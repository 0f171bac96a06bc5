"""What a run keeps of each analysis, so that the next one computes only what has changed.

A record holds everything that is shown: numbers for ``verdicts.json`` and the written sections. It counts
again only if it was made from the same inputs by the same code with the same libraries, and if its figures
are still what it drew; anything else is computed again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meta.report.answered_analysis import digest
from meta.report.blocks import Figure, Section, figures_of, from_plain, to_plain
from meta.report.fingerprints import fingerprint, made_with
from meta.report.trust import plain_json

KEPT = ".kept.json"


@dataclass(frozen=True)
class Record:
    """What is shown of one analysis, or of one claim as a whole.

    Attributes
    ----------
    key : str
        Fingerprint of the inputs that it follows from.
    sections : tuple of Section
        As written.
    numbers : mapping
        What ``verdicts.json`` says of an analysis; empty for a claim.
    agrees : bool or None
        Whether the exact and the sampled posterior agree; None if that was not checked.
    """

    key: str
    sections: tuple[Section, ...]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    agrees: bool | None = None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Its figures."""
        return tuple(figures_of(self.sections))


class Kept:
    """The records of the run before, as far as they may be used again.

    Parameters
    ----------
    folder : Path
        The results of the run before.
    """

    def __init__(self, folder: Path) -> None:
        self._figures = folder / "figures"
        self.notes: list[str] = []
        self._records = _read(folder / KEPT, self.notes)

    def take(self, name: str, key: str, into: Path) -> Record | None:
        """Return the record of this name if its inputs are those of ``key``, and copy its figures.

        Parameters
        ----------
        name : str
            Of an analysis or claim.
        key : str
            Fingerprint of the present inputs.
        into : Path
            Folder for the figures.
        """
        found = self._records.get(name)
        if found is None or found["key"] != key or not self._has(found["files"]):
            return None
        for file in found["files"]:
            shutil.copyfile(self._figures / file, into / file)
        return Record(key, from_plain(found["sections"]), found["numbers"], found["agrees"])

    def _has(self, files: Mapping[str, str]) -> bool:
        try:
            return all(digest((self._figures / name).read_bytes()) == own for name, own in files.items())
        except OSError:
            return False


def _read(path: Path, notes: list[str]) -> dict[str, Any]:
    """The records, if the file is to the letter what a run wrote, and this code wrote it."""
    if not path.exists():
        return {}
    try:
        content = plain_json(path.read_bytes())
        if content["made_with"] != made_with():
            return {}
        if content["digest"] == fingerprint(content["records"]):
            return dict(content["records"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    notes.append(f"{path.name} is not as a run wrote it: everything was computed again")
    return {}


def kept_json(records: Mapping[str, Record], figures: Path) -> str:
    """Return what the next run needs to use these records again.

    Parameters
    ----------
    records : mapping of str to Record
        By name.
    figures : Path
        The folder of their figures.
    """
    content = {
        name: {
            "key": record.key,
            "sections": to_plain(record.sections),
            "numbers": dict(record.numbers),
            "agrees": record.agrees,
            "files": {file: digest((figures / file).read_bytes()) for file in files_of([record])},
        }
        for name, record in sorted(records.items())
    }
    own = json.loads(json.dumps(content, ensure_ascii=False))
    kept = {"made_with": made_with(), "digest": fingerprint(own), "records": own}
    return json.dumps(kept, ensure_ascii=False) + "\n"


def files_of(records: Iterable[Record]) -> list[str]:
    """Return the files of the figures of records, in order."""
    return sorted(file for record in records for figure in record.figures for file in figure.files)

"""What a run reads back from the results of the run before: taken only in the shape that runs write.

A file that was cut off, edited or mixed up is never half believed: it is left aside with a sentence, and what
it held is computed again. Only the history is not computed but remembered, so that it is refused instead.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from meta.errors import InputError

SLACK = 1e-9
"""An estimate may lie outside its interval by what printing and reading a double loses."""

Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Effect(_Shape):
    estimate: Number | None = None
    ci_low: Number | None = None
    ci_high: Number | None = None
    p_value: Share | None = None
    k: Annotated[int, Field(ge=0)] | None = None
    tau2: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _within(self) -> _Effect:
        if self.estimate is None or self.ci_low is None or self.ci_high is None:
            return self
        slack = SLACK * (1 + abs(self.estimate))
        if not self.ci_low - slack <= self.estimate <= self.ci_high + slack:
            raise ValueError("an estimate lies outside its interval")
        return self


class _AtMargin(_Shape):
    mean: Share | None = None


class _Analysis(_Shape):
    measure: str | None = None
    k: Annotated[int, Field(ge=0)] = 0
    conclusion: str | None = None
    at_margin: _AtMargin | None = None
    posterior: _Effect | None = None
    fit: _Effect | None = None


class _Claim(_Shape):
    analyses: dict[str, _Analysis] = {}


class _Verdicts(_Shape):
    claims: dict[str, _Claim]
    files: list[str] = []


class _Inputs(_Shape):
    fingerprint: str
    version: str
    shared: str
    claims: dict[str, str]
    studies: dict[str, str]


class _Part(_Shape):
    estimate: Number | None
    ci_low: Number | None
    ci_high: Number | None


class _State(_Shape):
    measure: str | None
    k: Annotated[int, Field(ge=0)]
    verdict: str | None
    probability: Share | None
    posterior: _Part | None
    fit: _Part | None


class _Move(_Shape):
    cause: str
    study: str | None
    by: Number | None


class _Moved(_Shape):
    before: _State | None
    after: _State | None
    moved_by: list[_Move] = []


class _Studies(_Shape):
    total: Annotated[int, Field(ge=0)]
    added: list[str] = []
    removed: list[str] = []
    edited: list[str] = []


class _Claims(_Shape):
    added: list[str] = []
    removed: list[str] = []
    edited: list[str] = []
    shared: bool = False


class _Line(_Shape):
    date: str | None
    inputs: str
    version: str = ""
    studies: _Studies
    claims: _Claims
    analyses: dict[str, _Moved]

    @model_validator(mode="after")
    def _told(self) -> _Line:
        if self.date is not None and not isinstance((self.model_extra or {}).get("method"), str):
            raise ValueError("a dated line says by which method")
        return self


_VERDICTS, _INPUTS, _LINE = (TypeAdapter(shape) for shape in (_Verdicts, _Inputs, _Line))


def verdicts_of(path: Path, notes: list[str]) -> dict[str, Any]:
    """Content of ``verdicts.json``; empty, with a note, if a run did not write it so."""
    return _checked(path, _VERDICTS, notes)


def inputs_of_file(path: Path, notes: list[str]) -> dict[str, Any]:
    """Content of ``inputs.json``; empty, with a note, if a run did not write it so."""
    return _checked(path, _INPUTS, notes)


def plain_json(text: str | bytes) -> Any:
    """JSON without NaN and without what nests too deep to be read; else a ValueError."""

    def refuse(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _checked(path: Path, shape: TypeAdapter[Any], notes: list[str]) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = plain_json(path.read_bytes())
        shape.validate_python(content)
        return dict(content)
    except (OSError, ValueError, ValidationError, OverflowError, RecursionError):
        notes.append(left_aside(path.name))
        return {}


def left_aside(name: str) -> str:
    """The sentence on a file that was not believed.

    >>> left_aside("inputs.json")
    'inputs.json of the results before is not as a run wrote it: it was left aside, and written anew'
    """
    return f"{name} of the results before is not as a run wrote it: it was left aside, and written anew"


def history_of(path: Path) -> tuple[tuple[Mapping[str, Any], ...], str]:
    """The lines of the history, and the beginning of a last line that was cut off ("" if none was).

    Raises
    ------
    InputError
        If another line is not one that a run wrote, or the file is none.
    """
    if not path.exists():
        return (), ""
    if not path.is_file():
        raise InputError(f"{path.name} is not a file; move it away to begin a new history")
    parts = path.read_bytes().split(b"\n")
    found: list[Mapping[str, Any]] = []
    for number, part in enumerate(parts, start=1):
        # What follows the last end of line: nothing, or a line whose end was never written.
        last = number == len(parts)
        if last and not part.strip():
            break
        try:
            content = plain_json(part)
        except ValueError:
            if last:
                return tuple(found), part.decode("utf-8", errors="replace")
            content = None
        try:
            _LINE.validate_python(content)
        except (ValidationError, OverflowError, RecursionError):
            raise InputError(
                f"line {number} of {path.name} is not one that a run wrote; fix it, or move the file away "
                "to begin a new history"
            ) from None
        found.append(content)
    return tuple(found), ""


def csv_rows(path: Path, notes: list[str]) -> list[Mapping[str, str]] | None:
    """Rows of ``effects.csv``; None if the file is not there, or, with a note, cannot be read."""
    if not path.exists():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        if any(None in row or None in row.values() for row in rows):
            raise ValueError("a row has too many or too few cells")
        return list(rows)
    except (OSError, ValueError, csv.Error):
        notes.append(left_aside(path.name))
        return None

"""Flat names for what a study file says: columns of a table, flags of ``meta add``, keys of its questions.

A name leads to a field of the schema; what it means, which values it takes and how it is read follow from
the field. A `1` at the end is the treatment arm, a `2` the control, as in the effect measures.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from itertools import chain
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from meta.errors import EvidenceError
from meta.evidence.kinds import KINDS
from meta.evidence.study_schema import Result, Study

STUDY = {
    **{name: name for name in ("id", "label", "title", "authors", "year", "journal", "doi", "pmid")},
    **{name: name for name in ("registration", "country", "funding", "cohort", "role", "status")},
    **{name: name for name in ("exclusion_reason", "not_seen", "notes")},
    **{name: f"sources.0.{name}" for name in ("citation", "read", "read_at")},
    "design": "design.kind",
    **{name: f"design.{name}" for name in ("allocation", "blinding", "control", "post_hoc")},
    "design_note": "design.note",
    "group": "population.group",
    "people": "population.description",
    **{name: f"population.{name}" for name in ("n_randomised", "n_analysed")},
    "arm1": "arms.0.label",
    **{name: f"arms.0.{name}" for name in ("form", "route", "dose_mg", "dose_is", "duration_days")},
    "co_interventions": "arms.0.co_interventions",
    "arm2": "arms.1.label",
}
RESULT = {
    "result": "id",
    **{name: name for name in ("outcome", "measured", "unit", "higher_is", "scale_low", "scale_high")},
    "time": "time.label",
    "averaged": "time.averaged",
    "compared": "arms",
    **{name: name for name in ("phase", "adjusted", "error_term", "selected", "place", "quote", "note")},
}


STATISTIC: dict[str, Mapping[str, str]] = {name: kind.columns for name, kind in KINDS.items()}
MODELS: dict[str, type[BaseModel]] = {name: kind.model for name, kind in KINDS.items()}
SIZES = {"n1": 0, "n2": 1}
"""People per arm; where the kind of statistic has no place for them they go to the arm itself."""
NAMES = tuple(dict.fromkeys(chain(STUDY, RESULT, ("kind",), chain.from_iterable(STATISTIC.values()), SIZES)))
SPELLINGS = {
    "author": "authors",
    "study": "label",
    "trial": "label",
    "study_id": "id",
    "dose": "dose_mg",
    "days": "duration_days",
    "difference": "md",
    "mean_difference": "md",
    "table": "place",
    "population": "group",
    "description": "people",
    "statistic": "kind",
}


@dataclass(frozen=True)
class Column:
    """What stands behind a flat name.

    Attributes
    ----------
    name : str
        The flat name.
    path : str
        Where it goes: below the study, the result or its statistic.
    form : str
        How it is read: "text", "number", "count", "yes or no", "texts", "numbers" or "choice".
    choices : tuple of str
        Allowed values of a choice.
    meaning : str
        The field's description.
    needed : bool
        Whether the schema insists on it.
    """

    name: str
    path: str
    form: str
    choices: tuple[str, ...]
    meaning: str
    needed: bool


def known(name: str) -> str:
    """Return the flat name that a spelling stands for.

    Raises
    ------
    EvidenceError
        If there is none; the sentence names those that are near.

    Examples
    --------
    >>> known("Mean1"), known("ci-low"), known("author")
    ('mean1', 'ci_low', 'authors')
    >>> known("maen1")
    Traceback (most recent call last):
    ...
    meta.errors.EvidenceError: no column or flag 'maen1'; did you mean mean1, median1 or mean2?
    """
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    plain = SPELLINGS.get(plain, plain)
    if plain in NAMES:
        return plain
    near = get_close_matches(plain, NAMES, n=3)
    hint = f"did you mean {', '.join(near[:-1])}{' or ' if near[1:] else ''}{near[-1]}?" if near else ""
    raise EvidenceError(f"no column or flag {name!r}; {hint or 'meta add --columns lists all of them'}")


@cache
def column(name: str, kind: str = "") -> Column:
    """Return what a flat name stands for; ``kind`` says in which kind of statistic.

    Examples
    --------
    >>> column("sd1", "means").meaning
    'Standard deviation: how far single people lie from the mean.'
    >>> column("allocation").choices
    ('randomised', 'counterbalanced', 'not randomised', 'not stated', 'none')
    """
    if name == "kind":
        return Column(name, "kind", "choice", tuple(MODELS), "Which kind of statistic was printed.", True)
    if name in STATISTIC.get(kind, {}):
        return _column(name, STATISTIC[kind][name], MODELS[kind])
    if name in SIZES:
        return _column(name, f"arms.{SIZES[name]}.n_analysed", Study)
    if name in RESULT:
        return _column(name, RESULT[name], Result)
    if name in STUDY:
        return _column(name, STUDY[name], Study)
    owners = [owner for owner, names in STATISTIC.items() if name in names]
    return column(name, owners[0])


def owners(name: str) -> tuple[str, ...]:
    """Return the kinds of statistic that have this name.

    >>> owners("events1"), owners("title")
    (('counts',), ())
    """
    return tuple(kind for kind, names in STATISTIC.items() if name in names)


def name_of(location: tuple[int | str, ...], kind: str = "") -> str:
    """Return the flat name of a place in a study file, or the place itself where it has none.

    >>> name_of(("results", 0, "statistic", "means", "arms", 1, "sd"))
    'sd2'
    >>> name_of(("population", "group")), name_of(("results", 0, "time", "label"))
    ('group', 'time')
    """
    parts = [str(part) for part in location]
    path = ".".join(parts)
    table: Mapping[str, str] = STUDY
    if parts[:1] == ["results"] and len(parts) > 2:
        path, table = ".".join(parts[2:]), RESULT
        if parts[2] == "statistic":
            tagged = len(parts) > 3 and parts[3] in STATISTIC
            kind = parts[3] if tagged else kind
            path, table = ".".join(parts[4 if tagged else 3 :]), STATISTIC.get(kind, {})
        if path == "":
            return kind or "kind"
        if path in ("arms.0", "arms.1"):
            return f"arm {int(path[-1]) + 1}"
    if path in ("sources.0.doi", "sources.0.pmid"):
        return parts[-1]
    for size, arm in SIZES.items():
        if table is STUDY and path == f"arms.{arm}.n_analysed":
            return size
    return next((name for name, own in table.items() if own == path), path or "(file)")


def _column(name: str, path: str, model: type[BaseModel]) -> Column:
    field = _field(model, path)
    form, choices = _form(field.annotation)
    return Column(name, path, form, choices, field.description or "", field.is_required())


def _field(model: type[BaseModel], path: str) -> FieldInfo:
    """Walk from a model to the field at a path such as ``arms.0.mean``."""
    first, _, rest = path.partition(".")
    field = model.model_fields[first]
    if not rest or first == "per_1000":
        return field
    inner = _bare(field.annotation)
    if get_origin(inner) is tuple:
        inner, rest = _bare(get_args(inner)[0]), rest.partition(".")[2]
    return _field(inner, rest)


def _bare(annotation: Any) -> Any:
    """Return an annotation without None and without constraints."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _bare(next(item for item in get_args(annotation) if item is not type(None)))
    return annotation


def _form(annotation: Any) -> tuple[str, tuple[str, ...]]:
    bare = _bare(annotation)
    origin = get_origin(bare)
    if origin is Literal:
        return "choice", get_args(bare)
    if origin is tuple:
        return ("numbers" if _bare(get_args(bare)[0]) is float else "texts"), ()
    if origin is dict:
        return "number", ()
    return {int: "count", float: "number", bool: "yes or no"}.get(bare, "text"), ()

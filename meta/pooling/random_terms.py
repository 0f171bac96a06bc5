"""Random terms by formula: ``"~ 1 | study/effect"``, ``"~ outcome | study"``, ``"~ 0 + dose | study"``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.design import Design, build
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping, levels_in_order
from meta.effects.intake import column
from meta.errors import AssumptionWarning, InputError, Notes, quiet
from meta.formatting import listing
from meta.kernels.mixed import STRUCTURES, RandomTerm
from meta.pooling.boundary import check_option
from meta.pooling.known_correlations import known_correlations
from meta.pooling.nested_levels import nested_groups

SPATIAL = ("SPEXP", "SPGAU")
SERIAL = ("AR", "HAR", "CAR")
_NAME = re.compile(r"^(?:C\()?\s*([^\W\d]\w*(?:\.\w+)*)\s*\)?$")


@dataclass(frozen=True, slots=True)
class Terms:
    """Random terms with the designs of their slopes (None where there is none)."""

    terms: tuple[RandomTerm, ...]
    designs: tuple[Design | None, ...]


@dataclass(frozen=True, slots=True)
class _Formula:
    text: str
    left: str
    groups: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.left} | {'/'.join(self.groups)}"


def _split(text: Any) -> _Formula:
    found = re.match(r"^\s*~(.*)\|(.*)$", text) if isinstance(text, str) else None
    groups = tuple(part.strip() for part in found.group(2).split("/")) if found else ()
    if not found or not found.group(1).strip() or not all(groups):
        raise InputError(
            f"random {text!r} is not a random term; write '~ 1 | study/effect', '~ outcome | study' or "
            "'~ 0 + dose | study'"
        )
    return _Formula(str(text), " ".join(found.group(1).split()), groups)


def read_terms(
    es: EffectSizes,
    random: Any,
    struct: Any,
    known: Mapping[str, Any] | None,
    fixed: Mapping[str, float] | None,
    notes: Notes,
    context: Any = None,
) -> Terms:
    """Random terms of formulas over the rows of ``es``; one structure for each term with a left side."""
    texts = [random] if isinstance(random, str) else list(random)
    if not texts:
        raise InputError("random names no term; write random='~ 1 | study/effect'")
    formulas = [_split(text) for text in texts]
    structs = _structures([f for f in formulas if f.left != "1"], struct)
    made: list[tuple[RandomTerm, Design | None]] = []
    unused = dict(known or {})
    for formula in formulas:
        if formula.left == "1":
            made += [(term, None) for term in _intercepts(es, formula, known or {}, unused, made, notes)]
        else:
            made.append(_structured(es, formula, structs.pop(0), notes, context))
    if unused:
        raise InputError(f"R names {listing(map(repr, unused))}, which no term '~ 1 | ...' of random ends in")
    terms = _with_fixed([term for term, _ in made], fixed)
    return Terms(tuple(terms), tuple(design for _, design in made))


def _structures(formulas: Sequence[_Formula], struct: Any) -> list[str | None]:
    if struct is None or isinstance(struct, str):
        if struct is not None and not formulas:
            raise InputError("struct needs a term with a left side, such as '~ outcome | study'")
        given: list[Any] = [struct] * len(formulas)
    else:
        given = list(struct)
    if len(given) != len(formulas):
        raise InputError(
            f"struct has {len(given)} entries for {len(formulas)} terms with a left side; give one for each"
        )
    for one in given:
        if one is not None:
            check_option("struct", one, STRUCTURES)
    return given


def _paths(es: EffectSizes, formula: _Formula) -> list[np.ndarray]:
    return nested_groups([grouping(es, name, "random") for name in formula.groups])


def _intercepts(
    es: EffectSizes,
    formula: _Formula,
    known: Mapping[str, Any],
    unused: dict[str, Any],
    before: list[tuple[RandomTerm, Design | None]],
    notes: Notes,
) -> list[RandomTerm]:
    """A random intercept for each step of the path; the last one has the known correlations of its column."""
    out = []
    for i, group in enumerate(_paths(es, formula)):
        name, correlations = "/".join(formula.groups[: i + 1]), None
        own = formula.groups[i]
        if own in unused and i == 0 and len(formula.groups) == 1:
            correlations, group = known_correlations(es, own, known[own], notes)
            unused.pop(own)
        elif own in known and any(term.name == own for term, _ in before):
            name = f"{own} (independent)"
        out.append(RandomTerm(name, "", group, known=correlations))
    return out


def _structured(
    es: EffectSizes, formula: _Formula, struct: str | None, notes: Notes, context: Any
) -> tuple[RandomTerm, Design | None]:
    group = _paths(es, formula)[-1]
    found = _NAME.match(formula.left)
    values = column(es, found.group(1), "random") if found else None
    numeric = found is not None and getattr(getattr(values, "dtype", None), "kind", "") in "iuf"
    if struct in SPATIAL or struct == "CAR":
        place = _coordinates(es, formula, struct, context)
        return RandomTerm(formula.name, struct, group, place=place), None
    factor = found is not None and (not numeric or formula.left.startswith("C(") or struct in SERIAL)
    if factor and struct not in ("GEN", "GDIAG"):
        assert found is not None
        return inner_term(es, formula.name, found.group(1), struct or "UN", group, notes), None
    shape = {"UN": "GEN", "DIAG": "GDIAG", None: "GEN"}.get(struct, struct)
    if shape not in ("GEN", "GDIAG"):
        raise InputError(
            f"struct={struct!r} is for the levels of a factor, but {formula.left!r} is numeric: name GEN or "
            f"GDIAG for random slopes, or write '~ C({formula.left}) | {'/'.join(formula.groups)}'"
        )
    design = _left_design(es, formula, context)
    z, labels = design.X, design.names
    term = RandomTerm(formula.name, str(shape), group, z=z, labels=tuple(labels))
    return term, design


def _left_design(es: EffectSizes, formula: _Formula, context: Any) -> Design:
    with quiet():  # what it would warn about is refused here
        design = build(es, None, f"~ {formula.left}", None, Notes(), context=context)
    if design.aliased:
        raise InputError(
            f"random {formula.text!r}: {listing(map(str, design.aliased))} is determined by other columns; "
            "leave it out"
        )
    if not design.rows.all():
        who = str(es.study[~design.rows][0])
        raise InputError(
            f"random {formula.text!r} needs {formula.left} in every row: study {who!r} has none; "
            "fill it in, or drop the row"
        )
    return design


def _coordinates(es: EffectSizes, formula: _Formula, struct: str | None, context: Any) -> np.ndarray:
    design = _left_design(es, formula, context)
    kept = [i for i, name in enumerate(design.names) if name != "Intercept"]
    if struct == "CAR" and len(kept) != 1:
        raise InputError(f"struct='CAR' takes one column of times, not {formula.left!r}")
    return np.asarray(design.X[:, kept])


def inner_term(
    es: EffectSizes, name: str, inner: str, struct: str, group: np.ndarray, notes: Notes
) -> RandomTerm:
    """Random effects of the levels of a factor within groups."""
    if struct in SPATIAL or struct == "CAR":
        raise InputError(f"struct={struct!r} needs random=['~ {inner} | ...']")
    names, numbers = levels_in_order(es, inner, "inner")
    m = len(names)
    if m < 2:
        raise InputError(f"inner level {inner!r} has the single value {names[0]!r}; leave inner out")
    values = column(es, inner, "inner")
    text = all(isinstance(x, str) for x in names) and not hasattr(values, "categories")
    if struct in SERIAL and text:
        order = _numeric_order(names)
        if order is None:
            notes.warn(
                f"struct={struct!r} takes the levels of {inner} in the order of the alphabet "
                f"({listing(map(str, names[:8]))}); make it numbers or an ordered categorical for another",
                AssumptionWarning,
            )
        else:
            names, numbers = [names[i] for i in order], np.argsort(order)[numbers]
    return RandomTerm(name, struct, group, z=np.eye(m)[numbers], labels=tuple(map(str, names)))


def _numeric_order(names: Sequence[str]) -> np.ndarray | None:
    """Positions of texts that are all numbers, in the order of the numbers; None if one is not.

    >>> _numeric_order(["1", "10", "2"]).tolist()
    [0, 2, 1]
    """
    try:
        values = [float(name) for name in names]
    except ValueError:
        return None
    return np.argsort(values, kind="stable")


def _with_fixed(terms: list[RandomTerm], fixed: Mapping[str, float] | None) -> list[RandomTerm]:
    from dataclasses import replace

    names = [term.name for term in terms]
    for name, value in (fixed or {}).items():
        if name not in names or terms[names.index(name)].struct:
            plain = [term.name for term in terms if not term.struct]
            raise InputError(f"fixed names {name!r}, but the random intercepts are {listing(plain)}")
        if not (np.isfinite(value) and value >= 0):
            raise InputError(f"fixed[{name!r}] must be a variance >= 0, got {value!r}")
        at = names.index(name)
        terms[at] = replace(terms[at], fixed=float(value))
    return terms

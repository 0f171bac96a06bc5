"""Codings of a factor's levels: one matrix beside an intercept, one without, and names of the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meta.effects.design.transforms import Unsuitable

_LETTER = {"treatment": "T.", "SAS": "T.", "sum": "S.", "helmert": "H.", "diff": "D.", "poly": ""}


def coding(
    kind: str | None, options: Mapping[str, Any], levels: Sequence[Any]
) -> tuple[np.ndarray, list[str], np.ndarray, list[str]]:
    """Matrix (m, q) and fields of reduced rank, then of full rank, for ``m`` levels.

    >>> reduced, names, full, all_names = coding("treatment", {"base": "b"}, ["a", "b", "c"])
    >>> names, reduced.tolist()
    (['[T.a]', '[T.c]'], [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    """
    kind = kind or "treatment"
    m = len(levels)
    fields = [str(level) for level in levels]
    full, full_names = np.eye(m), [f"[{name}]" for name in fields]
    if kind == "custom":
        matrix = _own(options, m)
        own = options.get("names") or range(1, matrix.shape[1] + 1)
        names = [f"[{name}]" for name in own]
        if len(names) != matrix.shape[1]:
            raise Unsuitable(f"{len(names)} names are given for {matrix.shape[1]} contrasts")
        return matrix, names, matrix, names
    matrix, chosen = _CODINGS[kind](levels, fields, dict(options))
    return matrix, [f"[{_LETTER[kind]}{name}]" for name in chosen], full, full_names


def _own(options: Mapping[str, Any], m: int) -> np.ndarray:
    try:
        matrix = np.array(options["contrasts"], dtype=float)
    except (KeyError, TypeError, ValueError):
        matrix = np.empty(0)
    if matrix.ndim != 2 or matrix.shape[0] != m or not np.isfinite(matrix).all():
        raise Unsuitable(f"contrasts of one's own need one row of numbers for each of the {m} levels")
    return matrix


def _treatment(
    levels: Sequence[Any], fields: list[str], options: dict[str, Any]
) -> tuple[np.ndarray, list[str]]:
    base = options.get("base", levels[0])
    if base not in levels:
        raise Unsuitable(f"the reference {base!r} is not among the levels {', '.join(fields)}")
    at = list(levels).index(base)
    return np.delete(np.eye(len(levels)), at, axis=1), fields[:at] + fields[at + 1 :]


def _sas(levels: Sequence[Any], fields: list[str], options: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    return _treatment(levels, fields, {"base": levels[-1], **options})


def _sum(levels: Sequence[Any], fields: list[str], options: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    m = len(levels)
    return np.vstack([np.eye(m - 1), -np.ones((1, m - 1))]), fields[:-1]


def _helmert(
    levels: Sequence[Any], fields: list[str], options: dict[str, Any]
) -> tuple[np.ndarray, list[str]]:
    """Each level against the mean of those before it (``reverse``) or after it."""
    m, reverse = len(levels), bool(options.get("reverse", True))
    matrix = np.zeros((m, m - 1))
    for i in range(m - 1):
        if reverse:
            matrix[: i + 1, i], matrix[i + 1, i] = -1.0, i + 1.0
        else:
            matrix[i, i], matrix[i + 1 :, i] = m - i - 1.0, -1.0
        if options.get("scale", False):
            matrix[:, i] /= i + 2 if reverse else m - i
    return matrix, fields[1:] if reverse else fields[:-1]


def _diff(levels: Sequence[Any], fields: list[str], options: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Each level against the one before it (``backward``) or after it."""
    m, backward = len(levels), bool(options.get("backward", True))
    matrix = np.repeat([np.arange(1.0, m)], m, axis=0) / m
    matrix[np.triu_indices(n=m, m=m - 1)] -= 1.0
    return (matrix if backward else -matrix), fields[1:] if backward else fields[:-1]


def _poly(levels: Sequence[Any], fields: list[str], options: dict[str, Any]) -> tuple[np.ndarray, list[str]]:
    """Orthogonal polynomials of the levels' scores, by QR of their powers."""
    m = len(levels)
    scores = np.asarray(options.get("scores") or range(m), dtype=float)
    if scores.shape != (m,) or np.unique(scores).size != m:
        raise Unsuitable(f"polynomial contrasts need one score for each of the {m} levels, all different")
    powers = np.vander((scores - scores.mean()) / np.ptp(scores), m, increasing=True)
    q, r = np.linalg.qr(powers)
    matrix = (q * np.sign(np.diag(r)))[:, 1:]
    names = {1: ".L", 2: ".Q", 3: ".C"}
    return matrix, [names.get(d, f"^{d}") for d in range(1, m)]


_CODINGS = {
    "treatment": _treatment,
    "SAS": _sas,
    "sum": _sum,
    "helmert": _helmert,
    "diff": _diff,
    "poly": _poly,
}

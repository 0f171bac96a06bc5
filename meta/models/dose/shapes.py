"""Shapes of curves by name, and what each takes: knots, powers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meta.arguments import floats, refuse_unused
from meta.errors import InputError, Notes, NotEstimableError, OptionWarning, unknown_option
from meta.formatting import listing, shown
from meta.kernels.dose.bases import POWERS, QUANTILES, Basis, quantile_knots

Array = np.ndarray
SHAPES = ("linear", "log", "quadratic", "rcs", "fp", "emax", "plateau")
NAMES = {
    "linear": "linear",
    "log": "log(1 + dose)",
    "quadratic": "quadratic",
    "rcs": "restricted cubic spline",
    "fp": "fractional polynomial",
    "emax": "Emax",
    "plateau": "plateau",
}
TAKES = {"rcs": ("knots",), "fp": ("powers",), "plateau": ("knots",)}


def make_basis(shape: str, knots: Any, powers: Any, doses: Array, notes: Notes) -> Basis:
    """The basis of a shape; ``doses`` are those of all arms, reference arms included."""
    if shape not in SHAPES:
        raise unknown_option("shape", shape, SHAPES)
    refuse_unused(f"with shape {shape!r}", {"knots": knots, "powers": powers}, TAKES.get(shape, ()))
    if shape == "rcs":
        return Basis("rcs", _knots(3 if knots is None else knots, doses))
    if shape == "fp":
        return _fractional(powers, doses, notes)
    if shape == "plateau" and knots is not None:
        return Basis("plateau", (_hinge(knots, doses),))
    return Basis(shape)


def _hinge(knots: Any, doses: Array) -> float:
    at = np.atleast_1d(floats(knots, "knots", ndim=(0, 1)))
    if len(at) != 1 or not doses.min() < at[0] <= doses.max():
        raise InputError(
            f"knots of a plateau is the one dose from which the effect stays, between {doses.min():g} and "
            f"{doses.max():g}; leave it out to estimate it"
        )
    return float(at[0])


def _knots(knots: Any, doses: Array) -> tuple[float, ...]:
    if isinstance(knots, int | np.integer) and not isinstance(knots, bool):
        if int(knots) not in QUANTILES:
            raise InputError(f"knots must be a number from 3 to 7 or a list of doses, got {shown(knots)}")
        found = quantile_knots(doses, int(knots))
        if len(set(found)) < len(found):
            raise InputError(
                f"knots at quantiles of the doses coincide ({listing([f'{k:g}' for k in found])}), as many "
                "arms share a dose; give them as doses, such as knots=[100, 300, 500]"
            )
        return found
    if isinstance(knots, str) or not isinstance(knots, Sequence | np.ndarray):
        raise InputError(f"knots must be a number from 3 to 7 or a list of doses, got {shown(knots)}")
    at = floats(knots, "knots", ndim=(1,))
    if len(at) < 3 or not np.isfinite(at).all() or np.any(np.diff(at) <= 0):
        raise InputError(
            f"knots must be three or more increasing doses, got {listing([f'{k:g}' for k in at])}"
        )
    low, high = float(doses.min()), float(doses.max())
    if at[0] < low or at[-1] > high:
        raise InputError(
            f"knots must lie between the doses that were seen, {low:g} and {high:g}, got "
            f"{listing([f'{k:g}' for k in at])}"
        )
    return tuple(map(float, at))


def _fractional(powers: Any, doses: Array, notes: Notes) -> Basis:
    allowed = listing([f"{p:g}" for p in POWERS])
    if powers is None:
        raise InputError(
            f"shape='fp' needs powers=, one or two of {allowed} (0 is the logarithm), such as powers=(0.5, 1)"
        )
    given = np.atleast_1d(floats(powers, "powers", ndim=(0, 1)))
    if not 1 <= len(given) <= 3 or not np.isin(given, POWERS).all():
        told = listing([f"{p:g}" for p in given])
        raise InputError(f"powers must be one to three of {allowed}, got {told}")
    chosen = tuple(sorted(map(float, given)))
    shift = 0.0
    if doses.min() <= 0 and (min(chosen) <= 0 or len(set(chosen)) < len(chosen)):
        # logarithms and negative powers have no value at 0: Royston, Ambler & Sauerbrei (1999),
        # doi:10.1093/ije/28.5.964, add the smallest difference of two doses
        shift = float(np.diff(np.unique(doses)).min())
        notes.warn(
            f"{shift:g}, the smallest difference of two doses, was added to all doses, as powers "
            f"{listing([f'{p:g}' for p in chosen])} have no value at dose 0",
            OptionWarning,
        )
    return Basis("fp", chosen, shift)


def differences(basis: Basis, dose: Array, origin: Array) -> Array:
    """Terms at the doses less those at each row's reference dose, (n, p).

    >>> differences(Basis("quadratic"), np.array([3.0]), np.array([1.0])).tolist()
    [[2.0, 8.0]]
    """
    return basis.at(dose) - basis.at(origin)


def check_identified(Z: Array, basis: Basis) -> None:
    """Refuse more terms than the doses can tell apart."""
    size = np.abs(Z).max(axis=0)
    p = Z.shape[1]
    rank = 0 if np.any(size == 0) else int(np.linalg.matrix_rank(Z / size))
    if rank < p:
        raise NotEstimableError(
            f"the doses identify {rank} of the {p} terms of a {NAMES[basis.kind]} curve; choose a simpler "
            "shape or other knots"
        )

"""A basis of random coefficients, and a unit of times, in which a search sees terms of one size.

``Z G Z' = (Z R^-1) (R G R') (Z R^-1)'``: for a lower triangular R, the Cholesky factor of ``R G R'`` is R
times that of G, so that working parameters change linearly, and the first one keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from meta.kernels.mixed.mixed_likelihood import Batch, MixedModel
from meta.kernels.mixed.structures import angle, correlation
from meta.kernels.mixed.terms import Part, RandomTerm

Array = np.ndarray
ALIKE = 1e-9
"""Share of its size below which a column is taken for a combination of others, which no basis can part."""


@dataclass(frozen=True, slots=True)
class Basis:
    """How the working parameters of each term follow from those of the data's own columns.

    Attributes
    ----------
    turns : tuple of ndarray or None
        R of each term with random coefficients, (m, m); diagonal where these are independent or have a
        correlation that is held.
    times : tuple of float or None
        Unit of time of each continuous autoregression.
    """

    terms: tuple[RandomTerm, ...]
    turns: tuple[Array | None, ...]
    times: tuple[float | None, ...]

    def into(self, phi: Array) -> Array:
        """Working parameters of the basis."""
        return self._mapped(phi, False)

    def back(self, phi: Array) -> Array:
        """Working parameters of the data's own columns."""
        return self._mapped(phi, True)

    def _mapped(self, phi: Array, back: bool) -> Array:
        out, at = np.array(phi, dtype=float), 0
        for term, turn, time in zip(self.terms, self.turns, self.times, strict=True):
            here = slice(at, at + term.size)
            at += term.size
            if turn is not None:
                out[here] = _turned(term, np.linalg.inv(turn) if back else turn, out[here])
            elif time is not None:
                rho = correlation(float(out[here][1]), 0.0) ** (1 / time if back else time)
                out[at - 1] = angle(rho, 0.0)
        return out

    def jacobian(self, phi: Array) -> Array:
        """Derivatives of the basis' working parameters by the data's own, at the latter, (F, F)."""
        out, at = np.eye(len(phi)), 0
        for term, turn, time in zip(self.terms, self.turns, self.times, strict=True):
            here = slice(at, at + term.size)
            at += term.size
            if turn is not None:
                out[here, here] = np.column_stack([_turned(term, turn, e) for e in np.eye(term.size)])
            elif time is not None:
                x = float(phi[at - 1])
                rho, y = correlation(x, 0.0), self._mapped(phi, False)[at - 1]
                top = time * rho ** (time - 1) * np.cos(x) if rho > 0 else 0.0
                # at an end of the sine, both cosines vanish and the derivative has no use
                out[at - 1, at - 1] = top / np.cos(y) if abs(np.cos(y)) > 1e-12 else 0.0
        return out


def _turned(term: RandomTerm, turn: Array, phi: Array) -> Array:
    if term.struct == "GDIAG":
        return np.asarray(np.diag(turn) * phi)
    rows, cols = np.tril_indices(term.m)
    if term.rho is not None:  # the second row has one parameter
        return np.asarray(np.diag(turn)[np.delete(rows, 1)] * phi)
    root = np.zeros((term.m, term.m))
    root[rows, cols] = phi
    return np.asarray((turn @ root)[rows, cols])


def _turn(term: RandomTerm) -> Array | None:
    """R that makes the columns of Z orthogonal (of GDIAG: as they are) with a mean square of 1."""
    if term.z is None or term.struct not in ("GEN", "GDIAG") or term.fixed is not None:
        return None
    size = np.sqrt(np.mean(term.z**2, axis=0))
    if not np.all(size > 0):
        return None
    if term.struct == "GDIAG" or term.rho is not None:  # a turn would change a correlation that is held
        return np.diag(size)
    # a QL decomposition of the columns, by the QR decomposition of the reversed ones
    r = np.linalg.qr((term.z / size)[:, ::-1], mode="r")[::-1, ::-1] / np.sqrt(len(term.z))
    if not np.all(np.abs(np.diag(r)) > ALIKE):
        return None
    return np.asarray(np.sign(np.diag(r))[:, None] * r * size)


def _time(term: RandomTerm, parts: Iterable[Part]) -> float | None:
    """A short distance between times of a group.

    With a long one, the correlations of shorter ones hide in the flat end of the sine, near a
    correlation of 0.
    """
    if term.struct != "CAR" or term.place is None:
        return None
    found = [
        part.distance[(part.together != 0) & (part.distance > 0)]
        for part in parts
        if part.distance is not None and part.together is not None
    ]
    every = np.concatenate([np.zeros(0), *found])
    return float(np.quantile(every, 0.1)) if every.size else None


def well_scaled(model: MixedModel, held: Iterable[int]) -> tuple[MixedModel, Basis]:
    """The model in a good basis. Terms with a held parameter other than the first one stay as they are.

    >>> from meta.kernels.mixed.mixed_likelihood import lay_out
    >>> z = np.column_stack([np.ones(4), [0.0, 100.0, 0.0, 300.0]])
    >>> slopes = RandomTerm("s", "GEN", np.array([0, 0, 1, 1]), z=z)
    >>> model, basis = well_scaled(lay_out(np.zeros(4), np.ones((4, 1)), np.eye(4), [slopes]), [])
    >>> (model.terms[0].z.T @ model.terms[0].z / 4).round(9).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    >>> basis.back(basis.into(np.array([1.0, 2.0, 3.0]))).round(9).tolist()
    [1.0, 2.0, 3.0]
    """
    turns, times, at = [], [], 0
    kept = set(held)
    for i, term in enumerate(model.terms):
        whole = not kept & set(range(at + 1, at + term.size))
        turns.append(_turn(term) if whole else None)
        times.append(_time(term, [b.parts[i] for b in model.batches]) if whole else None)
        at += term.size
    basis = Basis(model.terms, tuple(turns), tuple(times))
    if all(turn is None for turn in turns) and all(time is None for time in times):
        return model, basis
    moved = list(zip(turns, times, strict=True))
    terms = tuple(_term(term, *move) for term, move in zip(model.terms, moved, strict=True))
    batches = tuple(_batch(batch, terms, moved) for batch in model.batches)
    return replace(model, batches=batches, terms=terms), basis


def _term(term: RandomTerm, turn: Array | None, time: float | None) -> RandomTerm:
    if turn is not None and term.z is not None:
        return replace(term, z=term.z @ np.linalg.inv(turn))
    return replace(term, place=term.place / time) if time is not None and term.place is not None else term


def _batch(
    batch: Batch, terms: tuple[RandomTerm, ...], moved: list[tuple[Array | None, float | None]]
) -> Batch:
    parts = []
    for term, part, (turn, time) in zip(terms, batch.parts, moved, strict=True):
        z = part.z @ np.linalg.inv(turn) if turn is not None and part.z is not None else part.z
        distance = part.distance / time if time is not None and part.distance is not None else part.distance
        parts.append(Part(term, part.together, z, distance))
    return replace(batch, parts=tuple(parts))

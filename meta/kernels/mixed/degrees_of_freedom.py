"""Small-sample degrees of freedom of mixed models: the derivatives they need, in the parameters as reported.

Covariances are linear in variances and in the entries of an unstructured G, not in correlations and ranges.
"""

from __future__ import annotations

import numpy as np

from meta.kernels.kenward_roger import SmallSample, kenward_roger
from meta.kernels.mixed.mixed_likelihood import Batch, MixedModel, covariance
from meta.kernels.mixed.structures import lowest
from meta.kernels.mixed.terms import Part, RandomTerm, directions, wrapped

Array = np.ndarray
STEP = 1e-5
"""Of differences of analytic derivatives, which leave ten digits."""


def small_sample(model: MixedModel, phi: Array) -> SmallSample:
    """Satterthwaite's and Kenward and Roger's adjustment of a REML fit at ``phi``, in the effects' unit.

    >>> from meta.kernels.mixed.mixed_likelihood import lay_out
    >>> group = RandomTerm("g", "", np.arange(5))
    >>> model = lay_out(np.array([0.0, 1.0, 3.0, 4.0, 9.0]), np.ones((5, 1)), np.eye(5), [group])
    >>> small_sample(model, np.array([3.0])).df(np.eye(1)).round(6).tolist()
    [4.0]
    """
    scales = np.concatenate([np.zeros(0, bool), *(term.scales for term in model.terms)])
    own = model.split(np.where(scales, phi / model.unit, phi))
    X, M, D, H = [], [], [], []
    for batch in model.batches:
        slopes, bends = _derivatives(batch, own)
        whole = covariance(model, batch, own)
        for b in range(len(whole)):
            X.append(batch.q[b] @ model.r)
            M.append(whole[b])
            D.append([d[b] for d in slopes])
            H.append({pair: bend[b] for pair, bend in bends.items()})
    found = kenward_roger(X, M, D, H if any(H) else None)
    size = model.unit**2
    return SmallSample(found.phi * size, found.vcov * size, found.slopes * size, found.spread)


def _derivatives(batch: Batch, phi: list[Array]) -> tuple[list[Array], dict[tuple[int, int], Array]]:
    slopes: list[Array] = []
    bends: dict[tuple[int, int], Array] = {}
    for part, own in zip(batch.parts, phi, strict=True):
        if not part.term.size:
            continue
        first, second = (
            _bent(part, own, batch.V.shape) if _bends(part.term) else (_linear(part, batch.V.shape), {})
        )
        bends |= {(i + len(slopes), j + len(slopes)): x for (i, j), x in second.items()}
        slopes += first
    return slopes, bends


def _bends(term: RandomTerm) -> bool:
    return term.place is not None or term.struct in ("HCS", "AR", "HAR")


def _linear(part: Part, shape: tuple[int, ...]) -> list[Array]:
    """Derivatives by a variance, by the entries of G, or by the variance and covariance under CS."""
    m, name = part.term.m, part.term.struct
    if part.z is None:
        return [np.broadcast_to(np.eye(shape[-1]), shape) if part.together is None else part.together]
    eye = np.eye(m)
    if name in ("UN", "GEN"):
        pairs = [(i, j) for i in range(m) for j in range(i + 1)]
        entries = [np.outer(eye[i], eye[j]) + (np.outer(eye[j], eye[i]) if i != j else 0.0) for i, j in pairs]
    elif name in ("DIAG", "GDIAG"):
        entries = [np.outer(row, row) for row in eye]
    else:
        entries = [eye, 1 - eye] if name == "CS" else [eye]
    return [wrapped(part, g) for g in entries]


def _bent(part: Part, phi: Array, shape: tuple[int, ...]) -> tuple[list[Array], dict[tuple[int, int], Array]]:
    """Derivatives by variances, and by the correlation or range.

    Each depends on one working parameter x: ``d/dt = a d/dx`` and ``d2/dt2 = a^2 d2/dx2 + a a' d/dx``. At a
    bound (a variance of 0, a correlation of 1), where a is infinite, the parameter counts as known.
    """
    a, da = _chain(part.term, phi)
    plain = directions(part, phi, shape)
    first = [a[i] * plain[i] for i in range(len(phi))]
    second = {}
    for i in range(len(phi)):
        step = np.zeros(len(phi))
        step[i] = STEP
        bend = (directions(part, phi + step, shape) - directions(part, phi - step, shape)) / (2 * STEP)
        for j in range(len(phi)):
            second[i, j] = a[i] * a[j] * bend[j] + (a[i] * da[i] * plain[i] if i == j else 0.0)
    return first, second


def _chain(term: RandomTerm, phi: Array) -> tuple[Array, Array]:
    """``a = dx/dt`` of each working parameter x, and its derivative by x."""
    a, da = np.zeros(len(phi)), np.zeros(len(phi))
    for i, x in enumerate(phi):
        if term.scales[i]:  # t = x^2
            if x != 0:
                a[i], da[i] = 1 / (2 * x), -1 / (2 * x**2)
        elif term.struct in ("SPEXP", "SPGAU"):  # t = exp(x)
            a[i], da[i] = np.exp(-x), -np.exp(-x)
        else:  # t = low + (1 - low) (1 + sin x) / 2
            half = 0.5 * (1 - lowest(term.struct, term.m))
            if abs(np.cos(x)) > 1e-6:
                a[i], da[i] = 1 / (half * np.cos(x)), np.sin(x) / (half * np.cos(x) ** 2)
    return a, da

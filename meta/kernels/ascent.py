"""A fast way to a likelihood's maximum over tau2, with a proof that there is no other.

Twice the score is ``f = A - B`` with ``A = y'PPy`` and, for the restricted likelihood, ``B = tr P`` (for the
ordinary one ``tr W``). With ``A3 = y'PPPy``, ``B2 = -B'`` and ``Q = y'Py``, all positive sums over powers of
``1 / (d + tau2)`` with ``d >= min(v)``, Cauchy-Schwarz and Minkowski give what the proof needs:

* ``A3 >= A**2 / Q``, so where ``2 B**2 > B2 Q`` every root of f is a downward crossing; ``B**2 / B2`` rises
  and Q falls in tau2, so this stays true further up, and f has at most one root there;
* ``A**-0.5`` and ``1 / B`` are concave, so ``f > 0`` on the whole of [a, b] if ``A(b) > B(b)`` and
  ``A(b) > B(a) (1 - (b - a) A3(b) / A(b))**2``.

Meta-analyses for which the proof fails are left to the scan of :mod:`meta.kernels.likelihood`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from meta.kernels.weights import Moments, Rows

_STEPS = 12
_RUNGS = 8
_REACH = 1e-3
_SLACK = 1 + 1e-9
_SMALL = 1 << 12
_total = np.add.reduce


class Sums(NamedTuple):
    """Sums at one tau2 a meta-analysis: arrays of shape (p,), or floats.

    ``s1`` to ``s4`` are those of the weights' powers, ``mean`` and ``q`` as in :class:`Moments`, ``c`` is the
    sum of ``w**2 (y - mean)``, ``a`` and ``a3`` are ``y'PPy`` and ``y'PPPy``.
    """

    s1: Any
    s2: Any
    s3: Any
    s4: Any
    mean: Any
    q: Any
    c: Any
    a: Any
    a3: Any

    def traces(self, restricted: bool) -> tuple[Any, Any]:
        """``B`` and ``B2`` of the module's text."""
        if not restricted:
            return self.s1, self.s2
        ratio = self.s2 / self.s1
        return self.s1 - ratio, self.s2 - 2 * self.s3 / self.s1 + ratio * ratio

    def moved(self, by: Any) -> Moments:
        """The sums a relative step below 1e-8 further: to first order, which is to machine precision."""
        return Moments(
            self.s1 - by * self.s2,
            self.s2 - 2 * by * self.s3,
            self.s3 - 3 * by * self.s4,
            self.mean - by * self.c / self.s1,
            self.q - by * self.a,
        )

    def moments(self) -> Moments:
        """The sums that every other kernel uses."""
        return Moments(self.s1, self.s2, self.s3, self.mean, self.q)


class Ascent(NamedTuple):
    """What the fast way found; arrays of shape (p,).

    ``proven`` says for which meta-analyses ``tau2`` is the only maximum; ``sums`` are those at ``tau2``, and
    ``zero`` those at 0.
    """

    tau2: np.ndarray
    steps: np.ndarray
    proven: np.ndarray
    sums: Moments
    zero: Moments


def sums(y: np.ndarray, v: np.ndarray, tau2: Any, work: np.ndarray | None = None) -> Sums:
    """Sums over the first axis of ``y`` and ``v`` of shape (k, p), or over (k,) as floats.

    ``work`` is scratch space for at least three times as many numbers: to take it from the operating system
    again and again would cost more than the sums.

    >>> found = sums(np.array([0.0, 2.0]), np.array([1.0, 1.0]), 1.0)
    >>> found.q, found.a, found.a3
    (1.0, 0.5, 0.25)
    """
    if y.ndim == 1:
        return _sums_of_one(y, v, tau2)
    if work is None:
        work = np.empty(3 * y.size)
    space = work[: 3 * y.size].reshape(3, *y.shape)
    w, residual, u = space
    np.add(v, tau2, out=w)
    np.divide(1.0, w, out=w)
    s1 = _total(w)
    mean = _total(np.multiply(w, y, out=u)) / s1
    np.subtract(y, mean, out=residual)
    np.multiply(w, residual, out=u)
    if y.size <= _SMALL:
        # few calls, because a call costs more than its numbers
        table = np.empty((7, *y.shape))
        np.multiply(space, u, out=table[:3])
        np.multiply(w, w, out=table[3])
        np.multiply(table[2:4], w, out=table[4:6])
        np.multiply(table[3], table[3], out=table[6])
        c, q, a, s2, a3, s3, s4 = _total(table, axis=1)
        return Sums(s1, s2, s3, s4, mean, q, c, a, a3 - c * c / s1)
    q, a, c = _dot(u, residual), _dot(u, u), _dot(w, u)
    w2 = np.multiply(w, w, out=residual)
    s2, s3, s4 = _total(w2), _dot(w2, w), _dot(w2, w2)
    np.multiply(u, w, out=w)
    return Sums(s1, s2, s3, s4, mean, q, c, a, _dot(w, u) - c * c / s1)


def _dot(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->j", x, z)


def _inner(x: np.ndarray, z: np.ndarray) -> float:
    # on long vectors a BLAS would start threads, which wait for each other on a busy machine
    return float(x.dot(z) if x.size <= _SMALL else np.einsum("i,i->", x, z))


def _sums_of_one(y: np.ndarray, v: np.ndarray, tau2: float) -> Sums:
    w = np.reciprocal(v + tau2)
    s1 = float(_total(w))
    mean = _inner(w, y) / s1
    residual = y - mean
    u = w * residual
    w2, wu = w * w, w * u
    c = float(_total(wu))
    return Sums(
        s1,
        _inner(w, w),
        _inner(w2, w),
        _inner(w2, w2),
        mean,
        _inner(u, residual),
        c,
        _inner(u, u),
        _inner(wu, u) - c * c / s1,
    )


def _newton(s: Sums, b: Any, b2: Any) -> Any:
    """Newton's step on ``B / A = 1``, which is linear in tau2 where all variances are equal."""
    return s.a * (s.a - b) / (2 * b * s.a3 - s.a * b2)


def _lone(s: Sums, b: Any, b2: Any, tau2: Any, smallest: Any) -> tuple[Any, Any]:
    """Whether just below ``tau2`` f is positive at a point above which it has one root; and that point.

    Every sum is carried there by its bounds, so that nothing is evaluated again.
    """
    at = tau2 - _REACH * (tau2 + smallest)
    at = at * (at > 0)
    ratio = _SLACK * (tau2 + smallest) / (at + smallest)
    falls = 2 * s.a3 - b2 * ratio * ratio
    above = s.a - b + (tau2 - at) * falls > 1e-12 * s.s1
    return (falls > 0) & above & (2 * b * b > b2 * s.q * ratio * ratio * ratio), at


def _positive(s: Sums, gap: Any, b_low: Any) -> Any:
    """Whether f > 0 all the way down from where ``s`` was taken to the point ``gap`` below, with B there."""
    left = 1 - gap * s.a3 / s.a
    return s.a > _SLACK * b_low * left * left


def _at_zero(s: Sums, b: Any) -> Any:
    """Whether f <= 0 at tau2 = 0, but for the rounding error of the weights' sum."""
    return s.a - b <= 1e-13 * s.s1


def _sinks(zero: Sums, b0: Any, b02: Any, high: Sums, b: Any, b2: Any, tau2: Any) -> Any:
    """Whether f < 0 from 0, where it is not positive, to ``tau2`` and on from there.

    ``A**-0.5`` lies above its chord ``p + q t`` and ``1 / B`` below its tangent ``1 / B(0) + m t``, so it is
    enough if ``(p + q t)**2`` stays above the tangent.
    """
    p = zero.a**-0.5
    q = (high.a**-0.5 - p) / tau2
    lift, m = p * p - 1 / b0, b02 / (b0 * b0)
    bend = 2 * p * q - m
    parted = (bend > 1e-9 * m) | (bend * bend * _SLACK < 4 * q * q * lift)
    return (lift > -1e-12 * p * p) & parted & (high.a * _SLACK < b) & (2 * b * b > _SLACK * b2 * high.q)


def climb(rows: Rows, restricted: bool) -> Ascent:
    """Find the maximum over tau2 >= 0 of every meta-analysis of a block, and try to prove it the only one.

    >>> from meta.kernels.weights import arrange
    >>> found = climb(arrange([0.0, 2.0], [1.0, 1.0]), True)
    >>> found.tau2.round(12).item(), found.proven.item()
    (1.0, True)
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _climb_one(rows, restricted) if rows.width == 1 else _climb_many(rows, restricted)


def _climb_one(rows: Rows, restricted: bool) -> Ascent:
    y, v = rows.y[:, 0], rows.v[:, 0]
    zero = now = _sums_of_one(y, v, 0.0)
    b0, b2 = zero.traces(restricted)
    if not b0 > 0:  # one study has all the weight; arrays divide by zero without raising
        return _climb_many(rows, restricted)
    tau2, move, step, proven = 0.0, 0.0, 0, False
    smallest = float(np.minimum.reduce(v))
    if _at_zero(zero, b0):
        proven = 2 * b0 * b0 > _SLACK * b2 * zero.q
        if not proven:
            level = rows.n.item() / zero.s1
            high = _sums_of_one(y, v, level)
            proven = bool(_sinks(zero, b0, b2, high, *high.traces(restricted), level))
    else:
        trace = b0 if restricted else zero.traces(True)[0]
        tau2 = max(0.0, (zero.q - rows.n.item() + 1) / trace) or max(0.0, _newton(zero, b0, b2))
        for step in range(1, _STEPS + 1):  # noqa: B007
            now = _sums_of_one(y, v, tau2)
            b, b2 = now.traces(restricted)
            if not 2 * b * now.a3 > now.a * b2:
                break
            move = max(_newton(now, b, b2), -0.9 * tau2)
            if abs(move) <= 1e-8 * tau2:
                lone, at = _lone(now, b, b2, tau2, smallest)
                proven = bool(lone) and _descend_one(y, v, now, at, b0, smallest, restricted)
                break
            tau2 += move
    at_zero = _arrays(zero.moments())
    found = at_zero if now is zero else _arrays(now.moved(move))
    return Ascent(np.array([tau2 + move]), np.array([step]), np.array([proven]), found, at_zero)


def _arrays(m: Moments) -> Moments:
    return Moments(*np.array([[m.s1], [m.s2], [m.s3], [m.mean], [m.q]]))


def _descend_one(
    y: np.ndarray, v: np.ndarray, now: Sums, at: float, b0: float, smallest: float, restricted: bool
) -> bool:
    """Whether f > 0 on [0, at], by ever lower points where the way down to 0 is too long for one step."""
    for _ in range(_RUNGS):
        if _positive(now, at, b0):
            return True
        low = max(0.0, 0.25 * (at + smallest) - smallest)
        below = sums(y, v, low)
        b = below.traces(restricted)[0]
        if not (_positive(now, at - low, b) and below.a > _SLACK * b):
            return False
        now, at = below, low
    return False


def _climb_many(rows: Rows, restricted: bool) -> Ascent:
    work = np.empty(3 * rows.y.size)
    zero = sums(rows.y, rows.v, 0.0, work)
    b0, b2 = zero.traces(restricted)
    flat = _at_zero(zero, b0)
    tau2, steps = np.zeros(rows.width), np.zeros(rows.width, dtype=int)
    proven = flat & (2 * b0 * b0 > _SLACK * b2 * zero.q)
    unsure = np.flatnonzero(flat & ~proven)
    if unsure.size:
        part, level = rows.take(unsure), (rows.n / zero.s1)[unsure]
        high = sums(part.y, part.v, level, work)
        low = Sums(*(x[unsure] for x in zero))
        proven[unsure] = _sinks(low, b0[unsure], b2[unsure], high, *high.traces(restricted), level)
    out = zero.moments()
    active = np.flatnonzero(~flat)
    if not active.size:
        return Ascent(tau2, steps, proven, out, out)
    out = Moments(*(getattr(out, name).copy() for name in Moments.__dataclass_fields__))
    start = (zero.q - rows.n + 1) / (b0 if restricted else zero.traces(True)[0])
    part, t = rows, np.where(start > 0, start, np.maximum(_newton(zero, b0, b2), 0.0))
    if active.size < rows.width:
        part, t = rows.take(active), t[active]
    count = np.ones(active.size, dtype=int)
    smallest = np.minimum.reduce(part.v)
    for step in range(1, _STEPS + 1):
        now = sums(part.y, part.v, t, work)
        b, b2 = now.traces(restricted)
        move = np.maximum(_newton(now, b, b2), -0.9 * t)
        size, least = np.abs(move), 1e-8 * t
        # neither where the move is not a number
        done, keep = size <= least, size > least
        count += keep
        waiting = bool(keep.any()) and step < _STEPS
        if waiting and (part.y.size <= _SMALL or 2 * np.count_nonzero(keep) > keep.size):
            t = t + move
            continue
        some = np.flatnonzero(done)
        here, last, local = active[some], now, (b, b2, t, smallest)
        if some.size < done.size:
            last, local = Sums(*(x[some] for x in now)), (b[some], b2[some], t[some], smallest[some])
        lone, at = _lone(last, *local)
        tau2[here], steps[here] = local[2] + move[some], count[some]
        moved = last.moved(move[some])
        if some.size == rows.width:
            out = moved
        else:
            for name in Moments.__dataclass_fields__:
                getattr(out, name)[here] = getattr(moved, name)
        proven[here] = lone & _descend(part, some, last, at, b0[here], local[3], restricted)
        if not waiting:
            break
        t, count = (t + move)[keep], count[keep]
        active, smallest, part = active[keep], smallest[keep], part.take(keep)
    return Ascent(tau2, steps, proven, out, zero.moments())


def _descend(
    rows: Rows,
    columns: np.ndarray,
    now: Sums,
    at: np.ndarray,
    b0: np.ndarray,
    smallest: np.ndarray,
    restricted: bool,
) -> np.ndarray:
    """:func:`_descend_one` for several meta-analyses, of shape (p,)."""
    proven = _positive(now, at, b0)
    left = np.flatnonzero(~proven)
    if left.size <= 2:
        for i in left.tolist():
            j, one = columns[i], Sums(*(x[i].item() for x in now))
            ends = at[i].item(), b0[i].item(), smallest[i].item()
            proven[i] = _descend_one(rows.y[:, j], rows.v[:, j], one, *ends, restricted)
        return proven
    for _ in range(_RUNGS):
        if not left.size:
            break
        part = rows.take(columns[left])
        high, least = at[left], smallest[left]
        low = np.maximum(0.0, 0.25 * (high + least) - least)
        below = sums(part.y, part.v, low)
        b = below.traces(restricted)[0]
        fine = _positive(Sums(*(x[left] for x in now)), high - low, b) & (below.a > _SLACK * b)
        arrived = fine & _positive(below, low, b0[left])
        proven[left[arrived]] = True
        further = fine & ~arrived
        for old, new in zip(now, below, strict=True):
            old[left[further]] = new[further]
        at[left[further]] = low[further]
        left = left[further]
    return proven

"""Rounded numbers as intervals: what a printed '0.02' can have been before it was rounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import numpy as np

from meta.effects.recovered_values import Range, Recovered
from meta.errors import InputError


def rounding_range(
    printed: str | float, *, at_least: float | None = None, at_most: float | None = None
) -> Range:
    """Return the interval of values that are printed like this.

    Parameters
    ----------
    printed : str or float
        As printed. A string keeps its trailing zeros ("0.020" is more precise than "0.02"); of a float only
        the digits that Python shows are known.
    at_least, at_most : float or None
        Natural limits of the quantity (a p-value is at least 0, a correlation at most 1).

    Examples
    --------
    >>> shown = rounding_range("0.02")
    >>> float(shown.low), float(shown.high)
    (0.015, 0.025)
    >>> float(rounding_range("0.020").high), float(rounding_range("0.00", at_least=0).low)
    (0.0205, 0.0)
    """
    try:
        number = Decimal(str(printed).strip().replace("−", "-"))
    except InvalidOperation:
        raise InputError(f"printed value must be a number: got {printed!r}; a '<' is a threshold") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise InputError(f"printed value must be finite: got {printed!r}")
    half = Decimal(5).scaleb(exponent - 1)
    low, high = float(number - half), float(number + half)
    low = low if at_least is None else max(low, at_least)
    high = high if at_most is None else min(high, at_most)
    return Range(np.asarray(low), np.asarray(high), f"printed as {str(printed).strip()}")


def propagate(function: Callable[..., object], *ranges: Range, points: int = 5, how: str = "") -> Range:
    """Return the range of a function over ranges of its positional arguments.

    The function is evaluated on a grid that includes every corner, so that the result is exact for
    functions that are monotone in each argument.

    Parameters
    ----------
    function : callable
        Takes one float per argument and returns a number or a
        :class:`~meta.effects.recovered_values.Recovered`.
    *ranges : Range
        Finite ranges, one per argument.
    points : int
        Grid points an argument; 2 evaluates the corners alone.
    how : str
        The account to attach; made from those of the ranges if empty.

    Examples
    --------
    >>> from meta.effects.recovery import t_from_p
    >>> span = propagate(lambda p: t_from_p(p, direction="lower", df=39), rounding_range("0.02"))
    >>> float(span.low.round(3)), float(span.high.round(3))
    (-2.545, -2.331)
    """
    ends = [(float(r.low), float(r.high)) for r in ranges]
    if not np.all(np.isfinite(ends)):
        raise InputError("ranges must be finite to be propagated; an infinite one is a bound: use Bound")
    axes = [np.linspace(low, high, max(points, 2)) for low, high in ends]
    values = []
    for corner in itertools.product(*axes):
        found = function(*(float(x) for x in corner))
        values.append(float(found) if isinstance(found, Recovered) else float(np.asarray(found)))
    reason = how or "rounding carried through: " + ", ".join(r.how for r in ranges)
    return Range(np.asarray(min(values)), np.asarray(max(values)), reason)


def counts_from_percentage(percentage: str | float, *, n: int) -> Range:
    """Return which whole-number counts out of n are printed as this percentage.

    ``low`` and ``high`` are the smallest and the largest of them.

    Raises
    ------
    InputError
        If no count fits, which says that the percentage or n is wrong (a GRIM check).

    Examples
    --------
    >>> found = counts_from_percentage("86.0", n=43)
    >>> int(found.low), int(found.high)
    (37, 37)
    """
    if n < 1 or n != int(n):
        raise InputError(f"n must be a whole number of at least 1: got {n!r}")
    shown = rounding_range(percentage, at_least=0.0, at_most=100.0)
    slack = 1e-9
    first = int(np.ceil(float(shown.low) / 100 * n - slack))
    last = int(np.floor(float(shown.high) / 100 * n + slack))
    if first > last:
        near = round(float(percentage) / 100 * n)
        raise InputError(
            f"percentage {percentage} fits no count out of n = {int(n)}: "
            f"{near}/{int(n)} is {100 * near / n:.4g}; check the percentage and its denominator"
        )
    return Range(np.asarray(first), np.asarray(last), f"counts out of {int(n)} printed as {percentage} %")

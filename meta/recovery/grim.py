"""GRIM and GRIMMER: means and SDs that whole numbers cannot have. Worth a look; never a contradiction."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from meta.recovery.contradiction import Contradiction


def grim(mean: np.ndarray, half: np.ndarray, n: np.ndarray, items: float = 1.0) -> np.ndarray:
    """Whether a mean of n whole numbers can be printed like this (Brown & Heathers 2017).

    doi:10.1177/1948550616673876

    >>> grim(np.array([5.19, 5.18]), np.array([0.005, 0.005]), np.array([28.0, 28.0])).tolist()
    [False, True]
    """
    total = np.asarray(n, dtype=float) * items
    low = np.ceil((mean - half) * total - 1e-9)
    high = np.floor((mean + half) * total + 1e-9)
    return np.asarray(low <= high)


def grimmer(
    mean: np.ndarray, mean_half: np.ndarray, sd: np.ndarray, sd_half: np.ndarray, n: np.ndarray
) -> np.ndarray:
    """Whether n whole numbers can have a mean and an SD that are printed like this (Anaya 2016; Allard 2018).

    The sum of squares of whole numbers is a whole number that is odd or even with their sum; for one of the
    sums that the mean allows there must be such a number among those that the SD allows.

    >>> grimmer(*(np.array([x]) for x in (3.44, 0.005, 2.47, 0.005, 18.0))).tolist()
    [False]
    >>> float(np.std([1, 2, 3, 4], ddof=1).round(2))
    1.29
    >>> grimmer(*(np.array([x]) for x in (2.50, 0.005, 1.29, 0.005, 4.0))).tolist()
    [True]
    >>> grimmer(*(np.array([x]) for x in (2.50, 0.005, 1.40, 0.005, 4.0))).tolist()
    [False]
    """
    shape = np.broadcast_shapes(*(np.shape(x) for x in (mean, sd, n)))
    found = np.ones(shape, dtype=bool)
    for row in np.ndindex(shape):
        found[row] = _can_be(
            *(float(np.broadcast_to(x, shape)[row]) for x in (mean, mean_half, sd, sd_half, n))
        )
    return found


MOST_SUMS = 10_000
"""With so many sums to try, some always fit."""


def _can_be(mean: float, mean_half: float, sd: float, sd_half: float, n: float) -> bool:
    sums = np.arange(np.ceil((mean - mean_half) * n - 1e-9), np.floor((mean + mean_half) * n + 1e-9) + 1)
    if sums.size > MOST_SUMS:
        return True
    least, most = max(sd - sd_half, 0.0) ** 2 * (n - 1), (sd + sd_half) ** 2 * (n - 1)
    for total in sums:
        low = np.ceil(least + total**2 / n - 1e-7)
        high = np.floor(most + total**2 / n + 1e-7)
        # the first number of the sum's parity from the lower end on
        first = low + (low - total) % 2
        if first <= high:
            return True
    return False


_SLIP = "values may be averages, or n another one"


def whole_numbers(
    values: Mapping[str, np.ndarray], halves: Mapping[str, np.ndarray], whole: np.ndarray | None
) -> list[Contradiction]:
    """What GRIM and GRIMMER say of the means and SDs of rows whose values are whole numbers.

    Parameters
    ----------
    values, halves : mapping of str to ndarray of shape (k,)
        Facts, and half of their last printed digit.
    whole : ndarray of str, shape (k,), or None
        "yes" where values are whole numbers; None where nothing is said.
    """
    if whole is None:
        return []
    found = []
    for names in (("mean1", "sd1", "n1"), ("mean2", "sd2", "n2"), ("mean", "sd", "n")):
        for row in np.flatnonzero(whole == "yes"):
            item = _impossible(values, halves, names, int(row))
            if item is not None:
                found.append(item)
    return found


def _impossible(
    values: Mapping[str, np.ndarray], halves: Mapping[str, np.ndarray], names: tuple[str, str, str], row: int
) -> Contradiction | None:
    mean, sd, n = names
    if not {mean, n} <= values.keys() or np.isnan(values[mean][row] + values[n][row]):
        return None
    m, size, nan = float(values[mean][row]), float(values[n][row]), float("nan")
    half = halves[mean][row : row + 1]
    if not grim(np.array([m]), half, np.array([size]))[0]:
        told = f"{mean} = {m:g} cannot be the mean of {size:g} whole numbers (GRIM)"
        return Contradiction(row, "worth a look", (mean, n), m, nan, nan, nan, told, _SLIP)
    if sd not in values or np.isnan(values[sd][row]):
        return None
    s = float(values[sd][row])
    if grimmer(np.array([m]), half, np.array([s]), halves[sd][row : row + 1], np.array([size]))[0]:
        return None
    told = f"{sd} = {s:g} cannot be the SD of {size:g} whole numbers with mean {m:g} (GRIMMER)"
    return Contradiction(row, "worth a look", (sd, mean, n), s, nan, nan, nan, told, _SLIP)

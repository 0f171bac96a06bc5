"""Events over person-time, of one group (``events, time``) or two; float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates


def ratio(events1: np.ndarray, time1: np.ndarray, events2: np.ndarray, time2: np.ndarray) -> Estimates:
    """Log incidence rate ratio.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology, 3rd ed.
    """
    yi = np.log(events1 / time1) - np.log(events2 / time2)
    return Estimates(np.where(np.isfinite(yi), yi, np.nan), 1 / events1 + 1 / events2)


def difference(events1: np.ndarray, time1: np.ndarray, events2: np.ndarray, time2: np.ndarray) -> Estimates:
    """Incidence rate difference."""
    return Estimates(events1 / time1 - events2 / time2, events1 / time1**2 + events2 / time2**2)


def root_difference(
    events1: np.ndarray, time1: np.ndarray, events2: np.ndarray, time2: np.ndarray
) -> Estimates:
    """Difference of the square roots of the rates; needs no continuity correction."""
    yi = np.sqrt(events1 / time1) - np.sqrt(events2 / time2)
    return Estimates(yi, 1 / (4 * time1) + 1 / (4 * time2))


def raw(events: np.ndarray, time: np.ndarray) -> Estimates:
    """Incidence rate."""
    return Estimates(events / time, events / time**2)


def log(events: np.ndarray, time: np.ndarray) -> Estimates:
    """Log incidence rate."""
    yi = np.log(events / time)
    return Estimates(np.where(np.isfinite(yi), yi, np.nan), 1 / events)


def root(events: np.ndarray, time: np.ndarray) -> Estimates:
    """Square root of the incidence rate."""
    return Estimates(np.sqrt(events / time), 1 / (4 * time))


def freeman_tukey(events: np.ndarray, time: np.ndarray) -> Estimates:
    """Freeman-Tukey transformed incidence rate.

    References
    ----------
    Freeman MF, Tukey JW (1950). Ann Math Stat 21:607-611. https://doi.org/10.1214/aoms/1177729756
    """
    return Estimates((np.sqrt(events / time) + np.sqrt((events + 1) / time)) / 2, 1 / (4 * time))

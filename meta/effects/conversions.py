"""Conversions between effect measures, and readable forms of a standardised difference.

Variances follow by the delta method, which :mod:`meta.effects.delta` offers for any transformation.
Standardised differences go to the percent scale in :mod:`meta.effects.cv_scale`; numbers needed to treat
are in :mod:`meta.effects.nnt`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from meta.effects.cv_scale import log_rom_to_smd, smd_to_log_rom, smd_to_percent
from meta.effects.delta import DeltaMethod, delta_method
from meta.effects.nnt import NumberNeeded, nnt_from_or, nnt_from_rd, nnt_from_rr, nnt_from_smd
from meta.effects.recovered_values import Recovered, RecoveredEffect, numbers, require
from meta.errors import unknown_option

__all__ = [
    "ODDS_FACTORS",
    "DeltaMethod",
    "NumberNeeded",
    "cohen_u3",
    "delta_method",
    "log_or_to_r",
    "log_or_to_smd",
    "log_rom_to_smd",
    "nnt_from_or",
    "nnt_from_rd",
    "nnt_from_rr",
    "nnt_from_smd",
    "overlap",
    "r_to_log_or",
    "r_to_smd",
    "r_to_z",
    "smd_of_superiority",
    "smd_to_log_or",
    "smd_to_log_rom",
    "smd_to_percent",
    "smd_to_r",
    "superiority",
    "z_to_r",
]


@dataclass(frozen=True, slots=True)
class OddsFactor:
    """The factor from an SMD to a log odds ratio under one latent distribution."""

    name: str
    factor: float
    citation: str
    doi: str


ODDS_FACTORS = {
    f.name: f
    for f in (
        OddsFactor(
            "logistic",
            float(np.pi / np.sqrt(3)),
            "Chinn S (2000)",
            "10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M",
        ),
        OddsFactor("cox-snell", 1.65, "Cox DR, Snell EJ (1989)", "10.1201/9781315137391"),
    )
}


def _factor(method: str) -> float:
    if method not in ODDS_FACTORS:
        raise unknown_option("odds method", method, ODDS_FACTORS)
    return ODDS_FACTORS[method].factor


def smd_to_log_or(d: ArrayLike, *, v: ArrayLike = 0.0, method: str = "logistic") -> RecoveredEffect:
    """Return the log odds ratio of an SMD: times ``pi/sqrt(3)`` (logistic) or 1.65 (Cox-Snell).

    >>> found = smd_to_log_or(0.5, v=0.0205)
    >>> float(found.yi.round(4)), float(found.vi.round(4))
    (0.9069, 0.0674)
    """
    effect, variance = numbers(d=d, v=v)
    times = _factor(method)
    return RecoveredEffect(effect * times, variance * times**2, f"log OR = {times:.4g} SMD ({method})")


def log_or_to_smd(log_or: ArrayLike, *, v: ArrayLike = 0.0, method: str = "logistic") -> RecoveredEffect:
    """Return the SMD of a log odds ratio, the inverse of :func:`smd_to_log_or`.

    >>> found = log_or_to_smd(0.9069, v=0.0676)
    >>> float(found.yi.round(4)), float(found.vi.round(4))
    (0.5, 0.0205)
    """
    effect, variance = numbers(log_or=log_or, v=v)
    times = _factor(method)
    return RecoveredEffect(effect / times, variance / times**2, f"SMD = log OR / {times:.4g} ({method})")


def _size_term(n1: ArrayLike | None, n2: ArrayLike | None) -> np.ndarray:
    if n1 is None or n2 is None:
        return np.asarray(4.0)
    a, b = numbers(n1=n1, n2=n2)
    return (a + b) ** 2 / (a * b)


def smd_to_r(
    d: ArrayLike, *, v: ArrayLike = 0.0, n1: ArrayLike | None = None, n2: ArrayLike | None = None
) -> RecoveredEffect:
    """Return the correlation of an SMD: ``d/sqrt(d^2 + a)`` with ``a = (n1 + n2)^2/(n1 n2)``, 4 if equal.

    Borenstein et al. (2009, doi:10.1002/9780470743386, chapter 7).

    >>> found = smd_to_r(1.1547, v=0.0550)
    >>> float(found.yi.round(4)), float(found.vi.round(4))
    (0.5, 0.0058)
    """
    effect, variance = numbers(d=d, v=v)
    a = _size_term(n1, n2)
    r = effect / np.sqrt(effect**2 + a)
    return RecoveredEffect(r, a**2 * variance / (effect**2 + a) ** 3, "r = d/sqrt(d^2 + a)")


def r_to_smd(
    r: ArrayLike, *, v: ArrayLike = 0.0, n1: ArrayLike | None = None, n2: ArrayLike | None = None
) -> RecoveredEffect:
    """Return the SMD of a correlation, the inverse of :func:`smd_to_r`.

    >>> found = r_to_smd(0.5, v=0.0058)
    >>> float(found.yi.round(4)), float(found.vi.round(4))
    (1.1547, 0.055)
    """
    rho, variance = numbers(r=r, v=v)
    require(np.abs(rho) < 1, "r", rho, "must be between -1 and 1")
    a = _size_term(n1, n2)
    d = np.sqrt(a) * rho / np.sqrt(1 - rho**2)
    return RecoveredEffect(d, a * variance / (1 - rho**2) ** 3, "d = sqrt(a) r/sqrt(1 - r^2)")


def r_to_z(r: ArrayLike, *, v: ArrayLike = 0.0) -> RecoveredEffect:
    """Return Fisher's z of a correlation; a correlation's own variance is carried, not replaced by 1/(n - 3).

    >>> float(r_to_z(0.5).yi.round(4))
    0.5493
    """
    rho, variance = numbers(r=r, v=v)
    require(np.abs(rho) < 1, "r", rho, "must be between -1 and 1")
    return RecoveredEffect(np.arctanh(rho), variance / (1 - rho**2) ** 2, "z = artanh(r)")


def z_to_r(z: ArrayLike, *, v: ArrayLike = 0.0) -> RecoveredEffect:
    """Return the correlation of Fisher's z.

    >>> float(z_to_r(0.5493).yi.round(4))
    0.5
    """
    value, variance = numbers(z=z, v=v)
    r = np.tanh(value)
    return RecoveredEffect(r, variance * (1 - r**2) ** 2, "r = tanh(z)")


def log_or_to_r(
    log_or: ArrayLike, *, v: ArrayLike = 0.0, n1: ArrayLike | None = None, n2: ArrayLike | None = None,
    method: str = "logistic",
) -> RecoveredEffect:  # fmt: skip
    """Return the correlation of a log odds ratio, by way of the SMD.

    >>> float(log_or_to_r(0.9069).yi.round(4))
    0.2425
    """
    middle = log_or_to_smd(log_or, v=v, method=method)
    found = smd_to_r(middle.yi, v=middle.vi, n1=n1, n2=n2)
    return RecoveredEffect(found.yi, found.vi, f"{middle.how}; {found.how}")


def r_to_log_or(
    r: ArrayLike, *, v: ArrayLike = 0.0, n1: ArrayLike | None = None, n2: ArrayLike | None = None,
    method: str = "logistic",
) -> RecoveredEffect:  # fmt: skip
    """Return the log odds ratio of a correlation, by way of the SMD.

    >>> float(r_to_log_or(0.2425).yi.round(4))
    0.9068
    """
    middle = r_to_smd(r, v=v, n1=n1, n2=n2)
    found = smd_to_log_or(middle.yi, v=middle.vi, method=method)
    return RecoveredEffect(found.yi, found.vi, f"{middle.how}; {found.how}")


def superiority(d: ArrayLike) -> Recovered:
    """Return the probability that a random value of group 1 exceeds one of group 2: ``Phi(d/sqrt(2))``.

    The common language effect size (McGraw & Wong 1992, doi:10.1037/0033-2909.111.2.361).

    >>> round(float(superiority(0.8)), 3)
    0.714
    """
    (effect,) = numbers(d=d)
    return Recovered(np.asarray(ndtr(effect / np.sqrt(2))), "P(X1 > X2) = Phi(d/sqrt(2)), normal, equal SDs")


def smd_of_superiority(probability: ArrayLike) -> Recovered:
    """Return the SMD of a probability of superiority, the inverse of :func:`superiority`.

    >>> round(float(smd_of_superiority(0.714)), 2)
    0.8
    """
    (p,) = numbers(probability=probability)
    require((p > 0) & (p < 1), "probability", p, "must be between 0 and 1")
    return Recovered(np.sqrt(2) * np.asarray(ndtri(p)), "d = sqrt(2) Phi^-1(P(X1 > X2))")


def overlap(d: ArrayLike) -> Recovered:
    """Return the share that two normal distributions of equal SD have in common: ``2 Phi(-|d|/2)``.

    >>> round(float(overlap(0.8)), 3)
    0.689
    """
    (effect,) = numbers(d=d)
    return Recovered(2 * np.asarray(ndtr(-np.abs(effect) / 2)), "overlap = 2 Phi(-|d|/2), normal, equal SDs")


def cohen_u3(d: ArrayLike) -> Recovered:
    """Return the share of group 2 that lies below the mean of group 1: Cohen's U3, ``Phi(d)``.

    >>> round(float(cohen_u3(0.8)), 3)
    0.788
    """
    (effect,) = numbers(d=d)
    return Recovered(np.asarray(ndtr(effect)), "U3 = Phi(d), normal, equal SDs")

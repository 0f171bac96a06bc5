"""The scales on which effects are modelled, and the way back to the scale on which they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

Transform = Callable[[ArrayLike], np.ndarray]


@dataclass(frozen=True, slots=True)
class Scale:
    """A model scale: its name, the back-transformation, and its inverse for axis ticks.

    Attributes
    ----------
    name : str
        Key in :data:`SCALES`.
    back : callable
        From the model scale to the display scale; monotone.
    forward : callable
        From the display scale to the model scale.
    back_n, forward_n : callable or None
        ``back_n(x, n)`` and its inverse, where the way back depends on the number of people (or the
        person-time): for a pooled value, their harmonic mean. ``back`` is then its limit for large n.
    size_of : callable or None
        That number from the sampling variance, which it determines.
    ends : callable
        What lies on the model scale at the ends of the display scale, given that number.
    increasing : bool
        False where ``back`` reverses the order, so that interval limits change places.
    """

    name: str
    back: Transform
    forward: Transform
    back_n: Callable[[ArrayLike, ArrayLike], np.ndarray] | None = None
    increasing: bool = True
    forward_n: Callable[[ArrayLike, ArrayLike], np.ndarray] | None = None
    size_of: Transform | None = None
    ends: Callable[[ArrayLike], tuple[ArrayLike, ArrayLike]] = lambda size: (-np.inf, np.inf)

    def at(self, size: ArrayLike | None) -> Scale:
        """The scale for studies of one size, or for several with one size each; None for large ones.

        Examples
        --------
        >>> twelve = SCALES["freeman-tukey"].at(12)
        >>> round(float(twelve.back(twelve.forward(0.25))), 12)
        0.25
        """
        if self.back_n is None or self.forward_n is None or size is None:
            return self
        back, forward, ends = self.back_n, self.forward_n, self.ends
        return replace(
            self,
            back=lambda x: back(x, size),
            forward=lambda x: forward(x, size),
            ends=lambda _: ends(size),
        )


def _identity(x: ArrayLike) -> np.ndarray:
    return np.asarray(x, dtype=float)


def _arcsine_back(x: ArrayLike) -> np.ndarray:
    return np.sin(np.clip(np.asarray(x, dtype=float), 0.0, np.pi / 2)) ** 2


def _arcsine(p: ArrayLike) -> np.ndarray:
    return np.arcsin(np.sqrt(np.asarray(p, dtype=float)))


def _square_back(x: ArrayLike) -> np.ndarray:
    return np.clip(np.asarray(x, dtype=float), 0.0, None) ** 2


def double_arcsine(p: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Freeman and Tukey's double arcsine of a proportion of n people, half of Miller's scale."""
    p, n = np.asarray(p, dtype=float), np.asarray(n, dtype=float)
    return np.asarray((np.arcsin(np.sqrt(p * n / (n + 1))) + np.arcsin(np.sqrt((p * n + 1) / (n + 1)))) / 2)


def root_rate(rate: ArrayLike, time: ArrayLike) -> np.ndarray:
    """Freeman and Tukey's transformation of a rate over a time."""
    rate, time = np.asarray(rate, dtype=float), np.asarray(time, dtype=float)
    return np.asarray((np.sqrt(rate) + np.sqrt(rate + 1 / time)) / 2)


def freeman_tukey_proportion(x: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Turn a double-arcsine value (``PFT``) back into a proportion.

    Values outside what n people can give become 0 or 1. With one n for a pooled value (the harmonic
    mean) this is an approximation that misleads where the sizes differ much.

    References
    ----------
    Miller JJ (1978). Am Stat 32:138. https://doi.org/10.1080/00031305.1978.10479283
    Schwarzer G et al. (2019). Res Synth Methods 10:476-483. https://doi.org/10.1002/jrsm.1348

    Examples
    --------
    >>> y = 0.5 * (np.arcsin(np.sqrt(3 / 12)) + np.arcsin(np.sqrt(4 / 12)))
    >>> freeman_tukey_proportion(y, 11).round(12).item() == round(3 / 11, 12)
    True
    """
    x, n = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(n, dtype=float))
    lowest, highest = double_arcsine(0.0, n), double_arcsine(1.0, n)
    inside = np.clip(x, lowest, highest)
    sine = np.sin(2 * inside)
    root = np.sqrt(np.clip(1 - (sine + (sine - 1 / sine) / n) ** 2, 0.0, None))
    p = 0.5 * (1 - np.sign(np.cos(2 * inside)) * root)
    return np.asarray(np.where(x <= lowest, 0.0, np.where(x >= highest, 1.0, p)))


def freeman_tukey_rate(x: ArrayLike, time: ArrayLike) -> np.ndarray:
    """Turn a Freeman-Tukey transformed rate (``IRFT``) back into a rate; 0 below what is attainable.

    From y = (sqrt(x/t) + sqrt((x + 1)/t)) / 2 follows x = (y sqrt(t) - 1/(4 y sqrt(t)))².

    References
    ----------
    Freeman MF, Tukey JW (1950). Ann Math Stat 21:607-611. https://doi.org/10.1214/aoms/1177729756

    Examples
    --------
    >>> freeman_tukey_rate(0.5 * (np.sqrt(3 / 50) + np.sqrt(4 / 50)), 50).round(12).item()
    0.06
    """
    x, time = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(time, dtype=float))
    scaled = np.clip(x * np.sqrt(time), 0.5, None)
    return np.asarray((scaled - 0.25 / scaled) ** 2 / time)


SCALES: dict[str, Scale] = {
    "identity": Scale("identity", _identity, _identity),
    "log": Scale("log", np.exp, np.log),
    "tanh": Scale("tanh", np.tanh, np.arctanh),
    "logit": Scale("logit", expit, lambda p: np.log(p) - np.log1p(-np.asarray(p, dtype=float))),
    "arcsine": Scale("arcsine", _arcsine_back, _arcsine, ends=lambda n: (0.0, np.pi / 2)),
    "freeman-tukey": Scale(
        "freeman-tukey",
        _arcsine_back,
        _arcsine,
        freeman_tukey_proportion,
        forward_n=double_arcsine,
        size_of=lambda v: (1 / np.asarray(v, dtype=float) - 2) / 4,
        ends=lambda n: (double_arcsine(0.0, n), double_arcsine(1.0, n)),
    ),
    "square": Scale("square", _square_back, np.sqrt, ends=lambda time: (0.0, np.inf)),
    "freeman-tukey-rate": Scale(
        "freeman-tukey-rate",
        _square_back,
        np.sqrt,
        freeman_tukey_rate,
        forward_n=root_rate,
        size_of=lambda v: 1 / (4 * np.asarray(v, dtype=float)),
        ends=lambda time: (root_rate(0.0, time), np.inf),
    ),
    "one-minus-exp": Scale(
        "one-minus-exp",
        lambda x: -100 * np.expm1(x),
        lambda percent: np.log1p(-np.asarray(percent, dtype=float) / 100),
        increasing=False,
    ),
    "one-minus-cube": Scale(
        "one-minus-cube",
        lambda x: 1 - (1 - np.asarray(x, dtype=float)) ** 3,
        lambda alpha: 1 - np.cbrt(1 - np.asarray(alpha, dtype=float)),
    ),
    "minus-log-complement": Scale(
        "minus-log-complement",
        lambda x: -np.expm1(-np.asarray(x, dtype=float)),
        lambda alpha: -np.log1p(-np.asarray(alpha, dtype=float)),
    ),
}

"""The scales on which effects are modelled, and the way back to the scale on which they are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
        ``identity``, ``log``, ``tanh``, ``logit``, ``arcsine`` or ``one-minus-exp``.
    back : callable
        From the model scale to the display scale; monotone.
    forward : callable
        From the display scale to the model scale.
    """

    name: str
    back: Transform
    forward: Transform


def _identity(x: ArrayLike) -> np.ndarray:
    return np.asarray(x, dtype=float)


def _arcsine_back(x: ArrayLike) -> np.ndarray:
    return np.sin(np.clip(np.asarray(x, dtype=float), 0.0, np.pi / 2)) ** 2


SCALES: dict[str, Scale] = {
    "identity": Scale("identity", _identity, _identity),
    "log": Scale("log", np.exp, np.log),
    "tanh": Scale("tanh", np.tanh, np.arctanh),
    "logit": Scale("logit", expit, lambda p: np.log(p) - np.log1p(-np.asarray(p, dtype=float))),
    "arcsine": Scale("arcsine", _arcsine_back, lambda p: np.arcsin(np.sqrt(p))),
    "square": Scale("square", lambda x: np.clip(x, 0.0, None) ** 2, np.sqrt),
}

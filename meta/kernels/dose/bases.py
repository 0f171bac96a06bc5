"""Bases of dose-response curves: what each shape makes of a dose, (n,) to (n, p), without an intercept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
"""Where Harrell puts the knots of restricted cubic splines (Regression Modeling Strategies, table 2.3)."""
POWERS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0)
"""Powers of fractional polynomials, 0 being the logarithm: Royston & Altman (1994), doi:10.2307/2986270."""


CURVED = {"emax": ("Emax", "ED50"), "plateau": ("slope", "hinge")}
"""Shapes with a parameter that is not linear, and the names of both their parameters."""


@dataclass(frozen=True, slots=True)
class Basis:
    """A shape with all that it needs to be computed at any dose.

    Attributes
    ----------
    kind : str
        "linear", "log", "quadratic", "rcs", "fp", "emax" or "plateau".
    values : tuple of float
        Knots of a spline, powers of a fractional polynomial, the hinge of a plateau. Of Emax, and of a
        plateau whose hinge is estimated: ED50 (or the hinge), and Emax (or the slope), about which the second
        term is the derivative.
    shift : float
        Added to the doses of a fractional polynomial.
    """

    kind: str
    values: tuple[float, ...] = ()
    shift: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """One name per term."""
        if self.kind == "quadratic":
            return ("dose", "dose^2")
        if self.kind == "rcs":
            return ("dose", *(f"spline {i + 1}" for i in range(len(self.values) - 2)))
        if self.kind == "fp":
            return _names_of_powers(self.values)
        if self.kind in CURVED:
            return CURVED[self.kind][: len(self.values)]
        return ("log(1 + dose)" if self.kind == "log" else "dose",)

    @property
    def estimated(self) -> bool:
        """Whether the place where the curve bends is a parameter, by the second term."""
        return self.kind in CURVED and len(self.values) == 2

    def at(self, dose: Array) -> Array:
        """The terms at the doses, (n, p).

        >>> Basis("quadratic").at(np.array([2.0])).tolist()
        [[2.0, 4.0]]
        >>> Basis("rcs", (0.0, 1.0, 2.0)).at(np.array([1.0, 3.0])).tolist()
        [[1.0, 0.25], [3.0, 3.0]]
        """
        x = np.asarray(dose, dtype=float)
        if self.kind == "quadratic":
            return np.stack([x, x**2], axis=1)
        if self.kind == "rcs":
            return spline(x, np.array(self.values))
        if self.kind == "fp":
            return fractional_polynomial(x + self.shift, self.values)
        if self.kind == "log":
            return np.log1p(x)[:, None]
        return curved(x, self.kind, self.values) if self.kind in CURVED else x[:, None]


def curved(x: Array, kind: str, values: tuple[float, ...]) -> Array:
    """Emax ``x / (ED50 + x)`` or a plateau ``min(x, hinge)``, and its derivative by that place, (n, 1 or 2).

    >>> curved(np.array([10.0]), "emax", (10.0, 4.0)).tolist()
    [[0.5, -0.1]]
    """
    place = values[0]
    term = x / (place + x) if kind == "emax" else np.minimum(x, place)
    if len(values) == 1:
        return term[:, None]
    slope = -x / (place + x) ** 2 if kind == "emax" else (x > place).astype(float)
    return np.stack([term, values[1] * slope], axis=1)


def spline(x: Array, knots: Array) -> Array:
    """Harrell's restricted cubic spline: linear beyond the outer knots, scaled by ``(k_K - k_1)^2``.

    >>> spline(np.array([0.0, 5.0]), np.array([0.0, 1.0, 2.0]))[:, 0].tolist()
    [0.0, 5.0]
    """
    last, before = knots[-1], knots[-2]

    def cubed(k: float) -> Array:
        return np.maximum(x - k, 0.0) ** 3

    terms = [x]
    for k in knots[:-2]:
        bent = (cubed(last) * (before - k) - cubed(before) * (last - k)) / (last - before)
        terms.append((cubed(k) + bent) / (last - knots[0]) ** 2)
    return np.stack(terms, axis=1)


def fractional_polynomial(x: Array, powers: tuple[float, ...]) -> Array:
    """Powers of x > 0, or the logarithm for 0; a repeated power is multiplied by the logarithm.

    >>> fractional_polynomial(np.array([4.0]), (0.5, 1.0)).tolist()
    [[2.0, 4.0]]
    """
    terms: list[Array] = []
    for i, power in enumerate(powers):
        repeated = powers[:i].count(power)
        with np.errstate(divide="ignore", invalid="ignore"):
            one = np.log(x) if power == 0 else x**power
            terms.append(one * np.log(x) ** repeated if repeated else one)
    return np.stack(terms, axis=1)


def _names_of_powers(powers: tuple[float, ...]) -> tuple[str, ...]:
    names = []
    for i, power in enumerate(powers):
        one = "log(dose)" if power == 0 else "dose" if power == 1 else f"dose^{power:g}"
        names.append(" log(dose)".join([one] + [""] * powers[:i].count(power)))
    return tuple(names)


def quantile_knots(doses: Array, count: int) -> tuple[float, ...]:
    """Knots at Harrell's quantiles of all doses, reference doses included.

    >>> quantile_knots(np.arange(11.0), 3)
    (1.0, 5.0, 9.0)
    """
    return tuple(float(x) for x in np.quantile(doses, QUANTILES[count]))

"""The registry of effect measures: code, name, design, function, scale, variants and citation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meta.effects.scales import SCALES, Scale
from meta.errors import unknown_option


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    Attributes
    ----------
    code : str
        The field's code ("RR", "SMD", ...).
    name : str
        Long name, on the model scale ("log risk ratio").
    display : str
        Name on the display scale ("risk ratio"), for axis labels.
    design : str
        What kind of study reports it ("2x2", "two means", "proportion", ...).
    columns : tuple of str
        Argument names that the function takes, in order.
    function : callable
        Pure array function returning an object with ``yi`` and ``vi``.
    scale : str
        Key of :data:`meta.effects.scales.SCALES`.
    null : float or None
        The value of no effect on the model scale; None where there is none (single-group measures).
    variants : tuple of str
        Allowed ``vtype`` values, the default first.
    citation, doi : str
        Where the formula comes from.
    """

    code: str
    name: str
    display: str
    design: str
    columns: tuple[str, ...]
    function: Callable
    scale: str
    null: float | None
    variants: tuple[str, ...] = ()
    citation: str = ""
    doi: str = ""

    @property
    def transform(self) -> Scale:
        """The scale's transformations."""
        return SCALES[self.scale]


MEASURES: dict[str, Measure] = {}


def measure(code: str) -> Measure:
    """Look up a measure by its code.

    Raises
    ------
    UnknownOptionError
        If there is no such measure; the message lists those that exist.
    """
    try:
        return MEASURES[code]
    except KeyError:
        raise unknown_option("measure", code, sorted(MEASURES)) from None

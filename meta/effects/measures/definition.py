"""`Measure`: one entry of the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from meta.effects import zero_cells
from meta.effects.measures.families import Family
from meta.effects.scales import SCALES, Scale


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
        What kind of study reports it ("2x2", "two means", "proportion", ...); key of
        :data:`meta.effects.forms.FORMS`.
    family : Family
        What a value means ("log ratio", "standardised difference", ...); key of default priors.
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
    options : tuple of str
        Keyword options that the function takes besides ``vtype``.
    limits : (float, float)
        Between which values lie on the display scale, where intervals may leave them.
    zero_cells : bool
        Whether ``add`` and ``to`` apply: a correction is added to tables with a zero.
    logs_of_means : bool
        Whether it takes logs of means, which therefore must not be zero or differ in sign.
    heading : str
        Heading of the column of numbers in figures, where neither a short code nor ``display`` serves.
    arm : str
        Code of the one-group measure of which it is the difference between two groups; "" where it is none.
    metafor : bool
        Whether R's metafor (escalc) has it by this code, with the same formula and the same defaults.
    """

    code: str
    name: str
    display: str
    design: str
    family: Family
    columns: tuple[str, ...]
    function: Callable
    scale: str
    null: float | None
    variants: tuple[str, ...] = ()
    citation: str = ""
    doi: str = ""
    options: tuple[str, ...] = ()
    zero_cells: bool = False
    limits: tuple[float, float] = (-inf, inf)
    logs_of_means: bool = False
    heading: str = ""
    arm: str = ""
    metafor: bool = False

    @property
    def is_standardised(self) -> bool:
        """Whether values are in standard deviations."""
        return self.family == "standardised difference"

    @property
    def is_log_ratio(self) -> bool:
        """Whether values are logs of ratios of two groups or times."""
        return self.family == "log ratio"

    @property
    def is_of_events(self) -> bool:
        """Whether it compares how often something happens in two groups."""
        return "events1" in self.columns

    @property
    def accepts(self) -> tuple[str, ...]:
        """The options of :func:`meta.effect_sizes` that change this measure's effects or variances."""
        return self.options + (zero_cells.OPTIONS[self.design] if self.zero_cells else ())

    @property
    def transform(self) -> Scale:
        """The scale's transformations."""
        return SCALES[self.scale]


def of_design(
    design: str,
    family: Family,
    columns: tuple[str, ...],
    null: float | None,
    limits: tuple[float, float] = (-inf, inf),
) -> Callable[..., Measure]:
    """Build the measures of one design, which share columns, null value and family unless they say so."""

    def entry(
        code: str,
        name: str,
        display: str,
        function: Callable,
        scale: str,
        reference: tuple[str, str],
        *,
        family: Family = family,
        columns: tuple[str, ...] = columns,
        null: float | None = null,
        variants: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
        zero_cells: bool = False,
        logs_of_means: bool = False,
        heading: str = "",
        arm: str = "",
        metafor: bool = False,
    ) -> Measure:
        citation, doi = reference
        return Measure(
            code=code,
            name=name,
            display=display,
            design=design,
            family=family,
            columns=columns,
            function=function,
            scale=scale,
            null=null,
            variants=variants,
            citation=citation,
            doi=doi,
            options=options,
            zero_cells=zero_cells,
            limits=limits,
            logs_of_means=logs_of_means,
            heading=heading,
            arm=arm,
            metafor=metafor,
        )

    return entry

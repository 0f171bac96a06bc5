"""Choices that a defensible analysis may make otherwise than the primary one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Choices:
    """Choices that a defensible analysis may make otherwise than the primary one.

    Attributes
    ----------
    assumptions : mapping of str to float
        Other values for the assumptions of the claims file, by id.
    arm_sizes : mapping of str to mapping of str to int
        Other sizes for arms whose n was not printed, by study and arm.
    eligibility : mapping of str to object
        Fields of :class:`~meta.evidence.claims.Eligibility` to replace.
    scale : str
        How standardised effects become ratios: "exact", "control-sd" or "log".
    cv : float or None
        Coefficient of variation on the percent scale, in place of the borrowed one.
    form : str or None
        Keep only arms whose treatment is of this form.
    dose_mg : tuple of (float, float) or None
        Keep only arms with an elemental dose within these bounds.
    leave_out : tuple of str
        Study ids to leave out.
    """

    assumptions: Mapping[str, float] = field(default_factory=dict)
    arm_sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    eligibility: Mapping[str, Any] = field(default_factory=dict)
    scale: str = "exact"
    cv: float | None = None
    form: str | None = None
    dose_mg: tuple[float, float] | None = None
    leave_out: tuple[str, ...] = ()

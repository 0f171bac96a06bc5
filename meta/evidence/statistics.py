"""The statistic of a result: exactly one of the kinds that papers print, told apart by ``kind``.

Each kind is a module of :mod:`meta.evidence.kinds`. A number enters as printed; what is derived from it is
derived by :mod:`meta.recovery`, never typed in.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meta.evidence.kinds.counts import ArmCount, Counts
from meta.evidence.kinds.exact_test import ExactTest
from meta.evidence.kinds.fields import COMPARE, Count, Direction, Level, Positive, Probability, Size, Strict
from meta.evidence.kinds.interval import Interval
from meta.evidence.kinds.mean_difference import MeanDifference
from meta.evidence.kinds.means import ArmSummary, Means
from meta.evidence.kinds.narrative import Narrative
from meta.evidence.kinds.not_significant import NotSignificant
from meta.evidence.kinds.percentages import ArmPercentage, Percentages
from meta.evidence.kinds.ratio import Ratio
from meta.evidence.kinds.threshold import Threshold
from meta.evidence.kinds.variation import Variation
from meta.evidence.kinds.within_arm import ArmTest, WithinArm

__all__ = (
    "COMPARE", "ArmCount", "ArmPercentage", "ArmSummary", "ArmTest", "Count", "Counts", "Direction",
    "ExactTest", "Interval", "Level", "MeanDifference", "Means", "Narrative", "NotSignificant",
    "Percentages", "Positive", "Probability", "Ratio", "Size", "Statistic", "Strict", "Threshold",
    "Variation", "WithinArm",
)  # fmt: skip

Statistic = Annotated[
    Means
    | MeanDifference
    | Ratio
    | ExactTest
    | WithinArm
    | Threshold
    | NotSignificant
    | Interval
    | Counts
    | Percentages
    | Variation
    | Narrative,
    Field(discriminator="kind"),
]

"""What a paper printed, as a reader would write it down: the same numbers, with the arms' names."""

from __future__ import annotations

from dataclasses import dataclass

from meta.evidence.kinds import KINDS
from meta.evidence.study_schema import Result, Study


@dataclass(frozen=True, slots=True)
class Arms:
    """The names of a study's arms, and what the treatment is called."""

    study: Study
    treatment: str

    def __call__(self, name: str) -> str:
        """The name of an arm."""
        return self.study.arm(name).label


def printed(study: Study, result: Result, treatment: str = "treatment") -> str:
    """Return a result's statistic in words; no number is changed, and none is left out.

    Parameters
    ----------
    study : Study
        For the names of the arms.
    result : Result
        One of its results.
    treatment : str
        What the treatment is called, of directions: lower under it.
    """
    return KINDS[result.statistic.kind].printed(result.statistic, Arms(study, treatment))

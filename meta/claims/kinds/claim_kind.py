"""`Kind`: one entry of the registry of kinds of claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meta.claims.case import Case
from meta.claims.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of claim.

    Attributes
    ----------
    name : str
        As the claims file has it.
    about : str
        What such a claim says, in words.
    judge : callable
        From a case to its verdict.
    needs_fit : bool
        Whether there is anything to pool.
    """

    name: str
    about: str
    judge: Callable[[Case], Verdict]
    needs_fit: bool = True

"""Headers of other programs' tables as flat names."""

from __future__ import annotations

from collections.abc import Sequence

from meta.commands.column_guess import find
from meta.errors import EvidenceError
from meta.evidence.columns import known

GUESSED = tuple(f"{name}{arm}" for name in ("mean", "sd", "se", "n", "events", "percent") for arm in (1, 2))
PLAIN = ("ci_low", "ci_high")


def flat_name(header: str, headers: Sequence[str]) -> str | None:
    """Return the flat name that a header of metafor, RevMan and the like stands for; None if it needs none.

    A header that is a flat name itself is left alone.

    Examples
    --------
    >>> headers = ["study", "Mean.e", "SD.e", "Total.e", "p"]
    >>> [flat_name(header, headers) for header in headers]
    [None, 'mean1', 'sd1', 'n1', None]
    """
    try:
        known(header)
    except EvidenceError:
        own = {name for name in headers if _is_known(name)}
        free = [name for name in headers if name not in own]
        taken = {known(name) for name in own}
        return next(
            (name for name in (*GUESSED, *PLAIN) if name not in taken and find(name, free) == header), None
        )
    return None


def _is_known(header: str) -> bool:
    try:
        known(header)
    except EvidenceError:
        return False
    return True

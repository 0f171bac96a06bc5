"""Errors and warnings, in one flat module.

Every error is one sentence that names the column, the study, the value and the remedy.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class MetaError(ValueError):
    """Base of every refusal; a ``ValueError``, so that callers need not know this package's types.

    A value of hundreds of letters without a blank is cut short in the sentence.

    Attributes
    ----------
    rows : tuple of int
        Positions of the rows that are impossible, where the refusal is of rows; they can be left out.
    """

    rows: tuple[int, ...] = ()

    def __init__(self, message: object = "") -> None:
        super().__init__(re.sub(r"(\S{40})\S{400,}", r"\1…", str(message)))


class InputError(MetaError):
    """The data cannot be used as they are."""


class UnknownOptionError(MetaError):
    """An option's value is not among the allowed ones."""


class ArgumentError(InputError, TypeError):
    """A function was called with an argument that it does not have, or without one that it needs."""


class NotEstimableError(MetaError):
    """What was asked for does not exist for these data."""


class DiagnosticsError(MetaError):
    """A sampler's diagnostics failed, so its answer is withheld."""


class EvidenceError(MetaError):
    """Study or claim files have problems; ``problems`` lists them all."""

    def __init__(self, message: str, problems: tuple = ()) -> None:
        super().__init__(message)
        self.problems = problems


class MetaWarning(UserWarning):
    """Base of every warning this package issues."""


class FewStudiesWarning(MetaWarning):
    """There are too few studies for what was asked to be dependable."""


class NarrowIntervalWarning(MetaWarning):
    """The Hartung-Knapp interval is narrower than the classic one."""


class ConvergenceWarning(MetaWarning):
    """An iterative method stopped before it met its tolerance."""


class DataWarning(MetaWarning):
    """A value in the data looks like a mistake or was left out."""


class OptionWarning(MetaWarning):
    """An option that was given changes nothing here."""


class AssumptionWarning(MetaWarning):
    """A result rests on an assumption that the data do not support."""


_ELSEWHERE: dict[str, tuple[str, ...]] = {
    "fe": ("EE",),
    "ce": ("EE",),
    "common": ("EE",),
    "fixed": ("EE",),
    "random": ("REML",),
    "knha": ("hksj", "t"),
    "hk": ("hksj",),
    "normal": ("z",),
    "hts": ("HTS",),
    "two.sided": ("two-sided",),
    "right": ("greater",),
    "left": ("less",),
    "positive": ("greater",),
    "negative": ("less",),
    "higher": ("greater",),
    "lower": ("less",),
}
"""What R's packages (metafor, meta) call a value, in small letters, and its names here."""


def unknown_option(what: str, value: object, allowed: object) -> UnknownOptionError:
    """Build the error for an option that is not among those allowed.

    >>> raise unknown_option("method", "RMEL", ["DL", "REML"])
    Traceback (most recent call last):
    ...
    meta.errors.UnknownOptionError: unknown method 'RMEL'; allowed: DL, REML; did you mean 'REML'?
    >>> raise unknown_option("method", "FE", ["EE", "REML"])
    Traceback (most recent call last):
    ...
    meta.errors.UnknownOptionError: unknown method 'FE'; allowed: EE, REML; did you mean 'EE'?
    """
    plain = isinstance(value, (str, int, float, type(None)))
    shown = (
        repr(value)
        if plain and len(str(value)) < 60
        else f"{str(value)[:40]!r}…"
        if plain
        else "that is not text"
    )
    names = list(map(str, allowed))  # type: ignore[call-overload]
    near = _meant(value, names) if plain else ""
    meant = f"; did you mean {near!r}?" if near else ""
    return UnknownOptionError(f"unknown {what} {shown}; allowed: {', '.join(names)}{meant}")


def _meant(value: object, names: list[str]) -> str:
    """The allowed name that another package spells so, that differs in capitals or that comes near."""
    word = str(value).lower()
    lower = {name.lower(): name for name in reversed(names)}
    there = [name for name in _ELSEWHERE.get(word, ()) if name in names]
    # Only long words: of two or three letters every one comes near to another.
    close = get_close_matches(word, lower, n=1, cutoff=0.75) if len(word) > 3 else []
    return lower.get(word) or (there[0] if there else lower[close[0]] if close else "")


def _outside() -> int:
    """The number of frames from whoever asks up to the first line outside this package."""
    own = __name__.partition(".")[0]
    frame, level = sys._getframe(1), 1
    while frame.f_back and str(frame.f_globals.get("__name__", "")).partition(".")[0] == own:
        frame, level = frame.f_back, level + 1
    return level


class Notes:
    """Collect warnings, so that they are issued once and also kept on the result.

    >>> notes = Notes()
    >>> with quiet():
    ...     notes.warn("study 'A' has |g| > 2", DataWarning)
    >>> notes.messages
    ("study 'A' has |g| > 2",)
    """

    def __init__(self) -> None:
        self._messages: list[str] = []

    def warn(self, message: str, category: type[MetaWarning] = DataWarning) -> None:
        """Issue ``message`` by :mod:`warnings`, at the first line outside this package, and remember it."""
        self._messages.append(message)
        warnings.warn(message, category, stacklevel=_outside())

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages in the order in which they came, each once."""
        return tuple(dict.fromkeys(self._messages))


@contextmanager
def quiet() -> Iterator[None]:
    """Silence this package's own warnings inside batches that report them by other means."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        yield

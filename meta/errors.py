"""Errors and warnings, in one flat module.

Every error is one sentence that names the column, the study, the value and the remedy.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class MetaError(ValueError):
    """Base of every refusal; a ``ValueError``, so that callers need not know this package's types.

    A value of hundreds of letters without a blank is cut short in the sentence.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(re.sub(r"(\S{40})\S{400,}", r"\1…", str(message)))


class InputError(MetaError):
    """The data cannot be used as they are."""


class UnknownOptionError(MetaError):
    """An option's value is not among the allowed ones."""


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


class AssumptionWarning(MetaWarning):
    """A result rests on an assumption that the data do not support."""


def unknown_option(what: str, value: object, allowed: object) -> UnknownOptionError:
    """Build the error for an option that is not among those allowed.

    >>> raise unknown_option("method", "RMEL", ["DL", "REML"])
    Traceback (most recent call last):
    ...
    meta.errors.UnknownOptionError: unknown method 'RMEL'; allowed: DL, REML
    """
    plain = isinstance(value, (str, int, float, type(None)))
    shown = (
        repr(value)
        if plain and len(str(value)) < 60
        else f"{str(value)[:40]!r}…"
        if plain
        else "that is no word"
    )
    return UnknownOptionError(f"unknown {what} {shown}; allowed: {', '.join(map(str, allowed))}")  # type: ignore[call-overload]


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

    def warn(self, message: str, category: type[MetaWarning] = DataWarning, stacklevel: int = 3) -> None:
        """Issue ``message`` through :mod:`warnings` and remember it."""
        self._messages.append(message)
        warnings.warn(message, category, stacklevel=stacklevel)

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

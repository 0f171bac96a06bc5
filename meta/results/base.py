"""`Result`: what every result of a public function can do."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import InputError
from meta.formatting import interval, significant
from meta.results.equality import compared_fields, same
from meta.results.plain import plain_fields
from meta.results.table_columns import glance_frame, tidy_frame
from meta.saving import Saved

if TYPE_CHECKING:
    import pandas as pd

    from meta.results.effect_rows import EffectRows

LONGEST_REPR = 180
"""Characters of a short representation: it stands in lists, in errors and in a debugger's one line."""


def check_digits(digits: Any) -> int:
    """Decimals of a print-out: a whole number from 0 to 15, which is all that a double has.

    >>> check_digits(3)
    3
    """
    if isinstance(digits, bool) or not isinstance(digits, int | np.integer) or not 0 <= int(digits) <= 15:
        raise InputError(f"digits must be a whole number from 0 to 15, not {digits!r}")
    return int(digits)


class Result(Saved):
    """The base of every result: a frozen dataclass made with ``eq=False, repr=False`` mixes it in.

    A class gives :meth:`_lines`, :meth:`_terms` and :meth:`_facts`. Whatever it names by one of the common
    columns (``estimate``, ``tau2``, ``q``, ``loglik``, ...) is found by that name.
    """

    __slots__ = ()

    def _lines(self, digits: int) -> list[str]:
        """The print-out, without the warnings."""
        raise NotImplementedError

    def _terms(self) -> Iterable[Mapping[str, Any]]:
        """Rows of :meth:`tidy`."""
        raise NotImplementedError

    def _facts(self) -> Mapping[str, Any]:
        """What :meth:`glance` says beside or instead of attributes of that name."""
        return {}

    def _shown(self) -> str:
        """What stands in the short representation."""
        k = getattr(self, "k", None)
        parts = [f"k={k}"] if isinstance(k, int) else []
        estimate, low = getattr(self, "estimate", None), getattr(self, "ci_low", None)
        if isinstance(estimate, float):
            ends = f" {interval(low, self.ci_high)}" if isinstance(low, float) else ""  # type: ignore[attr-defined]
            parts.append(f"estimate={significant(estimate)}{ends}")
        p = getattr(self, "p_value", None)
        return ", ".join([*parts, f"p={significant(p)}"] if isinstance(p, float) else parts)

    def __repr__(self) -> str:
        text = f"{type(self).__name__}({' '.join(self._shown().split())})"
        return text if len(text) <= LONGEST_REPR else f"{text[: LONGEST_REPR - 2]}…)"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(same(getattr(self, name), getattr(other, name)) for name in compared_fields(self))

    def __hash__(self) -> int:
        # Words alone: equal results have equal words, while NaN and arrays have no hash of their value.
        words = (getattr(self, item.name) for item in fields(self))  # type: ignore[arg-type]
        return hash((type(self).__qualname__, *(word for word in words if isinstance(word, str))))

    def summary(self, digits: int = 3) -> str:
        """The compact block that is printed.

        Parameters
        ----------
        digits : int
            Decimals of effects, standard errors and intervals.

        Returns
        -------
        str
        """
        notes = getattr(self, "warnings", ())
        return "\n".join([*self._lines(check_digits(digits)), *(f"note: {message}" for message in notes)])

    def tidy(self) -> pd.DataFrame:
        """One row per term: ``term estimate se statistic df p_value ci_low ci_high pi_low pi_high``.

        Columns that the result has no number for are NaN; columns of its own follow.
        """
        return tidy_frame(self._terms())

    def glance(self) -> pd.DataFrame:
        """One row about the whole: the model and its options, k, heterogeneity and fit."""
        return glance_frame(self, self._facts())

    def _is_summary(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the table is a mean effect, which a figure draws as a diamond."""
        return row["term"] in ("pooled", "mu", "effect") or "group" in row

    def _summary_label(self, row: Mapping[str, Any]) -> str:
        return str(row["term"])

    def rows(self) -> EffectRows:
        """What figures draw: the rows of effects with their weights, the means by name, the heterogeneity.

        Refused where a result has no rows of effects.
        """
        from meta.results.effect_rows import rows_of

        return rows_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, ready for JSON."""
        return plain_fields(self)

"""The rows of a table on their way to effects: what is left out, and what their owner should look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.commands.file_table import FileTable
from meta.commands.output import note
from meta.commands.preparation import Preparation
from meta.commands.table_options import TableOptions
from meta.errors import InputError
from meta.formatting import listing

if TYPE_CHECKING:
    from meta.commands.fact_flags import Facts
    from meta.effects.effect_size_table import EffectSizes

OPTIONS = ("vtype", "add", "to")
MOST_NAMED = 5


class Rows:
    """The rows that are kept, with their labels and what goes to :func:`meta.effect_sizes`."""

    def __init__(
        self,
        table: FileTable,
        facts: Facts,
        label: Any,
        labels: tuple[str, ...],
        reading: TableOptions,
        multilevel: bool,
    ) -> None:
        self.facts = facts
        self.reading = reading
        self.label = label
        self.comma = table.comma
        self.multilevel = multilevel
        self.lines = np.array(table.lines) if table.lines else None
        self.columns: dict[str, Any] = dict(table.columns)
        self.values = dict(facts.values)
        self.call = {name: value for name in OPTIONS if (value := getattr(reading, name)) is not None}
        if reading.drop00 is not None:
            self.call["drop00"] = reading.drop00
        self.call |= facts.options
        self.labels = labels
        self.said: list[str] = []
        self.kept = np.arange(self.k)
        self.blanked: list[str] = []
        self.remade: list[str] = []
        if reading.missing:
            self._blank(reading.missing)

    @property
    def k(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def names(self) -> np.ndarray:
        """Labels of the rows, as the effects will carry them."""
        from meta.effects.inputs import study_labels
        from meta.tables.containers import Columns

        return study_labels(Columns(self.columns, None, self.k), self.label, self.k)

    def keep(self, keep: np.ndarray) -> None:
        """Keep some rows."""
        self.columns = {name: values[keep] for name, values in self.columns.items()}
        self.values = {name: values[keep] for name, values in self.values.items()}
        if isinstance(self.label, list):
            self.label = [label for label, stays in zip(self.label, keep, strict=True) if stays]
        self.kept = self.kept[keep]
        if self.lines is not None:
            self.lines = self.lines[keep]

    def _blank(self, codes: str) -> None:
        """Read the codes that the caller names as missing values, in the columns that are used."""
        try:
            numbers = [float(code) for code in codes.split(",")]
        except ValueError:
            raise InputError(f"--missing {codes!r} must be numbers such as 99,999") from None
        for name in set(self.facts.columns.values()):
            values = self.columns[name]
            if values.dtype.kind in "iuf" and np.isin(values, numbers).any():
                self.columns[name] = np.where(np.isin(values, numbers), np.nan, values.astype(float))
                self.blanked.append(name)

    def numbers(self) -> dict[str, np.ndarray]:
        """Numbers by argument, as far as they are numbers."""
        from meta.commands.fact_flags import numbers_of

        found = {}
        for argument, name in self.facts.columns.items():
            values = numbers_of(self.columns, name)
            if values is not None:
                found[argument] = values
        return found | {name: np.asarray(values, float) for name, values in self.values.items()}

    def leave_out(self) -> None:
        """Leave out totals and what RevMan calls not estimable, and say what else is odd."""
        self._not_estimable()
        from meta.tables import audit

        values = with_variances(self.numbers(), self.facts.measure)
        study = self.names()
        gone = np.zeros(self.k, dtype=bool)
        for found in audit.totals(study, values):
            if found.kind == "total" and not self.reading.keep_totals:
                gone[list(found.rows)] = True
                note(f"left out: {found.text} (--keep-totals keeps it)")
            else:
                self._look(found.text)
        study, values = study[~gone], {name: x[~gone] for name, x in values.items()}
        raw = {name: x for name, x in values.items() if not name.startswith("model_")}
        for found in () if self.multilevel else audit.repeated_labels(study):
            remedy = "meta pool --cluster study keeps them together"
            self._look(found.text, f", pooled as if independent ({remedy})")
        for found in audit.repeated_numbers(study, raw):
            self._look(found.text, "; is a study there twice?")
        for found in audit.codes(study, raw):
            code = f"{found.text.partition(' = ')[2].partition(' ')[0]}"
            self._look(found.text, f" (--missing {code} reads it as missing)")
        for text, remedy in self._scales(values):
            self._look(text, remedy)
        if gone.any():
            self.keep(~gone)

    def _look(self, text: str, more: str = "") -> None:
        """Say once what the owner should look at, with the flag that decides; the library warns too."""
        self.said.append(text)
        note(f"look: {text}{more}")

    def not_said(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """Warnings of the library that were not said already."""
        return tuple(text for text in warnings if not text.startswith(tuple(self.said)))

    def _scales(self, values: Mapping[str, np.ndarray]) -> list[tuple[str, str]]:
        from meta.effects.registry import measure as look_up
        from meta.tables import audit

        entry = look_up(self.facts.measure)
        told = []
        error = next((name for name in ("vi", "sei") if name in self.facts.columns), None)
        if error is not None and error in values:
            limits = {name: x for name, x in values.items() if entry.is_standardised or name[0] != "n"}
            other = "sei" if error == "vi" else "vi"
            name = self.facts.columns[error]
            told += [
                (found.text, f" (--column {other}={name} takes it so)")
                for found in audit.spread_swapped(limits, error)
            ]
        if entry.is_log_ratio and "yi" in self.facts.columns and self.reading.scale is None:
            told += [(found.text, " (--scale ratio takes them so)") for found in audit.raw_ratios(values)]
        return told

    def _not_estimable(self) -> None:
        if "revman_estimable" not in self.columns or self.reading.drop00 is False:
            return
        estimable = np.array(
            [value is not False and value != 0 for value in self.columns["revman_estimable"]]
        )
        if estimable.all() or not estimable.any():
            return
        who = named(self.names()[~estimable])
        note(f"left out: {who}, which RevMan marks as not estimable (--keep00 keeps them)")
        self.keep(estimable)

    def effects(self) -> EffectSizes:
        """Effect sizes; with ``--skip-bad``, of the rows that are possible."""
        from meta.effects.api import effect_sizes

        while True:
            try:
                return effect_sizes(
                    self.columns,
                    measure=self.facts.measure,
                    study=self.label,
                    **{**self.facts.columns, **self.values},
                    **self.call,
                )
            except InputError as refusal:
                self._skip(refusal)

    def _skip(self, refusal: InputError) -> None:
        if not refusal.rows:
            raise refusal
        where = ""
        if self.lines is not None:
            numbers = [str(self.lines[row]) for row in refusal.rows[:20]]
            where = f" (line{'s' if len(numbers) > 1 else ''} {listing(numbers)} of the table)"
        if not self.reading.skip_bad:
            told = "it" if len(refusal.rows) == 1 else "them"
            again = InputError(f"{refusal}{where}; --skip-bad leaves {told} out")
            again.rows = refusal.rows
            raise again from None
        if len(refusal.rows) == self.k:
            raise refusal
        note(f"left out (--skip-bad): {refusal}{where}")
        keep = np.ones(self.k, dtype=bool)
        keep[list(refusal.rows)] = False
        self.keep(keep)
        self._numbers_again()

    def _numbers_again(self) -> None:
        """Columns that are numbers now that a cell of words is gone."""
        from meta.tables.cell_text import column

        for name in set(self.facts.columns.values()):
            values = self.columns[name]
            if values.dtype.kind == "O" and all(x is None or isinstance(x, str) for x in values):
                found = column(["" if x is None else x for x in values], comma=self.comma)
                if found.dtype.kind != "O":
                    self.columns[name] = found
                    self.remade.append(name)

    def preparation(self, source: str, table: FileTable) -> Preparation:
        """What was done to the file's rows, for ``--code``."""
        gone = np.setdiff1d(np.arange(len(next(iter(table.columns.values()), ()))), self.kept)
        return Preparation(
            source,
            table.outcome,
            self.reading,
            self.labels,
            tuple(gone.tolist()),
            tuple(self.blanked),
            tuple(self.remade),
            dict(self.facts.expressions),
        )

    def about_zeros(self, effects: EffectSizes) -> list[str]:
        """What was added to tables with a zero, with the studies."""
        how = effects.provenance.get("yi")
        if not isinstance(how, np.ndarray):
            return []
        touched = np.array(["added to the cells" in str(text) for text in how])
        if not touched.any():
            return []
        amount = str(how[np.argmax(touched)]).partition("; ")[2].partition(" added")[0]
        who = named(effects.study[touched])
        return [f"{amount} is added to the cells of tables with a zero: {who} (--add 0 for nothing)"]


def named(labels: np.ndarray) -> str:
    """Some labels for a note.

    >>> named(np.array(["A", "B"]))
    "'A' and 'B'"
    """
    shown = [repr(str(label)) for label in labels[:MOST_NAMED]]
    more = len(labels) - len(shown)
    return listing([*shown, *([f"{more} more"] if more > 0 else [])])


def with_variances(values: dict[str, np.ndarray], measure: str) -> dict[str, np.ndarray]:
    """Numbers by argument with effects on the model scale and their variances, for the look at rows."""
    from meta.effects.registry import measure as look_up

    scale = look_up(measure).transform
    found = dict(values)
    with np.errstate(all="ignore"):
        display = "estimate" in values
        if display and "yi" not in values:
            found["yi"] = scale.forward(values["estimate"])
        if "ci_low" in values and "ci_high" in values:
            ends = (values["ci_low"], values["ci_high"])
            low, high = (scale.forward(x) for x in ends) if display else ends
            found["model_low"], found["model_high"] = low, high
            if "vi" not in values and "sei" not in values:
                found["vi"] = ((high - low) / (2 * 1.959963984540054)) ** 2
        if "sei" in values:
            found["vi"] = values["sei"] ** 2
    return found

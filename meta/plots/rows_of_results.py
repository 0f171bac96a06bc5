"""From result objects to rows; objects are known by what they offer, so that no other room is imported."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from meta.arguments import refuse_unused
from meta.effects.intake import as_effects
from meta.errors import InputError
from meta.plots.count_rows import as_fit, as_subgroups
from meta.plots.figure_rows import NAN, Row, Table
from meta.plots.fits import (
    density_of,
    interval_ends,
    mean_size,
    prediction_ends,
    predictive_density,
    prior_of,
    scalar,
    shrunken_effects,
    subgroup_weights,
    weights_for,
)
from meta.plots.model_rows import side_by_side
from meta.plots.named_summaries import named_summaries
from meta.plots.network_forest import against_reference
from meta.plots.study_rows import columns_of, from_frame, grouped, resized, sort_rows, study_rows
from meta.plots.summary_wording import (
    heterogeneity_line,
    interval_name,
    moderator_test,
    overall_line,
    p_text,
    pooled_label,
)
from meta.results.abilities import (
    EffectTable,
    Estimated,
    Grouped,
    KindsOfEffects,
    ListsRows,
    MeanOfEffects,
    OfCounts,
    OfEffects,
    OfTreatments,
    Searched,
    Shrinking,
    WithDesign,
    WithLevel,
    WithUserWeights,
)
from meta.results.base import Result
from meta.results.protocols import is_posterior
from meta.tables.containers import as_columns, is_table

PREDICTIONS = ("bar", "line", "dist", "shade", "none")


def rows_from(
    result: Any,
    *,
    pooled: Sequence[Any] = (),
    order: Any = None,
    by: Any = None,
    prediction: str = "bar",
    show_test: bool = True,
    show_tau2: bool = True,
    leading_zero: bool = True,
) -> Table:
    """Turn a result into rows.

    Parameters
    ----------
    result : object
        What has ``forest_rows()``; or ``fits`` and ``overall`` (subgroups); or ``effects`` and ``estimate``
        (a fit); or ``yi``, ``vi``, ``study`` (effects); or a table with ``estimate``, ``ci_low`` and
        ``ci_high``; or a mapping of names to such results, drawn side by side.
    pooled : sequence
        Further fits, each shown as a summary row.
    order : str, callable or sequence of int, optional
        "effect", "precision", "study" or a column, with "-" before it for descending; a function of a row.
    by : str or array, optional
        Headings, from a column or an array.
    prediction : str
        How prediction intervals are shown; see :func:`meta.forest`.
    show_test, show_tau2, leading_zero : bool
        What the lines below a summary say.
    """
    build = _Builder(prediction, show_test, show_tau2, leading_zero)
    if isinstance(result, Grouped) and isinstance(result.overall, OfCounts):
        result = as_subgroups(result)
    elif isinstance(result, OfCounts) and isinstance(result, EffectTable):
        result = as_fit(result)
    if is_table(result) and not _holds_results(result) and not shows_intervals(result):
        result = as_effects(result)
    if isinstance(result, Mapping) and _holds_results(result):
        if by is not None:
            raise InputError("by: headings cannot be given where several models are drawn side by side")
        alone = partial(
            rows_from,
            prediction=prediction,
            show_test=show_test,
            show_tau2=show_tau2,
            leading_zero=leading_zero,
        )
        table = side_by_side(result, alone, order)
    elif is_table(result):
        refuse_unused("with a table of intervals", {"by": by})
        table = from_frame(result)
        table = replace(table, rows=tuple(sort_rows(list(table.rows), order)))
    elif isinstance(result, ListsRows):
        refuse_unused("with a result that lists its own rows", {"by": by, "order": order})
        given = result.forest_rows()
        table = given if isinstance(given, Table) else Table(tuple(given))
    elif isinstance(result, Grouped):
        refuse_unused("with subgroups, which have their own headings", {"by": by})
        table = build.subgroups(result, order)
    elif isinstance(result, EffectTable) and isinstance(result, KindsOfEffects):
        table = build.effects(result, order, by, pooled)
    elif isinstance(result, WithDesign) and isinstance(result, WithUserWeights):
        table = build.regression(result, order, by)
    elif isinstance(result, OfTreatments):
        refuse_unused("with a network, whose rows are treatments", {"by": by})
        table = against_reference(result)
        table = replace(table, rows=tuple(sort_rows(list(table.rows), order)))
    elif isinstance(result, Result) and not _has_own_rows(result):
        table = named_summaries(result, order, by, leading_zero, show_tau2)
    elif isinstance(result, MeanOfEffects):
        table = build.fit(result, order, by)
    else:
        raise InputError(
            f"a forest plot cannot be drawn from {type(result).__name__}: "
            "give effect sizes, a fit, a posterior or a table with estimate, ci_low and ci_high"
        )
    if not pooled:
        return table
    extra: list[Row] = []
    start = sum(row.kind == "pooled" for row in table.rows)
    for number, item in enumerate(pooled, start=start + 1):
        if isinstance(item, Row):
            extra.append(item if item.key else replace(item, key=_numbered("pooled", number)))
        else:
            extra += build.summary(item, number, named=len(pooled) + start > 1)
    names = {interval_name(item, mixed=True) for item in pooled if not isinstance(item, Row)}
    names |= {table.interval} if start else set()
    name = names.pop() if len(names) == 1 else "interval" if names else table.interval
    return replace(table, rows=_before_notes(table.rows, extra), interval=name)


def _has_own_rows(result: Any) -> bool:
    """Whether the builder below knows the result: a pooled mean, or a posterior with densities."""
    pooled = np.ndim(getattr(result, "weights", np.nan)) == 1 and isinstance(result, OfEffects)
    return (pooled and not isinstance(result, Searched)) or is_posterior(result)


def shows_intervals(table: Any) -> bool:
    """Whether a table holds estimates with their intervals, rather than effects with their variances."""
    names = as_columns(table).columns
    return "estimate" in names and "yi" not in names


def _holds_results(table: Any) -> bool:
    """Whether a mapping names several results to be drawn side by side, rather than columns."""
    return isinstance(table, Mapping) and any(
        isinstance(value, Estimated | OfEffects | KindsOfEffects) for value in table.values()
    )


def _before_notes(rows: tuple[Row, ...], extra: list[Row]) -> tuple[Row, ...]:
    """Put further summaries below the first, and all notes below them."""
    body = [row for row in rows if row.kind != "note" or row.key.startswith("group")]
    notes = [row for row in rows if row.kind == "note" and not row.key.startswith("group")]
    body += [row for row in extra if row.kind != "note"]
    notes += [row for row in extra if row.kind == "note"]
    return (*body, *notes)


def _numbered(key: str, number: int) -> str:
    return key if number == 1 else f"{key}-{number}"


class _Builder:
    """Builds rows with the same options throughout."""

    def __init__(self, prediction: str, show_test: bool, show_tau2: bool, leading_zero: bool) -> None:
        self.prediction = prediction
        self.show_test = show_test
        self.show_tau2 = show_tau2
        self.leading_zero = leading_zero

    def effects(self, es: Any, order: Any, by: Any, pooled: Sequence[Any] = ()) -> Table:
        level = next((fit.level for fit in pooled if isinstance(fit, WithLevel)), 0.95)
        weights = weights_for(es, pooled)
        shrunken = next((shrunken_effects(fit, es.k) for fit in pooled if isinstance(fit, Shrinking)), None)
        rows = sort_rows(study_rows(es, level, weights, shrunken), order)
        rows = grouped(rows, es, by)
        if pooled and any(row.kind == "study" for row in rows):
            rows.append(Row("gap", "", key="gap"))
        if not rows:
            rows = [Row("note", "No results to show.", key="empty")]
        columns, inputs = columns_of(es)
        return Table(tuple(rows), es.measure, columns, inputs, level)

    def fit(self, fit: Any, order: Any, by: Any) -> Table:
        es = fit.effects
        weights = getattr(fit, "weights", None)
        if weights is not None and np.ndim(weights) == 1 and len(weights) == es.k:
            weights = np.asarray(weights, dtype=float)
        else:
            weights = None
        shrunken = shrunken_effects(fit, es.k) if isinstance(fit, Shrinking) else None
        level = float(getattr(fit, "level", 0.95))
        rows = sort_rows(study_rows(es, level, weights, shrunken), order)
        rows = grouped(rows, es, by)
        if rows:
            rows.append(Row("gap", "", key="gap"))
        rows += self.summary(fit, 1)
        columns, inputs = columns_of(es)
        return Table(tuple(rows), es.measure, columns, inputs, level, interval_name(fit, mixed=True))

    def subgroups(self, found: Any, order: Any) -> Table:
        overall = found.overall
        shares = subgroup_weights(found)
        rows: list[Row] = []
        for g, (name, fit) in enumerate(found.fits.items(), start=1):
            rows.append(Row("group", str(name), key=f"group-{g}"))
            studies = study_rows(fit.effects, fit.level, shares[g - 1])
            studies = sort_rows(studies, order)
            rows += [replace(row, key=f"group-{g}-{row.key}") for row in studies]
            rows.append(
                Row(
                    "subtotal",
                    f"Subtotal (k = {fit.k})",
                    key=f"group-{g}-subtotal",
                    estimate=fit.estimate,
                    low=fit.ci_low,
                    high=fit.ci_high,
                    level=fit.level,
                    weight=float(np.sum(shares[g - 1])),
                    n=mean_size(fit),
                )
            )
            line = heterogeneity_line(fit, self.leading_zero, self.show_tau2)
            rows += [Row("note", line, key=f"group-{g}-note"), Row("gap", "", key=f"group-{g}-gap")]
        rows = resized(rows)
        rows += self.summary(overall, 1)
        rows.append(Row("note", self._between(found), key="between"))
        columns, inputs = columns_of(overall.effects)
        return Table(
            tuple(rows), overall.effects.measure, columns, inputs, overall.level, interval_name(overall)
        )

    def regression(self, fit: Any, order: Any, by: Any) -> Table:
        """Studies with what the moderators predict for them, and what is left unexplained."""
        es = fit.es  # the rows used
        frame = fit.predict()
        fitted = zip(frame["estimate"], frame["ci_low"], frame["ci_high"], strict=True)
        w = 1 / (fit.vi + fit.tau2) if fit.user_weights is None else fit.user_weights
        rows = [
            replace(row, fitted=(float(values[0]), float(values[1]), float(values[2])))
            for row, values in zip(study_rows(es, fit.level, 100 * w / w.sum()), fitted, strict=True)
        ]
        rows = grouped(sort_rows(rows, order), es, by)
        residual = heterogeneity_line(fit, self.leading_zero, self.show_tau2, "Residual ")
        rows.append(Row("note", residual, key="residual"))
        moderators = [name for name in fit.names if name.lower() not in ("intercept", "intrcpt")]
        test = f"Moderators ({', '.join(moderators)}): {moderator_test(fit, self.leading_zero)}"
        if moderators:
            rows.append(Row("note", test, key="moderators"))
        columns, inputs = columns_of(es)
        return Table(tuple(rows), es.measure, columns, inputs, fit.level)

    def _between(self, found: Any) -> str:
        q, df, p = found.q_between, found.q_between_df, found.q_between_p
        kind = found.random.kind.replace("tau2", "τ²")
        return f"Between groups: Q({df:g}) = {q:.2f}, {p_text(p, self.leading_zero)} ({kind})"

    def summary(self, fit: Any, number: int, *, named: bool = False) -> list[Row]:
        """Rows of one fit: its diamond or half-eye, its prediction interval, and what is said below."""
        level = float(getattr(fit, "level", 0.95))
        low, high = interval_ends(fit)
        density = prior = None
        if is_posterior(fit):
            density = density_of(fit, "mu")
            prior = prior_of(fit, density)
        row = Row(
            "pooled",
            pooled_label(fit),
            key=_numbered("pooled", number),
            estimate=scalar(fit.estimate),
            low=low,
            high=high,
            level=level,
            weight=100.0 if getattr(fit, "weights", None) is not None else NAN,
            density=density,
            prior=prior,
            n=mean_size(fit),
        )
        rows = self._with_prediction(row, fit, number)
        prefix = f"{'Bayesian' if is_posterior(fit) else 'Frequentist'}: " if named else ""
        lines = [heterogeneity_line(fit, self.leading_zero, self.show_tau2, prefix)]
        if self.show_test:
            lines.append(overall_line(fit, self.leading_zero))
        if isinstance(getattr(fit, "prior", None), str):
            lines.append(f"Priors: {fit.prior}".replace("mu ~", "μ ~").replace("tau ~", "τ ~"))
        rows += [
            Row("note", line, key=f"{_numbered('pooled', number)}-note-{i}")
            for i, line in enumerate(filter(None, lines), start=1)
        ]
        return rows

    def _with_prediction(self, row: Row, fit: Any, number: int) -> list[Row]:
        low, high = prediction_ends(fit) if self.prediction != "none" else (NAN, NAN)
        if not (math.isfinite(low) and math.isfinite(high)):
            return [row]
        if self.prediction in ("line", "shade"):
            words = Row(
                "prediction", "Prediction interval", key=_numbered("prediction", number), low=low, high=high
            )
            words = replace(words, n=row.n)
            return [replace(row, pi_low=low, pi_high=high), replace(words, level=row.level, marker="none")]
        density = None
        if self.prediction == "dist" or is_posterior(fit):
            density = density_of(fit, "new") if is_posterior(fit) else predictive_density(fit)
        label = "New study" if is_posterior(fit) else "Prediction interval"
        pi = Row(
            "prediction",
            label,
            key=_numbered("prediction", number),
            low=low,
            high=high,
            level=row.level,
            density=density,
            n=row.n,
        )
        return [row, pi]


def flatten(items: Iterable[Any]) -> list[Any]:
    """List of what may be one thing or several."""
    return list(items) if isinstance(items, Sequence) and not isinstance(items, str) else [items]

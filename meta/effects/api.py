"""`effect_sizes`: table columns into effect sizes, whatever the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.arguments import check_arguments
from meta.effects import checks, forms, solved, zero_cells
from meta.effects.display_scale import interval_scale, off_scale
from meta.effects.effect_size_table import EffectSizes
from meta.effects.inputs import as_floats, study_labels, take, with_labels
from meta.effects.measures.definition import Measure
from meta.effects.registry import measure as look_up
from meta.effects.row_audit import odd_rows
from meta.effects.used_columns import GENERIC, is_computed, known, needed, refuse_options
from meta.effects.vtypes import choose, variant_name
from meta.errors import DataWarning, InputError, Notes
from meta.keywords import keywords, named_elsewhere
from meta.tables import audit
from meta.tables.containers import Columns, as_columns


@dataclass(slots=True)
class _Work:
    """What the steps of :func:`effect_sizes` hand to each other."""

    measure: Measure
    study: np.ndarray
    values: dict[str, np.ndarray]
    table: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    found: solved.Solved | None = None

    @property
    def k(self) -> int:
        return len(self.study)


@keywords
def effect_sizes(
    table: Any = None,
    *,
    measure: str,
    study: Any = None,
    vtype: str | None = None,
    add: float | None = None,
    to: str | None = None,
    drop00: bool | None = None,
    correction: str | None = None,
    bias_correction: bool | None = None,
    exact: bool | None = None,
    level: float | None = None,
    df: Any = None,
    ci_scale: str | None = None,
    events1: Any = None, n1: Any = None, nonevents1: Any = None, percent1: Any = None, events2: Any = None,
    n2: Any = None, nonevents2: Any = None, percent2: Any = None, time1: Any = None, time2: Any = None,
    mean1: Any = None, sd1: Any = None, se1: Any = None, mean2: Any = None, sd2: Any = None, se2: Any = None,
    ci_low1: Any = None, ci_high1: Any = None, ci_low2: Any = None, ci_high2: Any = None, median1: Any = None,
    q1_1: Any = None, q3_1: Any = None, minimum1: Any = None, maximum1: Any = None, median2: Any = None,
    q1_2: Any = None, q3_2: Any = None, minimum2: Any = None, maximum2: Any = None, difference: Any = None,
    d: Any = None, t: Any = None, f: Any = None, eta_squared: Any = None, p: Any = None, p_signed: Any = None,
    p_below: Any = None, not_significant: Any = None, direction: Any = None, r_pb: Any = None,
    auc: Any = None, u: Any = None, both: Any = None, only1: Any = None, only2: Any = None,
    neither: Any = None, events: Any = None, nonevents: Any = None, percent: Any = None, time: Any = None,
    n: Any = None, mean: Any = None, sd: Any = None, se: Any = None, r: Any = None, mean_pre: Any = None,
    sd_pre: Any = None, mean_post: Any = None, sd_post: Any = None, mean_change: Any = None,
    sd_change: Any = None, se_change: Any = None, r2: Any = None, m: Any = None, alpha: Any = None,
    items: Any = None, yi: Any = None, vi: Any = None, sei: Any = None, estimate: Any = None,
    ci_low: Any = None, ci_high: Any = None,
) -> EffectSizes:  # fmt: skip
    """Compute effect sizes and their sampling variances.

    Parameters
    ----------
    table : DataFrame, mapping, path or None
        Anything tabular: pandas, a frame that speaks the interchange protocol, a mapping of columns, a
        CSV or Excel file. None if the columns are given as arrays.
    measure : str
        Code of the measure ("RR", "SMD", "GEN", ...); see ``docs/measures.md`` for all of them.
    study : str or array, optional
        Labels; by default a column named ``study``, a text index, or the row numbers.
    vtype : str, optional
        Variance variant; the measure's default if None.
    add, to : float and {"only0", "all", "if0all", "none"}, optional
        What is added to the cells of tables with a zero (0.5), and to which tables ("only0").
    drop00 : bool, optional
        Whether tables without events, or with nothing but events, in both arms lose their effect (False).
    correction : {"constant", "treatment-arm"}, optional
        Whether the same is added to both arms ("constant") or in proportion to their sizes.
    bias_correction : bool, optional
        For ROM, CVR and ROMC: the second-order correction of the ratio of means (True).
    exact : bool, optional
        For standardised differences: Hedges's exact factor (True) rather than its approximation.
    level, df, ci_scale
        For computed effects with ``ci_low`` and ``ci_high``: the interval's level (0.95); its degrees of
        freedom (number, column or array; None for a normal interval); "model" (default beside ``yi``),
        "display" (default beside ``estimate``), or "ratio" for intervals of ratios.
    events1, n1, nonevents1, percent1, events2, n2, nonevents2, percent2, time1, time2 : str or array_like
        The design's columns, as column names or arrays (``events1="tpos"``, ``n1=[12, 40]``, ...); if
        none are given, the columns of the table that carry the arguments' names. Columns of other designs
        are ignored. Group 1 is the treated.
    mean1, sd1, se1, ci_low1, ci_high1, mean2, sd2, se2, ci_low2, ci_high2 : str or array_like
        Two groups' means, each row with what was printed beside them.
    median1, q1_1, q3_1, minimum1, maximum1, median2, q1_2, q3_2, minimum2, maximum2 : str or array_like
        Two groups' medians, where a row has no mean.
    difference, d, t, f, eta_squared, p, p_signed, p_below, not_significant : str or array_like
        What a paper printed of the comparison instead; each row is solved by its own facts, as
        :func:`meta.solve` does. Without a negative p in its column, a ``p`` has no sign: means or
        ``direction`` ("higher", "lower") give it, or else two values are possible. ``p_below`` (0.01
        for "p < 0.01") and ``not_significant`` (True or the threshold) give bounds.
    direction, r_pb, auc, u : str or array_like
        More of the same.
    events, nonevents, percent, time, n, mean, sd, se, alpha, items, r, r2, m : str or array_like
        One group's.
    mean_pre, sd_pre, mean_post, sd_post, mean_change, sd_change, se_change : str or array_like
        Of one group before and after.
    both, only1, only2, neither : str or array_like
        Matched pairs by which of the two had the event.
    yi, vi, sei, estimate, ci_low, ci_high : str or array_like
        Computed effects: on the model scale, or ``estimate`` with its interval on the display scale.

    An option that the measure has no use for is refused (see the column "options" of ``docs/measures.md``).

    Returns
    -------
    EffectSizes
        One row per study, in the caller's order; rows without an effect have kind "none".

    Raises
    ------
    InputError
        If something cannot be used; the sentence names the column, the study, the value and the remedy.
    UnknownOptionError
        If the measure or an option does not exist.

    Warns
    -----
    DataWarning
        For values that are missing or look like mistakes; kept in ``warnings`` of the result.

    Examples
    --------
    >>> es = effect_sizes(measure="RR", events1=[4, 6], n1=[123, 306], events2=[11, 29], n2=[139, 303])
    >>> es.yi.round(4).tolist(), es.vi.round(4).tolist()
    ([-0.8893, -1.5854], [0.3256, 0.1946])
    >>> effect_sizes(measure="HR", estimate=[0.8], ci_low=[0.64], ci_high=[1.0]).sei.round(4).tolist()
    [0.1139]
    """
    arguments = locals()
    check_arguments(effect_sizes, arguments)
    entry = look_up(measure)
    choose(entry, vtype)
    source = as_columns(table)
    columns = {name: arguments[name] for name in COLUMNS if arguments[name] is not None}
    if source.k == 0:
        raise InputError("the table has no rows: give at least one study")
    columns = columns or _namesakes(entry, source)
    source = with_labels(source, [*columns.values(), study])
    own = _own_columns(source, columns)
    k = own.k or 0
    work = _Work(entry, study_labels(source, study, k), {}, tuple(source.columns))
    taken = needed(entry, columns)
    work.values = {name: _column(source, name, value, work, k) for name, value in taken.items()}
    reading = {"level": level, "df": df, "ci_scale": ci_scale}
    rule = {"add": add, "to": to, "drop00": drop00, "correction": correction}
    formula = {"exact": exact, "bias_correction": bias_correction}
    refuse_options(entry, columns, {"vtype": vtype} | rule | formula, reading)
    if is_computed(entry, columns):
        dfs = None if df is None else _column(source, "df", df, work, k)
        variant = _computed(work, level=0.95 if level is None else level, df=dfs, ci_scale=ci_scale)
        yi, vi = work.values["yi"], work.values["vi"]
    else:
        chosen = choose(entry, vtype)
        rule = zero_cells.complete(rule)
        options = {name: value is None or value for name, value in formula.items()}
        yi, vi = _from_design(work, vtype=chosen, rule=rule, options=options)
        variant = variant_name(entry, chosen, **options)
        work.provenance["vi"] = variant or "large-sample variance"
    if table is not None and k <= audit.MOST_LABELS:
        computed = list(taken) if is_computed(entry, columns) else []
        work.messages += odd_rows(entry, work.study, work.values, own.columns, computed)
    notes = Notes()
    for message in work.messages:
        notes.warn(message, DataWarning)
    usable = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    kind = np.full(k, "exact", dtype=object)
    kind[~usable] = "none"
    return EffectSizes(
        yi=yi,
        vi=vi,
        measure=measure,
        study=work.study,
        kind=kind,
        **solved.bounds_and_mixtures(work.found, kind),
        columns=own.columns,
        index=own.index,
        provenance=work.provenance,
        warnings=notes.messages,
        variant=variant,
        inputs={name: values for name, values in work.values.items() if not name.startswith("model_")},
    )


_ARGUMENTS = [name for name in effect_sizes.__annotations__ if name != "return"]
COLUMNS = tuple(_ARGUMENTS[_ARGUMENTS.index("ci_scale") + 1 :])
"""The arguments that are columns of some design: all behind the options."""


def _namesakes(entry: Measure, source: Columns) -> dict[str, str]:
    """Columns of the table that already carry the names of the arguments, if none were named."""
    if all(name in source for name in entry.columns):
        lacking = any(solved.has_gaps(source.columns[name]) for name in entry.columns)
        names = known(entry) if lacking else entry.columns
        return {name: name for name in names if name in source}
    names = GENERIC if entry.design == "generic" else known(entry)
    return {name: name for name in names if name in source}


def _own_columns(source: Columns, columns: Mapping[str, Any]) -> Columns:
    """The caller's table, with the arrays that were given beside it, and the number of rows."""
    own, k = dict(source.columns), source.k
    arrays = {
        name: take(source, name, value) for name, value in columns.items() if not isinstance(value, str)
    }
    for name, values in arrays.items():
        if np.ndim(values) > 1:
            raise InputError(f"{name} must be a single column: it has shape {np.shape(values)}")
        if np.ndim(values) == 1 and k is not None and len(values) != k:
            raise InputError(f"{name} must have one value per row: it has {len(values)}, the others {k}")
        k = len(values) if np.ndim(values) == 1 and k is None else k
    k = k if k is not None or not arrays else 1
    for name, values in arrays.items():
        if name not in own:
            own[name] = values if np.ndim(values) == 1 else np.repeat(values, k or 0)
    return Columns(own, source.index, k, source.repeated)


def _column(source: Columns, name: str, value: Any, work: _Work, k: int) -> np.ndarray:
    values = take(source, name, value)
    if np.ndim(values) == 0:
        values = np.repeat(np.asarray(values), k)
    if len(values) != k:
        raise InputError(f"{name} must have one value per row: it has {len(values)}, the others {k}")
    return (solved.in_words if name in solved.IN_WORDS else as_floats)(values, name, work.study)


def _refuse_incomplete(work: _Work, rules: tuple[forms.Rule, ...], columns: tuple[str, ...]) -> None:
    lacking = [name for name in columns if name not in work.values]
    if not lacking:
        return
    wanted = dict.fromkeys([*columns, *(name for rule in rules for name in rule.needs)])
    ways = [
        f"{name} (or {' '.join(rule.needs)})" if (rule := _rule_for(name, rules)) else name
        for name in lacking
    ]
    raise InputError(
        f"measure {work.measure.code!r} needs {' '.join(columns)}; "
        f"give {', '.join(ways)} as column names or arrays{named_elsewhere(work.table, wanted)}"
    )


def _rule_for(name: str, rules: tuple[forms.Rule, ...]) -> forms.Rule | None:
    return next((rule for rule in rules if name in rule.gives and "model_low" not in rule.needs), None)


def _refuse_bad_input(work: _Work) -> None:
    checks.refuse(
        [*checks.impossible(work.values, work.study), *checks.excess_events(work.values, work.study)]
    )


def _from_design(
    work: _Work, *, vtype: str | None, rule: dict[str, Any], options: dict[str, bool]
) -> tuple[np.ndarray, np.ndarray]:
    entry = work.measure
    rules = forms.FORMS[entry.design]
    _refuse_bad_input(work)
    work.messages += checks.fractional_counts(work.values, work.study)
    work.messages += checks.percentages_that_do_not_fit(work.values, work.study)
    given = work.values
    work.values, recovered = forms.fill(given, rules, work.k)
    work.provenance |= recovered
    work.found = solved.solve_lacking(entry, given, work.values, work.k, vtype=vtype, options=options)
    work.values = solved.with_solved(work.found, work.values, work.k)
    _refuse_incomplete(work, rules, entry.columns)
    _refuse_bad_input(work)
    work.messages += checks.sizes_that_do_not_add_up(work.values, work.study)
    work.messages += solved.over_determined(entry, given, work.study, options)
    work.messages += solved.about_solved(work.found, entry, work.values, work.study)
    if entry.design == "semi-partial correlation":
        work.messages += checks.more_than_the_model(work.values, work.study)
    if entry.design == "matched margins":
        work.messages += checks.unequal_pairs(work.values, work.study)
    arguments = {name: work.values[name] for name in entry.columns}
    source = f"{entry.code} of {', '.join(entry.columns)}"
    if entry.zero_cells:
        adjusted = zero_cells.adjust(entry.design, arguments, **rule)
        arguments = adjusted.values
        work.provenance["yi"] = _with_correction(source, adjusted, rule)
        work.messages += checks.each(
            adjusted.dropped,
            lambda row: f"no effect for study {work.study[row]!r}: double-zero table left out (drop00)",
            "double-zero table left out",
        )
        work.messages += checks.double_zeros(adjusted.double & adjusted.touched, _amount(rule), work.study)
    else:
        work.provenance["yi"] = solved.said_of(work.found, source, work.k)
    keywords: dict[str, Any] = {name: options[name] for name in entry.options}
    if vtype is not None:
        keywords["vtype"] = vtype
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = entry.function(*(arguments[name] for name in entry.columns), **keywords)
    yi, vi = solved.with_direct(work.found, result.yi, result.vi)
    both = np.isfinite(yi) & np.isfinite(vi)
    if not both.all():
        yi, vi = (
            np.where(both, yi, np.nan),
            np.where(both | solved.half_known(work.found, work.k), vi, np.nan),
        )
    _check_results(work, arguments, yi, vi)
    return yi, vi


def _amount(rule: Mapping[str, Any]) -> str:
    return f"{rule['add']:g}" if rule["correction"] == "constant" else "a treatment-arm correction"


def _with_correction(source: str, adjusted: zero_cells.Adjusted, rule: dict[str, Any]) -> Any:
    if not adjusted.touched.any():
        return source
    out = np.full(len(adjusted.touched), source, dtype=object)
    out[adjusted.touched] = f"{source}; {_amount(rule)} added to the cells (to={rule['to']!r})"
    return out


def _check_results(work: _Work, arguments: Mapping[str, np.ndarray], yi: np.ndarray, vi: np.ndarray) -> None:
    measure, code = work.measure, work.measure.code
    if measure.is_standardised and not measure.is_of_events:  # the hint is about standard deviations
        work.messages += checks.large_effects(yi, work.study)
    if measure.logs_of_means:
        work.messages += checks.opposite_signs(arguments, work.study)
    complete = np.ones(work.k, dtype=bool)
    for x in arguments.values():
        complete &= ~np.isnan(x)
    unusable = complete & ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    if measure.logs_of_means:
        unusable &= ~np.isnan(yi)
    work.messages += checks.each(
        unusable,
        lambda row: (
            f"no effect for study {work.study[row]!r}: {code} gives yi = {yi[row]:.4g} with variance "
            f"{vi[row]:.4g} for {', '.join(f'{n} = {checks.show(x[row])}' for n, x in arguments.items())} "
            "(kept as a row of kind 'none')"
        ),
        "no effect can be computed",
    )


def _computed(work: _Work, *, level: float, df: np.ndarray | None, ci_scale: str | None) -> str:
    """Complete ``yi`` and ``vi`` of effects that were already computed; return the variant's name."""
    if df is not None and np.any(df <= 0):
        row = int(np.argmax(df <= 0))
        raise InputError(
            f"df must be > 0: study {work.study[row]!r} has df = {checks.show(df[row])}; "
            "leave it empty for a normal interval"
        )
    scale, on_model = interval_scale(work.measure, work.values, ci_scale)
    values = work.values
    problems = checks.impossible(values, work.study)
    if "ci_low" in values and "ci_high" in values:
        problems += checks.reversed_intervals(values["ci_low"], values["ci_high"], work.study)
        if not on_model:
            problems += off_scale(work.measure.code, values, work.study, scale)
    checks.refuse(problems)
    if "ci_low" in values and "ci_high" in values:
        low, high = values["ci_low"], values["ci_high"]
        if not on_model:
            with np.errstate(divide="ignore", invalid="ignore"):
                low, high = np.sort(np.stack([scale.forward(low), scale.forward(high)]), axis=0)
        values |= {"model_low": low, "model_high": high}
    rules = forms.generic_rules(scale, "model" if on_model else ci_scale, level, df)
    work.values, recovered = forms.fill(values, rules, work.k)
    work.provenance |= {"yi": "as given", "vi": "as given"}
    for name, how in recovered.items():
        work.provenance[name] = np.where(how == "", work.provenance.get(name, "as given"), how)
    _refuse_incomplete(work, rules, ("yi", "vi"))
    checks.refuse_impossible({"vi": work.values["vi"]}, work.study)
    work.messages += checks.missing_values(work.values, ("yi", "vi"), work.study)
    if "model_low" in work.values:
        work.messages += checks.doubtful_intervals(
            work.values["yi"], work.values["model_low"], work.values["model_high"], work.study
        )
    if work.measure.is_standardised and not work.measure.is_of_events:
        work.messages += checks.large_effects(work.values["yi"], work.study)
    return "as reported"

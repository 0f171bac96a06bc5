"""The one way in: whatever a caller has (effect sizes, a fit, a table, arrays) as `EffectSizes`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from meta.effects import checks
from meta.effects.double_precision import LARGEST, check_carried
from meta.effects.effect_size_table import EffectSizes
from meta.effects.inputs import as_floats, study_labels, take, with_labels
from meta.effects.registry import measure as look_up
from meta.errors import AssumptionWarning, DataWarning, InputError, Notes
from meta.formatting import listing, shown
from meta.keywords import named_elsewhere
from meta.tables.containers import Columns, as_columns, is_table, one_column
from meta.tables.labels import align

ROUNDING = 0.02
"""Relative difference between a table's ``vi`` and ``sei`` squared that rounding of printed values explains:
0.14 printed for 0.1414 is 1 % off, and so 2 % when squared."""


def as_effects(
    data: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
) -> EffectSizes:
    """Effect sizes from what a caller has; every public function that takes effects goes through here.

    Parameters
    ----------
    data : EffectSizes, fit or table, optional
        Effect sizes; a fit, whose own effects are taken; or a table of any kind that
        :func:`meta.tables.containers.as_columns` reads. Of a table, ``yi`` and ``vi`` (or ``sei``) are the
        columns of these names unless others are named.
    yi, vi, sei : array_like or str, optional
        Effects, and their sampling variances or standard errors, as arrays (k,) or names of columns.
    study : array_like, str or list of str, optional
        Labels: an array, a column, or several columns to be joined.
    measure : str, optional
        Code of the measure of ``yi``; "GEN" without.

    Returns
    -------
    EffectSizes
        Rows in the caller's order. A row that lacks its effect or its variance has kind "none".

    Raises
    ------
    InputError
        If the data cannot be used; all impossible rows are named in one sentence.

    Examples
    --------
    >>> as_effects(yi=[0.1, 0.3], sei=[0.1, 0.2]).vi.round(2).tolist()
    [0.01, 0.04]
    >>> as_effects({"d": [0.1], "se": [0.2], "trial": ["Reno 2022"]}, yi="d", sei="se", study="trial").study
    array(['Reno 2022'], dtype=object)
    """
    effects = _own_effects(data)
    if effects is None:
        return _from_columns(data, yi, vi, sei, study, measure)
    if yi is not None or vi is not None or sei is not None:
        raise InputError("give either effect sizes or yi= and vi=, not both")
    if study is not None:
        columns = Columns(dict(effects.columns), effects.index, effects.k)
        effects = replace(effects, study=study_labels(columns, study, effects.k))
    if measure is not None and measure != effects.measure:
        if effects.measure != "GEN":
            raise InputError(
                f"measure={measure!r} contradicts the effect sizes, which are {effects.measure}; leave it out"
            )
        effects = replace(effects, measure=look_up(measure).code)
    check_carried(effects)
    return effects


def data_of(
    data: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
) -> Any:
    """What functions take that accept fits too: a fit or other result as it is, all else as `EffectSizes`.

    >>> data_of(yi=[0.1], vi=[0.2]).k
    1
    """
    nothing = yi is None and vi is None and sei is None and study is None and measure is None
    fit = data is not None and not isinstance(data, EffectSizes)
    if nothing and fit and (not is_table(data) or _holds_results(data)):
        return data
    return as_effects(data, yi=yi, vi=vi, sei=sei, study=study, measure=measure)


def raw_columns(data: Any) -> Columns:
    """The columns of a table, or those that effect sizes (or a fit's) hold and were computed from.

    >>> es = EffectSizes([0.1], [1.0], "OR", ["A"], inputs={"events1": np.array([4.0])})
    >>> list(raw_columns(es).columns)
    ['events1', 'study']
    """
    effects = None if is_table(data) else _own_effects(data)
    if effects is None:
        return as_columns(data)
    own = {**effects.columns, **effects.inputs, "study": effects.study}
    return Columns(own, effects.index, effects.k)


def _holds_results(data: Any) -> bool:
    """Whether it is a mapping of names to fits, to be shown together, rather than to columns; or empty."""
    if not isinstance(data, Mapping):
        return False
    return not data or any(hasattr(value, "estimate") for value in data.values())


def _own_effects(data: Any) -> EffectSizes | None:
    """Effect sizes that are given as such or that a fit holds; None for anything else."""
    if isinstance(data, EffectSizes) or data is None:
        return data
    for name in ("effects", "es"):
        held = getattr(type(data), "__dataclass_fields__", {}).get(name)
        if held is not None:
            found = getattr(data, name)
            return found if isinstance(found, EffectSizes) else None
    found = getattr(data, "effects", None) if not is_table(data) else None
    return found if isinstance(found, EffectSizes) else None


def _from_columns(data: Any, yi: Any, vi: Any, sei: Any, study: Any, measure: str | None) -> EffectSizes:
    code = "GEN" if measure is None else look_up(measure).code
    if data is not None and not is_table(data):
        raise InputError(
            f"the data must be effect sizes, a fit or a table, not {shown(data)}; "
            "arrays are given as yi= and vi= (or sei=)"
        )
    table = with_labels(as_columns(data), (yi, vi, sei, study))
    if data is not None and yi is None:
        yi, vi, sei = _namesakes(table, vi, sei)
    if yi is None or (vi is None) == (sei is None):
        raise InputError("give yi= and exactly one of vi= and sei=, as arrays or as names of columns")
    name, spread = ("vi", vi) if sei is None else ("sei", sei)
    columns = {"yi": take(table, "yi", yi), name: take(table, name, spread)}
    for argument, values in columns.items():
        if np.ndim(values) != 1:
            raise InputError(f"{argument} must be one-dimensional, not of shape {np.shape(values)}")
    k = len(columns["yi"])
    if len(columns[name]) != k or (table.k is not None and table.k != k):
        sizes = dict.fromkeys((k, len(columns[name]), table.k or k))
        raise InputError(f"yi and {name} must have the same length: {listing(sizes)}")
    labels = study_labels(table, study, k)
    values = {argument: as_floats(found, argument, labels) for argument, found in columns.items()}
    if np.any(values[name] <= 0):
        checks.refuse_impossible({name: values[name]}, labels)
    own = {} if data is None else table.columns
    found = EffectSizes(
        yi=values["yi"],
        vi=values["vi"] if sei is None else values["sei"] ** 2,
        measure=code,
        study=labels,
        columns=own,
        index=table.index,
    )
    check_carried(found)
    return found


def _namesakes(table: Columns, vi: Any, sei: Any) -> tuple[Any, Any, Any]:
    """The columns yi and vi or sei of a table that names none; both spreads must say the same."""
    if "yi" not in table:
        meant = named_elsewhere(table.columns, ("yi", "vi", "sei", "study"))
        raise InputError(
            "the table has no column 'yi': name the columns of the effects, yi= with vi= or sei=, or make "
            f"effect sizes with meta.effect_sizes{meant}"
        )
    if vi is None and sei is None:
        if "vi" in table and "sei" in table:
            _refuse_disagreeing(table)
        vi = "vi" if "vi" in table else None
        sei = "sei" if vi is None and "sei" in table else None
        if vi is None and sei is None:
            raise InputError(
                "the table has neither a column 'vi' nor 'sei': name that of the variances, vi=, or of the "
                "standard errors, sei="
            )
    return "yi", vi, sei


def _refuse_disagreeing(table: Columns) -> None:
    labels = study_labels(table, None, table.k or 0)
    v = as_floats(take(table, "vi", "vi"), "vi", labels)
    s = as_floats(take(table, "sei", "sei"), "sei", labels)
    bad = np.flatnonzero(np.abs(v - s**2) > ROUNDING * np.maximum(v, s**2))
    if bad.size:
        row = int(bad[0])
        raise InputError(
            f"the columns vi and sei disagree: study {str(labels[row])!r} has vi = {v[row]:g} and "
            f"sei = {s[row]:g}; say which one holds, vi='vi' or sei='sei'"
        )


def column(effects: EffectSizes, values: Any, what: str) -> Any:
    """A column of the effects by name, or given values in their order: one for each row.

    ``study`` is the label, ``yi vi sei`` are the effects' own, ``effect`` numbers the rows where there is no
    column of that name; else the caller's columns and what the effects were computed from.

    >>> es = as_effects({"yi": [0.1, 0.2], "vi": [1, 1], "form": ["oxide", "citrate"]})
    >>> column(es, "form", "by").tolist(), column(es, [1, 2], "by").tolist()
    (['oxide', 'citrate'], [1, 2])
    """
    if not isinstance(values, str):
        found = one_column(align(values, effects.index, what, k=effects.k), what)
        if np.shape(found) != (effects.k,):
            raise InputError(
                f"{what} must have one value for each of the {effects.k} rows, not the shape "
                f"{np.shape(found)}"
            )
        if getattr(found, "dtype", None) is not None and getattr(found.dtype, "kind", "") == "c":
            raise InputError(f"{what} must be numbers or labels, not complex numbers")
        return found
    if values in ("study", "yi", "vi", "sei"):
        return getattr(effects, values)
    for source in (effects.columns, effects.inputs):
        if values in source:
            return source[values]
    if values == "effect":
        return np.arange(effects.k)
    offered = ["study", *map(str, effects.columns), *effects.inputs]
    near = get_close_matches(values, offered, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the columns are: {', '.join(dict.fromkeys(offered))}"
    raise InputError(f"{what}: no column {values!r}; {hint}")


def numbers(effects: EffectSizes, values: Any, what: str) -> np.ndarray:
    """A numeric column of the effects, by name or given, (k,); missing values are NaN.

    >>> numbers(as_effects(yi=[0.1, 0.2], vi=[1, 1]), [10, None], "n").tolist()
    [10.0, nan]
    """
    return as_floats(column(effects, values, what), what, effects.study)


def weights_of(effects: EffectSizes, values: Any) -> np.ndarray | None:
    """User weights of the rows, by column or given, (k,); None without.

    >>> weights_of(as_effects(yi=[0.1, 0.2], vi=[1, 1]), [1, -1])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: weights must be >= 0 and no more than 1e+50: study '2' has -1
    """
    if values is None:
        return None
    given = numbers(effects, values, "weights")
    check_weights(given, effects.study)
    return given


def check_weights(given: np.ndarray, study: np.ndarray) -> None:
    """Refuse weights that are negative, missing, too large, or all 0."""
    bad = np.flatnonzero(~(given >= 0) | (given > LARGEST))
    if bad.size:
        told = listing(f"study {str(study[row])!r} has {given[row]:g}" for row in bad[:8])
        raise InputError(f"weights must be >= 0 and no more than {LARGEST:g}: {told}")
    if not given.sum() > 0:
        raise InputError("weights are all 0: give at least one positive weight")


def covariances(effects: EffectSizes, values: Any, what: str = "V") -> np.ndarray:
    """A matrix with a row and a column for each effect, (k, k); a labelled frame is aligned both ways.

    >>> covariances(as_effects(yi=[0.1, 0.2], vi=[1, 1]), [[1, 0.5], [0.5, 1]]).shape
    (2, 2)
    """
    from meta.arguments import floats

    if hasattr(values, "iloc") and hasattr(values, "columns"):
        values = align(values, effects.index, what, k=effects.k)
        values = align(values.T, effects.index, what, k=effects.k).T
    found = floats(values, what)
    if found.shape != (effects.k, effects.k):
        raise InputError(f"{what} must be a symmetric {effects.k} x {effects.k} matrix, got {found.shape}")
    return found


def informative(effects: EffectSizes, notes: Notes) -> EffectSizes:
    """The rows with an effect, a bound or a mixture; those that have nothing are named in a warning.

    Rows of study files that have nothing to compute with say why in their column ``reason``, and are listed
    beside every result; they need no warning.
    """
    keep = effects.informative
    if keep.all():
        return effects
    explained = np.array([bool(x) for x in effects.columns.get("reason", np.zeros(effects.k))], dtype=bool)
    gone = [repr(str(label)) for label in effects.study[~keep & ~explained]]
    if gone and keep.any():
        told = listing(gone if len(gone) <= 6 else [*gone[:5], f"{len(gone) - 5} others"])
        notes.warn(f"{len(gone)} of {effects.k} rows have no effect and are left out: {told}", DataWarning)
    return effects.subset(keep)


def usable(effects: EffectSizes, notes: Notes) -> tuple[EffectSizes, np.ndarray]:
    """The rows with a known effect, and which they are (k,); those left out are named in a warning."""
    keep = effects.exact & np.isfinite(effects.yi) & np.isfinite(effects.vi)
    if not keep.all():
        labels = [f"'{label}'" for label in effects.study[~keep]]
        told = listing(labels if len(labels) <= 6 else [*labels[:5], f"{len(labels) - 5} others"])
        notes.warn(
            f"{len(labels)} of {effects.k} rows have no exactly known effect and are left out: {told}",
            DataWarning,
        )
        effects = effects.subset(keep)
    if effects.k == 0:
        raise InputError("no study to pool: no row has both an effect and a variance")
    if effects.covariance is not None and np.any(effects.covariance != np.diag(np.diag(effects.covariance))):
        notes.warn(
            "some effects are correlated, but pool treats them as independent: use pool_multilevel for them",
            AssumptionWarning,
        )
    return effects, keep

"""Groups of effects: clusters, levels and subgroups, by labels that are known for every row."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes, take_rows
from meta.effects.intake import column
from meta.errors import InputError
from meta.formatting import listing
from meta.tables.containers import missing


def grouping(effects: EffectSizes, values: Any, what: str, rows: np.ndarray | None = None) -> np.ndarray:
    """Labels of groups as text, one for each row (of the mask ``rows``); a row without one is refused.

    >>> from meta.effects.intake import as_effects
    >>> grouping(as_effects(yi=[0.1, 0.2], vi=[1, 1]), ["a", None], "cluster")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: cluster must be known for every row: study '2' has none; ...
    """
    at = np.arange(effects.k) if rows is None else np.flatnonzero(rows)
    found = take_rows(column(effects, values, what), at)
    gaps = [str(effects.study[at[i]]) for i, x in enumerate(found) if missing(x)]
    if gaps:
        told = listing(map(repr, gaps[:8]))
        raise InputError(
            f"{what} must be known for every row: study {told} has none; fill it in, or drop the row"
        )
    return np.array([_label(x) for x in found], dtype=object)


def _label(x: Any) -> str:
    """Text of a label; 3.0 is the same as 3, as a column of numbers becomes floats where a cell is empty."""
    return str(int(x)) if isinstance(x, (float, np.floating)) and float(x).is_integer() else str(x)


def levels_in_order(effects: EffectSizes, values: Any, what: str) -> tuple[list[Any], np.ndarray]:
    """The different values of a column in the order of their own type, and the number of each row's, (k,).

    Categories keep their order, numbers and dates are sorted as such, text by the alphabet. A row without a
    value is refused.

    >>> from meta.effects.intake import as_effects
    >>> es = as_effects(yi=[0.1, 0.2, 0.3], vi=[1, 1, 1])
    >>> levels_in_order(es, [10, 9, 10], "week")[0]
    [9, 10]
    """
    grouping(effects, values, what)
    found = column(effects, values, what)
    if hasattr(found, "categories"):
        present = set(found)
        names = [level for level in found.categories if level in present]
    else:
        different = set(np.asarray(found).tolist())
        mixed = any(isinstance(x, str) for x in different) and not all(isinstance(x, str) for x in different)
        names = sorted(different, key=str) if mixed else sorted(different)
    place = {name: i for i, name in enumerate(names)}
    return names, np.array([place[x] for x in np.asarray(found).tolist()], dtype=int)


def present_levels(values: Any, texts: list[str]) -> list[str]:
    """Names of groups in the order to show them: that of the categories, else of first appearance.

    >>> present_levels(["b", "a", "b"], ["b", "a", "b"])
    ['b', 'a']
    """
    first = dict.fromkeys(texts)
    if not hasattr(values, "categories"):
        return list(first)
    ordered = [str(level) for level in values.categories if str(level) in first]
    return [*ordered, *(name for name in first if name not in ordered)]


def clusters_of(effects: EffectSizes, cluster: Any) -> np.ndarray:
    """Labels of clusters (k,); without ``cluster`` every row is its own, if the study labels are unique.

    Rows are told apart by their identity, and a label is only a label: two trials of one author are not one
    cluster because both are called "Reno". Which of the two is meant, the caller has to say.

    >>> from meta.effects.intake import as_effects
    >>> es = as_effects(yi=[0.1, 0.2], vi=[1, 1], study=["Reno", "Reno"])
    >>> clusters_of(es, "study").tolist(), clusters_of(es, "effect").tolist()
    (['Reno', 'Reno'], ['0', '1'])
    """
    if cluster is not None:
        return grouping(effects, cluster, "cluster")
    labels, counts = np.unique(effects.study.astype(str), return_counts=True)
    if counts.max(initial=1) > 1:
        name, count = labels[np.argmax(counts)], counts.max()
        raise InputError(
            f"{count} rows are called {str(name)!r}: give cluster='study' if rows of one label belong "
            "together, or cluster='effect' if every row is a study of its own"
        )
    return grouping(effects, "effect", "cluster")


def numbered(labels: np.ndarray) -> np.ndarray:
    """Numbers of groups in the order of their first appearance, (k,).

    >>> numbered(np.array(["b", "a", "b"], dtype=object)).tolist()
    [0, 1, 0]
    """
    place = {label: i for i, label in enumerate(dict.fromkeys(labels.tolist()))}
    return np.array([place[label] for label in labels.tolist()], dtype=int)

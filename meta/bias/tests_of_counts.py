"""Tests for small-study effects in 2x2 tables: an odds ratio and its standard error are correlated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_direction
from meta.bias.common import caution_few
from meta.bias.egger_regression import RegressionTest, adjusted, regression_test
from meta.effects.api import effect_sizes
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import raw_columns
from meta.errors import DataWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing
from meta.keywords import keywords
from meta.tables.containers import is_table


@dataclass(frozen=True, slots=True)
class Tables:
    """2x2 tables with their log odds ratios; every array has shape (k,).

    Attributes
    ----------
    a, b, c, d : ndarray
        Events and non-events of group 1, events and non-events of group 2; no zero-cell correction.
    yi, vi : ndarray
        Log odds ratio and variance, with 1/2 added to all cells of a table with a zero.
    study : ndarray of object
        Labels.
    others : ndarray of shape (k, m) or None
        Columns to adjust for.
    effects : EffectSizes
        The same log odds ratios with all that is known of their rows.
    """

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray
    yi: np.ndarray
    vi: np.ndarray
    study: np.ndarray
    others: np.ndarray | None = None
    effects: EffectSizes | None = None

    @property
    def n1(self) -> np.ndarray:
        """Size of group 1."""
        return self.a + self.b

    @property
    def n2(self) -> np.ndarray:
        """Size of group 2."""
        return self.c + self.d

    @property
    def total(self) -> np.ndarray:
        """Size of the study."""
        return self.n1 + self.n2


def read_tables(
    table: Any,
    columns: dict[str, Any],
    notes: Notes,
    *,
    what: str,
    margins: bool,
    moderators: Any = None,
) -> Tables:
    """Read 2x2 tables; with ``margins``, leave out those without any event or without any non-event."""
    source = raw_columns(table)
    if not columns.keys() & set(_COUNTS) and not is_table(table):
        names = ("events1", "n1", "events2", "n2")
        lacking = [name for name in names if name not in source]
        if lacking:
            raise InputError(
                f"{what} needs 2x2 tables, but these effects were not computed from any: "
                f"{listing(lacking)} are missing"
            )
        columns = {name: name for name in names} | columns
    es = effect_sizes(source, measure="OR", **columns)
    counts = {name: np.asarray(es.inputs[name], dtype=float) for name in ("events1", "n1", "events2", "n2")}
    a, c = counts["events1"], counts["events2"]
    b, d = counts["n1"] - a, counts["n2"] - c
    keep = es.exact.copy()
    if not keep.all():
        left = listing([f"'{label}'" for label in es.study[~keep]])
        notes.warn(f"{what} leaves out tables without counts: {left}", DataWarning)
    if margins:
        empty = keep & ((a + c == 0) | (b + d == 0))
        if empty.any():
            left = listing([f"'{label}'" for label in es.study[empty]])
            notes.warn(
                f"{what} leaves out tables in which nobody or everybody had an event: {left}",
                DataWarning,
            )
        keep = keep & ~empty
    others = None
    if moderators is not None:
        rows, others = adjusted(es.subset(keep), moderators, notes)
        keep[np.flatnonzero(keep)[~rows]] = False
    used = es.subset(keep)
    found = Tables(a[keep], b[keep], c[keep], d[keep], used.yi, used.vi, used.study, others, used)
    if len(found.a) < 3:
        raise NotEstimableError(f"{what} needs at least 3 studies, but there are {len(found.a)}")
    caution_few(len(found.a), notes, what)
    return found


_COUNTS = ("events1", "n1", "nonevents1", "percent1", "events2", "n2", "nonevents2", "percent2", "n")


def _columns(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that name or hold columns, as far as they were given."""
    return {name: arguments[name] for name in ("study", *_COUNTS) if arguments[name] is not None}


@keywords
def harbord(
    table: Any,
    *,
    direction: str = "two-sided",
    moderators: Any = None,
    level: float = 0.95,
    study: Any = None,
    events1: Any = None,
    n1: Any = None,
    nonevents1: Any = None,
    percent1: Any = None,
    events2: Any = None,
    n2: Any = None,
    nonevents2: Any = None,
    percent2: Any = None,
    n: Any = None,
) -> RegressionTest:
    """Harbord's test: the score of the log odds ratio against its information.

    With ``Z = a - (a + c) n1 / N`` and ``V = n1 n2 (a + c)(b + d) / (N^2 (N - 1))``, Z / V is regressed on
    1 / sqrt(V) with weights V. Needs no correction for zero cells.

    Parameters
    ----------
    table : table, EffectSizes or fit
        Rows with 2x2 tables; effect sizes that were computed from tables carry them.
    direction : {"two-sided", "greater", "less"}
        "greater" tests whether less precise studies show larger odds ratios.
    moderators : str or array_like, optional
        A formula over the caller's columns, or columns, to adjust for.
    level : float
        Of the interval of the limit estimate.
    study : str or array_like, optional
        Labels.
    events1, n1, nonevents1, percent1, events2, n2, nonevents2, percent2, n : str or array_like, optional
        The counts, as names of columns or arrays; any form that :func:`meta.effect_sizes` takes for "OR".

    Returns
    -------
    RegressionTest

    References
    ----------
    Harbord, Egger & Sterne 2006, doi:10.1002/sim.2380.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> test = harbord(bcg, events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> test.df, test.k
    (11.0, 13)
    """
    columns = _columns(locals())
    check_arguments(harbord, locals())
    check_direction(direction)
    notes = Notes()
    t = read_tables(table, columns, notes, what="Harbord's test", margins=True, moderators=moderators)
    events, rest, total = t.a + t.c, t.b + t.d, t.total
    score = t.a - events * t.n1 / total
    information = t.n1 * t.n2 * events * rest / (total**2 * (total - 1))
    return regression_test(
        "Harbord's test",
        score / information,
        1 / np.sqrt(information),
        information,
        predictor="1 / root of the score's variance",
        direction=direction,
        notes=notes,
        others=t.others,
        effects=t.effects,
        level=level,
    )


@keywords
def peters(
    table: Any,
    *,
    direction: str = "two-sided",
    moderators: Any = None,
    level: float = 0.95,
    study: Any = None,
    events1: Any = None,
    n1: Any = None,
    nonevents1: Any = None,
    percent1: Any = None,
    events2: Any = None,
    n2: Any = None,
    nonevents2: Any = None,
    percent2: Any = None,
    n: Any = None,
) -> RegressionTest:
    """Peters' test: the log odds ratio against 1/N, weighted by ``1 / (1/(a + c) + 1/(b + d))``.

    Parameters
    ----------
    table, direction, moderators, level
        As in :func:`harbord`.
    study, events1, n1, nonevents1, percent1, events2, n2, nonevents2, percent2, n
        As in :func:`harbord`.

    Returns
    -------
    RegressionTest

    References
    ----------
    Peters et al. 2006, doi:10.1001/jama.295.6.676.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> peters(bcg, events1="tpos", n1="tn", events2="cpos", n2="cn").predictor
    '1 / N'
    """
    columns = _columns(locals())
    check_arguments(peters, locals())
    check_direction(direction)
    notes = Notes()
    t = read_tables(table, columns, notes, what="Peters' test", margins=True, moderators=moderators)
    return regression_test(
        "Peters' test",
        t.yi,
        1 / t.total,
        1 / (1 / (t.a + t.c) + 1 / (t.b + t.d)),
        predictor="1 / N",
        direction=direction,
        notes=notes,
        others=t.others,
        effects=t.effects,
        level=level,
    )


@keywords
def macaskill(
    table: Any,
    *,
    direction: str = "two-sided",
    moderators: Any = None,
    level: float = 0.95,
    study: Any = None,
    events1: Any = None,
    n1: Any = None,
    nonevents1: Any = None,
    percent1: Any = None,
    events2: Any = None,
    n2: Any = None,
    nonevents2: Any = None,
    percent2: Any = None,
    n: Any = None,
) -> RegressionTest:
    """Macaskill's funnel-plot regression: the log odds ratio against N, weighted by the pooled variance.

    The weights are those that :func:`peters` took over; here small studies exaggerate when the slope is of
    the sign opposite to that of the effect.

    Parameters
    ----------
    table, moderators, level
        As in :func:`harbord`.
    study, events1, n1, nonevents1, percent1, events2, n2, nonevents2, percent2, n
        As in :func:`harbord`.
    direction : {"two-sided", "greater", "less"}
        "greater" tests whether larger studies show larger odds ratios.

    Returns
    -------
    RegressionTest

    References
    ----------
    Macaskill, Walter & Irwig 2001, doi:10.1002/sim.698 (their "FPV").

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> macaskill(bcg, events1="tpos", n1="tn", events2="cpos", n2="cn").predictor
    'N'
    """
    columns = _columns(locals())
    check_arguments(macaskill, locals())
    check_direction(direction)
    notes = Notes()
    t = read_tables(table, columns, notes, what="Macaskill's test", margins=True, moderators=moderators)
    return regression_test(
        "Macaskill's test",
        t.yi,
        t.total,
        1 / (1 / (t.a + t.c) + 1 / (t.b + t.d)),
        predictor="N",
        direction=direction,
        notes=notes,
        limited=False,
        others=t.others,
        effects=t.effects,
        level=level,
    )


@keywords
def deeks(
    table: Any,
    *,
    direction: str = "two-sided",
    moderators: Any = None,
    level: float = 0.95,
    study: Any = None,
    events1: Any = None,
    n1: Any = None,
    nonevents1: Any = None,
    percent1: Any = None,
    events2: Any = None,
    n2: Any = None,
    nonevents2: Any = None,
    percent2: Any = None,
    n: Any = None,
) -> RegressionTest:
    """Deeks' test: the log (diagnostic) odds ratio against 1/sqrt(ESS), weighted by ESS = 4 n1 n2 / N.

    Parameters
    ----------
    table, direction, moderators, level
        As in :func:`harbord`.
    study, events1, n1, nonevents1, percent1, events2, n2, nonevents2, percent2, n
        As in :func:`harbord`; for diagnostic accuracy group 1 are the diseased.

    Returns
    -------
    RegressionTest

    References
    ----------
    Deeks, Macaskill & Irwig 2005, doi:10.1016/j.jclinepi.2005.01.016.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> deeks(bcg, events1="tpos", n1="tn", events2="cpos", n2="cn").df
    11.0
    """
    columns = _columns(locals())
    check_arguments(deeks, locals())
    check_direction(direction)
    notes = Notes()
    t = read_tables(table, columns, notes, what="Deeks' test", margins=False, moderators=moderators)
    effective = 4 * t.n1 * t.n2 / t.total
    return regression_test(
        "Deeks' test",
        t.yi,
        1 / np.sqrt(effective),
        effective,
        predictor="1 / root of the effective sample size",
        direction=direction,
        notes=notes,
        others=t.others,
        effects=t.effects,
        level=level,
    )

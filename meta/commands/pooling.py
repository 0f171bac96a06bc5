"""``meta pool``: any table, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands import options
from meta.commands.reading import Loaded, load, need_column
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.writing import Shown, check_out, show
from meta.errors import InputError, quiet

if TYPE_CHECKING:
    from meta.pooling.result import Pooled

COUNTS = ("MH", "Peto", "GLMM")
COUNTED = frozenset(
    (
        *("events1", "n1", "nonevents1", "events2", "n2", "nonevents2", "time1", "time2"),
        *("events", "n", "nonevents", "time"),
    )
)
_TIDY = ("estimate", "se", "statistic", "p_value", "ci_low", "ci_high", "df", "tau2", "i2", "q", "q_p", "k")


@on_tables
def pool(
    source: options.Source,
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    by: Annotated[str | None, typer.Option("--by", help="Column of subgroups to compare.")] = None,
    method: options.Method = "REML",
    test: options.Test = "hksj",
    level: options.Level = 0.95,
    outcome: options.Outcome = None,
    json: options.Json = False,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Pool the studies of a table.

    Columns are recognised by their common spellings (metafor, meta, RevMan, CMA, Stata), and what was guessed
    is said. --method also takes MH, Peto and GLMM for counts.

    Examples:
      meta pool trials.csv --measure RR
      meta pool scores.csv -m SMD -c mean1=mt -c mean2=mc --by form --out pooled.csv
      meta pool review.rm5 --outcome 1.2 --test z --json
      cat trials.csv | meta pool - -m OR --out forest.svg
    """
    check_out(out)
    with quiet():
        loaded = load(source, measure, column, study, outcome, reading, tell=False, counts=method in COUNTS)
        if method in COUNTS:
            shown = _counts(loaded, method, level, by)
        elif by is not None:
            shown = _subgroups(loaded, by, method, test, level)
        else:
            shown = _pooled(loaded, method, test, level)
        show(shown, out, json)


def _pooled(loaded: Loaded, method: str, test: str, level: float) -> Shown:
    from meta.pooling.subgroup_fits import Subgroups
    from meta.pooling.univariate import pool as fit_model

    fit = fit_model(loaded.effects, method=method, test=test, level=level)
    assert not isinstance(fit, Subgroups)
    skipped = [f"note: {message}" for message in loaded.notes]
    return Shown(
        "\n".join([str(fit), *skipped]),
        numbers_of(fit, loaded),
        *_both_scales("term", [("pooled", fit)]),
        fit.save,
        lambda: _forest(fit),
    )


def _both_scales(head: str, fits: list[tuple[str, Pooled]]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Headers and rows of a table: each fit on the model scale and on the display scale."""
    from meta.results.text import on_both_scales

    named: list[dict[str, Any]] = []
    for name, fit in fits:
        own = {item: getattr(fit, item) for item in _TIDY}
        named.append({head: name} | on_both_scales(fit.effects, own))
    headers = tuple(named[0])
    return headers, [tuple(row[header] for header in headers) for row in named]


def _forest(fit: Any) -> Any:
    from meta.plots.forest import forest

    return forest(fit)


def numbers_of(fit: Pooled, loaded: Loaded) -> dict[str, Any]:
    """All numbers of a fit, with its prediction interval, tau2's interval and the scale for reading."""
    low, high = fit.prediction_interval()
    tau2_low, tau2_high = fit.tau2_interval("QP")
    back = fit.backtransform()
    names = ("display", "estimate", "ci_low", "ci_high", "pi_low", "pi_high")
    equal = fit.method == "EE"  # one effect is assumed: there is no spread to predict from, or to bound
    return fit.to_dict() | {
        "columns": loaded.columns,
        "prediction": None if equal else {"kind": fit.prediction_kind(), "low": low, "high": high},
        "tau2_interval": None if equal else {"kind": "QP", "low": tau2_low, "high": tau2_high},
        "read": {name: getattr(back, name) for name in names} | {"cut": list(back.cut), "size": back.size},
        "data_warnings": list(loaded.notes),
    }


def _subgroups(loaded: Loaded, by: str, method: str, test: str, level: float) -> Shown:
    from meta.pooling.subgroups import subgroups

    found = subgroups(
        loaded.effects, by=need_column(loaded, by, "--by"), method=method, test=test, level=level
    )
    fits = [*found.fits.items(), ("overall", found.overall)]
    skipped = [f"note: {message}" for message in loaded.notes]
    return Shown(
        "\n".join([str(found), *skipped]),
        found.to_dict() | {"columns": loaded.columns},
        *_both_scales("group", fits),
        found.save,
        lambda: _forest(found),
    )


def pool_counted(loaded: Loaded, method: str, level: float, by: str | None = None) -> Any:
    """Pool the counts of a table, by groups if a column of groups is named."""
    from meta.pooling.counts import pool_counts

    if not loaded.columns.keys() <= COUNTED:
        raise InputError(
            f"--method {method} pools counts such as events1 n1 events2 n2, and the table gives "
            f"{' '.join(loaded.columns)}; use REML or another estimator of --method"
        )
    named: dict[str, Any] = dict(loaded.columns)
    groups = None if by is None else need_column(loaded, by, "--by")
    return pool_counts(
        loaded.table,
        measure=loaded.measure,
        method=method,
        level=level,
        study=loaded.labels,
        by=groups,
        **named,
    )


def _counts(loaded: Loaded, method: str, level: float, by: str | None) -> Shown:
    fit = pool_counted(loaded, method, level, by)
    names = ("estimate", "se", "statistic", "p_value", "ci_low", "ci_high", "tau2", "q", "q_df", "q_p", "k")
    fits = [("pooled", fit)] if by is None else [*fit.fits.items(), ("overall", fit.overall)]
    return Shown(
        str(fit),
        fit.to_dict() | {"columns": loaded.columns},
        ("term" if by is None else "group", *names),
        [(label, *(getattr(one, name) for name in names)) for label, one in fits],
        fit.save if by is None else None,
        lambda: _forest(fit),
    )

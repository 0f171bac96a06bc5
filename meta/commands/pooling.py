"""``meta pool``: any table, pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands import options
from meta.commands.methods import BAYES, TESTS, chosen, pooled_by_all
from meta.commands.output import note
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import Loaded, load, need_column
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
    methods: Annotated[
        str | None,
        typer.Option("--methods", help="Several methods in one table: all, or such as DL,REML,Bayes."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            help="Column whose rows belong together (study for the labels): a multilevel model with "
            "cluster-robust (CR2) intervals.",
        ),
    ] = None,
    outcome: options.Outcome = None,
    json: options.Json = False,
    code: options.Code = None,
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
    if cluster is not None:
        _in_clusters(source, measure, column, study, cluster, method, test, level, outcome, json, code, out,
                     reading, by or methods)  # fmt: skip
        return
    with quiet():
        several = None if methods is None else chosen(methods, method, test, by)
        loaded = load(source, measure, column, study, outcome, reading, tell=False, counts=method in COUNTS)
        if code is not None:
            print(_code(loaded, code, several, method, test, level, by))
            return
        if several is not None:
            shown = pooled_by_all(loaded, several, level)
        elif method in COUNTS:
            shown = _counts(loaded, method, level, by)
        elif by is not None:
            shown = _subgroups(loaded, by, method, test, level)
        else:
            shown = _pooled(loaded, method, test, level)
        show(shown, out, json)


def _in_clusters(
    source: str, measure: str | None, column: list[str] | None, study: str | None, cluster: str, method: str,
    test: str, level: float, outcome: str | None, json: bool, code: str | None, out: Any,
    reading: TableOptions, other: str | None,
) -> None:  # fmt: skip
    """What ``--cluster`` does: the model of ``meta multilevel`` with cluster-robust errors, said so."""
    from meta.commands.multilevel import show_levels

    if other is not None:
        raise InputError("--cluster pools one table by one model; leave out --by and --methods")
    if method not in ("REML", "ML"):
        raise InputError(f"--cluster takes --method REML or ML, not {method}")
    if test != "hksj":
        raise InputError("--cluster uses cluster-robust (CR2) t tests; leave out --test")
    note(
        f"--cluster {cluster}: a random effect for each {cluster} and one for each row, and cluster-robust "
        "(CR2) intervals; meta multilevel has more options"
    )
    with quiet():
        loaded = load(source, measure, column, study, outcome, reading, multilevel=True)
        show_levels(
            loaded, cluster, rho=None, formula=None, robust="CR2", method=method, level=level, json=json,
            code=code, out=out,
        )  # fmt: skip


def _code(
    loaded: Loaded, code: str, several: list[str] | None, method: str, test: str, level: float, by: str | None
) -> str:
    from meta.commands import code as writing
    from meta.commands import r_code

    writing.check_code(code)
    if by is not None:
        need_column(loaded, by, "--by")
    if several is not None:
        if code == "r":
            raise InputError("--code r prints one method; name it with --method and --test, not --methods")
        return writing.python(loaded, _lines_of_all(several, level))
    if method in COUNTS:
        if code == "r":
            return r_code.counted(loaded, method, level, by)
        return writing.python(loaded, counted_lines(loaded, method, level, by), effects=False)
    if code == "r":
        return r_code.pooled(loaded, method, test, level, by)
    return writing.python(loaded, [*fit_lines(method, test, level, by), "print(fit)"])


def fit_lines(method: str, test: str, level: float, by: str | None = None) -> list[str]:
    """The Python that pools the effects ``es`` as ``fit``."""
    from meta.commands.code import call, keywords_of

    given = {"method": options.as_method(method), "test": test, "level": level, "by": by}
    return [call("fit", "meta.pool", ["es", *keywords_of(given, {"level": 0.95})])]


def counted_lines(loaded: Loaded, method: str, level: float, by: str | None) -> list[str]:
    """The Python that pools counts as ``fit``, and prints it."""
    from meta.commands.code import call, keywords_of, named_columns_of

    given = ["table", f"measure={loaded.measure!r}", f"method={method!r}", *named_columns_of(loaded)]
    more = keywords_of({"level": level, "by": by}, {"level": 0.95})
    return [call("fit", "meta.pool_counts", [*given, *more]), "print(fit)"]


def _lines_of_all(several: list[str], level: float) -> list[str]:
    names = [name for name in several if name != BAYES]
    usual = "" if level == 0.95 else f", level={level!r}"
    lines = [
        f"for method in {names!r}:",
        f"    for test in ('z',) if method == 'EE' else {tuple(TESTS)!r}:",
        f"        print(meta.pool(es, method=method, test=test{usual}))",
    ]
    return [*(lines if names else []), *([f"print(meta.bayes(es{usual}))"] if BAYES in several else [])]


def _pooled(loaded: Loaded, method: str, test: str, level: float) -> Shown:
    from meta.pooling.subgroup_fits import Subgroups
    from meta.pooling.univariate import pool as fit_model

    fit = fit_model(loaded.effects, method=options.as_method(method), test=test, level=level)
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
    from meta.results.print_out import on_both_scales

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
    equal = fit.method == "EE"  # one effect is assumed: nothing to predict from, or to bound
    return fit.to_dict() | {
        "columns": loaded.columns,
        "prediction": None if equal else {"kind": fit.prediction_kind(), "low": low, "high": high},
        "tau2_interval": None if equal else {"kind": "QP", "low": tau2_low, "high": tau2_high},
        "read": {name: getattr(back, name) for name in names} | {"cut": list(back.cut), "size": back.size},
        "data_warnings": list(loaded.notes),
    }


def _subgroups(loaded: Loaded, by: str, method: str, test: str, level: float) -> Shown:
    from meta.pooling.subgroups import subgroups

    groups = need_column(loaded, by, "--by")
    found = subgroups(loaded.effects, by=groups, method=options.as_method(method), test=test, level=level)
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
    from meta.pooling.pool_counts import pool_counts

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

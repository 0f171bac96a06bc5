"""``meta pool --methods all``: the usual methods on the same effects, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meta.commands.options import as_method
from meta.commands.output_files import Shown
from meta.commands.table_reading import Loaded
from meta.errors import InputError, MetaError

if TYPE_CHECKING:
    from meta.results.print_out import Line

BAYES = "Bayes"
USUAL = ("EE", "DL", "REML", "PM", BAYES)
"""What "all" stands for: the equal-effects model, the estimators that reviews report, and the posterior."""
TESTS = {"z": "normal", "hksj": "Hartung-Knapp", "adhoc": "Hartung-Knapp, floored"}
"""Intervals that are shown of each random-effects method."""


def chosen(methods: str, method: str, test: str, by: str | None) -> list[str]:
    """The methods that are asked for.

    >>> chosen("DL, Bayes", "REML", "hksj", None)
    ['DL', 'Bayes']
    """
    if by is not None:
        raise InputError("--methods shows one pool by several methods; leave out --by")
    if (method, test) != ("REML", "hksj"):
        raise InputError("--methods shows every test of its methods; leave out --method and --test")
    if methods == "all":
        return list(USUAL)
    names = [name.strip() for name in methods.split(",") if name.strip()]
    named = [BAYES if name.lower() == "bayes" else name for name in names]
    if not named:
        raise InputError("--methods must be all, or names such as DL,REML,Bayes")
    return list(dict.fromkeys(named))


def pooled_by_all(loaded: Loaded, methods: list[str], level: float) -> Shown:
    """One row per method and test."""
    from meta.plots.forest import forest
    from meta.results.print_out import cut_notes, heading, on_both_scales, table

    es = loaded.effects.subset(loaded.effects.exact)
    rows: list[dict[str, Any]] = []
    lines: list[Line] = []
    problems: list[str] = []
    for method in methods:
        try:
            found = _of_bayes(es, level) if method == BAYES else _of_method(es, method, level)
        except MetaError as problem:
            if method != BAYES:
                raise
            problems.append(f"note: {BAYES} is not computed: {problem} (meta bayes --effect --tau)")
            continue
        for row, fit in found:
            rows.append(on_both_scales(es, row))
            lines.append(_line(row, fit))
    head = heading(["Several methods", f"k = {es.k}"], es.measure)
    priors = [f"note: {BAYES}: {row['prior']}" for row in rows if "prior" in row]
    notes = [*priors, *cut_notes(es, lines), *problems, *(f"note: {message}" for message in loaded.notes)]
    text = "\n".join([head, *table(lines, level, ci="interval"), *notes])
    headers = tuple(dict.fromkeys(name for row in rows for name in row))
    numbers = {
        "measure": es.measure,
        "level": level,
        "k": es.k,
        "methods": rows,
        "columns": loaded.columns,
        "data_warnings": list(loaded.notes),
        "not_computed": problems,
    }
    cells = [tuple(row.get(name) for name in headers) for row in rows]
    return Shown(text, numbers, headers, cells, None, lambda: forest(_pool(es, "REML", "hksj", level)))


def _pool(es: Any, method: str, test: str, level: float) -> Any:
    from meta.pooling.univariate import pool

    return pool(es, method=as_method(method), test=test, level=level)


def _of_method(es: Any, method: str, level: float) -> list[tuple[dict[str, Any], Any]]:
    # under equal effects there is nothing to estimate that a t test would allow for
    tests = ("z",) if method == "EE" or es.k < 2 else tuple(TESTS)
    found = []
    for test in tests:
        fit = _pool(es, method, test, level)
        names = ("estimate", "se", "ci_low", "ci_high", "statistic", "df", "p_value", "tau2")
        own = {name: getattr(fit, name) for name in names}
        found.append(({"term": f"{method}, {TESTS[test]}", "method": method, "test": test} | own, fit))
    return found


def _of_bayes(es: Any, level: float) -> list[tuple[dict[str, Any], Any]]:
    from meta.bayes.fit import bayes

    post: Any = bayes(es, level=level)
    low, high = post.interval(level, kind="shortest", of="mu")
    row = {"term": BAYES, "method": BAYES, "test": None, "estimate": post.estimate, "se": post.sd}
    return [(row | {"ci_low": low, "ci_high": high, "prior": post.prior}, post)]


def _line(row: dict[str, Any], fit: Any) -> Line:
    from meta.results.print_out import Line, display_text, size

    parts = [display_text(fit.effects, *(row[name] for name in ("estimate", "ci_low", "ci_high")))]
    if row.get("tau2") is not None and row["method"] != "EE" and row["tau2"] == row["tau2"]:
        parts.append(f"tau2 {size(row['tau2'])}")
    return Line.of(row, "   ".join(parts))

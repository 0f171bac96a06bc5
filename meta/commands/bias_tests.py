"""``meta bias``: what small-study effects and selection may have done, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meta.commands import options
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import Loaded, load
from meta.errors import MetaError, NotEstimableError, quiet
from meta.formatting import interval, number, p_value

FEW = 10
TWO_BY_TWO = ("harbord", "peters")
HEADERS = ("kind", "method", "statistic", "p_value", "estimate", "ci_low", "ci_high", "says")
Row = dict[str, Any]


@on_tables
def bias(
    source: options.Source,
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    direction: options.Direction = None,
    method: options.Method = "REML",
    level: options.Level = 0.95,
    outcome: options.Outcome = None,
    json: options.Json = False,
    code: options.PythonCode = None,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Test and adjust for small-study effects and publication bias, by several methods at once.

    No method can prove or exclude publication bias; with fewer than ten studies none says much.

    Examples:
      meta bias trials.csv -m OR
      meta bias trials.csv -m OR --direction less --json
      meta bias trials.csv -m OR --out funnel.svg
    """
    check_out(out)
    from meta.arguments import check_direction

    check_direction(direction)
    with quiet():
        from meta.pooling.subgroup_fits import Subgroups
        from meta.pooling.univariate import pool as fit_model

        loaded = load(source, measure, column, study, outcome, reading)
        if code is not None:
            print(_python(loaded, code, direction, method, level))
            return
        fit = fit_model(loaded.effects, method=options.as_method(method), level=level)
        rows = [_attempt(name, make) for name, make in _methods(loaded, fit, direction, level).items()]
        assert not isinstance(fit, Subgroups)
        warnings = []
        if fit.k < FEW:
            warnings.append(
                f"k = {fit.k}, fewer than {FEW}: these methods have little power, and an unremarkable result "
                "is not evidence against bias"
            )
        rows.insert(0, _estimate("as published", "as found", fit))
        from meta.results.print_out import heading

        rows = [_read(row, fit.effects) for row in rows]
        head = heading(["Small-study effects and publication bias", f"k = {fit.k}"], fit.measure)
        lines = [head, *_lines(rows, level), *(f"caution: {text}" for text in warnings)]
        numbers = {"k": fit.k, "measure": fit.measure, "methods": rows, "warnings": warnings}
        table = [[row.get(name) for name in HEADERS] for row in rows]
        shown = Shown(
            "\n".join(lines),
            numbers | {"columns": loaded.columns},
            HEADERS,
            table,
            None,
            lambda: _funnel(fit),
        )
        show(shown, out, json)


def _python(loaded: Loaded, code: str, direction: str | None, method: str, level: float) -> str:
    """The Python of each method, in the order of the table."""
    from meta.commands.code import call, check_code, keywords_of, named_columns_of, python

    check_code(code, r=False)
    own = keywords_of(
        {"method": options.as_method(method), "level": level}, {"method": "REML", "level": 0.95}
    )
    leveled = keywords_of({"level": level}, {"level": 0.95})
    tail = [f"direction={direction or 'two-sided'!r}"]
    side = tail if direction in ("greater", "less") else []
    lines = [call("fit", "meta.pool", ["es", *own]), "print(fit)"]
    lines += [f"print({call('', 'meta.bias.egger', ['es', *leveled, *tail])})"]
    lines += [f"print({call('', 'meta.bias.begg', ['es', *tail])})"]
    if _two_by_two(loaded):
        counts = [item for item in named_columns_of(loaded) if not item.startswith("study=")]
        for name in TWO_BY_TWO:
            lines.append(f"print({call('', f'meta.bias.{name}', ['table', *counts, *leveled, *tail])})")
    lines += [
        f"print({call('', f'meta.bias.{name}', given)})"
        for name, given in (
            ("excess_significance", ["es", *tail]),
            ("trim_and_fill", ["fit", *side]),
            ("pet_peese", ["es", *leveled, *side]),
            ("selection_model", ["es", *leveled, *side]),
            ("limit_meta_analysis", ["es", *leveled]),
            ("significance_funnel", ["es", *leveled, *side]),
            ("failsafe_n", ["es", *side]),
        )
    ]
    return python(loaded, lines)


def _two_by_two(loaded: Loaded) -> bool:
    return {"events1", "n1", "events2", "n2"} <= loaded.columns.keys() and loaded.measure in ("OR", "RR")


def _read(row: Row, effects: Any) -> Row:
    """The row with its mean effect on the display scale, where that is another."""
    from meta.results.print_out import coefficient_right, on_both_scales

    if "estimate" not in row:
        return row
    shown = coefficient_right(effects, True, row)
    return on_both_scales(effects, row) | ({"read": shown} if shown else {})


def _funnel(fit: Any) -> Any:
    from meta.plots.funnel import funnel

    return funnel(fit)


def _methods(loaded: Loaded, fit: Any, direction: str | None, level: float) -> dict[str, Callable[[], Row]]:
    """Each method by its name; the side that only some methods need is left to them where none is given."""
    import meta.bias as b

    es = loaded.effects
    tail: dict[str, Any] = {"direction": direction or "two-sided"}
    side: dict[str, Any] = {"direction": direction} if direction in ("greater", "less") else {}
    found: dict[str, Callable[[], Row]] = {
        "Egger": lambda: _test("asymmetry", b.egger(es, level=level, **tail)),
        "Begg": lambda: _test("asymmetry", b.begg(es, **tail)),
    }
    counts = {k: loaded.table[v] for k, v in loaded.columns.items()}
    if _two_by_two(loaded):
        found |= {
            name.title(): lambda name=name: _test("asymmetry", getattr(b, name)(counts, level=level, **tail))  # type: ignore[misc]
            for name in TWO_BY_TWO
        }
    return found | {
        "excess significance": lambda: _excess(b.excess_significance(es, **tail)),
        "trim and fill": lambda: _filled(b.trim_and_fill(fit, **side)),
        "PET-PEESE": lambda: _pet_peese(b.pet_peese(es, level=level, **side)),
        "selection model": lambda: _selected(b.selection_model(es, level=level, **side)),
        "limit": lambda: _estimate("adjusted", "limit meta-analysis", b.limit_meta_analysis(es, level=level)),
        "worst case": lambda: _worst(b.significance_funnel(es, level=level, **side)),
        "fail-safe N": lambda: _unseen(b.failsafe_n(es, **side)),
    }


def _attempt(name: str, make: Callable[[], Row]) -> Row:
    try:
        return {"method": name} | {k: v for k, v in make().items() if k != "method"}
    except MetaError as problem:
        return {"kind": "not computed", "method": name, "says": str(problem)}


def _test(kind: str, found: Any) -> Row:
    return {"kind": kind, "statistic": found.statistic, "p_value": found.p_value}


def _excess(found: Any) -> Row:
    says = f"{found.observed:g} significant, {number(found.expected, 1)} expected"
    return _test("excess", found) | {"says": says}


def _estimate(kind: str, method: str, found: Any, says: str = "") -> Row:
    own = {name: float(getattr(found, name)) for name in ("estimate", "ci_low", "ci_high", "p_value")}
    return {"kind": kind, "method": method, **own, "says": says}


def _filled(found: Any) -> Row:
    return _estimate("adjusted", "", found.fit, f"{found.k0} filled in on the {found.side}")


def _pet_peese(found: Any) -> Row:
    chosen = found.pet if found.chosen.upper() == "PET" else found.peese
    return _estimate("adjusted", "", chosen, f"{found.chosen.upper()} by the rule")


def _selected(found: Any) -> Row:
    return _estimate("adjusted", "", found, f"no selection: LR p {p_value(found.lrt_p)}")


def _worst(found: Any) -> Row:
    if found.worst is None:
        raise NotEstimableError("no study is without a significant result on the side in question")
    return _estimate("adjusted", "", found.worst, "only the studies that are not affirmative")


def _unseen(found: Any) -> Row:
    return {
        "kind": "tolerance",
        "says": f"{found.n:g} null studies would be needed (Rosenthal); no test of bias",
    }


def _lines(rows: list[Row], level: float) -> list[str]:
    """The table for reading: one block a kind, with columns that line up."""
    width = max(len(row["method"]) for row in rows) + 2
    lines = [f"{'':{width}}{'estimate':>9}  {f'{100 * level:g}% interval':<18} {'p':>7}"]
    kind = ""
    for row in sorted(rows, key=lambda row: row["kind"] == "not computed"):
        if row["kind"] != kind:
            kind = row["kind"]
            lines.append(kind)
        read = f"   |  {row['read']}" if "read" in row else ""
        lines.append(f"  {row['method']:<{width - 2}}{_numbers(row)}{read}   {row.get('says', '')}".rstrip())
    return lines


def _numbers(row: Row) -> str:
    if row["kind"] == "not computed":
        return ""
    estimate = interval_ = ""
    if "estimate" in row:
        estimate, interval_ = number(row["estimate"]), interval(row["ci_low"], row["ci_high"])
    p = p_value(row["p_value"]) if "p_value" in row else ""
    return f"{estimate:>9}  {interval_:<18} {p:>7}"

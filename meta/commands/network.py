"""``meta network``: a network of treatments from one row per arm or per contrast."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import note
from meta.commands.output_files import Shown, check_out, show
from meta.commands.preparation import Preparation
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables, refuse_row_options
from meta.commands.table_reading import named_columns, read
from meta.errors import quiet


@on_tables
def network(
    source: options.Source,
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    treatment: Annotated[
        str | None, typer.Option("--treatment", help="Column of the treatments; one row per arm then.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Treatment that the others are compared with.")
    ] = None,
    better: Annotated[
        str | None, typer.Option("--better", help="low or high: which effects are good; ranks treatments.")
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="REML, DL, ML, PM or EE, or the value of tau2.")
    ] = "REML",
    test: Annotated[
        str | None, typer.Option("--test", help="KR, t, z, hksj or adhoc; KR under REML, t otherwise.")
    ] = None,
    components: Annotated[
        str | None, typer.Option("--components", help='Text between components, " + ": an additive model.')
    ] = None,
    inactive: Annotated[
        str | None, typer.Option("--inactive", help="With --components: the treatment without an effect.")
    ] = None,
    level: options.Level = 0.95,
    outcome: options.Outcome = None,
    json: options.Json = False,
    code: options.Code = None,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Compare several treatments at once, directly and through each other.

    Examples:
      meta network arms.csv -m OR --study trial --treatment drug --reference placebo --better low
      meta network contrasts.csv --reference placebo --json
    """
    from meta.commands.arm_guess import joined, of_network, say
    from meta.commands.code import check_code
    from meta.models.network.pool import pool_network

    check_out(out)
    check_code(code)
    refuse_row_options(reading, "a network")
    table = read(source, outcome, reading)
    for message in table.notes:
        note(message)
    own = {name: value for name, value in (("study", study), ("treatment", treatment)) if value is not None}
    found = of_network(table.names, measure, {**own, **named_columns(column, table.names)})
    say(found)
    data, made = joined(table, found)
    given: dict[str, Any] = {
        "measure": measure, **found,
        "reference": reference, "better": better, "method": options.as_method(method), "test": test,
        "level": level, "components": components, "inactive": inactive,
    }  # fmt: skip
    if code == "python":
        print(_python(Preparation(source, table.outcome, reading, remade=made), data, given))
        return
    with quiet():
        fit: Any = pool_network(data, **given)
    if code is not None:
        from meta.commands import r_code

        print(r_code.networked(fit))
        return
    lines, numbers = [str(fit)], fit.to_dict()
    if better is not None:
        ranks = fit.ranking()
        lines.append(ranks.round(3).to_string(index=False))
        numbers["ranking"] = ranks.to_dict("records")
    rows: list[list[Any]] = fit.tidy().to_numpy().tolist()
    columns = tuple(fit.tidy().columns)
    show(Shown("\n".join(lines), numbers, columns, rows, fit.save, lambda: _drawn(fit)), out, json)


def _python(made: Preparation, table: dict[str, Any], given: dict[str, Any]) -> str:
    from meta.commands.code import call, keywords_of, script

    shown = ["table", *keywords_of(given, {"level": 0.95, "method": "REML"})]
    lines = [call("fit", "meta.pool_network", shown), "print(fit)"]
    return script(made, table, [*lines, *(["print(fit.ranking())"] if given["better"] is not None else [])])


def _drawn(fit: Any) -> Any:
    from meta.plots.forest import forest

    return forest(fit)

"""``meta network``: a network of treatments from one row per arm or per contrast."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import note
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import named_columns, read
from meta.errors import InputError, quiet


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
    method: Annotated[str, typer.Option("--method", help="REML, DL, ML, PM or EE.")] = "REML",
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
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Compare several treatments at once, directly and through each other.

    Examples:
      meta network arms.csv -m OR --study trial --treatment drug --reference placebo --better low
      meta network contrasts.csv --reference placebo --json
    """
    from meta.models.network.pool import pool_network

    check_out(out)
    _refuse_idle(reading)
    table = read(source, outcome, reading)
    for message in table.notes:
        note(message)
    given: dict[str, Any] = {**named_columns(column, table.names)}
    if study is not None:
        given["study"] = study
    if treatment is not None:
        given["treatment"] = treatment
    with quiet():
        fit: Any = pool_network(
            dict(table.columns), measure=measure, reference=reference, better=better, method=method,
            test=test, level=level, components=components, inactive=inactive, **given,
        )  # fmt: skip
    lines, numbers = [str(fit)], fit.to_dict()
    if better is not None:
        ranks = fit.ranking()
        lines.append(ranks.round(3).to_string(index=False))
        numbers["ranking"] = ranks.to_dict("records")
    rows: list[list[Any]] = fit.tidy().to_numpy().tolist()
    columns = tuple(fit.tidy().columns)
    show(Shown("\n".join(lines), numbers, columns, rows, fit.save, lambda: _drawn(fit)), out, json)


def _refuse_idle(reading: TableOptions) -> None:
    """Refuse options of single comparisons, which a network does not know."""
    for name in ("scale", "vtype", "add", "to", "drop00", "missing"):
        if getattr(reading, name) is not None:
            raise InputError(f"--{name} has no effect on a network; leave it out")
    for name in ("keep_totals", "skip_bad"):
        if getattr(reading, name):
            raise InputError(f"--{name.replace('_', '-')} has no effect on a network; leave it out")


def _drawn(fit: Any) -> Any:
    from meta.plots.forest import forest

    return forest(fit)

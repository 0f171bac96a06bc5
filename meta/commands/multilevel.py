"""``meta multilevel``: several effects per study, pooled with what they share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.reading import load, need_column
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.writing import Shown, check_out, show
from meta.errors import InputError, quiet


@on_tables
def multilevel(
    source: options.Source,
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Column of the outer level; the study by default.")
    ] = None,
    rho: Annotated[
        float | None, typer.Option("--rho", help="Correlation of sampling errors within a cluster.")
    ] = None,
    formula: Annotated[
        str | None, typer.Option("--formula", "-f", help='Moderators, such as "~ year".')
    ] = None,
    robust: Annotated[
        str | None, typer.Option("--robust", help="Cluster-robust errors as well: CR0, CR1 or CR2.")
    ] = None,
    method: Annotated[str, typer.Option("--method", help="REML or ML.")] = "REML",
    level: options.Level = 0.95,
    outcome: options.Outcome = None,
    json: options.Json = False,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Pool several effects per study, with a random effect for studies and one for effects within them.

    Examples:
      meta multilevel trials.csv -m RR --cluster form --rho 0.6
      meta multilevel trials.csv -m RR --cluster form --robust CR2 --json
    """
    from meta.pooling.multilevel import pool_multilevel

    check_out(out)
    with quiet():
        loaded = load(source, measure, column, study, outcome, reading, multilevel=True)
        if cluster is not None:
            need_column(loaded, cluster, "--cluster")
        elif len(set(loaded.effects.study)) == loaded.effects.k:
            raise InputError(
                "every study has one row, so there is nothing below the studies; name the column of the "
                "outer level with --cluster, or use meta pool"
            )
        levels = [cluster or "study", "effect"]
        fit: Any = pool_multilevel(
            loaded.effects, levels=levels, rho=rho, moderators=formula, method=method, level=level
        )
        lines, numbers = [str(fit)], fit.to_dict() | {"columns": loaded.columns}
        if robust is not None:
            found = fit.robust(kind=robust)
            lines.append(str(found))
            numbers["robust"] = found.to_dict()
        rows: list[list[Any]] = fit.tidy().to_numpy().tolist()
        columns = tuple(fit.tidy().columns)
        show(Shown("\n".join(lines), numbers, columns, rows, fit.save, lambda: _forest(fit)), out, json)


def _forest(fit: Any) -> Any:
    from meta.plots.forest import forest

    return forest(fit)

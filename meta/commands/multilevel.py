"""``meta multilevel``: several effects per study, pooled with what they share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import Loaded, load, need_column
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
    code: options.Code = None,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Pool several effects per study, with a random effect for studies and one for effects within them.

    Examples:
      meta multilevel trials.csv -m RR --cluster form --rho 0.6
      meta multilevel trials.csv -m RR --cluster form --robust CR2 --json
    """
    check_out(out)
    with quiet():
        loaded = load(source, measure, column, study, outcome, reading, multilevel=True)
        show_levels(
            loaded, cluster, rho=rho, formula=formula, robust=robust, method=method, level=level, json=json,
            code=code, out=out,
        )  # fmt: skip


def show_levels(
    loaded: Loaded,
    cluster: str | None,
    *,
    rho: float | None,
    formula: str | None,
    robust: str | None,
    method: str,
    level: float,
    json: bool,
    code: str | None,
    out: Path | None,
) -> None:
    """Fit and print a random effect for each cluster and one for each row within it."""
    from meta.pooling.pool_multilevel import pool_multilevel

    if cluster not in (None, "study"):
        need_column(loaded, str(cluster), "--cluster")
    elif len(set(loaded.effects.study)) == loaded.effects.k:
        raise InputError(
            "every study has one row, so there is nothing below the studies; name the column of the "
            "outer level with --cluster, or use meta pool without it"
        )
    levels = [cluster or "study", "effect"]
    given = {"levels": levels, "rho": rho, "moderators": formula, "method": method, "level": level}
    if code == "python":
        print(_python(loaded, given, robust))
        return
    fit: Any = pool_multilevel(loaded.effects, **given)  # type: ignore[arg-type]
    if code is not None:
        from meta.commands import r_code
        from meta.commands.code import check_code

        check_code(code)
        print(r_code.in_levels(loaded, fit, levels[0], rho, robust))
        return
    lines, numbers = [str(fit)], fit.to_dict() | {"columns": loaded.columns}
    if robust is not None:
        found = fit.robust(kind=robust)
        lines.append(str(found))
        numbers["robust"] = found.to_dict()
    rows: list[list[Any]] = fit.tidy().to_numpy().tolist()
    columns = tuple(fit.tidy().columns)
    show(Shown("\n".join(lines), numbers, columns, rows, fit.save, lambda: _forest(fit)), out, json)


def _python(loaded: Loaded, given: dict[str, Any], robust: str | None) -> str:
    from meta.commands.code import call, keywords_of, python

    usual = {"level": 0.95, "method": "REML"}
    lines = [call("fit", "meta.pool_multilevel", ["es", *keywords_of(given, usual)]), "print(fit)"]
    if robust is not None:
        lines += [f"robust = fit.robust(kind={robust!r})", "print(robust)"]
    return python(loaded, lines)


def _forest(fit: Any) -> Any:
    from meta.plots.forest import forest

    return forest(fit)

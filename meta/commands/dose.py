"""``meta dose``: dose-response meta-analysis of a table with one row per arm."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import TableOptions
from meta.commands.table_reading import read
from meta.errors import InputError, quiet

NAMES = ("yi", "vi", "sei", "cases", "n", "mean", "sd", "referent")


def dose(
    source: options.Source,
    column: options.Column = None,
    study: options.Study = None,
    measure: options.Measure = None,
    doses: Annotated[str | None, typer.Option("--dose", help="Column of the doses.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column of times, in place of doses.")] = None,
    design: Annotated[
        str | None, typer.Option("--design", help="cohort, case-control or rates, or the column with it.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Unit of the doses, or a column with it.")
    ] = None,
    shape: Annotated[
        str, typer.Option("--shape", help="linear, log, quadratic, rcs, fp, emax or plateau.")
    ] = "linear",
    knots: Annotated[
        str | None, typer.Option("--knots", help="How many knots, or where: 4, or 100,300,500.")
    ] = None,
    powers: Annotated[
        str | None, typer.Option("--powers", help="Of a fractional polynomial: 0.5,1 (0: logarithm).")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="Doses to show: 100,200,400.")] = None,
    reference: Annotated[float, typer.Option("--reference", help="Dose to compare with.")] = 0.0,
    method: Annotated[str, typer.Option("--method", help="REML, ML, MM or EE.")] = "REML",
    stage: Annotated[str, typer.Option("--stage", help="one or two.")] = "one",
    test: Annotated[str, typer.Option("--test", help="z, t or KR.")] = "z",
    level: options.Level = 0.95,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook.")] = None,
    json: options.Json = False,
    out: options.Out = None,
) -> None:
    """Fit a curve of effect against dose (or time) to trials with several doses.

    Examples:
      meta dose arms.csv -m MD --shape quadratic
      meta dose arms.csv -m MD --shape rcs --knots 3 --at 100,200 --json
    """
    from meta.models.dose.dose_response import dose_response

    check_out(out)
    with quiet():
        table = dict(read(source, None, TableOptions(sheet=sheet)).columns)
        fit: Any = dose_response(
            table, study=study, dose=doses, time=time, measure=measure, design=design, unit=unit, shape=shape,
            knots=_knots(knots), powers=_numbers(powers, "--powers"), reference_dose=reference, method=method,
            stage=stage, test=test, level=level, **_columns(column),
        )  # fmt: skip
        shown = fit.predict(_numbers(at, "--at"))
        numbers = fit.to_dict() | {"curve": shown.to_dict("records")}
        text = str(fit) if at is None else f"{fit}\n{shown.to_string(index=False, float_format='%.4g')}"
        rows: list[list[Any]] = shown.to_numpy().tolist()
        show(Shown(text, numbers, tuple(shown.columns), rows, fit.save, lambda: _figure(fit)), out, json)


def _columns(column: list[str] | None) -> dict[str, Any]:
    """Columns by argument, from ``--column sei=se``."""
    found = {}
    for item in column or []:
        name, equals, place = item.partition("=")
        if not equals or name not in NAMES:
            raise InputError(f"--column {item!r} must be ARG=NAME with one of {', '.join(NAMES)}")
        found[name] = place
    return found


def _numbers(text: str | None, flag: str) -> list[float] | None:
    """Numbers between commas.

    >>> _numbers("100, 200", "--at")
    [100.0, 200.0]
    """
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"{flag} must be numbers between commas, such as 100,200, not {text!r}") from None


def _knots(text: str | None) -> Any:
    """How many knots, or where they are.

    >>> _knots("4"), _knots("100,300,500")
    (4, [100.0, 300.0, 500.0])
    """
    if text is not None and text.strip().isdigit():
        return int(text)
    return _numbers(text, "--knots")


def _figure(fit: Any) -> Any:
    from meta.plots.dose_curves import dose_response

    return dose_response(fit)

"""``meta dose``: dose-response meta-analysis of a table with one row per arm."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import note
from meta.commands.output_files import Shown, check_out, show
from meta.commands.preparation import Preparation
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables, refuse_row_options
from meta.commands.table_reading import read
from meta.errors import InputError, quiet

NAMES = ("yi", "vi", "sei", "cases", "n", "mean", "sd", "referent")


@on_tables
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
    json: options.Json = False,
    code: options.Code = None,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Fit a curve of effect against dose (or time) to trials with several doses.

    Examples:
      meta dose arms.csv -m MD --shape quadratic
      meta dose arms.csv -m MD --shape rcs --knots 3 --at 100,200 --json
    """
    from meta.commands.arm_guess import joined, of_doses, say
    from meta.commands.code import check_code
    from meta.models.dose.dose_response import dose_response

    check_out(out)
    check_code(code)
    refuse_row_options(reading, "a dose-response curve")
    with quiet():
        table = read(source, None, reading)
        for message in table.notes:
            note(message)
        own = {"study": study, "dose": doses, "time": time, **_columns(column)}
        named = {name: value for name, value in own.items() if value is not None}
        columns = of_doses(table.names, measure, named)
        say(columns)
        data, made = joined(table, columns)
        given: dict[str, Any] = {
            **columns, "measure": measure,
            "design": design, "unit": unit, "shape": shape, "knots": _knots(knots),
            "powers": _numbers(powers, "--powers"), "reference_dose": reference, "method": method,
            "stage": stage, "test": test, "level": level,
        }  # fmt: skip
        if code == "python":
            steps = Preparation(source, reading=reading, remade=made)
            print(_python(steps, data, given, _numbers(at, "--at")))
            return
        fit: Any = dose_response(data, **given)
        if code is not None:
            from meta.commands import r_code

            print(r_code.curved(fit))
            return
        shown = fit.predict(_numbers(at, "--at"))
        numbers = fit.to_dict() | {"curve": shown.to_dict("records")}
        text = str(fit) if at is None else f"{fit}\n{shown.to_string(index=False, float_format='%.4g')}"
        rows: list[list[Any]] = shown.to_numpy().tolist()
        show(Shown(text, numbers, tuple(shown.columns), rows, fit.save, lambda: _figure(fit)), out, json)


USUAL = {
    "shape": "linear", "reference_dose": 0.0, "method": "REML", "stage": "one", "test": "z", "level": 0.95,
}  # fmt: skip


def _python(made: Preparation, table: dict[str, Any], given: dict[str, Any], at: list[float] | None) -> str:
    from meta.commands.code import call, keywords_of, script

    shown = ["table", *keywords_of(given, USUAL)]
    lines = [call("fit", "meta.dose_response", shown), "print(fit)"]
    return script(made, table, [*lines, *([] if at is None else [f"print(fit.predict({at!r}))"])])


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

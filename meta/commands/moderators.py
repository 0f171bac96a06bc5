"""``meta regress``: do the effects go with a property of the studies?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import Loaded, load
from meta.errors import quiet


@on_tables
def regress(
    source: options.Source,
    formula: Annotated[
        str,
        typer.Option("--formula", "-f", help='Moderators, such as "~ dose + C(form)".', show_default=False),
    ],
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    method: options.Method = "REML",
    test: options.Test = "hksj",
    level: options.Level = 0.95,
    outcome: options.Outcome = None,
    json: options.Json = False,
    code: options.Code = None,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Regress the effects on columns of the table.

    Examples:
      meta regress trials.csv -m RR --formula "~ year"
      meta regress trials.csv -m RR --formula "~ ablat + C(alloc)" --out coefficients.csv
      meta regress trials.csv -m RR -f "~ ablat" --test z --out bubbles.svg
    """
    from meta.pooling.regress import regress as fit_model

    check_out(out)
    with quiet():
        loaded = load(source, measure, column, study, outcome, reading)
        if code == "python":
            print(_python(loaded, formula, method, test, level))
            return
        fit = fit_model(loaded.effects, formula, method=options.as_method(method), test=test, level=level)
        if code is not None:
            from meta.commands import r_code
            from meta.commands.code import check_code

            check_code(code)
            print(r_code.regressed(loaded, fit, method, test, level))
            return
        table = fit.tidy().dropna(axis="columns", how="all")
        rows: list[list[Any]] = table.to_numpy().tolist()
        numbers = fit.to_dict() | {"formula": formula, "columns": loaded.columns}
        shown = Shown(str(fit), numbers, tuple(table.columns), rows, fit.save, lambda: _figure(fit))
        show(shown, out, json)


def _python(loaded: Loaded, formula: str, method: str, test: str, level: float) -> str:
    from meta.commands.code import call, keywords_of, python

    given = keywords_of({"method": options.as_method(method), "test": test, "level": level}, {"level": 0.95})
    return python(loaded, [call("fit", "meta.regress", ["es", repr(formula), *given]), "print(fit)"])


def _figure(fit: Any) -> Any:
    """A bubble plot where there is one moderator and it is a number, otherwise the studies' forest plot."""
    from meta.plots.bubbles import bubble
    from meta.plots.forest import forest

    moderators = fit.design.data or {}
    numbers = [name for name, values in moderators.items() if values.dtype.kind in "iuf"]
    if len(moderators) == len(numbers) == 1:
        return bubble(fit, x=numbers[0])
    return forest(fit)

"""``meta forest`` and ``meta funnel``: the figures of a table, or of an analysis of the claims file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import note
from meta.commands.reading import load, need_column
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.writing import Shown, check_out, show
from meta.errors import InputError, quiet


@on_tables
def forest(
    source: options.Subject,
    out: options.FigureOut = None,
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    by: Annotated[str | None, typer.Option("--by", help="Column of subgroups to show apart.")] = None,
    method: options.Method = "REML",
    test: options.Test = "hksj",
    level: options.Level = 0.95,
    title: Annotated[str | None, typer.Option("--title", help="Printed above.")] = None,
    theme: options.Theme = "default",
    left: Annotated[str | None, typer.Option("--left", help="What lies left of no effect.")] = None,
    right: Annotated[str | None, typer.Option("--right", help="What lies right of no effect.")] = None,
    outcome: options.Outcome = None,
    studies: options.Studies = "studies",
    json: options.Json = False,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Draw the forest plot of a table, or of an analysis of the claims file.

    Examples:
      meta forest trials.csv -m RR -o forest.svg
      meta forest trials.csv -m RR --by form --theme revman --left "favours drug" --right "favours placebo"
      meta forest soreness -o soreness.png
    """
    from meta.plots.forest import forest as draw

    target = _target(out, f"forest-{_stem(source)}.svg")
    labels = (left or "", right or "") if left or right else None
    with quiet():
        if _is_analysis(source):
            from meta.claims.answers import answer
            from meta.effects.evidence import load_evidence
            from meta.report.figures import forest_of

            found = answer(load_evidence(studies), source)
            figure = forest_of(found, title=title, theme=theme, labels=labels)
        else:
            from meta.pooling.univariate import pool as fit_model

            loaded = load(source, measure, column, study, outcome, reading)
            groups = None if by is None else need_column(loaded, by, "--by")
            fit = fit_model(loaded.effects, method=method, test=test, level=level, by=groups)
            figure = draw(fit, title=title, theme=theme, labels=labels)
        _save(figure, target, json)


@on_tables
def funnel(
    source: options.Subject,
    out: options.FigureOut = None,
    measure: options.Measure = None,
    column: options.Column = None,
    study: options.Study = None,
    method: options.Method = "REML",
    test: options.Test = "hksj",
    level: options.Level = 0.95,
    outcome: options.Outcome = None,
    studies: options.Studies = "studies",
    json: options.Json = False,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Draw the funnel plot of a table, or of an analysis of the claims file.

    Examples:
      meta funnel trials.csv -m OR -o funnel.svg
      meta funnel trials.csv -m OR --json
    """
    from meta.plots.funnel import funnel as draw
    from meta.pooling.univariate import pool as fit_model

    target = _target(out, f"funnel-{_stem(source)}.svg")
    with quiet():
        if _is_analysis(source):
            from meta.effects.evidence import load_evidence

            effects = load_evidence(studies).effects(source)
            effects = effects.subset(effects.exact)
            if effects.k == 0:
                raise InputError(f"analysis {source!r} has no computed effect, so there is no funnel to draw")
        else:
            effects = load(source, measure, column, study, outcome, reading).effects
        _save(draw(fit_model(effects, method=method, test=test, level=level)), target, json)


def _target(out: Path | None, usual: str) -> Path:
    check_out(out)
    return out or Path(usual)


def _stem(source: str) -> str:
    return "table" if source == "-" else Path(source).stem


def _is_analysis(source: str) -> bool:
    return source != "-" and not Path(source).suffix and not Path(source).exists()


def _save(figure: Any, target: Path, as_json_text: bool) -> None:
    numbers = {name: list(values) for name, values in figure.table.items()}
    rows = list(zip(*numbers.values(), strict=True))
    about = {"file": str(target), "alt_text": figure.alt_text, "numbers": numbers}
    show(Shown(figure.alt_text, about, tuple(numbers), rows, None, lambda: figure), target, as_json_text)
    if not as_json_text:
        note(figure.alt_text)

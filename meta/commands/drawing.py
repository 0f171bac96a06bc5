"""``meta forest`` and ``meta funnel``: the figures of a table, or of an analysis of the claims file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import note
from meta.commands.output_files import Shown, check_out, show
from meta.commands.pooling import COUNTS, pool_counted
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import Loaded, load, need_column
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
    labels: Annotated[
        str | None,
        typer.Option("--labels", help='Both sides of no effect, such as "Favours A,Favours B".'),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option("--order", help="effect, precision, study or a column; -effect for descending."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", help="Columns to show, such as study,year,plot,estimate,weight."),
    ] = None,
    rob: Annotated[
        str | None, typer.Option("--rob", help="Columns of judgements (+ ? -), such as d1,d2,overall.")
    ] = None,
    xlim: Annotated[
        str | None, typer.Option("--xlim", help="Ends of the axis as it is labelled, such as 0.1,10.")
    ] = None,
    size: Annotated[
        float | None, typer.Option("--size", help="Largest width of the page in inches, such as 7.1.")
    ] = None,
    digits: Annotated[int | None, typer.Option("--digits", help="Decimals of estimates and limits.")] = None,
    dpi: options.Dpi = 300,
    outcome: options.Outcome = None,
    studies: options.Studies = "studies",
    json: options.Json = False,
    code: options.Code = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Draw the forest plot of a table, or of an analysis of the claims file.

    Examples:
      meta forest trials.csv -m RR -o forest.svg
      meta forest trials.csv -m RR --by form --theme revman --left "favours drug" --right "favours placebo"
    """
    from meta.plots.forest import forest as draw

    target = _target(out, f"forest-{_stem(source)}.svg")
    look = {
        "title": title,
        "theme": _sized(theme, size, digits),
        "labels": _sides(left, right, labels),
    }
    with quiet():
        if _is_analysis(source):
            from meta.claims.answer_claims import answer
            from meta.effects.study_evidence import load_evidence
            from meta.report.figures import forest_of

            refuse_with_analysis({"order": order, "columns": columns, "rob": rob, "xlim": xlim, "code": code})
            figure = forest_of(answer(load_evidence(studies), source), **look)
        else:
            loaded = load(source, measure, column, study, outcome, reading, counts=method in COUNTS)
            if code is not None:
                given: dict[str, Any] = {
                    "order": order,
                    "xlim": _ends(xlim),
                    "title": title,
                    "labels": look["labels"],
                }
                themed = _theme_code(theme, size, digits)
                drawn = [*_columns_code(loaded, columns, rob), *themed]
                _print_code(loaded, code, method, test, level, by, given, drawn, target, dpi)
                return
            fit = _fitted(loaded, method, test, level, by)
            figure = draw(
                fit,
                order=order,
                columns=shown_columns(loaded, columns, rob),
                xlim=_ends(xlim),
                **look,
            )
        _save(figure, target, json, dpi)


def _print_code(
    loaded: Loaded, code: str, method: str, test: str, level: float, by: str | None, look: dict[str, Any],
    drawn: list[str], target: Path, dpi: float,
) -> None:  # fmt: skip
    """The Python (or R) of a forest plot."""
    from meta.commands import r_code
    from meta.commands.code import call, check_code, keywords_of, python
    from meta.commands.pooling import counted_lines, fit_lines

    check_code(code)
    counts = method in COUNTS
    if by is not None:
        need_column(loaded, by, "--by")
    if code == "r":
        lines = r_code.counted if counts else r_code.pooled
        given: list[Any] = [loaded, method, level] if counts else [loaded, method, test, level]
        print(f"{lines(*given)}\n{r_code.forest(loaded)}")
        return
    fitted = counted_lines(loaded, method, level, by) if counts else fit_lines(method, test, level, by)
    plot = call("figure", "meta.forest", ["fit", *keywords_of(look), *drawn])
    print(python(loaded, [fitted[0], plot, f"figure.save({str(target)!r}, dpi={dpi:g})"], effects=not counts))


def _theme_code(theme: str, size: float | None, digits: int | None) -> list[str]:
    changed = {"digits": digits, "page_width": size}
    more = ", ".join(f"{name}={value!r}" for name, value in changed.items() if value is not None)
    if more:
        _sized(theme, size, digits)  # refuses what cannot be
        return [f"theme=dataclasses.replace(meta.plots.THEMES[{theme!r}], {more})"]
    return [] if theme == "default" else [f"theme={theme!r}"]


def _columns_code(loaded: Loaded, columns: str | None, rob: str | None) -> list[str]:
    shown = shown_columns(loaded, columns, rob)
    if shown is None:
        return []
    names = [
        repr(item) if isinstance(item, str) else f"meta.plots.SymbolColumn({item.key!r}, {item.header!r})"
        for item in shown
    ]
    return [f"columns=[{', '.join(names)}]"]


def _fitted(loaded: Loaded, method: str, test: str, level: float, by: str | None) -> Any:
    if method in COUNTS:
        return pool_counted(loaded, method, level, by)
    from meta.pooling.univariate import pool as fit_model

    groups = None if by is None else need_column(loaded, by, "--by")
    fit = fit_model(loaded.effects, method=options.as_method(method), test=test, level=level, by=groups)
    for message in fit.warnings:
        note(f"note: {message}")
    return fit


def refuse_with_analysis(given: dict[str, Any]) -> None:
    """Refuse options that only tables have, as an analysis of the claims file has its own figure."""
    named = [f"--{name}" for name, value in given.items() if value is not None]
    if named:
        raise InputError(f"{', '.join(named)}: for tables only; the claims file says how an analysis looks")


def _sides(left: str | None, right: str | None, both: str | None) -> tuple[str, str] | None:
    if both is not None:
        if left or right:
            raise InputError("give --labels, or --left and --right, not both")
        parts = [part.strip() for part in both.split(",")]
        if len(parts) != 2:
            raise InputError(f'--labels {both!r} must be two texts such as "Favours A,Favours B"')
        return parts[0], parts[1]
    return (left or "", right or "") if left or right else None


def _sized(theme: str, size: float | None, digits: int | None = None) -> Any:
    if size is None and digits is None:
        return theme
    from meta.plots.themes import as_theme

    look = as_theme(theme) if digits is None else replace(as_theme(theme), digits=digits)
    if size is None:
        return look
    if not 2 <= size <= 40:
        raise InputError(f"--size must lie between 2 and 40 inches, not {size:g}")
    return replace(look, page_width=size)


def _ends(xlim: str | None) -> tuple[float, float] | None:
    if xlim is None:
        return None
    try:
        low, high = (float(part) for part in xlim.split(","))
    except ValueError:
        raise InputError(f"--xlim {xlim!r} must be two numbers such as 0.1,10") from None
    return low, high


def shown_columns(loaded: Loaded, columns: str | None, rob: str | None) -> list[Any] | None:
    """The columns of a forest plot as the options name them; risk of bias as a traffic light at the right."""
    names = [name.strip() for name in columns.split(",")] if columns else None
    lights = [name.strip() for name in rob.split(",")] if rob else []
    for name in lights:
        need_column(loaded, name, "--rob")
    if not lights:
        return names
    from meta.plots.text_columns import SymbolColumn

    shown: list[Any] = list(names or ("study", "plot", "estimate", "weight"))
    return [*shown, *(SymbolColumn(name, name) for name in lights)]


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
    code: options.Code = None,
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
            from meta.effects.study_evidence import load_evidence

            refuse_with_analysis({"code": code})
            effects = load_evidence(studies).effects(source)
            effects = effects.subset(effects.exact)
            if effects.k == 0:
                raise InputError(f"analysis {source!r} has no computed effect, so no funnel can be drawn")
        else:
            loaded = load(source, measure, column, study, outcome, reading)
            if code is not None:
                print(_funnel_code(loaded, code, method, test, level, target))
                return
            effects = loaded.effects
        fit = fit_model(effects, method=options.as_method(method), test=test, level=level)
        _save(draw(fit), target, json)


def _funnel_code(loaded: Loaded, code: str, method: str, test: str, level: float, target: Path) -> str:
    from meta.commands import r_code
    from meta.commands.code import check_code, python
    from meta.commands.pooling import fit_lines

    check_code(code)
    if code == "r":
        return f"{r_code.pooled(loaded, method, test, level)}\nfunnel(fit)"
    lines = [*fit_lines(method, test, level), "figure = meta.funnel(fit)", f"figure.save({str(target)!r})"]
    return python(loaded, lines)


def _target(out: Path | None, usual: str) -> Path:
    check_out(out)
    return out or Path(usual)


def _stem(source: str) -> str:
    return "table" if source == "-" else Path(source).stem


def _is_analysis(source: str) -> bool:
    return source != "-" and not Path(source).suffix and not Path(source).exists()


def _save(figure: Any, target: Path, as_json_text: bool, dpi: float = 300) -> None:
    numbers = {name: list(values) for name, values in figure.table.items()}
    rows = list(zip(*numbers.values(), strict=True))
    about = {"file": str(target), "alt_text": figure.alt_text, "numbers": numbers}
    shown = Shown(figure.alt_text, about, tuple(numbers), rows, None, lambda: figure)
    show(shown, target, as_json_text, dpi)
    if not as_json_text:
        note(figure.alt_text)

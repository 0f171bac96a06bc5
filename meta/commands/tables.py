"""``meta pool``, ``meta forest`` and ``meta funnel``: anybody's table."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meta.commands.output import as_json, note
from meta.errors import InputError, quiet

if TYPE_CHECKING:
    from meta.effects.model import EffectSizes

Source = Annotated[
    str, typer.Argument(metavar="FILE", help="A CSV, TSV or Excel file; - reads CSV from standard input.")
]
Subject = Annotated[
    str,
    typer.Argument(
        metavar="FILE|ANALYSIS", help="A table, or an analysis of the claims file such as soreness."
    ),
]
MeasureOption = Annotated[
    str | None,
    typer.Option(
        "--measure",
        "-m",
        help="Effect measure: RR OR RD MD SMD ROM IRR ZCOR PLO ... Not needed beside yi and vi.",
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column", "-c", metavar="ARG=NAME", help="Which column is what, such as events1=tpos; repeat it."
    ),
]
StudyOption = Annotated[str | None, typer.Option("--study", help="Column that names the studies.")]
MethodOption = Annotated[str, typer.Option("--method", help="Estimator of the between-study variance.")]
TestOption = Annotated[str, typer.Option("--test", help="z, t, hksj or adhoc.")]
LevelOption = Annotated[float, typer.Option("--level", help="Level of intervals.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
StudiesOption = Annotated[str, typer.Option("--studies", help="Folder of study files, for an analysis.")]
FigureOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="Where to write it: .svg, .pdf, .png or .eps.")
]


@dataclass(frozen=True)
class Loaded:
    """Effect sizes from a table, and which column was taken for what."""

    effects: EffectSizes
    measure: str
    columns: dict[str, str]


def pool(
    source: Source,
    measure: MeasureOption = None,
    column: ColumnOption = None,
    study: StudyOption = None,
    method: MethodOption = "REML",
    test: TestOption = "hksj",
    level: LevelOption = 0.95,
    json: JsonOption = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write to a .json, .csv or .txt file.")
    ] = None,
) -> None:
    """Pool the studies of a table.

    Columns are recognised by their common spellings (metafor, meta, RevMan, Stata, CMA), and what was guessed
    is said.

    Examples:  meta pool trials.csv -m RR    ·    meta pool trials.csv -m SMD -c mean1=mt -c mean2=mc ...
    """
    from meta.pooling.univariate import pool as fit_model

    suffix = "" if out is None else out.suffix.lower()
    if suffix not in ("", ".json", ".csv", ".txt"):
        raise InputError(f"--out {str(out)!r} must end in .json, .csv or .txt")
    with quiet():
        loaded = load(source, measure, column, study)
        fit = fit_model(loaded.effects, method=method, test=test, level=level)
        text = _told(fit, loaded, as_json_text=json or suffix == ".json", as_csv=suffix == ".csv")
    if out is None:
        print(text)
    else:
        out.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        note(f"written to {out}")


def _told(fit: Any, loaded: Loaded, *, as_json_text: bool, as_csv: bool) -> str:
    if as_csv:
        return fit.tidy().to_csv(index=False)
    if not as_json_text:
        skipped = [f"note: {message}" for message in loaded.effects.warnings]
        return "\n".join([str(fit), *skipped])
    low, high = fit.prediction_interval()
    tau2_low, tau2_high = fit.tau2_interval("QP")
    back = fit.backtransform()
    shown = {
        name: getattr(back, name)
        for name in ("display", "estimate", "ci_low", "ci_high", "pi_low", "pi_high")
    }
    extra = {
        "columns": loaded.columns,
        "prediction": {"kind": fit.prediction_kind(), "low": low, "high": high},
        "tau2_interval": {"kind": "QP", "low": tau2_low, "high": tau2_high},
        "read": shown,
        "data_warnings": list(loaded.effects.warnings),
    }
    return as_json(fit.to_dict() | extra)


def forest(
    source: Subject,
    out: FigureOption = None,
    measure: MeasureOption = None,
    column: ColumnOption = None,
    study: StudyOption = None,
    method: MethodOption = "REML",
    test: TestOption = "hksj",
    level: LevelOption = 0.95,
    title: Annotated[str | None, typer.Option("--title", help="Printed above.")] = None,
    theme: Annotated[
        str, typer.Option("--theme", help="default, revman, jama, bmj, compact or dark.")
    ] = "default",
    left: Annotated[str | None, typer.Option("--left", help="What lies left of no effect.")] = None,
    right: Annotated[str | None, typer.Option("--right", help="What lies right of no effect.")] = None,
    studies: StudiesOption = "studies",
    json: JsonOption = False,
) -> None:
    """Draw the forest plot of a table, or of an analysis of the claims file.

    Examples:  meta forest trials.csv -m RR -o forest.svg    ·    meta forest soreness -o soreness.png
    """
    from meta.plots.forest import forest as draw

    target = out or Path(f"forest-{_stem(source)}.svg")
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

            loaded = load(source, measure, column, study)
            fit = fit_model(loaded.effects, method=method, test=test, level=level)
            figure = draw(fit, title=title, theme=theme, labels=labels)
        _save(figure, target, json)


def funnel(
    source: Subject,
    out: FigureOption = None,
    measure: MeasureOption = None,
    column: ColumnOption = None,
    study: StudyOption = None,
    method: MethodOption = "REML",
    test: TestOption = "hksj",
    level: LevelOption = 0.95,
    studies: StudiesOption = "studies",
    json: JsonOption = False,
) -> None:
    """Draw the funnel plot of a table, or of an analysis of the claims file.

    Example:  meta funnel trials.csv -m OR -o funnel.svg
    """
    from meta.plots.funnel import funnel as draw
    from meta.pooling.univariate import pool as fit_model

    target = out or Path(f"funnel-{_stem(source)}.svg")
    with quiet():
        if _is_analysis(source):
            from meta.effects.evidence import load_evidence

            effects = load_evidence(studies).effects(source)
            effects = effects.subset(effects.exact)
            if effects.k == 0:
                raise InputError(f"analysis {source!r} has no computed effect, so there is no funnel to draw")
        else:
            effects = load(source, measure, column, study).effects
        _save(draw(fit_model(effects, method=method, test=test, level=level)), target, json)


def _stem(source: str) -> str:
    return "table" if source == "-" else Path(source).stem


def _is_analysis(source: str) -> bool:
    return source != "-" and not Path(source).suffix and not Path(source).exists()


def _save(figure: Any, target: Path, as_json_text: bool) -> None:
    figure.save(target)
    if as_json_text:
        numbers = {name: list(values) for name, values in figure.table.items()}
        print(as_json({"file": str(target), "alt_text": figure.alt_text, "numbers": numbers}))
    else:
        note(f"written to {target}")
        note(figure.alt_text)


def load(source: str, measure: str | None, column: list[str] | None, study: str | None) -> Loaded:
    """Read a table, recognise its columns, and compute effect sizes."""
    from meta.commands.guess import guess, guess_labels, guess_measure
    from meta.effects.api import effect_sizes

    frame = read(source)
    names = [str(name) for name in frame.columns]
    given = _given(column, names)
    code = measure or ("GEN" if given.keys() & {"yi"} else guess_measure(names))
    columns = guess(names, code, given)
    labels = (study,) if study else guess_labels([name for name in names if name not in columns.values()])
    if study and study not in names:
        raise InputError(f"--study {study!r} is not a column; the table has {', '.join(names)}")
    label = _label(frame, labels)
    said = [f"{argument} = {name}" for argument, name in columns.items() if argument != name]
    named: dict[str, Any] = dict(columns)
    if labels and labels != ("study",):
        said.append(f"study = {' + '.join(labels)}")
    if said:
        note(f"columns: {', '.join(said)}")
    effects = effect_sizes(frame, measure=code, study=label, **named)
    return Loaded(effects, code, columns)


def _label(frame: Any, labels: tuple[str, ...]) -> Any:
    if not labels:
        return None
    if len(labels) == 1:
        return labels[0]
    return [" ".join(str(part) for part in row) for row in frame[list(labels)].itertuples(index=False)]


def _given(column: list[str] | None, names: list[str]) -> dict[str, str]:
    given = {}
    for pair in column or ():
        argument, sign, name = pair.partition("=")
        if not sign or not argument.strip() or not name.strip():
            raise InputError(f"--column {pair!r} must look like events1=NAME")
        if name.strip() not in names:
            raise InputError(
                f"--column {pair!r}: the table has no column {name.strip()!r}; it has {', '.join(names)}"
            )
        given[argument.strip()] = name.strip()
    return given


def read(source: str) -> Any:
    """Read a table from a file or, for "-", from standard input."""
    import pandas as pd

    path = Path(source)
    if source != "-" and not path.is_file():
        raise InputError(f"there is no file {source!r}; give the path of a CSV, TSV or Excel file, or -")
    try:
        if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods"):
            return pd.read_excel(path)
        text = sys.stdin.read() if source == "-" else path.read_bytes().decode("utf-8-sig")
        return _parse(text)
    except UnicodeDecodeError:
        raise InputError(f"{source!r} is not UTF-8 text; save it as CSV in UTF-8") from None
    except ImportError as missing:
        raise InputError(f"reading {path.name!r} needs another package: {missing}") from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{source!r} is not a table: {reason}; give one row a study and a header") from None


def _parse(text: str) -> Any:
    """Read delimited text; a semicolon between columns goes with a decimal comma."""
    import io

    import pandas as pd

    head = text.lstrip("\ufeff").partition("\n")[0]
    separator = max(",;\t", key=head.count)
    return pd.read_csv(
        io.StringIO(text.lstrip("\ufeff")),
        sep=separator,
        decimal="," if separator == ";" else ".",
        skipinitialspace=True,
    )

"""Options that several commands share, each said once, with what the shell completes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def _measures(incomplete: str) -> list[tuple[str, str]]:
    from meta.effects.registry import MEASURES

    return [(code, item.name) for code, item in MEASURES.items() if code.startswith(incomplete.upper())]


def _methods(incomplete: str) -> list[tuple[str, str]]:
    from meta.pooling.pool_options import ESTIMATORS

    return [(code, item.name) for code, item in ESTIMATORS.items() if code.startswith(incomplete)]


def _tests(incomplete: str) -> list[tuple[str, str]]:
    from meta.pooling.pool_options import TESTS

    return [(code, item.name) for code, item in TESTS.items() if code.startswith(incomplete)]


def _directions(incomplete: str) -> list[str]:
    return [item for item in ("greater", "less", "two-sided") if item.startswith(incomplete)]


def _themes(incomplete: str) -> list[str]:
    themes = ("default", "revman", "jama", "bmj", "compact", "dark")
    return [item for item in themes if item.startswith(incomplete)]


def _priors(incomplete: str) -> list[str]:
    from meta.bayes.prior_text import NAMES

    return [f"{name.lower()}(" for name in NAMES if name.lower().startswith(incomplete.lower())]


Source = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="A CSV, TSV, Excel or RevMan (.rm5) file; - reads CSV from standard input."
    ),
]
Subject = Annotated[
    str,
    typer.Argument(metavar="FILE|ANALYSIS", help="A table, or the id of an analysis of the claims file."),
]
Measure = Annotated[
    str | None,
    typer.Option(
        "--measure",
        "-m",
        help="Effect measure: RR OR RD MD SMD ROM IRR ZCOR PLO ... Not needed beside yi and vi.",
        autocompletion=_measures,
    ),
]
Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        "-c",
        metavar="ARG=NAME",
        help="Which column is what, such as events1=tpos; repeat it. --events1 tpos is the same.",
    ),
]
Study = Annotated[str | None, typer.Option("--study", help="Column that names the studies.")]
Outcome = Annotated[
    str | None, typer.Option("--outcome", help="For a RevMan file: which outcome, such as 1.2.")
]
Method = Annotated[
    str,
    typer.Option(
        "--method",
        help="Estimator of tau2 (between studies), or its value.",
        autocompletion=_methods,
    ),
]
Test = Annotated[str, typer.Option("--test", help="z, t, hksj, adhoc or KR.", autocompletion=_tests)]
Level = Annotated[float, typer.Option("--level", help="Level of intervals.")]
Direction = Annotated[
    str | None,
    typer.Option(
        "--direction",
        help="Which results would be published: greater or less effects; by default the side of the pool.",
        autocompletion=_directions,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, at full precision.")]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="[python|r]",
        help="Print the Python that does the same, or (--code r) the lines of R's metafor, and nothing else.",
    ),
]
PythonCode = Annotated[
    str | None,
    typer.Option("--code", metavar="", help="Print the Python that does the same, and nothing else."),
]
Folder = Annotated[str, typer.Option("--studies", help="Folder of study files.")]
Studies = Annotated[str, typer.Option("--studies", help="Folder of study files, for an analysis.")]
Theme = Annotated[
    str,
    typer.Option("--theme", help="default, revman, jama, bmj, compact or dark.", autocompletion=_themes),
]
FigureOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Where to write it: .svg, .pdf, .png, .tiff or .eps; .csv, .json or .md for its numbers.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="Write to a file: .csv (table), .json (the result, for meta.load), .txt, .md, .html, "
        "or a figure: .svg, .png, .pdf, .tiff or .eps.",
    ),
]
Dpi = Annotated[
    float, typer.Option("--dpi", help="Dots an inch of a PNG or TIFF: 300 or 600 for most journals.")
]
EffectPrior = Annotated[
    str | None,
    typer.Option(
        "--effect", help='Prior of the mean effect, such as "normal(0, 1)".', autocompletion=_priors
    ),
]
TauPrior = Annotated[
    str | None,
    typer.Option("--tau", help='Prior of tau, such as "halfnormal(0.5)".', autocompletion=_priors),
]


def as_method(text: str) -> str | float:
    """An estimator by its code, or a known between-study variance.

    >>> as_method("REML"), as_method("0.04")
    ('REML', 0.04)
    """
    try:
        return float(text)
    except ValueError:
        return text

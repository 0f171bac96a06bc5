"""The printed blocks of posteriors."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.bayes.posterior_numbers import PosteriorNumbers
from meta.bayes.regression_numbers import RegressionNumbers
from meta.formatting import interval, number, percent, significant
from meta.results.print_out import Line as Printed
from meta.results.print_out import (
    coefficient_right,
    cut_notes,
    decimals,
    display_text,
    heading,
    needs_display,
)

TITLE = "Bayesian random-effects meta-analysis"
ENGINES = {"exact": "exact (quadrature)", "pymc": "PyMC (NUTS)"}


def level_text(level: float) -> str:
    """A level in percent, with a decimal where it has one."""
    return percent(level, 0 if float(100 * level).is_integer() else 1)


def rows_of_posterior(
    rows: list[dict[str, Any]], level: float, digits: int, kind: str = "shortest"
) -> list[str]:
    """A table of quantities: mean, median, sd, credible interval, and what stands right of each."""
    width = max(10, *(len(str(row["term"])) + 2 for row in rows))
    names = ("mean", "median", "sd")
    lines = [
        f"{'':{width}}" + "".join(f"{x:>10}" for x in names) + f"   {level_text(level)} interval ({kind})"
    ]
    places = [_places(row, digits) for row in rows]
    shown = [interval(row["ci_low"], row["ci_high"], n) for row, n in zip(rows, places, strict=True)]
    longest = max(len(lines[0]) - width - 33, *map(len, shown))
    for row, ends, n in zip(rows, shown, places, strict=True):
        numbers = (row["estimate"], row["median"], row["sd"])
        cells = "".join(f"{number(float(x), n):>10}" for x in numbers)
        right = f"   |  {row['right']}" if row.get("right") else ""
        cell = f"{ends:<{longest}}" if right else ends
        lines.append(f"{row['term']:{width}}{cells}   {cell}{right}")
    return lines


def _places(row: dict[str, Any], digits: int) -> int:
    """Decimals of a row, as other fits have them: a slope per milligram is small."""
    return decimals(Printed("", float(row["estimate"]), float(row["sd"])), digits)


def posterior_lines(post: PosteriorNumbers, digits: int = 3) -> list[str]:
    """Lay out the posterior on both scales, its priors and its numerical error."""
    labels = {"mu": "mu", "tau": "tau", "new": "new study"}
    shown = needs_display(post.measure)
    rows, notes = [], []
    for row in map(dict, post._terms()):
        numbers = (row["estimate"], row["ci_low"], row["ci_high"])
        if shown and row["term"] != "tau":
            row["right"] = display_text(post.effects, *numbers)
            printed = Printed(labels[row["term"]], numbers[0], low=numbers[1], high=numbers[2])
            notes += cut_notes(post.effects, [printed])
        rows.append(row | {"term": labels[row["term"]]})
    lines = [
        heading(
            ["Bayesian random-effects meta-analysis", ENGINES[post.engine], f"k = {post.k}"], post.measure
        ),
        *rows_of_posterior(rows, post.level, digits),
        f"prior: {post.prior}",
    ]
    if post.engine == "exact":
        lines.append(error_line(post))
    return [*lines, *dict.fromkeys(notes)]


def error_line(post: Any) -> str:
    """Evidence and the numerical error of a quadrature."""
    return (
        f"log evidence {number(post.log_evidence)} · "
        f"numerical error (relative) {significant(max(post.error, 1e-16), 1)}"
    )


def regression_lines(post: RegressionNumbers, digits: int = 3) -> list[str]:
    """Lay out the coefficients and tau with their priors, on both scales."""
    rows = []
    intercept = None if post.moderators is None else post.moderators.intercept
    for at, row in enumerate(map(dict, post._terms())):
        mean = at == intercept if intercept is not None else row["term"] == "Intercept"
        rows.append(row | {"right": coefficient_right(post.effects, mean, row)})
    tau, (low, high) = post.tau_distribution, post.interval("tau")
    middle = float(tau.ppf(np.array(0.5)))
    own = {"estimate": float(tau.mean), "median": middle, "sd": float(tau.sd)}
    rows.append({"term": "tau"} | own | {"ci_low": low, "ci_high": high})
    priors = dict(zip(post.terms, map(str, post.priors), strict=True)) | {"tau": str(post.tau_prior)}
    told = ", ".join(f"{term} ~ {prior}" for term, prior in priors.items())
    lines = [
        heading(
            ["Bayesian meta-regression", ENGINES.get(post.engine, post.engine), f"k = {post.k}"], post.measure
        ),
        *rows_of_posterior(rows, post.level, digits),
        f"prior: {told}",
    ]
    return [*lines, error_line(post)] if post.engine == "exact" else lines

"""PyMetaAnalysis's side: ``python of_pymetaanalysis.py DATA.csv FOLDER``, by an interpreter that has it."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from meta_analyze import meta_analysis, meta_regression
from timing import many, run

mpl.use("Agg")


def main() -> None:
    table = pd.read_csv(sys.argv[1])
    out = Path(sys.argv[2]) / "pymeta.svg"
    columns = {"effect": "yi", "variance": "vi"}
    fit = meta_analysis(table, **columns, ci_method="hartung_knapp")
    ys, vs = many(200)

    def batch(method: str) -> float:
        fits = [
            meta_analysis(effect=ys[:, j], variance=vs[:, j], tau2_method=method) for j in range(ys.shape[1])
        ]
        return fits[0].tau2

    def draw() -> None:
        ax = fit.forest()
        ax.figure.savefig(out)
        mpl.pyplot.close(ax.figure)

    run(
        {
            "one fit, REML and Hartung-Knapp": (
                lambda: meta_analysis(table, **columns, ci_method="hartung_knapp"),
                lambda r: r.ci_high,
                20,
            ),
            "one fit, DerSimonian-Laird": (
                lambda: meta_analysis(table, **columns, tau2_method="DL"),
                lambda r: r.tau2,
                20,
            ),
            "Q-profile interval of tau2": (
                lambda: meta_analysis(table, **columns).tau2_confidence_interval(),
                lambda r: r.ci_high,
                10,
            ),
            "leave-one-out, 13 studies": (
                fit.leave_one_out,
                lambda r: r.to_dataframe()["estimate"].iloc[0],
                5,
            ),
            "meta-regression, one moderator": (
                lambda: meta_regression(table, **columns, moderators=["ablat"]),
                lambda r: r.coefficients["estimate"].iloc[1],
                10,
            ),
            "10,000 fits of 20 studies, DerSimonian-Laird": (lambda: batch("DL"), float, 1),
            "10,000 fits of 20 studies, REML": (lambda: batch("REML"), float, 1),
            "forest plot, 13 studies, to a file": (draw, lambda r: 1.0, 3),
        }
    )


if __name__ == "__main__":
    main()

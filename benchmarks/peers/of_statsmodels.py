"""statsmodels' side: ``python of_statsmodels.py DATA.csv FOLDER``, by an interpreter that has it."""

from __future__ import annotations

import sys

import pandas as pd
from statsmodels.stats.meta_analysis import combine_effects
from timing import many, run


def main() -> None:
    table = pd.read_csv(sys.argv[1])
    y, v = table["yi"].to_numpy(), table["vi"].to_numpy()
    ys, vs = many(2000)

    def batch() -> float:
        fits = [combine_effects(ys[:, j], vs[:, j], method_re="dl") for j in range(ys.shape[1])]
        return fits[0].tau2

    run(
        {
            "one fit, DerSimonian-Laird": (
                lambda: combine_effects(y, v, method_re="dl"),
                lambda r: r.tau2,
                100,
            ),
            "10,000 fits of 20 studies, DerSimonian-Laird": (batch, float, 3),
        }
    )


if __name__ == "__main__":
    main()

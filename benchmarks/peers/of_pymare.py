"""PyMARE's side: ``python of_pymare.py DATA.csv FOLDER``, by an interpreter that has it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from pymare import Dataset
from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
from timing import many, run


def fitted(estimator: object, y: np.ndarray, v: np.ndarray, x: np.ndarray) -> object:
    return estimator.fit(y, v, x).summary()


def main() -> None:
    table = pd.read_csv(sys.argv[1])
    y, v = table[["yi"]].to_numpy(), table[["vi"]].to_numpy()
    one = np.ones_like(y)
    line = np.column_stack([one, table["ablat"]])
    ys, vs = many(10_000)
    wide = np.ones((20, 1))

    def reml() -> VarianceBasedLikelihoodEstimator:
        return VarianceBasedLikelihoodEstimator(method="REML")

    run(
        {
            "one fit, REML and Hartung-Knapp": (
                lambda: fitted(reml(), y, v, one).get_fe_stats(),
                lambda r: r["ci_u"].item(),
                20,
            ),
            "one fit, DerSimonian-Laird": (
                lambda: fitted(DerSimonianLaird(), y, v, one),
                lambda r: np.ravel(r.tau2)[0],
                50,
            ),
            "Q-profile interval of tau2": (
                lambda: reml().fit_dataset(Dataset(y, v)).summary().get_re_stats(),
                lambda r: np.ravel(r["ci_u"])[0],
                10,
            ),
            "meta-regression, one moderator": (
                lambda: fitted(reml(), y, v, line).get_fe_stats(),
                lambda r: np.ravel(r["est"])[1],
                20,
            ),
            "10,000 fits of 20 studies, DerSimonian-Laird": (
                lambda: fitted(DerSimonianLaird(), ys, vs, wide),
                lambda r: np.ravel(r.tau2)[0],
                3,
            ),
            "10,000 fits of 20 studies, REML": (
                lambda: fitted(reml(), ys, vs, wide),
                lambda r: np.ravel(r.tau2)[0],
                1,
            ),
        }
    )


if __name__ == "__main__":
    main()

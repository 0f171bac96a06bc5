"""Sandwiches where designs degenerate: lone levels, saturated clusters, hat values of 1, boundary variances,
moderators that are constant in most clusters, rows in any order; against clubSandwich.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import quiet

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_tests.json").read_text())[
    "sandwiches"
]


def fitted(case):
    table = pd.DataFrame(case["data"]).assign(esid=lambda d: range(len(d)))
    V = meta.vcalc(table, cluster="study", obs="esid", rho=0.6)
    fixed = dict(zip(("study", "study/esid"), case["sigma2"], strict=True))
    return meta.pool_multilevel(table, random="~ 1 | study/esid", moderators="~ g + x", V=V, fixed=fixed)


def jackknife_exists(fit):
    """Whether every coefficient can be estimated without any one cluster: else CR3 divides by rounding."""
    return all(np.linalg.matrix_rank(fit.X[fit.es.study != s]) == fit.p for s in set(fit.es.study))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_agrees_with_clubsandwich(number):
    case = CASES[number]
    with quiet():
        fit = fitted(case)
        for kind in ("CR0", "CR1S", "CR2", "CR3"):
            r = case[kind]
            if not r or (kind == "CR3" and not jackknife_exists(fit)):
                continue
            found = fit.robust("study", kind=kind, df="satterthwaite")
            se, df = np.asarray(r["se"], float), np.asarray(r["df"], float)
            known = np.isfinite(found.se)
            np.testing.assert_allclose(found.se[known], se[known], rtol=1e-5, err_msg=kind)
            np.testing.assert_allclose(found.df[known], df[known], rtol=1e-4, err_msg=kind)
        test = fit.robust("study", kind="CR2").wald([[0, 1, 0, 0], [0, 0, 1, 0]])
    if case["htz"] and np.isfinite(test.df2):
        np.testing.assert_allclose(
            [test.statistic, test.df2], [case["htz"]["f"], case["htz"]["df"]], rtol=1e-4
        )

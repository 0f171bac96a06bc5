"""`rve`: robumeta's working models by name, against robumeta, and CHE and SCE against what they stand for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import InputError, UnknownOptionError, quiet
from meta.kernels.working_moments import correlated, hierarchical

REF = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_tests.json").read_text())["robumeta"]
NAMES = {"effectsize": "yi", "var": "vi", "studyid": "study"}
DATA = {
    "HIER": pd.DataFrame(REF["hierdat"]).rename(columns=NAMES),
    "CORR": pd.DataFrame(REF["corrdat"]).rename(columns=NAMES),
}
CASES = {
    "HIER": (None, None, {}),
    "HIER_x": ("~ binge + followup", None, {}),
    "HIER_large": ("~ binge + followup", None, {"kind": "CR1p", "df": "residual"}),
    "CORR": (None, 0.8, {}),
    "CORR_x": ("~ males + college", 0.8, {}),
    "CORR_0": ("~ males + binge", 0.0, {}),
    "CORR_large": ("~ males + college", 0.8, {"kind": "CR1p", "df": "residual"}),
}


def found(name, table=None, **more):
    moderators, rho, options = CASES[name]
    model = name.split("_")[0]
    table = DATA[model] if table is None else table
    with quiet():
        return meta.rve(table, model=model, rho=rho, moderators=moderators, **{**options, **more})


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_robumeta(name):
    r, fit = REF[name], found(name)
    for actual, expected in ((fit.estimate, "beta"), (fit.se, "se"), (fit.df, "df"), (fit.tau2, "tau2")):
        np.testing.assert_allclose(actual, r[expected], rtol=1e-6)
    if name.startswith("HIER"):
        np.testing.assert_allclose(fit.omega2, r["omega2"], rtol=1e-6)
    assert fit.working == name.split("_")[0]
    assert f"working model: tau2 {fit.tau2:.3f}"[:26] in str(fit)


@pytest.mark.parametrize("name", ["HIER_x", "CORR_x"])
def test_rows_in_any_order_saved_and_with_gaps(name, tmp_path):
    fit, table = found(name), DATA[name.split("_")[0]]
    mixed = found(name, table.sample(frac=1, random_state=3))
    np.testing.assert_allclose(mixed.se, fit.se, rtol=1e-9)
    column = "followup" if name == "HIER_x" else "college"
    extra = pd.concat([table.head(3).assign(**{column: np.nan}), table])
    np.testing.assert_allclose(found(name, extra).se, fit.se, rtol=1e-9)
    fit.save(tmp_path / "fit.json")
    again = meta.load(tmp_path / "fit.json")
    assert (again.working, again.tau2, again.omega2) == (fit.working, fit.tau2, fit.omega2)
    np.testing.assert_allclose(again.wald().df2, fit.wald().df2)


def expected_form(B, W, X, S):
    """``E(e'Be)`` by dense algebra."""
    M = np.eye(len(X)) - X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
    return np.trace(M.T @ B @ M @ S), M


def test_moments_solve_their_equations():
    rng = np.random.default_rng(8)
    cluster = np.repeat(range(7), [1, 3, 2, 4, 2, 5, 3])
    n = len(cluster)
    X, v = np.column_stack([np.ones(n), rng.normal(size=n)]), rng.uniform(0.05, 0.3, n)
    y = rng.normal(size=7)[cluster] + rng.normal(0, 0.8, n)
    J = np.equal.outer(cluster, cluster) * 1.0
    h, W = hierarchical(y, v, X, cluster), np.diag(1 / v)
    S = np.diag(v + h.omega2) + h.tau2 * J
    for B in (W, J):
        mean, M = expected_form(B, W, X, S)
        assert (M @ y) @ B @ (M @ y) == pytest.approx(mean, rel=1e-9)
    c = correlated(y, v, X, cluster, 0.6)
    size, mean = np.bincount(cluster), np.bincount(cluster, v) / np.bincount(cluster)
    W = np.diag(1 / (size * mean)[cluster])
    S = J * mean[cluster] * 0.6 + np.diag(0.4 * mean[cluster]) + c.tau2 * J
    mean, M = expected_form(W, W, X, S)
    assert (M @ y) @ W @ (M @ y) == pytest.approx(mean, rel=1e-9)


def test_negative_moments_are_zero():
    cluster = np.repeat(range(5), 2)
    for y in (np.tile([1.0, -1.0], 5), np.repeat([1.0, -1.0, 0.5, -0.5, 0.0], 2), np.zeros(10)):
        found = hierarchical(y, np.full(10, 0.3), np.ones((10, 1)), cluster)
        assert found.tau2 >= 0 <= found.omega2
    assert correlated(np.tile([1.0, -1.0], 5), np.full(10, 5.0), np.ones((10, 1)), cluster, 0.5).tau2 == 0


def test_che_and_sce_are_what_they_are_called():
    table = DATA["CORR"].assign(
        esid=lambda d: range(len(d)), form=lambda d: np.where(d["binge"] > 0, "b", "a")
    )
    with quiet():
        che = meta.rve(table, model="CHE", rho=0.6, moderators="~ males")
        own = meta.pool_multilevel(table, levels=["study", "effect"], rho=0.6, moderators="~ males").robust(
            "study"
        )
        np.testing.assert_allclose([che.se, che.df], [own.se, own.df], rtol=1e-10)
        assert [che.tau2, che.omega2] == own.fit.sigma2.tolist()
        sce = meta.rve(table, model="SCE", rho=0.6, moderators="~ 0 + form", subgroup="form")
        parts = [meta.pool_multilevel(t, levels=["study"], rho=0.6) for _, t in table.groupby("form")]
    # without anything in common, subgroups are pools of their own
    np.testing.assert_allclose(sce.estimate, [part.estimate for part in parts], rtol=1e-5)
    np.testing.assert_allclose(sce.fit.sigma2, [part.sigma2[0] for part in parts], rtol=1e-4, atol=1e-8)
    assert np.isnan(sce.tau2)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"model": "CHER"}, UnknownOptionError, "CHE"),
        ({"model": "CHE"}, InputError, "needs rho"),
        ({"model": "HIER", "rho": 0.5}, InputError, "change nothing"),
        ({"model": "CORR", "rho": 1.2}, InputError, "below 1"),
        ({"model": "SCE", "rho": 0.5}, InputError, "subgroup"),
        ({"model": "CORR", "rho": 0.5, "subgroup": "males"}, InputError, "subgroup"),
        ({"model": "CORR", "rho": 0.5, "kind": "HC3"}, UnknownOptionError, "CR2"),
        ({"model": "CORR", "rho": 0.5, "cluster": "town"}, InputError, "town"),
    ],
)
def test_refusals(options, error, words):
    with pytest.raises(error, match=words):
        meta.rve(DATA["CORR"], **options)

"""`meta.vcalc` against metafor, and as the general case of `rho=` and `shared_control`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import AssumptionWarning, InputError
from meta.kernels.nearest_correlation import nearest_correlation

REF = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_effects.json").read_text())
DATA = pd.DataFrame(REF["data"]["vcalc"])
OBS = pd.DataFrame([[1.0, 0.6], [0.6, 1.0]], [1, 2], [1, 2])
TYPE = pd.DataFrame([[1.0, 0.4], [0.4, 1.0]], [1, 2], [1, 2])
GROUPS = {"grp1": "g1", "grp2": "g2"}
SIZES = GROUPS | {"w1": "w1", "w2": "w2"}
quiet = pytest.mark.filterwarnings("ignore::meta.errors.AssumptionWarning")
CASES = {
    "rho": {"obs": "effect", "rho": 0.6},
    "obs": {"obs": "ob", "rho": 0.6},
    "obs_matrix": {"obs": "ob", "rho": OBS},
    "sub": {"subgroup": "sub", "obs": "ob", "rho": 0.6},
    "type": {"type": "ty", "rho": 0.4},
    "obs_type": {"obs": "ob", "type": "ty", "rho": [0.6, 0.3]},
    "obs_type_matrix": {"obs": "ob", "type": "ty", "rho": [OBS, TYPE]},
    "time": {"time1": "t1", "phi": 0.7},
    "time_obs": {"obs": "ob", "rho": 0.6, "time1": "t1", "phi": 0.7},
    "groups": GROUPS,
    "groups_w": SIZES,
    "groups_obs": SIZES | {"obs": "ob", "rho": 0.6},
    "groups_time": SIZES | {"time1": "t1", "time2": "t2", "phi": 0.8},
    "all": SIZES | {"obs": "ob", "type": "ty", "rho": [0.6, 0.3], "time1": "t1", "phi": 0.8},
}


@quiet
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_metafor_in_any_order_of_rows(name):
    expected = np.array(REF["vcalc"][name])
    np.testing.assert_allclose(meta.vcalc(DATA, cluster="cl", **CASES[name]), expected, atol=1e-12)
    order = np.random.default_rng(1).permutation(len(DATA))
    mixed = DATA.iloc[order]
    options = CASES[name] | ({"obs": np.arange(len(DATA))} if name == "rho" else {})
    for sparse in (False, True):
        found = meta.vcalc(mixed, cluster="cl", sparse=sparse, **options)
        found = found.toarray() if sparse else found
        np.testing.assert_allclose(found, expected[np.ix_(order, order)], atol=1e-12)


def test_rho_and_shared_control_are_cases():
    data = meta.datasets.load("assink2016")
    V = meta.vcalc(data, cluster="study", obs="esid", rho=0.6)
    a = meta.pool_multilevel(data, levels=["study", "esid"], rho=0.6)
    b = meta.pool_multilevel(data, levels=["study", "esid"], V=V)
    c = meta.pool_multilevel(
        data, random="~ 1 | study/esid", V=meta.vcalc(data, cluster="study", obs="esid", rho=0.6, sparse=True)
    )
    for fit in (b, c):
        assert fit.loglik == pytest.approx(a.loglik, abs=1e-9)
        assert fit.estimate == pytest.approx(a.estimate, rel=1e-9)
    # mean differences with one SD: the covariance of two arms with a common control is sd2 / n2
    sd2, n1, n2 = 4.0, np.array([10.0, 20.0, 15.0]), 25.0
    table = {
        "yi": [1.0, 2.0, 3.0],
        "vi": sd2 * (1 / n1 + 1 / n2),
        "study": ["A", "A", "B"],
        "arm": ["x", "y", "x"],
    }
    es = meta.effect_sizes(measure="GEN", yi=table["yi"], vi=table["vi"], study=table["study"])
    old = meta.shared_control(es, cluster="study", measure="MD", sd2=[2.0] * 3, n2=[n2] * 3)
    new = meta.vcalc(table, cluster="study", grp1="arm", grp2=["c"] * 3, w1=n1, w2=[n2] * 3)
    np.testing.assert_allclose(new, old, rtol=1e-12)


def test_correlations_by_columns():
    rows = [[1.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 1.0], [1.0, 0.5, np.nan], [0.5, 1.0, np.nan]]
    data = pd.DataFrame(rows, columns=["r1", "r2", "r3"]).assign(
        cl=[1, 1, 1, 2, 2], yi=0.1, vi=[1.0, 4.0, 9.0, 1.0, 1.0]
    )
    V = meta.vcalc(data, cluster="cl", rvars=["r1", "r2", "r3"])
    np.testing.assert_allclose(V[:3, :3], [[1, 0.6, 0.3], [0.6, 4, 1.2], [0.3, 1.2, 9]])
    np.testing.assert_allclose(V[3:], [[0, 0, 0, 1, 0.5], [0, 0, 0, 0.5, 1]])
    with pytest.raises(InputError, match="2 columns, but a cluster has 3"):
        meta.vcalc(data, cluster="cl", rvars=["r1", "r2"])
    with pytest.raises(InputError, match="symmetric"):
        meta.vcalc(data.assign(r1=[1.0, 0.4, 0.1, 1.0, 0.5]), cluster="cl", rvars=["r1", "r2", "r3"])


def test_contradicting_correlations_are_named_or_mended():
    R = pd.DataFrame(REF["vcalc"]["nearpd_rho"], [1, 2, 3], [1, 2, 3])
    table = {
        "cl": [1] * 3,
        "ob": [1, 2, 3],
        "yi": [0.1] * 3,
        "vi": REF["vcalc"]["nearpd_vi"],
        "study": list("abc"),
    }
    with pytest.warns(AssumptionWarning, match="not positive definite in the cluster of study 'a'"):
        meta.vcalc(table, cluster="cl", obs="ob", rho=R)
    with pytest.warns(AssumptionWarning, match="nearest"):
        V = meta.vcalc(table, cluster="cl", obs="ob", rho=R, nearpd=True)
    assert np.linalg.eigvalsh(V)[0] > 0
    np.testing.assert_allclose(np.diag(V), table["vi"])
    rng = np.random.default_rng(2)
    for _ in range(20):
        A = rng.normal(size=(5, 5))
        S = 0.5 * (A + A.T).clip(-1, 1)
        np.fill_diagonal(S, 1.0)
        near = nearest_correlation(S)
        assert np.linalg.eigvalsh(near)[0] > 0
        for _ in range(30):  # no other correlation matrix is nearer
            B = rng.normal(size=(5, 5))
            C = near + 0.05 * B @ B.T
            C = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
            assert np.linalg.norm(C - S) >= np.linalg.norm(near - S) - 1e-6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nothing says"),
        ({"rho": 0.5}, "obs= or type="),
        ({"obs": "ob"}, "rho needs one entry"),
        ({"obs": "ob", "type": "ty", "rho": 0.5}, "rho needs one entry for obs and one for type"),
        ({"obs": "ob", "rho": 1.5}, "between -1 and 1"),
        ({"obs": "ob", "rho": OBS.iloc[:1, :1]}, "no row for '2'"),
        ({"time1": "t1"}, "phi"),
        ({"time1": "t1", "phi": 1.2}, "between 0 and 1"),
        ({"grp1": "g1"}, "together"),
        ({"time1": "t1", "time2": "t2", "phi": 0.5}, "time2"),
        (GROUPS | {"w1": "w1"}, "together"),
        ({"grp1": "g1", "grp2": "g1"}, "same group"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(InputError, match=words):
        meta.vcalc(DATA, cluster="cl", **options)

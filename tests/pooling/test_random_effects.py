"""Predicted random effects of every kind of term, against their distribution given the effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import NotEstimableError, quiet

RNG = np.random.default_rng(21)
N = 24
DATA = pd.DataFrame({"study": np.repeat(list("fedcba"), 4), "lab": [f"lab {i % 5}" for i in range(N)]})
DATA = DATA.assign(
    kind=np.tile(["x", "y"], N // 2), dose=RNG.uniform(0, 3, N).round(2), vi=RNG.uniform(0.02, 0.1, N)
)
DATA["esid"] = range(N)
DATA["yi"] = (
    RNG.normal(size=6)[np.repeat(range(6), 4)] * 0.7 + RNG.normal(size=N) * 0.4 + 0.3 * DATA["dose"]
).round(3)
A = RNG.normal(size=(5, 5))
R = A @ A.T + np.eye(5)
R = pd.DataFrame(
    R / np.sqrt(np.outer(np.diag(R), np.diag(R))),
    [f"lab {i}" for i in range(5)],
    [f"lab {i}" for i in range(5)],
)
CASES = {
    "crossed": {"random": ["~ 1 | study", "~ 1 | lab", "~ 1 | esid"]},
    "known": {"random": ["~ 1 | lab", "~ 1 | esid"], "R": {"lab": R}},
    "UN": {"random": ["~ kind | study", "~ 1 | esid"]},
    "slopes": {"random": "~ dose | study", "moderators": "~ dose"},
    "HCS": {"random": "~ kind | study", "struct": "HCS"},
}


@pytest.mark.parametrize("test", ["z", "KR"])
@pytest.mark.parametrize("name", CASES)
def test_conditional_means_and_errors(name, test):
    with quiet():
        fit = meta.pool_multilevel(DATA, test=test, **CASES[name])
    table = fit.random_effects()
    # u and y are jointly normal, beta has a diffuse prior
    columns, G = [], []
    for term, phi in zip(
        fit.terms, np.split(fit.phi, np.cumsum([t.size for t in fit.terms])[:-1]), strict=True
    ):
        groups = list(dict.fromkeys(term.group.tolist()))
        z = np.ones((N, 1)) if term.z is None else term.z
        g = np.atleast_2d(phi[0] ** 2) if term.z is None else term.shape.covariance(phi)
        for j in range(z.shape[1]):
            columns += [(term.group == i) * z[:, j] for i in groups]
        known = np.eye(len(groups)) if term.known is None else term.known[np.ix_(groups, groups)]
        G.append(np.kron(g, known))
    Z, D = np.column_stack(columns), np.zeros((len(columns), len(columns)))
    at = 0
    for block in G:
        D[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    wide = 1e7
    M = Z @ D @ Z.T + np.diag(DATA["vi"]) + wide * fit.X @ fit.X.T
    gain = D @ Z.T @ np.linalg.inv(M)
    np.testing.assert_allclose(table["estimate"], gain @ fit.yi, atol=2e-5)
    np.testing.assert_allclose(table["se"] ** 2, np.diag(D - gain @ Z @ D), atol=2e-5)


def test_names_of_groups():
    with quiet():
        crossed = meta.pool_multilevel(DATA, **CASES["crossed"]).random_effects()
        slopes = meta.pool_multilevel(DATA, **CASES["slopes"]).random_effects()
        nested = meta.pool_multilevel(DATA, random="~ 1 | study/lab").random_effects()
    assert crossed["level"].unique().tolist() == ["study", "lab", "esid"]
    assert set(crossed.loc[crossed["level"] == "lab", "group"]) == set(R.index)
    assert slopes["level"].unique().tolist() == ["dose | study [Intercept]", "dose | study [dose]"]
    assert slopes["group"].tolist() == list("fedcba") * 2
    assert "f/lab 0" in set(nested["group"])


def test_distances_have_no_groups():
    with quiet():
        fit = meta.pool_multilevel(DATA, random="~ dose | study", struct="SPEXP")
    with pytest.raises(NotEstimableError, match="coordinates"):
        fit.random_effects()

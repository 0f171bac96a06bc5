"""Cluster wild bootstrap: against fits of every draw by the definition, and what it must not depend on."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import FewStudiesWarning, InputError, NotEstimableError, UnknownOptionError, quiet

RNG = np.random.default_rng(8)
K, M = 21, 7
TABLE = pd.DataFrame(
    {"study": np.repeat(list("gfedcba"), 3), "x": RNG.normal(size=K), "z": RNG.normal(size=K)}
)
TABLE["yi"] = 0.3 * TABLE["x"] + RNG.normal(size=M).repeat(3) * 0.4 + RNG.normal(size=K) * 0.3
TABLE["vi"] = RNG.uniform(0.03, 0.2, K)
TABLE["w"] = RNG.uniform(1, 3, K)


def multilevel():
    return meta.pool_multilevel(TABLE, levels=["study", "effect"], rho=0.5, moderators="~ x + z")


FITS = {
    "multilevel": multilevel,
    "regression": lambda: meta.regress(TABLE, "~ x + z"),
    "weights": lambda: meta.regress(TABLE, "~ x + z", weights=TABLE["w"]),
    "mean": lambda: meta.pool(TABLE),
}


def estimates(y, X, W, cluster, kind, M):
    """Coefficients and sandwich by their definitions (CR0, CR1 up to its factor, CR2)."""
    B = np.linalg.inv(X.T @ W @ X)
    b = B @ X.T @ W @ y
    H, e = X @ B @ X.T @ W, y - X @ b
    meat = np.zeros((X.shape[1],) * 2)
    for c in np.unique(cluster):
        at = cluster == c
        A = np.eye(at.sum())
        if kind == "CR2":
            I_H = (np.eye(len(y)) - H)[at]
            D = np.linalg.cholesky(M[np.ix_(at, at)]).T
            size, axes = np.linalg.eigh(D @ I_H @ M @ I_H.T @ D.T)
            A = D.T @ (axes / np.sqrt(size)) @ axes.T @ D
        s = X[at].T @ W[np.ix_(at, at)] @ A @ e[at]
        meat += np.outer(s, s)
    return b, B @ meat @ B


def by_definition(y, X, W, cluster, L, kind, M, c=0.0):
    """The p-value over all 2^m signs."""

    def wald(values, target):
        b, V = estimates(values, X, W, cluster, kind, M)
        d = L @ b - target
        return d @ np.linalg.solve(L @ V @ L.T, d) / len(L)

    B = np.linalg.inv(X.T @ W @ X)
    b = B @ X.T @ W @ y
    null = b - B @ L.T @ np.linalg.solve(L @ B @ L.T, L @ b - c)
    e = y - X @ null
    names = np.unique(cluster)
    observed, found = wald(y, c), []
    for signs in product([-1.0, 1.0], repeat=len(names)):
        w = dict(zip(names, signs, strict=True))
        found.append(wald(X @ null + e * [w[i] for i in cluster], c))
    return observed, np.mean(np.array(found) >= observed * (1 - 1e-9))


@pytest.mark.parametrize("kind", ["CR0", "CR2"])
@pytest.mark.parametrize("name", FITS)
def test_all_signs_by_the_definition(name, kind):
    with quiet():
        fit = FITS[name]()
        robust = meta.robust(fit, "study", kind=kind)
    X = getattr(fit, "X", np.ones((K, 1)))
    M = np.asarray(robust.marginal)
    W = np.diag(fit.user_weights) if name == "weights" else np.linalg.inv(M)
    p = X.shape[1]
    contrasts = [np.eye(p)[[-1]], np.eye(p)[[-2, -1]], np.array([[0.0, 1.0, -1.0]])] if p > 1 else [np.eye(1)]
    for L in contrasts:
        with quiet():
            found = robust.wild_bootstrap(L, reps=64)
        assert found.exhaustive
        assert found.reps == 64
        observed, expected = by_definition(fit.effects.yi, X, W, TABLE["study"].to_numpy(), L, kind, M)
        assert found.statistic == pytest.approx(observed, rel=1e-8)
        assert found.p_value == pytest.approx(expected, abs=1e-12)
        if len(L) == 1:
            for end, outside in ((found.ci_low, -1e-4), (found.ci_high, 1e-4)):
                for shift, kept in ((outside, False), (-outside, True)):
                    q = by_definition(
                        fit.effects.yi, X, W, TABLE["study"].to_numpy(), L, kind, M, end + shift
                    )[1]
                    assert (q > 0.05) == kept


def test_random_draws_and_webb_approach_all_of_them():
    with quiet():
        robust = multilevel().robust("study")
        exact = robust.wild_bootstrap("x", reps=64).p_value
        many = robust.wild_bootstrap("x", weights="webb", reps=200_000, seed=1)
        some = robust.wild_bootstrap("x", reps=63, seed=1)
    assert many.exhaustive  # 6^7 / 2 = 139,968
    assert many.reps == 3 * 6**6
    assert abs(many.p_value - exact) < 0.1
    assert not some.exhaustive
    assert abs(some.p_value - exact) < 0.2
    assert some.p_value >= 1 / 64


def test_what_it_does_not_depend_on():
    with quiet():
        base = multilevel().robust("study").wild_bootstrap(["x", "z"], reps=99, seed=3)
        order = np.random.default_rng(1).permutation(K)
        table = TABLE.iloc[order].assign(yi=lambda d: -1000 * d["yi"], vi=lambda d: 1e6 * d["vi"])
        fit = meta.pool_multilevel(table, levels=["study", "effect"], rho=0.5, moderators="~ x + z")
        other = fit.robust("study").wild_bootstrap(["z", "x"], reps=99, seed=3)
        factor = multilevel().robust("study", kind="CR1").wild_bootstrap("x", reps=64).p_value
        plain = multilevel().robust("study", kind="CR0").wild_bootstrap("x", reps=64).p_value
    np.testing.assert_allclose(np.sort(other.statistics), np.sort(base.statistics), rtol=1e-5)
    assert other.p_value == base.p_value
    assert factor == plain


def test_it_keeps_its_level_where_few_clusters_mislead_the_sandwich():
    """Under the null, of eight clusters with one large one: CR0 with z rejects too often."""
    rng = np.random.default_rng(4)
    study = np.repeat(range(8), [12, 2, 2, 2, 2, 2, 2, 2])
    x = (study < 4).astype(float)
    rejected = [0, 0]
    with quiet():
        for _ in range(200):
            y = rng.normal(size=8)[study] * 0.5 + rng.normal(size=len(study)) * 0.3
            fit = meta.regress({"study": study, "yi": y, "vi": np.full(len(study), 0.09), "x": x}, "~ x")
            robust = meta.robust(fit, "study", kind="CR0")
            rejected[0] += abs(robust.beta[1]) > 1.96 * np.sqrt(robust.vcov[1, 1])
            rejected[1] += robust.wild_bootstrap("x", reps=128).p_value <= 0.05
    assert rejected[0] > 30
    assert rejected[1] < 22


def test_every_fit_with_clusters_has_it():
    es = meta.effect_sizes(TABLE, measure="GEN", yi="yi", vi="vi", study="study")
    for model in ("CHE", "CORR", "HIER"):
        rho = None if model == "HIER" else 0.6
        with quiet():
            found = meta.rve(es, model=model, rho=rho, moderators="~ x").wild_bootstrap(reps=64)
        assert 0 < found.p_value <= 1
        assert found.names == ("x",)
        assert found.ci_low < found.estimate < found.ci_high
        assert "7 clusters" in found.summary()


def test_few_clusters_are_said_and_have_no_ends():
    small = TABLE[TABLE["study"].isin(list("gfed"))]
    with quiet():
        robust = meta.robust(meta.regress(small, "~ x"), "study")
    with pytest.warns(FewStudiesWarning, match=r"no p-value is below 0\.125; weights='webb'"):
        found = robust.wild_bootstrap("x")
    assert found.reps == 8
    assert (found.ci_low, found.ci_high) == (-np.inf, np.inf)
    with quiet():
        assert robust.wild_bootstrap("x", weights="webb").reps == 648


def test_refusals(tmp_path):
    with quiet():
        robust = meta.robust(meta.regress(TABLE, "~ x"), "study")
        with pytest.raises(UnknownOptionError, match="webb"):
            robust.wild_bootstrap("x", weights="mammen")
        with pytest.raises(InputError, match="reps"):
            robust.wild_bootstrap("x", reps=0)
        with pytest.raises(InputError, match="seed"):
            robust.wild_bootstrap("x", seed=-1)
        with pytest.raises(NotEstimableError, match="linearly dependent"):
            robust.wild_bootstrap([[0.0, 1.0], [0.0, 2.0]])
        line = meta.regress(TABLE.assign(yi=lambda d: 2 * d["x"]), "~ x")
        with pytest.raises(NotEstimableError, match="exactly"):
            meta.robust(line, "study").wild_bootstrap("x")
        robust.save(tmp_path / "r.json")
        again = meta.load(tmp_path / "r.json")
        assert again.wild_bootstrap("x", seed=1).p_value == robust.wild_bootstrap("x", seed=1).p_value

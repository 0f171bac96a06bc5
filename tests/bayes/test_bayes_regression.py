"""meta.bayes.bayes_regression against direct integration, the intercept-only engine and PyMC."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

import meta
from meta.effects.effect_size_table import EffectSizes
from meta.errors import DataWarning, InputError, NotEstimableError, UnknownOptionError

Y, V = np.array([0.1, 0.4, 0.3, 0.8, 0.6]), np.array([0.04, 0.02, 0.05, 0.03, 0.06])
X = np.column_stack([np.ones(5), [0.0, 1.0, 0.5, 2.0, 1.5]])
PRIORS = {"effect": [meta.Normal(0.1, 1), meta.Normal(0, 0.5)], "tau": meta.HalfNormal(0.5)}


def effects():
    return EffectSizes(Y, V, "SMD", list("abcde"), columns={"dose": X[:, 1], "form": np.array(list("xyxyx"))})


def test_evidence_and_moments_by_direct_integration():
    post = meta.bayes(yi=Y, vi=V, moderators=X, **PRIORS)

    def joint(t):
        sigma = np.diag(V + t * t) + X @ np.diag([1.0, 0.25]) @ X.T
        gap = Y - 0.1
        log = -0.5 * (gap @ np.linalg.solve(sigma, gap) + np.linalg.slogdet(2 * np.pi * sigma)[1])
        return np.exp(log) * float(PRIORS["tau"].pdf(t))

    def slope(t):
        sigma = np.diag(V + t * t) + X @ np.diag([1.0, 0.25]) @ X.T
        return joint(t) * 0.25 * X[:, 1] @ np.linalg.solve(sigma, Y - 0.1)

    area = integrate.quad(joint, 0, 5, epsabs=0, epsrel=1e-11)[0]
    assert post.log_evidence == pytest.approx(np.log(area), abs=1e-9)
    want = integrate.quad(slope, 0, 5, epsabs=0, epsrel=1e-11)[0] / area
    assert post.coefficients.loc["x1", "estimate"] == pytest.approx(want, rel=1e-8)


def test_intercept_alone_is_the_random_effects_model():
    plain = meta.bayes(yi=Y, vi=V, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    post = meta.bayes(yi=Y, vi=V, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5), moderators=np.ones(5))
    assert post.coefficients.loc["x0", "estimate"] == pytest.approx(plain.estimate, rel=1e-9)
    assert post.interval("x0") == pytest.approx(plain.interval(), rel=1e-8)
    assert post.interval("tau", kind="central") == pytest.approx(
        plain.interval(kind="central", of="tau"), rel=1e-8
    )
    assert post.probability("x0", below=0.2) == pytest.approx(plain.probability(below=0.2), rel=1e-8)
    assert post.bayes_factor("x0") == pytest.approx(plain.bayes_factor("mu=0"), rel=1e-7)
    assert post.log_evidence == pytest.approx(plain.log_evidence, abs=1e-9)
    flat = meta.bayes(yi=Y, vi=V, effect=meta.Flat(), tau=0.1, moderators=X)
    w = 1 / (V + 0.01)
    want = np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * Y))
    np.testing.assert_allclose(flat.coefficients["estimate"], want, rtol=1e-10)


def test_formula_frame_and_mapping():
    by_formula = meta.bayes(
        effects(), moderators="~ dose + C(form)", effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)
    )
    assert by_formula.terms == ("Intercept", "dose", "C(form)[T.y]")
    frame = pd.DataFrame({"one": np.ones(5), "dose": X[:, 1]})
    by_frame = meta.bayes(
        effects(), moderators=frame, effect={"one": meta.Normal(0, 1), "dose": meta.Normal(0, 2)}
    )
    assert by_frame.priors[1] == meta.Normal(0, 2)
    assert "dose" in by_frame.summary()
    assert by_frame.tidy()["term"].tolist() == ["one", "dose"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"moderators": X[:3]}, "moderators have 3 rows, but there are 5 effects"),
        ({"moderators": X * [1, 1e60]}, "the moderator x1 has values up to 2e\\+60, and this model takes "),
        ({"effect": [meta.Normal(0, 1)]}, "need as many priors"),
        ({"effect": {"x0": meta.Normal(0, 1)}}, "no prior for x1"),
        ({"effect": meta.Cauchy(0, 1)}, "engine='pymc'"),
        ({"draws": 5}, "draws belongs to the sampler"),
        ({"moderators": None}, "one effect takes one prior"),
    ],
)
def test_refusals(options, match):
    with pytest.raises(ValueError, match=match):
        meta.bayes(effects(), **({"moderators": X, **PRIORS} | options))


def test_missing_rows_and_dependent_columns_follow_the_one_rule():
    want = meta.bayes(effects(), moderators=X, **PRIORS)
    with pytest.warns(DataWarning, match="determined by other moderators: 'x2'"):
        dependent = meta.bayes(effects(), moderators=np.column_stack([X, X[:, 1]]), **PRIORS)
    pd.testing.assert_frame_equal(dependent.coefficients, want.coefficients)
    assert "x2" in dependent.warnings[0]
    with pytest.warns(DataWarning, match=r"moderators are missing: 'd' \(x1\)"):
        fewer = meta.bayes(effects(), moderators=np.where(X == 2, np.nan, X), **PRIORS)
    kept = [0, 1, 2, 4]
    rest = meta.bayes(effects().subset(kept), moderators=X[kept], **PRIORS)
    pd.testing.assert_frame_equal(fewer.coefficients, rest.coefficients)


def test_more_refusals():
    post = meta.bayes(effects(), moderators=X, effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    with pytest.raises(NotEstimableError, match="proper"):
        post.bayes_factor("x1")
    with pytest.raises(UnknownOptionError, match="x0, x1, tau"):
        post.interval("x2")
    with pytest.raises(NotEstimableError, match="does not integrate"):
        meta.bayes(yi=Y[:3], vi=V[:3], moderators=X[:3], effect=meta.Flat(), tau=meta.Flat())
    bounded = EffectSizes(
        [np.nan, 0.1],
        [0.1, 0.1],
        "SMD",
        ["a", "b"],
        kind=["bound", "exact"],
        lower=[0, np.nan],
        upper=[1, np.nan],
    )
    with pytest.raises(InputError, match="exact effects only"):
        meta.bayes(bounded, moderators=np.ones(2))


@pytest.mark.mcmc
def test_sampler_agrees():
    exact = meta.bayes(yi=Y, vi=V, moderators=X, **PRIORS)
    post = meta.bayes(yi=Y, vi=V, moderators=X, **PRIORS, engine="pymc", seed=1)
    for j, term in enumerate(exact.terms):
        error = exact.coefficients.loc[term, "sd"] / np.sqrt(post.diagnostics.ess_bulk[f"beta_{j}"])
        assert post.coefficients.loc[term, "estimate"] == pytest.approx(
            exact.coefficients.loc[term, "estimate"], abs=4 * error
        )

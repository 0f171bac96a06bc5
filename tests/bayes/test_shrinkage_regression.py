"""Meta-regression under shrinkage priors against importance sampling, reductions and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import meta
from meta.bayes.shrinkage_model import draw_slopes, standardise, typical_variance
from meta.errors import InputError, NotEstimableError, quiet

EFFECT, TAU = meta.Normal(0, 1), meta.HalfNormal(0.3)
HORSESHOE = meta.priors.RegularisedHorseshoe(expected=1)
LAPLACE = meta.priors.LaplaceSlopes(0.3)


def example(k: int = 20, p: int = 4):
    rng = np.random.default_rng(8)
    x = rng.standard_normal((k, p)) * [1.0, 5.0, 0.2, 1.0][:p] + 3.0
    v = rng.uniform(0.02, 0.1, k)
    y = 0.2 + 0.5 * (x[:, 0] - 3.0) + rng.normal(0, np.sqrt(v + 0.01))
    frame = pd.DataFrame(np.column_stack([np.ones(k), x]), columns=["Intercept", *"abcd"[:p]])
    return y, v, frame


def by_importance(y, v, x, slopes, size=120_000):
    """Posterior means by weighting draws of everything but mu and the slopes, which are exact given them."""
    rng = np.random.default_rng(1)
    z = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    k, p = z.shape
    tau = np.abs(0.3 * rng.standard_normal(size))
    scales = slopes.draw_scales(p, k, typical_variance(v), size, rng)
    design = np.column_stack([np.ones(k), z])
    log_w, means = np.empty(size), np.empty((size, p + 1))
    for i in range(0, size, 2000):
        part = slice(i, i + 2000)
        prior = np.column_stack([np.ones(tau[part].size), scales[part] ** 2])
        sigma = np.einsum("ij,nj,kj->nik", design, prior, design)
        sigma[:, np.arange(k), np.arange(k)] += v + tau[part, None] ** 2
        solved = np.linalg.solve(sigma, np.broadcast_to(y[:, None], (*sigma.shape[:1], k, 1)))[..., 0]
        log_w[part] = -0.5 * (solved @ y + np.linalg.slogdet(sigma)[1])
        means[part] = prior * (solved @ design)
    w = np.exp(log_w - log_w.max())
    w /= w.sum()
    mean = w @ means
    error = np.sqrt((w**2) @ (means - mean) ** 2)
    return mean[1:] / x.std(axis=0, ddof=1), error[1:] / x.std(axis=0, ddof=1), float(w @ tau)


@pytest.mark.mcmc
@pytest.mark.parametrize("slopes", [HORSESHOE, LAPLACE], ids=["horseshoe", "laplace"])
def test_sampler_agrees_with_importance_sampling(slopes):
    y, v, frame = example()
    post = meta.bayes(
        yi=y, vi=v, moderators=frame, effect=EFFECT, tau=TAU, slopes=slopes, engine="pymc", seed=1, chains=2
    )
    mean, error, tau = by_importance(y, v, frame.iloc[:, 1:].to_numpy(), slopes)
    table = post.coefficients.iloc[1:]
    # slopes are drawn anew for each draw of the scales; half of the draws is a safe effective size
    mcse = np.hypot(table["sd"] / np.sqrt(1000), error)
    assert np.all(np.abs(table["estimate"] - mean) < 4 * mcse)
    spread = float(post.distribution("tau").sd)
    assert float(post.distribution("tau").mean) == pytest.approx(tau, abs=4 * spread / np.sqrt(700))
    assert post.diagnostics.divergences <= 2
    assert table["estimate"]["a"] > 0.35
    wide = meta.bayes(yi=y, vi=v, moderators=frame, effect=EFFECT, tau=TAU, slopes=meta.Normal(0, 10))
    # the three that are nothing but noise
    assert np.all(np.abs(table["estimate"].iloc[1:]) < np.abs(wide.coefficients["estimate"].iloc[2:]))
    with pytest.raises(NotEstimableError, match="joint shrinkage prior"):
        post.bayes_factor("a")
    assert "per unit" in post.summary()
    with quiet():
        found = post.loo()
    assert found.method == "PSIS"
    exact = meta.bayes(yi=y, vi=v, moderators=frame, effect=EFFECT, tau=TAU, slopes=meta.Normal(0, 0.3)).loo()
    assert found.elpd == pytest.approx(exact.elpd, abs=2.0)


def test_slopes_given_their_scales_are_the_conjugate_ones():
    y, v, frame = example()
    z = standardise(frame.to_numpy(), tuple(frame.columns)).x
    s, tau, n = np.array([0.5, 0.0, 0.3, 0.1]), 0.2, 40_000
    drawn = draw_slopes(
        y, v, z, np.full(n, 0.3), np.full(n, tau), np.tile(s, (n, 1)), np.random.default_rng(2)
    )
    w, kept = 1 / (v + tau**2), s > 0
    precision = (z[:, kept] * w[:, None]).T @ z[:, kept] + np.diag(1 / s[kept] ** 2)
    mean = np.linalg.solve(precision, z[:, kept].T @ (w * (y - 0.3)))
    sd = np.sqrt(np.diag(np.linalg.inv(precision)))
    assert np.all(drawn[:, 1] == 0)
    np.testing.assert_allclose(drawn[:, kept].mean(axis=0), mean, atol=4 * sd.max() / np.sqrt(n))
    np.testing.assert_allclose(drawn[:, kept].std(axis=0), sd, rtol=0.02)


def test_laplace_scales_make_laplace_slopes():
    fixed_b = LAPLACE.draw_scales(1, 9, 0.1, 200_000, np.random.default_rng(3))[:, 0]
    b = np.abs(0.3 * np.random.default_rng(3).standard_normal((200_000, 1)))[:, 0]
    # given b, s^2 is exponential with mean 2 b^2, whatever the draw of b
    assert np.mean(fixed_b**2 / (2 * b**2)) == pytest.approx(1.0, abs=0.012)
    slopes = LAPLACE.draw(2, 9, 0.1, 200_000, seed=4)
    assert np.abs(slopes).mean() == pytest.approx(0.3 * np.sqrt(2 / np.pi), rel=0.02)


def test_horseshoe_slab_bounds_and_expected_share_stands_out():
    drawn = HORSESHOE.draw(10, 25, 0.04, 100_000, seed=5)
    slab = np.abs(np.random.default_rng(6).standard_t(4, 100_000))
    assert np.quantile(np.abs(drawn), 0.9999) < np.quantile(slab, 0.9999)
    assert np.median(np.abs(drawn)) < 0.02
    assert HORSESHOE.global_scale(10, 25, 0.04) == pytest.approx(1 / 9 * 0.2 / 5)


def test_standardising_sets_the_intercept_apart():
    made = standardise(np.array([[2.0, 1.0], [4.0, 1.0], [6.0, 1.0]]), ("x", "Intercept"))
    np.testing.assert_allclose(made.x[:, 0], [-1, 0, 1])
    assert (made.constant, made.mean[0], made.sd[0]) == (1, 4.0, 2.0)
    v = np.array([0.1, 0.2, 0.4])
    w = 1 / v
    assert typical_variance(v) == pytest.approx(2 * w.sum() / (w.sum() ** 2 - (w**2).sum()))
    assert typical_variance(np.array([0.3])) == 0.3


def test_one_prior_for_all_slopes_is_exact():
    y, v, frame = example(p=2)
    each = {"Intercept": EFFECT, "a": meta.Normal(0, 0.5), "b": meta.Normal(0, 0.5)}
    want = meta.bayes(yi=y, vi=v, moderators=frame, effect=each, tau=TAU)
    got = meta.bayes(yi=y, vi=v, moderators=frame, effect=EFFECT, slopes=meta.Normal(0, 0.5), tau=TAU)
    pd.testing.assert_frame_equal(got.coefficients, want.coefficients)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"engine": "exact"}, "engine='pymc'"),
        ({"moderators": None}, "give moderators= too"),
        ({"effect": [EFFECT] * 5}, "one prior, that of the intercept"),
        ({"slopes": meta.priors.RegularisedHorseshoe(4)}, "less than the number of moderators, 4"),
        ({"tau": meta.Flat()}, "proper priors beside it"),
    ],
)
def test_refusals_of_shrinkage(change, match):
    y, v, frame = example()
    given = {"moderators": frame, "effect": EFFECT, "tau": TAU, "slopes": HORSESHOE, "engine": "pymc"}
    with pytest.raises(InputError, match=match):
        meta.bayes(yi=y, vi=v, **(given | change))


@pytest.mark.parametrize(
    ("x", "match"),
    [
        (["~ 0 + x"], "needs a design with an intercept"),
        ([[[2.0, 1.0], [3.0, 2.0], [5.0, 1.0]], False], "needs a design with an intercept"),
        ([[[1.0]] * 3], "only"),
    ],
)
def test_designs_that_cannot_be_shrunk(x, match):
    es = meta.EffectSizes([0.1, 0.2, 0.4], [0.1] * 3, "SMD", list("abc"), columns={"x": np.arange(3.0)})
    given = dict(zip(("moderators", "intercept"), x, strict=False))
    with pytest.raises(InputError, match=match):
        meta.bayes(es, **given, effect=EFFECT, tau=TAU, slopes=LAPLACE, engine="pymc")


@pytest.mark.parametrize(
    "make",
    [
        lambda: meta.priors.RegularisedHorseshoe(0),
        lambda: meta.priors.RegularisedHorseshoe(1, slab=-1),
        lambda: meta.priors.LaplaceSlopes(np.inf),
    ],
)
def test_scales_must_be_positive(make):
    with pytest.raises(InputError, match="must be > 0 and finite"):
        make()

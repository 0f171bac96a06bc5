"""The location-scale model and unknown standard deviations, by PyMC, against grids and reductions."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.bayes.scale_model import bayes_location_scale
from meta.bayes.sd_model import bayes_unknown_sd, borrowed_sd
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, NotEstimableError, UnknownOptionError

SHORT = {"chains": 2, "draws": 2500, "tune": 1000}
EFFECT, TAU = meta.Normal(0, 1), meta.HalfNormal(0.5)
Y = np.array([0.1, 0.3, 0.25, 0.2, 0.9, -0.4, 0.6, 1.1])
V = np.array([0.04, 0.05, 0.03, 0.06, 0.04, 0.05, 0.03, 0.05])
ES = EffectSizes(Y, V, "SMD", [f"s{i}" for i in range(8)])
Z = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])


def centres(low: float, high: float, n: int) -> np.ndarray:
    return low + (np.arange(n) + 0.5) * (high - low) / n


def conjugate(y: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log evidence and posterior mean of mu ~ N(0, 1) for variances v (..., k)."""
    w = 1 / v
    total = w.sum(axis=-1) + 1
    mean = (w * y).sum(axis=-1) / total
    log = -0.5 * (np.log(v).sum(axis=-1) + (w * y**2).sum(axis=-1) - total * mean**2 + np.log(total))
    return log, mean


def close(post, want: float, of: str) -> None:
    error = float(post.distribution(of).sd) / np.sqrt(post.diagnostics.ess_bulk[of])
    assert float(post.distribution(of).mean) == pytest.approx(want, abs=4 * error)


@pytest.mark.mcmc
def test_location_scale_against_a_grid():
    post = bayes_location_scale(ES, scale=Z, effect=EFFECT, tau=TAU, seed=1, **SHORT)
    tau, slope = np.meshgrid(centres(0, 2.5, 250), centres(-5, 5, 250), indexing="ij")
    tau2 = tau[..., None] ** 2 * np.exp(slope[..., None] * (Z[:, 1] - 0.5))
    log, mean = conjugate(Y, V + tau2)
    w = np.exp(log - 2 * tau**2 - 0.5 * slope**2)
    w /= w.sum()
    close(post, (w * mean).sum(), "mu")
    close(post, (w * tau).sum(), "tau")
    close(post, (w * slope).sum(), "log_tau2[x1]")
    assert post.tidy()["term"].tolist() == ["mu", "tau", "log_tau2[x1]"]
    assert post.distribution("log_tau2[x1]").mean > 0.5


@pytest.mark.mcmc
def test_location_scale_with_a_moderator_of_the_mean_against_a_grid():
    post = bayes_location_scale(
        ES, scale=Z, moderators=Z, effect=EFFECT, tau=TAU, slopes=meta.Normal(0, 0.5), seed=2, **SHORT
    )
    tau, scale, slope = np.meshgrid(
        centres(0, 2, 60), centres(-4.5, 4.5, 60), centres(-1.6, 1.6, 60), indexing="ij"
    )
    z = Z[:, 1] - 0.5
    tau2 = tau[..., None] ** 2 * np.exp(scale[..., None] * z)
    log, mean = conjugate(Y - slope[..., None] * z, V + tau2)
    w = np.exp(log - 2 * tau**2 - 0.5 * scale**2 - 2 * slope**2)
    w /= w.sum()
    close(post, (w * mean).sum(), "mu")
    close(post, (w * slope).sum(), "slope[x1]")
    close(post, (w * scale).sum(), "log_tau2[x1]")


@pytest.mark.mcmc
@pytest.mark.parametrize("measure", ["SMD", "MD"])
def test_unknown_sd_against_a_grid(measure):
    other = EffectSizes(Y[:3], V[:3], measure, ["a", "b", "c"])
    diff, unit = 0.6, 1 / 20 + 1 / 25
    post = bayes_unknown_sd(
        other,
        diff=[diff],
        n1=[20],
        n2=[25],
        sd=meta.LogNormal(0.2, 0.4),
        measure=measure,
        effect=EFFECT,
        tau=TAU,
        seed=3,
        **SHORT,
    )
    tau, sd = np.meshgrid(centres(0, 2.5, 300), np.exp(centres(-1.8, 2.2, 300)), indexing="ij")
    grid = tau[..., None] ** 2
    if measure == "SMD":
        log, mean = conjugate(
            np.stack([*(np.full(tau.shape, y) for y in Y[:3]), diff / sd], axis=-1),
            np.concatenate([V[:3] + grid, grid + unit], axis=-1),
        )
        log = log - np.log(sd)
    else:
        log, mean = conjugate(
            np.append(Y[:3], diff), np.concatenate([V[:3] + grid, grid + (sd**2 * unit)[..., None]], axis=-1)
        )
    w = np.exp(log - 2 * tau**2 - 0.5 * ((np.log(sd) - 0.2) / 0.4) ** 2)
    w /= w.sum()
    close(post, (w * mean).sum(), "mu")
    close(post, (w * tau).sum(), "tau")
    close(post, (w * sd).sum(), "sd")


@pytest.mark.mcmc
def test_a_nearly_known_sd_gives_the_exact_answer_and_a_vague_one_less_certainty():
    common = {"diff": [3.0, 5.0], "n1": [20, 30], "n2": [20, 30], "effect": EFFECT, "tau": TAU, "seed": 4}
    narrow = bayes_unknown_sd(ES, sd=meta.LogNormal(np.log(10), 1e-3), **common, **SHORT)
    exact = meta.bayes(yi=[*Y, 0.3, 0.5], vi=[*V, 0.1, 1 / 15], effect=EFFECT, tau=TAU)
    close(narrow, exact.estimate, "mu")
    close(narrow, exact.tau.mean, "tau")
    assert set(narrow.draws) == {"mu", "tau", "sd[1]", "sd[2]"}
    shared = bayes_unknown_sd(sd=meta.LogNormal(np.log(10), 0.6), shared=True, **common, **SHORT)
    known = bayes_unknown_sd(sd=meta.LogNormal(np.log(10), 1e-3), shared=True, **common, **SHORT)
    assert set(shared.draws) == {"mu", "tau", "sd"}
    assert shared.sd > known.sd


def test_borrowed_sd_is_the_predictive_distribution():
    rng = np.random.default_rng(5)
    reported = np.exp(rng.normal(2.5, 0.3, 6))
    prior = borrowed_sd(reported)
    # brute force: mean and variance of log sd from their reference posterior, then one more
    logs, m, n = np.log(reported), 6, 400_000
    variance = logs.var(ddof=1) * (m - 1) / rng.chisquare(m - 1, n)
    new = np.exp(rng.normal(logs.mean(), np.sqrt(variance * (1 + 1 / m))))
    for q in (0.05, 0.5, 0.95):
        assert np.mean(new < float(prior.ppf(q))) == pytest.approx(q, abs=0.003)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: borrowed_sd([3.0, 4.0]), NotEstimableError, "2 standard deviations cannot say"),
        (lambda: borrowed_sd([3.0, 3.0, 3.0]), NotEstimableError, "do not differ"),
        (lambda: borrowed_sd([3.0, -1.0, 2.0]), InputError, "positive finite"),
    ],
)
def test_refusals_of_borrowed_sd(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"n1": [20, 20]}, "one value per study"),
        ({"n1": [0]}, "at least 1 person"),
        ({"diff": [np.nan]}, "diff must be finite"),
        ({"sd": meta.Normal(0, 1)}, "live above 0"),
        ({"sd": meta.Flat()}, "live above 0"),
        ({"sd": [meta.HalfNormal(1)] * 3}, "one for each of 1"),
        ({"tau": meta.Normal(0, 1)}, "tau >= 0"),
    ],
)
def test_refusals_of_unknown_sd(change, match):
    given = {
        "diff": [1.0],
        "n1": [20],
        "n2": [20],
        "sd": meta.LogNormal(1, 0.3),
        "effect": EFFECT,
        "tau": TAU,
    }
    with pytest.raises(InputError, match=match):
        bayes_unknown_sd(**(given | change))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"scale": "~ 0 + yi"}, "scale= has no intercept"),
        ({"scale": Z[:, :1]}, "names no moderator"),
        ({"scale": Z[:3]}, "have 3 rows, but there are 8 effects"),
        ({"effect": meta.Flat()}, "proper priors"),
        ({"es": EffectSizes([np.nan], [0.1], "SMD", ["a"])}, "exact effects only"),
    ],
)
def test_refusals_of_location_scale(change, match):
    given = {"es": ES, "scale": Z, "effect": EFFECT, "tau": TAU}
    with pytest.raises(InputError, match=match):
        bayes_location_scale(**(given | change))


def test_unknown_quantities_are_named():
    with pytest.raises(UnknownOptionError, match="SMD"):
        bayes_unknown_sd(diff=[1.0], n1=[9], sd=meta.HalfNormal(1), measure="x", effect=EFFECT, tau=TAU)

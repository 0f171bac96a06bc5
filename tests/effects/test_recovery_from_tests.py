"""meta.effects.from_tests: effects and bounds, against the claims' check values and real tests on data."""

import numpy as np
import pytest
from scipy import stats

from meta.effects import from_tests as ft
from meta.effects.recovered_values import Bound
from meta.errors import InputError, UnknownOptionError
from meta.kernels.hedges_correction import hedges_j


def test_g_from_t_is_the_g_of_the_data():
    rng = np.random.default_rng(8)
    a, b = rng.normal(1, 2, 12), rng.normal(0, 2, 15)
    pooled = np.sqrt((11 * a.var(ddof=1) + 14 * b.var(ddof=1)) / 25)
    g = hedges_j(25) * (a.mean() - b.mean()) / pooled
    test = stats.ttest_ind(a, b)
    effect = ft.g_from_t(test.statistic, n1=12, n2=15)
    assert effect.yi == pytest.approx(g, rel=1e-12)
    assert effect.vi == pytest.approx(1 / 12 + 1 / 15 + g**2 / 54, rel=1e-12)
    low, high = test.confidence_interval()
    by_ci = ft.g_from_difference(a.mean() - b.mean(), ci_low=low, ci_high=high, n1=12, n2=15)
    by_p = ft.g_from_p(test.pvalue, n1=12, n2=15, direction="higher" if g > 0 else "lower")
    assert by_ci.yi == pytest.approx(g, rel=1e-9)
    assert by_p.yi == pytest.approx(g, rel=1e-8)


def test_schutten():
    effect = ft.g_from_difference(-32, ci_low=-59, ci_high=-5, n1=25, n2=24)
    assert (float(effect.yi), float(effect.sei)) == pytest.approx((-0.67, 0.29), abs=0.005)
    adjusted = ft.g_from_difference(-32, ci_low=-59, ci_high=-5, n1=25, n2=24, r2=0.5)
    assert adjusted.yi == pytest.approx(effect.yi * np.sqrt(0.5), rel=1e-12)
    assert adjusted.vi == pytest.approx(effect.vi * 0.5, rel=1e-12)
    assert adjusted.assumptions == ("R2 of the covariates = 0.5",)
    assert effect.assumptions == ()


def test_abbasi():
    effect = ft.g_from_p(0.008, n1=21, n2=22, direction="lower")
    assert (float(effect.yi), float(effect.sei)) == pytest.approx((-0.83, 0.32), abs=0.0051)


def test_steward():
    effects = ft.g_from_eta2(0.67, n=9, r=[0.5, 0.7, 0.87], direction="lower")
    assert np.allclose(effects.yi, [-1.21, -0.94, -0.62], atol=0.005)
    assert float(ft.g_from_eta2(0.67, n=9, r=0.5, direction="lower").vi) == pytest.approx(0.247, abs=0.001)
    assert np.sqrt(16.24 / 9) == pytest.approx(1.34, abs=0.005)
    assert "r = 0.5" in ft.g_from_eta2(0.67, n=9, r=0.5, direction="lower").assumptions[0]


def test_ancova_variance_is_that_of_a_simulated_ancova_effect():
    rng = np.random.default_rng(2)
    n, r2, k = 40, 0.6, 4000
    x = rng.standard_normal((k, 2 * n))
    group = np.repeat([1.0, 0.0], n)
    y = np.sqrt(r2) * x + np.sqrt(1 - r2) * rng.standard_normal((k, 2 * n)) + 0.5 * group
    gx = x[:, :n].mean(1) - x[:, n:].mean(1)
    centred = np.concatenate(
        [x[:, :n] - x[:, :n].mean(1, keepdims=True), x[:, n:] - x[:, n:].mean(1, keepdims=True)], 1
    )
    slope = (centred * y).sum(1) / (centred**2).sum(1)
    adjusted = (y[:, :n].mean(1) - y[:, n:].mean(1)) - slope * gx
    residual = y - slope[:, None] * x
    s2 = (residual[:, :n].var(1) + residual[:, n:].var(1)) * n / (2 * n - 3)
    t = adjusted / np.sqrt(s2 * 2 / n)
    effect = ft.g_from_t(t, n1=n, n2=n, df=2 * n - 3, r2=r2)
    assert effect.yi.mean() == pytest.approx(0.5, abs=0.01)
    assert effect.vi.mean() == pytest.approx(effect.yi.var(), rel=0.08)


def test_paired_variance_switches_at_twenty_pairs_and_agrees_for_many():
    assert ft.paired_variance(0.5, n=19, r=0.6) == ft.paired_variance(0.5, n=19, r=0.6, kind="exact")
    assert ft.paired_variance(0.5, n=20, r=0.6) == ft.paired_variance(0.5, n=20, r=0.6, kind="asymptotic")
    big = [float(ft.paired_variance(0.5, n=20000, r=0.6, kind=k)) for k in ("exact", "asymptotic")]
    assert big[0] == pytest.approx(big[1], rel=1e-3)
    with pytest.raises(UnknownOptionError, match="unknown kind 'normal'; allowed: auto, asymptotic, exact"):
        ft.paired_variance(0.5, n=20, r=0.6, kind="normal")


def test_exact_paired_variance_by_simulation():
    rng = np.random.default_rng(4)
    n, r, delta = 9, 0.7, -0.9
    scale = np.sqrt(2 * (1 - r))
    z = rng.standard_normal((200_000, n)) + delta / scale
    g = hedges_j(n - 1) * z.mean(1) / z.std(1, ddof=1) * scale
    assert g.mean() == pytest.approx(delta, abs=0.01)
    assert ft.paired_variance(delta, n=n, r=r) == pytest.approx(g.var(), rel=0.03)


def test_within_arm_mixture_of_liaqat():
    mixture, vi = ft.unsigned_contrast(0.02, 0.276, n1=40, n2=40, direction1="lower", direction2=None)
    assert sorted(value for value, _ in mixture) == pytest.approx([-0.56, -0.21], abs=0.005)
    assert [weight for _, weight in mixture] == [0.5, 0.5]
    assert vi == pytest.approx(2 * 0.5 * (1 / 40 + 1 / 40))
    four, _ = ft.unsigned_contrast(0.02, 0.276, n1=40, n2=40, direction1=None, direction2=None)
    assert sum(value for value, _ in four) == pytest.approx(0, abs=1e-12)


def test_within_arm_dz_is_that_of_the_data():
    rng = np.random.default_rng(1)
    change = rng.normal(-0.5, 1, 30)
    p = stats.ttest_1samp(change, 0).pvalue
    assert ft.dz_from_p(p, n=30, direction="lower") == pytest.approx(
        change.mean() / change.std(ddof=1), rel=1e-8
    )


def test_contrast_carries_the_correlation():
    narrow = ft.contrast_of_changes(-0.5, 0.1, n1=20, n2=25, r=0.8)
    wide = ft.contrast_of_changes(-0.5, 0.1, n1=20, n2=25, r=0.5)
    assert (float(wide.yi), float(wide.vi)) == pytest.approx((-0.6, 1 / 20 + 1 / 25))
    assert narrow.yi == pytest.approx(-0.6 * np.sqrt(0.4))
    assert narrow.vi == pytest.approx(0.4 * (1 / 20 + 1 / 25))


def test_dmitrasinovic_bound():
    bound = ft.bound_from_threshold(0.01, n1=13, n2=10, direction="lower")
    assert bound.low == -np.inf
    assert float(bound.high) == pytest.approx(-1.15, abs=0.005)
    assert float(bound.vi) == pytest.approx(1 / 13 + 1 / 10)


def test_bounds_are_where_the_test_turns_significant():
    limit = float(ft.bound_from_threshold(0.05, n1=12, n2=15, direction="higher").low)
    t = limit / float(hedges_j(25)) / np.sqrt(1 / 12 + 1 / 15)
    assert 2 * stats.t.sf(t, 25) == pytest.approx(0.05, rel=1e-9)


def test_not_significant_bounds():
    kw = {"n1": 20, "n2": 20, "significant": False}
    both = ft.bound_from_threshold(0.05, direction=None, **kw)
    down = ft.bound_from_threshold(0.05, direction="lower", **kw)
    up = ft.bound_from_threshold(0.05, direction="higher", **kw)
    assert both.low == -both.high
    assert (down.low, down.high) == (both.low, 0)
    assert (up.low, up.high) == (0, both.high)
    assert not np.signbit(down.high)
    stricter = ft.bound_from_threshold(0.05, direction=None, comparisons=5, **kw)
    assert stricter.high == ft.bound_from_threshold(0.01, direction=None, **kw).high
    assert "5 comparisons" in stricter.how


def test_paired_bound():
    bound = ft.paired_bound_from_threshold(0.05, n=16, r=0.7, direction="lower")
    wanted = float(hedges_j(15)) * stats.t.ppf(0.975, 15) * np.sqrt(0.6 / 16)
    assert (float(bound.high), float(bound.vi)) == pytest.approx((-wanted, 0.6 / 16))


def test_difference_of_bounds():
    one = Bound(np.array(-np.inf), np.array(-0.4), np.array(0.03), "a", ("r = 0.5",))
    two = Bound(np.array(-0.3), np.array(0.2), np.array(0.02), "b", ("r = 0.5",))
    both = ft.contrast_of_bounds(one, two)
    assert (float(both.low), float(both.high), float(both.vi)) == pytest.approx((-np.inf, -0.1, 0.05))
    assert both.assumptions == ("r = 0.5",)


@pytest.mark.parametrize(
    "make",
    [
        lambda d: ft.g_from_p(0.03, n1=14, n2=17, direction=d).yi,
        lambda d: ft.g_from_eta2(0.4, n=12, r=0.6, direction=d).yi,
        lambda d: ft.dz_from_p(0.2, n=12, direction=d),
    ],
)
def test_direction_flips_the_sign(make):
    assert make("lower") == -make("higher")
    assert make("lower") < 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ft.bound_from_threshold(0.05, n1=9, n2=9, direction=None),
            "significant result needs its direction",
        ),
        (
            lambda: ft.bound_from_threshold(5, n1=9, n2=9, direction="lower"),
            "alpha must be between 0 and 1: got 5",
        ),
        (lambda: ft.bound_from_threshold(0.05, n1=9, n2=9, direction="down"), "direction must be"),
        (
            lambda: ft.bound_from_threshold(0.05, n1=9, n2=9, direction="lower", tails=0),
            "tails must be 1 or 2",
        ),
        (
            lambda: ft.bound_from_threshold(0.05, n1=9, n2=9, direction="lower", comparisons=0),
            "comparisons must",
        ),
        (lambda: ft.g_from_eta2(0.4, n=3, r=0.5, direction="lower"), "n must be at least 4 pairs: got 3"),
        (lambda: ft.g_from_eta2(0.4, n=9, r=1.0, direction="lower"), "r must be between -1 and 1: got 1"),
        (lambda: ft.g_from_t(2.0, n1=0, n2=5), "n1 or n2 must be at least 1: got 0"),
        (lambda: ft.g_from_t(2.0, n1=9, n2=5, r2=1.0), "r2 must be at least 0 and below 1: got 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call()

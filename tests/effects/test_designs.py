"""meta.effects.designs: clusters, shared controls, crossovers, survival, scales, units, score types."""

import numpy as np
import pytest

from meta.effects import designs
from meta.errors import AssumptionWarning, InputError, UnknownOptionError
from meta.kernels.hedges_correction import hedges_j


def test_handbook_cluster_example():
    # Cochrane Handbook 23.1.4: 10 + 11 classrooms, 295 and 330 children, ICC 0.02:
    # mean cluster size 29.8, design effect 1.576, effective sizes 187.2 and 209.4, events 40.0 and 53.3
    effect = designs.design_effect((295 + 330) / 21, icc=0.02)
    assert float(effect) == pytest.approx(1.576, abs=0.001)
    sizes = designs.effective_size([295, 330], cluster_size=29.8, icc=0.02).value
    events = designs.effective_size([63, 84], cluster_size=29.8, icc=0.02).value
    assert np.allclose(sizes, [187.2, 209.4], atol=0.05)
    assert np.allclose(events, [40.0, 53.3], atol=0.05)


def test_design_effect_limits():
    assert float(designs.design_effect(1, icc=0.3)) == 1
    assert float(designs.design_effect(50, icc=0.0)) == 1
    assert float(designs.design_effect(20, icc=1.0)) == 20
    assert float(designs.design_effect(20, icc=0.1, cv=0.5)) == pytest.approx(1 + (1.25 * 20 - 1) * 0.1)
    assert float(designs.inflated_variance(0.04, cluster_size=20, icc=0.1)) == pytest.approx(0.04 * 2.9)


def test_cluster_variance_by_simulation():
    rng = np.random.default_rng(12)
    m, clusters, icc = 10, 8, 0.2
    shared = np.sqrt(icc) * rng.standard_normal((20_000, clusters, 1))
    x = shared + np.sqrt(1 - icc) * rng.standard_normal((20_000, clusters, m))
    naive = 1 / (m * clusters)
    inflated = float(designs.inflated_variance(naive, cluster_size=m, icc=icc))
    assert x.mean((1, 2)).var() == pytest.approx(inflated, rel=0.03)


def test_split_control():
    found = designs.split_control(61, comparisons=2, events=9)
    assert (found.n, found.events) == (30.5, 4.5)
    assert designs.split_control(60, comparisons=3).events is None
    with pytest.raises(InputError, match="comparisons must be at least 2"):
        designs.split_control(60, comparisons=1)


@pytest.mark.parametrize(
    ("measure", "control", "wanted"),
    [
        ("MD", {"sd": 4.0, "n": 20}, 16 / 20),
        ("ROM", {"mean": 10.0, "sd": 4.0, "n": 20}, 16 / 2000),
        ("OR", {"events": 8, "n": 20}, 1 / 8 + 1 / 12),
        ("RR", {"events": 8, "n": 20}, 1 / 8 - 1 / 20),
        ("RD", {"events": 8, "n": 20}, 0.4 * 0.6 / 20),
    ],
)
def test_shared_control_covariances(measure, control, wanted):
    matrix = designs.shared_control_covariance([2.0, 3.0, 4.0], measure=measure, **control)
    assert np.allclose(np.diag(matrix), [2, 3, 4])
    assert np.allclose(matrix[np.triu_indices(3, 1)], wanted)
    assert np.allclose(matrix, matrix.T)


def test_shared_control_covariance_of_means_by_simulation():
    rng = np.random.default_rng(7)
    k, n = 60_000, 12
    c = rng.normal(20, 3, (k, n)).mean(1)
    a, b = (rng.normal(m, 3, (k, n)).mean(1) for m in (22, 25))
    raw = np.cov(a - c, b - c)[0, 1]
    logs = np.cov(np.log(a / c), np.log(b / c))[0, 1]
    assert designs.shared_control_covariance([1, 1], measure="MD", sd=3, n=n)[0, 1] == pytest.approx(
        raw, rel=0.03
    )
    rom = designs.shared_control_covariance([1, 1], measure="ROM", mean=20, sd=3, n=n)[0, 1]
    assert rom == pytest.approx(logs, rel=0.03)


def test_shared_control_covariance_of_smds_by_simulation():
    rng = np.random.default_rng(8)
    k, n = 40_000, 25
    arms = rng.standard_normal((3, k, n)) + np.array([0.9, 0.5, 0.0])[:, None, None]
    sd = np.sqrt(arms.var(2, ddof=1).mean(0))  # pooled over all three arms
    g = hedges_j(3 * n - 3) * (arms[:2].mean(2) - arms[2].mean(1)) / sd
    found = designs.shared_control_covariance([1, 1], measure="SMD", yi=[0.9, 0.5], total=3 * n, n=n)
    assert found[0, 1] == pytest.approx(1 / n + 0.45 / (6 * n))
    assert found[0, 1] == pytest.approx(np.cov(g)[0, 1], rel=0.06)


def test_shared_control_refusals():
    with pytest.raises(InputError, match="covariance for OR needs the control group's events"):
        designs.shared_control_covariance([1, 1], measure="OR", n=20)
    with pytest.raises(InputError, match="needs yi, total and n"):
        designs.shared_control_covariance([1, 1], measure="SMD", n=20)
    with pytest.raises(UnknownOptionError, match="unknown measure 'IRR'; allowed: SMD, MD"):
        designs.shared_control_covariance([1, 1], measure="IRR", n=20)


def test_crossover_is_the_paired_analysis():
    rng = np.random.default_rng(3)
    one = rng.normal(12, 4, 30)
    two = 0.7 * one + rng.normal(3, 2, 30)
    r = np.corrcoef(one, two)[0, 1]
    kw = {
        "mean1": one.mean(),
        "sd1": one.std(ddof=1),
        "mean2": two.mean(),
        "sd2": two.std(ddof=1),
        "n": 30,
        "r": r,
    }
    found = designs.crossover_difference(**kw)
    difference = one - two
    assert float(found.yi) == pytest.approx(difference.mean(), rel=1e-10)
    assert float(found.sei) == pytest.approx(difference.std(ddof=1) / np.sqrt(30), rel=1e-10)
    smd = designs.crossover_smd(**kw)
    pooled = np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / 2)
    assert float(smd.yi) == pytest.approx(float(hedges_j(29)) * difference.mean() / pooled, rel=1e-10)
    assert float(smd.vi) < 2 / 30
    assert "r = " in smd.assumptions[0]
    swapped = dict(kw, mean1=kw["mean2"], sd1=kw["sd2"], mean2=kw["mean1"], sd2=kw["sd1"])
    assert float(designs.crossover_smd(**swapped).yi) == pytest.approx(-float(smd.yi))


def test_logrank():
    found = designs.log_hazard_ratio([-8.4, 3.0], v=[21.0, 6.0])
    assert np.allclose(found.yi, [-0.4, 0.5])
    assert np.allclose(found.vi, [1 / 21, 1 / 6])
    with pytest.raises(InputError, match="v must be > 0: got 0"):
        designs.log_hazard_ratio(1.0, v=0.0)


def test_hazard_ratio_from_its_interval():
    found = designs.log_hazard_ratio_from_ci(0.7, ci_low=0.5, ci_high=0.98)
    assert float(found.yi) == pytest.approx(np.log(0.7))
    assert float(found.sei) == pytest.approx(np.log(0.98 / 0.5) / 2 / 1.959963984540054)
    with pytest.raises(InputError, match="hazard_ratio must be > 0"):
        designs.log_hazard_ratio_from_ci(-0.3, ci_low=0.5, ci_high=0.98)


def test_turned_scales_leave_a_record():
    found = designs.flip_effect([0.4, -0.2, 0.1], flip=[True, False, True])
    assert found.value.tolist() == [-0.4, -0.2, -0.1]
    assert found.how == "scale turned at position 0, 2"
    assert designs.flip_effect(0.3, flip=False).how == "as reported"
    scale = designs.flip_scale([2.5, 9.0], lowest=0, highest=10, sd=[1.0, 2.0])
    assert scale.value.tolist() == [7.5, 1.0]
    assert scale.sd.tolist() == [1.0, 2.0]
    with pytest.raises(InputError, match="mean must lie on the scale from 0 to 10: got 12"):
        designs.flip_scale(12, lowest=0, highest=10)


def test_flipping_means_flips_the_difference():
    a, b = designs.flip_scale([3.0, 6.0], lowest=1, highest=7).value
    assert a - b == pytest.approx(-(3.0 - 6.0))


def test_units():
    found = designs.convert_units([10.0, 20.0], source="ug/dL cortisol", target="nmol/L cortisol", sd=2.0)
    assert np.allclose(found.value, [275.9, 551.8])
    assert float(found.sd) == pytest.approx(55.18)
    assert "times 27.59" in found.how
    back = designs.convert_units(found.value, source="nmol/L cortisol", target="ug/dL cortisol")
    assert np.allclose(back.value, [10, 20])
    celsius = designs.convert_units(212, source="F", target="C", factor=5 / 9, offset=-160 / 9, sd=9.0)
    assert (float(celsius.value), float(celsius.sd)) == pytest.approx((100, 5))
    assert float(designs.convert_units(5, source="cm", target="cm").value) == 5
    with pytest.raises(InputError, match="no factor from 'cm' to 'kg': give factor="):
        designs.convert_units(5, source="cm", target="kg")
    with pytest.raises(InputError, match="must be a finite number other than 0"):
        designs.convert_units(5, source="a", target="b", factor=0)


def test_change_and_final_scores_are_not_mixed_unnoticed():
    kinds, study = ["final", "change", "final"], ["A", "B", "C"]
    with pytest.warns(AssumptionWarning, match=r"SMD mixes .*change scores: B\)"):
        messages = designs.check_score_types(kinds, measure="SMD", study=study)
    assert len(messages) == 1
    assert designs.check_score_types(kinds, measure="MD", study=study) == ()
    assert designs.check_score_types(["final", "final"], measure="SMD") == ()
    with pytest.raises(InputError, match="kind must be 'change' or 'final': got 'post' at position 1"):
        designs.check_score_types(["final", "post"], measure="SMD")

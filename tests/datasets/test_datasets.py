"""meta.datasets: each table is checked against a figure that its paper (or R) prints for it."""

import re
import subprocess
import sys

import numpy as np
import pytest

from meta import datasets
from meta.errors import UnknownOptionError
from meta.kernels.hedges_correction import hedges_j


def common(y, v):
    y, w = np.asarray(y, dtype=float), 1 / np.asarray(v, dtype=float)
    mean = np.sum(w * y) / np.sum(w)
    return mean, np.sum(w) ** -0.5, np.sum(w * (y - mean) ** 2)


def dersimonian_laird(y, v):
    w = 1 / np.asarray(v)
    _, _, q = common(y, v)
    return max(0.0, (q - (len(y) - 1)) / (w.sum() - (w**2).sum() / w.sum()))


def log_odds_ratio(t, add=0.0):
    a, c = t["events1"] + add, t["events2"] + add
    b, d = t["n1"] - t["events1"] + add, t["n2"] - t["events2"] + add
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def test_at_least_a_dozen_and_all_load_with_their_source():
    assert len(datasets.names()) >= 20
    for name in datasets.names():
        table, entry = datasets.load(name), datasets.about(name)
        assert len(table) >= 4
        assert table.attrs["citation"] == entry.citation
        assert set(table.attrs) == {"name", "citation", "doi", "description", "measure"}
        assert re.search(r"\((19|20)\d\d\)", entry.citation)
        assert entry.doi.startswith("10.") or name == "pritz1997"
        assert name in str(entry)


def test_load_returns_a_fresh_table():
    first = datasets.load("bcg")
    first.loc[0, "tpos"] = 999
    assert datasets.load("bcg").loc[0, "tpos"] == 4


def test_alias_and_refusal():
    assert datasets.load("colditz1994").attrs["name"] == "bcg"
    with pytest.raises(UnknownOptionError, match=r"unknown dataset 'bgc'; allowed: aspirin, .*bcg"):
        datasets.load("bgc")


def test_importing_the_room_does_not_import_pandas():
    code = "import sys, meta.datasets as d; d.names(); assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_counts_never_exceed_their_arms():
    for name in datasets.names():
        table = datasets.load(name)
        for arm in "12":
            if {f"events{arm}", f"n{arm}"} <= set(table.columns):
                known = table.dropna(subset=[f"events{arm}"])
                assert (known[f"events{arm}"] <= known[f"n{arm}"]).all(), name


def test_bcg_totals_and_the_published_risk_ratio():
    t = datasets.load("bcg")
    wanted = ["trial", "author", "year", "tpos", "tneg", "cpos", "cneg", "ablat", "alloc"]
    assert list(t.columns[:9]) == wanted
    assert (t.tpos + t.tneg == t.tn).all()
    assert (t.cpos + t.cneg == t.cn).all()
    assert (t.tn.sum(), t.cn.sum()) == (191064, 166283)
    y = np.log(t.tpos / t.tn / (t.cpos / t.cn))
    v = 1 / t.tpos - 1 / t.tn + 1 / t.cpos - 1 / t.cn
    tau2 = dersimonian_laird(y, v)
    assert tau2 == pytest.approx(0.308760256, rel=1e-6)
    assert np.exp(common(y, v + tau2)[0]) == pytest.approx(0.49, abs=0.005)  # Colditz 1994, abstract


def test_normand_with_the_pooled_sd_as_published():
    t = datasets.load("normand1999")
    pooled = ((t.n1 - 1) * t.sd1**2 + (t.n2 - 1) * t.sd2**2) / (t.n1 + t.n2 - 2)
    assert common(t.mean1 - t.mean2, pooled * (1 / t.n1 + 1 / t.n2))[0] == pytest.approx(-3.49, abs=0.005)


def test_hine_risk_difference():
    t = datasets.load("hine1989")
    p1, p2 = t.events1 / t.n1, t.events2 / t.n2
    mean, se, _ = common(p1 - p2, p1 * (1 - p1) / t.n1 + p2 * (1 - p2) / t.n2)
    assert (mean, se) == pytest.approx((0.02944432034476, 0.01306831696982), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("raudenbush1985", 35.829536299593),  # 35.83 in Raudenbush 2009
        ("konstantopoulos2011", 578.864017958223),  # 578.864 in Konstantopoulos 2011
        ("hackshaw1998", 47.497945763796),
        ("bangertdrowns2004", 107.10607147419),
    ],
)
def test_q_of_ready_made_effects(name, q):
    t = datasets.load(name)
    assert common(t.yi, t.vi)[2] == pytest.approx(q, rel=1e-9)


@pytest.mark.parametrize(("name", "q"), [("mcdaniel1994", 789.732141529246), ("molloy2014", 38.159515423616)])
def test_q_of_correlations(name, q):
    t = datasets.load(name)
    assert common(np.arctanh(t.r), 1 / (t.n - 3))[2] == pytest.approx(q, rel=1e-9)


def test_hackshaw_effects_agree_with_their_printed_intervals():
    t = datasets.load("hackshaw1998")
    assert np.allclose(np.log(t.odds_ratio), t.yi, atol=1e-12)
    half = (np.log(t.ci_high) - np.log(t.ci_low)) / 2 / 1.959963984540054
    assert np.allclose(half**2, t.vi, rtol=1e-9)
    tau2 = dersimonian_laird(t.yi, t.vi)
    assert np.exp(common(t.yi, t.vi + tau2)[0]) == pytest.approx(1.24, abs=0.005)  # Hackshaw 1997, abstract


def test_magnesium_in_infarction():
    t = datasets.load("egger2001")
    zero = (t.events1 == 0) | (t.events2 == 0)
    mean, se, q = common(*log_odds_ratio(t, np.where(zero, 0.5, 0.0)))
    assert (mean, se, q) == pytest.approx((0.01475445477018, 0.03051290313824, 47.059347756987), rel=1e-9)


def test_beta_blockers_by_peto():
    t = datasets.load("yusuf1985").dropna()
    total, dead = t.n1 + t.n2, t.events1 + t.events2
    v = t.n1 * t.n2 * dead * (total - dead) / (total**2 * (total - 1))
    log_or = np.sum(t.events1 - t.n1 * dead / total) / v.sum()
    assert len(t) == 21
    assert np.exp(log_or) == pytest.approx(0.9331702375522, rel=1e-9)


def test_aspirin_mantel_haenszel_as_fleiss_prints_it():
    t = datasets.load("aspirin")
    n = t.n1 + t.n2
    top, bottom = t.events1 * (t.n2 - t.events2) / n, t.events2 * (t.n1 - t.events1) / n
    assert top.sum() / bottom.sum() == pytest.approx(0.897, abs=5e-4)


def test_pritz_logit_q():
    t = datasets.load("pritz1997")
    full = t.events == t.n
    x, m = t.events + np.where(full, 0.5, 0), t.n - t.events + np.where(full, 0.5, 0)
    assert common(np.log(x / m), 1 / x + 1 / m)[2] == pytest.approx(29.785416460258, rel=1e-9)


def test_miller_double_arcsines_as_printed():
    t = datasets.load("miller1978")
    y = np.arcsin(np.sqrt(t.events / (t.n + 1))) + np.arcsin(np.sqrt((t.events + 1) / (t.n + 1)))
    assert np.allclose(y, [1.1391, 1.2888, 1.5253, 0.9515], atol=5e-5)


def test_eight_schools_pooled_as_in_bayesian_data_analysis():
    t = datasets.load("eight_schools")
    mean, se, _ = common(t.yi, t.sei**2)
    assert (mean, se) == pytest.approx((7.7, 4.1), abs=0.05)


def test_morris_table_of_effects():
    t = datasets.load("morris2008")
    a, b = (t[t.group == g].reset_index() for g in ("treatment", "control"))
    pooled = np.sqrt(((a.n - 1) * a.sd_pre**2 + (b.n - 1) * b.sd_pre**2) / (a.n + b.n - 2))
    change = (a.mean_post - a.mean_pre) - (b.mean_post - b.mean_pre)
    g = hedges_j(a.n + b.n - 2, exact=False) * change / pooled
    assert np.allclose(g, [0.77, 0.80, 1.20, 1.05, 0.44], atol=0.0051)


def test_power_pose_standard_errors_are_those_of_d_in_two_equal_groups():
    t = datasets.load("power_pose")
    n = 4 / (t.sei**2 - t.yi**2 / (2 * np.array([94, 108, 200, 200, 200, 269])))
    assert np.allclose(n, [94, 108, 200, 200, 200, 269], atol=0.1)


@pytest.mark.parametrize(
    ("name", "columns", "total"),
    [
        ("lau1992", ["n1", "n2"], 36974),  # patients, Lau 1992, abstract
        ("hart1999", ["n1", "n2"], 2900),  # participants, Hart 1999
        ("egger2001", ["n1", "n2"], 62607),
        ("nielweise2007", ["events1"], 27),
        ("nielweise2008", ["events2"], 77),
        ("bonett2010", ["n"], 1930),
        ("collins1985a", ["n1", "n2"], 2670),
    ],
)
def test_totals(name, columns, total):
    assert datasets.load(name)[columns].to_numpy().sum() == total


def test_multilevel_and_bivariate_shapes():
    assert datasets.load("assink2016").groupby("study").size().shape == (17,)
    assert datasets.load("konstantopoulos2011").district.nunique() == 11
    berkey = datasets.load("berkey1998")
    first = berkey[berkey.outcome == "PD"]
    assert np.allclose(first.v1i, first.vi)
    assert (berkey.groupby("trial")["v1i"].last().to_numpy() == first.v2i.to_numpy()).all()

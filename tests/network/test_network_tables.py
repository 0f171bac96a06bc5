"""Rankings, league tables, inconsistency and contributions, against published numbers and identities."""

import numpy as np
import pytest
from scipy.stats import norm

import meta
from meta.errors import InputError, NotEstimableError, UnknownOptionError, quiet
from tests.network.networks import arms, senn, smoking

P_SCORES = {
    "rosi": 0.89336818,
    "metf": 0.78177653,
    "piog": 0.77456973,
    "migl": 0.61365553,
    "acar": 0.52026442,
    "benf": 0.43581702,
    "vild": 0.42324667,
    "sita": 0.33309921,
    "sulf": 0.21030766,
    "plac": 0.01389505,
}


def test_p_scores_of_senn():
    found = senn(method="DL").ranking().set_index("treatment")
    assert list(found.index) == list(P_SCORES)
    np.testing.assert_allclose(found["p_score"], list(P_SCORES.values()), atol=6e-9)
    np.testing.assert_allclose(found["mean_rank"], 10 - 9 * found["p_score"])


def test_p_scores_of_high_are_those_of_low_from_one():
    low = senn(method="DL").ranking().set_index("treatment")["p_score"]
    high = senn(method="DL", better="high").ranking().set_index("treatment")["p_score"]
    np.testing.assert_allclose(high[low.index], 1 - low)


def test_p_scores_do_not_depend_on_the_test():
    a, b = (senn(test=test).ranking()["p_score"] for test in ("KR", "z"))
    np.testing.assert_allclose(a, b)


def test_p_scores_of_smoking_cessation():
    with quiet():
        found = smoking(method="DL").ranking().set_index("treatment")["p_score"]
    wanted = {"grp_counseling": 0.8376, "ind_counseling": 0.7103, "self_help": 0.4042, "no_contact": 0.0479}
    assert list(found.index) == list(wanted)
    np.testing.assert_allclose(found, list(wanted.values()), atol=6e-5)


def test_a_margin_asks_for_a_difference_that_matters():
    net = senn(method="DL", test="z")
    found = net.ranking(margin=0.2)
    assert (found["p_better"] < found["p_score"]).all()
    pair = net.contrast("rosi", "plac")
    wanted = norm.cdf((-pair.estimate - 0.2) / pair.se)
    assert net.p_better(0.2).loc["rosi", "plac"] == pytest.approx(wanted)
    p = net.p_better()
    np.testing.assert_allclose((p + p.T).to_numpy()[~np.eye(10, dtype=bool)], 1)
    with pytest.raises(InputError, match="margin must be a number >= 0"):
        net.ranking(margin=-0.2)


def test_ranks_have_intervals_and_probabilities():
    net = senn()
    chance = net.rank_probabilities(draws=4000, seed=3)
    np.testing.assert_allclose(chance.sum(axis=0), 1)
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    mean = (chance * np.arange(1, 11)).sum(axis=1)
    table = net.ranking(draws=4000, seed=3)
    np.testing.assert_allclose(mean.to_numpy(), table["mean_rank"], atol=0.12)
    assert (table["rank_low"] <= table["rank_high"]).all()
    assert table["p_best"].sum() == pytest.approx(1)
    assert list(table["p_best"]) == pytest.approx(chance[1].tolist())


def test_a_ranking_must_know_what_is_good():
    with pytest.raises(InputError, match="better='low' or better='high'"):
        senn(better=None).ranking()


def test_both_triangles_of_the_league_are_row_against_column():
    net = senn(method="EE", test="z")
    table = net.league(values="estimate")
    names = list(table.index)
    assert names == list(P_SCORES) or set(names) == set(P_SCORES)
    i, j = names.index("rosi"), names.index("plac")
    assert i < j
    assert table.iloc[j, i] == pytest.approx(-net.contrast("rosi", "plac").estimate)
    assert table.iloc[i, j] == pytest.approx(net.contrast("rosi", "plac").direct)
    assert np.isnan(table.loc["benf", "vild"]) or np.isnan(table.loc["vild", "benf"])
    assert net.league().index.name.startswith("row against column")
    with quiet():
        text = smoking(test="z").league().loc["no_contact", "grp_counseling"]
        found = smoking(test="z").contrast("no_contact", "grp_counseling")
    assert text.startswith(f"{np.exp(found.estimate):.2f} [{np.exp(found.ci_low):.2f}, ")
    with pytest.raises(UnknownOptionError, match="unknown values 'number'"):
        net.league(values="number")


WITHIN = {
    "metf:plac": (42.1643141, 2),
    "plac:rosi": (21.2733619, 5),
    "migl:plac": (6.4492778, 2),
    "benf:plac": (4.3813771, 1),
    "metf:rosi": (0.1869508, 1),
}
DETACHED = {"rosi:sulf": 6.7716567, "metf:sulf": 7.5134870, "plac:rosi": 16.2907102, "metf:piog": 17.1286395}


def test_q_in_parts():
    net = senn()
    assert (net.q_within, net.q_within_df) == (pytest.approx(74.45528174, abs=6e-9), 11)
    assert (net.q_between, net.q_between_df) == (pytest.approx(22.53027127, abs=6e-9), 7)
    assert net.q_between_p == pytest.approx(0.002057014, abs=6e-10)
    table = net.inconsistency()
    random = table[table["part"] == "between designs, random effects"].iloc[0]
    assert (random["q"], random["df"]) == (pytest.approx(2.194000132, abs=6e-10), 7)
    assert random["p_value"] == pytest.approx(0.9483271, abs=6e-8)
    assert np.sqrt(random["tau2"]) == pytest.approx(0.3797450030, abs=6e-10)
    by_design = table[table["part"] == "within design"].set_index("design")
    for name, wanted in WITHIN.items():
        assert (by_design.loc[name, "q"], by_design.loc[name, "df"]) == pytest.approx(wanted, abs=6e-8)
    with quiet():
        net = smoking(method="DL")
    assert (net.q_within, net.q_within_df) == (pytest.approx(187.3985342, abs=6e-8), 16)
    assert (net.q_between, net.q_between_df) == (pytest.approx(15.2203370, abs=6e-8), 7)
    assert net.q_between_p == pytest.approx(0.0332765, abs=6e-8)


def test_one_design_detached():
    found = senn().inconsistency("detach").set_index("design")
    for name, wanted in DETACHED.items():
        assert (found.loc[name, "q"], found.loc[name, "df"]) == (pytest.approx(wanted, abs=5e-7), 6)
    assert found.loc["acar:metf:plac", "df"] == 5
    assert found.loc["migl:plac", "df"] == 7, "a design outside of all loops"


def test_side_splits_of_senn():
    found = senn(method="EE").inconsistency("side").set_index(["treat1", "treat2"])
    row = found.loc[("metf", "sulf")]
    assert (row["direct"], row["direct_se"]) == pytest.approx((-0.37, 0.1184))
    assert (row["indirect"], row["indirect_se"]) == pytest.approx((-1.0610856, 0.1333634), abs=6e-8)
    assert (row["difference"], row["difference_se"]) == pytest.approx((0.6910856, 0.1783378), abs=6e-8)
    assert row["p_value"] == pytest.approx(0.0001065592, abs=6e-11)
    assert row["share"] == pytest.approx(0.5592253, abs=6e-8)
    assert found.loc[("rosi", "sulf"), "difference"] == pytest.approx(-0.7424973, abs=6e-8)
    assert found.loc[("rosi", "sulf"), "p_value"] == pytest.approx(0.0000719595, abs=6e-11)
    assert found.loc[("rosi", "plac"), "difference"] == pytest.approx(0.3182370, abs=6e-8)
    assert found.loc[("rosi", "plac"), "p_value"] == pytest.approx(0.0124927, abs=6e-8)
    assert found.loc[("benf", "plac"), ["indirect", "difference", "p_value"]].isna().all()


def test_columns_of_the_net_heat_matrix_are_what_a_detachment_takes_from_q():
    for net in (senn(), meta.pool_network(arms(2), measure="MD")):
        heat = net.inconsistency("heat")
        change = net.inconsistency("detach").set_index("design")["change"]
        np.testing.assert_allclose(heat.sum(), change[heat.columns], atol=1e-9)
        assert (np.diag(heat) >= -1e-12).all()


def test_a_star_has_no_inconsistency_to_show():
    star = {"study": list("1234"), "treat1": list("aabb"), "treat2": list("cccc"), "sei": [0.1] * 4}
    net = meta.pool_network(star | {"yi": [0.1, 0.2, 0.4, 0.9]}, method="DL")
    for kind in ("side", "heat", "detach"):
        with pytest.raises(NotEstimableError, match="inconsistency is not estimable: no closed loop"):
            net.inconsistency(kind)
    between = net.inconsistency().set_index("part").loc["between designs"]
    assert np.isnan(between["q"])
    assert np.isnan(between["p_value"])
    with pytest.raises(UnknownOptionError, match="unknown inconsistency 'loop'"):
        net.inconsistency("loop")


def test_trials_of_one_design_have_no_indirect_evidence():
    table = arms(1, trials=1).iloc[:3]
    rows = [table, table.assign(study="again", mean=table["mean"] + [0.5, 1, 0.2], n=[20, 50, 90])]
    import pandas as pd

    net = meta.pool_network(pd.concat(rows), measure="MD", method="EE")
    assert net.effects["share"].eq(1).all()
    assert net.effects["indirect"].isna().all()


@pytest.mark.parametrize("make", [senn, lambda: meta.pool_network(arms(7), measure="MD")])
def test_contributions_add_up(make):
    net = make()
    by_comparison, by_trial = net.contributions(), net.contributions(by="trial")
    np.testing.assert_allclose(by_comparison.sum(axis=1), 100)
    np.testing.assert_allclose(by_trial.sum(axis=1), 100)
    assert (by_comparison.to_numpy() >= 0).all()
    assert by_trial.shape[1] == net.k


def test_contributions_of_a_known_loop():
    """One loop a-b-c with equal weights: the direct path has 2/3, the path of two comparisons 1/3."""
    table = {"study": list("123"), "treat1": list("aba"), "treat2": list("bcc"), "sei": [1.0] * 3}
    net = meta.pool_network(table | {"yi": [0.1, 0.2, 0.4]}, method="EE")
    row = net.contributions("a", "c").iloc[0]
    assert row["a:c"] == pytest.approx(200 / 3)
    assert row["a:b"] == row["b:c"] == pytest.approx(100 / 6)
    with pytest.raises(InputError, match="has no effect without treat1"):
        net.contributions(treat2="c")
    with pytest.raises(UnknownOptionError, match="unknown by 'study'"):
        net.contributions(by="study")


def test_the_funnel_is_centred_at_its_comparison():
    net = senn()
    table = net.comparison_funnel()
    assert (table["treat2"] == "plac").sum() == ((net.augment() == "plac").sum(axis=1) > 0).sum()
    row = table[(table["treat1"] == "rosi") & (table["treat2"] == "plac")].iloc[0]
    assert row["centred"] == pytest.approx(row["yi"] - net.contrast("rosi", "plac").estimate)
    turned = net.comparison_funnel([*sorted(net.treatments, reverse=True)])
    assert (turned["treat1"] > turned["treat2"]).all()
    with pytest.raises(InputError, match=r"order must name each treatment .* once; missing: 'acar'"):
        net.comparison_funnel([name for name in net.treatments if name != "acar"])

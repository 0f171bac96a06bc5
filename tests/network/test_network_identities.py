"""What must be the same: other references, orders and forms of one network; two treatments and a pool."""

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import quiet
from tests.network.networks import arms, senn, smoking

PAIR = {
    "SMD": ("mean", "sd", "n"),
    "MD": ("mean", "sd", "n"),
    "ROM": ("mean", "sd", "n"),
    "OR": ("events", "n"),
    "RR": ("events", "n"),
    "RD": ("events", "n"),
    "AS": ("events", "n"),
    "IRR": ("events", "time"),
    "IRD": ("events", "time"),
}


def two_arms():
    rng = np.random.default_rng(8)
    k = 9
    wide = pd.DataFrame({"study": [f"s{i}" for i in range(k)]})
    for arm in "12":
        wide[f"mean{arm}"] = rng.uniform(8, 14, k)
        wide[f"sd{arm}"] = rng.uniform(2, 5, k)
        wide[f"n{arm}"] = rng.integers(20, 60, k)
        wide[f"events{arm}"] = rng.integers(0, 12, k)
        wide[f"time{arm}"] = rng.uniform(100, 300, k)
    wide.loc[0, "events1"] = 0
    parts = [
        wide[["study"]].assign(
            treatment=name,
            **{column: wide[f"{column}{arm}"] for column in ("mean", "sd", "n", "events", "time")},
        )
        for arm, name in (("1", "new"), ("2", "old"))
    ]
    return wide, pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("measure", PAIR)
@pytest.mark.parametrize(
    ("method", "test"),
    [("REML", "KR"), ("REML", "hksj"), ("REML", "adhoc"), ("DL", "t"), ("PM", "z"), ("ML", "z"), ("EE", "z")],
)
def test_two_treatments_are_a_pool(measure, method, test):
    wide, long = two_arms()
    with quiet():
        pool = meta.pool(meta.effect_sizes(wide, measure=measure), method=method, test=test)
        net = meta.pool_network(long, measure=measure, method=method, test=test)
        own = net.contrast("new", "old")
    assert net.tau2 == pytest.approx(pool.tau2, rel=1e-8, abs=1e-12)
    for name in ("estimate", "se", "ci_low", "ci_high", "p_value", "df"):
        assert getattr(own, name) == pytest.approx(getattr(pool, name), rel=1e-7), name
    assert net.q == pytest.approx(pool.q)
    assert own.evidence == "direct only"
    assert own.k == pool.k


def numbers(net, one="b", other="d"):
    found = net.contrast(one, other)
    kept = ("estimate", "se", "df", "ci_low", "direct", "indirect", "share", "k")
    more = [net.tau2, net.loglik, net.q, net.q_p]
    return np.array([getattr(found, name) for name in kept] + more, dtype=float)


@pytest.mark.parametrize("measure", ["MD", "SMD", "ROM"])
@pytest.mark.parametrize("method", ["REML", "DL", "ML", "EE"])
def test_reference_arm_order_and_study_order_change_nothing(measure, method):
    table = arms(2)
    wanted = numbers(meta.pool_network(table, measure=measure, method=method))
    turned = {
        "reference": (table, {"reference": "e"}),
        "arm order": (table.iloc[::-1], {}),
        "study order": (
            pd.concat([part for _, part in reversed(list(table.groupby("study")))]),
            {"reference": "c"},
        ),
        "any order": (table.sample(frac=1, random_state=3), {}),
    }
    for kind, (other, options) in turned.items():
        found = numbers(meta.pool_network(other, measure=measure, method=method, **options))
        np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-10, err_msg=kind)


def test_contrasts_turned_around_change_nothing():
    table = meta.datasets.load("senn2013")
    flip = np.random.default_rng(1).random(len(table)) < 0.5
    turned = table.copy()
    turned.loc[flip, ["treat1", "treat2"]] = table.loc[flip, ["treat2", "treat1"]].to_numpy()
    turned.loc[flip, "yi"] *= -1
    a, b = senn(), meta.pool_network(turned.sample(frac=1, random_state=1), measure="MD")
    np.testing.assert_allclose(numbers(a, "rosi", "sulf"), numbers(b, "rosi", "sulf"), rtol=1e-10)


def contrasts_of(table, pairs):
    """Contrasts of arms as a table, all of them or those against the first arm of a trial."""
    rows = []
    for study, trial in table.groupby("study", sort=False):
        v = (trial["sd"] ** 2 / trial["n"]).to_numpy()
        mean, name, n = (trial[c].to_numpy() for c in ("mean", "treatment", "n"))
        for i in range(len(trial)):
            for j in range(i):
                if pairs == "all" or j == 0:
                    sei = np.sqrt(v[i] + v[j])
                    rows.append((study, name[i], name[j], mean[i] - mean[j], sei, np.sqrt(v[j]), n[i], n[j]))
    return pd.DataFrame(rows, columns=["study", "treat1", "treat2", "yi", "sei", "se_base", "n1", "n2"])


def test_arms_all_pairs_and_pairs_with_the_se_of_the_base_are_one_network():
    table = arms(3)
    wanted = numbers(meta.pool_network(table, measure="MD"))
    everything = meta.pool_network(contrasts_of(table, "all"), measure="MD")
    few = meta.pool_network(contrasts_of(table, "some"), measure="MD", se_base="se_base")
    np.testing.assert_allclose(numbers(everything), wanted, rtol=1e-7)
    np.testing.assert_allclose(numbers(few), wanted, rtol=1e-7)


def test_arm_sizes_give_the_covariance_of_mean_and_standardised_differences():
    table = arms(3).assign(sd=4.0)
    wanted = numbers(meta.pool_network(table, measure="MD"))
    sizes = {"n1": "n1", "n2": "n2"}
    found = numbers(meta.pool_network(contrasts_of(table, "some"), measure="MD", **sizes))
    np.testing.assert_allclose(found, wanted, rtol=1e-7)
    net = meta.pool_network(table, measure="SMD")
    first = table.groupby("study")["treatment"].first()
    rows = net.augment()
    star = rows[(rows.treat1 == rows.study.map(first)) | (rows.treat2 == rows.study.map(first))]
    people = table.set_index(["study", "treatment"])["n"]
    star = star.assign(
        n1=[people[s, t] for s, t in zip(star.study, star.treat1, strict=True)],
        n2=[people[s, t] for s, t in zip(star.study, star.treat2, strict=True)],
    )
    again = meta.pool_network(
        star[["study", "treat1", "treat2", "yi", "sei", "n1", "n2"]], measure="SMD", **sizes
    )
    np.testing.assert_allclose(numbers(again), numbers(net), rtol=1e-8)


def test_carried_covariances_are_used():
    table = contrasts_of(arms(3), "some")
    es = meta.effect_sizes(table, measure="GEN", yi="yi", sei="sei")
    from dataclasses import replace

    study, base = table["study"].to_numpy(), table["se_base"].to_numpy()
    V = np.where(study[:, None] == study[None, :], np.outer(base, base), 0.0)
    np.fill_diagonal(V, table["sei"] ** 2)
    carried = meta.pool_network(replace(es, covariance=V))
    given = meta.pool_network(table, se_base="se_base")
    np.testing.assert_allclose(numbers(carried), numbers(given), rtol=1e-10)


def test_a_tree_of_comparisons_is_pairwise_fits_with_one_tau2():
    table = pd.concat(
        [
            pd.DataFrame(
                {"study": [f"{pair}{i}" for i in range(4)], "treat1": pair[0], "treat2": pair[1],
                 "yi": np.array([0.1, 0.5, 0.2, 0.9]) * (1 + shift), "sei": [0.2, 0.1, 0.3, 0.2]}
            )
            for shift, pair in enumerate(["ba", "ca", "dc"])
        ]
    )  # fmt: skip
    net = meta.pool_network(table, test="z")
    for pair in ("ba", "ca", "dc"):
        own = table[table["study"].str.startswith(pair)]
        pool = meta.pool(own, yi="yi", sei="sei", method=net.tau2, test="z")
        found = net.contrast(*pair)
        assert (found.estimate, found.se) == pytest.approx((pool.estimate, pool.se))
        assert found.share == 1


def test_every_zero_gets_a_half_in_all_arms_of_its_trial():
    table = meta.datasets.load("hasselblad1998")
    with pytest.warns(UserWarning, match="1/2 is added to the counts of all arms .* '5' and '19'"):
        net = smoking(method="EE", test="z")
    more = table.copy()
    touched = more["study"].isin([5, 19])
    more["events"] = more["events"] + 0.5 * touched
    more["n"] = more["n"] + 1.0 * touched
    with quiet():
        again = meta.pool_network(more, measure="OR", method="EE", test="z", reference="no_contact")
    assert again.contrast("grp_counseling").estimate == pytest.approx(net.contrast("grp_counseling").estimate)


def test_low_and_high_p_values_do_not_depend_on_orientation():
    net = senn()
    there, back = net.contrast("rosi", "plac"), net.contrast("plac", "rosi")
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.difference == pytest.approx(-back.difference)
    assert there.prediction_interval()[0] == pytest.approx(-back.prediction_interval()[1])

"""What a network refuses, each with the trial, the treatment and the remedy."""

import numpy as np
import pytest

import meta
from meta.errors import InputError, MetaError, MetaWarning, UnknownOptionError
from tests.network.networks import arms, senn


def contrasts(study, treat1, treat2, yi, sei, **more):
    table = {"study": list(study), "treat1": list(treat1), "treat2": list(treat2), "yi": yi, "sei": sei}
    return meta.pool_network(table, **{"method": "EE"} | more)


def test_a_disconnected_network_lists_its_pieces():
    with pytest.raises(InputError, match=r"disconnected: .* 2 pieces, 1\) a, b, c; 2\) d, e"):
        contrasts("123", "acd", "bbe", [1, 2, 3.0], [1, 1, 1])


def test_contradictory_contrasts_name_the_trial_and_the_gap():
    with pytest.raises(InputError, match=r"trial '1' contradict each other: .* miss by 0\.2"):
        contrasts("111", "aba", "bcc", [0.1, 0.3, 0.2], [0.1, 0.1, 0.1])
    with pytest.warns(MetaWarning, match=r"trial '1' do not add up exactly \(gap 0\.1"):
        contrasts("111", "aba", "bcc", [0.1, 0.3, 0.3], [0.1, 0.1, 0.1])
    assert contrasts("111", "aba", "bcc", [0.1, 0.3, 0.4], [0.1, 0.1, 0.1]).k == 1


@pytest.mark.parametrize("bad", [-0.1, 0.0])
def test_a_standard_error_must_be_positive(bad):
    with pytest.raises(InputError, match=r"sei must be > 0: study '2'"):
        contrasts("12", "ab", "bc", [0.1, 0.3], [0.1, bad])


def test_a_missing_contrast_names_what_would_do():
    with pytest.raises(InputError, match=r"trial '1' gives 2 of the 3 contrasts .*\(se_base=\).* assume"):
        contrasts("11", "ab", "cc", [0.1, 0.3], [0.1, 0.1])
    with pytest.raises(InputError, match=r"compares 4 treatments .* in 4 contrasts"):
        contrasts("1111", "abca", "bcdc", [0.1] * 4, [0.1] * 4)
    with pytest.raises(InputError, match=r"share no common arm"):
        contrasts("111", "abc", "bcd", [0.1] * 3, [0.1] * 3)


def test_an_assumed_covariance_is_the_callers_word_and_said():
    with pytest.warns(MetaWarning, match=r"trial '1' is assumed: 0\.5 of the smaller variance; vary"):
        net = contrasts("11", "ab", "cc", [0.1, 0.3], [0.1, 0.2], assume_shared=0.5)
    assert any("is assumed" in text for text in net.warnings)
    assert abs(net.data.contrasts.cov[0][0, 1]) == pytest.approx(0.005)
    with pytest.raises(InputError, match=r"assume_shared must lie between 0 and 1"):
        contrasts("11", "ab", "cc", [0.1, 0.3], [0.1, 0.2], assume_shared=50)


def test_a_covariance_that_is_not_positive_definite_names_the_trial():
    with pytest.raises(InputError, match=r"trial '1' is not positive definite"):
        contrasts("111", "aba", "bcc", [0.1, 0.3, 0.4], [0.1, 0.1, 0.9])
    with pytest.raises(InputError, match=r"below the standard errors .* trial '1' has se_base = 0.3"):
        contrasts("11", "ab", "cc", [0.1, 0.3], [0.1, 0.1], se_base=[0.3, 0.3])
    with pytest.raises(InputError, match=r"one number per trial: trial '1' has 0\.01 and 0\.02"):
        contrasts("11", "ab", "cc", [0.1, 0.3], [0.1, 0.1], se_base=[0.01, 0.02])


def test_one_treatment_twice_in_a_trial():
    table = arms(1).replace({"treatment": {"e": "d"}})
    with pytest.raises(InputError, match=r"trial 'T0' has the treatment 'd' in 2 arms; combine .* by dose"):
        meta.pool_network(table, measure="MD")
    with pytest.raises(InputError, match=r"trial '1' compares 'a' with itself"):
        contrasts("1", "a", "a", [0.1], [0.1])
    with pytest.raises(InputError, match=r"trial '1' compares 'a' with 'b' in 2 rows"):
        contrasts("11", "ab", "ba", [0.1, 0.2], [0.1, 0.1])


def test_placebo_and_no_treatment_are_one_node_only_if_told_so():
    given = ("1234", "aabb", ["placebo", "none"] * 2, [0.1, 0.2, 0.3, 0.1], [0.1] * 4)
    assert len(contrasts(*given).treatments) == 4
    net = contrasts(*given, merge={"control": ["placebo", "none"]})
    assert net.treatments == ("a", "b", "control")
    with pytest.raises(InputError, match=r"merge names the treatment 'sham'"):
        contrasts(*given, merge={"control": ["placebo", "sham"]})
    with pytest.raises(InputError, match=r"'placebo' into two nodes"):
        contrasts(*given, merge={"x": ["placebo"], "y": ["placebo"]})


def test_look_alike_treatments_are_mentioned():
    with pytest.warns(MetaWarning, match=r"'Placebo' and 'placebo' differ only in capitals or blanks"):
        contrasts("123", "aab", ["Placebo", "placebo", "placebo"], [0.1, 0.2, 0.3], [0.1] * 3)


def test_options_are_checked_by_name():
    with pytest.raises(UnknownOptionError, match=r"unknown method 'FE'.*'EE'"):
        senn(method="FE")
    with pytest.raises(UnknownOptionError, match=r"unknown test 'knha'.*'hksj'"):
        senn(test="knha")
    with pytest.raises(UnknownOptionError, match=r"unknown reference 'placebo'"):
        senn(reference="placebo")
    with pytest.raises(UnknownOptionError, match=r"unknown better 'small'"):
        senn(better="small")
    with pytest.raises(MetaError, match=r"given here; use test='z'"):
        senn(method="EE", test="KR")
    with pytest.raises(UnknownOptionError, match=r"unknown treatment 'placebo'"):
        senn().contrast("rosi", "placebo")
    with pytest.raises(InputError, match=r"both 'rosi'"):
        senn().contrast("rosi", "rosi")


def test_options_without_effect_are_refused():
    with pytest.raises(InputError, match=r"mean='mean' has no effect|not both"):
        senn(mean="mean", yi="yi", sei="sei")
    with pytest.raises(InputError, match=r"n1=.* has no effect with one row per arm"):
        meta.pool_network(arms(1), measure="MD", treatment="treatment", n1="n")
    with pytest.raises(InputError, match=r"bias_correction=True has no effect"):
        meta.pool_network(arms(1), measure="MD", bias_correction=True)
    with pytest.raises(InputError, match=r"bias_correction=True has no effect"):
        senn(bias_correction=True)


def test_arms_need_their_measure_and_two_arms():
    with pytest.raises(InputError, match=r"give measure=, one of .*SMD"):
        meta.pool_network(arms(1))
    with pytest.raises(InputError, match=r"measure 'HR' is not computed from arms"):
        meta.pool_network(arms(1), measure="HR")
    with pytest.raises(InputError, match=r"no trial has two arms"):
        meta.pool_network(arms(1).assign(study=range(len(arms(1)))), measure="MD")
    with pytest.raises(InputError, match=r"say what a row is"):
        meta.pool_network({"study": [1], "yi": [0.1], "vi": [0.1]}, measure="MD")


def test_missing_arms_and_single_arms_are_named():
    table = arms(1)
    table.loc[1, "mean"] = np.nan
    with pytest.warns(MetaWarning, match=r"arms without mean or sd or n are left out: 'b' of 'T0'"):
        net = meta.pool_network(table, measure="MD")
    assert net.k == 14
    few = table.iloc[5:].drop(index=table.index[table["study"].eq("T1")][1:])
    with pytest.warns(MetaWarning, match=r"single arm .* left out: 'T1'"):
        meta.pool_network(few, measure="MD")


def test_a_network_without_residual_degrees_of_freedom_says_so():
    with pytest.warns(MetaWarning, match=r"tau2 cannot be estimated: .* \(df = 0\)"):
        net = contrasts("12", "ab", "cc", [0.1, 0.3], [0.1, 0.2], method="REML")
    assert np.isnan(net.tau2)
    assert np.isnan(net.q_p)
    assert np.isinf(net.contrast("a", "c").df)
    assert np.isnan(net.effects["pi_low"]).all()
    assert "not estimable" in str(net)


def test_a_star_says_that_inconsistency_is_not_estimable():
    net = contrasts("1234", "aabb", "cccc", [0.1, 0.2, 0.4, 0.9], [0.1] * 4, method="DL")
    assert np.isnan(net.q_between_p)
    assert net.effects.query("k > 0")["share"].eq(1).all()
    assert "inconsistency is not estimable" in str(net)


def test_a_tau2_of_zero_is_said():
    with pytest.warns(MetaWarning, match=r"tau2 is estimated as 0"):
        net = contrasts("1234", "aabb", "cccc", [0.1, 0.1, 0.4, 0.4], [0.1] * 4, method="REML")
    assert net.tau2 == 0

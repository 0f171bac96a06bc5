"""meta.pooling.subgroups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.errors import FewStudiesWarning, InputError
from meta.pooling.subgroup_fits import between_groups, common_variance

REFERENCE = json.loads((Path(__file__).parents[1] / "fixtures" / "univariate_r.json").read_text())
WANT = REFERENCE["subgroups_bcg"]
DATA = {"yi": np.array(REFERENCE["bcg_RR"]["data"]["yi"]), "vi": np.array(REFERENCE["bcg_RR"]["data"]["vi"])}


def test_separate_tau2_against_r() -> None:
    found = meta.pool(**DATA, by=WANT["alloc"], test="z")
    for name, beta, se in zip(WANT["groups"], WANT["beta"], WANT["se"], strict=True):
        assert found[name].estimate == pytest.approx(beta, rel=1e-7)
        assert found[name].se == pytest.approx(se, rel=1e-7)
    assert [found.random.q, found.random.p_value] == pytest.approx(WANT["separate"], rel=1e-6)
    assert [found.fixed.q, found.fixed.p_value] == pytest.approx(WANT["fixed"], rel=1e-7)
    assert found.common_tau2 is None
    assert found.overall.estimate == meta.pool(**DATA, test="z").estimate


def test_common_tau2_against_r() -> None:
    found = meta.subgroups(**DATA, by=WANT["alloc"], test="z", common_tau2=True)
    assert found.common_tau2 == pytest.approx(WANT["common_tau2"], rel=1e-7)
    assert [found.q_between, found.q_between_p] == pytest.approx(WANT["common"], rel=1e-7)
    assert found.q_between_df == 2
    assert {fit.tau2 for fit in found.fits.values()} == {found.common_tau2}


def test_separate_and_common_differ_and_say_which() -> None:
    separate = meta.subgroups(**DATA, by=WANT["alloc"], test="z")
    common = meta.subgroups(**DATA, by=WANT["alloc"], test="z", common_tau2=True)
    assert separate.random.q != pytest.approx(common.random.q, rel=1e-3)
    assert "separate" in separate.random.kind
    assert "common" in common.random.kind
    assert "between groups (fixed)" in str(common)
    assert list(separate.tidy()["group"]) == [*separate.groups, "overall"]
    assert len(separate.glance()) == 1
    assert list(separate.tests["kind"]) == ["fixed", separate.random.kind]
    assert json.loads(json.dumps(separate.to_dict()))["common_tau2"] is None


def test_a_group_of_one_study_has_no_tau2() -> None:
    labels = ["a"] * 12 + ["b"]
    with pytest.warns(FewStudiesWarning, match="group 'b': only one study"):
        found = meta.subgroups(**DATA, by=labels)
    assert np.isnan(found["b"].tau2)
    assert any(message.startswith("group 'b'") for message in found.warnings)
    assert len(found) == 2
    assert list(found) == ["a", "b"]


def test_refusals() -> None:
    with pytest.raises(InputError, match="at least two groups"):
        meta.subgroups(**DATA, by=["a"] * 13)
    with pytest.raises(InputError, match="study '3' has none"):
        meta.subgroups(**DATA, by=["a", "b", None, *["a"] * 10])
    with pytest.raises(InputError, match="one value for each"):
        meta.subgroups(**DATA, by=["a", "b"])
    with pytest.raises(InputError, match="no column 'alloc'"):
        meta.subgroups(**DATA, by="alloc")
    with pytest.raises(InputError, match="the groups are"):
        meta.subgroups(**DATA, by=WANT["alloc"], test="z")["nobody"]


def test_columns_by_name() -> None:
    table = {**DATA, "alloc": np.array(WANT["alloc"])}
    found = meta.subgroups(table, yi="yi", vi="vi", by="alloc", test="z")
    assert found.random.q == pytest.approx(WANT["separate"][0], rel=1e-6)


def test_between_groups_by_hand() -> None:
    test = between_groups(np.array([0.0, 1.0, 2.0]), np.array([1.0, 1.0, 1.0]), "fixed")
    assert (test.q, test.df) == (2.0, 2)
    assert test.p_value == pytest.approx(np.exp(-1))
    y = np.array([0.0, 2.0, 10.0, 12.0])
    assert common_variance(y, np.ones(4), np.array([0, 0, 1, 1]), "DL") == pytest.approx(1.0)

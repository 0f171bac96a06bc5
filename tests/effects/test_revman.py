"""RevMan's files as tables (meta.effects: revman, revman_xml, revman_csv, revman_rows)."""

import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.errors import InputError, quiet

FILES = Path(__file__).parents[1] / "fixtures" / "revman"
RM5, CSV_5, WEB = FILES / "aspirin.rm5", FILES / "revman5.csv", FILES / "revman-web.csv"
COUNTS = {name: name for name in ("events1", "n1", "events2", "n2")}
MEANS = {name: name for name in ("mean1", "sd1", "n1", "mean2", "sd2", "n2")}


@pytest.mark.parametrize("path", [RM5, CSV_5])
def test_odds_ratios_equal_those_that_revman_states(path):
    table = meta.read_revman(path, outcome="1.1")
    es = meta.effect_sizes(table, measure="OR", study="study", **COUNTS)
    assert es.k == 7
    np.testing.assert_allclose(np.exp(es.yi), table["revman_effect"], rtol=1e-7)
    np.testing.assert_allclose(np.exp(es.yi - 1.959964 * es.sei), table["revman_ci_low"], rtol=1e-6)
    stated = table.attrs["outcomes"][0]
    pooled = meta.pool_counts(table, measure="OR", method="MH", **COUNTS)
    assert (stated["measure"], stated["method"], stated["model"]) == ("OR", "MH", "fixed")
    found = [math.exp(x) for x in (pooled.estimate, pooled.ci_low, pooled.ci_high)]
    np.testing.assert_allclose(found, [stated[x] for x in ("effect", "ci_low", "ci_high")], rtol=1e-6)
    np.testing.assert_allclose(pooled.weights, table["revman_weight"], rtol=1e-6)


@pytest.mark.parametrize("path", [RM5, CSV_5])
def test_mean_differences_equal_those_that_revman_states(path):
    table = meta.read_revman(path, outcome="1.2")
    es = meta.effect_sizes(table, measure="MD", study="study", **MEANS)
    np.testing.assert_allclose(es.yi, table["revman_effect"], rtol=1e-9)
    stated = table.attrs["outcomes"][0]
    with quiet():
        pooled = meta.pool(es, method="EE", test="z")
    found = [pooled.estimate, pooled.ci_low, pooled.ci_high]
    np.testing.assert_allclose(found, [stated[x] for x in ("effect", "ci_low", "ci_high")], rtol=1e-6)
    assert pooled.q == pytest.approx(5.66012379)
    np.testing.assert_allclose(pooled.weights, table["revman_weight"], rtol=1e-6)


@pytest.mark.parametrize("path", [RM5, CSV_5])
def test_subgroups_and_years_come_along(path):
    table = meta.read_revman(path, outcome="1.2")
    assert table["subgroup"].tolist() == ["Before 1974"] * 2 + ["From 1974"] * 3
    assert table["study"].tolist() == ["Davis", "Florell", "Gruen", "Hart", "Wilson"]
    assert table["year"].tolist() == [1973, 1971, 1975, 1975, 1977]
    assert meta.read_revman(path, outcome="1.2.2")["study"].tolist() == ["Gruen", "Hart", "Wilson"]
    assert "subgroup" not in meta.read_revman(path, outcome="1.1")
    with pytest.raises(InputError, match=r"has no subgroup '1\.2\.7'"):
        meta.read_revman(path, outcome="1.2.7")


def test_effects_as_printed_are_on_the_log_scale():
    table = meta.read_revman(RM5, outcome="2.1")
    assert table["study"].tolist() == ["CDP", "Müller"]
    assert table["yi"].tolist() == [-0.4, pytest.approx(math.log(0.8166))]
    assert table["sei"].tolist() == [0.2, 0.3523]
    assert table.attrs["outcomes"][0]["measure"] == "HR"
    es = meta.effect_sizes(table, measure="HR", yi="yi", sei="sei", study="study")
    np.testing.assert_allclose(np.exp(es.yi + 1.96 * es.sei), table["revman_ci_high"], rtol=1e-3)


def test_observed_minus_expected():
    table = meta.read_revman(RM5, outcome="2.2")
    assert table["yi"].tolist() == [-0.4]
    assert table["vi"].tolist() == [0.08]
    assert math.exp(-0.4 + 1.959964 * math.sqrt(0.08)) == pytest.approx(1.1669, abs=1e-4)


def test_revman_web():
    table = meta.read_revman(WEB, outcome="1.1")
    assert table[["study", "events1", "n1", "events2", "n2"]].to_numpy().tolist() == [
        ["MRC-1", 49, 615, 67, 624],
        ["CDP", 44, 758, 64, 771],
    ]
    assert meta.read_revman(WEB, outcome="1.2")["subgroup"].tolist() == ["Before 1974", "From 1974"]
    assert meta.read_revman(WEB, outcome="2.1")[["yi", "sei"]].to_numpy().tolist() == [[-0.4, 0.2]]
    assert meta.read_revman(WEB, outcome="2.2")[["yi", "vi"]].to_numpy().tolist() == [[-0.4, 0.08]]


def test_all_outcomes_at_once_and_what_there_is():
    table = meta.read_revman(RM5)
    assert table["outcome"].tolist() == ["1.1"] * 7 + ["1.2"] * 5 + ["2.1"] * 2 + ["2.2"]
    assert [item["number"] for item in table.attrs["outcomes"]] == ["1.1", "1.2", "2.1", "2.2"]
    with pytest.raises(InputError, match=r"no outcome '3\.1'; it has: 1\.1 Death .*\(OR, k = 7\); 1\.2"):
        meta.read_revman(RM5, outcome="3.1")
    assert meta.read_revman(RM5, outcome="01.02").attrs["outcomes"][0]["number"] == "1.2"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><COCHRANE_REVIEW>&b;</COCHRANE_REVIEW>'
OUTSIDE = '<!DOCTYPE x SYSTEM "file:///etc/passwd"><COCHRANE_REVIEW/>'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BOMB, "document type or entities"),
        (OUTSIDE, "document type or entities"),
        ("<COCHRANE_REVIEW>", "not well-formed XML"),
        ("<COCHRANE_REVIEW>&undefined;</COCHRANE_REVIEW>", "not well-formed XML"),
        ("<html/>", "its root is html"),
        ("<COCHRANE_REVIEW/>", "holds no study data"),
        ("", "is not a RevMan file"),
        ("a,b\n1,2\n", "is not a RevMan file: it needs the columns Comparison Number"),
    ],
)
def test_what_is_not_revmans_is_refused(tmp_path, content, sentence):
    path = tmp_path / "x.rm5"
    path.write_text(content)
    with pytest.raises(InputError, match=sentence) as caught:
        meta.read_revman(path)
    assert "x.rm5" in str(caught.value)


def test_short_lines_and_endless_numbers_are_no_crash(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(WEB.read_text().splitlines()[0] + "\n1,1,Death,,,A,1974,,,,,1e999,10,,,2,20\n1,1\n")
    table = meta.read_revman(path, outcome="1.1")
    assert table["study"].tolist() == ["A", ""]
    assert "events1" not in table
    path.write_text(CSV_5.read_text() + "1,1\n1\n")
    assert len(meta.read_revman(path, outcome="1.1")) == 7


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match=r"no file 'no\.rm5'"):
        meta.read_revman("no.rm5")

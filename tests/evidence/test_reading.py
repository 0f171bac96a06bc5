"""Reading study files: every problem at once, each with its file, field, value, rule and remedy."""

import pytest

from meta.errors import EvidenceError
from meta.evidence.load_studies import check_folder, read_library

GOOD = """
id = "good-2000"
label = "Good 2000"
title = "A trial"
year = 2000
status = "included"

[[sources]]
key = "paper"
citation = "Good A. A trial. 2000."
doi = "10.1000/good"
read = "abstract"

[design]
kind = "parallel"
allocation = "randomised"
blinding = "double-blind"
control = "placebo"

[population]
group = "adults"
description = "healthy adults"

[[arms]]
id = "mg"
role = "treatment"
label = "magnesium"
n_analysed = 20

[[arms]]
id = "placebo"
role = "control"
label = "placebo"
n_analysed = 22

[[results]]
id = "cortisol"
outcome = "cortisol"
measured = "serum cortisol"
time = { label = "8 weeks", value = 8, unit = "wk" }
phase = "final"
arms = ["mg", "placebo"]
source = "paper"
place = "Table 2"
statistic = { kind = "test", p = 0.03, direction = "lower" }
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good-2000.toml").write_text(GOOD)
    return tmp_path


def problems(folder):
    return [(item.file, item.field) for item in check_folder(folder)]


def test_a_good_file_has_no_problem(folder):
    assert check_folder(folder) == []
    library = read_library(folder)
    assert library.study("good-2000").results[0].statistic.p == 0.03


@pytest.mark.parametrize(
    ("old", "new", "field", "remedy"),
    [
        ('label = "Good 2000"', "", "label", "add it"),
        ("year = 2000", 'year = "two thousand"', "year", "whole number"),
        ("year = 2000", "year = 3000", "year", "fix"),
        ('status = "included"', 'status = "maybe"', "status", "one of the values"),
        ('status = "included"', 'status = "excluded"', "(file)", "say why"),
        ("p = 0.03", "p = 1.3", "results.0.statistic.test.p", "fix"),
        ("p = 0.03", "p = nan", "results.0.statistic.test.p", "finite"),
        ("p = 0.03", "q = 0.03", "results.0.statistic.test.q", "spelling"),
        ('kind = "test"', 'kind = "tset"', "results.0.statistic", "one of the kinds"),
        ('kind = "test", ', "", "results.0.statistic", "add kind"),
        ('arms = ["mg", "placebo"]', 'arms = ["mg", "plaseebo"]', "(file)", "name one of: mg, placebo"),
        ('source = "paper"', 'source = "letter"', "(file)", "name one of: paper"),
        ("n_analysed = 20", "n_analysed = 20.5", "arms.0.n_analysed", "fix"),
        ('id = "placebo"', 'id = "mg"', "(file)", "each its own"),
        ('id = "good-2000"', 'id = "other-2000"', "id", "good-2000"),
        ('id = "good-2000"', 'id = "../good"', "id", "small letters"),
    ],
)
def test_each_problem_names_field_and_remedy(folder, old, new, field, remedy):
    assert old in GOOD
    (folder / "good-2000.toml").write_text(GOOD.replace(old, new, 1))
    found = check_folder(folder)
    assert [item.field for item in found] == [field]
    assert remedy in found[0].remedy
    assert found[0].file == "good-2000.toml"
    assert found[0].rule


def test_all_problems_of_all_files_come_at_once(folder):
    (folder / "bad-2001.toml").write_text(
        GOOD.replace("year = 2000", "year = 3").replace("p = 0.03", "p = 7")
    )
    (folder / "worse-2002.toml").write_text("id = ")
    found = {item[0] for item in problems(folder)}
    assert found == {"bad-2001.toml", "worse-2002.toml"}
    assert len(problems(folder)) == 3
    with pytest.raises(EvidenceError, match=r"3 problem\(s\)") as caught:
        read_library(folder)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"\xff\xfe\x00", "UTF-8"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested"),
        (b"#" * 1_000_001, "at most"),
        (b"a = 1\na = 2\n", "must be TOML"),
    ],
)
def test_hostile_files_give_one_sentence(folder, content, rule):
    (folder / "bad-2001.toml").write_bytes(content)
    (found,) = check_folder(folder)
    assert rule in found.rule


def test_a_byte_order_mark_is_read(folder):
    (folder / "good-2000.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert check_folder(folder) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(EvidenceError, match="no folder"):
        read_library(tmp_path / "nowhere")


def test_an_unknown_study_is_refused_with_those_known(folder):
    with pytest.raises(EvidenceError, match="known: good-2000"):
        read_library(folder).study("bad-2001")


def test_claims_may_only_name_what_exists(folder):
    (folder / "claims.toml").write_text(
        '[borrowed_cv]\nstudy = "lost-1999"\nresult = "xx"\narm = "mg"\nlow = 0.4\nhigh = 1\nwhy = "w"\n'
        '[[arm_sizes]]\nstudy = "good-2000"\nsizes = { mgg = 3 }\nwhy = "w"\n'
    )
    assert problems(folder) == [
        ("claims.toml", "borrowed_cv.study"),
        ("claims.toml", "arm_sizes.0.sizes"),
    ]


def test_a_range_must_hold_its_value(folder):
    (folder / "claims.toml").write_text(
        '[[assumptions]]\nid = "r-x"\nname = "r"\nvalue = 0.9\nlow = 0.1\nhigh = 0.5\nwhy = "w"\n'
    )
    (found,) = check_folder(folder)
    assert "outside its range" in found.rule

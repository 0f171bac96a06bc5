"""What is stated twice and does not agree is listed, with the likely slip; what agrees is not."""

import numpy as np
import pytest

import meta
from meta.errors import InputError
from meta.recovery.facts import FACTS, half_digit, half_digits
from meta.recovery.grim import grim, grimmer


def kinds(found):
    return {item.kind for item in found.contradictions}


def said(found):
    return " | ".join(map(str, found.contradictions))


ARMS = {"mean1": "32.0", "sd1": "10.2", "n1": 18, "mean2": "44.0", "sd2": "11.1", "n2": 17}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"p": 0.9}, "p = 0.9 does not fit"),
        ({"t": "0.13"}, "t = 0.13 does not fit"),
        ({"difference": "-15.0"}, "difference = -15 does not fit mean1, mean2"),
        ({"n_total": 50}, "n_total = 50 does not fit n1, n2"),
        ({"se": "1.02"}, "se = 1.02 does not fit"),
        ({"ci_low": "-14.0", "ci_high": "-10.0"}, "ci_low = -14 does not fit"),
        ({"direction": "higher"}, "direction = 'higher' does not fit"),
        ({"p_below": 0.0001}, "p_below = 0.0001 does not fit"),
        ({"not_significant": True}, "not_significant = 0.05 does not fit"),
        ({"scale_low": 0, "scale_high": 10}, "mean1 = 32 lies outside the scale"),
        ({"minimum1": 35, "maximum1": 60}, "mean1 = 32 lies outside the range"),
        ({"minimum1": 25, "maximum1": 40}, "sd1 = 10.2 is more than values within the range can have"),
        ({"ci_low1": 40, "ci_high1": 50}, "mean1 = 32 lies outside its interval"),
        ({"se1": "10.2"}, "se1 = 10.2 does not fit"),
        ({"mean_pre1": "30.0", "mean_change1": "9.0"}, "mean_change1 = 9 does not fit"),
    ],
)
def test_contradictions_name_both_values(more, words):
    found = meta.solve(measure="SMD", **ARMS, **more)
    assert "contradiction" in kinds(found), said(found)
    assert words in said(found)
    first = next(item for item in found.contradictions if item.says.startswith(words))
    assert first.kind == "contradiction"


@pytest.mark.parametrize(
    "more",
    [
        {"p": "0.002"},
        {"p": "0.0020"},
        {"t": "-3.33"},
        {"t": "3.33"},
        {"f": "11.1"},
        {"difference": "-12.0"},
        {"difference": -12},
        {"n_total": 35},
        {"se": "3.60"},
        {"ci_low": "-19.3", "ci_high": "-4.7"},
        {"direction": "lower"},
        {"p_below": 0.01},
        {"scale_low": 0, "scale_high": 100},
        {"minimum1": 12, "maximum1": 60},
        {"se1": "2.40"},
        {"mean_pre1": "23.0", "mean_change1": "9.0"},
        {"df": 33},
    ],
)
def test_what_agrees_within_rounding_is_not_listed(more):
    found = meta.solve(measure="SMD", **ARMS, **more)
    assert not kinds(found), said(found)


def test_an_sd_that_is_the_standard_error():
    slipped = ARMS | {"sd1": "2.40", "sd2": "2.69", "p": "0.002"}
    found = meta.solve(measure="SMD", **slipped)
    assert "look like standard errors" in said(found)
    reverse = {"mean1": 32, "se1": "10.2", "n1": 18, "mean2": 44, "se2": "11.1", "n2": 17, "p": "0.002"}
    assert "look like standard deviations" in said(meta.solve(measure="SMD", **reverse))


def test_one_sd_that_is_a_standard_error_is_worth_a_look():
    found = meta.solve(measure="MD", **(ARMS | {"sd1": "2.40"}))
    assert "sd1 may be a standard error" in said(found)
    assert kinds(found) == {"worth a look"}


def test_a_one_sided_p_is_recognised():
    found = meta.solve(measure="MD", **(ARMS | {"mean1": "39.0"}), p="0.0871")  # two-sided 0.174
    assert "one-sided" in said(found)


def test_a_large_effect_is_worth_a_look():
    found = meta.solve(measure="SMD", **(ARMS | {"sd1": "2.4", "sd2": "2.7"}))
    assert kinds(found) == {"worth a look"}
    assert "beyond 2" in said(found)


def test_an_interval_that_its_p_denies():
    found = meta.solve(measure="MD", difference="-3.0", ci_low="-5.0", ci_high="-1.0", p="0.40", n1=20, n2=20)
    assert "p = 0.4 does not fit" in said(found)
    ratio = meta.solve(measure="RR", estimate="0.50", ci_low="0.30", ci_high="0.83", p="0.40")
    assert "p = 0.4 does not fit" in said(ratio)
    fine = meta.solve(measure="RR", estimate="0.50", ci_low="0.30", ci_high="0.83", p="0.008")
    assert not kinds(fine), said(fine)


def test_percentages_that_no_count_has():
    found = meta.solve(measure="RR", percent1="86.0", n1=44, percent2="50.0", n2=44)
    assert "percent1 = 86 fits no count out of n1 = 44" in said(found)
    table = {"events1": 11, "n1": 34, "percent1": "50.0", "events2": 2, "n2": 35}
    assert "percent1 = 50 does not fit" in said(meta.solve(measure="RR", **table))
    assert not kinds(meta.solve(measure="RR", **(table | {"percent1": "32.4"})))


def test_skewed_medians_are_worth_a_look():
    found = meta.solve(measure="MD", median1=10, q1_1=9, q3_1=30, n1=40, median2=45, q1_2=30, q3_2=63, n2=21)
    assert "median1 = 10 comes from skewed data" in said(found)
    assert "median2" not in said(found)


def test_grim_only_for_whole_numbers():
    facts = {"mean1": "5.19", "sd1": "1.00", "n1": 28, "mean2": "5.18", "sd2": "1.00", "n2": 28}
    assert not kinds(meta.solve(measure="MD", **facts))
    found = meta.solve(measure="MD", **facts, whole=True)
    assert kinds(found) == {"worth a look"}
    assert "mean1 = 5.19 cannot be the mean of 28 whole numbers" in said(found)
    assert "mean2" not in said(found)


def test_whole_samples_pass_grim_and_grimmer():
    rng = np.random.default_rng(3)
    for _ in range(300):
        n = int(rng.integers(5, 60))
        values = rng.integers(0, 8, n)
        mean, sd = np.array([round(values.mean(), 2)]), np.array([round(values.std(ddof=1), 2)])
        half, size = np.array([0.005]), np.array([float(n)])
        assert grim(mean, half, size)[0]
        assert grimmer(mean, half, sd, half, size)[0]


def test_digits_as_printed():
    assert [half_digit(x) for x in ("0.040", 0.04, 32, 5.0, "1e-3")] == [0.0005, 0.005, 0.5, 0.05, 0.0005]
    assert half_digits(np.array([0.04, 5.0, np.nan, 1 / 7])).tolist() == [0.005, 0.5, 0.0, 0.0]
    # text has more digits than a number, and is held to them
    base = {"mean1": "5.00", "mean2": "4.00", "sd1": "1.00", "sd2": "1.00", "n1": 20, "n2": 20}
    assert not kinds(meta.solve(measure="MD", **base, difference=1))
    assert "contradiction" in kinds(meta.solve(measure="MD", **base, difference="1.10"))


def test_the_list_is_the_same_for_a_table():
    facts = ARMS | {"p": "0.90"}
    one = meta.solve(measure="SMD", **facts)
    table = {name: [value, value] for name, value in facts.items()} | {"p": ["0.002", "0.90"]}
    many = meta.solve(table, measure="SMD")
    assert [str(item) for item in many.contradictions] == [str(item) for item in one.contradictions]
    assert [item.row for item in many.contradictions] == [1]


def test_all_impossible_values_are_named_at_once():
    with pytest.raises(InputError) as refused:
        meta.solve({"study": ["A", "B"], "n1": [-5, 20], "sd1": [0, 1], "p": [0.5, 1.2]}, measure="SMD")
    for words in ("n1 must be >= 1", "sd1 must be > 0", "p must be above 0", "study 'A'", "study 'B'"):
        assert words in str(refused.value)


@pytest.mark.parametrize("name", ["meen1", "sd_1", "pvalue", "ai"])
def test_unknown_facts_are_refused(name):
    from meta.recovery.facts import check_names

    with pytest.raises(ValueError, match=f"unknown fact '{name}'"):
        check_names([name])
    with pytest.raises(ValueError, match="does not take"):
        meta.solve(measure="SMD", **{name: 1})


def test_the_signature_has_every_fact():
    import inspect

    parameters = inspect.signature(meta.solve).parameters
    assert set(FACTS) <= set(parameters)
    assert not any(item.kind is item.VAR_KEYWORD for item in parameters.values())

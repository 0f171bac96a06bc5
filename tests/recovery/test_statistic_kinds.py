"""Every kind of statistic: one module says its fields, questions, facts and printed form."""

import pytest

from meta.commands.adding.statistic_script import statistic_questions
from meta.evidence.columns import MODELS, STATISTIC
from meta.evidence.kinds import KINDS, telling
from meta.evidence.statistics import Statistic
from meta.recovery.facts import FACTS

EXAMPLES = {
    "means": (
        {
            "arms": [
                {"arm": "a", "mean": 3.0, "sd": 1.5, "n": 20},
                {"arm": "b", "median": 4.0, "q1": 2.0, "q3": 6.0},
            ]
        },
        {"mean1": 3.0, "sd1": 1.5, "n1": 20, "median2": 4.0, "q1_2": 2.0, "q3_2": 6.0},
    ),
    "mean-difference": (
        {"difference": -2.0, "ci_low": -4.0, "ci_high": 0.0, "level": 0.9},
        {"difference": -2.0, "ci_low": -4.0, "ci_high": 0.0, "level": 0.9},
    ),
    "counts": (
        {"arms": [{"arm": "b", "events": 3, "n": 9}, {"arm": "a", "events": 1, "n": 8}], "p": 0.3},
        {"events1": 1, "n1": 8, "events2": 3, "n2": 9, "p": 0.3},
    ),
    "percentages": (
        {"arms": [{"arm": "a", "percent": 86.0, "decimals": 1, "n": 43}]},
        {"percent1": "86.0", "n1": 43},
    ),
    "ratio": (
        {
            "measure": "RR", "estimate": 5.66, "ci_low": 1.35, "ci_high": 23.68,
            "per_1000": {"a": 323, "b": 57},
        },
        {
            "estimates": "RR", "estimate": 5.66, "ci_low": 1.35, "ci_high": 23.68, "level": 0.95,
            "percent1": 32.3, "percent2": 5.7,
        },
    ),
    "test": (
        {"direction": "lower", "f": 16.2, "df": [1, 8], "p_below": 0.01},
        {"direction": "lower", "f": 16.2, "df": 8, "p_below": 0.01},
    ),
    "threshold": (
        {"p_below": 0.05, "direction": "lower", "comparisons": 5},
        {"p_below": 0.01, "direction": "lower"},
    ),
    "not-significant": ({"direction": "not stated"}, {"not_significant": 0.05}),
    "within-arm-tests": (
        {"arms": [{"arm": "a", "p": 0.02, "direction": "lower"}, {"arm": "b", "significant": False}]},
        {"p_change1": 0.02, "direction_change1": "lower", "not_significant_change2": 0.05},
    ),
    "interval": (
        {"low": 1, "high": 2, "direction": "lower", "other_arm_significant": False},
        {"change_low1": -2.0, "change_high1": -1.0, "not_significant_change2": 0.05},
    ),
    "variation": ({"within_person_cv_low": 20.0}, {}),
    "narrative": ({"direction": "lower", "words": "it fell"}, {}),
}  # fmt: skip


def statistic(kind):
    return KINDS[kind].model.model_validate({"kind": kind} | EXAMPLES[kind][0])


class Arms:
    treatment = "magnesium"

    def __call__(self, name):
        return name.upper()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_states_facts_that_the_solver_knows(kind):
    found = dict(KINDS[kind].facts(statistic(kind), ("a", "b")))
    assert found == EXAMPLES[kind][1]
    assert set(found) - {"estimates"} <= set(FACTS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_printed_and_asked_for(kind):
    assert KINDS[kind].printed(statistic(kind), Arms())
    asked = list(statistic_questions(kind, 0, {}, lambda name, words, **more: name))
    assert asked
    flat = [name for name in asked if isinstance(name, str)]
    assert set(flat) <= {*STATISTIC[kind], "n1", "n2", "adjusted", "selected", "scale_low", "scale_high"}


def test_the_schema_and_the_columns_have_the_same_kinds():
    models = {model.model_fields["kind"].annotation.__args__[0] for model in Statistic.__args__[0].__args__}
    assert models == set(KINDS) == set(MODELS) == set(STATISTIC)


def test_a_test_with_several_degrees_of_freedom_compares_no_two_arms():
    test = KINDS["test"].model.model_validate(
        {"kind": "test", "direction": "lower", "f": 4.2, "df": [2, 40], "p": 0.02}
    )
    assert KINDS["test"].facts(test, ("a", "b")) == {"direction": "lower"}


def test_a_record_tells_its_kind_by_its_names():
    assert telling()["mean1"] == "means"
    assert list(telling())[-3:] == ["p", "alpha", "words"]
    assert set(telling().values()) == set(KINDS)

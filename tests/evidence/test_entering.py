"""Flat records: every reported statistic can be entered, and gives the statistic and effect of the file."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from typed_records import result_record, study_record

from meta.effects.defensible_choices import Choices
from meta.effects.study_evidence import Evidence
from meta.errors import EvidenceError, quiet
from meta.evidence.columns import MODELS, NAMES, STATISTIC, column, known, name_of
from meta.evidence.entering import guess_kind, study_from
from meta.evidence.load_studies import read_library
from meta.evidence.values import Refusal, choose, number, read_value, time_of

FOLDER = Path(__file__).parents[2] / "studies"
LIBRARY = read_library(FOLDER)


def enterable(study):
    """Two arms, magnesium first, with the ids that follow from the control."""
    roles = [arm.role for arm in study.arms]
    return roles == ["treatment", "control"] and study.role == "trial"


TWO_ARMS = [study for study in LIBRARY.studies if enterable(study)]
RESULTS = [(study, result) for study in TWO_ARMS for result in study.results]
BASE = {"authors": "Doe J", "year": "2001", "title": "A trial", "group": "adults", "read": "abstract"}
CORTISOL = {"outcome": "cortisol", "time": "8 weeks", "phase": "final", "place": "Table 2"}


def renamed(statistic, study):
    """The statistic with the ids that entering gives to the arms."""
    control = {"placebo": "placebo"}.get(study.design.control, "control")
    names = {study.arms[0].id: "mg", study.arms[1].id: control}
    content = statistic.model_dump()
    for arm in content.get("arms", ()):
        arm["arm"] = names[arm["arm"]]
    if "per_1000" in content:
        content["per_1000"] = {names[arm]: value for arm, value in content["per_1000"].items()}
    return content


@pytest.mark.parametrize(
    ("study", "result"), RESULTS, ids=[f"{study.id}-{result.id}" for study, result in RESULTS]
)
def test_every_committed_result_can_be_entered(study, result):
    made = study_from(study_record(study), [result_record(study, result)], claims=LIBRARY.claims)
    (entered,) = made.results
    assert entered.statistic.model_dump() == renamed(result.statistic, study)
    same = (
        "outcome",
        "measured",
        "unit",
        "higher_is",
        "phase",
        "adjusted",
        "error_term",
        "selected",
        "place",
    )
    for name in (*same, "quote", "note", "scale_low", "scale_high"):
        assert getattr(entered, name) == getattr(result, name), name
    assert entered.time.label == result.time.label
    assert len(entered.arms) == len(result.arms)


def test_there_is_something_of_almost_every_kind_to_enter():
    kinds = {result.statistic.kind for _, result in RESULTS}
    assert kinds >= set(MODELS) - {"variation"}


POOLED = [study for study in TWO_ARMS if study.status == "included" and study.results]


@pytest.mark.parametrize("study", POOLED, ids=lambda study: study.id)
def test_an_entered_study_has_the_effect_of_its_file(study):
    made = study_from(
        {**study_record(study), "id": study.id},
        [result_record(study, result) for result in study.results],
        claims=LIBRARY.claims,
    )
    with quiet():
        entered = effects(Evidence(replace_study(LIBRARY, made)), study.id)
        assert entered == effects(Evidence(LIBRARY), study.id)


def replace_study(library, made):
    others = tuple(study for study in library.studies if study.id != made.id)
    return replace(library, studies=tuple(sorted((*others, made), key=lambda study: study.id)))


OPEN = Choices(
    eligibility={
        **{
            name: column(flat).choices
            for name, flat in (("allocation", "allocation"), ("controls", "control"))
        },
        "groups": tuple(sorted({study.population.group for study in LIBRARY.studies})),
        "routes": column("route").choices,
        "co_interventions": True,
        "selected_bounds": True,
        "pseudo_replicated": True,
        "borrowed_sd": True,
    }
)
"""Every study that reports an outcome, so that bounds are compared too."""


def effects(evidence, owner):
    found = {}
    for name in evidence.analyses:
        table = evidence.effects(name, choices=OPEN)
        for i, study in enumerate(table.columns["study_id"]):
            if study == owner:
                numbers = (table.yi[i], table.vi[i], table.lower[i], table.upper[i])
                found[name] = (table.columns["tier"][i], *(None if math.isnan(x) else x for x in numbers))
    return found


def test_the_effects_compared_are_not_empty():
    with quiet():
        tiers = {item[0] for study in POOLED for item in effects(Evidence(LIBRARY), study.id).values()}
    assert tiers == {"A", "B", "C", "D"}


def test_variation_needs_no_arms():
    made = study_from(
        BASE | {"control": "none"},
        [
            CORTISOL
            | {"within_person_cv_low": "34.1%", "within_person_cv_high": "34.1", "analytical_cv": "15,4"}
        ],
    )
    assert made.role == "variation"
    assert made.results[0].statistic.within_person_cv_low == 34.1
    assert made.results[0].statistic.analytical_cv == 15.4
    assert [arm.role for arm in made.arms] == ["other"]


def test_what_was_not_given_is_not_stated():
    made = study_from(BASE, [CORTISOL | {"p": "0.03", "direction": "lower", "n1": "20", "n2": "21"}])
    assert (made.design.kind, made.design.allocation, made.design.blinding) == ("not stated",) * 3
    assert made.arms[0].route is None
    assert (made.arms[0].n_analysed, made.arms[1].n_analysed) == (20, 21)
    assert made.results[0].statistic.kind == "test"
    assert (made.label, made.sources[0].key) == ("Doe 2001", "abstract")


def test_two_results_of_one_outcome_get_different_ids():
    counts = {"events1": "3", "n1": "10", "events2": "5", "n2": "10"}
    made = study_from(BASE, [CORTISOL | counts, CORTISOL | counts, CORTISOL | counts])
    assert [result.id for result in made.results] == [
        "cortisol-8-weeks",
        "cortisol-8-weeks-2",
        "cortisol-8-weeks-3",
    ]


def refused(study, results):
    with pytest.raises(EvidenceError) as caught:
        study_from(study, results, file="flags", claims=LIBRARY.claims)
    return {problem.field: problem for problem in caught.value.problems}


def test_every_problem_comes_at_once_by_its_flat_name():
    found = refused(
        BASE | {"group": "adluts", "year": "20O1", "doi": "abc"},
        [CORTISOL | {"mean1": "3", "sd1": "-2", "mean2": "abc", "events1": "3", "n2": "1.5", "phase": ""}],
    )
    assert set(found) == {"group", "year", "doi", "sd1", "mean2", "events1", "n2", "phase"}
    assert found["phase"].rule == "this is needed"
    assert "baseline, final, change" in found["phase"].remedy
    assert found["events1"].remedy == "leave it out, or use kind counts"
    assert all(problem.remedy and problem.file == "flags" for problem in found.values())


@pytest.mark.parametrize(
    ("record", "field", "words"),
    [
        ({"events1": "12", "n1": "10", "events2": "3", "n2": "10"}, "arm 1", "at most n"),
        ({"md": "-3", "ci_low": "-2", "ci_high": "1"}, "mean-difference", "outside its interval"),
        (
            {"estimate": "1.4", "measure": "RR", "ci_low": "1.5", "ci_high": "2"},
            "ratio",
            "outside its interval",
        ),
        ({"mean1": "5", "ci_low1": "6", "ci_high1": "7", "mean2": "3"}, "arm 1", "outside its interval"),
        ({"median1": "5", "q1_1": "6", "q3_1": "7", "median2": "3"}, "arm 1", "outside its quartiles"),
        (
            {"kind": "interval", "low": "2", "high": "1", "direction": "lower"},
            "interval",
            "low must be at most",
        ),
        ({"p": "<0.01", "direction": "lower"}, "p", "threshold"),
        ({"p": "1.3", "direction": "lower"}, "p", "at most 1"),
        ({"p": "0.03"}, "direction", "needed"),
        ({"kind": "means"}, "arms", "needed"),
        ({"kind": "mean"}, "place", ""),
        ({"percent1": "104", "percent2": "20"}, "percent1", "at most 100"),
        ({}, "kind", "one of"),
        ({"n1": "20"}, "kind", "one of"),
    ],
)
def test_nonsense_is_refused(record, field, words):
    base = CORTISOL if field != "place" else {**CORTISOL, "place": ""}
    found = refused(BASE, [base | record])
    assert field in found
    assert words in found[field].rule


def test_sizes_that_differ_between_results_are_not_chosen_from():
    test = {"p": "0.03", "direction": "lower"}
    found = refused(BASE, [CORTISOL | test | {"n1": "20"}, CORTISOL | test | {"n1": "21"}])
    assert "[20, 21]" in found["n1"].value


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_meaning_and_leads_back(name):
    about = column(name)
    assert about.meaning.endswith(".")
    assert known(name.replace("_", "-").upper()) == name


def test_places_lead_to_names():
    for kind, names in STATISTIC.items():
        for name, path in names.items():
            place = ("results", 0, "statistic", kind, *path.split("."))
            assert name_of(place) == name
    assert name_of(()) == "(file)"


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("12.50", 12.5), ("−3,41", -3.41), (".03", 0.03), ("+2", 2), ("1e-4", 1e-4), ("2·5", 2.5)],
)
def test_numbers_as_papers_print_them(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "abc", "1,234", "1.234.5", "nan", "inf", "1e999", "12 3", "0x10", "1_000", "٣", "5%"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(Refusal, match=";"):
        number(text)


def test_a_comma_table_reads_a_thousandth():
    assert number("1,234", comma=True) == 1.234


@pytest.mark.parametrize(
    ("text", "answer"), [("randomized", "randomised"), ("NOT STATED", "not stated"), ("2", "counterbalanced")]
)
def test_choices_by_word_number_or_beginning(text, answer):
    assert choose(text, column("allocation").choices) == answer


def test_an_ambiguous_beginning_is_not_guessed():
    with pytest.raises(Refusal, match="not randomised or not stated"):
        choose("not", column("allocation").choices)


@pytest.mark.parametrize(
    ("label", "value", "unit"),
    [
        ("24h", 24, "h"), ("8 weeks", 8, "wk"), ("60 days", 60, "d"), ("2,5 h after the run", 2.5, "h"),
        ("3 months", None, None), ("24 h to 72 h", None, None), ("end of 8 weeks", None, None),
        ("10 hops", None, None), ("all times", None, None),
    ],
)  # fmt: skip
def test_times(label, value, unit):
    found = time_of(label)
    assert (found["label"], found.get("value"), found.get("unit")) == (label, value, unit)


def test_kinds_are_recognised():
    assert guess_kind({"p": "0.02", "mean1": "3"}) == "means"
    assert guess_kind({"p_below": "0.01", "eta_squared": "0.6"}) == "test"
    assert guess_kind({"p": " "}) == ""
    assert read_value("p = .04", column("p", "means")) == 0.04

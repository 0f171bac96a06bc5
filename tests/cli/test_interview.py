"""The questions of meta add, without a terminal: transcripts, undo, help, nonsense, defaults."""

from pathlib import Path

import pytest

from meta.commands.adding.interview import Interview, Question, converse
from meta.commands.adding.script import AddScript, records
from meta.commands.adding.words import KINDS
from meta.evidence.columns import MODELS
from meta.evidence.entering import study_from
from meta.evidence.load_studies import known_in, read_library

STUDIES = Path(__file__).parents[2] / "studies"
BIB = """@article{doe, author={Doe, Jane Q. and Roe, K}, title={A {M}agnesium trial}, year={2001},
journal={J Test}, volume=3, pages={1--9}, doi={10.1000/ABC}}"""


@pytest.fixture(scope="module")
def start():
    return Interview(AddScript(str(STUDIES), {}, known_in(STUDIES)))


def answered(state, replies):
    for reply in replies:
        state = state.reply(reply)
    return state


STUDY = [BIB, "", "", "", "", "1", "randomised", "double-blind", "placebo", "adults", "46 adults", "", "",
         "oxide", "oral", "300", "", "56"]  # fmt: skip
RESULT = ["cortisol", "serum cortisol", "8 weeks", "final", "nmol/l", ""]
MEANS = ["means", "", "SD", "12.5", "3.1", "20", "13", "2.9", "21", ""]
END = ["Table 2", "", "", "", ""]


def test_a_whole_conversation_makes_a_study(start):
    end = answered(start, [*STUDY, *RESULT, *MEANS, *END])
    assert end.question is None
    assert not end.stopped
    study = study_from(*records(end.answers, {}))
    assert (study.id, study.label, study.doi) == ("doe-2001", "Doe 2001", "10.1000/abc")
    assert study.authors == ("Doe JQ", "Roe K")
    assert study.title == "A Magnesium trial"
    assert (study.design.kind, study.design.allocation) == ("parallel", "randomised")
    assert (study.arms[0].form, study.arms[0].dose_mg, study.arms[0].dose_is) == ("oxide", 300, "not stated")
    assert [(arm.mean, arm.sd, arm.n) for arm in study.results[0].statistic.arms] == [
        (12.5, 3.1, 20),
        (13, 2.9, 21),
    ]
    assert study.results[0].place == "Table 2"


def test_the_pasted_reference_is_told_as_understood(start):
    after = start.reply(BIB)
    assert "authors: Doe JQ; Roe K" in after.message
    assert after.question.key == "pmid"


def test_enter_makes_up_no_fact(start):
    state = start
    for _ in range(200):
        question = state.question
        if question is None:
            break
        needed = {"id": "doe-2001", "group": "adults", "outcome": "cortisol", "kind": "narrative",
                  "time": "8 weeks", "direction": "not seen", "words": "none",
                  "place": "abstract"}  # fmt: skip
        state = state.reply(needed.get(question.key.partition("@")[0], ""))
    study = study_from(*records(state.answers, {}))
    assert {study.design.kind, study.design.allocation, study.design.blinding, study.design.control} == {
        "not stated"
    }
    assert (study.arms[0].route, study.arms[0].dose_mg, study.population.n_analysed) == (None, None, None)
    assert study.results[0].phase == "not stated"


def test_back_undoes_any_number_of_answers(start):
    state = answered(start, STUDY)
    for left in range(len(STUDY) - 1, -1, -1):
        state = state.reply("<")
        assert len(state.answers) == left
        assert state.question == answered(start, STUDY[:left]).question
    assert state.reply("back").message == "This is the first question."


def test_back_to_another_kind_forgets_the_numbers_of_the_first(start):
    state = answered(start, [*STUDY, *RESULT, "means", "", "SD", "12.5"])
    state = answered(state, ["<", "<", "<", "<", "counts", "12", "40", "21", "41", "", *END])
    study = study_from(*records(state.answers, {}))
    assert [(arm.events, arm.n) for arm in study.results[0].statistic.arms] == [(12, 40), (21, 41)]


def test_help_explains_and_asks_again(start):
    state = answered(start, [*STUDY, *RESULT])
    told = state.reply("?")
    assert told.question == state.question
    assert all(kind in told.message for kind in KINDS)
    assert "how far single people lie" in told.message
    beside = answered(state, ["means", ""])
    assert "divided by the square root of n" in beside.reply("help").message


def test_quit_stops_at_any_question(start):
    for number in range(len(STUDY)):
        state = answered(start, STUDY[:number]).reply("quit")
        assert state.stopped
        assert state.question is None


@pytest.mark.parametrize(
    ("before", "reply", "message"),
    [
        ([], "One week of magnesium. 2019.", "paste it as BibTeX"),
        ([], BIB + BIB.replace("{doe", "{roe"), "These are 2 references"),
        ([], BIB.replace("10.1000/ABC", "10.1007/s00421-019-04238-y"), "steward-2019.toml is the file"),
        ([""], "", None),
        (["", "Doe J"], "twothousand", "whole number"),
        (["", "Doe J"], "20019", "at most 2100"),
        (["", "Doe J", "2001", "", ""], "doi.org", "A DOI looks like"),
        (["", "Doe J", "2001", "", ""], "10.1007/s00421-019-04238-y", "steward-2019.toml is the file"),
        (["", "Doe J", "2001", "", "", ""], "PMC123", "digits only"),
        ([BIB, ""], "../x", "cannot be a file's name"),
        ([BIB, ""], "con", "kept for another file"),
        ([BIB, ""], "steward-2019", "There is a file steward-2019.toml already"),
        (STUDY[:9], "", "This is needed"),
        (STUDY[:9], "old people", "must be healthy exercisers"),
        (STUDY[:12], "46.5", "whole number"),
        (STUDY[:15], "-300", "Must be greater than 0"),
        ([*STUDY, *RESULT, "means", "", "SD"], "1,234", "two ways"),
        ([*STUDY, *RESULT, "means", "", "SD", "12.5"], "0", "greater than 0"),
        ([*STUDY, *RESULT, "means", "", "interval", "12.5", "13"], "14", "outside its interval"),
        ([*STUDY, *RESULT, "means", "medians", "quartiles", "5", "6"], "7", "outside its quartiles"),
        ([*STUDY, *RESULT, *MEANS[:-1]], "p < 0.05", "threshold"),
        ([*STUDY, *RESULT, *MEANS[:-1]], "1.2", "at most 1"),
        ([*STUDY, *RESULT, "counts", "12"], "10", "events must be at most n"),
        ([*STUDY, *RESULT, "percentages"], "120", "at most 100"),
        ([*STUDY, *RESULT, "ratio", "RR", "1.5", "1.6"], "1.7", "outside its interval"),
        ([*STUDY, *RESULT, "interval", "2", "1"], "lower", "low must be at most high"),
        ([*STUDY, *RESULT, "test", "p", "0.03"], "down", "must be lower, higher or not stated"),
        ([*STUDY, *RESULT], "13", "must be means"),
    ],
)
def test_nonsense_is_answered_with_the_remedy_and_asked_again(start, before, reply, message):
    state = answered(start, before)
    after = state.reply(reply)
    if message is None:  # a question that may stay without an answer
        assert after.question != state.question
        return
    assert message in after.message
    assert after.question.key == state.question.key
    assert after.answers == state.answers


KIND_REPLIES = {
    "means": {"_beside": "SE", "mean1": "12,5", "se1": "0.7", "n1": "20", "mean2": "13", "se2": "0.6",
              "p": ".2"},
    "mean-difference": {"md": "−3.2", "_beside": "interval", "ci_low": "-6", "ci_high": "-0.4",
                        "adjusted": "yes"},
    "ratio": {"measure": "OR", "estimate": "1.3", "ci_low": "0.6", "ci_high": "2.9", "n_total": "69"},
    "test": {"_which": "F", "f": "8.98", "df": "2, 37", "p": "0.02", "direction": "lower", "n1": "20",
             "n2": "21"},
    "within-arm-tests": {"p1": "0.02", "direction1": "lower", "n1": "40", "significant2": "no", "n2": "40"},
    "threshold": {"p_below": "0.01", "direction": "higher", "comparisons": "3", "selected": "yes"},
    "not-significant": {"alpha": "0.05", "n1": "20", "n2": "22"},
    "interval": {"low": "1", "high": "2", "direction": "lower", "scale_low": "0", "scale_high": "6"},
    "counts": {"events1": "12", "n1": "40", "events2": "21", "n2": "41", "p": "0.04"},
    "percentages": {"percent1": "86.0", "n1": "43", "percent2": "60", "n2": "43"},
    "variation": {"within_person_cv_low": "34.1", "retest_correlation_low": "0.3",
                  "retest_correlation_high": "0.7"},
    "narrative": {"direction": "lower", "words": "Fell on magnesium."},
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_every_kind_can_be_entered_by_answering(start, kind):
    wanted = KIND_REPLIES[kind]
    state = answered(start, [*STUDY, *RESULT, kind])
    used = set()
    while (question := state.question) is not None:
        name = question.key.partition("@")[0]
        used.add(name)
        state = state.reply(wanted.get(name, "Table 2" if name == "place" else ""))
        assert state.message == "", (question.key, state.message)
    assert used >= set(wanted)
    result = study_from(*records(state.answers, {})).results[0]
    flat = {name: text for name, text in wanted.items() if not name.startswith("_")}
    base = {"authors": "Doe J", "year": "2001", "group": "adults", "read": "abstract", "control": "placebo"}
    row = {"outcome": "cortisol", "time": "8 weeks", "phase": "final", "place": "Table 2", "kind": kind}
    expected = study_from(base, [row | flat]).results[0].statistic.model_dump()
    entered = result.statistic.model_dump()
    if kind == "variation":  # the upper end is offered as the lower one
        expected["within_person_cv_high"] = 34.1
    assert entered == expected


def test_a_dispersion_of_a_kind_not_named_is_noted(start):
    replies = [*STUDY, *RESULT, "means", "", "not said", "26", "5", "", "41", "9", "", "", *END]
    study = study_from(*records(answered(start, replies).answers, {}))
    assert [arm.dispersion_stated for arm in study.results[0].statistic.arms] == [False, False]


def test_several_results(start):
    state = answered(start, [*STUDY, *RESULT, *MEANS, "Table 2", "", "yes"])
    assert state.question.key == "outcome@1"
    state = answered(
        state, ["other", "melatonin", "8 weeks", "", "", "", "narrative", "not stated", "-", "text, p. 3"]
    )
    state = answered(
        state, ["", "no", "arm means of melatonin; blinding of staff", "excluded", "not placebo-controlled"]
    )
    study = study_from(*records(state.answers, {}))
    assert [result.measured for result in study.results] == ["serum cortisol", "melatonin"]
    assert study.not_seen == ("arm means of melatonin", "blinding of staff")
    assert (study.status, study.exclusion_reason) == ("excluded", "not placebo-controlled")


def test_what_is_given_is_not_asked():
    given = {"title": "A trial", "id": "doe-2001", "group": "adults"}
    state = Interview(AddScript(str(STUDIES), given, known_in(STUDIES)))
    asked = []
    while (question := state.question) is not None and len(asked) < 60:
        asked.append(question.key)
        needed = {"kind": "narrative", "outcome": "cortisol", "direction": "lower", "words": "fell",
                  "time": "8 weeks", "place": "abstract"}  # fmt: skip
        state = state.reply(needed.get(question.key.partition("@")[0], ""))
    assert not {"_reference", "title", "id", "group"} & set(asked)
    study = study_from(*records(state.answers, given))
    assert (study.title, study.results[0].outcome) == ("A trial", "cortisol")


def test_outcomes_are_those_of_the_claims_file(start):
    question = answered(start, STUDY).question
    listed = dict(question.choices)
    assert listed["soreness"] == "pooled in Muscle soreness after exercise"
    assert listed["other"] == "enters no analysis"
    pooled = {item.outcome for claim in read_library(STUDIES).claims.claims for item in claim.analyses}
    assert {name for name, words in listed.items() if words.startswith("pooled")} == pooled


def heard(lines):
    waiting = iter(lines)

    def hear(prompt):
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return hear


def test_a_reference_may_be_pasted_over_several_lines(start):
    said = []
    lines = [*BIB.splitlines(), "", "", "quit"]
    end = converse(start, heard(lines), said.append)
    assert end.stopped
    assert any("A Magnesium trial" in text for text in said)
    nbib = ["PMID- 123", "TI  - A trial", "AU  - Doe J", "DP  - 2001", "", "quit"]
    assert "A trial" in converse(start, heard(nbib), said.append).answers["_reference"]


def test_the_end_of_input_stops(start):
    assert converse(start, heard(["", "Doe J"]), lambda text: None).stopped

    def interrupted(prompt):
        raise KeyboardInterrupt

    assert converse(start, interrupted, lambda text: None).stopped


def test_a_question_shows_its_choices_and_what_enter_gives():
    shown = str(
        Question("allocation", "How?", "not stated", (("randomised", "by chance"), ("not stated", "")))
    )
    assert shown == "How? [not stated]\n  1  randomised: by chance\n  2  not stated"
    assert str(Question("year", "When?", optional=True)) == "When? [leave out]"

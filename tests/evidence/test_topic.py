"""The topic is data: nothing in the package knows what a review is about, and old files still load."""

import re
import tomllib
from pathlib import Path

import pytest

import meta
from meta.claims.answer_claims import answer
from meta.commands.study_files import check
from meta.errors import DataWarning, EvidenceError
from meta.evidence.claims import ClaimsFile, Topic
from meta.evidence.entering import study_from
from meta.evidence.load_studies import check_folder, checked, known_in, read_library
from meta.evidence.old_files import old_role, rewritten, with_new_role
from meta.report.sections.answered import summary

ROOT = Path(__file__).parents[2]
WORDS = re.compile("magnesium|soreness|cortisol|cramp|glycinate", re.IGNORECASE)

STUDY = """
id = "{id}"
label = "Hemila 1999"
title = "Vitamin C and colds"
year = 1999
status = "included"
sources = [{{ key = "paper", citation = "A trial", read = "abstract" }}]
[design]
kind = "parallel"
allocation = "randomised"
blinding = "double-blind"
control = "placebo"
[population]
group = "{group}"
description = "runners"
[[arms]]
id = "vitc"
role = "{role}"
label = "Vitamin C"
n_analysed = 43
[[arms]]
id = "placebo"
role = "control"
label = "Placebo"
n_analysed = 41
[[results]]
id = "days"
outcome = "{outcome}"
measured = "days with a cold"
time = {{ label = "14 days", value = 2, unit = "wk" }}
phase = "final"
arms = ["vitc", "placebo"]
source = "paper"
place = "abstract"
[results.statistic]
kind = "means"
arms = [{{ arm = "vitc", mean = 4.2, sd = 2.0, n = 43 }}, {{ arm = "placebo", mean = 5.6, sd = 2.2, n = 41 }}]
"""
CLAIMS = """
[topic]
treatment = "vitamin C"
control = "a placebo"
arm = "vitc"
forms = ["ascorbic acid"]
[[outcomes]]
id = "cold-days"
label = "days with a cold"
kind = "time"
[[outcomes]]
id = "cold-severity"
label = "severity of colds"
kind = "score"
[[populations]]
id = "runners"
[[claims]]
id = "shorter-colds"
kind = "effect"
statement = "Vitamin C shortens colds by a third."
short = "a third shorter colds"
[claims.citation]
made_in = "an advertisement"
attributed_to = "nothing"
found = false
[claims.intervention]
route = "oral"
[claims.estimand]
measure = "ROM"
value = 0.67
value_text = "a third shorter than on placebo"
side = "below"
[[claims.analyses]]
id = "colds"
label = "Duration of colds"
outcome = "cold-days"
measure = "ROM"
eligibility = { groups = ["runners"] }
prior = { effect_sd = 0.5, tau_sd = 0.3 }
"""


@pytest.fixture
def review(tmp_path):
    def made(
        *, role="treatment", outcome="cold-days", group="runners", claims=CLAIMS, names=("peters-1993",)
    ):
        for name in names:
            text = STUDY.format(id=name, role=role, outcome=outcome, group=group)
            (tmp_path / f"{name}.toml").write_text(text)
        (tmp_path / "claims.toml").write_text(claims)
        return tmp_path

    return made


def test_no_module_and_no_template_knows_the_topic():
    files = [*ROOT.glob("meta/**/*.py"), *ROOT.glob("meta/**/*.j2"), *ROOT.glob("meta/**/*.js")]
    known = {
        str(path.relative_to(ROOT)): sorted(set(found))
        for path in files
        if (found := WORDS.findall(path.read_text(encoding="utf-8")))
    }
    assert known == {}


def test_a_review_of_another_topic_speaks_of_its_own_treatment(review):
    evidence = meta.load_evidence(review())
    claim = evidence.claims["shorter-colds"]
    assert claim.intervention.treatment == "vitamin C"
    effects = evidence.effects("colds")
    assert effects.yi[0] < 0
    told = summary(answer(evidence, "colds"))
    assert "under vitamin C than without" in told
    assert not WORDS.search(told)


def test_what_an_arm_is_called_follows_from_the_topic(review):
    claims = known_in(review()).claims
    made = study_from(
        {"authors": "Doe J", "year": "2001", "title": "T", "group": "runners", "read": "abstract"},
        [{"outcome": "cold-days", "time": "2 weeks", "phase": "final", "place": "abstract",
          "mean1": "4", "sd1": "1", "n1": "20", "mean2": "5", "sd2": "1", "n2": "20"}],
        claims=claims,
    )  # fmt: skip
    assert [(arm.id, arm.role, arm.label) for arm in made.arms] == [
        ("vitc", "treatment", "Vitamin C"),
        ("control", "control", "Control"),
    ]


def test_questions_offer_what_is_declared(review):
    known = known_in(review())
    assert known.outcomes == {"cold-days": ["Duration of colds"], "cold-severity": []}
    assert known.groups == ("runners",)


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"outcome": "cold-day"}, "results.0.outcome", "write 'cold-days', or declare it under [[outcomes]]"),
        ({"group": "runner"}, "population.group", "write 'runners', or declare it under [[populations]]"),
        ({"outcome": "sleep"}, "results.0.outcome", "declare it under [[outcomes]] of claims.toml"),
    ],
)
def test_what_is_not_declared_is_a_problem_with_the_nearest_name(review, given, field, told):
    (problem,) = check_folder(review(**given))
    assert problem.field == field
    assert told in problem.remedy


def test_other_outcomes_never_stand_in_for_each_other(review):
    claims = CLAIMS.replace('outcome = "cold-days"\nmeasure', 'outcome = "other"\nmeasure')
    (problem,) = check_folder(review(claims=claims, outcome="other"))
    assert "never stand in for each other" in problem.rule
    assert "[[outcomes]]" in problem.remedy


def test_a_claims_file_without_declarations_leaves_names_free(review):
    folder = review(claims=CLAIMS[CLAIMS.index("[[claims]]") :])
    assert check_folder(folder) == []
    assert meta.load_evidence(folder).claims["shorter-colds"].intervention.treatment == "treatment"


def test_files_of_version_01_load_with_a_note_and_are_rewritten(review, capsys):
    folder = review(role="vitamin c", names=("peters-1993", "peters-1996"))
    with pytest.warns(DataWarning, match="role 'vitamin c' of version 0.1 was read as 'treatment'"):
        library = read_library(folder)
    assert {arm.role for study in library.studies for arm in study.arms} == {"treatment", "control"}
    check([str(folder)])
    assert "2 files of version 0.1: role 'vitamin c' was read as 'treatment'" in capsys.readouterr().err
    before = (folder / "peters-1993.toml").read_text()
    check([str(folder)], fix=True)
    assert "2 files of version 0.1 rewritten" in capsys.readouterr().err
    assert (folder / "peters-1993.toml").read_text() == before.replace('"vitamin c"', '"treatment"')
    assert not checked([folder]).old
    assert not list(folder.glob(".*"))
    read_library(folder)  # without a note


@pytest.mark.parametrize("role", ["placebo", "contrl", "treatmnt", "others"])
def test_a_misspelled_role_is_no_old_word(review, role):
    problems = check_folder(review(role=role))
    assert [problem.field for problem in problems] == ["arms.0.role"]
    assert "treatment" in problems[0].rule


def test_two_unknown_words_are_no_old_word():
    contents = [{"arms": [{"role": "zinc"}]}, {"arms": [{"role": "iron"}]}]
    assert old_role(contents) is None
    assert with_new_role(contents[0], None) is contents[0]


def test_rewriting_keeps_comments_and_order():
    text = '# a trial\n[[arms]]\nrole = "zinc" # the form is not named\nid = "a"\n'
    assert rewritten(text, "zinc") == text.replace('"zinc"', '"treatment"')


def test_the_old_name_of_an_option_that_named_the_form_is_read():
    claims = CLAIMS + "[claims.multiverse]\nzinc_only = false\n"
    made = ClaimsFile.model_validate(tomllib.loads(claims))
    assert made.claims[0].multiverse.claimed_form_only is False


def test_the_same_name_twice_is_refused(review):
    claims = CLAIMS.replace('id = "cold-severity"', 'id = "cold-days"')
    with pytest.raises(EvidenceError, match="outcome id 'cold-days' is used twice"):
        read_library(review(claims=claims))


def test_a_topic_has_words_without_a_file():
    assert (Topic().treatment, Topic().control, Topic().arm) == ("treatment", "control", "treatment")

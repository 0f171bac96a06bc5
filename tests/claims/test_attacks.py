"""Ways to fool a verdict, each of which must fail: copies, empty studies, other fits, incoherent claims."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.claims.decision_rule import bars, decide, posterior_of
from meta.claims.independence import independent, shared_values, standing
from meta.claims.verdict import Probabilities
from meta.effects.effect_size_table import EffectSizes
from meta.errors import AssumptionWarning, EvidenceError, InputError, quiet
from meta.evidence.claim_parts import Rule
from meta.evidence.load_studies import checked, read_library
from meta.kernels.bounded import make_rows

STUDIES = Path(__file__).parents[2] / "studies"
STRONG, WEAK = -0.95, 0.004


@pytest.fixture(scope="module")
def claim():
    return meta.load_evidence(STUDIES).claims["soreness-41"]


def ratios(yi, vi, study, **more):
    return EffectSizes(np.array(yi, float), np.array(vi, float), "ROM", np.array(study, object), **more)


def computed(table, measure):
    with quiet():
        return meta.effect_sizes(table, measure=measure, **{name: name for name in table})


def judged(claim, effects, **more):
    with quiet():
        return meta.judge(claim, effects, **more)


def test_two_trials_support_what_one_trial_twice_does_not(claim):
    two = judged(claim, ratios([STRONG, -0.9], [WEAK, 0.005], ["A", "B"]))
    assert two.conclusion == "supported"
    one = judged(claim, ratios([STRONG], [WEAK], ["A"]))
    twice = judged(claim, ratios([STRONG] * 2, [WEAK] * 2, ["A", "A"]))
    assert (one.conclusion, twice.conclusion) == ("inconclusive", "inconclusive")
    assert twice.k == 1
    assert twice.at_margin.mean == pytest.approx(one.at_margin.mean, abs=1e-12)
    assert any("2 rows are of one study, 'A'" in text for text in twice.warnings)


@pytest.mark.parametrize("again", ["A", "a", " A "])
@pytest.mark.parametrize("times", [2, 5, 20])
def test_copies_of_a_trial_never_move_a_verdict(claim, again, times):
    labels = ["A", *[again] * times, "B"]
    effects = ratios([-0.45] * (times + 1) + [-0.2], [0.02] * (times + 1) + [0.03], labels)
    plain = judged(claim, ratios([-0.45, -0.2], [0.02, 0.03], ["A", "B"]))
    found = judged(claim, effects)
    assert found.at_margin.mean == pytest.approx(plain.at_margin.mean, abs=1e-12)
    assert (found.k, found.conclusion, found.others) == (2, plain.conclusion, plain.others)


def test_copies_in_a_fit_count_once_in_its_test_too(claim):
    with quiet():
        many = meta.pool(ratios([STRONG] * 4 + [-0.3], [WEAK] * 4 + [0.02], [*"AAAA", "B"]))
        plain = meta.pool(ratios([STRONG, -0.3], [WEAK, 0.02], ["A", "B"]))
    assert judged(claim, many).compatibility == judged(claim, plain).compatibility


def test_several_outcomes_of_a_study_are_one_study_whose_variance_does_not_shrink():
    found = independent(ratios([-0.4, -0.2, -0.1], [0.04, 0.04, 0.01], ["A", "A", "B"])).effects
    assert found.study.tolist() == ["A", "B"]
    assert found.yi.tolist() == pytest.approx([-0.3, -0.1])
    assert found.vi.tolist() == pytest.approx([0.04, 0.01])
    v = np.array([[0.04, 0.01, 0.0], [0.01, 0.04, 0.0], [0.0, 0.0, 0.01]])
    known = independent(ratios([-0.4, -0.2, -0.1], np.diag(v), ["A", "A", "B"], covariance=v)).effects
    assert known.vi.tolist() == pytest.approx([0.025, 0.01])
    assert known.covariance.tolist() == pytest.approx(np.diag([0.025, 0.01]))


def test_rows_without_a_label_are_studies_of_their_own():
    effects = ratios([0.1, 0.1, 0.2], [0.1, 0.1, 0.2], ["", "", float("nan")])
    assert independent(effects).effects is effects


def test_a_clone_with_four_printed_values_counts_once_and_is_asked_about(claim):
    table = {"study": ["A", "B", "C"], "mean1": [21.3, 21.3, 20.0], "sd1": [4.17, 4.17, 5.0], "n1": [90] * 3,
             "mean2": [41.9, 41.9, 36.5], "sd2": [6.23, 6.23, 8.0], "n2": [88, 88, 60]}  # fmt: skip
    effects = computed(table, "ROM")
    found = judged(claim, effects[:2])
    assert (found.k, found.conclusion) == (1, "inconclusive")
    assert "are 'A' and 'B' the same study" in found.questions[0]
    assert judged(claim, effects).k == 2
    assert judged(claim, effects).to_dict()["questions"] == list(found.questions)


def test_equal_counts_are_two_trials():
    table = {"study": ["A", "B"], "events1": [0, 0], "n1": [14, 14], "events2": [0, 0], "n2": [14, 14]}
    found = independent(computed(table, "RD"))
    assert found.merged == found.questions == ()


def test_equal_effects_alone_are_asked_about_and_never_merged(claim):
    found = judged(claim, ratios([STRONG] * 2, [WEAK] * 2, ["A", "B"]))
    assert found.k == 2
    assert "Are 'A' and 'B' the same study?" in found.sentence


EMPTY = {
    "hardly any information": {"yi": [0.0], "vi": [1e4]},
    "a little less than it takes": {"yi": [0.0], "vi": [WEAK * 21]},
    "a bound without ends": {"lower": -np.inf, "upper": np.inf},
    "a bound beyond everything": {"lower": -5.0, "upper": 5.0},
    "an upper bound far away": {"lower": -np.inf, "upper": 3.0},
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize(("y", "leaning"), [(STRONG, "supported"), (0.1, "contradicted")])
def test_an_empty_study_decides_nothing(claim, name, y, leaning):
    alone = judged(claim, ratios([y], [WEAK], ["A"]))
    assert alone.conclusion == "inconclusive"
    part = EMPTY[name]
    if "yi" in part:
        effects = ratios([y, *part["yi"]], [WEAK, *part["vi"]], ["A", "B"])
    else:
        effects = ratios(
            [y, np.nan], [WEAK, WEAK], ["A", "B"], kind=np.array(["exact", "bound"], object),
            lower=np.array([np.nan, part["lower"]]), upper=np.array([np.nan, part["upper"]]),
        )  # fmt: skip
    found = judged(claim, effects)
    assert found.conclusion == "inconclusive"
    assert found.k == 1 or any("of the information where the rule asks for 5%" in r for r in found.reasons)
    helped = judged(claim, ratios([y, y], [WEAK, WEAK * 2], ["A", "B"]))
    assert helped.conclusion == leaning


def test_the_share_of_information_is_that_of_the_others():
    rows = make_rows(np.array([0.0, 0.1, np.nan]), np.array([1.0, 2.0, 4.0]), lower=[np.nan, np.nan, -np.inf],
                     upper=[np.nan, np.nan, 0.0])  # fmt: skip
    found = standing(rows, -1.0, 1.0)
    assert (found.k, found.k_computed) == (3, 2)
    assert found.others == pytest.approx(0.75 / 1.75)


@pytest.mark.parametrize(("others", "expected"), [(0.05, "supported"), (0.0499, "inconclusive")])
def test_the_rule_asks_for_five_percent(others, expected):
    at = Probabilities(0.0, 0.99, 0.9, 0.5, 0.99)
    assert decide(Rule(), at, 2, 2, others)[0] == expected


def test_the_bars_of_the_rule():
    assert bars(Rule(), 0.2) == pytest.approx((76, 4.75))
    assert bars(Rule(), 0.5) == pytest.approx((19, 19))


def test_a_fit_and_a_posterior_of_other_trials_are_refused(claim):
    good = ratios([STRONG, -0.9], [WEAK, 0.005], ["A", "B"])
    other = ratios([0.1, 0.0], [WEAK, 0.005], ["A", "C"])
    with quiet():
        fit, posterior = meta.pool(good), posterior_of(other, claim.analyses[0])
    for given in ({"fit": fit, "posterior": posterior}, {"evidence": other, "fit": fit},
                  {"evidence": good, "posterior": posterior}):  # fmt: skip
        with pytest.raises(InputError, match="must hold the same effects"):
            judged(claim, given.pop("evidence", None), **given)
    fewer = posterior_of(good.subset([0]), claim.analyses[0])
    with pytest.raises(InputError, match="only the fit has 'B'"):
        judged(claim, None, fit=fit, posterior=fewer)


def test_a_prior_of_ones_own_does_not_decide(claim):
    effects = ratios([-0.1, -0.2], [0.3, 0.3], ["A", "B"])
    with quiet():
        sure = meta.bayes(effects, effect=meta.Normal(-2.0, 0.05), tau=meta.HalfNormal(0.05))
    found = judged(claim, sure)
    assert found.at_margin.mean > 0.99
    assert found.conclusion == "inconclusive"
    assert any("own priors were used" in text for text in found.warnings)


def test_generic_effects_that_could_be_ratios_are_refused_with_both_remedies(claim):
    ratio_like = meta.effect_sizes(measure="GEN", yi=[0.55, 0.62], vi=[0.004, 0.004])
    with pytest.raises(InputError, match=r"np\.log.*measure='ROM'"):
        meta.judge(claim, ratio_like)
    harm = meta.effect_sizes(measure="GEN", yi=[0.02, 0.03], vi=[0.004, 0.004])
    with pytest.warns(AssumptionWarning, match="log ratio of means"):
        assert meta.judge(claim, harm).conclusion == "contradicted"
    named = meta.effect_sizes(measure="ROM", yi=[0.25, 0.3], vi=[0.004, 0.004], study=["A", "B"])
    assert judged(claim, named).conclusion == "contradicted"


CHANGES = [
    ("value = 0.59", "value = 59", "estimand.value", "looks like a percentage"),
    ("value = 0.59", "value = 1.0", "estimand.value", "means no effect, not a size"),
    ("value = 0.59", "value = -0.41", "estimand.value", "must be > 0"),
    ('side = "below"\nmargin = 0.8', 'side = "above"\nmargin = 0.8', "estimand.side", "write side = 'below'"),
    ("contradict = 0.05", "contradict = 0.97", "rule.support", "must be above contradict"),
    ("support = 0.95", "support = 0.4", "rule.support", "must be at least 0.5"),
    ("prior_factor = 2.0", "prior_factor = 0.1", "rule.prior_factor", "must be at least 1"),
    ("value = 0.78", "value = 78", "estimand.value", "write 0.78 for 78%"),
    ('outcome = "soreness"\nmeasure = "ROM"', 'outcome = "soreness"\nmeasure = "SMD"', "measure",
     "write ROM"),
    ("margin = 0.8", "at_least = 0.4", "estimand.at_least", "must lie between no effect (1)"),
    ("margin = 0.8", "margin = 0.8\nat_least = 0.7", "estimand.at_least", "keep one of the two"),
    ('measure = "ROM"\nvalue = 0.59', 'measure = "ROMM"\nvalue = 0.59', "estimand.measure",
     "unknown measure"),
]  # fmt: skip


@pytest.fixture(scope="module")
def claims_text():
    return (STUDIES / "claims.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(("old", "new", "field", "told"), CHANGES)
def test_an_incoherent_claim_is_refused(tmp_path, claims_text, old, new, field, told):
    assert old in claims_text
    shutil.copy(STUDIES / "coates-2025.toml", tmp_path)
    (tmp_path / "claims.toml").write_text(claims_text.replace(old, new, 1), encoding="utf-8")
    found = [p for p in checked([tmp_path]).problems if "the study must have a file" not in p.rule]
    assert any(p.field.endswith(field) and told in f"{p.rule}; {p.remedy}" for p in found), found
    with pytest.raises(EvidenceError):
        read_library(tmp_path)


def test_all_that_is_incoherent_is_listed_at_once(tmp_path, claims_text):
    bad = claims_text.replace("value = 0.59", "value = 59", 1).replace("support = 0.95", "support = 0.3", 1)
    (tmp_path / "claims.toml").write_text(bad, encoding="utf-8")
    fields = {problem.field for problem in checked([tmp_path]).problems}
    assert {"claims.0.rule.support", "claims.0.estimand.value"} <= fields


def test_a_claim_changed_in_python_is_refused_too(claim):
    for part, change in (("estimand", {"side": "above"}), ("rule", {"prior_factor": 0.2})):
        bad = claim.model_copy(update={part: getattr(claim, part).model_copy(update=change)})
        with pytest.raises(InputError, match=f"claim 'soreness-41': {part}"):
            meta.judge(bad)


def test_check_asks_about_clones_under_other_names(tmp_path, capsys):
    from meta.commands.study_files import check

    shutil.copy(STUDIES / "claims.toml", tmp_path)
    for path in STUDIES.glob("*.toml"):
        shutil.copy(path, tmp_path)
    assert checked([tmp_path]).questions == ()
    original = next(p for p in sorted(STUDIES.glob("*.toml")) if 'kind = "means"' in p.read_text("utf-8")
                    and 'status = "included"' in p.read_text("utf-8"))  # fmt: skip
    text = original.read_text(encoding="utf-8").replace(f'id = "{original.stem}"', 'id = "copy-2031"', 1)
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("doi =", "pmid =")))
    (tmp_path / "copy-2031.toml").write_text(text, encoding="utf-8")
    check([str(tmp_path)])
    told = capsys.readouterr().err
    assert "copy-2031.toml" in told
    assert "are they the same people?" in told


def test_words_that_say_another_value_are_asked_about(tmp_path, claims_text):
    text = claims_text.replace("value = 0.59", "value = 0.41", 1)
    (tmp_path / "claims.toml").write_text(text, encoding="utf-8")
    assert "41% less, which is a ratio of means of 0.59" in " ".join(checked([tmp_path]).questions)


def test_values_shared_by_many_are_compared_with_the_first():
    values = [frozenset({"a", "b", "c", "d", str(i)}) for i in range(300)]
    assert [shared for _, _, shared in shared_values(values)] == [4] * 299

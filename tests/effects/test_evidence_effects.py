"""The effects that follow from the study files, by the rules of the claims."""

import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.effects.as_reported import cited, describe
from meta.effects.defensible_choices import Choices
from meta.errors import AssumptionWarning, EvidenceError

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence(STUDIES)


def rows(es):
    return es.frame.set_index("study_id")


def test_the_claims_come_by_their_ids(evidence):
    assert list(evidence.claims) == ["soreness-41", "cortisol-78", "cramps"]
    assert evidence.claims["soreness-41"].estimand.value == 0.59


def test_soreness_rests_on_one_trial_with_assumptions(evidence):
    es = evidence.effects("soreness")
    assert es.measure == "ROM"
    found = rows(es)
    assert found.loc["steward-2019", "tier"] == "B"
    assert found.loc["steward-2019", "yi"] == pytest.approx(-0.64, abs=0.01)
    for assumption in ("correlation within a person = 0.7", "control CV = 0.63"):
        assert assumption in found.loc["steward-2019", "assumptions"]
    assert "oxide, not glycinate" in found.loc["steward-2019", "indirectness"]
    assert es.exact.sum() == 1


@pytest.mark.parametrize(("r", "expected"), [(0.5, -0.88), (0.7, -0.64), (0.87, -0.40)])
def test_steward_moves_with_the_assumed_correlation(evidence, r, expected):
    es = evidence.effects("soreness", choices=Choices(assumptions={"within-person-r": r}))
    assert rows(es).loc["steward-2019", "yi"] == pytest.approx(expected, abs=0.008)


def test_what_may_not_enter_soreness_is_listed_with_its_reason(evidence):
    reasons = evidence.not_eligible("soreness").set_index("study_id")["reasons"]
    assert "topical" in reasons["coates-2025"]
    assert "allocation" in reasons["reno-2022"]
    assert "creatine" in reasons["wwu-2013"]


def test_coates_enters_when_other_routes_are_admitted(evidence):
    choices = Choices(eligibility={"routes": ("oral", "topical")})
    found = rows(evidence.effects("soreness", choices=choices))
    expected = math.log(43 / 41) + 0.5 * (27**2 / (17 * 43**2) - 26**2 / (18 * 41**2))
    assert found.loc["coates-2025", "yi"] == pytest.approx(expected, rel=1e-9)
    assert found.loc["coates-2025", "tier"] == "B"
    assert "24 h" in found.loc["coates-2025", "time"]


def test_cortisol_rests_on_two_computed_trials(evidence):
    es = evidence.effects("cortisol")
    found = rows(es)
    assert es.measure == "SMD"
    assert set(found.index[es.exact]) == {"schutten-2021", "abbasi-2012"}
    assert found.loc["schutten-2021", "yi"] == pytest.approx(-0.67 * math.sqrt(0.5), abs=0.004)
    assert found.loc["abbasi-2012", "yi"] == pytest.approx(-0.83 * math.sqrt(0.5), abs=0.006)
    raw = rows(evidence.effects("cortisol", choices=Choices(assumptions={"ancova-r2": 0.0})))
    assert raw.loc["schutten-2021", "sei"] == pytest.approx(0.29, abs=0.005)
    assert raw.loc["abbasi-2012", "sei"] == pytest.approx(0.32, abs=0.005)


def test_cortisol_trials_without_numbers_stay_in_sight(evidence):
    es = evidence.effects("cortisol")
    listed = rows(es)
    for study in ("held-2002", "golf-1998", "dmitrasinovic-2016", "khalid-2024"):
        assert listed.loc[study, "tier"] == "D"
        assert listed.loc[study, "reason"]
        assert math.isnan(listed.loc[study, "yi"])


def test_dmitrasinovic_is_a_bound_only_when_asked_for(evidence):
    choices = Choices(eligibility={"selected_bounds": True, "pseudo_replicated": True})
    found = rows(evidence.effects("cortisol", choices=choices)).loc["dmitrasinovic-2016"]
    assert (found["tier"], found["kind"]) == ("C", "bound")
    assert found["upper"] == pytest.approx(-1.148, abs=0.002)


def test_liaqat_is_a_mixture_when_admitted(evidence):
    choices = Choices(eligibility={"allocation": ("randomised", "counterbalanced", "not stated")})
    with pytest.warns(AssumptionWarning, match=r"Liaqat 2023"):
        es = evidence.effects("cortisol", choices=choices)
    assert any("change" in text for text in es.warnings)
    at = list(es.columns["study_id"]).index("liaqat-2023")
    assert es.kind[at] == "mixture"
    assert [value for value, _ in es.mixtures[at]] == pytest.approx([-0.56, -0.21], abs=0.006)


def test_no_trial_reports_a_normalised_share(evidence):
    assert evidence.effects("cortisol-normalised").k == 0


def test_cramps_are_never_pooled_across_populations(evidence):
    with pytest.raises(EvidenceError, match="cramps-older-adults, cramps-pregnancy"):
        evidence.effects("cramps")


def test_cramp_trials_count_once(evidence):
    for name in ("cramps-older-adults", "cramps-pregnancy", "cramp-free-pregnancy"):
        ids = list(evidence.effects(name).columns["study_id"])
        assert len(ids) == len(set(ids))


def test_older_adults(evidence):
    found = rows(evidence.effects("cramps-older-adults"))
    assert np.exp(found.loc["roguin-maor-2017", "yi"]) == pytest.approx(4.44 / 5.48, abs=0.01)
    assert np.exp(found.loc["frusso-1999", "yi"]) == pytest.approx(11.8 / 11.1, abs=0.003)
    assert found.loc["roguin-maor-2017", "tier"] == "A"
    assert "(2 sd1 sd2) = 0.372." in found.loc["frusso-1999", "steps"]
    assert set(found.index[found["tier"] == "D"]) == {"roffe-2002", "barna-2021"}


def test_roguin_maor_standard_error_of_the_difference_of_changes(evidence):
    study = evidence.library.study("roguin-maor-2017")
    arms = next(
        {part.arm: part for part in result.statistic.arms}
        for result in study.results
        if result.phase == "change" and result.statistic.kind == "means"
    )
    mg, placebo = arms["mg"], arms["placebo"]
    n1, n2 = (part.n or study.arm(part.arm).n_analysed for part in (mg, placebo))
    pooled = math.sqrt(((n1 - 1) * mg.sd**2 + (n2 - 1) * placebo.sd**2) / (n1 + n2 - 2))
    assert pooled * math.sqrt(1 / n1 + 1 / n2) == pytest.approx(0.886, abs=0.001)
    assert math.sqrt(mg.sd**2 / n1 + placebo.sd**2 / n2) == pytest.approx(0.888, abs=0.001)


def test_counts_that_no_file_types_in(evidence):
    free = rows(evidence.effects("cramp-free-pregnancy"))
    assert "18/66 against 21/64" in free.loc["araujo-2020", "steps"]
    assert np.exp(free.loc["dahle-1995", "yi"]) == pytest.approx(5.66)
    halved = rows(evidence.effects("cramp-halved-pregnancy"))
    assert "37/43 against 26/43" in halved.loc["supakatisant-2015", "steps"]
    assert np.exp(halved.loc["supakatisant-2015", "yi"]) == pytest.approx(1.42, abs=0.005)


def test_every_listed_effect_has_a_source_and_a_place(evidence):
    for name in evidence.analyses:
        frame = evidence.effects(name).frame
        assert (frame["source"].str.len() > 0).all()
        assert (frame["place"].str.len() > 0).all()
        assert set(frame["tier"]) <= set("ABCD")
        assumed = frame.loc[frame["tier"] == "B", "assumptions"]
        assert (assumed.str.len() > 0).all()


def test_leaving_a_study_out(evidence):
    es = evidence.effects("cortisol", choices=Choices(leave_out=("abbasi-2012",)))
    assert "abbasi-2012" not in set(es.columns["study_id"])


def test_tiers_can_be_narrowed(evidence):
    es = evidence.effects("cortisol", choices=Choices(eligibility={"tiers": ("A",)}))
    assert not es.informative.any()
    assert "not admitted" in rows(es).loc["schutten-2021", "reason"]


def test_unknown_outcomes_are_refused_with_those_known(evidence):
    with pytest.raises(EvidenceError, match=r"unknown outcome 'sorness'.*soreness"):
        evidence.effects("sorness")


def test_reported_results_as_a_table(evidence):
    frame = evidence.studies
    steward = frame.query("study_id == 'steward-2019' and outcome == 'soreness'").iloc[0]
    assert "eta squared 0.67" in steward["reported"]
    assert steward["source"] == "doi:10.1007/s00421-019-04238-y"
    study = evidence.library.study("roguin-maor-2017")
    assert all(describe(result) and cited(study, result) for result in study.results)

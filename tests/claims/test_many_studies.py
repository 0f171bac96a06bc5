"""Many studies: what is left out one at a time is bounded, and few studies are treated as ever."""

import numpy as np

from meta.claims.choices import MOST_LEFT_OUT, most_informative


def test_of_few_studies_each_is_left_out():
    vi = np.linspace(1, 2, MOST_LEFT_OUT)
    assert most_informative(vi, np.ones(vi.size, bool)) == list(range(MOST_LEFT_OUT))


def test_of_many_studies_the_most_informative_are():
    rng = np.random.default_rng(3)
    vi = rng.uniform(0.1, 2, 400)
    informative = rng.uniform(size=400) < 0.9
    found = most_informative(vi, informative)
    assert len(found) == MOST_LEFT_OUT
    assert found == sorted(found)
    assert informative[found].all()
    left = np.setdiff1d(np.flatnonzero(informative), found)
    assert vi[found].max() <= vi[left].min()


def test_a_study_left_out_alone_is_left_out_of_the_primary_effects():
    from pathlib import Path

    import meta
    from meta.claims.answer_claims import _informing, _under
    from meta.effects.defensible_choices import Choices

    evidence = meta.load_evidence(Path(__file__).parents[2] / "studies")
    for name in ("cortisol", "cramps-older-adults"):
        primary = evidence.effects(name)
        for study in primary.columns["study_id"]:
            without = Choices(leave_out=(study,))
            again = evidence.effects(name, choices=without)
            assert _informing(_under(evidence, name, primary, without)) == _informing(again)


def test_the_posteriors_of_hundreds_of_trials_fit_on_the_grid():
    from meta.claims.decision_rule import posterior_of
    from meta.claims.rosters import DataSet
    from meta.claims.specifications import Prior, posteriors
    from meta.effects.derived_effect import Derived
    from meta.effects.effect_size_table import EffectSizes
    from meta.evidence.claim_parts import Analysis

    rng = np.random.default_rng(5)
    y = rng.normal(-0.3, 0.3, 300)
    v = rng.uniform(0.02, 0.05, 300)
    effects = tuple(Derived("A", y=a, v=b) for a, b in zip(y, v, strict=True))
    study = tuple(f"S{i}" for i in range(300))
    found = posteriors([DataSet(effects, study, {}, 0)], [Prior(1.0, 0.5), Prior(4.0, 2.0)], [-0.3])
    parts = {
        "id": "pain",
        "label": "p",
        "outcome": "pain",
        "measure": "SMD",
        "eligibility": {"groups": ["a"]},
    }
    analysis = Analysis.model_validate(parts | {"prior": {"effect_sd": 1.0, "tau_sd": 0.5}})
    exact = posterior_of(EffectSizes(y, v, "SMD", np.array(study, object)), analysis)
    assert abs(found.estimate[0, 0] - exact.estimate) < 1e-5
    assert abs(found.below[0, 0, 0] - exact.probability(below=-0.3)) < 1e-3

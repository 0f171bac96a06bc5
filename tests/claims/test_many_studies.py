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
    from meta.claims.answers import _informing, _under
    from meta.effects.evidence import Choices

    evidence = meta.load_evidence(Path(__file__).parents[2] / "studies")
    for name in ("cortisol", "cramps-older-adults"):
        primary = evidence.effects(name)
        for study in primary.columns["study_id"]:
            without = Choices(leave_out=(study,))
            again = evidence.effects(name, choices=without)
            assert _informing(_under(evidence, name, primary, without)) == _informing(again)

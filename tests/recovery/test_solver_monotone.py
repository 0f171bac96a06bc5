"""More facts never give a worse tier nor more assumptions; any subset's effect lies in its stated range."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meta
from tests.recovery.complete_trials import DESIGNS

WORDS = ("design", "error_term", "phase")
CASES = [(design, measure) for design, (_, measures) in DESIGNS.items() for measure in measures]


def standing(found):
    return found.tier, len(found.assumptions)


@pytest.mark.parametrize(("design", "measure"), CASES)
def test_a_complete_trial_is_tier_a_and_agrees_with_itself(design, measure):
    for seed in range(3):
        found = meta.solve(measure=measure, **DESIGNS[design][0](seed))
        assert standing(found) == ("A", 0), found
        assert not [item for item in found.contradictions if item.kind == "contradiction"], found


@pytest.mark.parametrize(("design", "measure"), CASES)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_subsets_of_a_complete_trial(design, measure, data):
    facts = DESIGNS[design][0](data.draw(st.integers(0, 500)))
    fixed = {name: facts[name] for name in WORDS if name in facts}
    free = [name for name in facts if name not in WORDS]
    few = data.draw(st.lists(st.sampled_from(free), min_size=1, max_size=len(free), unique=True))
    more = [
        *few,
        *data.draw(st.lists(st.sampled_from([x for x in free if x not in few] or few), unique=True)),
    ]
    small = meta.solve(measure=measure, **fixed, **{name: facts[name] for name in few})
    large = meta.solve(measure=measure, **fixed, **{name: facts[name] for name in more})
    assert standing(large) <= standing(small), (few, more)
    for found in (small, large):
        assert not [item for item in found.contradictions if item.kind == "contradiction"], (few, more)
    whole = meta.solve(measure=measure, **facts)
    if small.kind != "none":
        low, high = small.range
        slack = 1e-6 * (1 + abs(whole.yi))
        assert low - slack <= whole.yi <= high + slack, (few, small.range, whole.yi, small.provenance)


@pytest.mark.parametrize("design", DESIGNS)
def test_ways_are_never_lost(design):
    """Facts one by one in random orders: tier and number of assumptions only go down."""
    rng = np.random.default_rng(11)
    make, measures = DESIGNS[design]
    for seed in range(1):
        facts = make(seed)
        fixed = {name: facts[name] for name in WORDS if name in facts}
        order = [str(name) for name in rng.permutation([name for name in facts if name not in WORDS])]
        last = ("D", math.inf)
        for count in range(1, len(order) + 1):
            found = meta.solve(measure=measures[0], **fixed, **{name: facts[name] for name in order[:count]})
            assert standing(found) <= (last if last[0] != "D" else ("E", 0)), (order[:count], found)
            last = standing(found)
        assert last == ("A", 0)


def test_the_size_of_the_standard_error_plays_no_part():
    """The SE of the log ratio grows where the arms' own SDs take the place of the pooled one; rightly."""
    facts = {"mean1": 10, "mean2": 20, "n1": 20, "n2": 20, "t": -4}
    pooled = meta.solve(measure="ROM", **facts)
    own = meta.solve(measure="ROM", **facts, sd1=10, sd2=5)
    assert pooled.sei == pytest.approx(0.198, abs=5e-4)
    assert own.sei == pytest.approx(0.230, abs=5e-4)
    assert (pooled.tier, own.tier) == ("B", "A")

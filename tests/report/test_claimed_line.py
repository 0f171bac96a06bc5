"""The line of the claim in a figure says what the claim says, or the size that was chosen for it."""

from types import SimpleNamespace

import pytest

from meta.evidence.claims import Estimand
from meta.report.figures import claim_mark


def label_of(measure, value, named, side="below"):
    estimand = Estimand(measure=measure, value=value, value_text="any size", side=side, named_by_claim=named)
    item = SimpleNamespace(
        analysis=SimpleNamespace(role="primary"),
        claim=SimpleNamespace(estimand=estimand, tested=estimand),
        effects=SimpleNamespace(measure=measure),
    )
    return claim_mark(item).label


@pytest.mark.parametrize(
    ("measure", "value", "side", "label"),
    [
        ("ROM", 0.75, "below", "25% less (chosen)"),
        ("ROM", 0.9, "below", "10% less (chosen)"),
        ("ROM", 1.5, "above", "50% more (chosen)"),
        ("SMD", -0.5, "below", "0.50 SD lower (chosen)"),
        ("PLO", 0.78, "above", "78% (chosen)"),
    ],
)
def test_a_claim_without_a_size_has_the_size_that_was_chosen(measure, value, side, label):
    assert label_of(measure, value, False, side) == label


@pytest.mark.parametrize(("measure", "value"), [("ROM", 0.59), ("SMD", 0.8), ("PLO", 0.78)])
def test_a_claim_with_a_size_is_called_claimed(measure, value):
    assert label_of(measure, value, True) == "claimed"

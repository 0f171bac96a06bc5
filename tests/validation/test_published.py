"""Published analyses come out to the printed digits, and the page that shows them is current."""

from __future__ import annotations

import pytest

from tests.validation import page
from tests.validation.published import analyses, rounded

ANALYSES = analyses()


@pytest.mark.parametrize("item", ANALYSES, ids=lambda item: item.id)
def test_a_published_analysis_comes_out_as_printed(item):
    found = item.run()
    assert set(found) == set(item.printed)
    assert {name: rounded(found[name], text) for name, text in item.printed.items()} == item.expected()


def test_there_are_enough_of_them_and_exceptions_say_why():
    assert len(ANALYSES) >= 30
    assert len({item.id for item in ANALYSES}) == len(ANALYSES)
    for item in ANALYSES:
        assert bool(item.ours) == bool(item.why)
        assert set(item.ours) <= set(item.printed)
        for name, digits in item.ours.items():
            last = 10.0 ** -len(digits.partition(".")[2])
            assert abs(float(digits) - float(item.printed[name])) < 25 * last


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [(0.4764, "0.476", "0.476"), (-14.1, "-14.10", "-14.10"), (-0.0001, "0.00", "0.00"), (2.5, "3", "2")],
)
def test_rounding_is_to_the_printed_digits(value, like, text):
    assert rounded(value, like) == text


def test_the_page_is_current():
    assert page.DOCS.read_text(encoding="utf-8") == page.page(), "run python -m tests.validation.page"
    assert page.README.read_text(encoding="utf-8") == page.FOLDER

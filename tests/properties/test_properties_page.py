"""The page of properties is that of the tables."""

from tests.properties import page


def test_the_page_of_properties_is_current():
    assert page.DOCS.read_text(encoding="utf-8") == page.page(), "run python -m tests.properties.page"

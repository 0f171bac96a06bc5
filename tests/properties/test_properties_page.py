"""The page of properties is that of the tables."""

from tests.properties import tabulate


def test_the_page_of_properties_is_current():
    assert tabulate.DOCS.read_text(encoding="utf-8") == tabulate.page(), (
        "run python -m tests.properties.tabulate"
    )

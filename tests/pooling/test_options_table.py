"""The page of choices is that of the registries."""

from pathlib import Path

from meta.pooling.options_table import SECTIONS, table

PAGE = Path(__file__).parents[2] / "docs" / "choices.md"


def test_the_committed_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == table()


def test_every_choice_has_its_source():
    for registry in SECTIONS.values():
        for choice in registry.values():
            assert choice.name
            assert choice.citation, choice.code

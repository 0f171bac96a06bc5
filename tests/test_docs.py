"""Generated pages are current, and what is said about versions and licences agrees."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import meta

ROOT = Path(__file__).parents[1]


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def builder():
    return script("build_api")


def test_the_page_of_priors_is_that_of_the_classes():
    made = script("build_priors")
    assert (ROOT / "docs" / "priors.md").read_text(encoding="utf-8") == made.page(), "run build_priors.py"
    assert made.page().count("Turner") > 60


def test_the_api_reference_is_that_of_the_docstrings(builder):
    committed = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert committed == builder.page(), "run python docs/build_api.py"


def test_every_public_function_and_class_is_described(builder):
    page = builder.page()
    for name in meta.__all__:
        item = getattr(meta, name)
        if callable(item):
            assert f"### `meta.{name}`" in page
    assert page.count("**Parameters**") > 60


def test_examples_become_lines_to_copy(builder):
    text = "Do it.\n\nExamples\n--------\n>>> x = [\n...     1]\n>>> x\n[1]\n"
    assert builder.body(text)[-2] == "```"
    assert "x = [" in builder.body(text)
    assert "# [1]" in builder.body(text)


def test_the_citation_file_has_the_package_version():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.search(r"^version: (.+)$", text, flags=re.M)[1].strip('"') == project["version"]
    assert re.search(r"^license: (.+)$", text, flags=re.M)[1] == project["license"]
    assert text.startswith("cff-version: 1.2.0")


def test_the_data_have_a_licence_of_their_own():
    text = (ROOT / "LICENSE-DATA").read_text(encoding="utf-8")
    assert "CC0" in text
    assert "studies/" in text

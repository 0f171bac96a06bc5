"""The committed JSON Schemas are those of the models, and the committed files fit them."""

import json
import tomllib
from pathlib import Path

import pytest

from meta.errors import UnknownOptionError
from meta.evidence.json_schema import DIALECT, MODELS, json_schema
from meta.evidence.load_studies import read_library

FOLDER = Path(__file__).parents[2] / "studies"


def named(node, found):
    """Every property of a schema by its place."""
    for name, item in node.get("properties", {}).items():
        found.append((name, item))
    for item in node.get("definitions", {}).values():
        named(item, found)
    return found


@pytest.mark.parametrize("which", MODELS)
def test_the_committed_schema_is_up_to_date(which):
    committed = json.loads((FOLDER / "schema" / f"{which}.schema.json").read_text(encoding="utf-8"))
    assert committed == json_schema(which), f"run: meta schema {which} -o studies/schema/{which}.schema.json"
    assert committed["$schema"] == DIALECT


@pytest.mark.parametrize("which", MODELS)
def test_every_field_says_what_it_means(which):
    schema = json_schema(which)
    silent = [
        name
        for name, item in named(schema, [])
        if "const" not in item and "description" not in item and "$ref" not in item
    ]
    assert silent == []
    assert "null" not in json.dumps(schema)


def test_every_committed_file_fits_the_schema():
    jsonschema = pytest.importorskip("jsonschema")
    for which in MODELS:
        jsonschema.Draft7Validator.check_schema(json_schema(which))
    checkers = {which: jsonschema.Draft7Validator(json_schema(which)) for which in MODELS}
    for path in sorted(FOLDER.glob("*.toml")):
        checker = checkers["claims" if path.name == "claims.toml" else "study"]
        errors = list(checker.iter_errors(tomllib.loads(path.read_text(encoding="utf-8"))))
        assert errors == [], path.name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status = "included"', 'status = "maybe"'),
        ('status = "included"', 'sttatus = "included"'),
        ("eta_squared = 0.67", "eta_squared = 1.67"),
        ('kind = "test"', 'kind = "tset"'),
        ("n_analysed = 9", "n_analysed = 9.5"),
        ('pmid = "31624951"', "pmid = 31624951"),
        ('doi = "10.', 'doi = "https://doi.org/10.'),
    ],
)
def test_the_schema_finds_what_the_models_refuse(old, new):
    jsonschema = pytest.importorskip("jsonschema")
    text = (FOLDER / "steward-2019.toml").read_text(encoding="utf-8")
    assert old in text
    checker = jsonschema.Draft7Validator(json_schema("study"))
    assert not checker.is_valid(tomllib.loads(text.replace(old, new, 1)))


def test_the_schema_folder_is_no_study(tmp_path):
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "study.schema.json").write_text("{")
    assert read_library(tmp_path).studies == ()


def test_an_unknown_schema_is_refused():
    with pytest.raises(UnknownOptionError, match="allowed: study, claims"):
        json_schema("trial")

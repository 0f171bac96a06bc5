"""The JSON Schema of the study and claims files, so that editors complete and check while typing.

Generated from the models, never written by hand. The dialect is draft-07, which TOML language servers read.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from meta.errors import unknown_option
from meta.evidence.claims import ClaimsFile
from meta.evidence.study_schema import Study

MODELS: dict[str, type[BaseModel]] = {"study": Study, "claims": ClaimsFile}
DIALECT = "http://json-schema.org/draft-07/schema#"


def json_schema(which: str) -> dict[str, Any]:
    """Return the JSON Schema of a kind of file.

    Parameters
    ----------
    which : str
        "study" or "claims".

    Raises
    ------
    UnknownOptionError
        If it is neither.

    Examples
    --------
    >>> schema = json_schema("study")
    >>> schema["required"]
    ['id', 'label', 'title', 'status', 'sources', 'design', 'population']
    >>> schema["properties"]["pmid"]["description"]
    'PubMed number, digits only.'
    """
    if which not in MODELS:
        raise unknown_option("schema", which, MODELS)
    made = MODELS[which].model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs", {})
    plain = _plain({**made, "definitions": definitions})
    return {"$schema": DIALECT, **plain}


def schema_text(which: str) -> str:
    """Return the JSON Schema as the text of its file."""
    return json.dumps(json_schema(which), indent=2, ensure_ascii=False) + "\n"


def _plain(node: Any, *, of_names: bool = False) -> Any:
    """Rewrite what draft-07 and TOML say otherwise: tuples, references with a neighbour, null, titles.

    ``of_names`` marks tables whose keys are names of fields or models, not keywords.
    """
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    if of_names:
        return {name: _plain(item) for name, item in node.items()}
    node = {key: value for key, value in node.items() if key not in ("title", "discriminator")}
    if node.get("default", 0) in (None, "", [], {}):
        del node["default"]
    options = [item for item in node.pop("anyOf", []) if item != {"type": "null"}]
    if len(options) == 1:
        node = {**options[0], **node}
        return _plain(node)
    if options:
        node["anyOf"] = options
    if "prefixItems" in node:
        node["items"] = node.pop("prefixItems")
    if "$ref" in node and len(node) > 1:
        node = {"allOf": [{"$ref": node.pop("$ref")}], **node}
    names = ("properties", "definitions")
    return {
        key: value if key in ("default", "enum", "const") else _plain(value, of_names=key in names)
        for key, value in node.items()
    }

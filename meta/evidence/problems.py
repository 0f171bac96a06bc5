"""What is wrong with a file, in plain words: file, field, value, rule, remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import ValidationError

MEND = "compare with the paper and fix the value"

RULES = {
    "missing": ("this field is needed", "add it"),
    "extra_forbidden": ("unknown field", "remove it, or check its spelling"),
    "literal_error": ("must be {expected}", "use one of the values named in the rule"),
    "union_tag_invalid": (
        "the kind must be one of {expected_tags}",
        "use one of the kinds named in the rule",
    ),
    "union_tag_not_found": ("a statistic needs its kind", 'add kind = "..." to the statistic'),
    "int_parsing": ("must be a whole number", "write a whole number without quotes"),
    "int_type": ("must be a whole number", "write a whole number without quotes"),
    "int_from_float": ("must be a whole number", "fix it: enter an integer"),
    "float_parsing": ("must be a number", "write a number without quotes"),
    "float_type": ("must be a number", "write a number without quotes"),
    "bool_parsing": ("must be true or false", "write true or false without quotes"),
    "bool_type": ("must be true or false", "write true or false without quotes"),
    "string_type": ("must be text", "put it in quotes"),
    "string_too_short": ("must not be empty", "write it, or leave the field out"),
    "string_too_long": ("must have at most {max_length} characters", "shorten it"),
    "tuple_type": ("must be a list", "put it in [ ]"),
    "dict_type": ("must be a table", "put it in { }"),
    "model_type": ("must be a table", "put it in { }"),
    "model_attributes_type": ("must be a table", "put it in { }"),
    "finite_number": ("must be a finite number", "write a finite number, or leave it out if it was not seen"),
    "greater_than": ("must be greater than {gt:g}", MEND),
    "greater_than_equal": ("must be at least {ge:g}", MEND),
    "less_than": ("must be less than {lt:g}", MEND),
    "less_than_equal": ("must be at most {le:g}", MEND),
    "too_short": ("must have at least {min_length} entries", "add what is missing"),
}
"""Rule and remedy by kind of error; the names in braces come with the error."""

PATTERNS = {
    "10": ("a DOI looks like 10.1234/abc", "write the DOI alone, without https://doi.org/ before it"),
    "[1-9]": ("a PubMed number has digits only", "write the digits alone, in quotes"),
    "[a-z0-9]": ("must be small letters, digits and hyphens", "use small letters, digits and hyphens"),
}
"""Rule and remedy by how the pattern of the field begins."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, what was found, which rule it breaks, how to fix it."""

    file: str
    field: str
    value: str
    rule: str
    remedy: str
    line: int = dataclasses.field(default=0, compare=False)
    """Line of the file; 0 where it has none. Two problems on different lines may be the same one, moved."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.field}: {self.rule} (found {self.value}); {self.remedy}"


class Finding(NamedTuple):
    """One thing that does not fit within a table of a file: field, value, rule, remedy."""

    field: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule} (found {self.value}); {self.remedy}"


class Incoherent(ValueError):
    """Things that do not fit together, each of which becomes a problem of its own."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(map(str, self.findings)))


def problems_of(file: str, error: ValidationError) -> Iterator[Problem]:
    """Return what a validation found, each in plain words.

    Parameters
    ----------
    file : str
        Name to show.
    error : ValidationError
        As raised by one of the models of this room.

    Examples
    --------
    >>> from meta.evidence.statistics import ArmCount
    >>> try:
    ...     ArmCount(arm="mg", events=12, n=10)
    ... except ValidationError as error:
    ...     print(*problems_of("a.toml", error))
    a.toml: (file): events must be at most n: 12 > 10 (found a table); compare with the paper: ...
    """
    for item in error.errors(include_url=False):
        where = ".".join(str(part) for part in item["loc"]) or "(file)"
        found_by = item.get("ctx", {}).get("error")
        if isinstance(found_by, Incoherent):
            for finding in found_by.findings:
                yield Problem(file, f"{where}.{finding.field}", *finding[1:])
            continue
        found = "nothing" if item["type"] == "missing" else shown(item["input"])
        yield Problem(file, where, found, *explained(dict(item)))


def explained(item: dict[str, Any]) -> tuple[str, str]:
    """Return (rule, remedy) for one error of pydantic.

    >>> explained({"type": "greater_than", "ctx": {"gt": 0.0}, "msg": ""})
    ('must be greater than 0', 'compare with the paper and fix the value')
    >>> explained({"type": "value_error", "msg": "Value error, low is above high; swap them"})
    ('low is above high', 'swap them')
    """
    context = item.get("ctx", {})
    if item["type"] == "string_pattern_mismatch":
        start = str(context.get("pattern", "")).removeprefix("^")
        for beginning, told in PATTERNS.items():
            if start.startswith(beginning):
                return told
    if item["type"] in RULES:
        rule, remedy = RULES[item["type"]]
        return rule.format(**context), remedy
    said = str(item["msg"]).removeprefix("Value error, ")
    rule, _, remedy = said.partition("; ")
    return rule[:1].lower() + rule[1:], remedy or MEND


def shown(value: object) -> str:
    """Return a value as a reader would find it in the file, shortened.

    >>> shown({"a": 1}), shown("x" * 80)[-5:]
    ('a table', 'xx...')
    """
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

"""What study files may name is what the claims file declares: outcomes and populations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from meta.evidence.claims import ClaimsFile
from meta.evidence.problems import Problem
from meta.evidence.study_schema import Study
from meta.formatting import listing

CLAIMS_FILE = "claims.toml"
OTHER = "other"
"""What enters no analysis, and needs no declaration."""


def undeclared(studies: Iterable[Study], claims: ClaimsFile, file: str = CLAIMS_FILE) -> Iterator[Problem]:
    """What studies and analyses name and the claims file does not declare.

    A claims file that declares no outcome (or no population) leaves the names free, as version 0.1 did.
    """
    outcomes = [item.id for item in claims.outcomes]
    groups = [item.id for item in claims.populations]
    for study in studies:
        name = f"{study.id}.toml"
        yield from check_declared(name, "population.group", study.population.group, groups, "populations")
        for i, result in enumerate(study.results):
            yield from check_declared(name, f"results.{i}.outcome", result.outcome, outcomes, "outcomes")
    for claim in claims.claims:
        for analysis in claim.analyses:
            where = f"claims.{claim.id}.analyses.{analysis.id}"
            if analysis.outcome == OTHER:
                rule = "results on other outcomes never stand in for each other, so they enter no analysis"
                remedy = "declare the outcome under [[outcomes]], and name it here and in the results"
                yield Problem(file, f"{where}.outcome", repr(OTHER), rule, remedy)
            else:
                yield from check_declared(file, f"{where}.outcome", analysis.outcome, outcomes, "outcomes")
            for group in analysis.eligibility.groups:
                yield from check_declared(file, f"{where}.eligibility.groups", group, groups, "populations")


def check_declared(
    file: str, field: str, value: str, declared: Sequence[str], what: str
) -> Iterator[Problem]:
    """The problem of a value that is not declared; none where nothing is declared.

    >>> [problem.remedy for problem in check_declared("a.toml", "outcome", "pian", ["pain"], "outcomes")]
    ["write 'pain', or declare it under [[outcomes]] of claims.toml"]
    """
    if not declared or value == OTHER or value in declared:
        return
    near = get_close_matches(value, declared, n=1)
    meant = f"write {near[0]!r}, or " if near else ""
    rule = f"must be one of the {what} that {CLAIMS_FILE} declares ({listing(declared, 'or')}), or other"
    yield Problem(file, field, repr(value), rule, f"{meant}declare it under [[{what}]] of {CLAIMS_FILE}")

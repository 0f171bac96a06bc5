"""What results follow from: fingerprints of the study files, the claims and the version.

An analysis depends on the studies that could enter it and on its claim, and on nothing else: it is computed
from exactly that part of the evidence, so that its fingerprint cannot miss anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from meta.effects.study_evidence import Evidence
from meta.evidence.claims import Claim
from meta.evidence.load_studies import Library
from meta.evidence.study_schema import Study
from meta.report.answered_analysis import digest

LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "pymc", "arviz")


@dataclass(frozen=True)
class Inputs:
    """Fingerprints of everything that results follow from.

    Attributes
    ----------
    version : str
        Of this package.
    shared : str
        The assumptions, arm sizes and borrowed coefficient of variation of the claims file.
    claims, studies : mapping of str to str
        By id.
    """

    version: str
    shared: str
    claims: Mapping[str, str]
    studies: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """One fingerprint of all of them."""
        return fingerprint(asdict(self))

    def to_json(self) -> str:
        """Return the content of ``inputs.json``."""
        return json.dumps({"fingerprint": self.fingerprint, **asdict(self)}, indent=1) + "\n"


def inputs_of(evidence: Evidence) -> Inputs:
    """Return the fingerprints of a folder of study files; comments and layout in them do not count."""
    import meta

    library = evidence.library
    return Inputs(
        meta.__version__,
        fingerprint(_plain(library.claims.model_copy(update={"claims": ()}))),
        {claim.id: fingerprint(_plain(claim)) for claim in library.claims.claims},
        {study.id: fingerprint(_plain(study)) for study in library.studies},
    )


def study_fingerprint(study: Study, *, under: str) -> str:
    """Return the fingerprint that a study would have under another id; its own id may name its cohort too."""
    kin = under if study.cohort == study.id else study.cohort
    return fingerprint(_plain(study.model_copy(update={"id": under, "cohort": kin})))


def key_of(evidence: Evidence, *options: object) -> str:
    """Return the fingerprint of part of the evidence, with the options that it is computed with.

    Parameters
    ----------
    evidence : Evidence
        From :func:`part_for`.
    *options
        Plain values.
    """
    return fingerprint([asdict(inputs_of(evidence)), *options])


def part_for(evidence: Evidence, claim: Claim, outcomes: set[str] | None = None) -> Evidence:
    """Return the evidence on which a claim, or its analyses of some outcomes, can depend.

    These are the studies that report one of the outcomes, eligible or not, and those that the claims file
    borrows numbers from. A claim about a share is held against its indirect evidence, so that it is never
    cut by outcome.

    Parameters
    ----------
    evidence : Evidence
        The whole.
    claim : Claim
        One of its claims.
    outcomes : set of str, optional
        By default those of all the claim's analyses.
    """
    library = evidence.library
    if outcomes is None or claim.kind == "proportion":
        outcomes = {analysis.outcome for analysis in claim.analyses}
    named = _named(library, claim)
    studies = tuple(
        study
        for study in library.studies
        if study.id in named or any(result.outcome in outcomes for result in study.results)
    )
    claims = library.claims.model_copy(update={"claims": (claim,)})
    return Evidence(Library(library.folder, studies, claims))


def _named(library: Library, claim: Claim) -> set[str]:
    found = set() if library.claims.borrowed_cv is None else {library.claims.borrowed_cv.study}
    if claim.proportion is not None:
        found |= {retest.study for retest in claim.proportion.retest} | set(claim.proportion.benchmarks)
    return found


def fingerprint(value: Any) -> str:
    """Return the fingerprint of plain values.

    >>> fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return digest(text.encode("utf-8", errors="surrogatepass"))


LATER: dict[str, Any] = {"at_least": None, "min_information": 0.05, "effect_mean": None, "events_total": None}
LATER |= {"readings": [], "headline": [], "several_arms": "combine"}
LATER |= dict.fromkeys(("fact", "interaction", "contrast", "region"))
"""Fields that files of earlier versions lack, with what they meant: they do not change a fingerprint."""


def _plain(model: BaseModel) -> Any:
    return _without_later(model.model_dump(mode="json"))


def _without_later(value: Any) -> Any:
    """Plain values without the later fields that say what was always meant.

    >>> _without_later({"rule": [{"min_information": 0.05, "support": 0.9}], "at_least": 0.5})
    {'rule': [{'support': 0.9}], 'at_least': 0.5}
    """
    if isinstance(value, dict):
        own = {name: part for name, part in value.items() if name not in LATER or part != LATER[name]}
        return {name: _without_later(part) for name, part in own.items()}
    return [_without_later(part) for part in value] if isinstance(value, list) else value


def versions() -> dict[str, str]:
    """Return the versions of this package and of what it computes with."""
    import meta

    found = {"meta-verdict": meta.__version__}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def made_with() -> str:
    """Return the fingerprint of this package's own files and of the versions that it computes with."""
    import platform

    root = Path(__file__).resolve().parents[1]
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    own = {path.relative_to(root).as_posix(): digest(path.read_bytes()) for path in files}
    also = [metadata.version(name) for name in ("pydantic", "jinja2")]
    return fingerprint([own, versions(), also, platform.python_version()])

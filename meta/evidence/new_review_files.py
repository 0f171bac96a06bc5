"""The first files of a review."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from meta.errors import EvidenceError
from meta.evidence.field_names import slug
from meta.evidence.json_schema import schema_text

QUESTIONS: dict[str, tuple[str, str]] = {
    "treatment": ("What is tested?", "the treatment"),
    "control": ("What is it compared with?", "a placebo"),
    "outcome": ("What is measured?", "pain"),
    "better": ("Is a lower or a higher value better?", "lower"),
    "people": ("Who takes part?", "adults"),
}
"""The questions, each with what Enter gives."""


def begin(folder: str | Path, answers: Mapping[str, str]) -> list[Path]:
    """Write the first files of a review.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there.
    answers : mapping of str to str
        One for each of :data:`QUESTIONS`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    EvidenceError
        If one of them is there already; then nothing is written.
    """
    root = Path(folder)
    texts = {root / name: text for name, text in first_files(answers).items()}
    there = [str(path) for path in texts if path.exists()]
    if there:
        raise EvidenceError(
            f"{', '.join(there)} is there already and is never overwritten; name another folder"
        )
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(texts)


def first_files(answers: Mapping[str, str]) -> dict[str, str]:
    """The text of each file by its name.

    >>> found = first_files({name: default for name, (_, default) in QUESTIONS.items()})
    >>> sorted(found)[:3]
    ['.gitignore', 'README.md', 'notebook.ipynb']
    """
    words = _words(answers)
    title = f"{_capital(answers['treatment'])} and {answers['outcome']}"
    plain = {"title": title, "analysis": json.loads(words["analysis_id"])}
    return {
        "studies/claims.toml": _filled("claims.toml", words),
        "studies/example-2000.toml": _filled("example.toml", words),
        "studies/schema/study.schema.json": schema_text("study"),
        "studies/schema/claims.schema.json": schema_text("claims"),
        "README.md": _filled("README.md", plain),
        "notebook.ipynb": _filled("notebook.ipynb", {name: json.dumps(x)[1:-1] for name, x in plain.items()}),
        ".gitignore": _filled("gitignore", {}),
    }


def _words(answers: Mapping[str, str]) -> dict[str, str]:
    """The values of the files' fields, as TOML writes them."""
    treatment, outcome, people = answers["treatment"], answers["outcome"], answers["people"]
    lower = answers["better"] == "lower"
    name = _named(outcome, "outcome")
    words = {
        "treatment": treatment,
        "control": answers["control"],
        "arm": _named(treatment, "treatment"),
        "arm_label": _capital(treatment),
        "outcome": outcome,
        "outcome_id": name,
        "better": answers["better"],
        "people": people,
        "claim_id": f"{name}-claim"[:64],
        "analysis_id": name,
        "label": _capital(outcome),
        "statement": f"{_capital(treatment)} {'lowers' if lower else 'raises'} {outcome}.",
        "short": f"{'less' if lower else 'more'}: {outcome}",
        "value_text": f"{'20% less' if lower else '25% more'} than on {answers['control']}; chosen here",
        "side": "below" if lower else "above",
    }
    # JSON's text in quotes is TOML's, but for the escapes of letters beyond ASCII
    written = {key: json.dumps(value, ensure_ascii=False) for key, value in words.items()}
    return written | {"value": "0.8" if lower else "1.25"}


def _named(text: str, default: str) -> str:
    found = slug(text)[:60].strip("-")
    return found if len(found) > 1 else default


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _filled(name: str, values: Mapping[str, str]) -> str:
    return Template(files("meta.evidence").joinpath("start", name).read_text(encoding="utf-8")).substitute(
        values
    )

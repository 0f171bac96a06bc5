"""A direction in words, or silence, with nothing to compute with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from meta.evidence.kinds.fields import Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, plain
from meta.evidence.kinds.text import Named


class Narrative(Strict):
    """A direction in words, or silence, with nothing to compute with."""

    kind: Literal["narrative"]
    direction: Literal["lower", "higher", "no difference", "not stated", "not seen"] = Field(
        description="What the words say happened under the treatment. 'not seen': not found in what was read."
    )
    words: str = Field(description="The words, as printed or summed up.")


COLUMNS = plain("direction", "words")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.ask("direction", f"What do the words say happened under {a.treatment}?")
    yield a.ask("words", "The words?")


def printed(s: Narrative, arm: Named) -> str:
    """As a reader would write it down."""
    return s.words or s.direction


def facts(s: Narrative, arms: tuple[str, ...]) -> Facts:
    """Nothing that an effect could be computed from."""
    return {}


KIND = Kind(
    name="narrative",
    model=Narrative,
    asked="words only, no number",
    means=(
        "Nothing can be computed from words, but the study is listed, so that readers see that it exists."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    hints=("words",),
)

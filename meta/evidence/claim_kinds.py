"""What each kind of claim asks of the claims file."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from meta.evidence.estimand import Estimand
from meta.evidence.statistics import Strict
from meta.evidence.study_schema import Identifier, Text

KindName = Literal["effect", "proportion", "non-inferiority", "interaction", "contrast", "region", "fact"]
Finding = Literal["true", "half true", "false", "untestable"]

ASKS: dict[str, tuple[str, ...]] = {
    "effect": ("estimand", "analyses"),
    "proportion": ("estimand", "analyses", "proportion"),
    "non-inferiority": ("estimand", "analyses"),
    "interaction": ("estimand", "analyses", "interaction"),
    "contrast": ("estimand", "analyses", "contrast"),
    "region": ("estimand", "analyses", "region"),
    "fact": ("fact",),
}
"""The tables that a claim of each kind needs."""

assert set(ASKS) == set(get_args(KindName))

OWN = {"proportion": "proportion", "interaction": "interaction", "contrast": "contrast", "region": "region"}
"""Tables that belong to one kind, and mean nothing to another."""


class FactSource(Strict):
    """A source that a fact was checked against, and that was read."""

    citation: Text = Field(description="The source.")
    address: Text = Field(description="Where it is: a DOI, or an address without https://.")
    place: Text = Field(description="Where in it: a page, a table, a section.")
    says: Text = Field(description="What it says about the statement.")
    authoritative: bool = Field(
        default=False, description="Whether it settles the matter alone: a pharmacopoeia, a handbook."
    )


class FactCheck(Strict):
    """What a statement was checked against, and what came of it."""

    finding: Finding = Field(description="true, half true, false, or untestable.")
    because: Text = Field(description="Why, in one sentence.")
    sources: tuple[FactSource, ...] = Field(default=(), description="The sources that were read.")


class InteractionWith(Strict):
    """What is said to make the treatment work better."""

    partner: Text = Field(description="The partner; both sides of the comparison got the treatment.")


class ContrastOf(Strict):
    """The two treatments that a claim compares, as the studies call them."""

    treatment: Text = Field(description="The one that the claim is about.")
    comparator: Text = Field(description="The one that it is compared with.")
    between_sd: float | None = Field(
        default=None,
        gt=0,
        description="Half-normal scale of the SD between forms: what the tested ones predict for one that no "
        "trial tested. All treatments of the network but its reference are taken as forms.",
    )


class RegionOf(Strict):
    """The range of doses or times that a claim names."""

    of: Literal["dose", "time"] = Field(description="What the range is of.")
    low: float = Field(description="Its lower end.")
    high: float = Field(description="Its upper end.")
    unit: Text = Field(description="Its unit.")


class ClaimReading(Strict):
    """One thing that a claim can be read to say."""

    id: Identifier = Field(description="Short name of the reading.")
    label: Text = Field(description="What is read, in words: any reduction; a quarter fewer.")
    kind: KindName | None = Field(default=None, description="Its kind, if not the claim's.")
    estimand: Estimand | None = Field(
        default=None, description="What it puts to the test, if not what the claim does."
    )
    analyses: tuple[Identifier, ...] = Field(
        default=(), description="The claim's analyses that decide it; all that are not beside, if left out."
    )
    fact: FactCheck | None = Field(default=None, description="Its sources, where it is a fact.")

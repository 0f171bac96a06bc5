"""Which sections an analysis and a claim have, in the order in which they are read.

A new section is a function that takes a :class:`~meta.report.answered_analysis.Subject` (or, for a whole
claim, a :class:`~meta.report.answered_analysis.ClaimSubject`) and returns blocks, and one entry here. It
appears on the page, in the Markdown and, with its tables, in the Word file; where it returns no block it is
left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from meta.report.answered_analysis import ClaimSubject, Subject
from meta.report.blocks import Block, Section
from meta.report.sections import (
    answered,
    explore,
    listed_trials,
    missing_results,
    multiverse_and_certainty,
    share,
    stated_priors,
)

About = TypeVar("About")


@dataclass(frozen=True, slots=True)
class Entry(Generic[About]):
    """A section: the end of its anchor, its title, and the function that writes it."""

    id: str
    title: str
    write: Callable[[About], tuple[Block, ...]]


ANALYSIS: tuple[Entry[Subject], ...] = (
    Entry("short", "", answered.in_short),
    Entry("evidence", "The evidence", listed_trials.evidence_table),
    Entry("forest", "Forest plot", listed_trials.forest),
    Entry("sure", "How sure can one be?", answered.how_sure),
    Entry("priors", "How much do prior beliefs decide?", stated_priors.prior_sensitivity),
    Entry("missing", "Could results be missing?", missing_results.publication_bias),
    Entry("assumed", "What was assumed", answered.assumptions),
    Entry("changes", "What would change the verdict?", answered.departures),
    Entry("multiverse", "Every defensible analysis", multiverse_and_certainty.every_analysis),
    Entry("explore", "Try it yourself", explore.explore),
    Entry("certainty", "How certain is the evidence?", multiverse_and_certainty.how_certain),
    Entry("plan", "What would it take to know?", multiverse_and_certainty.what_it_takes),
    Entry("risk", "Risk of bias in the trials", listed_trials.risk_of_bias),
    Entry("left-out", "Not eligible", listed_trials.not_eligible),
    Entry("open", "What the sources leave open", listed_trials.open_questions),
)
CLAIM: tuple[Entry[ClaimSubject], ...] = (
    Entry("share", "What would happen without any treatment", share.untreated_share),
)


def write_sections(name: str, about: About, entries: tuple[Entry[About], ...]) -> tuple[Section, ...]:
    """Write the sections of an analysis or claim; those that have nothing to say are left out.

    Parameters
    ----------
    name : str
        Id of the analysis or claim; anchors are ``<name>-<section>``.
    about : Subject or ClaimSubject
        What is written about.
    entries : tuple of Entry
        :data:`ANALYSIS` or :data:`CLAIM`.
    """
    written = ((entry, entry.write(about)) for entry in entries)
    return tuple(Section(f"{name}-{entry.id}", entry.title, blocks) for entry, blocks in written if blocks)

"""The figure that shows all verdicts side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meta.effects.study_evidence import Evidence
from meta.errors import quiet
from meta.report.answered_analysis import Gallery
from meta.report.blocks import Section
from meta.report.fingerprints import fingerprint
from meta.report.record import Record

CAPTION = "The verdicts side by side."


def rows_of(evidence: Evidence, numbers: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the figure shows of each verdict."""
    return [
        {
            "claim": claim.short,
            "analysis": analysis.label,
            "conclusion": numbers[name]["conclusion"],
            "probability": (numbers[name]["at_margin"] or {}).get("mean"),
            "prior": (numbers[name]["at_margin"] or {}).get("prior"),
            "k": numbers[name]["k"],
            "tiers": numbers[name]["tiers"],
        }
        for name, (claim, analysis) in evidence.analyses.items()
        if analysis.role == "primary"
    ]


def overview(rows: list[dict[str, Any]], gallery: Gallery) -> Record:
    """Draw the verdicts side by side.

    Parameters
    ----------
    rows : list of dict
        From :func:`rows_of`.
    gallery : Gallery
        Where to draw.
    """
    from meta.plots.verdict_page import verdicts

    with quiet():
        drawn = gallery.draw("verdicts", verdicts(rows, details=False), CAPTION)
    return Record(fingerprint(rows), (Section("verdicts-figure", CAPTION, (drawn,)),))

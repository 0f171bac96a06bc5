"""What a section is written about, and where it leaves its figures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meta.claims.answer_claims import Answer
from meta.effects.study_evidence import Evidence
from meta.evidence.claims import Claim
from meta.report.blocks import Figure

PNG_DPI = 200


@dataclass(frozen=True, slots=True)
class Gallery:
    """The folder into which figures are drawn."""

    folder: Path

    def draw(self, name: str, figure: Any, caption: str) -> Figure:
        """Write a figure as SVG and PNG; return it as a section shows it.

        Parameters
        ----------
        name : str
            File name without suffix.
        figure : FigureResult
            From :mod:`meta.plots`.
        caption : str
            What stands below it.
        """
        (self.folder / f"{name}.svg").write_bytes(figure.render("svg"))
        (self.folder / f"{name}.png").write_bytes(figure.render("png", dpi=PNG_DPI))
        return Figure(name, figure.alt_text, caption)


@dataclass(frozen=True)
class Subject:
    """An analysis that was answered, with the evidence that could enter it and nothing else."""

    evidence: Evidence
    answer: Answer
    gallery: Gallery


@dataclass(frozen=True)
class ClaimSubject:
    """A claim, with the evidence that could enter any of its analyses and nothing else."""

    evidence: Evidence
    claim: Claim
    gallery: Gallery


def digest(data: bytes) -> str:
    """Return the fingerprint of some bytes: the first 16 hexadecimal digits of their SHA-256.

    >>> digest(b"abc")
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(data).hexdigest()[:16]

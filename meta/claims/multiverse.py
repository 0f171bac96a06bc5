"""Every defensible way to do the analysis, and what becomes of the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.claims.analyses import NUMBERS, analyses
from meta.claims.answer_claims import named_analysis
from meta.claims.claimed_effect import claimed_on_model_scale, region
from meta.claims.explained import turned, variance_alone, variance_beyond
from meta.claims.rosters import NOT_ASKED, data_sets
from meta.claims.specifications import sampled
from meta.effects.registry import MEASURES
from meta.effects.study_evidence import Evidence
from meta.errors import InputError, quiet
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim
from meta.formatting import number, percent
from meta.keywords import keywords
from meta.results.base import Result
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Multiverse(Result):
    """Every analysis of a claim that its file names as defensible.

    Attributes
    ----------
    claim, analysis : Claim, Analysis
        What was judged.
    frame : DataFrame
        One row per analysis, the primary one first: one column per choice, then ``k estimate ci_low ci_high
        tau probability p_claimed p_null conclusion departures``. Estimates are on the model scale.
    choices : tuple of str
        The columns of choices, those that make a difference first named in the claims file.
    total : int
        Distinct sets of effects that the choices lead to.
    used : int
        How many of them were analysed.
    """

    claim: Claim
    analysis: Analysis
    frame: pd.DataFrame
    choices: tuple[str, ...]
    total: int
    used: int

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def primary(self) -> pd.Series:
        """The row of the primary analysis."""
        return self.frame.iloc[0]

    @property
    def shares(self) -> pd.DataFrame:
        """How many analyses end in each conclusion: ``conclusion n share``, the most frequent first."""
        import pandas as pd

        counts = Counter(self.frame["conclusion"]).most_common()
        rows = [(name, n, n / len(self)) for name, n in counts]
        return pd.DataFrame(rows, columns=["conclusion", "n", "share"])

    @property
    def drivers(self) -> pd.DataFrame:
        """What each choice does, the strongest first.

        Columns: ``choice``, ``options``; ``estimate_alone`` and ``estimate_beyond``, the shares of the
        variance of the estimate that lie between its options, and that are lost to an additive model without
        it; ``probability_alone`` and ``probability_beyond``, the same for the probability; ``turned``, the
        share of pairs that differ in this choice alone whose conclusions differ.
        """
        import pandas as pd

        codes = {name: self._codes(name) for name in self.choices}
        verdict = pd.factorize(self.frame["conclusion"])[0]
        flips = turned(verdict, codes)
        table: dict[str, list[Any]] = {
            "choice": list(self.choices),
            "options": [len(np.unique(code[code >= 0])) for code in codes.values()],
        }
        for what in ("estimate", "probability"):
            values = self.frame[what].to_numpy(dtype=float)
            beyond = variance_beyond(values, codes)
            table[f"{what}_alone"] = [variance_alone(values, code) for code in codes.values()]
            table[f"{what}_beyond"] = [beyond[name] for name in self.choices]
        table["turned"] = [flips[name] for name in self.choices]
        frame = pd.DataFrame(table)
        return frame.sort_values("estimate_alone", ascending=False, kind="stable", ignore_index=True)

    def _read(self, estimate: float) -> float:
        """Bring an estimate to the scale on which it is read: ratios, not their logs."""
        return float(MEASURES[self.analysis.measure].transform.back(estimate))

    def _codes(self, name: str) -> np.ndarray:
        column = self.frame[name]
        return np.asarray(column.astype("category").cat.codes.where(column != NOT_ASKED, -1), dtype=int)

    @property
    def sentence(self) -> str:
        """The finding in plain words."""
        shares = self.shares
        parts = [
            f"{'under 1%' if share < 0.005 else percent(share)} {name}"
            for name, share in zip(shares["conclusion"], shares["share"].astype(float), strict=True)
        ]
        known = self.frame["estimate"].dropna()
        text = f"Of {len(self):,} defensible analyses {', '.join(parts)}."
        if self.used < self.total:
            text += f" They use {self.used:,} of {self.total:,} possible sets of effects, drawn at random."
        if known.size:
            ends = (known.min(), known.max(), known.median(), self.primary["estimate"])
            low, high, middle, own = (number(float(self._read(x)), 2) for x in ends)
            text += f" The estimate runs from {low} to {high} (median {middle}, primary analysis {own})."
        if self.claim.kind == "proportion":
            reached = float(np.mean(self.frame["probability"].dropna() >= self.claim.rule.support))
            text += (
                f" In {percent(reached)} of them the effect reaches what the claimed share would need with a "
                f"probability of {percent(self.claim.rule.support)} or more."
            )
        shares_of_variance = self.drivers.set_index("choice")["estimate_alone"].astype(float)
        if shares_of_variance.max() > 0.01:
            most = shares_of_variance.idxmax()
            text += f" Most depends on: {most} ({percent(float(shares_of_variance.max()))} of the variance)."
        return text

    def _shown(self) -> str:
        return f"{self.claim.id!r}, {self.analysis.id!r}: {len(self)} analyses"

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return str(self.analysis.measure)

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per analysis, the primary one first; the choices behind each are columns of ``frame``."""
        names = ("estimate", "ci_low", "ci_high", "k", "tau", "probability", "conclusion")
        kept = [name for name in names if name in self.frame]
        records = self.frame[kept].to_dict("records")
        return [
            {"term": "primary" if i == 0 else f"analysis {i + 1}"} | {str(n): x for n, x in row.items()}
            for i, row in enumerate(records)
        ]

    def _facts(self) -> Mapping[str, Any]:
        own = {"claim": self.claim.id, "analysis": self.analysis.id, "analyses": len(self)}
        return {"model": "multiverse"} | own | {"total": self.total, "used": self.used}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the sentence, the analyses and what the choices do."""
        own = {"claim": self.claim.id, "analysis": self.analysis.id, "sentence": self.sentence}
        tables = {"analyses": self.frame, "drivers": self.drivers, "shares": self.shares}
        return plain(own | tables | {"total": self.total, "used": self.used})

    def _lines(self, digits: int) -> list[str]:
        lines = [f"Multiverse of {self.claim.short} · {self.analysis.label}", self.sentence, ""]
        table = self.drivers[["choice", "options", "estimate_alone", "estimate_beyond", "turned"]]
        return [*lines, table.round(3).to_string(index=False)]

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table of analyses."""
        return self.frame.copy()

    @property
    def claimed(self) -> float | None:
        """The claimed value on the scale of the effects; None for a claimed share."""
        return claimed_on_model_scale(self.claim.tested) if self.claim.kind == "effect" else None

    @property
    def region(self) -> tuple[float, float] | None:
        """The effects that count as at least as large; None for a claimed share."""
        return region(self.claim.tested) if self.claim.kind == "effect" else None


@keywords
def multiverse(
    evidence: Evidence,
    claim: str | Claim,
    *,
    analysis: str | None = None,
    limit: int = 6000,
    seed: int = 1,
) -> Multiverse:
    """Run every combination of choices that a claim's file names as defensible.

    Parameters
    ----------
    evidence : Evidence
        From :func:`meta.load_evidence`.
    claim : str or Claim
        A claim, by its id or itself; or the id of an analysis.
    analysis : str, optional
        Which of the claim's analyses; by default the first that the trials inform directly or indirectly.
    limit : int
        Sets of effects to analyse at most; of more, the primary one and its single departures stay, and the
        others are drawn at random.
    seed : int
        For that draw.

    Returns
    -------
    Multiverse
        ``meta.plots.specification`` draws it.

    Raises
    ------
    EvidenceError
        If there is no such claim or analysis.
    InputError
        If no analysis of the claim has an effect under any choice.

    Notes
    -----
    Two ways that lead to the same numbers under the same model are one analysis: a choice that makes no
    difference multiplies nothing. A frequentist analysis takes its verdict from the posterior of its effects
    under the claim's own prior, as :func:`meta.judge` does. For a proportion claim the probability is that
    the shift reaches what the claimed share would need. Steegen et al. 2016, doi:10.1177/1745691616658637.

    Examples
    --------
    >>> import meta
    >>> evidence = meta.load_evidence("studies")
    >>> claim = list(evidence.claims.values())[2]
    >>> every = meta.multiverse(evidence, claim.id, analysis=claim.analyses[0].id)
    >>> every.shares["conclusion"].tolist()
    ['inconclusive', 'untestable']
    """
    check_arguments(multiverse, locals())
    found, name = named_analysis(evidence, claim, analysis)
    found = found.for_analysis(name)
    item = found.analysis(name)
    every = data_sets(evidence, name)
    sets = sampled(every, limit, seed)
    if not any(data.effects for data in sets):
        raise InputError(
            f"no result informs the analysis {name!r} under any choice; there is nothing to vary"
        )
    with quiet():
        frame = analyses(evidence, found, item, sets)
    fixed = {*NUMBERS, "conclusion", "departures"}
    made = {str(c): set(frame[c]) - {NOT_ASKED} for c in frame.columns if c not in fixed}
    choices = tuple(name for name, options in made.items() if len(options) > 1)
    return Multiverse(
        found, item, frame[[*choices, *NUMBERS, "conclusion", "departures"]], choices, len(every), len(sets)
    )

"""The verdict on a claim: what it says, what it rests on, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from meta.formatting import interval, number, p_equation, percent
from meta.results.base import Result
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    measure_name,
    needs_display,
)

if TYPE_CHECKING:
    from meta.claims.normalised_share import NormalisationFinding
    from meta.evidence.claims import Claim

Conclusion = Literal["supported", "inconclusive", "contradicted", "untestable", "true", "half true", "false"]
"""Of a fact claim: "true", "half true", "false" or "untestable"; of every other: the first four."""


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Posterior probabilities that the effect is at least as large as a value.

    Attributes
    ----------
    threshold : float
        The value on the model scale: margin times the claimed one.
    mean : float
        P(mean effect at least as large).
    new : float
        P(effect of a new study at least as large).
    prior : float
        The prior's probability of the same event, before any data.
    wide : float
        P(mean effect at least as large) under a prior twice as wide.
    """

    threshold: float
    mean: float
    new: float
    prior: float
    wide: float


@dataclass(frozen=True, slots=True)
class Compatibility:
    """Two-sided p-values of the frequentist fit for the claimed value and for no effect.

    A surprisal is -log2 p: how many heads in a row would be as surprising.
    """

    test: str
    p_claimed: float
    surprisal_claimed: float
    p_null: float
    surprisal_null: float


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Result):
    """The verdict on one analysis of a claim.

    Attributes
    ----------
    claim, analysis : Claim, Analysis
        What was judged, from the claims file; a fact claim has no analysis.
    conclusion : str
        "supported", "inconclusive", "contradicted" or "untestable"; of a fact claim "true", "half true",
        "false" or "untestable".
    reasons : tuple of str
        Why not something stronger, or why this.
    sentence : str
        The verdict in one sentence, with the ways in which the evidence is indirect.
    k, k_computed, k_listed : int
        Independent studies that inform the pool; those of tier A or B among them; all that are listed.
    tiers : mapping of str to int
        Studies by tier.
    at_margin, at_claim : Probabilities or None
        With the claim's margin, and with margin 1.
    compatibility : Compatibility or None
        From the frequentist fit.
    bf_claimed : float
        Bayes factor of "exactly as claimed" against "no effect", with the same tau prior.
    bf_side : float
        Bayes factor of "an effect on the claim's side" against "no effect".
    fit, posterior : object
        The frequentist fit (None if there is none) and the posterior.
    normalisation : NormalisationFinding or None
        For a proportion claim: regression to the mean and the shift that would be needed.
    indirectness : tuple of str
        How the trials' treatment differs from the claimed one, by study.
    warnings : tuple of str
    others : float
        Share of the sampling information that the studies beside the most informative one carry.
    questions : tuple of str
        Numbers that agree under different names.
    reading : str
        Which of the claim's readings was judged; "" for a claim that has one only.
    readings : mapping of str to Verdict
        The verdict on each reading that the evidence bears on, by its id.
    """

    claim: Claim
    analysis: Any
    conclusion: Conclusion
    reasons: tuple[str, ...]
    sentence: str
    k: int = 0
    k_computed: int = 0
    k_listed: int = 0
    tiers: dict[str, int] | None = None
    at_margin: Probabilities | None = None
    at_claim: Probabilities | None = None
    compatibility: Compatibility | None = None
    bf_claimed: float = float("nan")
    bf_side: float = float("nan")
    fit: Any = None
    posterior: Any = None
    normalisation: NormalisationFinding | None = None
    indirectness: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    others: float = float("nan")
    questions: tuple[str, ...] = ()
    reading: str = ""
    readings: Mapping[str, Verdict] = field(default_factory=dict)

    def _shown(self) -> str:
        what = "a fact" if self.analysis is None else repr(self.analysis.id)
        return f"{self.claim.id!r}, {what}: {self.conclusion}"

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return "GEN" if self.analysis is None else str(self.analysis.measure)

    def _terms(self) -> list[Mapping[str, Any]]:
        """The mean effect and a new study's against the claim, and p of the claimed value and of none."""
        post, at, test = self.posterior, self.at_margin, self.compatibility
        mean: dict[str, Any] = {"term": "mean effect", "conclusion": self.conclusion, "k": self.k}
        new: dict[str, Any] = {"term": "new study"}
        if post is not None:
            low, high = post.interval(0.95)
            pi = dict(zip(("pi_low", "pi_high"), post.interval(0.95, of="new"), strict=True))
            mean |= {"estimate": post.estimate, "se": post.sd, "ci_low": low, "ci_high": high} | pi
        if at is not None:
            mean["probability"], new["probability"] = at.mean, at.new
        rows: list[Mapping[str, Any]] = [mean, new] if at is not None else [mean]
        if test is not None:
            rows += [{"term": "claimed value", "p_value": test.p_claimed}]
            rows += [{"term": "no effect", "p_value": test.p_null}]
        return rows

    def _facts(self) -> Mapping[str, Any]:
        own = {"claim": self.claim.id, "analysis": self._analysis, "conclusion": self.conclusion}
        counts = {"k_computed": self.k_computed, "k_listed": self.k_listed}
        return {"model": "verdict"} | own | counts | {"bf_claimed": self.bf_claimed, "bf_side": self.bf_side}

    def _lines(self, digits: int) -> list[str]:
        label = "" if self.analysis is None else f" · {self.analysis.label}"
        lines = [f"{self.claim.short}{label}: {self.conclusion.upper()}", self.sentence]
        lines += [f"  - {reason}" for reason in self.reasons]
        if self.posterior is not None:
            low, high = self.posterior.interval(0.95)
            mean, effects = self.posterior.estimate, self.posterior.effects
            name = measure_name(self.measure)
            text = f"posterior mean {number(mean, digits)} {interval(low, high, digits)} ({name}, 95% CrI)"
            shown = display_text(effects, mean, low, high) if needs_display(self.measure) else ""
            lines.append(f"{text}   |  {shown}" if shown else text)
            lines += cut_notes(effects, [Line("mean", mean, low=low, high=high)]) if shown else []
        if self.at_margin is not None:
            lines.append(
                f"P(at least as large) {percent(self.at_margin.mean, 1)}; a new study "
                f"{percent(self.at_margin.new, 1)}; before any data {percent(self.at_margin.prior, 1)}"
            )
        if self.compatibility is not None:
            lines.append(
                f"claimed value {p_equation(self.compatibility.p_claimed)}, "
                f"no effect {p_equation(self.compatibility.p_null)} ({self.compatibility.test})"
            )
        if self.normalisation is not None:
            lines.append(self.normalisation.summary())
        lines += [f"read as {name}: {item.conclusion}" for name, item in self.readings.items()]
        return lines

    @property
    def _analysis(self) -> str:
        return "" if self.analysis is None else str(self.analysis.id)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers and words of the verdict for JSON; NaN becomes None."""
        plain: dict[str, Any] = {
            "claim": self.claim.id,
            "analysis": self._analysis,
            "statement": self.claim.statement,
            "conclusion": self.conclusion,
            "sentence": self.sentence,
            "reasons": list(self.reasons),
            "k": self.k,
            "k_computed": self.k_computed,
            "k_listed": self.k_listed,
            "tiers": self.tiers or {},
            "bayes_factor_claimed_vs_none": self.bf_claimed,
            "bayes_factor_side_vs_none": self.bf_side,
            "indirectness": list(self.indirectness),
            "warnings": list(self.warnings),
        }
        for name in ("at_margin", "at_claim", "compatibility"):
            part = getattr(self, name)
            plain[name] = None if part is None else {f.name: getattr(part, f.name) for f in fields(part)}
        if self.readings:
            plain["reading"] = self.reading
            plain["readings"] = {name: item.to_dict() for name, item in self.readings.items()}
        if self.questions:
            plain["questions"] = list(self.questions)
        plain["normalisation"] = None if self.normalisation is None else self.normalisation.to_dict()
        return _without_nan(plain)


def join_reasons(reasons: tuple[str, ...]) -> str:
    """Return reasons as one clause.

    >>> join_reasons(("there is one study", "it is small"))
    'there is one study; it is small'
    """
    return "; ".join(reasons)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return value

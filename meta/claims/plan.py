"""What it would take: new trials that could settle a verdict, and what the trials at hand could find."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_share
from meta.claims.claimed_effect import claimed_on_model_scale, points_down, threshold
from meta.claims.decision_rule import decide, posterior_of
from meta.claims.independence import Standing
from meta.claims.power import detectable, exaggeration, power, sign_error
from meta.claims.verdict import Probabilities, Verdict
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, NotEstimableError
from meta.evidence.claim_parts import Rule
from meta.formatting import number, percent
from meta.kernels.preposterior import Present, present, probabilities_after
from meta.keywords import keywords
from meta.results.base import Result
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd

SIZES = (20, 50, 100, 200, 500, 1000)
TRIALS = (1, 2, 3, 5, 10)
SCENARIOS = ("as the evidence says", "as claimed", "no effect")


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Result):
    """What new trials would do to a verdict.

    Attributes
    ----------
    verdict : Verdict
        The verdict at hand.
    frame : DataFrame
        A row a scenario, number of trials and size: ``scenario trials n_per_arm supported contradicted
        inconclusive conclusive mc_error``. A scenario says how large the true effect is.
    existing : DataFrame
        One row per trial at hand: ``study se power_claimed power_pooled detectable sign_error exaggeration``,
        the last two where the claimed effect is true and the trial significant.
    pooled_power : float
        Power of the pooled estimate at hand to tell the claimed effect from none; NaN without a fit.
    unit : float
        Sampling variance of a new trial times its people per arm.
    unit_from : str
        Where that comes from.
    assurance : float
        Wanted probability of a conclusive verdict.
    draws : int
        Simulated futures of each row.
    """

    verdict: Verdict
    frame: pd.DataFrame
    existing: pd.DataFrame
    pooled_power: float
    unit: float
    unit_from: str
    assurance: float
    draws: int

    @property
    def needed(self) -> pd.DataFrame:
        """People per arm that give a conclusive verdict with the wanted probability; infinite if none does.

        Columns ``scenario trials n_per_arm``; between the simulated sizes it is interpolated, and where the
        smallest of them suffices it is that one.
        """
        import pandas as pd

        rows = []
        for (scenario, trials), part in self.frame.groupby(["scenario", "trials"], sort=False):
            n = _first_size(
                part["n_per_arm"].to_numpy(float), part["conclusive"].to_numpy(float), self.assurance
            )
            rows.append((scenario, trials, n))
        return pd.DataFrame(rows, columns=["scenario", "trials", "n_per_arm"])

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        needed = self.needed[self.needed["scenario"] == SCENARIOS[0]]
        within = needed[np.isfinite(needed["n_per_arm"])]
        wanted = percent(self.assurance)
        if len(within):
            least = float(self.frame["n_per_arm"].min())
            parts = [
                f"{_trials(int(m))} of {math.ceil(n):,} people per arm or fewer"
                if n <= least
                else f"{_trials(int(m))} of about {math.ceil(n):,} people per arm"
                for m, n in zip(within["trials"], within["n_per_arm"], strict=True)
            ]
            text = f"A conclusive verdict would come with {wanted} probability from {', or '.join(parts)}."
        else:
            largest = self.frame[self.frame["scenario"] == SCENARIOS[0]]
            best = largest.iloc[int(np.argmax(largest["conclusive"].to_numpy(dtype=float)))]
            text = (
                f"No plan looked at reaches a conclusive verdict with {wanted} probability: the best, "
                f"{_trials(int(best['trials']))} of {int(best['n_per_arm']):,} people per arm, does with "
                f"{percent(float(best['conclusive']))}, because trials are expected to differ."
            )
        if len(self.existing):
            middle = float(self.existing["power_claimed"].median())
            text += f" The trials at hand have a median power of {percent(middle)} for the claimed effect."
        return f"{text} ({self.unit_from}.)"

    def _shown(self) -> str:
        return f"{self.verdict.claim.id!r}, {self.verdict.analysis.id!r}: {len(self.frame)} futures"

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return str(self.verdict.analysis.measure)

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per scenario, number of trials and size: the probability of a conclusive verdict."""
        return [
            {"term": f"{row['scenario']}, {row['trials']} x {row['n_per_arm']:g}"}
            | {"probability": row["conclusive"]}
            | {name: row[name] for name in ("supported", "contradicted", "inconclusive", "mc_error")}
            for row in self.frame.to_dict("records")
        ]

    def _facts(self) -> Mapping[str, Any]:
        own = {"claim": self.verdict.claim.id, "analysis": self.verdict.analysis.id}
        numbers = {name: getattr(self, name) for name in ("pooled_power", "unit", "assurance", "draws")}
        return {"model": "plan", "k": self.verdict.k} | own | numbers

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the sentence, the plans and the trials at hand."""
        own = {"claim": self.verdict.claim.id, "analysis": self.verdict.analysis.id}
        own |= {name: getattr(self, name) for name in ("sentence", "pooled_power", "unit", "unit_from")}
        tables = {"plans": self.frame, "existing": self.existing, "needed": self.needed}
        return plain(own | tables | {"assurance": self.assurance, "draws": self.draws})

    def _lines(self, digits: int) -> list[str]:
        first = self.frame[self.frame["scenario"] == SCENARIOS[0]].drop(columns="scenario")
        lines = [
            f"What would it take? {self.verdict.claim.short} · {self.verdict.analysis.label}",
            self.sentence,
        ]
        lines += ["", first.round(3).to_string(index=False)]
        if len(self.existing):
            lines += ["", "Trials at hand", self.existing.round(3).to_string(index=False)]
        return lines

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table of plans."""
        return self.frame.copy()


@keywords
def plan(
    verdict: Verdict,
    *,
    sizes: Sequence[int] = SIZES,
    trials: Sequence[int] = TRIALS,
    unit: float | None = None,
    assurance: float = 0.8,
    draws: int = 500,
    seed: int = 1,
) -> Plan:
    """Say how large new trials would have to be to settle a verdict.

    Futures are simulated from the posterior: a mean effect and a heterogeneity are drawn, new trials' effects
    from them, the posterior is computed again with the claim's own priors, and the claim's rule is applied.

    Parameters
    ----------
    verdict : Verdict
        On an effect claim, from :func:`meta.judge`.
    sizes : sequence of int
        People per arm.
    trials : sequence of int
        Numbers of new trials.
    unit : float, optional
        Sampling variance of one new trial times its people per arm: 2 for a standardised mean difference,
        twice the squared coefficient of variation for a log ratio of means. By default 2 for SMD, else what
        the trials at hand have (median).
    assurance : float
        Wanted probability of a conclusive verdict.
    draws : int
        Futures for each plan.
    seed : int
        For the draws.

    Returns
    -------
    Plan

    Raises
    ------
    NotEstimableError
        If the verdict rests on no posterior, as for an untestable claim.
    InputError
        If a size, number of trials or the unit is not positive.

    References
    ----------
    O'Hagan A, Stevens JW, Campbell MJ (2005). Assurance in clinical trial design. doi:10.1002/pst.175

    Examples
    --------
    >>> import meta
    >>> evidence = meta.load_evidence("studies")
    >>> claim = next(iter(evidence.claims.values()))
    >>> verdict = meta.judge(claim, evidence.effects(claim.analyses[0].id))
    >>> plan(verdict, sizes=(50, 500), trials=(1,), draws=200).frame["n_per_arm"].tolist()
    [50, 500, 50, 500, 50, 500]
    """
    check_arguments(plan, locals())
    _check(verdict, sizes, trials, assurance, draws, unit)
    effects = verdict.posterior.effects
    unit, unit_from = _unit(effects, unit)
    frame = _futures(verdict, [int(n) for n in sizes], [int(m) for m in trials], unit, draws, seed)
    claimed = claimed_on_model_scale(verdict.claim.tested)
    fit = verdict.fit
    pooled = float(power(claimed, fit.se)) if fit is not None and np.isfinite(fit.se) else float("nan")
    return Plan(
        verdict,
        frame,
        _existing(effects, claimed, float(verdict.posterior.estimate)),
        pooled,
        unit,
        unit_from,
        assurance,
        draws,
    )


def _check(
    verdict: Verdict,
    sizes: Sequence[int],
    trials: Sequence[int],
    assurance: float,
    draws: int,
    unit: float | None,
) -> None:
    if not isinstance(verdict, Verdict):
        raise InputError(f"plan needs a verdict from meta.judge(...), not {type(verdict).__name__}")
    if verdict.posterior is None or verdict.claim.kind != "effect":
        raise NotEstimableError(
            f"the verdict on {verdict.claim.id!r} is {verdict.conclusion}: no trial reports what the claim "
            "is about, so that the first thing it takes is one that does"
        )
    for name, values in (("sizes", sizes), ("trials", trials), ("draws", [draws])):
        if not len(values) or any(not value >= 1 for value in values):
            raise InputError(f"{name} must be at least 1: got {list(values)}")
    check_share(assurance, "assurance")
    if unit is not None and not (unit > 0 and math.isfinite(unit)):
        raise InputError(f"unit must be > 0: got {unit:g}")


def _unit(effects: EffectSizes, unit: float | None) -> tuple[float, str]:
    if unit is not None:
        return float(unit), f"Variance of a new trial as given: {number(unit, 2)} divided by people per arm"
    if effects.measure == "SMD":
        return 2.0, "Variance of a new trial: 2 divided by people per arm, as of any parallel trial"
    n1, n2 = (
        np.asarray(effects.columns.get(name, np.full(effects.k, np.nan)), float) for name in ("n1", "n2")
    )
    per_arm = 2 / (1 / n1 + 1 / n2)
    known = effects.vi * per_arm
    known = known[effects.exact & np.isfinite(known)]
    if known.size == 0:
        raise InputError("the trials at hand do not say how precise a new one would be; give unit=")
    return float(np.median(known)), (
        "Variance of a new trial as of those at hand, person for person; a trial of another design differs"
    )


def _existing(effects: EffectSizes, claimed: float, pooled: float) -> pd.DataFrame:
    import pandas as pd

    known = effects.subset(effects.exact)
    return pd.DataFrame(
        {
            "study": known.study,
            "se": known.sei,
            "power_claimed": power(claimed, known.sei) if known.k else [],
            "power_pooled": power(pooled, known.sei) if known.k else [],
            "detectable": detectable(known.sei) if known.k else [],
            "sign_error": sign_error(claimed, known.sei) if known.k else [],
            "exaggeration": exaggeration(claimed, known.sei) if known.k else [],
        }
    )


def _futures(
    verdict: Verdict, sizes: list[int], trials: list[int], unit: float, draws: int, seed: int
) -> pd.DataFrame:
    import pandas as pd

    claim, posterior = verdict.claim, verdict.posterior
    edge, rule = threshold(claim.tested), claim.rule
    wide = posterior_of(posterior.effects, verdict.analysis, rule.prior_factor)
    priors = [(item.core.model.effect, item.core.model.tau) for item in (posterior, wide)]
    reach = max(abs(float(priors[1][0].ppf(np.array(1e-6)))), 1.2 * abs(edge))
    scale = float(priors[1][1].ppf(np.array(0.6827)))
    drawn = posterior.sample(draws, seed=seed)
    truths = dict(zip(SCENARIOS, (None, claimed_on_model_scale(claim.tested), 0.0), strict=True))
    rows = []
    informed = 1 / posterior.effects.vi[posterior.effects.informative]
    for n in sizes:
        finest = math.sqrt(unit / n / max(trials))
        now = present(posterior.core.model.rows, reach, scale, edge, finest)
        by_mu = np.stack([np.exp(effect.logpdf(now.mu)) for effect, _ in priors])
        by_tau = np.stack([np.exp(tau.logpdf(now.tau)) for _, tau in priors])
        for m in trials:
            for scenario, mu in truths.items():
                rng = np.random.default_rng([seed, m, n])
                after = _after(now, drawn, mu, m, unit / n, (by_mu, by_tau), rng)
                after = after if points_down(claim.tested) else 1.0 - after
                standing = Standing(verdict.k + m, verdict.k_computed + m, _others(informed, m, n / unit))
                shares = _shares(after, rule, standing, edge)
                rows.append((scenario, m, n, *shares))
    rows.sort(key=lambda row: (SCENARIOS.index(row[0]), row[1], row[2]))
    columns = ["scenario", "trials", "n_per_arm", "supported", "contradicted", "inconclusive"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["conclusive"] = frame["supported"] + frame["contradicted"]
    frame["mc_error"] = np.sqrt(frame["conclusive"] * (1 - frame["conclusive"]) / draws)
    return frame


def _after(
    now: Present,
    drawn: Any,
    mu: float | None,
    trials: int,
    variance: float,
    priors: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """P(mu below the threshold) in each future, under the prior and the wide one."""
    true = drawn["mu"].to_numpy() if mu is None else np.full(len(drawn), mu)
    spread = np.sqrt(variance + drawn["tau"].to_numpy() ** 2)
    y = true + spread * rng.standard_normal((trials, true.size))
    mean = y.mean(axis=0)
    return probabilities_after(now, mean, ((y - mean) ** 2).sum(axis=0), trials, variance, *priors)


def _others(informed: np.ndarray, trials: int, each: float) -> float:
    """Share of the information beside the most informative study, once new trials are done."""
    every = np.append(informed, np.full(trials, each))
    return float(1 - every.max() / every.sum())


def _shares(after: np.ndarray, rule: Rule, standing: Standing, edge: float) -> tuple[float, ...]:
    """Shares of futures that end supported, contradicted and inconclusive; all rest on as many studies."""
    sure = Probabilities(edge, mean=1.0, new=1.0, prior=1.0, wide=1.0)
    open_ = decide(rule, sure, standing.k, standing.k_computed, standing.others)[0] == "supported"
    if not open_:
        return 0.0, 0.0, 1.0
    supported = np.all(after >= rule.support, axis=1)
    contradicted = np.all(after <= rule.contradict, axis=1)
    neither = ~(supported | contradicted)
    return float(supported.mean()), float(contradicted.mean()), float(neither.mean())


def _first_size(sizes: np.ndarray, shares: np.ndarray, wanted: float) -> float:
    """Smallest size from which the share stays at what is wanted, interpolated on the log of the size."""
    order = np.argsort(sizes)
    n, share = sizes[order], np.maximum.accumulate(shares[order])
    if share[-1] < wanted:
        return math.inf
    at = int(np.argmax(share >= wanted))
    if at == 0:
        return float(n[0])
    part = (wanted - share[at - 1]) / (share[at] - share[at - 1])
    return float(np.exp(np.log(n[at - 1]) + part * (np.log(n[at]) - np.log(n[at - 1]))))


def _trials(count: int) -> str:
    return "one new trial" if count == 1 else f"{count} new trials"

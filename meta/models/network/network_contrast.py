"""`NetworkContrast`: one comparison of a network as a result of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, NotEstimableError
from meta.formatting import interval, number, percent
from meta.kernels.inference import lower_tail, quantile, two_sided
from meta.models.network.direct_evidence import split_of, spread
from meta.models.network.network_numbers import NetworkNumbers
from meta.results.back_transformation import BackTransformed, back_transformed
from meta.results.base import Result
from meta.results.mean import OneMean
from meta.results.plain import plain
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    heterogeneity,
    needs_display,
    table,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class NetworkContrast(OneMean, Result):
    """The effect of ``treat1`` minus ``treat2``, on the model scale; nothing rounded.

    Attributes
    ----------
    effects : EffectSizes
        The trials that compare the two directly, signed alike; none where all evidence is indirect.
    estimate, se, statistic, p_value, df, ci_low, ci_high : float
        From the whole network.
    tau2 : float
        Of the network.
    direct, direct_se, indirect, indirect_se : float
        The two sources of evidence; NaN where there is none.
    share : float
        Direct evidence's share of the information, 0 to 1.
    trials : int
        Number of trials in the network.
    """

    treat1: str
    treat2: str
    effects: EffectSizes
    method: str
    test: str
    level: float
    estimate: float
    se: float
    df: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    tau2: float
    direct: float
    direct_se: float
    indirect: float
    indirect_se: float
    share: float
    warnings: tuple[str, ...] = ()
    trials: int = 0

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.effects.measure

    @property
    def k(self) -> int:
        """Number of trials that compare the two directly."""
        return self.effects.k

    @property
    def evidence(self) -> str:
        """What the estimate rests on: "direct and indirect", "direct only" or "indirect only"."""
        if self.k == 0:
            return "indirect only"
        return "direct only" if self.share == 1.0 else "direct and indirect"

    @property
    def difference(self) -> float:
        """Direct minus indirect estimate; NaN where one of them is missing."""
        return self.direct - self.indirect

    @property
    def difference_p(self) -> float:
        """Two-sided p-value of their difference, by the normal distribution."""
        se = math.hypot(self.direct_se, self.indirect_se)
        return float(two_sided(self.difference / se, np.inf)) if se > 0 else math.nan

    def p_value_at(self, value: float) -> float:
        """Two-sided p-value of the hypothesis that the effect is ``value``."""
        return float(two_sided((self.estimate - value) / self.se, self.df))

    def _predicts(self) -> bool:
        return self.method != "EE" and not math.isnan(self.tau2)

    def prediction_interval(self, *, level: float | None = None) -> tuple[float, float]:
        """Where the true effect of a new trial lies: t with the degrees of freedom of the test."""
        share = self.level if level is None else check_level(level)
        if not self._predicts():
            raise NotEstimableError("no prediction interval: the model has no heterogeneity")
        half = float(quantile(0.5 + share / 2, self.df)) * math.sqrt(self.se**2 + self.tau2)
        return self.estimate - half, self.estimate + half

    def probability(self, *, below: float | None = None, above: float | None = None) -> float:
        """Predictive probability that the true effect of a new trial lies below or above a value."""
        if (below is None) == (above is None):
            raise InputError("give exactly one of below= and above=")
        if not self._predicts():
            raise NotEstimableError("no prediction: the model has no heterogeneity")
        scale = math.sqrt(self.se**2 + self.tau2)
        distance = below - self.estimate if below is not None else self.estimate - (above or 0.0)
        return float(lower_tail(distance / scale, self.df))

    def backtransform(self) -> BackTransformed:
        """The estimate and its intervals for reading."""
        return back_transformed(self.effects, [self.estimate, self.ci_low, self.ci_high, *self._prediction()])

    def augment(self) -> pd.DataFrame:
        """One row per direct trial."""
        import pandas as pd

        e = self.effects
        half = float(quantile(0.5 + self.level / 2, np.inf)) * e.sei
        precision = 1.0 / (e.vi + (0.0 if math.isnan(self.tau2) else self.tau2))
        columns = {"study": e.study, "yi": e.yi, "vi": e.vi, "sei": e.sei}
        columns |= {"ci_low": e.yi - half, "ci_high": e.yi + half}
        columns |= {"weight": 100 * precision / max(precision.sum(), np.finfo(float).tiny)}
        columns |= {"fitted": np.full(e.k, self.estimate), "residual": e.yi - self.estimate}
        return pd.DataFrame(columns)

    def _summary_label(self, row: Any) -> str:
        return f"{self.treat1} vs {self.treat2} (network)"

    def _facts(self) -> dict[str, Any]:
        return {
            "model": "network contrast",
            "treat1": self.treat1,
            "treat2": self.treat2,
            "evidence": self.evidence,
            "share": self.share,
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own = {name: getattr(self, name) for name in _KEPT}
        return plain(own | {"warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        read = (
            display_text(self.effects, self.estimate, self.ci_low, self.ci_high)
            if needs_display(self.measure)
            else ""
        )
        rows = [Line.of({**self._terms()[0], "term": "network"}, read)]
        for name in ("direct", "indirect"):
            rows += self._source(name)
        parts = [f"{self.treat1} vs {self.treat2}", self.method, self.evidence_text()]
        more = [] if math.isnan(self.difference) else [self._difference_text(digits)]
        low, high = self._prediction()
        pi = [] if math.isnan(low) else [f"{percent(self.level)} PI {interval(low, high, digits)}"]
        spread_line = heterogeneity(tau2=self.tau2) if self._predicts() else []
        cut = cut_notes(self.effects, rows[:1]) if read else []
        body = table(rows, self.level, digits)
        return [heading(parts, self.measure), *body, *cut, *more, *pi, *spread_line]

    def evidence_text(self) -> str:
        """The kind of evidence in words, with the number of direct trials."""
        if self.k == 0:
            return "indirect only: no trial compared the two directly"
        trials = "1 trial" if self.k == 1 else f"{self.k} trials"
        return f"{self.evidence}: {trials}, {percent(self.share)} direct"

    def _source(self, name: str) -> list[Line]:
        estimate, se = getattr(self, name), getattr(self, f"{name}_se")
        if math.isnan(estimate) or (name == "indirect" and self.k == 0):
            return []
        half = float(quantile(0.5 + self.level / 2, np.inf)) * se
        return [Line(name, estimate, se, estimate - half, estimate + half)]

    def _difference_text(self, digits: int) -> str:
        return (
            f"direct minus indirect {number(self.difference, digits)}, p = {number(self.difference_p, 3)}"
            if self.difference_p >= 0.001
            else f"direct minus indirect {number(self.difference, digits)}, p < 0.001"
        )

    def _shown(self) -> str:
        return f"{self.treat1} vs {self.treat2}, {self.evidence}, estimate={self.estimate:.4g}"


_KEPT = (
    *("treat1", "treat2", "measure", "method", "test", "level", "k", "estimate", "se", "df"),
    *("statistic", "p_value", "ci_low", "ci_high", "tau2", "direct", "direct_se", "indirect"),
    *("indirect_se", "share", "evidence"),
)


def contrast_of(net: NetworkNumbers, first: int, second: int) -> NetworkContrast:
    """One comparison of a fitted network, by positions of the treatments."""
    own = {name: float(x) for name, x in net.numbers(first, second).items()}
    found = split_of(net)
    kept = ("estimate", "se", "df", "statistic", "p_value", "ci_low", "ci_high")
    return NetworkContrast(
        treat1=net.treatments[first],
        treat2=net.treatments[second],
        effects=direct_trials(net, first, second),
        method=net.method,
        test=net.test,
        level=net.level,
        tau2=net.tau2 if net._predicts() else spread(net),
        direct=float(found.direct[first, second]),
        direct_se=float(found.direct_se[first, second]),
        indirect=float(found.indirect[first, second]),
        indirect_se=float(found.indirect_se[first, second]),
        share=float(found.share[first, second]),
        warnings=net.warnings,
        trials=net.k,
        **{name: own[name] for name in kept},
    )


def direct_trials(net: NetworkNumbers, first: int, second: int) -> EffectSizes:
    """The trials that compare two treatments, as effects of the first minus the second."""
    p = net.data.pairs
    rows = np.flatnonzero(
        ((p.first == first) & (p.second == second)) | ((p.first == second) & (p.second == first))
    )
    found = net.data.effect_sizes(rows)
    sign = np.where(p.first[rows] == first, 1.0, -1.0)
    return replace(found, yi=sign * found.yi, columns={})

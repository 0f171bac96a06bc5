"""PET, PEESE and their conditional rule; the unrestricted weighted least squares mean and WAAP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_share
from meta.bias.common import Estimated, Result, caution_few, caution_flat, favoured_side, rows_of, tail_p
from meta.bias.least_squares import weighted_regression
from meta.bias.precision_lines import Line, line
from meta.effects.design import predictor_matrix
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import AssumptionWarning, InputError, Notes
from meta.formatting import p_equation
from meta.kernels.inference import quantile
from meta.keywords import keywords


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PetPeese(Estimated):
    """PET-PEESE.

    Attributes
    ----------
    pet, peese : Line
        The two regressions.
    chosen : str
        "PEESE" where PET finds an effect at ``alpha`` in ``direction``, otherwise "PET".
    pet_p : float
        The one-tailed p-value that decided.
    alpha : float
        Its threshold.
    direction : str
        Its tail.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    pet: Line
    peese: Line
    chosen: str
    pet_p: float
    alpha: float
    direction: str
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def line(self) -> Line:
        """The regression that the rule chose."""
        return self.peese if self.chosen == "PEESE" else self.pet

    @property
    def estimate(self) -> float:
        """Effect at perfect precision by the chosen regression."""
        return self.line.estimate

    @property
    def se(self) -> float:
        """Its standard error."""
        return self.line.se

    @property
    def ci_low(self) -> float:
        """Lower end of its interval."""
        return self.line.ci_low

    @property
    def ci_high(self) -> float:
        """Upper end of its interval."""
        return self.line.ci_high

    @property
    def statistic(self) -> float:
        """Its t statistic."""
        return self.line.statistic

    @property
    def p_value(self) -> float:
        """Its two-sided p-value."""
        return self.line.p_value

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, with the chosen estimate."""
        chosen = {name: getattr(self, name) for name in ("estimate", "se", "ci_low", "ci_high", "p_value")}
        return {**Result.to_dict(self), **chosen}

    @property
    def df(self) -> float:
        """Its degrees of freedom."""
        return self.line.df

    def _terms(self) -> list[Mapping[str, Any]]:
        """Both regressions: the effect at perfect precision, and the slope."""
        lines = (self.pet, self.peese)
        return [row | {"chosen": line.name == self.chosen} for line in lines for row in line.terms()]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("chosen", "pet_p", "alpha", "direction")}
        return {"model": "PET-PEESE", "method": "WLS", "test": "t"} | own

    def _lines(self, digits: int) -> list[str]:
        rows = [line.terms()[0] for line in (self.pet, self.peese)]
        return [
            *self._block(["PET-PEESE", f"k = {self.k}"], rows, digits),
            f"the rule takes {self.chosen}: one-tailed p of PET ({self.direction}) "
            f"{p_equation(self.pet_p)}, threshold {self.alpha:g}",
        ]


@keywords
def pet_peese(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    alpha: float = 0.10,
    direction: str | None = None,
    level: float = 0.95,
) -> PetPeese:
    """Effect at perfect precision: PET (on the standard error), PEESE (on the variance), and which to take.

    Both are weighted least squares with weights 1/v and multiplicative dispersion. The conditional rule
    takes PEESE where PET's intercept is above 0 with a one-tailed p below ``alpha``, otherwise PET.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    alpha : float
        One-tailed threshold of the rule.
    direction : {"greater", "less", "two-sided"}, optional
        Side of an effect; by default that of the equal-effects estimate.
    level : float
        Confidence level.

    Returns
    -------
    PetPeese

    References
    ----------
    Stanley & Doucouliagos 2014, doi:10.1002/jrsm.1095; Stanley 2017, doi:10.1177/1948550617693062 (limits).

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> found = pet_peese(es)
    >>> found.chosen, round(found.pet.estimate, 4)
    ('PET', -0.1909)
    """
    check_arguments(pet_peese, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    check_share(alpha, "alpha")
    notes = Notes()
    effects = rows_of(es, notes, what="PET-PEESE")
    side = favoured_side(effects, direction)
    caution_few(effects.k, notes, "PET-PEESE")
    y, v = effects.yi, effects.vi
    pet = line("PET", weighted_regression(y, predictor_matrix(np.sqrt(v)), 1 / v), level)
    peese = line("PEESE", weighted_regression(y, predictor_matrix(v), 1 / v), level)
    caution_flat(min(pet.se, peese.se), notes, "PET-PEESE")
    p = tail_p(pet.statistic, pet.df, side)
    chosen = "PEESE" if p < alpha else "PET"
    slope = (peese if chosen == "PEESE" else pet).slope
    if (side == "greater" and slope < 0) or (side == "less" and slope > 0):
        notes.warn(
            f"the slope ({slope:.3g}) is of the sign opposite to bias in direction '{side}': "
            "small studies show smaller effects, and the intercept exaggerates",
            AssumptionWarning,
        )
    return PetPeese(pet, peese, chosen, p, alpha, side, effects.k, notes.messages, effects)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WeightedMean(Estimated):
    """UWLS and WAAP.

    Attributes
    ----------
    uwls : Line
        Equal-effects mean with its standard error times the root of the dispersion.
    waap : Line or None
        The same from the adequately powered studies alone; None where there are fewer than two.
    powered : ndarray of bool, shape (k,)
        Whether a study has at least the wanted power for the UWLS mean.
    power : float
        The wanted power.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    uwls: Line
    waap: Line | None
    powered: np.ndarray
    power: float
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def estimate(self) -> float:
        """WAAP's estimate, or UWLS's where there are too few powered studies."""
        return (self.waap or self.uwls).estimate

    @property
    def se(self) -> float:
        """Its standard error."""
        return (self.waap or self.uwls).se

    @property
    def line(self) -> Line:
        """WAAP, or UWLS where there are too few powered studies."""
        return self.waap or self.uwls

    @property
    def ci_low(self) -> float:
        """Lower end of its interval."""
        return self.line.ci_low

    @property
    def ci_high(self) -> float:
        """Upper end of its interval."""
        return self.line.ci_high

    @property
    def statistic(self) -> float:
        """Its t statistic."""
        return self.line.statistic

    @property
    def p_value(self) -> float:
        """Its two-sided p-value."""
        return self.line.p_value

    @property
    def df(self) -> float:
        """Its degrees of freedom."""
        return self.line.df

    def _terms(self) -> list[Mapping[str, Any]]:
        return [row for line in (self.uwls, self.waap) if line for row in line.terms()]

    def _facts(self) -> Mapping[str, Any]:
        powered = {"powered": int(self.powered.sum()), "power": self.power}
        return {"model": "WAAP-UWLS", "method": "WLS", "test": "t"} | powered

    def _lines(self, digits: int) -> list[str]:
        n = int(self.powered.sum())
        none = [] if self.waap else ["WAAP does not exist: fewer than two powered studies"]
        head = ["WAAP-UWLS", f"k = {self.k}, of them {n} with power {self.power:g}"]
        return [*self._block(head, self._terms(), digits), *none]


@keywords
def waap(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    level: float = 0.95,
) -> WeightedMean:
    """Weighted average of the adequately powered studies, and the unrestricted weighted least squares mean.

    A study is adequately powered for the UWLS mean m if its standard error is at most
    ``|m| / (z(1 - alpha/2) + z(power))``, |m| / 2.8 by default.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    power, alpha : float
        Wanted power, and level of the two-sided tests.
    level : float
        Confidence level.

    Returns
    -------
    WeightedMean

    References
    ----------
    Stanley, Doucouliagos & Ioannidis 2017, doi:10.1002/sim.7228; Stanley & Doucouliagos 2015,
    doi:10.1002/sim.6481.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> found = waap(es)
    >>> round(found.uwls.estimate, 4), int(found.powered.sum())
    (-0.4303, 4)
    """
    check_arguments(waap, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    for value, name in ((power, "power"), (alpha, "alpha")):
        check_share(value, name)
    notes = Notes()
    effects = rows_of(es, notes, at_least=2, what="UWLS")
    y, v = effects.yi, effects.vi
    everything = line("UWLS", weighted_regression(y, np.ones((effects.k, 1)), 1 / v), level)
    caution_flat(everything.se, notes, "UWLS")
    needed = float(quantile(1 - alpha / 2, np.inf) + quantile(power, np.inf))
    if needed <= 0:
        raise InputError(f"power = {power} is below alpha / 2: no study could fail to reach it")
    powered = np.sqrt(v) <= abs(everything.estimate) / needed
    best = None
    if powered.sum() >= 2:
        fit = weighted_regression(y[powered], np.ones((int(powered.sum()), 1)), 1 / v[powered])
        best = line("WAAP", fit, level)
    else:
        notes.warn(
            f"{int(powered.sum())} of {effects.k} studies have power {power:g}: "
            "UWLS is given instead of WAAP",
            AssumptionWarning,
        )
    return WeightedMean(everything, best, powered, power, effects.k, notes.messages, effects)

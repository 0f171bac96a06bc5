"""Subgroup analysis: one fit per group, and tests of the difference between them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.arguments import refuse_unused
from meta.effects.design import indicators
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import present_levels
from meta.effects.intake import usable
from meta.errors import InputError, MetaWarning, Notes
from meta.formatting import number, p_equation
from meta.missing import absent
from meta.pooling.fitting import fit_effects
from meta.pooling.grouped_fits import Between as Between
from meta.pooling.grouped_fits import GroupedFits
from meta.pooling.pool_options import TESTS, PoolOptions
from meta.pooling.pooled_text import method_text
from meta.pooling.result import Pooled
from meta.results.base import Result
from meta.results.print_out import Line, cut_notes, display_text, has_null, heading, size, table
from meta.results.table_columns import tidy_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Subgroups(GroupedFits[Pooled], Result):
    """Fits by subgroup; see :func:`subgroups`.

    Attributes
    ----------
    fits : dict of str to Pooled
        One fit per group, in the order of first appearance.
    overall : Pooled
        All studies together, without subgroups.
    common_tau2 : float or None
        The tau2 shared by all groups, if it was.
    fixed, random : Between
        Between-group tests: fixed, and random with the tau2 that the fits use.
    warnings : tuple of str
        What was warned about, group by group.
    """

    fits: dict[str, Pooled]
    overall: Pooled
    common_tau2: float | None
    fixed: Between
    random: Between
    warnings: tuple[str, ...]

    @property
    def tests(self) -> pd.DataFrame:
        """The tests of no difference between groups, one row each: ``kind q df p_value``."""
        import pandas as pd

        names = ("kind", "q", "df", "p_value")
        return pd.DataFrame([{n: getattr(test, n) for n in names} for test in (self.fixed, self.random)])

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per group and one for all studies."""
        return [
            {**fit._terms()[0], "term": name, "group": name, **{n: getattr(fit, n) for n in _COLUMNS}}
            for name, fit in self._all()
        ]

    def _facts(self) -> dict[str, Any]:
        """Of the random-effects test between groups, and of all studies together."""
        whole: dict[str, Any] = {str(n): x for n, x in self.overall.glance().iloc[0].items()}
        random = {"kind": self.random.kind, "df": self.random.df, "p_value": self.random.p_value}
        fixed = {"q_fixed": self.fixed.q, "q_fixed_p": self.fixed.p_value}
        between = {"q": self.random.q, "q_df": self.random.df, "q_p": self.random.p_value}
        return whole | {"model": "subgroups", "groups": len(self.fits)} | between | random | fixed

    def augment(self) -> pd.DataFrame:
        """One row per study: its group, its effect, the group's estimate and the weight within the group."""
        import pandas as pd

        parts = [fit.augment().assign(group=name) for name, fit in self.fits.items()]
        return pd.concat(parts, ignore_index=True)

    def predict(
        self, new: Any = None, *, level: float | None = None, scale: str = "model", interval: str = "both"
    ) -> pd.DataFrame:
        """Each group's mean and where the true effect of a new study lies: one row per group.

        The arguments are those of :meth:`meta.pooling.result.Pooled.predict`.
        """
        import pandas as pd

        parts = [f.predict(new, level=level, scale=scale, interval=interval) for f in self.fits.values()]
        return pd.concat(parts).set_index(pd.Index(list(self.fits), name="group"))

    def backtransform(self) -> pd.DataFrame:
        """Each group, and all studies, on the scale on which they are read."""
        rows = {name: fit.backtransform() for name, fit in self._all()}
        names = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
        return tidy_frame(
            {"term": term} | {name: back[name] for name in names} for term, back in rows.items()
        )[["term", *names]]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, ready for JSON."""
        tests = {
            name: {n: getattr(test, n) for n in Between.__dataclass_fields__}
            for name, test in (("fixed", self.fixed), ("random", self.random))
        }
        return {
            "groups": {name: fit.to_dict() for name, fit in self.fits.items()},
            "overall": self.overall.to_dict(),
            "common_tau2": self.common_tau2,
            "between": tests,
            "warnings": list(self.warnings),
        }

    def _lines(self, digits: int) -> list[str]:
        how = "separate tau2" if self.common_tau2 is None else f"common tau2 {size(self.common_tau2)}"
        o, equal = self.overall.options, self.overall.method == "EE"
        parts = ["Subgroups", method_text(self.overall), TESTS[o.test].name, "" if equal else how]
        fits = self._all()
        rows = [
            Line.of({**fit._terms()[0], "term": f"{name} (k = {fit.k})"}, self._right(fit, equal))
            for name, fit in fits
        ]
        lines = table(rows, self.level, digits, tested=has_null(self.measure))
        tests = [
            f"between groups ({test.kind}): Q({test.df}) = {number(test.q, 2)}, {p_equation(test.p_value)}"
            for test in (self.fixed, self.random)
        ]
        head = heading([*parts, f"k = {self.k}"], self.measure)
        return [head, *lines, *tests, *cut_notes(self.effects, rows)]

    def _right(self, fit: Pooled, equal: bool) -> str:
        """A group on the display scale, and its heterogeneity."""
        spread = "" if equal else f"tau2 {size(fit.tau2)}"
        shown = f"{display_text(fit.effects, fit.estimate, fit.ci_low, fit.ci_high)}   {spread}"
        return shown.rstrip()


_COLUMNS = ("k", "tau2", "i2", "q", "q_p")


def between_groups(estimates: np.ndarray, variances: np.ndarray, kind: str) -> Between:
    """Test that group estimates differ by chance alone.

    >>> between_groups(np.array([0.0, 1.0]), np.array([0.5, 0.5]), "fixed").q
    1.0
    """
    df = estimates.size - 1
    if df < 1 or not np.all(variances > 0):
        return Between(kind, math.nan, df, math.nan)
    w = 1 / variances
    q = float((w * (estimates - (w * estimates).sum() / w.sum()) ** 2).sum())
    return Between(kind, q, df, float(chdtrc(df, q)))


def common_variance(
    y: np.ndarray, v: np.ndarray, member: np.ndarray, method: str, weights: np.ndarray | None = None
) -> float:
    """One tau2 for groups with means of their own: that of the meta-regression on the grouping.

    >>> y, v = np.array([0.0, 2.0, 10.0, 12.0]), np.ones(4)
    >>> round(common_variance(y, v, np.array([0, 0, 1, 1]), "REML"), 6)
    1.0
    """
    from meta.kernels.regression import fit_regression

    return float(np.ravel(fit_regression(y, v, indicators(member), method=method, weights=weights).tau2)[0])


def _fixed_test(effects: EffectSizes, member: np.ndarray, groups: int) -> Between:
    """Between-group test with within-study variances alone."""
    means, variances = np.empty(groups), np.empty(groups)
    for g in range(groups):
        y, v = effects.yi[member == g], effects.vi[member == g]
        variances[g] = 1 / (1 / v).sum()
        means[g] = (y / v).sum() * variances[g]
    return between_groups(means, variances, "fixed")


def _fit_group(
    name: str,
    effects: EffectSizes,
    options: PoolOptions,
    weights: np.ndarray | None,
    notes: Notes,
) -> Pooled:
    """Fit one group; its warnings are issued again with its name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        fit = fit_effects(effects, options, weights=weights)
    for item in caught:
        if issubclass(item.category, MetaWarning):
            notes.warn(f"group '{name}': {item.message}", item.category)
    return fit


def fit_subgroups(
    effects: EffectSizes,
    labels: np.ndarray,
    *,
    options: PoolOptions,
    weights: np.ndarray | None = None,
    common_tau2: bool | None = None,
) -> Subgroups:
    """Fit every group, and all studies together."""
    notes = Notes()
    effects, used = usable(effects, notes)
    given = labels
    labels = np.asarray(labels, dtype=object)[used]
    weights = None if weights is None else weights[used]
    gaps = np.flatnonzero(absent(labels))
    if gaps.size:
        raise InputError(
            f"by must name a group for every row: study '{effects.study[gaps[0]]}' has none; "
            "fill it in or drop the row"
        )
    names = present_levels(given, list(map(str, labels)))
    if len(names) < 2:
        raise InputError(f"subgroups need at least two groups, and there is only {names[0]!r}")
    member = np.array([names.index(str(label)) for label in labels])
    shared = None
    chosen = options
    if options.method in ("EE", "fixed"):
        refuse_unused(f"with {options.method_name}", {"common_tau2": common_tau2})
    if common_tau2:
        shared = common_variance(effects.yi, effects.vi, member, options.method, weights)
        chosen = replace(options, method="fixed", tau2=shared)
    fits: dict[str, Pooled] = {}
    for g, name in enumerate(names):
        inside = np.flatnonzero(member == g)
        part = None if weights is None else weights[inside]
        fits[name] = _fit_group(name, effects.subset(inside), chosen, part, notes)
    overall = fit_effects(effects, options, weights=weights, notes=notes)
    fixed = _fixed_test(effects, member, len(names))
    kind = "random, separate tau2" if shared is None else "random, common tau2"
    values = [*fits.values()]
    random = between_groups(
        np.array([fit.estimate for fit in values]), np.array([fit.se_classic**2 for fit in values]), kind
    )
    return Subgroups(fits, overall, shared, fixed, random, notes.messages)

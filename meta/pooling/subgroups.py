"""Subgroup analysis: a fit a group, and tests of the difference between them."""

from __future__ import annotations

import html
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.arguments import check_arguments, refuse_unused
from meta.effects.design import indicators
from meta.effects.groups import present_levels
from meta.effects.intake import usable
from meta.effects.model import EffectSizes
from meta.errors import InputError, MetaWarning, Notes
from meta.formatting import interval, number, p_equation
from meta.keywords import keywords
from meta.missing import absent
from meta.pooling.options import PoolOptions
from meta.pooling.result import Pooled
from meta.saving import Saved

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Between:
    """A test of no difference between subgroups.

    Attributes
    ----------
    kind : str
        "fixed" (within-study variances alone), "random, separate tau2" or "random, common tau2".
    q : float
        Weighted sum of squares of the group estimates about their mean.
    df : int
        Number of groups minus one.
    p_value : float
        From chi-squared.
    """

    kind: str
    q: float
    df: int
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class Subgroups(Saved):
    """Fits by subgroup; see :func:`subgroups`.

    Attributes
    ----------
    fits : dict of str to Pooled
        One fit a group, in the order of first appearance.
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

    def __len__(self) -> int:
        return len(self.fits)

    def __iter__(self) -> Iterator[str]:
        return iter(self.fits)

    def __getitem__(self, group: Any) -> Pooled:
        try:
            return self.fits[str(group)]
        except KeyError:
            raise InputError(f"there is no group {group!r}; the groups are: {', '.join(self.fits)}") from None

    def __repr__(self) -> str:
        return f"Subgroups({', '.join(f'{name} (k={fit.k})' for name, fit in self.fits.items())})"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"

    @property
    def groups(self) -> list[str]:
        """Names of the groups."""
        return list(self.fits)

    @property
    def q_between(self) -> float:
        """Statistic of the random-effects test between groups."""
        return self.random.q

    @property
    def q_between_df(self) -> int:
        """Its degrees of freedom."""
        return self.random.df

    @property
    def q_between_p(self) -> float:
        """Its p-value."""
        return self.random.p_value

    def tidy(self) -> pd.DataFrame:
        """One row a group and one for all studies."""
        import pandas as pd

        rows = [*self.fits.items(), ("overall", self.overall)]
        return pd.DataFrame([{"group": name, **{n: getattr(fit, n) for n in _COLUMNS}} for name, fit in rows])

    def glance(self) -> pd.DataFrame:
        """One row a between-group test."""
        import pandas as pd

        names = ("kind", "q", "df", "p_value")
        return pd.DataFrame([{n: getattr(test, n) for n in names} for test in (self.fixed, self.random)])

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

    def summary(self) -> str:
        """A line a group, and the tests between them."""
        how = "separate tau2" if self.common_tau2 is None else f"common tau2 {self.common_tau2:.3g}"
        o = self.overall.options
        width = max(len("overall"), *(len(name) for name in self.fits))
        lines = [f"Subgroups · {o.method} · {o.test} · {how}"]
        for name, fit in [*self.fits.items(), ("overall", self.overall)]:
            shown = f"{number(fit.estimate):>7} {interval(fit.ci_low, fit.ci_high)}"
            lines.append(f"{name:<{width}}  k = {fit.k:<3} {shown}  tau2 {number(fit.tau2)}")
        for test in (self.fixed, self.random):
            result = f"Q({test.df}) = {number(test.q, 2)}, {p_equation(test.p_value)}"
            lines.append(f"between groups ({test.kind}): {result}")
        return "\n".join(lines)


_COLUMNS = (
    *("k", "estimate", "se", "statistic", "p_value", "ci_low", "ci_high"),
    *("df", "tau2", "i2", "q", "q_p"),
)


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
    stacklevel: int,
) -> Pooled:
    """Fit one group; its warnings are issued again with its name."""
    from meta.pooling.univariate import fit_effects

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MetaWarning)
        fit = fit_effects(effects, options, weights=weights)
    for item in caught:
        if issubclass(item.category, MetaWarning):
            notes.warn(f"group '{name}': {item.message}", item.category, stacklevel + 2)
    return fit


@keywords
def subgroups(
    es: Any = None,
    *,
    by: Any,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    method: str | float = "REML",
    test: str = "hksj",
    level: float = 0.95,
    weights: Any = None,
    common_tau2: bool | None = None,
    measure: str | None = None,
) -> Subgroups:
    """Pool every subgroup, and test the differences between them.

    Parameters
    ----------
    es, yi, vi, sei, study, method, test, level, weights, measure : optional
        As in :func:`meta.pool`.
    by : array_like or str
        The grouping: values, or the name of a column.
    common_tau2 : bool, optional
        Estimate one tau2 for all groups rather than one for each (False). Both the fits and the
        random-effects test between groups then use it; with separate tau2 that test differs from a
        meta-regression's.

    Returns
    -------
    Subgroups
        The tests between groups compare the group means by their classic standard errors with chi-squared.

    References
    ----------
    Borenstein & Higgins 2013, doi:10.1007/s11121-013-0377-7.

    Examples
    --------
    >>> y, v = [0.1, 0.3, 0.9, 1.2], [0.01, 0.02, 0.02, 0.03]
    >>> found = subgroups(yi=y, vi=v, by=["a", "a", "b", "b"], test="z")
    >>> found.groups, round(found["b"].estimate, 4)
    (['a', 'b'], 1.0333)
    """
    check_arguments(subgroups, locals())
    from meta.pooling.univariate import pool

    found = pool(
        es,
        yi=yi,
        vi=vi,
        sei=sei,
        study=study,
        method=method,
        test=test,
        level=level,
        by=by,
        weights=weights,
        common_tau2=common_tau2,
        measure=measure,
    )
    if not isinstance(found, Subgroups):
        raise InputError("by must name a column or give one label a study")
    return found


def fit_subgroups(
    effects: EffectSizes,
    labels: np.ndarray,
    *,
    options: PoolOptions,
    weights: np.ndarray | None = None,
    common_tau2: bool | None = None,
    stacklevel: int = 3,
) -> Subgroups:
    """Fit every group, and all studies together."""
    from meta.pooling.univariate import fit_effects

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
        fits[name] = _fit_group(name, effects.subset(inside), chosen, part, notes, stacklevel)
    overall = fit_effects(effects, options, weights=weights, notes=notes, stacklevel=stacklevel + 2)
    fixed = _fixed_test(effects, member, len(names))
    kind = "random, separate tau2" if shared is None else "random, common tau2"
    values = [*fits.values()]
    random = between_groups(
        np.array([fit.estimate for fit in values]), np.array([fit.se_classic**2 for fit in values]), kind
    )
    return Subgroups(fits, overall, shared, fixed, random, notes.messages)

"""The sentences on figures: labels of summaries, heterogeneity, tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from meta.errors import quiet
from meta.formatting import number, p_equation, significant
from meta.plots.axis import minus
from meta.results.abilities import OfCounts, ResidualQ, WithLevels, WithTau2Interval
from meta.results.print_out import has_null
from meta.results.protocols import is_posterior

_TESTS = {
    "hksj": "Hartung\N{EN DASH}Knapp",
    "adhoc": "Hartung\N{EN DASH}Knapp, floored",
    "KR": "Kenward\N{EN DASH}Roger",
}


def interval_name(fit: Any, *, mixed: bool = False) -> str:
    """What the interval of a fit is called; ``mixed`` where it stands beside other intervals.

    >>> interval_name(object())
    'CI'
    """
    if is_posterior(fit):
        return "interval" if mixed else "CrI"
    return "CI"


COUNT_METHODS = {"MH": "Mantel–Haenszel", "BB": "beta-binomial"}
"""Names of methods of counts whose code says nothing."""


def pooled_label(fit: Any) -> str:
    """What stands beside a summary's diamond."""
    own: str = getattr(fit, "label", "")
    if own and fit.k > 1:
        return own
    level = f"{100 * float(getattr(fit, 'level', 0.95)):g}%"
    if is_posterior(fit):
        return f"Posterior mean, {level} CrI (shortest)"
    if getattr(fit, "k", 0) == 1:
        return "One study: its own estimate"
    method, test = getattr(fit, "method", None), getattr(fit, "test", "")
    if method == "EE":
        return "Equal-effects model"
    if isinstance(fit, OfCounts):
        return f"Pooled counts ({COUNT_METHODS.get(str(method), method)})"
    if isinstance(fit, WithLevels):
        return f"Multilevel model ({method})"
    if method is None:
        return "Pooled effect"
    if not isinstance(method, str):
        return "Random-effects model (τ² given)"
    how = ", ".join(part for part in (method, _TESTS.get(test, "")) if part)
    return f"Random-effects model ({how})"


def p_text(p: float, leading_zero: bool = True) -> str:
    """Show "p = 0.021", or "p = .021" where the journal wants that.

    >>> p_text(0.0214), p_text(0.0214, leading_zero=False), p_text(1e-9)
    ('p = 0.021', 'p = .021', 'p < 0.001')
    """
    text = p_equation(p)
    return text if leading_zero else text.replace(" 0.", " .")


def heterogeneity_line(fit: Any, leading_zero: bool = True, tau2: bool = True, prefix: str = "") -> str:
    """Tell how far studies differ, or why nothing can be told."""
    head = f"{prefix}heterogeneity: " if prefix else "Heterogeneity: "
    k = int(getattr(fit, "k", 0))
    if is_posterior(fit):
        low, high = fit.interval(of="tau")
        level = f"{100 * fit.level:g}%"
        ends = f"{number(low, 2)} to {significant(high)}"
        return f"{head}τ = {significant(float(fit.tau))} ({level} CrI {ends})"
    if k == 1:
        return f"{head}not estimable from one study"
    if isinstance(fit, WithLevels) and not isinstance(fit, OfCounts):
        parts = [f"σ² = {', '.join(significant(x) for x in np.atleast_1d(fit.sigma2))}"]
        if isinstance(fit, ResidualQ):
            parts.append(f"Q({fit.qe_df:g}) = {fit.qe:.1f}, {p_text(fit.qe_p, leading_zero)}")
        return head + ", ".join(parts)
    parts = []
    value = float(getattr(fit, "tau2", math.nan))
    if tau2 and math.isfinite(value):
        parts.append(f"τ² = {number(value, 3)}{_tau2_interval(fit)}")
    if math.isfinite(getattr(fit, "i2", math.nan)):
        parts.append(f"I² = {number(fit.i2, 0)}%")
    if isinstance(fit, ResidualQ) and math.isfinite(fit.qe):
        parts.append(f"Q({fit.qe_df:g}) = {fit.qe:.1f}, {p_text(fit.qe_p, leading_zero)}")
    elif math.isfinite(getattr(fit, "q", math.nan)):
        parts.append(f"Q({fit.q_df:g}) = {fit.q:.1f}, {p_text(fit.q_p, leading_zero)}")
    return head + ", ".join(parts) if parts else ""


def moderator_test(fit: Any, leading_zero: bool = True) -> str:
    """Give the joint test of a meta-regression's moderators, and the share of tau2 that they explain."""
    denominator = getattr(fit, "qm_df_residual", math.inf)
    p = p_text(fit.qm_p, leading_zero)
    if math.isfinite(denominator):
        text = f"F({fit.qm_df:g}, {denominator:g}) = {fit.qm:.2f}, {p}"
    else:
        text = f"Q({fit.qm_df:g}) = {fit.qm:.2f}, {p}"
    return f"{text}, R² = {number(fit.r2, 0)}%" if math.isfinite(fit.r2) else text


def _tau2_interval(fit: Any) -> str:
    if not isinstance(fit, WithTau2Interval):
        return ""
    with quiet():
        low, high = fit.tau2_interval("QP")
    return f" ({number(low, 3)} to {number(high, 3)})" if math.isfinite(low + high) else ""


def overall_line(fit: Any, leading_zero: bool = True) -> str:
    """Give the test of no effect, where the fit has one."""
    statistic, p = getattr(fit, "statistic", None), getattr(fit, "p_value", None)
    if statistic is None or p is None or np.size(statistic) != 1 or not math.isfinite(float(p)):
        return ""
    if not has_null(str(getattr(fit, "measure", "GEN"))):  # no proportion or mean is "no effect"
        return ""
    df = np.ravel(getattr(fit, "df", math.inf))
    name = (
        f"t({number(float(df[0]), 0 if float(df[0]).is_integer() else 1)})"
        if np.all(np.isfinite(df))
        else "z"
    )
    return f"Overall effect: {name} = {minus(number(float(statistic), 2))}, {p_text(float(p), leading_zero)}"

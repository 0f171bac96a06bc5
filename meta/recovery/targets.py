"""The last step: from facts to a measure's effect and its sampling variance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from meta.effects.measures.definition import Measure
from meta.kernels.hedges_correction import hedges_j
from meta.recovery.rules import change_within_arm
from meta.recovery.rules.crossover import ELBOURNE, paired_g, single_sd
from meta.recovery.rules.dispersion import t_quantile
from meta.recovery.rules.pooled import by_ratio
from meta.recovery.rules.rule import COMPARISONS, HANDBOOK, Rule
from meta.recovery.rules.tests import t_of_p, z_of_p

HEDGES = ("Hedges 1981", "10.3102/10769986006002107")
THRESHOLDS = ("Abrams, Gillies & Lambert 2005; here as a bound", "10.1002/sim.2122")
EFFECT = ("effect",)
FORMULA = "formula of the measure"
Options = Mapping[str, Any]
_PAIRED = {"mean_change": "md", "sd_change": "sd_difference", "r": "r_within"}


def effect_rules(entry: Measure, setting: str, options: Options | None = None) -> tuple[Rule, ...]:
    """The rules that lead to the effect of a measure in a setting.

    A rule returns a mapping: ``columns`` for the measure's own formula, or ``yi`` and ``vi``, or ``low``,
    ``high`` and ``vi`` of a bound, or ``either`` (plus or minus) and ``vi``, or ``values`` (one of them) and
    ``vi``; and ``inflate``, by which the
    variance of a clustered trial is multiplied.

    Examples
    --------
    >>> from meta.effects.registry import measure
    >>> [rule.name for rule in effect_rules(measure("MD"), "two means")][:2]
    ['formula of the measure', 'formula of the measure']
    """
    found = list(_formula(entry, setting))
    if setting in COMPARISONS:
        found += _of_means(entry, setting, options or {})
    if setting == "correlation":
        found += _of_correlation(entry)
    return (*found, *_computed(entry, setting))


def columns_of(entry: Measure, setting: str) -> tuple[str, ...]:
    """Canonical names of the arguments of a measure's formula."""
    names = _PAIRED if setting == "paired" else {}
    return tuple(names.get(name, name) for name in entry.columns)


def _effect(
    name: str, needs: tuple[str, ...], function: Callable, formula: str, setting: str, **more: Any
) -> Rule:
    return Rule(name, needs, EFFECT, function, formula, (setting,), **more)


def _inflated(rule: Rule) -> tuple[Rule, ...]:
    """A rule as it is, and with the design effect in clustered trials."""
    plain, count = rule.function, len(rule.needs)

    def inflated(*given: Any) -> dict[str, Any]:
        # behind the design effect comes the value of an assumption, if the rule makes one
        return {**plain(*given[:count], *given[count + 1 :]), "inflate": given[count]}

    return replace(rule, unless=(*rule.unless, "inflate")), replace(
        rule,
        needs=(*rule.needs, "design_effect"),
        function=inflated,
        formula=f"{rule.formula}; variance times the design effect",
        when=(*rule.when, "inflate"),
    )


def _printed(rule: Rule) -> tuple[Rule, ...]:
    """A rule that reads a printed standard error: with the design effect where that is known to lack it."""
    plain, inflated = _inflated(rule)
    return (
        plain,
        replace(inflated, unless=(*inflated.unless, "clustered")),
        replace(rule, when=(*rule.when, "clustered")),
    )


def _formula(entry: Measure, setting: str) -> tuple[Rule, ...]:
    if entry.design == "generic" or setting == "crossover":
        return ()
    names, own = columns_of(entry, setting), entry.columns
    rule = _effect(
        FORMULA,
        names,
        lambda *given: {"columns": dict(zip(own, given, strict=True))},
        f"{entry.code} of {', '.join(own)}",
        setting,
        reference=(entry.citation, entry.doi),
        unless=("change",),
    )
    return _inflated(rule)


def _of_d(d: np.ndarray, n1: np.ndarray, n2: np.ndarray, ratio: Any = 1.0) -> dict[str, Any]:
    """Means and SDs that have this d: a pooled SD of 1, and SDs with this ratio."""
    sd1, sd2 = by_ratio(np.ones_like(d), n1, n2, ratio)
    return {"columns": {"mean1": d, "sd1": sd1, "mean2": np.zeros_like(d), "sd2": sd2, "n1": n1, "n2": n2}}


def _of_means(entry: Measure, setting: str, options: Options) -> list[Rule]:
    found: list[Rule] = []
    if entry.code in ("MD", "MC"):
        squared = lambda md, se: {"yi": md, "vi": se**2}  # noqa: E731
        found += _printed(
            _effect("difference with its standard error", ("md", "se_md"), squared,
                    f"{entry.code} = md, variance se(md)^2", setting, cost=1.5)
        )  # fmt: skip
        found += _inflated(
            _effect("difference of changes with both SDs",
                    ("md", "sd_change1", "n1", "sd_change2", "n2"),
                    lambda md, s1, n1, s2, n2: {"yi": md, "vi": s1**2 / n1 + s2**2 / n2},
                    "MD = md, variance sd_change1^2/n1 + sd_change2^2/n2", setting, when=("change",))
        )  # fmt: skip
        found += _printed(
            _effect("difference from t without a sign", ("abs_t", "se_md"),
                    lambda t, se: {"either": t * se, "vi": se**2}, "md = +-|t| se(md)", setting,
                    assumes=("sign",), cost=3)
        )  # fmt: skip
    if setting == "two means" and entry.is_standardised:
        found += _standardised(entry)
    if setting == "crossover":
        found += _crossover(entry, options)
    if setting == "paired" and entry.columns == ("mean_change", "sd_change", "n") and entry.code != "MC":
        found.append(
            _effect("formula of t", ("t", "n"),
                    _of_paired_t,
                    f"{entry.code} of t / sqrt(n) and n", setting, cost=2)
        )  # fmt: skip
    return found


def _of_paired_t(t: np.ndarray, n: np.ndarray) -> dict[str, Any]:
    return {"columns": {"mean_change": t / np.sqrt(n), "sd_change": np.ones_like(t), "n": n}}


def _standardised(entry: Measure) -> list[Rule]:
    setting = "two means"
    own = entry.design.endswith("standardised")
    found: list[Rule] = [
        *_inflated(
            _effect("formula of d", ("d", "n1", "n2"), _of_d,
                    f"{entry.code} of d, n1 and n2", setting, reference=HEDGES, cost=1.2,
                    unless=("change",), assumes=() if own else ("sd-ratio",))
        )
    ]  # fmt: skip
    if entry.code != "SMD":
        return found
    found += [
        _effect("g of an adjusted test", ("d_adjusted", "n1", "n2", "r2", "df"), _adjusted_g,
                "g = J d, variance (1 - R2)(1/n1 + 1/n2) + g^2/(2 (n1 + n2))", setting, reference=HEDGES,
                when=("adjusted",), cost=2),
        _effect("g of changes", ("d_change", "n1", "n2", "r1"), _change_g,
                "g = J d, variance 2 (1 - r)(1/n1 + 1/n2) + g^2/(2 (n1 + n2))", setting,
                reference=("Becker 1988", "10.1111/j.2044-8317.1988.tb00901.x"), when=("change",)),
        _effect("g without a sign", ("abs_t", "n1", "n2"),
                lambda t, n1, n2: _either(hedges_j(n1 + n2 - 2) * t * np.sqrt(1 / n1 + 1 / n2), n1, n2),
                "g = +-J |t| sqrt(1/n1 + 1/n2)", setting, reference=HEDGES, assumes=("sign",),
                unless=("adjusted", "change", "inflate"), cost=3),
    ]  # fmt: skip
    return [
        *found,
        *_unsigned_otherwise(),
        *change_within_arm.effects(),
        *_bounds(setting, ("n1", "n2", "df"), _parallel_limit),
        *_bounds(setting, ("n1", "n2", "df", "r2"), _adjusted_limit, when=("covariate",)),
        *_bounds(setting, ("n1", "n2", "df", "r1"), _change_limit, when=("change",), more=("same-sds",)),
    ]


def _unsigned_otherwise() -> list[Rule]:
    """An adjusted test, or one of changes, of which the sign is not stated."""

    def adjusted(t: np.ndarray, n1: np.ndarray, n2: np.ndarray, r2: np.ndarray) -> dict[str, np.ndarray]:
        g = hedges_j(n1 + n2 - 2) * t * np.sqrt((1 / n1 + 1 / n2) * (1 - r2))
        return {"either": g, "vi": (1 - r2) * (1 / n1 + 1 / n2) + g**2 / (2 * (n1 + n2))}

    def changed(
        t: np.ndarray, n1: np.ndarray, n2: np.ndarray, r: np.ndarray, q: Any
    ) -> dict[str, np.ndarray]:
        scale = change_within_arm.change_scale(r, q)
        g = hedges_j(n1 + n2 - 2) * t * np.sqrt(1 / n1 + 1 / n2) * scale
        return {"either": g, "vi": scale**2 * (1 / n1 + 1 / n2) + g**2 / (2 * (n1 + n2))}

    return [
        _effect("g of an adjusted test without a sign", ("abs_t", "n1", "n2", "r2"), adjusted,
                "g = +-J |t| sqrt((1/n1 + 1/n2)(1 - R2))", "two means", reference=HEDGES,
                assumes=("sign",), when=("adjusted",), unless=("inflate",), cost=3),
        _effect("g of changes without a sign", ("abs_t", "n1", "n2", "r1"), changed,
                "g = +-J |t| sqrt((1/n1 + 1/n2) 2 (1 - r))", "two means", reference=HEDGES,
                assumes=("sign", "same-sds"), when=("change",), unless=("adjusted", "inflate"), cost=3),
    ]  # fmt: skip


def _adjusted_g(
    d: np.ndarray, n1: np.ndarray, n2: np.ndarray, r2: np.ndarray, df: np.ndarray
) -> dict[str, np.ndarray]:
    g = hedges_j(n1 + n2 - 2) * d
    return {"yi": g, "vi": (1 - r2) * (1 / n1 + 1 / n2) + g**2 / (2 * (n1 + n2)) + 0 * df}


def _change_g(d: np.ndarray, n1: np.ndarray, n2: np.ndarray, r: np.ndarray) -> dict[str, np.ndarray]:
    g = hedges_j(n1 + n2 - 2) * d
    return {"yi": g, "vi": 2 * (1 - r) * (1 / n1 + 1 / n2) + g**2 / (2 * (n1 + n2))}


def _either(g: np.ndarray, n1: np.ndarray, n2: np.ndarray) -> dict[str, np.ndarray]:
    return {"either": g, "vi": 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))}


def _parallel_limit(
    p: np.ndarray, n1: np.ndarray, n2: np.ndarray, df: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    v = 1 / n1 + 1 / n2
    return hedges_j(n1 + n2 - 2) * t_of_p(p, df) * np.sqrt(v), v


def _paired_limit(
    p: np.ndarray, n: np.ndarray, r: np.ndarray, df: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    v = 2 * (1 - r) / n
    return hedges_j(n - 1) * t_of_p(p, df) * np.sqrt(v), v


def _adjusted_limit(
    p: np.ndarray, n1: np.ndarray, n2: np.ndarray, df: np.ndarray, r2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    limit, v = _parallel_limit(p, n1, n2, df)
    return limit * np.sqrt(1 - r2), v * (1 - r2)


def _change_limit(
    p: np.ndarray, n1: np.ndarray, n2: np.ndarray, df: np.ndarray, r: np.ndarray, ratio: Any
) -> tuple[np.ndarray, np.ndarray]:
    limit, v = _parallel_limit(p, n1, n2, df)
    scale = change_within_arm.change_scale(r, ratio)
    return limit * scale, v * scale**2


def _bounds(
    setting: str,
    sizes: tuple[str, ...],
    limit_of: Callable,
    when: tuple[str, ...] = (),
    more: tuple[str, ...] = (),
) -> list[Rule]:
    """What "p < a" and "not significant" say about g."""

    def beyond(p: np.ndarray, sign: np.ndarray, *rest: np.ndarray) -> dict[str, np.ndarray]:
        limit, v = limit_of(p, *rest)
        low, high = np.where(sign > 0, limit, -np.inf), np.where(sign > 0, np.inf, -limit)
        return {"low": low, "high": high, "vi": v}

    def within(p: np.ndarray, sign: np.ndarray, *rest: np.ndarray) -> dict[str, np.ndarray]:
        limit, v = limit_of(p, *rest)
        return {"low": np.where(sign > 0, 0.0, -limit), "high": np.where(sign > 0, limit, 0.0), "vi": v}

    def around(p: np.ndarray, *rest: np.ndarray) -> dict[str, np.ndarray]:
        limit, v = limit_of(p, *rest)
        return {"low": -limit, "high": limit, "vi": v}

    # where adjustment is only possible, the bound is that of the plain test: it is the one that was printed
    others = {"covariate": ("inflate",), "change": ("covariate", "inflate")}
    unless = others[when[0]] if when else ("change", "covariate", "inflate")
    kind = {"covariate": " of an adjusted test", "change": " of changes"}[when[0]] if when else ""
    told: dict[str, Any] = {
        "reference": THRESHOLDS, "assumes": ("bound", *more), "when": when, "unless": unless,
    }  # fmt: skip
    return [
        _effect(f"bound of g from a threshold{kind}", ("p_below", "sign", *sizes), beyond,
                "g beyond J t(threshold, df) sqrt(v)", setting, cost=2, **told),
        _effect(f"bound of g from a result{kind} that is not significant",
                ("not_significant", "sign", *sizes), within,
                "g between 0 and J t(threshold, df) sqrt(v)", setting, cost=3, **told),
        _effect(f"bounds of g from a result{kind} that is not significant",
                ("not_significant", *sizes), around,
                "|g| below J t(threshold, df) sqrt(v)", setting, cost=12, **told),
    ]  # fmt: skip


def _crossover(entry: Measure, options: Options) -> list[Rule]:
    setting = "crossover"
    if entry.code == "ROM":
        return [_ratio_within(options)]
    if entry.code != "SMD":
        return []

    def g(d: np.ndarray, n: np.ndarray, r: np.ndarray) -> dict[str, np.ndarray]:
        yi, vi = paired_g(d, n, r)
        return {"yi": yi, "vi": vi}

    def unsigned(t: np.ndarray, n: np.ndarray, r: np.ndarray, ratio: Any) -> dict[str, np.ndarray]:
        yi, vi = paired_g(t / np.sqrt(n) / single_sd(1.0, r, ratio), n, r)
        return {"either": yi, "vi": vi}

    return [
        _effect("g within people", ("d_single", "n", "r_within"), g,
                "g = J(n - 1) d; variance: asymptotic, below 20 people the exact moment", setting,
                reference=ELBOURNE),
        _effect("g within people without a sign", ("abs_t", "n", "r_within"), unsigned,
                "g = +-J(n - 1) |t| / sqrt(n) sqrt(2 (1 - r))", setting, reference=ELBOURNE,
                assumes=("sign", "same-sds"), cost=3),
        *_bounds(setting, ("n", "r_within", "df"), _paired_limit),
    ]  # fmt: skip


def _ratio_within(options: Options) -> Rule:
    from meta.effects.registry import measure

    function = measure("ROMC").function
    corrected = options.get("bias_correction")

    def romc(*given: np.ndarray) -> dict[str, np.ndarray]:
        found = function(*given, bias_correction=corrected is not False)
        return {"yi": found.yi, "vi": found.vi}

    needs = ("mean1", "sd1", "mean2", "sd2", "n", "r_within")
    reference = ("Lajeunesse 2011", "10.1890/11-0423.1")
    formula = "ROMC of means, SDs, n and r"
    return _effect("log ratio of means within people", needs, romc, formula, "crossover", reference=reference)


def _of_correlation(entry: Measure) -> list[Rule]:
    if entry.columns != ("r", "n"):
        return []

    def either(r: np.ndarray, n: np.ndarray) -> dict[str, np.ndarray]:
        found = entry.function(r, n)
        return {"either": found.yi, "vi": found.vi}

    return [
        _effect("correlation without a sign", ("abs_r", "n"), either, f"{entry.code} of +-|r| and n",
                "correlation", assumes=("sign",), cost=3)
    ]  # fmt: skip


def _computed(entry: Measure, setting: str) -> tuple[Rule, ...]:
    """Effects that were printed as such, with a variance, an interval or a p-value."""
    forward = entry.transform.forward

    def by_interval(y: np.ndarray, low: np.ndarray, high: np.ndarray, quantile: np.ndarray) -> dict[str, Any]:
        return {"yi": y, "vi": (np.abs(forward(high) - forward(low)) / (2 * quantile)) ** 2}

    def z(level: np.ndarray) -> np.ndarray:
        return np.asarray(ndtri((1 + level) / 2))

    def by_p(est: np.ndarray, quantile: np.ndarray) -> dict[str, Any]:
        y = forward(est)
        return {"yi": y, "vi": np.where((y != 0) & (quantile > 0), (y / quantile) ** 2, np.nan)}

    ends = ("ci_low_est", "ci_high_est", "level")

    def rule(name: str, needs: tuple[str, ...], function: Callable, formula: str, cost: float) -> Rule:
        return _effect(name, needs, function, formula, setting, reference=HANDBOOK, cost=cost, printed=True)

    found = (
        rule("effect and variance as given", ("yi", "vi"), lambda y, v: {"yi": y, "vi": v}, "as given", 0.8),
        rule("effect and standard error as given", ("yi", "sei"), lambda y, s: {"yi": y, "vi": s**2},
             "v = se^2", 0.9),
        rule("effect as printed with its standard error", ("est", "se_est"),
             lambda est, se: {"yi": forward(est), "vi": se**2}, "standard error on the model scale", 1.4),
        rule("effect as printed with its t interval", ("est", *ends, "df"),
             lambda est, a, b, level, df: by_interval(forward(est), a, b, t_quantile(level, df)),
             "se = half the interval on the model scale / t(level, df)", 1.5),
        rule("effect as printed with its interval", ("est", *ends),
             lambda est, a, b, level: by_interval(forward(est), a, b, z(level)),
             "se = half the interval on the model scale / z(level)", 1.6),
        rule("effect from its interval", ends,
             lambda a, b, level: by_interval((forward(a) + forward(b)) / 2, a, b, z(level)),
             "the middle of the interval on the model scale", 2.5),
        rule("effect as printed with p", ("est", "p"), lambda est, p: by_p(est, z_of_p(p)),
             "se = |effect| / z(p)", 2.6),
        rule("effect as printed with chi-square", ("est", "chi2"), lambda est, x: by_p(est, np.sqrt(x)),
             "se = |effect| / sqrt(chi2)", 2.7),
    )  # fmt: skip
    clustered = setting in ("two means", "2x2", "rates")
    return tuple(item for one in found for item in (_printed(one) if clustered else (one,)))

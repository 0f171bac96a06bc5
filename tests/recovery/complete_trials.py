"""Complete trials of every design: all facts that a paper could state of one and the same data."""

from __future__ import annotations

import numpy as np
from scipy import stats

from meta.recovery.assumptions import ASSUMPTIONS
from meta.recovery.rules.centres import quartile_width, range_width


def people_twice(rng, n, means, correlation):
    """Values of the same people twice: any correlation and SDs of which what is assumed of them is true.

    The correlation and the ratio of the SDs of the sample itself are drawn over the whole of their stated
    ranges, and the sample is made to have them: normal values, uncorrelated by their Cholesky factor, times
    that of the covariance that was drawn.
    """
    low, high = ASSUMPTIONS[correlation].low, ASSUMPTIONS[correlation].high
    ends = ASSUMPTIONS["same-sds"].low, ASSUMPTIONS["same-sds"].high
    r, ratio = rng.uniform(low, high), np.exp(rng.uniform(*np.log(ends)))
    covariance = 9 * np.array([[ratio**2, r * ratio], [r * ratio, 1]])
    values = rng.normal(size=(n, 2))
    values -= values.mean(axis=0)
    values = values @ np.linalg.inv(np.linalg.cholesky(np.cov(values.T))).T @ np.linalg.cholesky(covariance).T
    one, two = (values + means + rng.multivariate_normal([0, 0], covariance / n)).T
    return one, two


def _arm(values, arm, facts):
    n, mean, sd = values.size, values.mean(), values.std(ddof=1)
    se = sd / np.sqrt(n)
    half = stats.t.ppf(0.975, n - 1) * se
    facts |= {f"n{arm}": n, f"mean{arm}": mean, f"sd{arm}": sd, f"se{arm}": se}
    facts |= {f"ci_low{arm}": mean - half, f"ci_high{arm}": mean + half}


def normal_quantiles(facts, arm, n, mean, sd):
    """Quartiles and range of a sample that is as normal as its size allows, so that Luo and Wan are exact."""
    facts |= {
        f"median{arm}": mean,
        f"q1_{arm}": mean - sd * quartile_width(np.array(float(n))) / 2,
        f"q3_{arm}": mean + sd * quartile_width(np.array(float(n))) / 2,
        f"minimum{arm}": mean - sd * range_width(np.array(float(n))) / 2,
        f"maximum{arm}": mean + sd * range_width(np.array(float(n))) / 2,
    }


def parallel(seed):
    rng = np.random.default_rng(seed)
    n1 = int(rng.integers(12, 60))
    n2 = round(n1 * rng.uniform(0.7, 1.4))  # within the range of an even split
    one, two = rng.normal(12, 3, n1), rng.normal(10, 3, n2)
    facts = {}
    for arm, values in (("1", one), ("2", two)):
        _arm(values, arm, facts)
        normal_quantiles(facts, arm, values.size, values.mean(), values.std(ddof=1))
    test = stats.ttest_ind(one, two)
    md, df = one.mean() - two.mean(), n1 + n2 - 2
    se = abs(md / test.statistic)
    half = stats.t.ppf(0.975, df) * se
    facts |= {"n_total": n1 + n2, "difference": md, "se": se, "ci_low": md - half, "ci_high": md + half}
    facts |= {"t": test.statistic, "f": test.statistic**2, "df": df, "p": test.pvalue}
    facts |= {
        "eta_squared": test.statistic**2 / (test.statistic**2 + df),
        "d": test.statistic * np.sqrt(1 / n1 + 1 / n2),
    }
    facts |= {"direction": "higher" if md > 0 else "lower"}
    return facts


def cluster(seed):
    facts = {name: value for name, value in parallel(seed).items() if name not in ("se", "ci_low", "ci_high")}
    rng = np.random.default_rng(seed)
    facts |= {"icc": rng.uniform(0.01, 0.1), "cluster_size": float(rng.integers(5, 30)), "design": "cluster"}
    facts["design_effect"] = 1 + (facts["cluster_size"] - 1) * facts["icc"]
    root = np.sqrt(facts["design_effect"])
    n1, n2 = facts["n1"], facts["n2"]
    pooled = np.sqrt(((n1 - 1) * facts["sd1"] ** 2 + (n2 - 1) * facts["sd2"] ** 2) / (n1 + n2 - 2))
    facts["se"] = pooled * np.sqrt(1 / n1 + 1 / n2) * root
    facts |= {"t": facts["difference"] / facts["se"], "error_term": "clusters"}
    for name in ("f", "p", "df", "eta_squared"):
        facts.pop(name)
    return facts


def crossover(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 50))
    one, two = people_twice(rng, n, [12, 10], "within-person-r")
    facts = {}
    for arm, values in (("1", one), ("2", two)):
        _arm(values, arm, facts)
    test = stats.ttest_rel(one, two)
    md = (one - two).mean()
    se = abs(md / test.statistic)
    half = stats.t.ppf(0.975, n - 1) * se
    facts |= {"difference": md, "se": se, "ci_low": md - half, "ci_high": md + half, "n": n, "df": n - 1}
    facts |= {"t": test.statistic, "p": test.pvalue, "r": np.corrcoef(one, two)[0, 1], "design": "crossover"}
    facts |= {
        "eta_squared": test.statistic**2 / (test.statistic**2 + n - 1),
        "direction": "higher" if md > 0 else "lower",
    }
    return facts


def before_after(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 50))
    after, before = people_twice(rng, n, [12, 10], "pre-post-r")
    change = after - before
    test = stats.ttest_rel(after, before)
    se = change.std(ddof=1) / np.sqrt(n)
    half = stats.t.ppf(0.975, n - 1) * se
    return {
        "n": n, "mean_pre": before.mean(), "sd_pre": before.std(ddof=1), "mean_post": after.mean(),
        "sd_post": after.std(ddof=1), "mean_change": change.mean(), "sd_change": change.std(ddof=1),
        "se_change": se, "ci_low": change.mean() - half, "ci_high": change.mean() + half, "df": n - 1,
        "t": test.statistic, "p": test.pvalue, "r": np.corrcoef(before, after)[0, 1],
    }  # fmt: skip


def changes(seed):
    """Two groups before and after: change scores."""
    rng = np.random.default_rng(seed)
    facts = {"phase": "change"}
    groups, half = [], int(rng.integers(12, 50))
    for arm, gain in (("1", 3.0), ("2", 1.0)):
        n = round(half * rng.uniform(0.8, 1.25))
        after, before = people_twice(rng, n, [10 + gain, 10], "pre-post-r")
        change = after - before
        groups.append(change)
        sds = before.std(ddof=1), after.std(ddof=1), change.std(ddof=1)
        facts |= {f"n{arm}": n, f"mean_pre{arm}": before.mean(), f"mean_post{arm}": after.mean()}
        facts |= {f"sd_pre{arm}": sds[0], f"sd_post{arm}": sds[1], f"sd_change{arm}": sds[2]}
        facts |= {f"mean_change{arm}": change.mean(), f"se_change{arm}": sds[2] / np.sqrt(n)}
    test = stats.ttest_ind(*groups)
    md, df = groups[0].mean() - groups[1].mean(), sum(group.size for group in groups) - 2
    facts |= {"difference": md, "t": test.statistic, "p": test.pvalue, "df": df}
    return facts


def _printed_ratio(log, se):
    """A ratio with its interval and p-value, as a paper prints it."""
    half = stats.norm.ppf(0.975) * se
    return {
        "estimate": np.exp(log), "ci_low": np.exp(log - half), "ci_high": np.exp(log + half),
        "p": 2 * stats.norm.sf(abs(log) / se),
    }  # fmt: skip


def _two_by_two(seed):
    rng = np.random.default_rng(seed)
    n1 = int(rng.integers(20, 90))
    n2 = round(n1 * rng.uniform(0.75, 1.3))
    events1, events2 = 1 + rng.binomial(n1 - 2, 0.3), 1 + rng.binomial(n2 - 2, 0.5)
    a, b, c, d = events1, n1 - events1, events2, n2 - events2
    phi = (a * d - b * c) / np.sqrt(n1 * n2 * (a + c) * (b + d))
    return {
        "events1": events1, "n1": n1, "nonevents1": n1 - events1, "percent1": f"{100 * events1 / n1:.1f}",
        "events2": events2, "n2": n2, "nonevents2": n2 - events2, "percent2": f"{100 * events2 / n2:.1f}",
        "n_total": n1 + n2, "events": events1 + events2, "phi": f"{phi:.3f}",
        "odds_ratio": f"{a * d / (b * c):.3f}", "risk_ratio": f"{a / n1 / (c / n2):.3f}",
        "risk_difference": f"{a / n1 - c / n2:.4f}",
    }  # fmt: skip


def counts(seed):
    facts = _two_by_two(seed)
    events1, n1, events2, n2 = (facts[name] for name in ("events1", "n1", "events2", "n2"))
    log, se = (
        np.log(events1 / n1 / (events2 / n2)),
        np.sqrt(1 / events1 - 1 / n1 + 1 / events2 - 1 / n2),
    )
    return facts | _printed_ratio(log, se)


def odds(seed):
    facts = _two_by_two(seed)
    a, b, c, d = (facts[name] for name in ("events1", "nonevents1", "events2", "nonevents2"))
    return facts | _printed_ratio(np.log(a * d / (b * c)), np.sqrt(1 / a + 1 / b + 1 / c + 1 / d))


def two_rates(seed):
    rng = np.random.default_rng(seed)
    events1, events2 = int(rng.integers(3, 40)), int(rng.integers(3, 40))
    time1, time2 = rng.uniform(100, 900), rng.uniform(100, 900)
    return {"events1": events1, "time1": time1, "events2": events2, "time2": time2}


def rate_ratio(seed):
    facts = two_rates(seed)
    events1, time1, events2, time2 = facts.values()
    log = np.log(events1 / time1 / (events2 / time2))
    return facts | _printed_ratio(log, np.sqrt(1 / events1 + 1 / events2))


def hazard_ratio(seed):
    rng = np.random.default_rng(seed)
    return _printed_ratio(rng.normal(-0.3, 0.3), rng.uniform(0.1, 0.4))


def proportion(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 90))
    events = 1 + rng.binomial(n - 2, 0.3)
    return {"events": events, "n": n, "nonevents": n - events, "percent": f"{100 * events / n:.1f}"}


def rate(seed):
    rng = np.random.default_rng(seed)
    return {"events": int(rng.integers(3, 40)), "time": rng.uniform(100, 900)}


def single_arm(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(20, 4, int(rng.integers(8, 60)))
    facts = {}
    _arm(values, "", facts)
    normal_quantiles(facts, "", values.size, values.mean(), values.std(ddof=1))
    facts |= {"q1": facts.pop("q1_"), "q3": facts.pop("q3_")}
    return facts


def correlation(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(10, 80))
    x = rng.normal(size=n)
    found = stats.pearsonr(x, 0.5 * x + rng.normal(size=n))
    r = found.statistic
    return {
        "r": r, "n": n, "df": n - 2, "t": r * np.sqrt((n - 2) / (1 - r**2)), "p": found.pvalue,
        "direction": "higher" if r > 0 else "lower",
    }  # fmt: skip


DESIGNS = {
    "parallel": (parallel, ("SMD", "MD", "ROM", "SMDH", "D2OR", "CVR")),
    "cluster": (cluster, ("SMD", "MD", "ROM")),
    "crossover": (crossover, ("SMD", "MD", "ROM")),
    "before-after": (before_after, ("MC", "SMCC", "SMCR", "ROMC")),
    "changes": (changes, ("MD", "SMD")),
    "counts": (counts, ("RR",)),
    "odds": (odds, ("OR",)),
    "tables": (_two_by_two, ("RD", "AS", "PETO")),
    "two rates": (two_rates, ("IRD",)),
    "rate ratio": (rate_ratio, ("IRR",)),
    "hazard ratio": (hazard_ratio, ("HR",)),
    "proportion": (proportion, ("PLO", "PR", "PFT")),
    "rate": (rate, ("IRLN", "IR")),
    "single arm": (single_arm, ("MN", "MNLN", "SMN")),
    "correlation": (correlation, ("ZCOR", "COR")),
}

"""Every rule of the registry against raw data: it gives what NumPy and SciPy find there."""

import numpy as np
import pytest
from scipy import stats

from meta.recovery.assumptions import ASSUMPTIONS
from meta.recovery.rules import FAMILIES, RULES
from meta.recovery.rules.centres import quartile_width, range_width


def scaled(values, mean, sd):
    """A sample with exactly this mean and SD."""
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


def of_arm(values, arm):
    n, mean, sd = values.size, values.mean(), values.std(ddof=1)
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=stats.sem(values))
    underscore = f"_{arm}" if arm else ""
    iqr, width = quartile_width(np.array(float(n))) * sd, range_width(np.array(float(n))) * sd
    return {
        f"n{arm}": n, f"mean{arm}": mean, f"sd{arm}": sd, f"se{arm}": stats.sem(values),
        f"ci_low{arm}": low, f"ci_high{arm}": high, f"median{arm}": mean, f"q1{underscore}": mean - iqr / 2,
        f"q3{underscore}": mean + iqr / 2, f"minimum{arm}": mean - width / 2,
        f"maximum{arm}": mean + width / 2,
    }  # fmt: skip


def of_test(difference, se, t, df, p):
    half = stats.t.ppf(0.975, df) * se
    return {
        "md": difference, "se_md": se, "se_printed": se, "ci_low_md": difference - half,
        "ci_high_md": difference + half, "t": t, "t_printed": t, "abs_t": abs(t), "f": t**2, "df": df, "p": p,
        "p_signed": np.sign(t) * p, "p_below": p, "direction": np.sign(t), "sign": np.sign(t),
        "eta_squared": t**2 / (t**2 + df), "f_explained": t**2, "level": 0.95,
    }  # fmt: skip


def two_means(equal_sds=False):
    rng = np.random.default_rng(4)
    one, two = (
        scaled(rng.normal(size=22), 12, 3.0),
        scaled(rng.normal(size=22), 10, 3.0 if equal_sds else 2.2),
    )
    test = stats.ttest_ind(one, two)
    # F of an analysis of variance is another way to the pooled variance
    pooled = np.sqrt(
        (((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum()) / (one.size + two.size - 2)
    )
    labels = np.r_[np.ones(one.size), np.zeros(two.size)]
    facts = of_arm(one, "1") | of_arm(two, "2") | {"n_total": one.size + two.size, "sd_pooled": pooled}
    md = one.mean() - two.mean()
    facts |= of_test(md, md / test.statistic, test.statistic, test.df, test.pvalue)
    facts |= {"d": md / pooled, "r_pb": np.corrcoef(np.r_[one, two], labels)[0, 1]}
    assert stats.f_oneway(one, two).statistic == pytest.approx(facts["f"])
    return facts


def people_twice(equal_sds=False):
    rng = np.random.default_rng(5)
    first, second = rng.multivariate_normal([12, 10], [[9, 6], [6, 9]], 30).T
    one, two = scaled(first, 12, 3.0), scaled(second, 10, 3.0 if equal_sds else 2.5)
    test = stats.ttest_rel(one, two)
    facts = of_arm(one, "1") | of_arm(two, "2")
    facts |= of_test((one - two).mean(), stats.sem(one - two), test.statistic, test.df, test.pvalue)
    single = np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / 2)
    r = np.corrcoef(one, two)[0, 1]
    return facts | {
        "n": one.size, "r": r, "r_within": r, "sd_difference": (one - two).std(ddof=1), "sd_single": single,
        "d_single": (one - two).mean() / single, "dz": (one - two).mean() / (one - two).std(ddof=1),
    }  # fmt: skip


def changes(equal_sds=False):
    rng = np.random.default_rng(6)
    facts, both = {"level": 0.95, "r": 0.6}, []
    for arm, gain in (("1", 3.0), ("2", 1.0)):
        # orthonormal columns give both groups exactly the same correlation, 0.6
        axes = np.linalg.qr(np.column_stack([np.ones(25), rng.normal(size=(25, 2))]))[0][:, 1:]
        before = scaled(axes[:, 0], 10, 3.0)
        after = scaled(0.6 * axes[:, 0] + 0.8 * axes[:, 1], 10 + gain, 3.0 if equal_sds else 3.4)
        change = after - before
        both.append(change)
        facts |= {
            f"n{arm}": 25, f"mean_pre{arm}": before.mean(), f"sd_pre{arm}": before.std(ddof=1),
            f"mean_post{arm}": after.mean(), f"sd_post{arm}": after.std(ddof=1),
            f"mean_change{arm}": change.mean(), f"sd_change{arm}": change.std(ddof=1),
            f"se_change{arm}": stats.sem(change), f"r{arm}": np.corrcoef(before, after)[0, 1],
            f"sd_raw{arm}": before.std(ddof=1), f"mean{arm}": after.mean(), f"sd{arm}": after.std(ddof=1),
            f"p_change{arm}": stats.ttest_rel(after, before).pvalue, f"direction_change{arm}": 1.0,
            f"sign_change{arm}": 1.0, f"dz{arm}": change.mean() / change.std(ddof=1),
            f"abs_dz{arm}": change.mean() / change.std(ddof=1),
        }  # fmt: skip
    test = stats.ttest_ind(*both)
    md = both[0].mean() - both[1].mean()
    facts |= of_test(md, md / test.statistic, test.statistic, test.df, test.pvalue) | {"n_total": 50}
    # an SD of 26 hundredths of the scale, as is assumed of soreness
    return facts | {"d_change": md / 3.0, "scale_low": 0.0, "scale_high": 100.0, "sd_borrowed": 26.0}


def with_another_test(facts, factor, df):
    """The same trial with a test whose standard error is another one."""
    t = facts["t"] / factor
    return facts | of_test(facts["md"], facts["se_md"] * factor, t, df, 2 * stats.t.sf(abs(t), df))


def adjusted():
    facts = with_another_test(two_means(), 1.0, 41)
    return facts | {"r2": 0.4, "d_adjusted": facts["d"] * np.sqrt(0.6)}


def clustered():
    facts = two_means() | {"cluster_size": 21.2, "icc": 0.02, "design_effect": 1.404}
    return with_another_test(facts, np.sqrt(1.404), 42)


def table(measure):
    a, n1, c, n2 = 11, 34, 2, 35
    chi2 = stats.chi2_contingency([[a, n1 - a], [c, n2 - c]], correction=False).statistic
    est = {"OR": a * (n2 - c) / (c * (n1 - a)), "RR": a / n1 / (c / n2), "RD": a / n1 - c / n2}[measure]
    return {
        "events1": a, "n1": n1, "nonevents1": n1 - a, "percent1": round(100 * a / n1, 1),
        "events2": c, "n2": n2, "nonevents2": n2 - c, "percent2": round(100 * c / n2, 1),
        "percent1_half": 0.05, "percent2_half": 0.05, "events_total": a + c, "n_total": n1 + n2,
        "chi2": round(chi2, 2), "chi2_half": 0.005,
        "phi": round(np.sqrt(chi2 / (n1 + n2)), 3), "phi_half": 0.0005,
        "direction": 1.0, "est": round(est, 3),
        "est_half": 0.0005, "level": 0.95,
        "odds_ratio": 7.891, "risk_ratio": 5.662, "risk_difference": 0.266,
        "odds_ratio_half": 0.0005, "risk_ratio_half": 0.0005, "risk_difference_half": 0.0005,
    }  # fmt: skip


def share():
    return {"events": 37, "n": 43, "nonevents": 6, "percent": 86.0, "percent_half": 0.05, "level": 0.95}


def correlation():
    rng = np.random.default_rng(7)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    found, line = stats.pearsonr(x, y), stats.linregress(x, y)
    t = line.slope / line.stderr
    facts = of_test(1.0, 1.0, t, 38, found.pvalue)
    return facts | {"r": found.statistic, "abs_r": abs(found.statistic), "n": 40, "est": found.statistic}


TRUTHS = {
    ("two means", ()): two_means(),
    ("two means", ("equal",)): two_means(equal_sds=True),
    ("two means", ("change",)): changes(),
    ("two means", ("change", "equal")): changes(equal_sds=True),
    ("two means", ("adjusted", "covariate")): adjusted(),
    ("two means", ("clustered", "inflate")): clustered(),
    ("two means", ("final",)): changes(),
    ("crossover", ()): people_twice(),
    ("crossover", ("equal",)): people_twice(equal_sds=True),
    ("paired", ()): people_twice(),
    ("mean", ()): of_arm(scaled(np.random.default_rng(8).normal(size=30), 20, 4), "") | {"level": 0.95},
    ("2x2", ("odds_ratio",)): table("OR"),
    ("2x2", ("risk_ratio",)): table("RR"),
    ("2x2", ("risk_difference",)): table("RD"),
    ("proportion", ()): share(),
    ("correlation", ()): correlation(),
}
NEEDS_EQUAL_SDS = {"sd-ratio", "other-sd", "same-sds"}
NORMAL = {
    "standard error of the difference from its normal interval": lambda f: (
        f["se_md"] * stats.t.ppf(0.975, f["df"]) / stats.norm.ppf(0.975)
    ),
    "standard error of the difference from a normal p": lambda f: abs(f["md"]) / stats.norm.isf(f["p"] / 2),
    # of two SDs kept apart (Welch), not of the pooled one
    "standard error of the difference from both SDs": lambda f: (
        1.0
        / stats.ttest_ind_from_stats(1, f["sd1"], f["n1"], 0, f["sd2"], f["n2"], equal_var=False).statistic
    ),
}
"""Rules whose value is not that of the trial's own test, and what it is by other means."""
SUPPLIES = {name for rule in RULES for name in [rule.name] if not rule.needs}


def cases():
    for rule in RULES:
        for (setting, flags), facts in TRUTHS.items():
            equal, kept = "equal" in flags, frozenset(flags) - {"equal"}
            if (
                not rule.holds(setting, kept)
                or not {*rule.needs, *rule.gives} <= facts.keys()
                or not rule.needs
            ):
                continue
            if "equal-split" in rule.assumes and facts["n1"] != facts["n2"]:
                continue
            if bool(NEEDS_EQUAL_SDS.intersection(rule.assumes)) and not equal:
                continue
            yield pytest.param(rule, facts, id=f"{rule.name} ({setting} {' '.join(flags)})")


@pytest.mark.parametrize(("rule", "facts"), list(cases()))
def test_a_rule_gives_what_the_raw_data_have(rule, facts):
    given = [np.asarray(float(facts[name])) for name in rule.needs]
    valued = [ASSUMPTIONS[name].value for name in rule.assumes if ASSUMPTIONS[name].value is not None]
    found = rule.function(*given, *valued[:1])
    results = found if len(rule.gives) > 1 else (found,)
    for name, value in zip(rule.gives, results, strict=True):
        right = NORMAL[rule.name](facts) if rule.name in NORMAL else facts[name]
        assert float(value) == pytest.approx(right, rel=1e-9), name


def test_every_rule_was_tried():
    tried = {case.values[0].name for case in cases()}
    assert {rule.name for rule in RULES} - tried == SUPPLIES


def test_rules_that_supply_a_value_assume_it():
    for rule in RULES:
        if not rule.needs:
            assert ASSUMPTIONS[rule.assumes[0]].value is not None, rule.name


def test_names_are_unique_and_sources_have_a_doi():
    names = [rule.name for rule in RULES]
    doubles = {name for name in names if names.count(name) > 1}
    assert not doubles
    for rule in RULES:
        citation, doi = rule.reference
        assert citation, rule.name
        assert doi.startswith("10."), rule.name
        assert rule.formula, rule.name
    assert sum(map(len, FAMILIES.values())) == len(RULES) > 100


@pytest.mark.parametrize("item", ASSUMPTIONS.values(), ids=ASSUMPTIONS)
def test_assumptions_with_a_value_have_a_range_around_it(item):
    if item.value is not None:
        assert item.low < item.value < item.high
    assert item.tier in "BC"

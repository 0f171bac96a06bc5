"""Intervals of variances and correlations: nested and equivalent models, metafor, and Q by its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import meta
from meta.errors import InputError, NotEstimableError, UnknownOptionError, quiet

BERKEY = meta.datasets.load("berkey1998")
V = np.kron(np.eye(5), np.ones((2, 2))) * np.sqrt(np.outer(BERKEY["vi"], BERKEY["vi"])) * 0.4
np.fill_diagonal(V, BERKEY["vi"])
KONSTANTOPOULOS = meta.datasets.load("konstantopoulos2011")


def berkey(struct="UN", **options):
    return meta.pool_multilevel(
        BERKEY, random="~ outcome | trial", V=V, moderators="~ 0 + outcome", struct=struct, **options
    )


def test_unstructured_profiles_are_those_of_metafor():
    """confint() and the profile at fixed correlations of metafor 3.8-1, rma.mv(struct="UN")."""
    fit = berkey()
    table = fit.component_intervals()
    expected = [[0.0095, 0.2073], [0.0001, 0.1141], [-0.6078, 1.0]]
    np.testing.assert_allclose(table[["ci_low", "ci_high"]], expected, atol=6e-5)
    np.testing.assert_allclose(
        fit.profile("rho[AL, PD]", [0.9, 0.0, -0.55, -0.6]),
        [3.201577839, 3.187610632, 1.957279634, 1.763156975],
        atol=1e-7,
    )
    # R stops at 1.27939, but without a variance of PD the correlation has no say
    assert fit.profile("rho[AL, PD]", [-0.7])[0] == pytest.approx(fit.profile("tau2[PD]", [0.0])[0], abs=1e-7)


def test_two_outcomes_have_one_correlation_under_either_structure():
    a, b = berkey().component_intervals(), berkey("HCS").component_intervals()
    np.testing.assert_allclose(a[["ci_low", "ci_high"]], b[["ci_low", "ci_high"]], rtol=1e-5, atol=1e-7)


def slopes(unit):
    rng = np.random.default_rng(5)
    study = np.repeat(np.arange(12), 4)
    dose = rng.uniform(0, 3, 48)
    u = rng.multivariate_normal([0, 0], [[0.3, 0.15], [0.15, 0.2]], 12)
    y = u[study, 0] + u[study, 1] * dose + rng.normal(0, 0.2, 48)
    table = pd.DataFrame({"study": study, "dose": dose * unit, "yi": y, "vi": np.full(48, 0.04)})
    return meta.pool_multilevel(table, random="~ dose | study", moderators="~ dose")


def test_the_correlation_of_slopes_has_no_unit():
    ends = [slopes(unit).component_interval("rho[Intercept, dose]") for unit in (1.0, 1000.0)]
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-5)
    assert -1 < ends[0].low < slopes(1.0).components["estimate"].iloc[2] <= ends[0].high <= 1


def three_outcomes():
    rng = np.random.default_rng(2)
    u = rng.multivariate_normal(np.zeros(3), [[0.3, 0.2, 0], [0.2, 0.3, 0.1], [0, 0.1, 0.3]], 10)
    table = pd.DataFrame({"study": np.repeat(np.arange(10), 3), "outcome": list("abc") * 10})
    return table.assign(yi=(u + rng.normal(0, 0.2, (10, 3))).ravel(), vi=0.04)


def test_a_pair_of_three_outcomes_wherever_it_stands():
    table = three_outcomes()
    other = table.assign(outcome=table["outcome"].map({"a": "z", "b": "y", "c": "x"}))
    found = []
    for data, (a, b) in ((table, "ac"), (other, "xz")):
        fit = meta.pool_multilevel(data, random="~ outcome | study", moderators="~ 0 + outcome")
        name = f"rho[{a}, {b}]"
        value = fit.components.set_index("parameter").loc[name, "estimate"]
        found.append(fit.component_interval(name))
        assert found[-1].low < value < found[-1].high
        drop = 2 * (fit.loglik - fit.profile(name, [*found[-1], value]))
        np.testing.assert_allclose(drop, [chi2.ppf(0.95, 1)] * 2 + [0], atol=1e-4)
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_one_group_an_effect_gives_the_univariate_intervals():
    one = meta.pool(KONSTANTOPOULOS)
    fit = meta.pool_multilevel(KONSTANTOPOULOS, random="~ 1 | effect")
    for kind in ("QP", "PL"):
        np.testing.assert_allclose(fit.component_interval(0, kind=kind), one.tau2_interval(kind), rtol=1e-7)


def q_of(y, X, M):
    W = np.linalg.inv(M)
    P = W - W @ X @ np.linalg.pinv(X.T @ W @ X) @ X.T @ W
    return y @ P @ y


@pytest.mark.parametrize("at", [0, 1])
def test_q_profile_ends_by_the_definition(at):
    fit = meta.pool_multilevel(KONSTANTOPOULOS, levels=["district", "school"], moderators="~ year")
    Z = [(g[:, None] == np.unique(g)).astype(float) for g in fit.groups]
    wide = np.column_stack([fit.X, Z[at]])
    df = np.linalg.matrix_rank(wide) - 2
    assert df == (10, 54)[at]  # year differs within one of the 11 districts
    for end, tail in zip(fit.component_interval(at, kind="QP"), (0.025, 0.975), strict=True):
        sigma2 = np.array(fit.sigma2)
        sigma2[at] = end
        M = fit.S + sum(s * z @ z.T for s, z in zip(sigma2, Z, strict=True))
        q = q_of(fit.yi, fit.X, M) - (q_of(fit.yi, wide, M) if at == 0 else 0.0)
        assert chi2.sf(q, df) == pytest.approx(tail, abs=1e-6)


def test_q_profile_of_an_outcome_rests_on_its_own_effects():
    rows = BERKEY[BERKEY["outcome"] == "AL"]
    alone = meta.pool(rows).tau2_interval("QP")
    for struct in ("UN", "HCS"):
        np.testing.assert_allclose(berkey(struct).component_interval("tau2[AL]", kind="QP"), alone, rtol=1e-6)
    table = berkey().component_intervals(kind="QP")
    assert np.isnan(table["ci_low"].iloc[2])
    # without correlations the sampling covariances of both outcomes count
    assert berkey("DIAG").component_interval("tau2[AL]", kind="QP").low != pytest.approx(alone.low, rel=1e-3)


def test_given_variances_and_correlations_of_nothing_have_no_interval():
    fit = meta.pool_multilevel(KONSTANTOPOULOS, random="~ 1 | district/school", fixed={"district": 0.05})
    for kind in ("PL", "QP"):
        table = fit.component_intervals(kind=kind)
        assert table["ci_low"].isna().tolist() == [True, False]
        with pytest.raises(NotEstimableError, match="was given"):
            fit.component_interval("district", kind=kind)
    with pytest.raises(NotEstimableError, match="kind='PL'"):
        berkey().component_interval("rho[AL, PD]", kind="QP")
    with pytest.raises(NotEstimableError, match="kind='PL'"):
        slopes(1.0).component_interval("tau2[dose]", kind="QP")
    with pytest.raises(UnknownOptionError, match="QP"):
        fit.component_interval(1, kind="BJ")
    with pytest.raises(InputError):
        fit.component_interval(1, level=95)
    flat = three_outcomes().assign(yi=lambda d: d["yi"].where(d["outcome"] != "a", 0.1))
    with quiet():
        flat = meta.pool_multilevel(flat, random="~ outcome | study", moderators="~ 0 + outcome")
    assert flat.component_intervals()["ci_low"].isna().sum() == 2

"""The same number by two routes that share no code: closed forms, root finders, optimisers, integrals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import integrate, optimize, stats

import meta
from meta import bias
from meta.bayes.batch import batch
from meta.errors import quiet
from tests.properties.changes import Effects, examples
from tests.properties.count_engines import NAMES, example
from tests.properties.draws import COMMON, studies

QUICK, LONG = settings(max_examples=5, **COMMON), settings(max_examples=300, **COMMON)


def weighted(y, v, tau2):
    """Mean, sum of weights and Q at ``tau2``."""
    w = 1 / (v + tau2)
    mean = (w * y).sum() / w.sum()
    return mean, w.sum(), (w * (y - mean) ** 2).sum()


def by_moments(y, v) -> dict[str, float]:
    """Closed forms, from their papers, before truncation at zero."""
    k, w = y.size, 1 / v
    spread, q = y.var(ddof=1), weighted(y, v, 0)[2]
    start = y.var()
    ratio = v / start + 1
    centre = (y / ratio).sum() / (1 / ratio).sum()
    return {
        "DL": (q - (k - 1)) / (w.sum() - (w**2).sum() / w.sum()),  # doi:10.1016/0197-2456(86)90046-2
        "HE": spread - v.mean(),  # Hedges & Olkin 1985
        "HS": (q - k) / w.sum(),  # doi:10.3102/10769986030003261
        "SJ": ((y - centre) ** 2 / ratio).sum() / (k - 1),  # doi:10.1111/j.1467-9876.2005.00489.x
    }


def by_root(y, v, target: float) -> float:
    """Where the generalised Q falls to ``target``."""
    if weighted(y, v, 0)[2] <= target:
        return 0.0
    return optimize.brentq(lambda t: weighted(y, v, t)[2] - target, 0, 1e4, xtol=1e-14)


def likelihood(y, X, cov, restricted: bool) -> float:
    """Log-likelihood of a linear model with this covariance, by dense matrices."""
    inverse = np.linalg.inv(cov)
    information = X.T @ inverse @ X
    gap = y - X @ np.linalg.solve(information, X.T @ inverse @ y)
    value = -0.5 * (np.linalg.slogdet(cov)[1] + gap @ inverse @ gap)
    return value - 0.5 * np.linalg.slogdet(information)[1] if restricted else value


def by_scan(f) -> float:
    """The highest point of a function of tau2, from a scan that is refined."""
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 30, 300)])
    best = int(np.argmax([f(t) for t in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    found = optimize.minimize_scalar(
        lambda t: -f(t), bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    return 0.0 if f(0.0) >= -found.fun else float(found.x)


def tau2(data: Effects, method: str) -> float:
    with quiet():
        return meta.pool(data.sizes(), method=method, test="z").tau2


def closed_forms(data: Effects) -> None:
    """DL, HE, HS and SJ from their formulas; PM, PMM and the ends of Q-profile by a root finder."""
    for method, value in by_moments(data.y, data.v).items():
        assert tau2(data, method) == pytest.approx(max(value, 0), abs=1e-12, rel=1e-10), method
    k = data.k
    roots = {"PM": k - 1, "PMM": stats.chi2(k - 1).median()}
    for method, target in roots.items():
        assert tau2(data, method) == pytest.approx(by_root(data.y, data.v, target), abs=1e-9), method
    with quiet():
        low, high = meta.pool(data.sizes()).tau2_interval("QP")
    for end, level in ((low, 0.975), (high, 0.025)):
        want = by_root(data.y, data.v, stats.chi2(k - 1).ppf(level))
        assert end == pytest.approx(want, abs=1e-8, rel=1e-8)


def maxima(data: Effects) -> None:
    """ML and REML, without and with a moderator, against a scan of the likelihood by dense matrices."""
    ones = np.ones((data.k, 1))
    for method in ("ML", "REML"):

        def height(t, X=ones, restricted=method == "REML"):
            return likelihood(data.y, X, np.diag(data.v + t), restricted)

        found, scanned = tau2(data, method), by_scan(height)
        assert height(found) >= height(scanned) - 1e-9
        assert found == pytest.approx(scanned, abs=1e-4, rel=1e-4), method
        X = np.column_stack([ones, data.x])
        with quiet():
            found = meta.regress(data.sizes(), "~ x", method=method, test="z").tau2
        scanned = by_scan(lambda t, X=X, height=height: height(t, X))
        assert height(found, X) >= height(scanned, X) - 1e-9
        assert found == pytest.approx(scanned, abs=1e-4, rel=1e-4), method


def posteriors(data: Effects) -> None:
    """Posterior means and evidence, one at a time and in a batch, against plain integrals over tau."""
    m0, s0, prior = 0.25, 1.0, meta.HalfNormal(0.5)

    def at(t):
        mean, total, _ = weighted(data.y, data.v, t * t)
        precision = total + s0**-2
        cov = np.diag(data.v + t * t) + s0**2
        density = np.exp(stats.multivariate_normal(np.full(data.k, m0), cov).logpdf(data.y) + shift)
        return np.array([1.0, (total * mean + m0 / s0**2) / precision, t]) * density * np.exp(prior.logpdf(t))

    shift = -stats.multivariate_normal(np.full(data.k, m0), np.diag(data.v + 0.1) + s0**2).logpdf(data.y)
    area, mean, tau = integrate.quad_vec(at, 0, 6, epsrel=1e-11)[0]
    with quiet():
        post = meta.bayes(data.sizes(), effect=meta.Normal(m0, s0), tau=prior)
        one = batch(data.y, data.v, effect=meta.Normal(m0, s0), tau=prior)
    for got in (post.estimate, one.estimate[0]):
        assert got == pytest.approx(mean / area, abs=1e-8)
    for got in (post.tau.mean, one.tau_mean[0]):
        assert got == pytest.approx(tau / area, abs=1e-8)
    for got in (post.log_evidence, one.log_evidence[0]):
        assert got == pytest.approx(np.log(area) - shift, abs=1e-8)


def reductions(data: Effects) -> None:
    """One level, no selection, a batch of one: the pooled fit. A tau2 for each group: two fits. Bayesian
    regression on a constant: the Bayesian mean.
    """
    with quiet():
        groups = meta.subgroups(data.sizes(), by="half", method="ML", test="z")
        pooled = meta.pool(data.sizes(), method="ML", test="z")
        scaled = meta.regress(
            data.sizes(), "~ 0 + C(half)", scale="~ 0 + C(half)", method="ML", test="z", link="identity"
        )
        single = meta.pool_multilevel(data.sizes(), levels="effect", method="ML")
        free = bias.selection_model(data.sizes(), weights=(1.0, 1.0))
        flat = meta.bayes(
            data.sizes(), moderators=np.ones(data.k), effect=[meta.Normal(0, 1)], tau=meta.HalfNormal(0.5)
        )
        plain = meta.bayes(data.sizes(), effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
        many = meta.pool_many(data.y[:, None], data.v[:, None], method="ML", test="z")
    separate = [groups[g] for g in sorted(groups.groups)]
    np.testing.assert_allclose(scaled.beta, [fit.estimate for fit in separate], atol=1e-4)
    np.testing.assert_allclose(scaled.alpha, [fit.tau2 for fit in separate], atol=1e-4)
    assert scaled.loglik == pytest.approx(sum(fit.loglik for fit in separate), abs=1e-6)
    for other in (single, free, many):
        assert float(np.ravel(other.estimate)[0]) == pytest.approx(pooled.estimate, abs=1e-5)
        assert float(np.ravel(other.tau2 if other is not single else other.sigma2)[0]) == pytest.approx(
            pooled.tau2, abs=1e-5
        )
    mean = flat.distribution(flat.terms[0]).mean
    assert mean == pytest.approx(plain.estimate, abs=1e-7)


def common_heterogeneity(data: Effects) -> None:
    """Subgroups with a common tau2 are the regression on the grouping, and its omnibus test."""
    with quiet():
        groups = meta.subgroups(data.sizes(), by="half", common_tau2=True, test="z")
        means = meta.regress(data.sizes(), "~ 0 + C(half)", test="z")
        difference = meta.regress(data.sizes(), "~ half", test="z")
    np.testing.assert_allclose(means.beta, [groups[g].estimate for g in sorted(groups.groups)], atol=1e-7)
    assert groups.common_tau2 == pytest.approx(difference.tau2, abs=1e-7)
    assert groups.random.q == pytest.approx(difference.qm, abs=1e-7, rel=1e-6)


def least_squares(data: Effects) -> None:
    """Egger's test is the regression of z on precision; PET its line, PEESE the one on the variance."""
    with quiet():
        egger, both, begg = bias.egger(data.sizes()), bias.pet_peese(data.sizes()), bias.begg(data.sizes())
        fit = meta.pool(data.sizes(), method="EE", test="z")
    se = np.sqrt(data.v)
    line = stats.linregress(1 / se, data.y / se)
    assert (egger.slope, egger.limit) == pytest.approx((line.intercept, line.slope), rel=1e-7, abs=1e-9)
    assert egger.p_value == pytest.approx(
        2 * stats.t(data.k - 2).sf(abs(line.intercept / line.intercept_stderr))
    )
    assert both.pet.estimate == pytest.approx(line.slope, rel=1e-7, abs=1e-9)
    X = np.column_stack([1 / se, se])
    assert both.peese.estimate == pytest.approx(np.linalg.lstsq(X, data.y / se)[0][0], rel=1e-7, abs=1e-9)
    deviate = (data.y - fit.estimate) / np.sqrt(data.v - 1 / (1 / data.v).sum())
    assert begg.tau == pytest.approx(stats.kendalltau(deviate, data.v).statistic, abs=1e-12)


ROUTES = [closed_forms, maxima, posteriors, reductions, common_heterogeneity, least_squares]


@pytest.mark.parametrize("route", ROUTES)
@QUICK
@given(data=studies())
def test_two_routes_agree(route, data):
    route(data)


@pytest.mark.long
@pytest.mark.parametrize("route", ROUTES)
@LONG
@given(data=studies())
def test_two_routes_agree_for_many_more_studies(route, data):
    route(data)


def test_several_levels_by_dense_matrices_and_a_simplex():
    """Three levels with correlated sampling errors, by REML."""
    data = examples()[1]
    fit = meta.pool_multilevel(data.sizes(), levels=["group", "effect"], rho=0.5)
    same = data.group[:, None] == data.group[None, :]
    V = np.sqrt(np.outer(data.v, data.v)) * np.where(np.eye(data.k, dtype=bool), 1.0, 0.5 * same)

    def loss(s):
        return -likelihood(
            data.y, np.ones((data.k, 1)), V + s[0] ** 2 * same + s[1] ** 2 * np.eye(data.k), True
        )

    starts = [(0.3, 0.3), (0.0, 0.8), (0.8, 0.0)]
    found = min(
        (
            optimize.minimize(loss, s, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
            for s in starts
        ),
        key=lambda result: result.fun,
    )
    np.testing.assert_allclose(fit.sigma2, found.x**2, atol=1e-5)


def test_conditional_model_of_odds_by_exact_probabilities():
    """Noncentral hypergeometric probabilities of scipy, a normal effect by brute force, a simplex search."""
    data = example()
    events = data.a + data.c
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()

    def loss(parameters):
        effects = np.exp(parameters[0] + parameters[1] * nodes)
        rows = zip(data.a, data.n1, events, data.n1 + data.n2, strict=True)
        return -sum(
            np.log(weights @ stats.nchypergeom_fisher(total, n1, m, effects).pmf(a))
            for a, n1, m, total in rows
        )

    found = optimize.minimize(loss, (-0.3, 0.2), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9})
    fit = meta.pool_counts(measure="OR", method="GLMM", model="CM.EL", **data.named(NAMES))
    assert (fit.estimate, fit.tau2) == pytest.approx((found.x[0], found.x[1] ** 2), abs=2e-4)
    assert fit.loglik == pytest.approx(-found.fun, abs=1e-6)

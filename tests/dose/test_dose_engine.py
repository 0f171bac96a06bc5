"""The engines against direct computation: whole covariances, general optimisers, other coordinates."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import meta
from meta.kernels.dose import bands, bases, greenland_longnecker, hamling, two_stage
from meta.kernels.kenward_roger import kenward_roger
from meta.kernels.regression_inference import kenward_roger as of_one_variance
from tests.dose.dose_tables import alcohol, alcohol_curve, breast_curve, simulated

KINDS = ["full", "diagonal", "proportional", "additive"]


def curve(seed, **options):
    return meta.dose_response(simulated(seed), measure="MD", **options)


def marginal(fit, psi):
    """The whole covariance of all effects, written out."""
    M = fit.es.covariance.copy()
    x, x0 = fit.dose, fit.origin
    for i, j in itertools.product(range(fit.k), repeat=2):
        if fit.es.study[i] != fit.es.study[j]:
            continue
        if fit.heterogeneity == "proportional":
            M[i, j] += psi[0, 0] * (x[i] - x0[i]) * (x[j] - x0[j])
        elif fit.heterogeneity == "additive":
            M[i, j] += psi[0, 0] * (1.0 if i == j else 0.5)
        else:
            M[i, j] += fit.X[i] @ psi @ fit.X[j]
    return M


def likelihood(fit, psi, restricted):
    M, X, y = marginal(fit, psi), fit.X, fit.es.yi
    W = np.linalg.inv(M)
    beta = np.linalg.solve(X.T @ W @ X, X.T @ W @ y)
    out = multivariate_normal(X @ beta, M).logpdf(y)
    if restricted:
        out += 0.5 * fit.p * np.log(2 * np.pi)
        out += 0.5 * (np.linalg.slogdet(X.T @ X)[1] - np.linalg.slogdet(X.T @ W @ X)[1])
    return out, beta, np.linalg.inv(X.T @ W @ X)


def psi_of(fit, phi, size):
    if fit.heterogeneity in ("proportional", "additive"):
        return np.array([[phi[0] ** 2]]) * size[0] ** 2
    if fit.heterogeneity == "diagonal":
        return np.diag(phi**2) * np.outer(size, size)
    L = np.zeros((fit.p, fit.p))
    L[np.tril_indices(fit.p)] = phi
    return L @ L.T * np.outer(size, size)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_general_optimiser_finds_nothing_better(kind, method, seed):
    fit = curve(seed, shape="quadratic", heterogeneity=kind, method=method)
    value, beta, vcov = likelihood(fit, fit.psi, method == "REML")
    assert fit.converged
    assert fit.loglik == pytest.approx(value, abs=1e-8)
    np.testing.assert_allclose(fit.beta, beta, rtol=1e-7)
    np.testing.assert_allclose(fit.vcov, vcov, rtol=1e-6)
    size = np.array([1.0, 0.25]) if kind in ("full", "diagonal") else np.array([1.0])
    rng = np.random.default_rng(seed)
    count = {"full": 3, "diagonal": 2}.get(kind, 1)
    for _ in range(6):
        start = rng.normal(0, rng.choice([0.1, 1.0]), count)
        found = minimize(
            lambda phi: -likelihood(fit, psi_of(fit, phi, size), method == "REML")[0], start, method="BFGS"
        )
        assert -found.fun <= fit.loglik + 1e-7


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("shape", ["linear", "quadratic", "rcs"])
@pytest.mark.parametrize("kind", ["full", "diagonal", "none"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_two_stages_agree_with_one_where_every_trial_has_its_curve(seed, shape, kind, method):
    options = {"shape": shape, "heterogeneity": kind, "method": method}
    one, two = (curve(seed, stage=stage, **options) for stage in ("one", "two"))
    np.testing.assert_allclose(one.beta, two.beta, rtol=1e-6)
    np.testing.assert_allclose(one.vcov, two.vcov, rtol=1e-5)
    size = np.abs(one.psi).max() if kind != "none" else 1.0
    np.testing.assert_allclose(one.psi, two.psi, atol=1e-5 * size)
    assert one.q == two.q


def test_log_likelihoods_of_the_stages_differ_by_a_constant():
    gaps = [
        curve(3, shape="quadratic", heterogeneity=kind, stage="one").loglik
        - curve(3, shape="quadratic", heterogeneity=kind, stage="two").loglik
        for kind in ("full", "diagonal", "none")
    ]
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-9)


def test_q_is_that_of_the_trials_own_curves():
    fit = curve(4, shape="quadratic")
    b, W = [], []
    for rows in fit.trials.rows:
        S, X = fit.es.covariance[rows, rows], fit.X[rows]
        W.append(X.T @ np.linalg.inv(S) @ X)
        b.append(np.linalg.solve(W[-1], X.T @ np.linalg.inv(S) @ fit.es.yi[rows]))
    mean = np.linalg.solve(sum(W), sum(w @ x for w, x in zip(W, b, strict=True)))
    wanted = sum((x - mean) @ w @ (x - mean) for w, x in zip(W, b, strict=True))
    assert fit.q == pytest.approx(wanted, rel=1e-9)
    assert fit.q_df == 10


def test_moments_meet_their_expectation():
    """Before it is cut, the estimate is where the matrix of squares equals its expectation."""
    rng = np.random.default_rng(1)
    m, p = 9, 2
    V = np.array([np.diag(rng.uniform(0.05, 0.2, p)) + 0.03 for _ in range(m)])
    b = rng.multivariate_normal([1.0, 2.0], [[1.0, 0.3], [0.3, 2.0]], m)
    psi = two_stage.moments(two_stage.FirstStage(b, V))
    assert np.linalg.eigvalsh(psi)[0] > 0
    W = np.linalg.inv(V)
    U = np.linalg.inv(W.sum(axis=0))
    mean = U @ np.einsum("mij,mj->i", W, b)
    seen = sum(w @ np.outer(x - mean, x - mean) for w, x in zip(W, b, strict=True))
    expected = np.zeros((p, p))
    for i, k in itertools.product(range(m), repeat=2):
        D = (i == k) * np.eye(p) - U @ W[k]
        expected += W[i] @ D @ (V[k] + psi) @ D.T
    # psi is made symmetric, and so is what is compared
    np.testing.assert_allclose(np.trace(seen), np.trace(expected), rtol=0.02)


def test_moments_of_one_term_are_those_of_dersimonian_and_laird():
    fit = curve(5, shape="linear", stage="two", method="MM")
    first = two_stage.first_stage(fit.trials)
    yi, vi = first.b[:, 0] / fit.trials.scale, first.V[:, 0, 0] / fit.trials.scale**2
    pooled = meta.pool(yi=yi, vi=vi, method="DL", test="z")
    assert fit.psi[0, 0] == pytest.approx(pooled.tau2, rel=1e-9)
    assert fit.estimate == pytest.approx(pooled.estimate, rel=1e-9)


def test_a_linear_curve_through_the_origin_is_a_multilevel_model_with_random_slopes():
    table = alcohol()
    fit = alcohol_curve(shape="linear")
    es = meta.EffectSizes(
        fit.es.yi, fit.es.vi, "GEN", fit.es.study, columns={"dose": fit.dose, "id": fit.es.study}
    )
    other = meta.pool_multilevel(
        es, moderators="~ 0 + dose", random="~ 0 + dose | id", V=fit.es.covariance, method="REML"
    )
    assert len(table) == fit.k + fit.n_trials
    assert fit.estimate == pytest.approx(other.estimate, rel=1e-6)
    assert fit.se == pytest.approx(other.se, rel=1e-6)
    assert fit.loglik == pytest.approx(other.loglik, abs=1e-7)


@pytest.mark.parametrize("unit", [1000.0, 0.001])
@pytest.mark.parametrize("shape", ["quadratic", "rcs"])
def test_the_unit_of_the_dose_changes_no_effect(unit, shape):
    table = simulated(7)
    fit = meta.dose_response(table, measure="MD", shape=shape)
    other = meta.dose_response({**table, "dose": unit * np.array(table["dose"])}, measure="MD", shape=shape)
    np.testing.assert_allclose(
        other.predict(unit * np.array([1.0, 3.0]))["ci_low"], fit.predict([1.0, 3.0])["ci_low"], rtol=1e-6
    )
    assert other.q == pytest.approx(fit.q, rel=1e-9)
    assert other.loglik == pytest.approx(fit.loglik, abs=1e-7)  # log|X'X| takes the unit out


def test_order_of_rows_and_sign_of_effects():
    table = simulated(8)
    fit = meta.dose_response(table, measure="MD", shape="quadratic")
    order = np.random.default_rng(1).permutation(len(table["dose"]))
    mixed = {name: [values[i] for i in order] for name, values in table.items()}
    other = meta.dose_response(mixed, measure="MD", shape="quadratic")
    np.testing.assert_allclose(other.beta, fit.beta, rtol=1e-7)
    turned = meta.dose_response(
        {**table, "mean": [-x for x in table["mean"]]}, measure="MD", shape="quadratic"
    )
    np.testing.assert_allclose(turned.beta, -fit.beta, rtol=1e-7)


def test_mean_differences_do_not_depend_on_the_arm_they_are_taken_from():
    table = simulated(9)
    marks = [x == 2.0 for x in table["dose"]]
    fit = meta.dose_response(table, measure="MD", shape="quadratic")
    other = meta.dose_response({**table, "mark": marks}, measure="MD", shape="quadratic", referent="mark")
    assert set(other.origin) == {2.0}
    np.testing.assert_allclose(other.beta, fit.beta, rtol=1e-6)
    np.testing.assert_allclose(other.vcov, fit.vcov, rtol=1e-5)


@pytest.mark.parametrize("design", greenland_longnecker.DESIGNS)
@pytest.mark.parametrize("seed", range(20))
def test_fitted_counts_have_the_margins_and_the_ratios(design, seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(50, 4000, 4).astype(float)
    cases = np.ceil(n * rng.uniform(0.02, 0.2, 4))
    y = np.concatenate([[0.0], rng.normal(0, 0.4, 3)])
    A = greenland_longnecker.fitted_cases(y, cases, n, design)
    others = n - A if design == "case-control" else n
    assert A.sum() == pytest.approx(cases.sum(), rel=1e-12)
    np.testing.assert_allclose(np.log(A / others) - np.log(A[0] / others[0]), y, atol=1e-10)


@pytest.mark.parametrize("design", greenland_longnecker.DESIGNS)
@pytest.mark.parametrize("seed", range(20))
def test_crude_ratios_have_one_covariance_by_every_method(design, seed):
    """Where ratios and variances are crude, both methods give back 1/A_0 and what belongs to it."""
    rng = np.random.default_rng(seed)
    n = rng.integers(100, 4000, 4).astype(float)
    cases = np.ceil(n * rng.uniform(0.02, 0.3, 4))
    others = n - cases if design == "case-control" else n
    y = np.log(cases / others)
    parts = greenland_longnecker.variance_parts(cases, n, design)
    v = parts[0] + parts[1:]
    S = greenland_longnecker.covariance(y[1:] - y[0], v, cases, n, design)
    np.testing.assert_allclose(S[0, 1], parts[0], rtol=1e-9)
    assert hamling.common_part(y[1:] - y[0], v, cases, n, design) == pytest.approx(parts[0], rel=1e-7)


@pytest.mark.parametrize("design", ["case-control", "cohort"])
def test_hamling_keeps_both_proportions(design):
    rng = np.random.default_rng(2)
    n, cases = np.array([400.0, 500.0, 300.0]), np.array([60.0, 90.0, 70.0])
    y, v = np.log([1.3, 1.7]), np.array([0.05, 0.06]) * rng.uniform(1.0, 1.2, 2)
    part = hamling.common_part(y, v, cases, n, design)
    others = n - cases if design == "case-control" else n
    sign = 1 if design == "case-control" else -1
    share, ratio = others[0] / others.sum(), others.sum() / cases.sum()

    def gap(a, b):
        odds = np.exp(y) * a / b
        A = (1 + sign * odds) / (v - part)
        B = A / odds
        return (b / (b + B.sum()) - share) ** 2 + ((b + B.sum()) / (a + A.sum()) - ratio) ** 2

    # along all A_0 and B_0 with 1/A_0 +- 1/B_0 = part, one meets both proportions
    b = np.exp(np.linspace(-3, 3, 400_001)) / part
    b = b[np.abs(part - sign / b) > 1e-9]
    a = 1 / (part - sign / b)
    gaps = [gap(x, z) for x, z in zip(a[::50], b[::50], strict=True) if x > 0]
    assert min(gaps) < 1e-6


def test_a_shared_reference_that_is_ignored_gives_other_errors():
    table = simulated(4, doses=(0.0, 3.0, 3.5, 4.0))
    right, wrong = (
        meta.dose_response(table, measure="MD", method="EE", covariance=which)
        for which in ("GL", "independent")
    )
    assert wrong.se < 0.9 * right.se
    assert wrong.es.covariance[0, 1] == 0
    assert right.es.covariance[0, 1] > 0


def test_kenward_roger_of_one_variance_is_the_one_of_regressions():
    rng = np.random.default_rng(3)
    v, X = rng.uniform(0.05, 0.4, 12), np.column_stack([np.ones(12), rng.normal(size=12)])
    found = kenward_roger(
        [X[[i]] for i in range(12)], [np.array([[v[i] + 0.2]]) for i in range(12)], [[np.eye(1)]] * 12
    )
    known = of_one_variance(v, X, 0.2)
    np.testing.assert_allclose(found.vcov, known.vcov, rtol=1e-10)
    np.testing.assert_allclose(found.df(np.eye(2)), known.df, rtol=1e-10)


def test_kenward_roger_is_wider_and_tests_several_terms():
    z, kr = (curve(2, shape="quadratic", test=test, heterogeneity="proportional") for test in ("z", "KR"))
    assert (kr.se >= z.se * (1 - 1e-9)).all()
    assert np.isfinite(kr.df).all()
    assert kr.nonlinearity.statistic == pytest.approx(kr.statistic[1] ** 2, rel=1e-9)
    assert kr.nonlinearity.p_value == pytest.approx(kr.p_value[1], rel=1e-9)
    assert kr.wald().p_value > z.wald().p_value


def test_a_band_of_two_terms_has_the_coverage_of_a_circle():
    """Unit directions along an arc: the exact probability by numerical integration over the angle."""
    arc = np.linspace(0, 1.2, 201)
    rows = np.column_stack([np.cos(arc), np.sin(arc)])
    c = bands.critical_value(rows, np.eye(2), np.inf, 0.95, 200_000, np.random.default_rng(1))
    angle = np.linspace(0, np.pi, 20_001)
    gap = np.where(angle <= 1.2, 0.0, np.minimum(angle - 1.2, np.pi - angle))
    with np.errstate(divide="ignore"):
        radius = np.where(np.cos(gap) > 1e-12, c / np.maximum(np.cos(gap), 1e-12), np.inf)
    inside = np.trapezoid(1 - np.exp(-(radius**2) / 2), angle) / np.pi
    assert inside == pytest.approx(0.95, abs=0.002)


def test_bands_and_intervals_of_one_term_are_the_same():
    found = curve(1, shape="linear").predict([1.0, 2.0])
    np.testing.assert_allclose(found["band_low"], found["ci_low"], rtol=1e-12)


def test_splines_are_linear_outside_and_smooth_inside():
    knots = (1.0, 2.0, 4.0, 7.0)
    basis = bases.Basis("rcs", knots)
    h = 1e-3
    for x in (0.5, 8.0, 12.0):
        second = basis.at(np.array([x - h, x, x + h]))
        np.testing.assert_allclose(second[0] - 2 * second[1] + second[2], 0, atol=1e-9)
    for x in knots:
        left, right = (basis.at(np.array([x + s * h, x])) for s in (-1, 1))
        np.testing.assert_allclose(left[0] - left[1], -(right[0] - right[1]), atol=1e-5)
    # Harrell's formula, written out for the second term
    t = np.array(knots)
    x = np.array([0.0, 3.0, 5.0, 9.0])
    p3 = lambda z: np.maximum(z, 0) ** 3  # noqa: E731
    term = (
        p3(x - t[1])
        - p3(x - t[2]) * (t[3] - t[1]) / (t[3] - t[2])
        + p3(x - t[3]) * (t[2] - t[1]) / (t[3] - t[2])
    )
    np.testing.assert_allclose(basis.at(x)[:, 2], term / (t[3] - t[0]) ** 2, rtol=1e-12)


def test_fractional_polynomials():
    x = np.array([0.5, 2.0])
    np.testing.assert_allclose(bases.Basis("fp", (-1.0, 0.0)).at(x), np.column_stack([1 / x, np.log(x)]))
    np.testing.assert_allclose(bases.Basis("fp", (2.0, 2.0)).at(x), np.column_stack([x**2, x**2 * np.log(x)]))
    assert bases.Basis("fp", (1.0, 1.0)).names == ("dose", "dose log(dose)")
    same = [
        breast_curve(**o).predict([5.0])["estimate"][0]
        for o in ({"shape": "linear"}, {"shape": "fp", "powers": [1]})
    ]
    assert same[0] == pytest.approx(same[1], rel=1e-12)


def test_decorrelated_residuals_have_variance_one():
    fit = curve(6, shape="quadratic")
    table = fit.residuals()
    M = marginal(fit, fit.psi)
    rest = fit.es.yi - fit.X @ fit.beta
    assert (table["standardised"] ** 2).sum() == pytest.approx(rest @ np.linalg.solve(M, rest), rel=1e-9)
    shares = fit.variance_partition()
    np.testing.assert_allclose(shares["within"] + shares["between"], np.diag(M), rtol=1e-9)

"""meta.kernels.tau2 for any number of columns: the faster way of means, matrix algebra, equations, bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import chdtri

from meta.errors import InputError, UnknownOptionError
from meta.kernels.regression import fit_regression
from meta.kernels.tau2 import ESTIMATORS, estimate, of_problem
from meta.kernels.tau2.problem import prepare, terms
from meta.kernels.tau2.quadratic import quadratic

NAMES = [name for name in ESTIMATORS if name != "EE"]
ROOTS = {"EB": lambda n: float(n), "PM": lambda n: float(n), "PMM": lambda n: float(chdtri(n, 0.5))}


def drawn(seed: int, p: int, k: int = 14) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    v = 10 ** rng.uniform(-2, 0.3, k)
    X = np.column_stack([np.ones(k), rng.normal(size=(k, p - 1))])
    y = X @ rng.normal(size=p) + rng.normal(size=k) * np.sqrt(v + rng.choice([0.0, 0.3]))
    return y, v, X, rng.uniform(0.2, 3.0, k)


def projection(a: np.ndarray, X: np.ndarray) -> np.ndarray:
    return np.diag(a) - a[:, None] * X @ np.linalg.solve(X.T * a @ X, X.T * a)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(6))
def test_the_general_way_of_a_mean_is_its_faster_way(name: str, seed: int) -> None:
    y, v, X, w = drawn(seed, 1)
    problem = prepare(y, v, X)[0]
    general = ESTIMATORS[name].general(problem, w[None])
    quick = estimate(y, v, name, weights=w)
    np.testing.assert_allclose(general.tau2, quick.tau2, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(np.sqrt(general.variance), quick.se, rtol=1e-9)
    assert problem.constant
    np.testing.assert_array_equal(of_problem(problem, name, w).tau2, quick.tau2)


@pytest.mark.parametrize("p", [2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_closed_forms_by_matrix_algebra(p: int, seed: int) -> None:
    y, v, X, w = drawn(seed, p)
    k = len(y)
    spread = np.mean((y - y.mean()) ** 2)
    weights = {"DL": 1 / v, "HE": np.ones(k), "GENQ": w, "HS": 1 / v, "HSk": 1 / v, "SJ": 1 / (v + spread)}
    for name, a in weights.items():
        P = projection(a, X)
        q = y @ P @ y
        if name in ("HS", "HSk"):
            factor = 1.0 if name == "HS" else k / (k - p)
            scale, raw = factor / a.sum(), (factor * q - k) / a.sum()
        elif name == "SJ":
            scale = spread / (k - p)
            raw = scale * q
        else:
            scale = 1 / np.trace(P)
            raw = scale * (q - np.trace(P @ np.diag(v)))
        tau2 = max(0.0, raw)
        S = np.diag(v + tau2)
        found = of_problem(prepare(y, v, X)[0], name, w)
        np.testing.assert_allclose(found.tau2, tau2, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose(found.variance, scale**2 * 2 * np.trace(P @ S @ P @ S), rtol=1e-9)


@pytest.mark.parametrize("name", ROOTS)
def test_paule_and_mandels_equation_is_solved(name: str) -> None:
    for seed in range(6):
        for p in (1, 2, 4):
            y, v, X, _ = drawn(seed, p)
            target = ROOTS[name](len(y) - p)
            tau2 = of_problem(prepare(y, v, X)[0], name).tau2[0]
            q = y @ projection(1 / (v + tau2), X) @ y
            assert q == pytest.approx(target, rel=1e-9) if tau2 > 0 else q <= target


def test_the_iterated_estimate_is_a_fixed_point() -> None:
    for seed in range(6):
        y, v, X, _ = drawn(seed, 3)
        tau2 = of_problem(prepare(y, v, X)[0], "DLIT").tau2[0]
        P = projection(1 / (v + tau2), X)
        again = max(0.0, (y @ P @ y - (len(y) - 3)) / np.trace(P))
        assert again == pytest.approx(tau2, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("name", ["ML", "REML"])
def test_the_likelihoods_slope_is_zero_or_falls_from_the_bound(name: str) -> None:
    for seed in range(8):
        y, v, X, _ = drawn(seed, 3)
        tau2 = of_problem(prepare(y, v, X)[0], name).tau2[0]
        w = 1 / (v + tau2)
        P = projection(w, X)
        trace = np.trace(P) if name == "REML" else w.sum()
        slope = (y @ P @ P @ y - trace) / trace
        assert abs(slope) < 1e-8 if tau2 > 0 else slope <= 0


def test_forms_need_no_square_matrix_and_agree_with_one() -> None:
    y, v, X, w = drawn(1, 3)
    form, P = quadratic(prepare(y, v, X)[0], w[None]), projection(w, X)
    S = np.diag(v + 0.7)
    got = [form.value[0], form.trace[0], form.trace_v[0], form.variance(np.array([0.7]))[0]]
    want = [y @ P @ y, np.trace(P), np.trace(P @ np.diag(v)), 2 * np.trace(P @ S @ P @ S)]
    np.testing.assert_allclose(got, want, rtol=1e-10)


def test_terms_by_matrix_algebra() -> None:
    y, v, X, _ = drawn(2, 3)
    found, w = terms(prepare(y, v, X)[0], np.array([0.2])), 1 / (v + 0.2)
    P = projection(w, X)
    want = {
        "rss": y @ P @ y,
        "y_pp_y": y @ P @ P @ y,
        "y_ppp_y": y @ P @ P @ P @ y,
        "trace_p": np.trace(P),
        "trace_pp": np.trace(P @ P),
        "sum_w": w.sum(),
        "sum_log": -np.log(w).sum(),
        "logdet": np.linalg.slogdet(X.T * w @ X)[1] - np.linalg.slogdet(X.T @ X)[1],
    }
    for name, value in want.items():
        assert getattr(found, name)[0] == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_of_a_column_changes_no_estimate(name: str) -> None:
    y, v, X, w = drawn(3, 3)
    for unit in (1e200, 1e-200, 1e-300):
        scaled = X * np.array([1.0, unit, 1.0])
        one, two = (fit_regression(y, v, x, method=name, weights=w) for x in (X, scaled))
        assert two.tau2 == pytest.approx(float(one.tau2), rel=1e-9)
        np.testing.assert_allclose(two.beta * [1, unit, 1], one.beta, rtol=1e-9)


def test_weighted_coefficients_by_matrix_algebra() -> None:
    y, v, X, w = drawn(4, 3)
    fit = fit_regression(y, v, X, method=0.3, weights=w)
    A, M = np.diag(w), np.diag(v + 0.3)
    half = np.linalg.solve(X.T @ A @ X, X.T @ A)
    np.testing.assert_allclose(fit.beta, half @ y, rtol=1e-10)
    np.testing.assert_allclose(fit.vcov, half @ M @ half.T, rtol=1e-10)
    r = y - X @ fit.beta
    want = -0.5 * (len(y) * np.log(2 * np.pi) + np.log(np.diag(M)).sum() + r @ np.linalg.solve(M, r))
    assert fit.loglik == pytest.approx(want, rel=1e-12)


def test_names_and_fixed_values_are_checked() -> None:
    problem = prepare(*drawn(0, 2)[:3])[0]
    assert of_problem(problem, 0.25).tau2.tolist() == [0.25]
    with pytest.raises(InputError, match=">= 0"):
        of_problem(problem, -0.1)
    with pytest.raises(UnknownOptionError, match="REML"):
        of_problem(problem, "RMEL")
    with pytest.raises(InputError, match="weights"):
        of_problem(problem, "GENQ")

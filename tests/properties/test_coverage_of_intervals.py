"""Simulated coverage of intervals within its Monte Carlo error of what theory or the benchmark says.

Four standard errors are allowed: of a hundred comparisons, less than one in a hundred runs would fail by
chance, and seeds are fixed.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import meta
from benchmarks.interval_coverage import TESTS, coverage
from meta.bayes.batch import batch
from meta.errors import quiet

TABLE = Path(__file__).parents[2] / "benchmarks" / "interval_coverage.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
MU, TAU2 = 0.3, 0.1
QUICK = 4000
CHECKS = {
    "equal effects, z": lambda n: of_means(n, tau2=0.0, method="EE", test="z"),
    "known tau2, z": lambda n: of_means(n, tau2=TAU2, method=TAU2, test="z"),
    "equal variances, Hartung-Knapp": lambda n: of_means(n, tau2=TAU2, equal=True),
    "Q-profile": lambda n: of_tau2(n // 10),
    "prediction, precise studies": lambda n: of_new_effects(n // 10),
    "Bayes, effects drawn from the prior": lambda n: of_posteriors(n // 10),
}


def simulated(n: int, tau2: float, equal: bool = False, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([8, n, k])
    v = np.full((k, n), 0.1) if equal else rng.uniform(0.02, 0.5, (k, n))
    Y, V = meta.simulate(mu=MU, tau2=tau2, vi=v, reps=n, seed=rng)
    return Y, V


def of_means(n, *, tau2, equal=False, method="REML", test="hksj") -> np.ndarray:
    fit = meta.pool_many(*simulated(n, tau2, equal), method=method, test=test)
    return (fit.ci_low <= MU) & (fit.ci_high >= MU)


def of_tau2(n: int) -> np.ndarray:
    """Q at the true tau2 is chi-squared: doi:10.1002/sim.2514."""
    Y, V = simulated(n, TAU2)
    with quiet():
        ends = [meta.pool(yi=Y[:, j], vi=V[:, j]).tau2_interval("QP") for j in range(n)]
    return np.array([low <= TAU2 <= high for low, high in ends])


def of_new_effects(n: int) -> np.ndarray:
    """Without sampling error the interval is that of the next value of a normal sample."""
    rng = np.random.default_rng(n)
    Y, new = rng.normal(MU, TAU2**0.5, (5, n)), rng.normal(MU, TAU2**0.5, n)
    with quiet():
        fits = [meta.pool(yi=Y[:, j], vi=np.full(5, 1e-9)) for j in range(n)]
        ends = [fit.prediction_interval("HK") for fit in fits]
    return np.array([low <= value <= high for (low, high), value in zip(ends, new, strict=True)])


def of_posteriors(n: int) -> np.ndarray:
    """With mu, tau from their priors P(mu < the true one) is uniform: doi:10.1198/106186006X136976."""
    rng = np.random.default_rng(n)
    mu, tau = rng.normal(0, 1, n), np.abs(rng.normal(0, 0.5, n))
    v = rng.uniform(0.02, 0.5, (n, 5))
    y = rng.normal(0, np.sqrt(v + tau[:, None] ** 2))
    effect = [meta.Normal(-centre, 1) for centre in mu]
    return np.abs(batch(y, v, effect=effect, tau=meta.HalfNormal(0.5)).probability_below - 0.5) <= 0.475


def error(rate: float, n: int) -> float:
    """Standard error of a share; at 0 and 1 that of one case in n."""
    return (max(rate * (1 - rate), 1 / n) / n) ** 0.5


@pytest.mark.parametrize("what", CHECKS)
def test_intervals_that_are_exact_hold_their_level(what):
    covered = CHECKS[what](QUICK)
    assert abs(covered.mean() - 0.95) <= 4 * error(0.95, covered.size)


@pytest.mark.long
@pytest.mark.parametrize("what", CHECKS)
def test_intervals_that_are_exact_hold_their_level_in_many_more(what):
    covered = CHECKS[what](100_000)
    assert abs(covered.mean() - 0.95) <= 4 * error(0.95, covered.size)


def test_the_check_would_find_an_interval_that_is_too_narrow():
    """Wald's intervals with five heterogeneous studies, and Hartung-Knapp's at 93 percent."""
    Y, V = simulated(QUICK, 0.5)
    wald = meta.pool_many(Y, V, method="REML", test="z")
    assert np.mean((wald.ci_low <= MU) & (wald.ci_high >= MU)) < 0.95 - 4 * error(0.95, QUICK)
    narrow = meta.pool_many(*simulated(QUICK, TAU2, equal=True), test="hksj", level=0.93)
    assert np.mean((narrow.ci_low <= MU) & (narrow.ci_high >= MU)) < 0.95 - 4 * error(0.95, QUICK)


def agrees(row: dict[str, str], reps: int, seed: int) -> None:
    """Another simulation of a line of the benchmark, both with their Monte Carlo error."""
    again = coverage(row["variances"], int(row["k"]), float(row["tau2"]), reps, seed)
    for method, test in TESTS:
        name = f"{method} {test}"
        there, here = float(row[name]), float(again[name])
        allowed = 4 * np.hypot(error(there, 20_000), error(there, reps))
        assert abs(here - there) <= allowed, (row["variances"], row["k"], row["tau2"], name, here, there)


@pytest.mark.parametrize("row", ROWS[1::5], ids=lambda row: f"{row['variances']} {row['k']} {row['tau2']}")
def test_coverage_is_that_of_the_benchmark(row):
    agrees(row, 1000, 7)


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['variances']} {row['k']} {row['tau2']}")
def test_coverage_is_that_of_the_benchmark_in_many_more(row):
    agrees(row, 50_000, 7)

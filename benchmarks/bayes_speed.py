"""Speed and accuracy of the exact engine. Run: python benchmarks/bayes_speed.py [--pymc]."""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import integrate

import meta
from meta.bayes.batch import batch


def timed(action, repeats: int = 1) -> tuple[float, object]:
    best, result = np.inf, None
    for _ in range(repeats):
        start = time.perf_counter()
        result = action()
        best = min(best, time.perf_counter() - start)
    return best, result


def by_scipy(y: np.ndarray, v: np.ndarray) -> float:
    def joint(t: float) -> float:
        sigma = v + t * t
        w = 1 / sigma
        s0, m = w.sum(), (w * y).sum() / w.sum()
        log = -0.5 * (
            np.log(2 * np.pi * sigma).sum()
            + (w * (y - m) ** 2).sum()
            + np.log1p(16 * s0)
            + m * m / (16 + 1 / s0)
        )
        return np.exp(log - 2 * t * t) * 4 / np.sqrt(2 * np.pi)

    return float(
        np.log(integrate.quad(joint, 0, 8, epsabs=0, epsrel=1e-11, limit=300, points=[0.1, 0.3, 1])[0])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pymc", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    y, v = rng.normal(0.2, 0.4, 20), rng.uniform(0.02, 0.2, 20)
    priors = {"effect": meta.Normal(0, 4), "tau": meta.HalfNormal(0.5)}

    def fit():
        post = meta.bayes(yi=y, vi=v, **priors)
        return post.estimate, post.tau.mean, post.interval(), post.log_evidence

    seconds, got = timed(fit, 30)
    print(f"exact, k = 20, with interval         {1e3 * seconds:9.2f} ms")
    seconds, want = timed(lambda: by_scipy(y, v), 3)
    gap = abs(got[3] - want)
    print(f"scipy.integrate.quad, evidence alone {1e3 * seconds:9.2f} ms; differs by {gap:.1e}")
    ys, vs = rng.normal(0.2, 0.4, (10_000, 20)), rng.uniform(0.02, 0.2, (10_000, 20))
    seconds, many = timed(lambda: batch(ys, vs, **priors))
    worst = many.error.max()
    print(f"10,000 posteriors, k = 20, one batch {seconds:9.2f} s; largest error estimate {worst:.1e}")
    if arguments.pymc:
        seconds, _ = timed(lambda: meta.bayes(yi=y, vi=v, **priors, engine="pymc", seed=1))
        print(f"PyMC, 4 chains of 1000 + 2000        {seconds:9.2f} s")


if __name__ == "__main__":
    main()

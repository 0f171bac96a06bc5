"""Time `meta.effect_sizes` on many rows: `python benchmarks/effect_sizes.py [rows]`."""

from __future__ import annotations

import sys
import time

import numpy as np

import meta


def data(k: int, seed: int = 1) -> dict[str, dict[str, np.ndarray]]:
    """Columns of k simulated studies for some designs."""
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(20, 200, k), rng.integers(20, 200, k)
    table = {"events1": rng.binomial(n1, 0.10), "n1": n1, "events2": rng.binomial(n2, 0.12), "n2": n2}
    means = {
        "mean1": rng.normal(10.5, 0.3, k),
        "sd1": rng.uniform(1.5, 2.5, k),
        "n1": n1,
        "mean2": rng.normal(10, 0.3, k),
        "sd2": rng.uniform(1.5, 2.5, k),
        "n2": n2,
    }
    return {
        "OR": table,
        "RR": table,
        "PETO": table,
        "SMD": means,
        "ROM": means,
        "PFT": {"events": table["events1"], "n": n1},
        "ZCOR": {"r": rng.uniform(-0.9, 0.9, k), "n": n1},
    }


def main(k: int = 1_000_000, repeats: int = 5) -> None:
    """Print the best time of each measure, and of the table with its provenance."""
    print(f"{k:,} rows, best of {repeats}")
    for measure, columns in data(k).items():
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            es = meta.effect_sizes(measure=measure, **columns)
            times.append(time.perf_counter() - start)
        start = time.perf_counter()
        rows = len(es.frame)
        print(f"{measure:5} {min(times):7.3f} s   frame of {rows:,} rows {time.perf_counter() - start:.3f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

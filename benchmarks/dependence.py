"""Time multilevel models: 56 effects of three levels, and 100,000 effects in 10,000 studies with CR2.

Run: ``python -m benchmarks.dependence``. CPU seconds of the best of three runs, and the peak of memory.
"""

from __future__ import annotations

import resource
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import meta


def best(call: Callable[[], Any], runs: int = 3) -> float:
    """CPU seconds of the fastest run."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def many(k: int = 100_000, studies: int = 10_000) -> dict[str, np.ndarray]:
    """Effects with heterogeneity between and within studies and one moderator."""
    rng = np.random.default_rng(1)
    study = np.sort(rng.integers(0, studies, k))
    x, vi = rng.normal(size=k), rng.uniform(0.02, 0.2, k)
    y = 0.2 + 0.1 * x + rng.normal(0, 0.3, studies)[study] + rng.normal(0, 0.2, k)
    return {"study": study, "x": x, "yi": y + rng.normal(0, np.sqrt(vi)), "vi": vi}


def main() -> None:
    """Print one line per task."""
    warnings.simplefilter("ignore")
    schools = meta.datasets.load("konstantopoulos2011")
    levels = ["district", "school"]
    meta.pool_multilevel(schools, levels=levels)
    small = best(lambda: meta.pool_multilevel(schools, levels=levels), 9)
    print(f"k = 56, three levels: {1e3 * small:.1f} ms")
    data = many()

    def large() -> None:
        fit = meta.pool_multilevel(data, levels=["study", "effect"], moderators="~ x")
        fit.robust("study", kind="CR2")

    seconds = best(large, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"k = 100,000, three levels, one moderator, CR2: {seconds:.1f} s, {peak:.2f} GB")


if __name__ == "__main__":
    main()

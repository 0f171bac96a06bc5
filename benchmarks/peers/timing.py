"""Time calls and print what came out; shared by all Python runners, and needs nothing but Python."""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

Task = tuple[Callable[[], Any], Callable[[Any], float], int]


def run(tasks: dict[str, Task]) -> None:
    """Print seconds a call (median) and the answer of every task, as JSON."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (action, answer, repeats) in tasks.items():
            result = action()
            times = []
            for _ in range(repeats):
                start = time.perf_counter()
                result = action()
                times.append(time.perf_counter() - start)
            found[name] = {"seconds": statistics.median(times), "answer": float(answer(result))}
    print(json.dumps(found))


def many(p: int) -> tuple[Any, Any]:
    """Effects and variances of ``p`` meta-analyses of 20 studies: columns of two (20, p) arrays."""
    import numpy as np

    rng = np.random.default_rng(1)
    drawn = rng.standard_normal((p, 40))  # row by row, so that fewer are the first of more
    v = (0.02 + 0.19 * np.abs(drawn[:, :20])).T.copy()
    return 0.1 + drawn[:, 20:].T * np.sqrt(v + 0.1), v

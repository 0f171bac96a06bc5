"""What bounds can and cannot mend: the bias of dropping not-significant studies, simulated.

Each meta-analysis has k studies of a true effect; a study that is not significant reports no number. Of
those, a share is known to exist and enters as a bound; the rest is unknown.
Run: python benchmarks/bayes_bounds_bias.py
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import special

from meta.effects.effect_size_table import EffectSizes
from meta.errors import NotEstimableError
from meta.pooling.bounded_pool import pool_bounded

UNKNOWN = (0.0, 0.25, 0.5, 0.75, 1.0)


def one(rng: np.random.Generator, truth: float, k: int, unknown: float) -> tuple[float, float, float] | None:
    v = rng.uniform(0.02, 0.08, k)
    y = truth + rng.normal(0.0, np.sqrt(v + 0.01))
    cut = special.ndtri(0.975) * np.sqrt(v)
    seen = np.abs(y) > cut
    if seen.sum() < 2:
        return None
    known = seen | (rng.uniform(size=k) >= unknown)
    lower, upper = np.where(seen, np.nan, -cut), np.where(seen, np.nan, cut)
    kind = np.where(seen, "exact", "bound").astype(object)
    es = EffectSizes(
        np.where(seen, y, np.nan), v, "SMD", np.arange(k).astype(str), kind=kind, lower=lower, upper=upper
    ).subset(known)
    everything = EffectSizes(y, v, "SMD", np.arange(k).astype(str))
    try:
        fits = [pool_bounded(data) for data in (everything, es.subset(es.exact), es)]
    except NotEstimableError:
        return None
    return fits[0].estimate, fits[1].estimate, fits[2].estimate


def table(repeats: int, k: int, seed: int) -> list[tuple[float, float, float, float, float, float, int]]:
    rows = []
    for truth in (0.0, 0.2, 0.4):
        for unknown in UNKNOWN:
            rng = np.random.default_rng([seed, int(100 * truth), int(100 * unknown)])
            got = [found for _ in range(repeats) if (found := one(rng, truth, k, unknown)) is not None]
            bias = np.mean(got, axis=0) - truth
            error = np.std([row[2] for row in got]) / np.sqrt(len(got))
            rows.append((truth, unknown, *bias.tolist(), float(error), len(got)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--k", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("truth  unknown share | bias: all studies  dropped  bounds (MC error)   n")
    for truth, unknown, full, dropped, bounded, error, n in table(
        arguments.repeats, arguments.k, arguments.seed
    ):
        print(
            f"{truth:5.1f} {unknown:14.2f} | {full:17.3f} {dropped:8.3f} {bounded:7.3f} ({error:.3f}) {n:9d}"
        )


if __name__ == "__main__":
    main()

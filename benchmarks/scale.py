"""Ten million meta-analyses through a cluster, and a million genetic variants across 20 cohorts.

Run ``python benchmarks/scale.py [--analyses N] [--variants N]``; it writes ``scale.md`` beside itself. The
data are drawn block by block on the workers, so that nothing of it is ever whole in memory.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import meta
from meta.kernels.weights import CHUNK

HERE = Path(__file__).parent
K = 20
BLOCK = 200_000
MEMORY = "1GiB"
PIECE = CHUNK // K


def drawn(k: int, p: int, what: str) -> Any:
    """A (k, p) Dask array of variances or effects, each block from its own seed."""

    def block(block_info: Any = None) -> np.ndarray:
        place = block_info[None]["array-location"][1]
        rng = np.random.default_rng([7, place[0]])
        v = rng.uniform(0.02, 0.4, (k, place[1] - place[0]))
        return v if what == "v" else rng.normal(0.1, np.sqrt(v + 0.05))

    widths = tuple(min(BLOCK, p - start) for start in range(0, p, BLOCK))
    return da.map_blocks(block, dtype=float, chunks=((k,), widths), meta=np.empty((0, 0)))


def peak(client: Client) -> float:
    """Largest resident memory of any worker so far, in MiB."""

    def resident() -> float:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    return max(client.run(resident).values())


def ten_million(p: int) -> list[str]:
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=MEMORY, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        idle = peak(client)
        for method, test in (("DL", "z"), ("REML", "hksj")):
            start = time.perf_counter()
            many = meta.pool_many(drawn(K, p, "y"), drawn(K, p, "v"), method=method, test=test)
            files = many.save_arrays(folder, ["estimate", "se", "ci_low", "ci_high", "p_value", "tau2"])
            seconds = time.perf_counter() - start
            first = (p - 1) // PIECE * PIECE
            y, v = (drawn(K, p, name)[:, first:].compute() for name in "yv")
            expected = meta.pool_many(y, v, method=method, test=test).estimate
            same = np.array_equal(np.load(files["estimate"], mmap_mode="r")[first:], expected)
            rows.append(
                f"| {p:,} x k = {K}, {method} + {test} | {seconds:.0f} | {p / seconds:,.0f} | "
                f"{peak(client):.0f} MiB (idle {idle:.0f}) | {'yes' if same else 'NO'} |"
            )
    return rows


def variants(p: int) -> list[str]:
    """Pool variants as METAL's standard-error scheme does: one allele, corrected for inflation."""
    rng = np.random.default_rng(11)
    frequency = rng.uniform(0.02, 0.5, p)
    n = rng.integers(2_000, 40_000, K)[:, None]
    effect = np.where(rng.random(p) < 1e-4, rng.normal(0, 0.05, p), 0.0)
    se = 1 / np.sqrt(2 * n * frequency * (1 - frequency))
    beta = rng.normal(effect, 1.05 * se)
    swapped = rng.random((K, p)) < 0.3
    beta[swapped] *= -1
    missing = rng.random((K, p)) < 0.05
    beta[missing] = np.nan

    start = time.perf_counter()
    np.negative(beta, out=beta, where=swapped)
    inflation = np.maximum(1.0, np.nanmedian((beta / se)[:, ::97] ** 2, axis=1) / 0.4549364)
    aligned = time.perf_counter() - start
    start = time.perf_counter()
    fit = meta.pool_many(beta, se**2 * inflation[:, None], method="EE", test="z")
    pooled = time.perf_counter() - start
    start = time.perf_counter()
    beta.sum(), se.sum()
    read = time.perf_counter() - start
    start = time.perf_counter()
    w = np.where(missing, 0.0, 1 / (se**2 * inflation[:, None]))
    by_hand = np.einsum("kp,kp->p", w, np.nan_to_num(beta)) / w.sum(axis=0)
    hand = time.perf_counter() - start
    hits = int(np.sum(fit.p_value < 5e-8))
    agrees = np.nanmax(np.abs(by_hand - fit.estimate) / fit.se)
    return [
        f"| align alleles, genomic control | {aligned:.2f} | |",
        f"| pool: estimate, interval, p, Q, I2 | {pooled:.2f} | {pooled / read:.0f} |",
        f"| the weighted mean alone, in numpy | {hand:.2f} | {hand / read:.0f} |",
        f"| read both arrays once | {read:.3f} | 1 |",
        "",
        f"{hits} of {int(np.sum(effect != 0))} true variants pass 5e-8. "
        f"Largest difference from the weighted mean by hand: {agrees:.1g} standard errors.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--analyses", type=int, default=10_000_000)
    parser.add_argument("--variants", type=int, default=1_000_000)
    asked = parser.parse_args()
    text = [
        "# Scale",
        "",
        f"Python {platform.python_version()}, numpy {np.__version__}, two cores; made by `scale.py`.",
        "",
        "## Through a cluster",
        "",
        f"Two workers with {MEMORY} each; data drawn on the workers, results written to disk block by block.",
        "The last analyses are fitted once more in memory and compared bit for bit.",
        "",
        "| task | seconds | a second | largest worker | same as in memory |",
        "|---|---:|---:|---:|---|",
        *ten_million(asked.analyses),
        "",
        f"## {asked.variants:,} genetic variants across {K} cohorts",
        "",
        "As METAL's standard-error scheme pools them: effects are aligned to one allele, standard errors are",
        "multiplied by the root of each cohort's inflation, and combined with inverse-variance weights.",
        "The time beside the time that reading both arrays from memory takes:",
        "",
        "| step | seconds | times reading |",
        "|---|---:|---:|",
        *variants(asked.variants),
        "",
    ]
    (HERE / "scale.md").write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Exhaustive GOSH of k = 16 against metafor's time per subset, in one run.

Run ``python benchmarks/gosh.py``; it needs R with metafor and prints one line of Markdown table. metafor
fits its subsets one after the other, so its time is that of single fits with the same estimator.
"""

from __future__ import annotations

import shutil
import subprocess
import time

import numpy as np

import meta

R_SCRIPT = """
suppressMessages(library(metafor)); set.seed(1)
y <- rnorm(16, 0.2, 0.4); v <- runif(16, 0.02, 0.2)
fits <- 300
for (m in c("DL", "REML")) {
  t <- system.time(for (i in seq_len(fits)) { o <- -(i %% 16 + 1)
       rma(y[o], v[o], method = m) })[["elapsed"]]
  cat(m, t / fits, "\\n")
}
"""


def ours(method: str) -> tuple[float, int]:
    rng = np.random.default_rng(1)
    fit = meta.pool(yi=rng.normal(0.2, 0.4, 16), vi=rng.uniform(0.02, 0.2, 16), method=method, test="z")
    meta.diagnostics.gosh(fit)
    start = time.perf_counter()
    table = meta.diagnostics.gosh(fit)
    return (time.perf_counter() - start) / len(table), len(table)


def main() -> None:
    if shutil.which("Rscript") is None:
        raise SystemExit("R with metafor is needed for the comparison; install it and run this again")
    done = subprocess.run(["Rscript", "-e", R_SCRIPT], capture_output=True, text=True, check=True)
    theirs = {line.split()[0]: float(line.split()[1]) for line in done.stdout.strip().splitlines()}
    print("| estimator | subsets | this package, s a subset | metafor, s a subset | ratio |")
    print("|---|---:|---:|---:|---:|")
    for method, seconds in theirs.items():
        own, count = ours(method)
        print(f"| {method} | {count} | {own:.2e} | {seconds:.2e} | {seconds / own:.0f} |")


if __name__ == "__main__":
    main()

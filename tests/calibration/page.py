"""Write ``benchmarks/bayes_calibration.md``: run ``python -m tests.calibration.page [simulations]``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.calibration.ranks import BINS, Calibration
from tests.calibration.sampling import CASES, EXACT, KEPT, simulate, simulate_exact

PAGE = Path(__file__).parents[2] / "benchmarks" / "bayes_calibration.md"
HEAD = """\
# Are the posteriors calibrated?

Parameters are drawn from the prior, data from the parameters, and the posterior from the data. If the model,
the simulated data and the computation agree, the truth falls anywhere in its posterior with the same
probability (Talts et al. 2018, arXiv:1804.06788). `p` is that of a chi-squared test of this over {bins} bins;
the gap is the greatest distance between the distribution of places and the uniform one. The first parameter
appears a second time, turned towards the data: a posterior that ignored the data would fail there only
(Modrak et al. 2023, doi:10.1214/23-BA1404). Each PyMC model is compiled once; each fit is one chain of 400
tuning steps and {kept} kept draws, one in four.

Written by `python -m tests.calibration.page {simulations}`; PyMC {version}, Python {python}.
"""
FOOT = """
{count} quantities; the smallest p is {least:.4f}, and of so many uniform ones the smallest is below that with
probability {chance:.2f}. The unknown correlation has a sampling variance that is estimated from the data, so
it is calibrated only where studies are not small (here 60 to 120 people).
"""


def rows(found: Calibration, seconds: float) -> list[str]:
    """One line a quantity."""
    gaps = found.widest_gap()
    return [
        f"| {found.case} | {name} | {found.simulations} | {p:.3f} | {gaps[name]:.3f} | {seconds:.2f} |"
        for name, p in found.p_values().items()
    ]


def main() -> None:
    import pymc

    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    head = HEAD.format(
        bins=BINS,
        kept=KEPT,
        simulations=simulations,
        version=pymc.__version__,
        python=sys.version.split()[0],
    )
    lines = [
        head,
        "| model | quantity | simulations | p | gap | seconds a fit |",
        "|---|---|---|---|---|---|",
    ]
    least: list[float] = []
    runs = [(simulate_exact, name, 5 * simulations) for name in EXACT]
    runs += [(simulate, name, simulations) for name in CASES]
    for run, name, count in runs:
        start = time.perf_counter()
        found = run(name, count)
        lines += rows(found, (time.perf_counter() - start) / count)
        least += found.p_values().values()
        print(*lines[-len(found.places) :], sep="\n", flush=True)
    chance = 1.0 - (1.0 - min(least)) ** len(least)
    lines.append(FOOT.format(count=len(least), least=min(least), chance=chance))
    PAGE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()

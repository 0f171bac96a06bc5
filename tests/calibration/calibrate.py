"""Write ``benchmarks/bayes_calibration.md``.

``python -m tests.calibration.calibrate [simulations] [model ...]`` runs every model, or those named, and
keeps what it found in ``bayes_calibration.json``; the page is written from that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.calibration.ranks import BINS, Calibration
from tests.calibration.sampling import CASES, EXACT, KEPT, simulate, simulate_exact

PAGE = Path(__file__).parents[2] / "benchmarks" / "bayes_calibration.md"
FOUND = PAGE.with_suffix(".json")
HEAD = """\
# Are the posteriors calibrated?

Parameters are drawn from the prior, data from the parameters, and the posterior from the data. If the model,
the simulated data and the computation agree, the truth falls anywhere in its posterior with the same
probability (Talts et al. 2018, arXiv:1804.06788). `p` is that of a chi-squared test of this over {bins} bins;
the gap is the greatest distance between the distribution of places and the uniform one. The first parameter
appears a second time, turned towards the data: a posterior that ignored the data would fail there only
(Modrak et al. 2023, doi:10.1214/23-BA1404). Each PyMC model is compiled once; each fit is one chain of 400
tuning steps and {kept} kept draws, one in four.

Written by `python -m tests.calibration.calibrate`; PyMC {version}, Python {python}. Models with shrinkage
priors take a second or more a fit and are simulated less often.
"""
FOOT = """
{count} quantities; the smallest p is {least:.4f}, and of so many uniform ones the smallest is below that with
probability {chance:.2f}. The unknown correlation has a sampling variance that is estimated from the data, so
it is calibrated only where studies are not small (here 60 to 120 people).
"""


def entry(found: Calibration) -> dict[str, Any]:
    """What is kept of a calibration."""
    gaps = found.widest_gap()
    return {
        "simulations": found.simulations,
        "quantities": {name: [p, gaps[name]] for name, p in found.p_values().items()},
    }


def write(kept: dict[str, Any]) -> None:
    """The page from what was kept."""
    import pymc

    versions = {"version": pymc.__version__, "python": sys.version.split()[0]}
    lines = [HEAD.format(bins=BINS, kept=KEPT, **versions)]
    lines += ["| model | quantity | simulations | p | gap |", "|---|---|---|---|---|"]
    order = [f"{name}, exact" for name in EXACT] + list(CASES)
    least = []
    for case in (name for name in order if name in kept):
        found = kept[case]
        for name, (p, gap) in found["quantities"].items():
            least.append(p)
            lines.append(f"| {case} | {name} | {found['simulations']} | {p:.3f} | {gap:.3f} |")
    chance = 1.0 - (1.0 - min(least)) ** len(least)
    lines.append(FOOT.format(count=len(least), least=min(least), chance=chance))
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    wanted = sys.argv[2:] or [*(f"{name}, exact" for name in EXACT), *CASES]
    for case in wanted:
        exact = case.endswith(", exact")
        count = 5 * simulations if exact else simulations // 2 if "slopes" in case else simulations
        found = (simulate_exact if exact else simulate)(case.removesuffix(", exact"), count)
        made = entry(found)
        kept = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
        kept[case] = made
        FOUND.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        write(kept)
        print(case, made, flush=True)


if __name__ == "__main__":
    main()

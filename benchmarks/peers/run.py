"""Beside its peers, in one run: ``python benchmarks/peers/run.py [--peers PYTHON] [--rounds N]``.

PYTHON is an interpreter with PyMARE, PyMetaAnalysis, statsmodels and matplotlib (``make benchmark`` makes one
in ``.venv-peers``); metafor is used where Rscript has it, nutpie where PYTHON2 (``--nutpie``) has it and this
package. Every round runs everyone once, one after the other, each in a process of its own; a ratio is taken
within a round, and the table shows the median over rounds. Writes ``peers.json``, ``peers.md`` and
``peers.svg`` beside this folder, and prints what got slower than ``ratios.json`` says (``guard.py``).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from guard import check
from page import write
from timing import many

import meta

HERE = Path(__file__).parent
SCALED = {"PyMetaAnalysis": 200, "metafor": 200, "statsmodels": 2000}
SIZES = (5, 20, 100)
Found = dict[str, dict[str, dict[str, float]]]


def prepare(folder: Path) -> list[str]:
    """Write the data that everyone reads; returns the paths."""
    table = meta.datasets.load("bcg")
    es = meta.effect_sizes(
        table, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn", study="author"
    )
    rows = zip(es.study, es.yi, es.vi, table["ablat"], strict=True)
    lines = ["study,yi,vi,ablat", *(f"{s.replace(',', ';')},{y!r},{v!r},{a}" for s, y, v, a in rows)]
    lines = [line.replace("np.float64(", "").replace(")", "") for line in lines]
    paths = [folder / name for name in ("bcg.csv", "ys.csv", "vs.csv")]
    paths[0].write_text("\n".join(lines) + "\n", encoding="utf-8")
    for path, values in zip(paths[1:], many(SCALED["metafor"]), strict=True):
        np.savetxt(path, values, delimiter=",", fmt="%.17g")
    return [str(path) for path in paths]


def call(command: list[str]) -> str | None:
    """What a command prints, or None where it is not there or fails."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        print(f"left out: {' '.join(command[:3])}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return done.stdout


def elapsed(command: list[str]) -> float | None:
    """Seconds that a command takes."""
    start = time.perf_counter()
    return None if call(command) is None else time.perf_counter() - start


def one_round(peers: str | None, nutpie: str | None, paths: list[str], folder: str) -> Found:
    """Everyone once: answers and seconds by task and package."""
    own = sys.executable
    runners: dict[str, list[str]] = {"meta": [own, "of_meta.py", paths[0], folder]}
    if peers:
        runners["PyMetaAnalysis"] = [peers, "of_pymetaanalysis.py", paths[0], folder]
        runners["PyMARE"] = [peers, "of_pymare.py", paths[0], folder]
        runners["statsmodels"] = [peers, "of_statsmodels.py", paths[0], folder]
    runners["metafor"] = ["Rscript", "of_metafor.R", paths[0], folder, *paths[1:]]
    found: Found = {}
    for who, command in runners.items():
        printed = call(command)
        for task, result in json.loads(printed or "{}").items():
            part = 10_000 / SCALED[who] if task.startswith("10,000") and who in SCALED else 1.0
            found.setdefault(task, {})[who] = {**result, "seconds": result["seconds"] * part}
    return found | starts(peers, paths[0]) | posteriors(nutpie)


def starts(peers: str | None, table: str) -> Found:
    """Imports, and a table pooled from the shell."""
    own = sys.executable
    pool = f'suppressMessages(library(metafor)); d <- read.csv("{table}"); print(rma(yi, vi, data = d))'
    commands = {
        "import": {
            "meta": [own, "-c", "import meta"],
            "pandas alone": [own, "-c", "import pandas"],
            "PyMC": [own, "-c", "import pymc"],
            "metafor": ["Rscript", "-e", "suppressMessages(library(metafor))"],
        },
        "a table pooled from the shell": {
            "meta": [own, "-m", "meta.cli", "pool", table, "--yi", "yi", "--vi", "vi"],
            "metafor": ["Rscript", "-e", pool],
        },
    }
    if peers:
        commands["import"] |= {
            "PyMARE": [peers, "-c", "import pymare.estimators"],
            "PyMetaAnalysis": [peers, "-c", "import meta_analyze"],
            "statsmodels": [peers, "-c", "from statsmodels.stats.meta_analysis import combine_effects"],
        }
    timed = {task: {who: elapsed(c) for who, c in each.items()} for task, each in commands.items()}
    return {
        task: {who: {"seconds": s} for who, s in each.items() if s is not None}
        for task, each in timed.items()
    }


def posteriors(nutpie: str | None) -> Found:
    """A posterior of mu and tau by every engine: first fit of a process, and a second one."""
    engines = {
        "meta, exact": (sys.executable, "exact"),
        "loop of quadratures": (sys.executable, "quad"),
        "meta, PyMC": (sys.executable, "pymc"),
        "meta, PyMC with nutpie": (nutpie or "no interpreter", "nutpie"),
        "bare PyMC": (sys.executable, "bare"),
    }
    found: Found = {}
    for k in SIZES:
        for who, (python, engine) in engines.items():
            printed = call([python, "sampling.py", engine, str(k)])
            if printed is None:
                continue
            got: dict[str, Any] = json.loads(printed)
            for part in ("first", "refit"):
                task = f"posterior, k = {k}, {'first fit' if part == 'first' else 'next fit'}"
                found.setdefault(task, {})[who] = {"seconds": got[part], "answer": got["answer"]}
                if part == "refit" and got["ess"] == got["ess"]:
                    found[task][who]["ess"] = got["ess"]
    return found | together(found["posterior, k = 20, next fit"])


def together(one: dict[str, dict[str, float]]) -> Found:
    """10,000 posteriors: one batch, and one after the other (one, times 10,000)."""
    printed = call([sys.executable, "sampling.py", "batch", "20"])
    task = "10,000 posteriors, k = 20"
    if printed is None:
        return {}
    got = json.loads(printed)
    loops = {
        who: {"seconds": 10_000 * one[who]["seconds"], "answer": one[who]["answer"]}
        for who in ("meta, exact", "loop of quadratures")
    }
    return {
        task: {
            "meta, exact": {"seconds": got["refit"], "answer": got["answer"]},
            "meta, exact, one by one": loops["meta, exact"],
            "loop of quadratures": loops["loop of quadratures"],
        }
    }


def versions(peers: str | None, nutpie: str | None) -> dict[str, str]:
    """Of everyone who took part."""
    own = {"Python": platform.python_version(), "cores": str(os.cpu_count())}
    code = "from importlib.metadata import version as v\nimport sys\nfor n in sys.argv[1:]: print(n, v(n))"
    for python, names in (
        (sys.executable, ["numpy", "scipy", "pymc"]),
        (peers, ["PyMARE", "PyMetaAnalysis", "statsmodels"]),
        (nutpie, ["nutpie"]),
    ):
        printed = call([python, "-c", code, *names]) if python else None
        own |= dict(line.split() for line in (printed or "").splitlines())
    metafor = call(["Rscript", "-e", 'cat(as.character(packageVersion("metafor")))'])
    return own | ({"metafor": metafor.strip()} if metafor else {})


def main() -> None:
    parser = argparse.ArgumentParser(description="Time this package beside its peers.")
    parser.add_argument("--peers", help="an interpreter with PyMARE, PyMetaAnalysis, statsmodels, matplotlib")
    parser.add_argument("--nutpie", help="an interpreter with nutpie and this package")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = prepare(Path(folder))
        rounds = []
        for i in range(given.rounds):
            rounds.append(one_round(given.peers, given.nutpie, paths, folder))
            print(f"round {i + 1} of {given.rounds}", file=sys.stderr)
    result = {"versions": versions(given.peers, given.nutpie), "rounds": rounds}
    (HERE.parent / "peers.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    write(result, HERE.parent)
    check(result)


if __name__ == "__main__":
    main()

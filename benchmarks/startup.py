"""How long the command line takes to start, beside importing pandas and scipy.special.

Writes benchmarks/startup.md. Run it with each interpreter of interest; the runs of each pair follow one
another, so that whatever else the machine does meets both.

    python benchmarks/startup.py 31 [interpreter ...]
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "meta" / "datasets" / "data" / "bcg.csv"
BASE = ("-c", "import pandas, scipy.special")
COMMANDS = {
    "meta --help": ("-m", "meta.cli", "--help"),
    "meta check": ("-m", "meta.cli", "check"),
    "meta pool bcg.csv -m RR": ("-m", "meta.cli", "pool", str(TABLE), "-m", "RR"),
    "meta pool bcg.csv -m RR --json": ("-m", "meta.cli", "pool", str(TABLE), "-m", "RR", "--json"),
    'python -c "import meta"': ("-c", "import meta"),
}


def seconds(interpreter: str, arguments: tuple[str, ...]) -> float:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([interpreter, *arguments], capture_output=True, check=True, cwd=ROOT, env=env)
    return time.perf_counter() - start


def measure(interpreter: str, runs: int) -> list[str]:
    """One row a command: medians, and the median of the differences and ratios within pairs."""
    rows = []
    for name, arguments in COMMANDS.items():
        seconds(interpreter, arguments)
        pairs = [(seconds(interpreter, arguments), seconds(interpreter, BASE)) for _ in range(runs)]
        own, base = (statistics.median(side) for side in zip(*pairs, strict=True))
        more = statistics.median(a - b for a, b in pairs)
        ratio = statistics.median(a / b for a, b in pairs)
        least = min(a for a, _ in pairs)
        rows.append(f"| `{name}` | {own:.2f} | {least:.2f} | {base:.2f} | {more:+.2f} | {ratio:.2f} |")
    return rows


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    interpreters = sys.argv[2:] or [sys.executable]
    lines = [
        "# How long the command line takes to start",
        "",
        f"Seconds, medians of {runs} pairs of runs, each pair one after the other, with compiled modules; "
        f"{os.cpu_count()} cores, {platform.system()}.",
        'The base is `python -c "import pandas, scipy.special"`.',
        "Written by `python benchmarks/startup.py`.",
    ]
    for interpreter in interpreters:
        version = subprocess.run(
            [interpreter, "--version"], capture_output=True, text=True, check=True
        ).stdout
        lines += ["", f"## {version.strip()}", ""]
        lines += [
            "| command | median | least | base | more than the base | ratio |",
            "|---|---|---|---|---|---|",
        ]
        lines += measure(interpreter, runs)
    lines += [
        "",
        "`meta pool` reads its table without pandas, and imports it only where a DataFrame is asked for.",
        "",
    ]
    (ROOT / "benchmarks" / "startup.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

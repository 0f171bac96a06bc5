"""Coverage-guided fuzzing of everything that reads text: run ``python benchmarks/fuzzing.py --minutes 25``.

Needs atheris beside the locked packages (``make fuzz`` installs it in an environment of its own). Each reader
of :mod:`tests.hostile.parsers` gets a process of its own and an equal share of the time. Refusals are fine;
any other exception is kept, each once by its place, with the bytes that made it. Writes ``fuzzing.md``.
"""

from __future__ import annotations

import argparse
import atexit
import base64
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_suffix(".md")
SLOWEST = 20
"""Seconds after which one input counts as a hang."""

WORDS = ["²", "٣", "½", "−", "\u2028", "\ufeff", "1e400", "1e-300", "nan", "inf", "=cmd()", "<script>", "../"]
WORDS += ["1_000", "0x1", "[[", "{", '"""', "'''", "sep=;", "normal(", "C(", "np.log(", "**", "%", "--", "é"]
HEAD = """# Fuzzing

Python {python}, atheris {atheris}; made by `fuzzing.py --minutes {minutes:g}`, about {each:.0f} s a reader.
Inputs are those that were executed; edges are branches of this package that some input took; read and refused
are the two outcomes that are allowed. A failure is any other exception, a wrong number, or an input
that takes {slowest} s.

| reader | inputs | read | refused | edges | slowest, s | failures |
|---|---:|---:|---:|---:|---:|---:|
"""


def child(target: str, seconds: int, report: Path, corpus: Path) -> None:
    """Fuzz one reader until the time is over; leave what happened in ``report``."""
    import atheris

    with atheris.instrument_imports(include=["meta"]):
        from tests.hostile.parsers import TARGETS, outcome

        seeds = TARGETS[target][1]()
        for number, seed in enumerate(seeds):  # also imports what is imported late, while it is instrumented
            (corpus / f"seed-{number}").write_bytes(seed)
            outcome(target, seed)
    counts: Counter[str] = Counter()
    failures: dict[str, dict[str, str]] = {}
    slowest = [0.0]

    def write() -> None:
        told = {"counts": counts, "failures": list(failures.values()), "slowest": slowest[0]}
        report.write_text(json.dumps(told))

    def one_input(content: bytes) -> None:
        start = time.perf_counter()
        try:
            counts[outcome(target, content)] += 1
        except Exception as error:  # every kind of it is what is sought
            counts["failed"] += 1
            own = [frame for frame in traceback.extract_tb(error.__traceback__) if "/meta/" in frame.filename]
            place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "harness"
            key = f"{type(error).__name__} at {place}"
            if key not in failures:
                code = base64.b64encode(content).decode()
                failures[key] = {"what": key, "said": str(error)[:200], "bytes": code}
                write()
        slowest[0] = max(slowest[0], time.perf_counter() - start)
        if sum(counts.values()) % 200 == 0:
            write()

    atexit.register(write)
    words = corpus.with_name("words.txt")
    words.write_text("\n".join(f'"{_escaped(word)}"' for word in WORDS), encoding="utf-8")
    flags = [f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-dict={words}", "-print_final_stats=1"]
    longest = max(4096, 2 * max(map(len, seeds)))
    flags += [f"-max_len={longest}", f"-artifact_prefix={corpus.parent}/", "-rss_limit_mb=3000"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], one_input)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(chr(b) if 32 < b < 127 and b not in b'"\\' else f"\\x{b:02x}" for b in word.encode())


def run(target: str, seconds: int) -> dict[str, Any]:
    """Fuzz one reader in a process of its own; return what happened."""
    with tempfile.TemporaryDirectory() as place:
        corpus, report = Path(place) / "corpus", Path(place) / "report.json"
        corpus.mkdir()
        command = [sys.executable, __file__, "--target", target, "--seconds", str(seconds), "--into", place]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, env=environment, cwd=ROOT, check=False)
        said = done.stderr.decode("utf-8", "replace") + done.stdout.decode("utf-8", "replace")
        found = json.loads(report.read_text()) if report.exists() else {"counts": {}, "failures": []}
        for path in Path(place).glob("[act]*-*"):
            what = f"libFuzzer stopped: {path.name.partition('-')[0]}"
            code = base64.b64encode(path.read_bytes()).decode()
            found["failures"].append({"what": what, "said": said[-500:], "bytes": code})
        if done.returncode and not found["failures"]:
            found["failures"].append(
                {"what": f"exit code {done.returncode}", "said": said[-2000:], "bytes": ""}
            )
    executed = re.search(r"number_of_executed_units:\s*(\d+)", said)
    edges = re.findall(r"cov: (\d+)", said)
    found["inputs"] = int(executed[1]) if executed else sum(found["counts"].values())
    found["edges"] = int(edges[-1]) if edges else 0
    return found


def row(target: str, found: dict[str, Any]) -> str:
    counts = found["counts"]
    numbers = [f"{n:,}" for n in (found["inputs"], counts.get("read", 0), counts.get("refused", 0))]
    cells = [*numbers, f"{found['edges']:,}", f"{found.get('slowest', 0):.2f}", str(len(found["failures"]))]
    return f"| {target} | {' | '.join(cells)} |"


def main() -> int:
    """Fuzz the readers one after the other; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=25, help="for all readers together")
    parser.add_argument("--only", action="append", help="name of a reader; may be repeated")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the table goes")
    for hidden in ("--target", "--seconds", "--into"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.target:
        place = Path(given.into)
        child(given.target, int(given.seconds), place / "report.json", place / "corpus")
        return 0
    sys.path.insert(0, str(ROOT))
    from tests.hostile.parsers import TARGETS

    chosen = given.only or list(TARGETS)
    each = given.minutes * 60 / len(chosen)
    head = HEAD.format(
        python=platform.python_version(),
        atheris=version("atheris"),
        minutes=given.minutes,
        each=each,
        slowest=SLOWEST,
    )
    rows, failed, total = [], [], 0
    for target in chosen:
        found = run(target, round(each))
        rows.append(row(target, found))
        total += found["inputs"]
        failed += [f"- {target}: {f['what']}: {f['said']} (base64 {f['bytes']})" for f in found["failures"]]
        print(rows[-1], *failed[-len(found["failures"]) or len(failed) :], sep="\n", flush=True)
    told = "\n".join([*rows, "", f"Inputs in all: {total:,}.", *(["", *failed] if failed else [])])
    given.page.write_text(head + told + "\n", encoding="utf-8")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())

"""What got slower since ratios were last accepted: ``python benchmarks/peers/guard.py [--accept]``.

``peers.json`` holds the last run, ``ratios.json`` the accepted one: their seconds over ours, median over
rounds. Ratios can be compared between machines, seconds cannot. A run adds what is new to ``ratios.json`` and
leaves the rest, so that many small losses cannot hide one behind the other; ``--accept`` takes the last run
for all.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
LAST, ACCEPTED = HERE / "peers.json", HERE / "ratios.json"
# In the run accepted first, the ratios of single rounds lay within 1.3 times their median for 46 of 57 pairs
# of task and peer; the median over rounds and peers, which is compared, strays less. A machine that is busy
# during one round doubles single ratios (leave-one-out: 2.4) but not their median.
NOISE = 1.3
Ratios = dict[str, dict[str, dict[str, float]]]


def ratios(rounds: list[Mapping[str, Any]]) -> Ratios:
    """By task and engine of ours, the seconds of every peer over ours; the median over rounds.

    >>> one = {"fit": {"meta": {"seconds": 2.0}, "peer": {"seconds": 6.0}}}
    >>> ratios([one])
    {'fit': {'meta': {'peer': 3.0}}}
    """
    tasks = dict.fromkeys(task for each in rounds for task in each)
    return {task: _of_task([each[task] for each in rounds if task in each]) for task in tasks}


def _of_task(rounds: list[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    everyone = dict.fromkeys(who for each in rounds for who in each)
    found: dict[str, dict[str, float]] = {}
    for own in (who for who in everyone if _is_ours(who)):
        for peer in (who for who in everyone if not _is_ours(who)):
            both = [each for each in rounds if own in each and peer in each]
            if both:
                values = [each[peer]["seconds"] / each[own]["seconds"] for each in both]
                found.setdefault(own, {})[peer] = float(f"{statistics.median(values):.4g}")
    return found


def _is_ours(who: str) -> bool:
    return who == "meta" or who.startswith("meta,")


def slower(accepted: Ratios, last: Ratios, noise: float = NOISE) -> list[str]:
    """What takes longer than it did, beside the same peers, in a sentence each.

    The change of a task is the median over peers, so that a peer that became faster is not taken for us.

    >>> slower({"fit": {"meta": {"a": 10.0, "b": 4.0}}}, {"fit": {"meta": {"a": 5.0, "b": 2.0}}})
    ['fit: meta takes 2.00 times as long as it did, beside a, b']
    """
    found = []
    for task, engines in accepted.items():
        for own, before in engines.items():
            now = last.get(task, {}).get(own, {})
            peers = [peer for peer in before if peer in now]
            if not peers:
                found.append(f"{task}: {own} was not timed beside {', '.join(before)}")
                continue
            change = statistics.median(before[peer] / now[peer] for peer in peers)
            if change > noise:
                told = f"takes {change:.2f} times as long as it did, beside {', '.join(peers)}"
                found.append(f"{task}: {own} {told}")
    return found


def merged(accepted: Ratios, last: Ratios) -> Ratios:
    """What was accepted, and what is new.

    >>> merged({"fit": {"meta": {"a": 2.0}}}, {"fit": {"meta": {"a": 1.0, "b": 3.0}}})
    {'fit': {'meta': {'a': 2.0, 'b': 3.0}}}
    """
    tasks = dict.fromkeys((*accepted, *last))
    return {
        task: {
            own: last.get(task, {}).get(own, {}) | accepted.get(task, {}).get(own, {})
            for own in dict.fromkeys((*accepted.get(task, {}), *last.get(task, {})))
        }
        for task in tasks
    }


def check(result: Mapping[str, Any], accept: bool = False, path: Path = ACCEPTED) -> list[str]:
    """Print what got slower in a run, and keep its ratios; returns what was printed."""
    last = ratios(result["rounds"])
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"versions": {}, "ratios": {}}
    found = slower(kept["ratios"], last)
    renewed = accept or not kept["ratios"]
    content = {
        "versions": result["versions"] if renewed else kept["versions"],
        "ratios": last if renewed else merged(kept["ratios"], last),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    others = {name for name, at in kept["versions"].items() if result["versions"].get(name, at) != at}
    if found and others:
        found.append(f"other versions than at the accepted run: {', '.join(sorted(others))}")
    print("\n".join(found or [f"nothing takes more than {NOISE} times as long as at the accepted run"]))
    return found


if __name__ == "__main__":
    check(json.loads(LAST.read_text(encoding="utf-8")), accept="--accept" in sys.argv[1:])

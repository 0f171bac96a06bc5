"""The table and the figure of a comparison: ``python benchmarks/peers/page.py`` writes them anew."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

OWN = ("meta", "meta, exact")
AGREE = 1e-4
HEAD = """\
# Beside its peers

Made by `make benchmark` (`benchmarks/peers/run.py`): {rounds} rounds in one run; in each, everyone ran once,
one after the other, each in a process of its own. Seconds are medians over rounds of the median of repeated
calls; a ratio is the median over rounds of their seconds over ours in the same round, with the least and the
greatest in brackets: above 1, this package is faster. {versions}.

![Ratios](peers.svg)

What differs in what is done: PyMARE's and statsmodels' one fit compute no prediction interval and fewer
statistics beforehand. metafor and PyMetaAnalysis take batches one by one (200 of them, statsmodels
2,000, scaled up to 10,000); PyMARE and this package take arrays. metafor's plot is not laid out by measured
text; ours is, so that nothing overlaps. `import meta` loads its parts when they are first used. Bare PyMC is
the model as tutorials write it, with 4 chains of 1,000 + 2,000 draws, as ours; the loop of quadratures gives
the mean of mu only. First fits include imports and compilation.
"""


def median(result: dict[str, Any], task: str, who: str) -> float:
    return statistics.median(r[task][who]["seconds"] for r in result["rounds"] if who in r.get(task, {}))


def ratios(result: dict[str, Any], task: str, who: str, own: str) -> list[float]:
    """Their seconds over ours, round by round."""
    both = [r[task] for r in result["rounds"] if who in r.get(task, {}) and own in r[task]]
    return [r[who]["seconds"] / r[own]["seconds"] for r in both]


def everyone(result: dict[str, Any]) -> dict[str, list[str]]:
    """Who took part in each task, ourselves first."""
    tasks: dict[str, list[str]] = {}
    for each in result["rounds"]:
        for task, found in each.items():
            tasks[task] = list(dict.fromkeys([*tasks.get(task, []), *found]))
    return {task: sorted(who, key=lambda name: name not in OWN) for task, who in tasks.items()}


def agreement(result: dict[str, Any], task: str, who: str, own: str) -> str:
    """Whether both came to the same number."""
    theirs, ours = (result["rounds"][0].get(task, {}).get(name, {}).get("answer") for name in (who, own))
    if theirs is None or ours is None or who == own or "forest" in task:
        return ""
    if "ess" in result["rounds"][0][task].get(who, {}) or "PyMC" in who:
        return f"{theirs - ours:+.3f}"
    gap = abs(theirs - ours) / max(abs(ours), 1e-12)
    return "yes" if gap < AGREE else f"differs by {gap:.1e}"


def plain(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def rows(result: dict[str, Any]) -> list[str]:
    lines = ["| task | who | seconds | ratio | same number |", "|---|---|---:|---:|---|"]
    for task, who in everyone(result).items():
        own = next(name for name in OWN if name in who)
        for name in who:
            found = ratios(result, task, name, own)
            shown = (
                ""
                if name == own
                else f"{plain(statistics.median(found))} ({plain(min(found))}–{plain(max(found))})"
            )
            seconds = f"{median(result, task, name):.2g}"
            lines.append(
                f"| {task if name == own else ''} | {name} | {seconds} | {shown} | "
                f"{agreement(result, task, name, own)} |"
            )
    return lines


def draw(result: dict[str, Any], path: Path) -> None:
    """One row a task, one mark a peer, on a log scale of ratios."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "peers"
    tasks = {task: who for task, who in everyone(result).items() if "k = 5," not in task}
    peers = list(dict.fromkeys(name for who in tasks.values() for name in who if name not in OWN))
    colours = plt.get_cmap("tab10").colors
    marks = dict(zip(peers, zip("osD^vPX*<>ph", (*colours, "black", "0.6"), strict=True), strict=False))
    figure, ax = plt.subplots(figsize=(9.0, 0.36 * len(tasks) + 1.8), layout="constrained")
    for row, (task, who) in enumerate(tasks.items()):
        own = next(name for name in OWN if name in who)
        for name in who:
            if name in OWN:
                continue
            found = ratios(result, task, name, own)
            mark, colour = marks[name]
            ax.plot([min(found), max(found)], [row, row], color=colour, lw=1.0, zorder=1)
            ax.plot(statistics.median(found), row, mark, color=colour, ms=6, zorder=2)
    ax.axvline(1.0, color="0.3", lw=1.0)
    ax.set(
        xscale="log",
        yticks=range(len(tasks)),
        xlabel="their seconds / ours (right of the line: ours is faster)",
    )
    ax.set_yticklabels(list(tasks))
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    ax.grid(axis="x", color="0.9")
    ax.set_axisbelow(True)
    handles = [ax.plot([], [], mark, color=colour, label=name)[0] for name, (mark, colour) in marks.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write(result: dict[str, Any], folder: Path) -> None:
    """Write ``peers.md`` and ``peers.svg``."""
    shown = ", ".join(f"{name} {version}" for name, version in result["versions"].items() if name != "cores")
    shown = f"{shown}; {result['versions'].get('cores', '?')} cores"
    lines = [HEAD.format(rounds=len(result["rounds"]), versions=shown), *rows(result)]
    (folder / "peers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw(result, folder / "peers.svg")


if __name__ == "__main__":
    here = Path(__file__).parents[1]
    write(json.loads((here / "peers.json").read_text(encoding="utf-8")), here)

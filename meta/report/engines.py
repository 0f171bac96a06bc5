"""Do the exact posterior and the sampled one agree?

The sampler runs in a process of its own, so that figures are drawn meanwhile. Only whether the two agree,
and the rule for it, go into the results: what was sampled is not the same from machine to machine.

Run as ``python -m meta.report.engines`` it reads the analyses as JSON from standard input.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.errors import DiagnosticsError, quiet

if TYPE_CHECKING:
    from meta.claims.answer_claims import Answer

SEED = 20_240_229
TOLERANCE = 4.0
RULE = "the posterior means of mu differ by at most 4 Monte Carlo standard errors of the sampled one"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The posterior means of one analysis by the two engines, with the sampled one's standard error."""

    name: str
    exact: float
    sampled: float
    mcse: float

    @property
    def agrees(self) -> bool:
        """Whether they agree by :data:`RULE`.

        >>> Comparison("a", -0.50, -0.51, 0.004).agrees, Comparison("a", -0.50, -0.52, 0.004).agrees
        (True, False)
        """
        return abs(self.exact - self.sampled) <= TOLERANCE * self.mcse


class EngineCheck:
    """The comparison of the engines for the answers that have a posterior, running beside everything else.

    Parameters
    ----------
    answers : sequence of Answer
        Those with a posterior and a verdict are compared.
    """

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._tasks = {item.analysis.id: _task(item) for item in answers if self.takes(item)}
        self._exact = {
            item.analysis.id: float(item.posterior.estimate)
            for item in answers
            if item.analysis.id in self._tasks
        }
        self._process: subprocess.Popen[str] | None = None

    @staticmethod
    def takes(item: Answer) -> bool:
        """Whether an answer has a posterior to compare."""
        return item.posterior is not None and item.analysis.role != "beside"

    def start(self) -> EngineCheck:
        """Start the sampler."""
        if self._tasks:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "meta.report.engines"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=_environment(),
            )
            assert self._process.stdin is not None
            with suppress(BrokenPipeError):  # it has died, and result() says why
                self._process.stdin.write(json.dumps(self._tasks))
                self._process.stdin.close()
            self._process.stdin = None
        return self

    def stop(self) -> None:
        """End the sampler if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def result(self) -> dict[str, bool]:
        """Wait for the sampler and say for each analysis whether the engines agree.

        Raises
        ------
        DiagnosticsError
            If the sampler failed.
        """
        if self._process is None:
            return {}
        output, complaints = self._process.communicate()
        if self._process.returncode:
            last = complaints.strip().splitlines()[-1:] or ["it gave no reason"]
            raise DiagnosticsError(
                f"the exact posterior could not be checked by sampling ({last[0]}); "
                "use --no-engines to do without the check"
            )
        sampled = json.loads(output)
        return {
            name: Comparison(name, exact, sampled[name]["mean"], sampled[name]["mcse"]).agrees
            for name, exact in self._exact.items()
        }


def sample(task: Mapping[str, Any]) -> dict[str, float]:
    """Sample one analysis and return the posterior mean of mu with its Monte Carlo standard error."""
    from meta.bayes.fit import bayes
    from meta.bayes.priors import HalfNormal, Normal

    effects = EffectSizes(
        yi=_floats(task["yi"]),
        vi=_floats(task["vi"]),
        measure=task["measure"],
        study=np.array(task["study"], dtype=object),
        kind=np.array(task["kind"], dtype=object),
        lower=_floats(task["lower"]),
        upper=_floats(task["upper"]),
        mixtures={int(row): tuple(map(tuple, parts)) for row, parts in task["mixtures"].items()},
    )
    with quiet():
        posterior = bayes(
            effects,
            effect=Normal(0.0, task["effect_sd"]),
            tau=HalfNormal(task["tau_sd"]),
            engine="pymc",
            seed=SEED,
        )
    draws = np.asarray(posterior.inference_data.posterior["mu"])
    size = float(posterior.diagnostics.ess_bulk["mu"])
    return {"mean": float(draws.mean()), "mcse": float(draws.std(ddof=1)) / math.sqrt(size)}


def _task(item: Answer) -> dict[str, Any]:
    used = item.effects.subset(item.effects.informative)
    return {
        "measure": used.measure,
        "study": [str(label) for label in used.study],
        "kind": [str(kind) for kind in used.kind],
        "yi": _plain(used.yi),
        "vi": _plain(used.vi),
        "lower": _plain(used.lower),
        "upper": _plain(used.upper),
        "mixtures": {str(row): parts for row, parts in used.mixtures.items()},
        "effect_sd": item.analysis.prior.effect_sd,
        "tau_sd": item.analysis.prior.tau_sd,
    }


def _plain(values: np.ndarray) -> list[float | str | None]:
    return [
        None if math.isnan(x) else x if math.isfinite(x) else ("inf" if x > 0 else "-inf")
        for x in values.tolist()
    ]


def _floats(values: list[float | str | None]) -> np.ndarray:
    return np.array([math.nan if x is None else float(x) for x in values])


def _environment() -> dict[str, str]:
    """Return the environment with this very package on the path, wherever it was imported from."""
    from pathlib import Path

    root = str(Path(__file__).resolve().parents[2])
    before = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": root if not before else os.pathsep.join((root, before))}


def main() -> None:
    """Sample the analyses given on standard input; write means and errors to standard output."""
    tasks = json.load(sys.stdin)
    answer = sys.stdout
    sys.stdout = sys.stderr
    found = {name: sample(task) for name, task in tasks.items()}
    json.dump(found, answer)


if __name__ == "__main__":
    main()

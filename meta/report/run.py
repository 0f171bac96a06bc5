"""`run`: from a folder of study files to a folder of results, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from meta.claims.answers import Answer, answer_all, overall, primary_verdicts
from meta.effects.evidence import Evidence, load_evidence
from meta.errors import DiagnosticsError, quiet
from meta.report.engines import RULE, EngineCheck
from meta.report.plain import plain
from meta.report.publish import publish
from meta.report.tables import csv_text, effect_rows

Say = Callable[[str], None]
FIT_NUMBERS = (
    "method",
    "test",
    "level",
    "k",
    "estimate",
    "se",
    "ci_low",
    "ci_high",
    "statistic",
    "p_value",
    "df",
    "tau2",
    "i2",
    "i2_q",
    "q",
    "q_df",
    "q_p",
    "warnings",
)


@dataclass(frozen=True)
class RunResult:
    """What a run found and wrote.

    Attributes
    ----------
    folder : str
        The folder of results.
    files : tuple of str
        What was written, relative to ``folder``.
    answers : tuple of Answer
        One an analysis, in the order of the claims file.
    engines : mapping of str to bool
        For each analysis, whether the exact posterior and the sampled one agree; empty if not checked.
    warnings : tuple of str
        What the reader of the results should know about this run.
    """

    folder: str
    files: tuple[str, ...]
    answers: tuple[Answer, ...]
    engines: Mapping[str, bool]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        found = ", ".join(
            f"{item.analysis.id}: {item.verdict.conclusion}" for item in self.judged if item.verdict
        )
        return f"RunResult({self.folder!r}; {found})"

    @property
    def judged(self) -> tuple[Answer, ...]:
        """The answers on which verdicts rest."""
        return tuple(item for item in self.answers if item.analysis.role == "primary")


def run(
    studies: str | Path = "studies",
    results: str | Path = "results",
    *,
    say: Say = lambda _: None,
    engines: bool = True,
) -> RunResult:
    """Read the study files, judge every claim, and write verdicts, effects, figures and the report.

    Parameters
    ----------
    studies, results : str or Path
        Folder of study files; folder to write, which is replaced whole or left as it was.
    say : callable
        Is told what is being done.
    engines : bool
        Whether to check the exact posterior against the sampled one (most of the time a run takes).

    Returns
    -------
    RunResult

    Raises
    ------
    EvidenceError
        If any study file has a problem; ``problems`` lists them all.
    OSError
        If the results cannot be written.
    """
    say(f"reading {studies}")
    evidence = load_evidence(studies)
    with quiet():
        answers = answer_all(evidence, say=say)
    check = EngineCheck(answers)
    agree: dict[str, bool] = {}
    notes: list[str] = []

    def build(folder: Path) -> list[str]:
        from meta.report.figures import draw
        from meta.report.html import render

        (folder / "figures").mkdir()
        figures = draw(evidence, answers, folder / "figures", say=say)
        if engines:
            say("checking the exact posterior against the sampled one")
            try:
                agree.update(check.result())
            except DiagnosticsError as failed:
                notes.append(str(failed))
        say("writing the report")
        files = ["effects.csv", "report.html", "verdicts.json"]
        files = sorted([*files, *(f"figures/{name}" for figure in figures.values() for name in figure.files)])
        _write(folder / "effects.csv", csv_text(effect_rows(evidence, answers)))
        _write(folder / "verdicts.json", verdicts_json(evidence, answers, agree, files))
        _write(folder / "report.html", render(evidence, answers, figures, agree))
        return files

    try:
        if engines and answers:
            check.start()
        files = publish(results, build)
    finally:
        check.stop()
    notes += [
        f"the exact and the sampled posterior of {name} do not agree"
        for name, same in agree.items()
        if not same
    ]
    return RunResult(str(results), tuple(files), answers, agree, tuple(notes))


def verdicts_json(
    evidence: Evidence, answers: Sequence[Answer], engines: Mapping[str, bool], files: Sequence[str]
) -> str:
    """Return ``verdicts.json``: what every analysis of every claim came to, with full precision.

    Parameters
    ----------
    evidence : Evidence
        For the claims.
    answers : sequence of Answer
        From :func:`meta.claims.answers.answer_all`.
    engines : mapping of str to bool
        Whether the engines agree; empty if that was not checked.
    files : sequence of str
        Everything the run writes.
    """
    import meta

    content = {
        "version": meta.__version__,
        "claims": {
            claim.id: {
                "statement": claim.statement,
                "short": claim.short,
                "conclusion": overall(primary_verdicts(answers, claim)),
                "conclusions": {
                    verdict.analysis.id: verdict.conclusion for verdict in primary_verdicts(answers, claim)
                },
                "analyses": {
                    item.analysis.id: _analysis(item) for item in answers if item.claim.id == claim.id
                },
            }
            for claim in evidence.claims.values()
        },
        "engines": {"checked": bool(engines), "rule": RULE, "agree": dict(engines)},
        "files": list(files),
    }
    return json.dumps(plain(content), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _analysis(item: Answer) -> dict[str, Any]:
    verdict = {} if item.verdict is None else item.verdict.to_dict()
    found = {name: value for name, value in verdict.items() if name != "statement"}
    found |= {"label": item.analysis.label, "role": item.analysis.role, "measure": item.analysis.measure}
    found["fit"] = None if item.fit is None else _fit(item.fit)
    found["posterior"] = None if item.posterior is None else item.posterior.to_dict()
    found["variations"] = [asdict(variation) for variation in item.variations]
    return found


def _fit(fit: Any) -> dict[str, Any]:
    numbers = {name: getattr(fit, name) for name in FIT_NUMBERS}
    with quiet():
        numbers["tau2_low"], numbers["tau2_high"] = fit.tau2_interval("QP")
        numbers["prediction_low"], numbers["prediction_high"] = fit.prediction_interval()
        numbers["prediction_kind"] = fit.prediction_kind()
    if fit.k > 1:
        numbers["floored_ci_low"], numbers["floored_ci_high"] = fit.adhoc
    return numbers


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")

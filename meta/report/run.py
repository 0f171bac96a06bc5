"""`run`: from a folder of study files to a folder of results, whole or not at all.

Only what changed is computed: an analysis whose studies, claim, code and libraries are those of the run
before is taken over with its figures. Both ways give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from meta.claims.answer_claims import Answer, answer
from meta.claims.judge import judge
from meta.effects.study_evidence import Evidence, load_evidence
from meta.errors import DiagnosticsError, quiet
from meta.report.answered_analysis import ClaimSubject, Gallery, Subject
from meta.report.effects_table import csv_text, effect_rows
from meta.report.engines import EngineCheck
from meta.report.fingerprints import fingerprint, inputs_of, key_of, part_for, versions
from meta.report.history import CUT_OFF, HISTORY, history_line, history_text, read_before
from meta.report.overview import overview, rows_of
from meta.report.publish import publish
from meta.report.record import KEPT, Kept, Record, files_of, kept_json
from meta.report.sections.section_registry import ANALYSIS, CLAIM, write_sections
from meta.report.verdicts_json import numbers_of, verdicts_json
from meta.report.view import Page, page

Say = Callable[[str], None]
MOST_SAMPLED = 6
"""Analyses whose posterior is checked by sampling in one run: each takes seconds, by the same engine."""
TEXTS = ("effects.csv", HISTORY, "inputs.json", "report.html", "report.md", "tables.docx", "verdicts.json")


@dataclass(frozen=True)
class Conclusion:
    """The verdict on one primary analysis."""

    claim: str
    analysis: str
    label: str
    conclusion: str


@dataclass(frozen=True)
class RunResult:
    """What a run found and wrote.

    Attributes
    ----------
    folder : str
        The folder of results.
    files : tuple of str
        What was written, relative to ``folder``.
    conclusions : tuple of Conclusion
        One a primary analysis, in the order of the claims file.
    answers : mapping of str to Answer
        The analyses that were computed in this run, by id.
    kept : tuple of str
        The analyses that were taken over from the run before.
    change : mapping or None
        The line that was added to the history; None if the inputs are those of its last line.
    engines : mapping of str to bool
        For each analysis, whether the exact posterior and the sampled one agree; empty if not checked.
    warnings : tuple of str
        What the reader of the results should know about this run.
    evidence : Evidence
        What the results rest on.
    """

    folder: str
    files: tuple[str, ...]
    conclusions: tuple[Conclusion, ...]
    answers: Mapping[str, Answer]
    kept: tuple[str, ...]
    change: Mapping[str, Any] | None
    engines: Mapping[str, bool]
    warnings: tuple[str, ...]
    evidence: Evidence = field(repr=False)

    def __repr__(self) -> str:
        found = ", ".join(f"{item.analysis}: {item.conclusion}" for item in self.conclusions)
        return f"RunResult({self.folder!r}; {found})"


def run(
    studies: str | Path = "studies",
    results: str | Path = "results",
    *,
    say: Say = lambda _: None,
    engines: bool = True,
    everything: bool = False,
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
    everything : bool
        Compute every analysis, also those whose inputs are as they were.

    Returns
    -------
    RunResult

    Raises
    ------
    EvidenceError
        If any study file has a problem; ``problems`` lists them all.
    InputError
        If another run is writing to ``results``, or its history cannot be read.
    OSError
        If the results cannot be written.
    """
    say(f"reading {studies}")
    evidence = load_evidence(studies)
    work = _Work(evidence, Path(results).resolve(), engines, everything, say)
    try:
        with quiet():
            files = publish(results, work.build)
    finally:
        work.check.stop()
    return work.result(str(results), files)


class _Work:
    """One run under way."""

    def __init__(self, evidence: Evidence, target: Path, engines: bool, everything: bool, say: Say) -> None:
        self.evidence, self.target, self.say = evidence, target, say
        self.engines, self.everything = engines, everything
        self.answers: dict[str, Answer] = {}
        self.records: dict[str, Record] = {}
        self.change: Mapping[str, Any] | None = None
        self.notes: list[str] = []
        self.doubts: list[str] = []
        self.check = EngineCheck(())

    def build(self, folder: Path) -> list[str]:
        figures = folder / "figures"
        figures.mkdir()
        before = read_before(self.target)
        kept = Kept(self.target)
        self.doubts += [*before.notes, *kept.notes]
        gallery = Gallery(figures)
        self._analyses(kept, gallery)
        self._claims(kept, gallery)
        rows = rows_of(self.evidence, self.numbers)
        if rows:
            self.records["verdicts"] = self._take(kept, "verdicts", fingerprint(rows), figures) or overview(
                rows, gallery
            )
        self._engines()
        inputs = inputs_of(self.evidence)
        self.change = history_line(before, inputs, self.evidence, self.numbers)
        self.say("writing the report")
        lines = [*before.lines, *([] if self.change is None else [self.change])]
        shown = page(
            self.evidence,
            self.records,
            lines,
            versions=versions(),
            folder=Path(self.evidence.library.folder).name,
        )
        files = sorted([*TEXTS, *(f"figures/{name}" for name in files_of(self.records.values()))])
        _write(folder / HISTORY, history_text(before, self.change))
        if before.cut_off:
            earlier = self.target / CUT_OFF
            kept_off = earlier.read_bytes().decode(errors="replace") if earlier.is_file() else ""
            _write(folder / CUT_OFF, f"{kept_off}{before.cut_off}\n")
        _write(folder / "inputs.json", inputs.to_json())
        _write(folder / "effects.csv", csv_text(effect_rows(self.evidence)))
        _write(folder / "verdicts.json", verdicts_json(self.evidence, self.numbers, self.agree, files))
        _write_report(folder, shown)
        complete = not (self.engines and self.notes)
        _write(folder / KEPT, kept_json(self.records if complete else {}, figures))
        return files

    @property
    def numbers(self) -> dict[str, Mapping[str, Any]]:
        return {name: self.records[name].numbers for name in self.evidence.analyses}

    @property
    def agree(self) -> dict[str, bool]:
        found = ((name, self.records[name].agrees) for name in self.evidence.analyses)
        return {name: agrees for name, agrees in found if agrees is not None}

    def _take(self, kept: Kept, name: str, key: str, figures: Path) -> Record | None:
        return None if self.everything else kept.take(name, key, figures)

    def _analyses(self, kept: Kept, gallery: Gallery) -> None:
        """Take over what is as it was; answer the rest, let it be sampled, and write about it meanwhile."""
        todo: dict[str, tuple[str, Evidence]] = {}
        for name, (claim, analysis) in self.evidence.analyses.items():
            part = part_for(self.evidence, claim, {analysis.outcome})
            key = key_of(part, name, self.engines)
            record = self._take(kept, name, key, gallery.folder)
            if record is None:
                self.say(f"pooling and judging: {analysis.label}")
                todo[name] = (key, part)
                self.answers[name] = answer(part, name)
            else:
                self.records[name] = record
        if self.engines:
            sampled = [item for item in self.answers.values() if EngineCheck.takes(item)]
            if len(sampled) > MOST_SAMPLED:
                self.doubts.append(
                    f"{MOST_SAMPLED} of {len(sampled)} exact posteriors were checked by sampling"
                )
            self.check = EngineCheck(tuple(sampled[:MOST_SAMPLED])).start()
        for name, (key, part) in todo.items():
            item = self.answers[name]
            self.say(f"drawing: {item.analysis.label}")
            sections = write_sections(name, Subject(part, item, gallery), ANALYSIS)
            self.records[name] = Record(key, sections, numbers_of(item))

    def _claims(self, kept: Kept, gallery: Gallery) -> None:
        for claim in self.evidence.claims.values():
            part, name = part_for(self.evidence, claim), f"claim-{claim.id}"
            key = key_of(part, name)
            record = self._take(kept, name, key, gallery.folder)
            if record is None:
                self.say(f"drawing: {claim.short}")
                record = Record(key, write_sections(name, ClaimSubject(part, claim, gallery), CLAIM))
            self.records[name] = record

    def _engines(self) -> None:
        if not self.engines or not self.answers:
            return
        self.say("checking the exact posterior against the sampled one")
        try:
            found = self.check.result()
        except DiagnosticsError as failed:
            self.notes.append(str(failed))
            return
        for name, agrees in found.items():
            self.records[name] = replace(self.records[name], agrees=agrees)

    def result(self, folder: str, files: list[str]) -> RunResult:
        disagree = [
            f"the exact and the sampled posterior of {name} do not agree"
            for name, same in self.agree.items()
            if not same
        ]
        conclusions = tuple(
            Conclusion(claim.id, name, analysis.label, self.records[name].numbers["conclusion"])
            for name, (claim, analysis) in self.evidence.analyses.items()
            if analysis.role == "primary"
        )
        conclusions += tuple(
            Conclusion(claim.id, "", claim.short, judge(claim).conclusion)
            for claim in self.evidence.claims.values()
            if claim.kind == "fact"
        )
        return RunResult(
            folder,
            tuple(files),
            conclusions,
            self.answers,
            tuple(name for name in self.evidence.analyses if name not in self.answers),
            self.change,
            self.agree,
            (*self.doubts, *self.notes, *disagree),
            self.evidence,
        )


def _write_report(folder: Path, shown: Page) -> None:
    from meta.report.html import render
    from meta.report.markdown import markdown
    from meta.report.word import word

    _write(folder / "report.html", render(shown, folder / "figures"))
    _write(folder / "report.md", markdown(shown))
    (folder / "tables.docx").write_bytes(word(shown))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")

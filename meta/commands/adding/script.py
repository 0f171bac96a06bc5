"""The questions of ``meta add``, in order; which come depends on the answers so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meta.commands.adding.interview import Answers, Question
from meta.commands.adding.statistic_script import statistic_questions
from meta.commands.adding.words import CHOICES, KINDS, REFERENCE
from meta.effects.registry import measure as look_up
from meta.errors import EvidenceError
from meta.evidence.bibliography import references
from meta.evidence.columns import STUDY, column
from meta.evidence.entering import study_from
from meta.evidence.field_names import authors_of, bare_doi, short_name
from meta.evidence.kinds.means import NOT_SAID
from meta.evidence.load_studies import Known
from meta.evidence.statistics import COMPARE
from meta.evidence.values import choose, read_value
from meta.evidence.vocabulary import OTHER
from meta.evidence.writing import check_id
from meta.formatting import listing

NEXT = "@"
MORE = "_more"


@dataclass(frozen=True)
class AddScript:
    """The questions for one study file.

    Attributes
    ----------
    folder : str
        Folder of study files; an id that is taken is refused at once.
    given : mapping of str to str
        Fields of the study that are known already, by flat name; they are not asked.
    known : Known
        Outcomes that the claims file pools, and publications that have a file already.
    """

    folder: str
    given: Mapping[str, str] = field(default_factory=dict)
    known: Known = field(default_factory=Known)

    def __call__(self, answers: Answers) -> Iterator[Question]:
        """Yield the questions in order."""
        if not self.given.keys() & {"title", "authors", "doi"}:
            yield Question(
                "_reference", "Paste the reference of the paper, if you have it", optional=True,
                help=REFERENCE, read=_one_reference, lines=True, told=_understood,
                check=lambda answers: self._filed(_pasted(answers)),
            )  # fmt: skip
        known = {**self.given, **_pasted(answers)}
        for question in self._study({**known, **answers}):
            if question.key not in known:
                yield question
        number = 0
        while True:
            yield from self._result(answers, number)
            more = f"{MORE}{NEXT}{number}"
            yield Question(
                more, "Is there another result of this study to enter?", default="no",
                choices=(("no", ""), ("yes", "another outcome, time or comparison")),
                help="Enter each outcome and each time that the paper reports as a result of its own.",
                read=lambda text: choose(text, ("no", "yes")),
            )  # fmt: skip
            if answers.get(more) != "yes":
                break
            number += 1
        yield self._of("not_seen", "What did you look for and not find? Separate with ;", optional=True)
        yield self._of("status", "May this study enter an analysis?", default="included")
        if answers.get("status") == "excluded":
            yield self._of("exclusion_reason", "Why is it excluded?")

    def _study(self, answers: Answers) -> Iterator[Question]:
        yield self._of("authors", "Who wrote it? Surname and initials, separated by ;", optional=True)
        yield self._of("year", "In which year was it published?", optional=True)
        yield self._of("title", "What is its title?", optional=True)
        yield self._of("journal", "In which journal, with volume and pages?", optional=True)
        yield self._of("doi", "What is its DOI?", optional=True)
        yield self._of("pmid", "What is its PubMed number?", optional=True)
        yield self._id(answers)
        yield self._of("read", "What of it did you read?", default="abstract")
        yield self._of("read_at", "Where did you read it? A web address or file", optional=True)
        yield self._of("design", "How was the study set up?", default="not stated")
        yield self._of("allocation", "How did people come into the groups?", default="not stated")
        yield self._of("blinding", "Who did not know the treatment?", default="not stated")
        yield self._of("control", "What did the comparison group get?", default="not stated")
        yield self._of("group", "Which kind of people took part?")
        people = "" if answers.get("group", "other") == "other" else answers["group"]
        yield self._of("people", "Who were they, in your words?", default=people)
        yield self._of("n_randomised", "How many people were randomised, all groups together?", optional=True)
        yield self._of("n_analysed", "How many were analysed?", optional=True)
        topic = self.known.claims.topic
        such = f" Such as {listing(topic.forms[:2], 'or')}" if topic.forms else ""
        yield self._of("form", f"Which form of {topic.treatment}?{such}", optional=True)
        yield self._of("route", "How was it given?", optional=True)
        yield self._of("dose_mg", f"How many mg of {topic.treatment} a day?", optional=True)
        if answers.get("dose_mg"):
            active = topic.active or topic.treatment
            ask = f"Is that the {active} itself or the whole compound?"
            yield self._of("dose_is", ask, default="not stated")
        yield self._of("duration_days", "For how many days?", optional=True)

    def _id(self, record: Mapping[str, str]) -> Question:
        authors = authors_of(record.get("authors", ""))
        year = record.get("year", "")
        own = short_name(authors, int(year) if (len(year) == 4 and year.isdecimal()) else None)

        def free(answers: Answers) -> str:
            try:
                taken = (Path(self.folder) / f"{check_id(answers['id'])}.toml").exists()
            except EvidenceError as refusal:
                return f"{refusal}."
            return (
                f"There is a file {answers['id']}.toml already; it is never overwritten. Add a letter."
                if taken
                else ""
            )

        return Question(
            "id", "Under which name shall it be filed?", default=own,
            help=column("id").meaning, read=lambda text: text.strip().lower(), check=free,
        )  # fmt: skip

    def _filed(self, record: Mapping[str, str]) -> str:
        """Return which file has this publication already, or ""."""
        names = [bare_doi(record.get("doi", "")), record.get("pmid", "")]
        owner = next((own for name in names if (own := self.known.publications.get(name))), None)
        if owner is None or "cohort" in self.given:
            return ""
        return (
            f"{owner}.toml is the file of this publication; quit and edit that file, "
            "or add --cohort if this is another report on the same people."
        )

    def _result(self, answers: Answers, number: int) -> Iterator[Question]:
        def of(
            name: str, ask: str, *, kind: str = "", default: str = "", optional: bool = False,
            last: bool = False, arm: str = "",
        ) -> Question:  # fmt: skip
            return self._of(
                name, ask, number=number, kind=kind, default=default, optional=optional, last=last, arm=arm
            )

        outcome = answers.get(f"outcome{NEXT}{number}", "")
        yield of("outcome", "Which outcome?")
        yield of("measured", "What exactly was measured?", default=outcome)
        yield of("time", "When? Such as 24 h, 8 weeks, end of treatment")
        yield of("phase", "Which values are these?", default="not stated")
        yield of("unit", "In which unit?", optional=True)
        yield of("higher_is", "Is a higher value better or worse?", default="worse")
        yield of("kind", "What did the paper print? Take the first that fits")
        kind = answers.get(f"kind{NEXT}{number}", "")
        treatment = self.known.claims.topic.treatment
        yield from statistic_questions(kind, number, {**self.given, **answers}, of, treatment)
        yield of("place", "Where does it stand? Such as Table 2", last=True)
        yield of("quote", "The sentence as printed, if the wording matters", optional=True)

    def _of(
        self, name: str, ask: str, *, number: int | None = None, kind: str = "", default: str = "",
        optional: bool = False, last: bool = False, arm: str = "",
    ) -> Question:  # fmt: skip
        """Return the question for a flat name; the schema says what is allowed and what it means."""
        about = column(name, kind)
        choices = self._choices(name, about.choices)
        help_ = "\n".join([f"{about.meaning}", *self._more_help(name)])
        key = name if number is None else f"{name}{NEXT}{number}"
        values = tuple(value for value, _ in choices)

        def read(text: str) -> str:
            kept = choose(text, values) if values else " ".join(text.split())
            read_value(kept, about)
            return kept

        def check(answers: Answers) -> str:
            filed = self._filed({name: answers[name]}) if name in ("doi", "pmid") else ""
            return filed or wrong(name, answers, self.given, number, last=last)

        return Question(key, ask, default, choices, optional, help_, read, check)

    def _choices(self, name: str, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
        if name == "kind":
            return tuple((kind, words) for kind, (words, _) in KINDS.items())
        if name == "outcome" and self.known.outcomes:
            pooled = [(one, f"pooled in {', '.join(by)}") for one, by in self.known.outcomes.items() if by]
            rest = [one for one, by in self.known.outcomes.items() if not by]
            return (*pooled, *((one, "enters no analysis") for one in (*rest, OTHER)))
        if name == "group" and self.known.groups:
            return tuple((one, "") for one in (*self.known.groups, OTHER))
        if name == "measure":
            return tuple((value, look_up(value).display) for value in values)
        return tuple((value, CHOICES.get(name.rstrip("12"), {}).get(value, "")) for value in values)

    def _more_help(self, name: str) -> list[str]:
        if name == "kind":
            return [f"  {kind}: {more}" for kind, (_, more) in KINDS.items()]
        return []


def records(answers: Answers, given: Mapping[str, str]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the flat records of the study and of its results from the answers.

    >>> records({"year": "2019", "outcome@0": "pain", "_more@0": "no"}, {"title": "A trial"})
    ({'title': 'A trial', 'year': '2019'}, [{'outcome': 'pain'}])
    """
    study = {**given, **_pasted(answers)}
    results: dict[int, dict[str, str]] = {}
    for key, value in answers.items():
        name, numbered, number = key.partition(NEXT)
        if name == "_beside" and value == NOT_SAID:
            results[int(number)] |= {"dispersion_stated1": "no", "dispersion_stated2": "no"}
        if name.startswith("_"):
            continue
        if numbered:
            results.setdefault(int(number), {})[name] = value
        else:
            study[name] = value
    return study, list(results.values())


def wrong(
    name: str, answers: Answers, given: Mapping[str, str], number: int | None, *, last: bool = False
) -> str:
    """Return what is wrong with the answer called ``name``, or "".

    Besides the field itself, what contradicts earlier answers is found: a mean outside its interval. With
    ``last`` also what is still missing for the statistic to say something.
    """
    study, results = records(answers, given)
    own = [results[-1]] if number is not None and results else []
    try:
        study_from(study, own)
    except EvidenceError as refusal:
        for problem in refusal.problems:
            absent = problem.rule == "this is needed"
            if problem.field == name and not absent:
                return f"{problem.rule[:1].upper()}{problem.rule[1:]}; {problem.remedy}."
            whole = number is not None and not absent and (last or problem.remedy == COMPARE)
            if whole and problem.field not in STUDY:
                return f"{problem.field}: {problem.rule}; {problem.remedy}. < goes back."
    return ""


def _one_reference(text: str) -> str:
    found = references(text)
    if len(found) > 1:
        raise EvidenceError(f"these are {len(found)} references; paste the one of this study")
    return text


def _understood(text: str) -> str:
    found = references(text)[0] if text else None
    if found is None:
        return ""
    record = found.record()
    return "\n".join(["Understood:", *(f"  {name}: {value}" for name, value in record.items())])


def _pasted(answers: Answers) -> dict[str, str]:
    text = answers.get("_reference", "")
    return references(text)[0].record() if text else {}

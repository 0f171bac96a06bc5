"""From flat records of text to a study: what flags, tables and questions have in common.

A record maps flat names (see :mod:`meta.evidence.columns`) to text as typed. What follows from other
fields is filled in (id, label, citation, arms); a fact that was not given is "not stated", never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from meta.errors import EvidenceError
from meta.evidence.claims import ClaimsFile, Topic
from meta.evidence.columns import (
    RESULT,
    SIZES,
    STATISTIC,
    STUDY,
    column,
    name_of,
    owners,
)
from meta.evidence.field_names import authors_of, bare_doi, short_name, slug, surname
from meta.evidence.kinds import telling
from meta.evidence.problems import Problem, explained, shown
from meta.evidence.study_schema import Study
from meta.evidence.values import Refusal, decimals, read_value, time_of
from meta.evidence.vocabulary import check_declared

Record = Mapping[str, str]
UNDECLARED = ClaimsFile()
"""A claims file that declares nothing."""

NOT_STATED = dict.fromkeys(("design", "allocation", "blinding", "control"), "not stated")
CONTROLS = {
    "placebo": ("placebo", "Placebo"),
    "no supplement": ("control", "No supplement"),
    "active": ("control", "Active control"),
}
SOURCES = {"full text": "paper", "full table": "paper", "registry": "registry", "secondary": "secondary"}
SECOND = {"arm2", *(name for names in STATISTIC.values() for name, path in names.items() if ".1" in path)}
FOLLOWS = {"label": "id", "title": "id", "measured": "outcome", "people": "group", "citation": "id"}
"""What is filled in from another field; its absence is not told beside the other's."""
TELLING = telling()
"""Kind of statistic by the first of these names that a record has."""


def study_from(
    study: Record,
    results: Sequence[Record],
    *,
    file: str = "",
    comma: bool = False,
    claims: ClaimsFile = UNDECLARED,
) -> Study:
    """Make a study from flat records.

    Parameters
    ----------
    study : mapping of str to str
        Study, source, design, population and arms, by flat name.
    results : sequence of mapping of str to str
        One record a result, with its statistic.
    file : str
        What to call the input in the list of problems.
    comma : bool
        Whether decimals are written with a comma throughout.
    claims : ClaimsFile
        What it declares: the topic's words, outcomes and people.

    Raises
    ------
    EvidenceError
        If anything is missing or wrong; ``problems`` lists all of it, each by its flat name.

    Examples
    --------
    >>> made = study_from(
    ...     {"authors": "Doe J", "year": "2001", "title": "A trial", "group": "adults", "read": "abstract"},
    ...     [{"outcome": "pain", "time": "8 weeks", "phase": "final", "place": "abstract",
    ...       "mean1": "11,2", "sd1": "3.1", "n1": "20", "mean2": "13", "sd2": "2.9", "n2": "21"}],
    ... )
    >>> made.id, made.results[0].id, made.results[0].statistic.arms[0].mean
    ('doe-2001', 'pain-8-weeks', 11.2)
    """
    problems: list[Problem] = []
    known = _values(study, STUDY, "", file, comma, problems)
    parts = []
    for number, record in enumerate(results):
        kind = _kind(record, file, problems)
        names = {*RESULT, *STATISTIC.get(kind, {}), *SIZES}
        where = f"{file} result {number + 1}".strip() if len(results) > 1 else file
        parts.append((kind, record, _values(record, names, kind, where, comma, problems)))
    if parts and all(kind == "variation" for kind, _, _ in parts):
        known.setdefault("role", "variation")
    second = any(name in SECOND for values in (known, *(values for _, _, values in parts)) for name in values)
    content = _study(known, second, claims.topic)
    content["results"] = [
        _result(content, kind, record, values, claims.topic) for kind, record, values in parts
    ]
    _give_sizes(content, [values for kind, _, values in parts if "n1" not in STATISTIC.get(kind, {})],
                file, problems)  # fmt: skip
    _unique_ids(content["results"])
    problems += _undeclared(study, results, claims, file)
    seen = {problem.field for problem in problems}
    try:
        made = Study.model_validate(content)
    except ValidationError as error:
        kinds = [kind for kind, _, _ in parts]
        problems += [item for item in _named(error, file, kinds) if item.field not in seen]
    wrong = {problem.field for problem in problems}
    problems = [item for item in dict.fromkeys(problems) if FOLLOWS.get(item.field) not in wrong]
    if problems:
        told = "\n".join(f"  {problem}" for problem in problems)
        raise EvidenceError(f"{len(problems)} problem(s):\n{told}", tuple(problems))
    return made


def _undeclared(study: Record, results: Sequence[Record], claims: ClaimsFile, file: str) -> Iterator[Problem]:
    """People and outcomes that the claims file does not declare."""
    groups = [item.id for item in claims.populations]
    outcomes = [item.id for item in claims.outcomes]
    if study.get("group", "").strip():
        yield from check_declared(file, "group", study["group"].strip(), groups, "populations")
    for record in results:
        if record.get("outcome", "").strip():
            yield from check_declared(file, "outcome", record["outcome"].strip(), outcomes, "outcomes")


def left_open(study: Record) -> list[str]:
    """Return the facts that were not given and therefore stand as "not stated" or "not recorded".

    >>> left_open({"allocation": "randomised", "design": "parallel", "title": "A trial"})
    ['blinding', 'control']
    """
    open_ = [name for name in (*NOT_STATED, "title") if not study.get(name, "").strip()]
    if study.get("dose_mg") and not study.get("dose_is"):
        open_.append("dose_is")
    return open_


def guess_kind(record: Record) -> str:
    """Return the kind of statistic that a record's names tell of; empty if none does.

    >>> guess_kind({"events1": "3", "n1": "10", "p": "0.2"}), guess_kind({"p": "0.02"}), guess_kind({})
    ('counts', 'test', '')
    """
    return next((kind for name, kind in TELLING.items() if record.get(name, "").strip()), "")


def _kind(record: Record, file: str, problems: list[Problem]) -> str:
    given = record.get("kind", "").strip()
    if not given:
        return guess_kind(record)
    try:
        return str(read_value(given, column("kind")))
    except Refusal as refusal:
        problems.append(Problem(file, "kind", repr(given), refusal.rule, refusal.remedy))
        return guess_kind(record)


def _values(
    record: Record, names: Collection[str], kind: str, file: str, comma: bool, problems: list[Problem]
) -> dict[str, Any]:
    """Read a record's texts; what cannot be read, or has no place, is a problem."""
    values: dict[str, Any] = {}
    for name, text in record.items():
        if not text.strip() or name == "kind":
            continue
        if name not in names:
            home = " or ".join(owners(name))
            rule = f"a statistic of kind {kind} has no {name}" if kind else f"{name} says nothing by itself"
            remedy = f"leave it out, or use kind {home}" if home else "leave it out"
            problems.append(Problem(file, name, shown(text), rule, remedy))
            continue
        try:
            values[name] = _special(name, text) or read_value(text, column(name, kind), comma=comma)
        except Refusal as refusal:
            problems.append(Problem(file, name, shown(text), refusal.rule, refusal.remedy))
    return values


def _special(name: str, text: str) -> Any:
    if name == "authors":
        return list(authors_of(text))
    if name == "pmid":
        return re.sub(r"^(pmid)?[:\s]*", "", text.strip(), flags=re.IGNORECASE)
    return bare_doi(text) if name == "doi" else None


def _study(values: dict[str, Any], second: bool, topic: Topic) -> dict[str, Any]:
    """Return the content of a study file without its results.

    ``second`` says that something was given for a second arm.
    """
    content: dict[str, Any] = {"design": {}, "population": {}, "sources": [{}], "status": "included"}
    for name, value in {**NOT_STATED, **values}.items():
        _put(content, STUDY[name], value)
    authors, year = content.get("authors", []), content.get("year")
    label = f"{surname(authors[0])} {year or ''}".strip() if authors else content.get("id", "")
    label = content.get("label", label)
    title = f"{label} (title not recorded)" if label else ""
    own = short_name(authors, year) or slug(label)
    for name, value in (("id", own), ("label", label), ("title", title)):
        if value:
            content.setdefault(name, value)
    people = content["population"]
    if people.get("group") not in (None, "other"):
        size = people.get("n_analysed") or people.get("n_randomised")
        people.setdefault("description", f"{size or ''} {people['group']}".strip())
    content["arms"] = _arms(content, second, topic)
    content["sources"] = [_source(content)]
    return content


def _arms(content: dict[str, Any], second: bool, topic: Topic) -> list[dict[str, Any]]:
    given = content.pop("arms", {})
    form = given.get("0", {}).get("form", "")
    named = f"{topic.treatment[:1].upper()}{topic.treatment[1:]}"
    first = {"id": topic.arm, "role": "treatment", "label": f"{named} {form}".strip()}
    control = content["design"]["control"]
    name, label = CONTROLS.get(control, ("control", "Control"))
    other = {"id": name, "role": "control", "label": label}
    alone = control == "none"
    if content.get("role") == "variation":
        first = {"id": "people", "role": "other", "label": "People measured"}
        other = {"id": "others", "role": "other", "label": "Other people"}
        alone = True
    arms = [first | given.get("0", {}), other | given.get("1", {})]
    return arms[:1] if alone and not second else arms


def _source(content: dict[str, Any]) -> dict[str, Any]:
    source = dict(content["sources"][0])
    read = source.get("read", "")
    authors = content.get("authors", [])
    who = f"{authors[0]} et al." if len(authors) > 1 else f"{authors[0]}." if authors else ""
    what = content.get("journal") or content.get("title", "")
    source.setdefault("key", SOURCES.get(read, "abstract"))
    source.setdefault("citation", ", ".join(part for part in (f"{who} {what}".strip(), read) if part))
    if read != "secondary":
        source |= {name: content[name] for name in ("doi", "pmid") if name in content}
    return source


def _result(
    content: dict[str, Any], kind: str, record: Record, values: dict[str, Any], topic: Topic
) -> dict[str, Any]:
    """Return the content of one result."""
    result: dict[str, Any] = {"time": {}, "statistic": {"kind": kind}}
    arms = [arm["id"] for arm in content["arms"]]
    for name, value in values.items():
        if name in STATISTIC.get(kind, {}):
            _put(result["statistic"], STATISTIC[kind][name], value)
        elif name in RESULT:
            _put(result, RESULT[name], value)
    if "label" in result["time"]:
        result["time"] = time_of(result["time"]["label"]) | result["time"]
    named = [slug(str(result.get("outcome", ""))), slug(str(result["time"].get("label", "")))]
    result.setdefault("id", "-".join(part for part in named if part)[:64].strip("-") or "result")
    if "outcome" in result:
        result.setdefault("measured", result["outcome"])
    result["arms"] = _compared(result.get("arms", ["both"]), arms, topic)
    result["source"] = content["sources"][0]["key"]
    statistic = result["statistic"]
    if "arms" in statistic:
        given = statistic["arms"]
        statistic["arms"] = [{"arm": arms[int(i)], **given[i]} for i in sorted(given)]
    if "per_1000" in statistic:
        statistic["per_1000"] = {arms[int(i)]: value for i, value in statistic["per_1000"].items()}
    for number, arm in enumerate(statistic.get("arms", []) if kind == "percentages" else []):
        arm.setdefault("decimals", min(4, decimals(record.get(f"percent{number + 1}", ""))))
    return result


def _compared(named: list[str], arms: list[str], topic: Topic) -> list[str]:
    """Return the ids of the arms that are compared, from words or ids."""
    words = {"both": arms, "control": arms[1:]}
    words |= dict.fromkeys(("treatment", topic.treatment.lower(), topic.arm), arms[:1])
    return [arm for name in named for arm in words.get(name.lower(), [name])]


def _give_sizes(
    content: dict[str, Any], records: list[dict[str, Any]], file: str, problems: list[Problem]
) -> None:
    """Put the people per arm on the arms, where the statistic itself has no place for them."""
    for name, arm in SIZES.items():
        sizes = sorted({values[name] for values in records if name in values})
        if not sizes:
            continue
        if len(sizes) > 1:
            rule = "these kinds of statistic take one number of people per arm for the whole study"
            problems.append(Problem(file, name, str(sizes), rule, "give the same n, or edit the file after"))
        content["arms"][arm]["n_analysed"] = sizes[0]


def _unique_ids(results: list[dict[str, Any]]) -> None:
    used: set[str] = set()
    for result in results:
        name, number = result["id"], 1
        while result["id"] in used:
            number += 1
            result["id"] = f"{name[:60]}-{number}"
        used.add(result["id"])


def _put(content: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at a path such as ``arms.0.mean``; lists are filled as tables by number."""
    *way, last = path.split(".")
    for part in way:
        content = content[int(part)] if isinstance(content, list) else content.setdefault(part, {})
    content[last] = value


def _named(error: ValidationError, file: str, kinds: Sequence[str]) -> list[Problem]:
    """Return what a validation found by flat names, in plain words."""
    found = []
    for item in error.errors(include_url=False):
        place = item["loc"]
        if item["type"] == "too_short":  # its entries are told themselves
            continue
        kind = kinds[int(place[1])] if place[:1] == ("results",) and len(place) > 1 else ""
        name = name_of(place, kind)
        rule, remedy = explained(dict(item))
        if item["type"] == "missing":
            rule = "this is needed"
            remedy = _give(name, kind)
        value = "nothing" if item["type"] == "missing" else shown(item["input"])
        found.append(Problem(file, name, value, rule, remedy))
    return found


def _give(name: str, kind: str) -> str:
    if name == "arms":
        return f"give {', '.join(list(STATISTIC[kind])[:4])} and so on"
    try:
        wanted = column(name, kind)
    except (KeyError, IndexError):
        return "give it"
    if wanted.choices:
        return f"give {name}: {', '.join(wanted.choices)}"
    return f"give {name}: {wanted.meaning[:1].lower()}{wanted.meaning[1:].rstrip('.')}"

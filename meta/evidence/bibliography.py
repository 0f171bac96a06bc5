"""Read a reference as it is pasted: BibTeX, RIS, PubMed's format, or the JSON that a DOI leads to.

Nothing is looked up: what is not in the pasted text stays empty.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from meta.errors import EvidenceError
from meta.evidence.field_names import author_name, bare_doi, with_initials

FORMATS = "BibTeX, RIS, PubMed (nbib) or CSL/Crossref JSON"
ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
           ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "c": "\u0327",
           "k": "\u0328", "d": "\u0323"}  # fmt: skip
COMMANDS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
            "aa": "å", "AA": "Å", "i": "ı", "j": "j", "textendash": "–", "textemdash": "—"}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """The bibliographic fields of a study file.

    Attributes
    ----------
    authors : tuple of str
        Surname and initials: "Steward CJ".
    year : int or None
        Year of publication.
    title, journal, doi, pmid : str
        Empty where the text did not have them; the journal with year, volume and pages.
    key : str
        The citation key, where the format has one.
    """

    authors: tuple[str, ...] = ()
    year: int | None = None
    title: str = ""
    journal: str = ""
    doi: str = ""
    pmid: str = ""
    key: str = ""

    def record(self) -> dict[str, str]:
        """Return the fields by their flat names, as text; without those that are empty."""
        fields = {
            "authors": "; ".join(self.authors),
            "year": "" if self.year is None else str(self.year),
            **{name: getattr(self, name) for name in ("title", "journal", "doi", "pmid")},
        }
        return {name: value for name, value in fields.items() if value}


def references(text: str) -> list[Reference]:
    """Read every reference in a pasted text.

    Parameters
    ----------
    text : str
        BibTeX, RIS, PubMed's format, CSL JSON or Crossref JSON.

    Raises
    ------
    EvidenceError
        If the text is none of these, or holds no reference.

    Examples
    --------
    >>> references("@article{s, author={Steward, Christopher J. and Zhou, Yiyu}, year=2019, title={A week}}")
    [Reference(authors=('Steward CJ', 'Zhou Y'), year=2019, title='A week', journal='', doi='', ...)]
    """
    plain = text.lstrip("\ufeff").strip()
    if plain.startswith(("{", "[")):
        found = _json(plain)
    elif re.search(r"^\s*@\w+\s*[{(]", plain, flags=re.M):
        found = _bibtex(plain)
    elif re.search(r"^TY  ?-", plain, flags=re.M):
        found = _tagged(plain, "ER", _ris)
    elif re.search(r"^PMID\s*-", plain, flags=re.M):
        found = _tagged(plain, "", _nbib)
    else:
        raise EvidenceError(f"the reference starts with {plain[:20]!r}; paste it as {FORMATS}")
    found = [item for item in found if item.title or item.authors or item.doi]
    if not found:
        raise EvidenceError(f"no title, author or DOI was found in the reference; paste it as {FORMATS}")
    return found


def is_whole(text: str) -> bool:
    """Return whether a pasted text has come to its end, so that no more lines need be waited for.

    >>> is_whole("@article{a,"), is_whole("@article{a, year=2019}"), is_whole("TY  - JOUR")
    (False, True, False)
    """
    plain = text.strip()
    if plain.startswith(("{", "[", "@")):
        return all(plain.count(a) == plain.count(b) for a, b in ("{}", "[]"))
    return bool(re.search(r"^ER  ?-", plain, flags=re.M))


def _journal(name: str, year: int | None, volume: str, issue: str, pages: str) -> str:
    pages = re.sub(r"\s*[-–—]+\s*", "-", pages)
    where = (f"{volume}" + (f"({issue})" if issue else "") if volume else "") + (f":{pages}" if pages else "")
    dated = f"{year};{where}" if year and where else str(year or where)
    return f"{name} {dated}".strip() if name else ""


def _year(text: object) -> int | None:
    found = re.search(r"\b(1[89]|20)\d\d\b", str(text))
    return int(found.group()) if found else None


# --- JSON -------------------------------------------------------------------------------------------


def _json(text: str) -> list[Reference]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise EvidenceError(
            "the reference looks like JSON but is cut off or damaged; paste it whole"
        ) from None
    if isinstance(content, dict):
        content = content.get("message", content)
    if isinstance(content, dict):
        content = content.get("items", content)
    items = content if isinstance(content, list) else [content]
    return [_csl(item) for item in items if isinstance(item, dict)]


def _csl(item: Mapping[str, Any]) -> Reference:
    def first(*names: str) -> str:
        for name in names:
            value = item.get(name)
            value = value[0] if isinstance(value, list) and value else value
            if isinstance(value, str | int) and str(value).strip():
                return _untagged(str(value))
        return ""

    dates = [item.get(name) for name in ("issued", "published-print", "published", "published-online")]
    year = next((found for date in dates if date and (found := _year(date))), None)
    people = item.get("author")
    authors = [_person(person) for person in (people if isinstance(people, list) else [])]
    journal = first("container-title-short", "short-container-title", "container-title")
    return Reference(
        authors=tuple(author for author in authors if author),
        year=year,
        title=first("title"),
        journal=_journal(journal, year, first("volume"), first("issue"), first("page", "article-number")),
        doi=bare_doi(first("DOI")),
        pmid=first("PMID"),
        key=first("id"),
    )


def _person(person: object) -> str:
    if not isinstance(person, dict):
        return ""
    if "family" in person:
        particle = str(person.get("non-dropping-particle", ""))
        return with_initials(f"{particle} {person['family']}".strip(), str(person.get("given", "")))
    return str(person.get("literal") or person.get("name") or "")


def _untagged(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"</?[A-Za-z][^<>]*>", "", text)).strip()


# --- BibTeX -----------------------------------------------------------------------------------------


def _bibtex(text: str) -> list[Reference]:
    found = []
    for start in re.finditer(r"@(\w+)\s*[{(]\s*([^,\s{}]*)\s*,", text):
        if start.group(1).lower() in ("comment", "string", "preamble"):
            continue
        fields = _fields(text, start.end())
        year = _year(fields.get("year") or fields.get("date", ""))
        names = _outside_braces(fields.get("author", ""))
        journal = fields.get("journal") or fields.get("journaltitle", "")
        found.append(
            Reference(
                authors=tuple(name for name in map(_bibtex_author, names) if name),
                year=year,
                title=fields.get("title", ""),
                journal=_journal(
                    journal,
                    year,
                    fields.get("volume", ""),
                    fields.get("number") or fields.get("issue", ""),
                    fields.get("pages", ""),
                ),
                doi=bare_doi(fields.get("doi", "")),
                pmid=fields.get("pmid", ""),
                key=start.group(2),
            )
        )
    return found


def _bibtex_author(name: str) -> str:
    """BibTeX knows "Surname, Given" and "Given Surname"; a particle in small letters begins the surname."""
    if name.startswith("{") and _closing(name, 0) == len(name) - 1:  # an organisation
        return _unlatex(name)
    name = _unlatex(name)
    if "," in name or " " not in name:
        return author_name(name)
    words = name.split()
    begin = next((i for i, word in enumerate(words[:-1]) if i and word[0].islower()), len(words) - 1)
    return with_initials(" ".join(words[begin:]), " ".join(words[:begin]))


def _outside_braces(authors: str) -> list[str]:
    """Split authors at each "and" that stands in no braces."""
    names, depth = [""], 0
    for part in re.split(r"(\s+and\s+|[{}])", authors.strip()):
        depth += {"{": 1, "}": -1}.get(part, 0)
        if depth == 0 and part.strip() == "and":
            names.append("")
        else:
            names[-1] += part
    return [name.strip() for name in names if name.strip()]


def _fields(text: str, position: int) -> dict[str, str]:
    """Return the fields of the entry whose first field starts at ``position``; authors keep their braces."""
    fields: dict[str, str] = {}
    name = re.compile(r"\s*,?\s*([\w-]+)\s*=\s*")
    while found := name.match(text, position):
        value, position = _bibtex_value(text, found.end())
        key = found.group(1).lower()
        fields.setdefault(key, value if key == "author" else _unlatex(value))
    return fields


def _bibtex_value(text: str, position: int) -> tuple[str, int]:
    """Return the value that starts at ``position`` and where it ends: {..}, "..", a number; joined by #."""
    parts = []
    while position < len(text):
        start = text[position]
        if start in '{"':
            end = _closing(text, position)
            parts.append(text[position + 1 : end])
            position = end + 1
        else:
            word = re.compile(r"[^\s,{}#\"]*").match(text, position)
            parts.append(word.group() if word else "")
            position = word.end() if word else position + 1
        more = re.compile(r"\s*#\s*").match(text, position)
        if not more:
            break
        position = more.end()
    return "".join(parts), position


def _closing(text: str, position: int) -> int:
    quoted, depth = text[position] == '"', 0
    for at in range(position + 1, len(text)):
        if text[at - 1] == "\\":
            continue
        if depth == 0 and text[at] == ('"' if quoted else "}"):
            return at
        depth += {"{": 1, "}": -1}.get(text[at], 0)
    raise EvidenceError("a brace or quote in the BibTeX entry is not closed; paste the entry whole")


def _unlatex(text: str) -> str:
    """Return BibTeX text as a reader sees it."""

    def accented(found: re.Match[str]) -> str:
        letter = {"\\i": "i", "\\j": "j"}.get(found.group(2), found.group(2))
        return unicodedata.normalize("NFC", letter + ACCENTS[found.group(1)])

    text = re.sub(r"\\([`'^~=.\"])\s*\{?(\\[ij]|[^\W\d_])\}?", accented, text)
    text = re.sub(r"\\([urHvckd])(?:\s+|\s*\{)(\\[ij]|[^\W\d_])\}?", accented, text)
    names = "|".join(sorted(COMMANDS, key=len, reverse=True))
    text = re.sub(rf"\\({names})(?![A-Za-z])\s*(?:\{{\}})?", lambda found: COMMANDS[found.group(1)], text)
    text = re.sub(r"\\[A-Za-z]+\s*(?=\{)", "", text)
    text = text.replace("---", "—").replace("--", "–").replace("~", " ")
    return re.sub(r"\s+", " ", re.sub(r"[{}]|\\(?=[&%$#_])", "", text)).strip()


# --- RIS and PubMed ---------------------------------------------------------------------------------

Tags = dict[str, list[str]]


def _tagged(text: str, last: str, make: Callable[[Tags], Reference]) -> list[Reference]:
    """Read lines such as "AU  - Steward, C. J."; a line that starts with spaces continues the one before."""
    entries: list[Tags] = [{}]
    tag = ""
    for line in text.splitlines():
        found = re.match(r"^([A-Z][A-Z0-9]{1,3})\s*- ?(.*)$", line)
        if found:
            tag, value = found.groups()
            if tag == last or (not last and tag == "PMID" and entries[-1]):
                entries.append({})
            entries[-1].setdefault(tag, []).append(value.strip())
        elif line.startswith(" ") and tag:
            entries[-1][tag][-1] += f" {line.strip()}"
    return [make(entry) for entry in entries if entry]


def _one(tags: Tags, *names: str) -> str:
    return next((tags[name][0] for name in names if tags.get(name) and tags[name][0]), "")


def _ris(tags: Tags) -> Reference:
    year = _year(_one(tags, "PY", "Y1", "DA"))
    first, last = _one(tags, "SP"), _one(tags, "EP")
    pages = f"{first}-{last}" if last and "-" not in first else first
    journal = _one(tags, "JA", "J2", "JO", "JF", "T2")
    pmid = _one(tags, "AN") if _one(tags, "AN").isdigit() else ""
    return Reference(
        authors=tuple(name for name in map(author_name, tags.get("AU", []) or tags.get("A1", [])) if name),
        year=year,
        title=_one(tags, "TI", "T1"),
        journal=_journal(journal, year, _one(tags, "VL"), _one(tags, "IS"), pages),
        doi=bare_doi(_one(tags, "DO")),
        pmid=pmid,
        key=_one(tags, "ID"),
    )


def _nbib(tags: Tags) -> Reference:
    year = _year(_one(tags, "DP"))
    doi = next(
        (v.split()[0] for v in (*tags.get("LID", []), *tags.get("AID", [])) if v.endswith("[doi]")), ""
    )
    return Reference(
        authors=tuple(tags.get("AU", [])) or tuple(map(author_name, tags.get("FAU", []))),
        year=year,
        title=_one(tags, "TI").rstrip("."),
        journal=_journal(_one(tags, "TA", "JT"), year, _one(tags, "VI"), _one(tags, "IP"), _one(tags, "PG")),
        doi=bare_doi(doi),
        pmid=_one(tags, "PMID"),
    )

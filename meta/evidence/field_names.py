"""Authors, ids and DOIs as people write them, in the form that study files have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LETTERS = {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
           "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"}  # fmt: skip


def short_name(authors: Sequence[str], year: int | None) -> str:
    """Return the id that goes with an author and a year; empty if the author's name has no Latin letters.

    >>> short_name(["Müller-Łoś A", "Zhou Y"], 2019), short_name(["van Beek AP"], 2021)
    ('muller-los-2019', 'van-beek-2021')
    """
    name = slug(surname(authors[0])) if authors else ""
    return f"{name}-{year}" if name and year else name


def surname(author: str) -> str:
    """Return the surname of an author written as "Steward CJ" or "Steward, Christopher".

    >>> surname("van Beek AP"), surname("Steward, C"), surname("WHO")
    ('van Beek', 'Steward', 'WHO')
    """
    if "," in author:
        return author.partition(",")[0].strip()
    return re.sub(r"\s+[^\W\d_a-zà-ž](?:[-.]?[^\W\d_a-zà-ž]){0,3}\.?$", "", author.strip())


def slug(text: str) -> str:
    """Return text as small Latin letters, digits and hyphens.

    >>> slug("Ångström & Søn, 24 h")
    'angstrom-son-24-h'
    """
    for letter, plain in LETTERS.items():
        text = text.replace(letter, plain)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[']", "", text)).strip("-")


def authors_of(text: str) -> tuple[str, ...]:
    """Split authors as people write them.

    >>> authors_of("Steward CJ, Zhou Y"), authors_of("Steward, Christopher J. and Zhou, Yiyu")
    (('Steward CJ', 'Zhou Y'), ('Steward CJ', 'Zhou Y'))
    >>> authors_of("Steward, Christopher"), authors_of("Steward"), authors_of("A. Smith; B. Jones")
    (('Steward C',), ('Steward',), ('Smith A', 'Jones B'))
    """
    parts = re.split(r"\s*;\s*|\s*\n\s*|\s+and\s+|\s+&\s+", text.strip().rstrip(".;"))
    if len(parts) == 1 and "," in text:
        pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
        if all(re.search(r"\S\s+\S", piece) for piece in pieces):
            parts = pieces
    return tuple(name for name in map(author_name, parts) if name)


def bare_doi(text: str) -> str:
    """Return a DOI without address or prefix.

    >>> bare_doi("https://doi.org/10.1007/S00421-019-04238-Y"), bare_doi("doi: 10.1/x")
    ('10.1007/s00421-019-04238-y', '10.1/x')
    """
    return re.sub(r"^(https?://)?(dx\.)?(doi\.org/)?(doi:\s*)?", "", text.strip(), flags=re.I).lower().strip()


def author_name(name: str) -> str:
    """Return "Surname II" for "Surname, Given Names", "Given Surname" or what is in that form already."""
    name = re.sub(r"\s+", " ", name).strip(" ,")
    if name.lower() in ("others", "et al", "et al."):
        return ""
    if "," in name:
        family, _, given = name.partition(",")
        suffix, _, rest = given.partition(",")
        if suffix.strip().rstrip(".") in ("Jr", "Sr", "II", "III"):
            given = rest
        return with_initials(family, given)
    if re.search(r"^(?:[^\W\d_]\.[\s-]?)+\s*\S", name):
        given, family = re.match(r"^((?:[^\W\d_]\.[\s-]?)+)\s*(.+)$", name).groups()  # type: ignore[union-attr]
        return with_initials(family, given)
    return name


def with_initials(family: str, given: str) -> str:
    """Return a surname with the initials of the given names.

    >>> with_initials("Steward", "Christopher J."), with_initials("Dupont", "Jean-Paul")
    ('Steward CJ', 'Dupont JP')
    """
    if re.fullmatch(r"[^\W\d_a-z]{1,4}", given.strip()):
        letters = given.strip()
    else:
        letters = "".join(part[0].upper() for part in re.findall(r"[^\W\d_]+", given))
    return f"{family.strip()} {letters}".strip()

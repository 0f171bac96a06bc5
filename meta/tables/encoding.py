"""Bytes of a table as text: the encoding is recognised, or taken from the caller."""

from __future__ import annotations

import codecs
import re

from meta.errors import InputError
from meta.formatting import shown

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
"""Byte order marks; those of UTF-32 begin like those of UTF-16 and are therefore tried first."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
"""Control characters that no text file holds; 0x1a ends files of old DOS programs."""
_SAMPLE = 4096


def decode_as(content: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Text of a file and the name of its encoding, which is empty where it is plain UTF-8.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        For messages.
    encoding : str, optional
        What the caller says; otherwise UTF-8, UTF-16 and UTF-32 are recognised, and what is none of them is
        read as Windows-1252, or as Latin-1 where it holds bytes that Windows-1252 does not define.

    Raises
    ------
    InputError
        If it is not text, or not in the stated encoding.

    Examples
    --------
    >>> decode_as("é".encode("cp1252"), "x.csv")
    ('é', 'Windows-1252')
    >>> decode_as("é".encode("utf-16"), "x.csv")
    ('é', 'UTF-16')
    """
    if content[:4] == b"PK\x03\x04":
        raise InputError(f"{name!r} is a spreadsheet or zip file, not text; give it its own ending, .xlsx")
    text, said = _stated(content, name, encoding) if encoding else _recognised(content, name)
    if _CONTROL.search(text):
        raise InputError(
            f"{name!r} is not a table: it is binary and is not UTF-8 text; save it as CSV in UTF-8"
        )
    return text.removeprefix("\ufeff"), said


def _stated(content: bytes, name: str, encoding: str) -> tuple[str, str]:
    try:
        codec = codecs.lookup(encoding)
        return content.decode(codec.name), ""
    except UnicodeDecodeError as problem:
        raise InputError(
            f"{name!r} is not text in {encoding}: byte {problem.start + 1} does not fit; leave the encoding "
            "out to have it recognised"
        ) from None
    except (LookupError, ValueError):  # a name with a NUL is a ValueError
        raise InputError(
            f"unknown encoding {shown(encoding)}; use utf-8, utf-16, cp1252, latin-1, mac-roman or another "
            "codec of Python"
        ) from None


def _recognised(content: bytes, name: str) -> tuple[str, str]:
    for mark, codec, said in MARKS:
        if content.startswith(mark):
            try:
                return content.decode(codec), "" if said == "UTF-8" else said
            except UnicodeDecodeError:
                raise InputError(
                    f"{name!r} is not UTF-8 text, and though it begins like {said} it is not that either; "
                    "save it as CSV in UTF-8"
                ) from None
    codec = _unmarked_utf16(content[:_SAMPLE])
    if codec:
        try:
            return content.decode(codec), "UTF-16"
        except UnicodeDecodeError:
            pass
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"


def _unmarked_utf16(sample: bytes) -> str:
    """The byte order of UTF-16 without a mark: nearly every second byte is zero in Western text."""
    pairs = len(sample) // 2
    if pairs < 4:
        return ""
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if odd > 0.7 * pairs and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * pairs and odd == 0 else ""

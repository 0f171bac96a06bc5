"""SVG pictures inside a page."""

from __future__ import annotations

import re
from collections import Counter

_SELF = re.compile(r"(\s(?:id|xlink:href|href|aria-labelledby|aria-describedby)=\")(#?)([^\"]+)(\")")
_URL = re.compile(r"url\(#([^)]+)\)")
_PROLOG = re.compile(r"^\s*(<\?xml.*?\?>)?\s*(<!DOCTYPE[^>]*>)?", re.S)
_METADATA = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.S)
_ROOT = re.compile(r"<svg\b[^>]*>", re.S)


def inline(svg: str, prefix: str, alt: str) -> str:
    """Return an SVG file's text for use inside a page.

    Parameters
    ----------
    svg : str
        The text of the file.
    prefix : str
        Put before every id and reference, so that several pictures do not clash with each other or the
        page; an id that comes again in the same picture gets a number.
    alt : str
        What the picture shows, for those who do not see it.

    Examples
    --------
    >>> print(inline('<?xml version="1.0"?><svg width="9pt" viewBox="0 0 9 9"><g id="a"/></svg>', "f", "x<y"))
    <svg viewBox="0 0 9 9" role="img" aria-label="x&lt;y"><g id="f-a"/></svg>
    """
    from html import escape

    seen: Counter[str] = Counter()

    def renamed(match: re.Match[str]) -> str:
        before, hash_sign, name, after = match.groups()
        if "href" in before and not hash_sign:
            return match.group(0)
        names = " ".join(f"{prefix}-{part}" for part in name.split())
        if before.strip().startswith("id="):
            seen[name] += 1
            names += f"-again{seen[name]}" if seen[name] > 1 else ""
        return f"{before}{hash_sign}{names}{after}"

    text = _PROLOG.sub("", _METADATA.sub("", svg), count=1)
    text = _URL.sub(rf"url(#{prefix}-\1)", _SELF.sub(renamed, text))

    def root(match: re.Match[str]) -> str:
        kept = re.sub(
            r"\s(?:width|height|role|aria-label|aria-labelledby|aria-describedby)=\"[^\"]*\"", "", match[0]
        )
        return f'{kept[:-1]} role="img" aria-label="{escape(alt)}">'

    return _ROOT.sub(root, text, count=1).strip()

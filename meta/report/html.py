"""``report.html``: one self-contained page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meta.claims.answers import Answer
from meta.effects.evidence import Evidence, cited
from meta.formatting import listing, number, percent
from meta.report import words
from meta.report.engines import RULE
from meta.report.figures import Picture
from meta.report.glossary import GLOSSARY
from meta.report.printed import printed
from meta.report.svg import inline
from meta.report.view import DOMAINS, first_sentence, page

if TYPE_CHECKING:
    from jinja2 import Environment

LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "pymc", "arviz")
TEMPLATES = Path(__file__).parent / "templates"


def render(
    evidence: Evidence,
    answers: Sequence[Answer],
    figures: Mapping[str, Picture],
    engines: Mapping[str, bool],
) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    evidence : Evidence
        The study and claim files.
    answers : sequence of Answer
        One an analysis.
    figures : mapping of str to Picture
        From :func:`meta.report.figures.draw`.
    engines : mapping of str to bool
        Whether the exact and the sampled posterior agree; empty if that was not checked.

    Returns
    -------
    str
        A page that loads nothing from anywhere. Everything that comes from study files is escaped.
    """
    template = environment().get_template("report.html.j2")
    text = template.render(
        page=page(evidence, answers),
        figures={name: _safe(picture) for name, picture in figures.items()},
        engines=engines,
        engines_rule=RULE,
        versions=versions(),
        glossary=GLOSSARY,
        style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
        folder=Path(evidence.library.folder).name,
    )
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


@cache
def environment() -> Environment:
    """Return the template environment: everything is escaped, and a name that does not exist is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=unbroken,
    )
    made.filters |= {
        "percent": percent,
        "number": number,
        "listing": listing,
        "first_sentence": first_sentence,
        "safe_url": safe_url,
    }
    made.globals |= {
        "symbols": words.SYMBOLS,
        "verdict_words": words.VERDICTS,
        "tiers": words.TIERS,
        "concern_signs": words.CONCERNS,
        "domains": DOMAINS,
        "cited": cited,
        "printed": printed,
        "link": words.link,
        "times": words.times,
    }
    return made


def unbroken(value: Any) -> Any:
    """Keep a number and its percent sign on one line; markup is left alone.

    >>> unbroken("41 % less") == "41\u00a0% less", unbroken(3)
    (True, 3)
    """
    return re.sub(r"(?<=\d) %", "\u00a0%", value) if type(value) is str else value


def safe_url(address: str | None) -> str:
    """Return the address if it is an ordinary web address, and nothing otherwise.

    >>> safe_url("https://example.org/a"), safe_url("javascript:alert(1)"), safe_url("example.org")
    ('https://example.org/a', '', '')
    """
    text = (address or "").strip()
    return text if text.lower().startswith(("https://", "http://")) else ""


def versions() -> dict[str, str]:
    """Return the versions of this package and of what it computes with."""
    import meta

    found = {"meta-verdict": meta.__version__}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _safe(picture: Picture) -> dict[str, Any]:
    from markupsafe import Markup

    svg = Markup(inline(picture.svg, f"fig-{picture.name}", picture.alt))  # drawn by this package
    return {"svg": svg, "alt": picture.alt, "caption": picture.caption, "name": picture.name}

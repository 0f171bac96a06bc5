"""``report.html``: one self-contained page."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meta.effects.as_reported import cited
from meta.formatting import listing, number
from meta.report import plain_language as words
from meta.report.as_printed import printed
from meta.report.blocks import Block, Figure, Section, Widget
from meta.report.glossary import glossary
from meta.report.svg import inline
from meta.report.view import Page

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
SCRIPTS = TEMPLATES / "scripts"


def render(shown: Page, figures: Path) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    shown : Page
        The content.
    figures : Path
        Folder of the figures, which are put into the page.

    Returns
    -------
    str
        A page that loads nothing from anywhere and lets no script run but its own. Everything that comes
        from study files is escaped.
    """
    scripts = [_tidy((SCRIPTS / f"{name}.js").read_text(encoding="utf-8")) for name in scripts_of(shown)]
    text = (
        environment()
        .get_template("report.html.j2")
        .render(
            page=shown,
            picture=lambda figure: _picture(figure, figures),
            glossary=glossary(shown.topic),
            style=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            scripts=scripts,
            policy=policy(scripts),
        )
    )
    return _tidy(text) + "\n"


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())


def policy(scripts: list[str]) -> str:
    """Return the content security policy: nothing is loaded, and only these scripts run.

    >>> policy([""])[:38]
    "default-src 'none'; img-src data:; sty"
    """
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{text}'" for text in hashes) or "'none'"
    rest = "base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}; {rest}"


def scripts_of(shown: Page) -> list[str]:
    """Return the names of the scripts that a page needs, each once."""
    widgets = (block.script for block in blocks_of(shown) if isinstance(block, Widget))
    return list(dict.fromkeys(["sort", *widgets]))


def blocks_of(shown: Page) -> list[Block]:
    """Return every block of a page."""
    sections: list[Section] = []
    for view in shown.claims:
        sections += view.sections
        for part in (*view.judged, *view.others):
            sections += part.sections
    return [block for section in sections for block in section.blocks]


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
        "number": number,
        "listing": listing,
        "safe_url": safe_url,
        "script_data": script_data,
    }
    made.globals |= {
        "symbols": words.SYMBOLS,
        "verdict_words": words.VERDICTS,
        "tiers": words.TIERS,
        "concern_signs": words.CONCERNS,
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
    """Return the address if it is an ordinary web address or a place on the page, and nothing otherwise.

    >>> safe_url("https://example.org/a"), safe_url("javascript:alert(1)"), safe_url("#study-a")
    ('https://example.org/a', '', '#study-a')
    """
    text = (address or "").strip()
    return text if text.lower().startswith(("https://", "http://", "#")) else ""


def script_data(payload: str) -> Any:
    """Return JSON that cannot end the element that holds it.

    >>> print(script_data('{"a": "</script>"}'))
    {"a": "\\u003c/script\\u003e"}
    """
    from markupsafe import Markup

    return Markup(payload.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _picture(figure: Figure, folder: Path) -> Any:
    from markupsafe import Markup

    svg = (folder / f"{figure.name}.svg").read_text(encoding="utf-8")
    shown = inline(svg, f"fig-{figure.name}", figure.alt)
    width = re.search(r'viewBox="0 0 ([\d.]+)', shown)
    natural = f'<svg style="--natural:{float(width[1]):.0f}pt"' if width else "<svg"
    return Markup(shown.replace("<svg", natural, 1))  # drawn by this package

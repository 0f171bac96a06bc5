"""All claims on one page: what was claimed, what the evidence says, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.patches import Circle, Rectangle

from meta.arguments import check_arguments, need
from meta.errors import InputError, unknown_option
from meta.formatting import chance
from meta.keywords import keywords
from meta.plots.chart import finished
from meta.plots.figure import FigureResult, new_figure, style
from meta.plots.text_size import font, height, width, wrap
from meta.plots.themes import BLUE, GREEN, GREY, ORANGE, VERMILLION, Theme, as_theme, ink

__all__ = ["CONCLUSIONS", "verdicts"]

CONCLUSIONS = {
    "supported": ("✓", GREEN),
    "inconclusive": ("?", ORANGE),
    "contradicted": ("×", VERMILLION),
    "untestable": ("–", GREY),
}


@dataclass(frozen=True, slots=True)
class _Record:
    claim: str
    analysis: str
    conclusion: str
    sentence: str
    probability: float
    prior: float
    k: int
    tiers: str


@keywords
def verdicts(
    items: Sequence[Any],
    *,
    details: bool = True,
    theme: str | Theme = "default",
    title: str | None = None,
) -> FigureResult:
    """Draw a summary of verdicts: sign and word, the probability behind it, and the evidence it rests on.

    Parameters
    ----------
    items : sequence
        Verdicts, or mappings with ``claim``, ``conclusion`` and, where known, ``analysis``, ``sentence``,
        ``probability`` (that the effect is at least as large as claimed), ``prior`` (the same before any
        data), ``k`` and ``tiers`` (a text, or counts by tier).
    details : bool
        Print each verdict's sentence.
    theme, title
        As in :func:`meta.forest`.

    Examples
    --------
    >>> claim = {"claim": "41% less pain", "conclusion": "inconclusive", "probability": 0.3, "k": 4}
    >>> plot = verdicts([claim])
    >>> plot.alt_text
    'Verdicts on 1 claim. 41% less pain: inconclusive (probability 30%).'
    """
    check_arguments(verdicts, locals())
    records = [_record(item) for item in items]
    if not records:
        raise InputError("no verdict to draw: give at least one")
    look = as_theme(theme)
    with style():
        figure, axes = _page(records, details, look, title)
    return finished(figure, axes, title or "Verdicts", _describe(records), _table(records))


def _record(item: Any) -> _Record:
    if isinstance(item, Mapping):
        values = dict(item)
    else:
        need(item, "items", "a list of verdicts", "claim", "conclusion")
        odds = getattr(item, "at_margin", None)
        values = {
            "claim": item.claim.short if hasattr(item.claim, "short") else str(item.claim),
            "analysis": getattr(getattr(item, "analysis", ""), "label", ""),
            "conclusion": item.conclusion,
            "sentence": getattr(item, "sentence", ""),
            "probability": math.nan if odds is None else odds.mean,
            "prior": math.nan if odds is None else odds.prior,
            "k": getattr(item, "k", 0),
            "tiers": getattr(item, "tiers", None),
        }
    conclusion = str(values.get("conclusion", ""))
    if conclusion not in CONCLUSIONS:
        raise unknown_option("conclusion", conclusion, CONCLUSIONS)
    tiers = values.get("tiers") or ""
    if isinstance(tiers, Mapping):
        tiers = "  ".join(f"{tier} {count}" for tier, count in tiers.items() if count)
    return _Record(
        str(values.get("claim", "")),
        str(values.get("analysis", "") or ""),
        conclusion,
        str(values.get("sentence", "") or ""),
        _known(values.get("probability")),
        _known(values.get("prior")),
        int(values.get("k") or 0),
        str(tiers),
    )


def _known(value: Any) -> float:
    return math.nan if value is None else float(value)


_CLAIM, _VERDICT, _BAR = 2.6, 1.25, 1.7
_LEFT = 0.15


def _page(records: Sequence[_Record], details: bool, look: Theme, title: str | None) -> tuple[Any, Any]:
    size, small = look.font_size, look.small
    x_verdict = _LEFT + _CLAIM + 0.15
    x_bar = x_verdict + _VERDICT + 0.1
    x_k = x_bar + _BAR + 0.25
    tiers = max([width("Tiers", size, True), *(width(r.tiers, small) for r in records)])
    x_tiers = x_k + 0.75
    full = x_tiers + tiers + 0.15
    blocks = [_block(r, details, full - 2 * _LEFT, look) for r in records]
    headline = wrap(title, full - 2 * _LEFT, size + 2, True) if title else ()
    top = 0.15 + (height(len(headline), size + 2) + 0.1 if title else 0.0)
    head = top + height(2, size) + 0.05
    total = head + sum(b[2] for b in blocks) + height(1, small) + 0.18
    figure = new_figure(full, total, look.background)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, full), ylim=(total, 0))
    axes.set_axis_off()

    def write(
        x: float,
        y: float,
        text: str,
        *,
        s: float = size,
        bold: bool = False,
        color: str = "",
        ha: str = "left",
    ) -> None:
        axes.text(
            x, y, text, fontproperties=font(s, bold), color=color or look.text, ha=ha, va="center_baseline"
        )

    for n, text in enumerate(headline):
        write(_LEFT, 0.15 + (n + 0.5) * height(1, size + 2), text, s=size + 2, bold=True)
    line = height(1, size)
    write(_LEFT, head - 0.03 - 0.5 * line, "Claim", bold=True)
    write(x_verdict, head - 0.03 - 0.5 * line, "Verdict", bold=True)
    write(x_bar, head - 0.03 - 1.5 * line, "Probability that the effect is", bold=True)
    write(x_bar, head - 0.03 - 0.5 * line, "at least as large", bold=True)
    write(x_k, head - 0.03 - 0.5 * line, "Studies", bold=True)
    write(x_tiers, head - 0.03 - 0.5 * line, "Tiers", bold=True)
    axes.plot([_LEFT, full - _LEFT], [head, head], color=look.rule, lw=0.8)
    y = head
    for i, (record, (claim, sentence, tall)) in enumerate(zip(records, blocks, strict=True)):
        if i % 2 and look.stripes:
            axes.add_patch(
                Rectangle((0.05, y), full - 0.1, tall, facecolor=look.zebra, edgecolor="none", zorder=0)
            )
        first = y + 0.08 + 0.5 * max(line, 0.2)
        for n, (text, bold) in enumerate(claim):
            write(_LEFT, first + n * line, text, bold=bold, color=look.text if bold else look.muted)
        sign, color = CONCLUSIONS[record.conclusion]
        disc = Circle((x_verdict + 0.1, first), 0.1, facecolor=color, edgecolor="none")
        disc.set_gid(f"verdict-{i + 1}")
        axes.add_patch(disc)
        write(x_verdict + 0.1, first, sign, bold=True, color=ink(color), ha="center")
        write(x_verdict + 0.27, first, record.conclusion, bold=True)
        _bar(axes, record, x_bar, first, look)
        write(x_k, first, str(record.k))
        write(x_tiers, first, record.tiers, s=small)
        at = y + 0.08 + max(len(claim) * line + 0.5 * (max(line, 0.2) - line), 0.24) + 0.02
        for n, text in enumerate(sentence):
            write(_LEFT, at + (n + 0.5) * height(1, small), text, s=small, color=look.muted)
        y += tall
    axes.plot([_LEFT, full - _LEFT], [y, y], color=look.rule, lw=0.8)
    note = "Bar: posterior probability. Stroke: the same probability before any data. "
    note += "Dotted: 5% and 95%, where the verdict changes."
    write(
        _LEFT,
        y + 0.08 + 0.5 * height(1, small),
        wrap(note, full - 2 * _LEFT, small)[0],
        s=small,
        color=look.muted,
    )
    return figure, axes


def _block(
    record: _Record, details: bool, limit: float, look: Theme
) -> tuple[list[tuple[str, bool]], tuple[str, ...], float]:
    """Lines of one verdict, and its height."""
    claim = [(text, True) for text in wrap(record.claim, _CLAIM, look.font_size, True)]
    claim += [(text, False) for text in wrap(record.analysis, _CLAIM, look.font_size) if text]
    sentence = wrap(record.sentence, limit, look.small) if details and record.sentence else ()
    tall = 0.2 + max(len(claim) * height(1, look.font_size), 0.24) + len(sentence) * height(1, look.small)
    return claim, sentence, tall


def _bar(axes: Any, record: _Record, x: float, y: float, look: Theme) -> None:
    """A probability as the filled part of a bar, beside its number."""
    long = _BAR - 0.45
    if not math.isfinite(record.probability):
        axes.text(
            x,
            y,
            "no data to say",
            fontproperties=font(look.small, False, True),
            color=look.muted,
            va="center_baseline",
        )
        return
    axes.add_patch(Rectangle((x, y - 0.06), long, 0.12, facecolor="none", edgecolor=look.rule, lw=0.7))
    fill = Rectangle(
        (x, y - 0.06),
        long * record.probability,
        0.12,
        facecolor=BLUE if look.name != "dark" else look.study,
        edgecolor="none",
    )
    axes.add_patch(fill)
    for edge in (0.05, 0.95):
        axes.plot([x + long * edge] * 2, [y - 0.08, y + 0.08], color=look.muted, lw=0.7, ls=(0, (1, 1)))
    if math.isfinite(record.prior):
        axes.plot([x + long * record.prior] * 2, [y - 0.1, y + 0.1], color=look.text, lw=1.4)
    axes.text(
        x + long + 0.06,
        y,
        chance(record.probability),
        fontproperties=font(look.font_size),
        color=look.text,
        va="center_baseline",
    )


def _describe(records: Sequence[_Record]) -> str:
    noun = "claim" if len(records) == 1 else "claims"
    parts = []
    for r in records:
        odds = f" (probability {chance(r.probability)})" if math.isfinite(r.probability) else ""
        name = f"{r.claim}, {r.analysis}" if r.analysis else r.claim
        parts.append(f"{name}: {r.conclusion}{odds}.")
    return f"Verdicts on {len(records)} {noun}. {' '.join(parts)}"


def _table(records: Sequence[_Record]) -> dict[str, list[Any]]:
    names = ("claim", "analysis", "conclusion", "probability", "prior", "k", "tiers", "sentence")
    return {name: [getattr(r, name) for r in records] for name in names}

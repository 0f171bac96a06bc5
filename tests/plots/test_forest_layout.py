"""Geometry of the forest plot as the renderer sees it.

Covers meta.plots.layout, boxes, surroundings and text.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import meta
from meta.effects.effect_size_table import EffectSizes
from meta.plots import THEMES, ClaimMark, SymbolColumn
from meta.plots.text_size import height, shortened, width, wrap
from tests.plots.hard_cases import cut_off, overlaps, written

LONG = "A study with a very long name, by authors with many names, in a journal of considerable length, 2019"


def boxes(plot):
    """Text boxes in pixels, with the texts."""
    return written(plot.figure)


def many(k, seed=1):
    rng = np.random.default_rng(seed)
    return EffectSizes(
        yi=rng.normal(-0.3, 0.4, k),
        vi=rng.uniform(0.01, 0.3, k),
        measure="OR",
        study=[f"Study {i}" for i in range(k)],
    )


def mixed():
    nan = np.nan
    return EffectSizes(
        yi=[-0.94, -0.3, nan, nan, nan, nan, 0.2],
        vi=[0.2, 0.08, 0.12, 0.3, 0.2, nan, 0.5],
        measure="SMD",
        study=["Alpha", LONG, "Beta", "Gamma", "Delta", "Epsilon", "Alpha"],
        kind=["exact", "exact", "bound", "mixture", "bound", "none", "exact"],
        lower=[nan, nan, -np.inf, nan, -0.5, nan, nan],
        upper=[nan, nan, -0.35, nan, 0.5, nan, nan],
        mixtures={3: ((-0.56, 0.5), (-0.21, 0.5))},
        columns={
            "tier": ["B", "A", "C", "C", "C", "D", "B"],
            "reason": ["", "", "", "", "", "only a range within one arm is reported and nothing else", ""],
            "R": ["low", "high", "some concerns", "low", "low", "critical", ""],
        },
    )


def outlier():
    return EffectSizes(
        yi=[0.1, 0.2, 0.15, 0.3, 40.0],
        vi=[0.01, 0.02, 0.03, 0.02, 0.02],
        measure="MD",
        study=["A", "B", "C", LONG, "Far"],
    )


LABELS = ("Favours the treatment under study", "Favours control")
CLAIM = ClaimMark(-0.79, (-np.inf, -0.63), "claimed: 41% less soreness")

CASES = {
    "k=1": lambda: meta.forest(many(1), labels=LABELS),
    "k=3": lambda: meta.forest(many(3), labels=LABELS, title="A title"),
    "k=13": lambda: meta.forest(meta.pool(many(13), test="z"), labels=LABELS),
    "k=60": lambda: meta.forest(meta.pool(many(60), test="z"), order="effect"),
    "k=200": lambda: meta.forest(meta.pool(many(200), test="z"), order="effect"),
    "mixed": lambda: meta.forest(mixed(), labels=LABELS, claim=CLAIM, notes=["A note.", LONG + LONG]),
    "symbols": lambda: meta.forest(mixed(), columns=["study", "tier", "plot", "estimate", SymbolColumn("R")]),
    "outlier": lambda: meta.forest(meta.pool(outlier(), test="z"), labels=LABELS),
    "not estimable alone": lambda: meta.forest(mixed().subset([5]), labels=LABELS),
    "nothing": lambda: meta.forest(mixed().subset([])),
    **{
        f"theme {name}": lambda name=name: meta.forest(
            meta.pool(many(7), test="z"), theme=name, labels=LABELS, claim=CLAIM
        )
        for name in ("revman", "jama", "bmj", "compact", "dark")
    },
}


@pytest.mark.parametrize("name", CASES)
def test_no_text_covers_another_and_none_is_cut_off(name):
    plot = CASES[name]()
    found = boxes(plot)
    assert overlaps(found) == []
    assert cut_off(plot.figure, found) == []


def test_overlap_check_can_fail():
    plot = CASES["k=3"]()
    first, second = plot.figure.axes[0].texts[:2]
    second.set_position(first.get_position())
    assert overlaps(boxes(plot))


def test_rows_follow_each_other_without_overlap():
    plot = meta.forest(meta.pool(many(13), test="z"))
    bands = [band for band in plot.layout.bands if band.bottom > band.top]
    assert all(a.bottom <= b.top + 1e-9 for a, b in itertools.pairwise(bands))
    assert all(band.top <= band.middle <= band.bottom for band in bands)
    _, top, _, bottom = plot.layout.panel
    assert top <= bands[0].top
    assert bands[-1].bottom <= bottom


def test_decimals_are_aligned():
    plot = meta.forest(meta.pool(many(13), test="z"))
    halves = [p for p in plot.layout.placed if p.key.endswith("-cell") and p.text.startswith("[")]
    assert len({round(p.x, 9) for p in halves}) == 1
    assert len(halves) >= 13
    ends = [p for p in plot.layout.placed if p.key.endswith("-cell") and p.text.endswith("]")]
    assert {p.align for p in ends} == {"right"}


def test_columns_do_not_touch():
    plot = meta.forest(meta.pool(many(5), test="z"))
    extents = sorted(plot.layout.columns.values())
    assert all(a[1] < b[0] for a, b in itertools.pairwise(extents))


def test_the_page_grows_with_the_rows():
    heights = [meta.forest(many(k)).layout.height for k in (3, 13, 40)]
    assert heights == sorted(heights)
    assert np.diff(heights) == pytest.approx([10 * 0.205, 27 * 0.205])


def test_long_labels_are_wrapped_and_stay_complete():
    plot = meta.forest(mixed())
    lines = [p.text for p in plot.layout.placed if p.key == "study-2-label"]
    assert len(lines) > 1
    assert " ".join(lines) == LONG


def test_many_studies_get_smaller_type_but_never_below_seven_points():
    plot = meta.forest(many(200))
    assert min(p.size for p in plot.layout.placed) >= 7.0 * 0.91
    assert plot.layout.height < 200 * 0.16 + 2


def test_embedding_stays_inside_the_axes_given():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4))
    first, second = figure.subplots(1, 2)
    plot = meta.forest(meta.pool(many(9), test="z"), ax=second)
    assert plot.figure is figure
    box, inner = second.get_position(), plot.axes[0].get_position()
    assert box.x0 <= inner.x0
    assert inner.x1 <= box.x1
    assert box.y0 <= inner.y0
    assert inner.y1 <= box.y1
    assert first.axison
    assert not second.axison


def test_wrap_breaks_between_words_and_inside_long_ones():
    limit = width("moderate", 9.0)
    lines = wrap("one two Donaudampfschifffahrt", limit, 9.0)
    assert all(width(line, 9.0) <= limit for line in lines)
    assert "".join(lines).replace(" ", "") == "onetwoDonaudampfschifffahrt"


def test_wrap_keeps_equations_together():
    assert "p = 0.02" in wrap("Heterogeneity p = 0.02", width("p = 0.02", 9.0) + 0.01, 9.0)


def test_height_goes_with_size():
    assert height(3, 8.0) == pytest.approx(3 * 1.28 * 8 / 72)


@pytest.mark.parametrize("limit", [7.1, 6.6])
def test_a_page_can_be_held_to_a_journals_width(limit):
    wide = meta.forest(meta.pool(outlier(), test="z"))
    assert wide.layout.width > 7.1
    theme = replace(THEMES["default"], page_width=limit)
    plot = meta.forest(meta.pool(outlier(), test="z"), theme=theme, labels=LABELS)
    assert plot.layout.width <= limit + 1e-6
    assert overlaps(boxes(plot)) == []


def test_one_column_of_a_journal():
    theme = replace(THEMES["default"], page_width=3.5)
    plot = meta.forest(meta.pool(many(6), test="z"), theme=theme, columns=["study", "plot", "estimate"])
    assert plot.layout.width <= 3.7
    assert overlaps(boxes(plot)) == []


def test_an_arrow_never_stands_alone():
    limit = width("Favours no vaccination", 7.5)
    assert "→" not in wrap("Favours no vaccination →", limit, 7.5)


def test_a_name_is_cut_short_with_dots():
    assert shortened("short", 2.0, 9.0) == "short"
    cut = shortened(LONG, 1.0, 9.0)
    assert cut.endswith("…")
    assert width(cut, 9.0) <= 1.0
    assert LONG.startswith(cut[:-1])

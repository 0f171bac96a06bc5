"""Every figure from data that are hard to draw: nothing covers anything else and nothing is cut off.

Covers meta.plots.point_labels, glyphs, several, affirmative and chart. The broad sweep is marked slow.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import meta
from meta import plots
from meta.errors import InputError, NotEstimableError, quiet
from meta.plots import THEMES, Row, Table, glyphs
from meta.plots.axis import make_axis, reading, scientific
from meta.plots.chart import at_edge, folded, reach, usual
from meta.plots.point_labels import place_names
from meta.plots.text_size import width
from tests.plots.hard_cases import (
    DATA,
    FIGURES,
    LONG,
    NOT_EMBEDDED,
    cut_off,
    draw,
    overlaps,
    trials,
    written,
)

NOT_DRAWN = {
    "k=1": {
        *("forest-groups", "forest-regression", "forest-without", "funnel-filled", "orchard-groups"),
        *("baujat", "gosh", "influence", "profile", "weight_function", "significance_funnel"),
    },
    "k=2": {"forest-regression", "funnel-filled", "influence", "weight_function", "significance_funnel"},
    "k=3": {"weight_function"},
}
"""Figures of results that so few studies do not have; the result refuses, not the figure."""


def looks_of(data):
    return {"title": LONG} if data == "long" else {}


def check(plot):
    found = written(plot.figure)
    assert found
    assert overlaps(found) == []
    assert cut_off(plot.figure, found) == []


@pytest.mark.parametrize("name", FIGURES)
def test_very_long_names_stay_on_the_page(name):
    check(draw(name, "long", **looks_of("long")))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        *((name, "outlier") for name in ("forest", "funnel", "caterpillar", "orchard-groups", "bubble")),
        *((name, "k=1") for name in ("forest", "funnel", "cumulative", "tau_trace", "orchard")),
        *((name, "same") for name in ("forest", "funnel-named", "tau_trace")),
    ],
)
def test_extreme_single_and_equal_studies(name, data):
    check(draw(name, data))


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["default", "dark", "compact"])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", FIGURES)
def test_the_broad_sweep(name, data, theme):
    if name in NOT_DRAWN.get(data, ()):
        with pytest.raises((InputError, NotEstimableError)):
            draw(name, data, theme=theme)
        return
    check(draw(name, data, theme=theme, **looks_of(data)))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(3.4, 2.6), (9.0, 7.0)])
@pytest.mark.parametrize("data", ["k=3", "k=13", "outlier"])
@pytest.mark.parametrize("name", [name for name in FIGURES if name not in NOT_EMBEDDED])
def test_inside_small_and_large_figures(name, data, size):
    if name in NOT_DRAWN.get(data, ()):
        return
    figure = Figure(size)
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained")
    plot = draw(name, data, ax=figure.add_subplot(), theme="compact")
    assert plot.figure is figure
    check(plot)


def test_no_function_has_more_than_fifteen_parameters():
    for name in plots.__all__:
        function = getattr(plots, name)
        if inspect.isfunction(function):
            given = set(inspect.signature(function).parameters) - {"yi", "vi", "sei", "study", "measure"}
            assert len(given) <= 15, name
            assert inspect.signature(function).parameters["theme"].default == "default"


def test_printed_numbers_are_those_of_the_table():
    plot = draw("forest", "k=13")
    frame = plot.to_frame()
    studies = frame[frame["kind"] == "study"]
    for row in studies.itertuples():
        shown = [p.text for p in plot.layout.placed if p.key == f"{row.key}-cell"]
        ends = [f"{math.exp(x):.2f}" for x in (row.estimate, row.ci_low, row.ci_high)]
        assert [ends[0], f"[{ends[1]},", f"{ends[2]}]", f"{row.weight:.1f}"] == shown[-4:]
    low, high = plot.layout.axis.low, plot.layout.axis.high
    assert (studies["ci_low"] >= low).sum() + (studies["ci_low"] < low).sum() == 13
    assert low < frame["estimate"].min()
    assert high > frame["estimate"].max()


def test_huge_numbers_are_powers_of_ten():
    plot = draw("forest", "outlier")
    shown = {p.text for p in plot.layout.placed}
    assert "5.2×10²¹" in shown
    assert plot.layout.width < 9.5
    assert (scientific(-3.21e-7), scientific(10.0)) == ("-3.2×10⁻⁷", "10¹")


@pytest.mark.parametrize("measure", ["RR", "MD"])
def test_ticks_fit_however_far_the_axis_goes(measure):
    def fits(places, labels):
        inches = [(x + 400) / 800 * 3 for x in places]
        widths = [width(text, 7.5) for text in labels]
        return all(
            b - a > 0.5 * (u + v) for a, b, u, v in zip(inches, inches[1:], widths, widths[1:], strict=False)
        )

    axis = make_axis(-400.0, 400.0, reading(measure), fits)
    assert 2 <= len(axis.ticks) < 12
    assert fits(axis.ticks, axis.labels)


def test_extreme_studies_are_marked_at_the_edge_and_counted():
    plot = draw("funnel", "outlier")
    gids = {a.get_gid() for a in plot.axes[0].get_children()}
    assert {"beyond-right", "beyond-bottom"} <= gids
    assert plot.alt_text.endswith("2 lie beyond the axes, marked at their edge.")
    assert plot.to_frame()["estimate"].max() == 50.0
    assert "beyond" not in draw("funnel", "k=13").alt_text


def test_usual_and_reach():
    assert usual([1.0, 2.0, 90.0]) == (-np.inf, np.inf)
    assert usual([1.0, 1.0, 1.0, 1.0, 2.0]) == (-np.inf, np.inf)
    low, high = usual([1.0, 1.1, 0.9, 1.2, 90.0])
    assert low < 0.9 < 1.2 < high < 90
    assert reach((0.0, 1.0), [np.nan]) == (0.0, 1.0)
    assert reach((0.0, 1.0), [100.0]) == (0.0, 1.75)


def test_points_beyond_the_axes_are_counted_once():
    axes = Figure().add_subplot()
    axes.set(xlim=(0, 1), ylim=(1, 0))
    assert at_edge(axes, [0.5, 2.0, -1.0, 0.5], [0.5, 0.5, -3.0, 4.0], "black") == 3
    found = {a.get_gid(): a.get_data() for a in axes.lines}
    assert set(found) == {"beyond-left", "beyond-right", "beyond-bottom"} or "beyond-top" in found
    assert found["beyond-right"][0].tolist() == [1.0]


def test_names_without_room_are_left_out_and_counted():
    axes = Figure((2, 2)).add_subplot()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    x = np.full(40, 0.5)
    missing = place_names(axes, ["The same study"] * 40, x, x, range(40), THEMES["default"])
    assert 20 < missing < 40
    assert missing + len(axes.texts) == 40
    assert "labels omitted (no space)" in draw("funnel-named", "k=200").alt_text


def test_folded_text_keeps_its_words():
    assert folded(LONG, 3.0, 8.0, 9).replace("\n", " ") == LONG
    assert folded(LONG, 2.0, 8.0, 2).endswith("…")


# Several models in one row


def models(**looks):
    es = trials(5)
    with quiet():
        return meta.forest({"Frequentist": meta.pool(es), "Bayesian": posterior(es)}, **looks)


def posterior(es):
    return meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))


def test_models_stand_side_by_side_in_one_row():
    es = trials(5)
    plot = models()
    found = {a.get_gid(): a for a in plot.axes[0].get_children() if a.get_gid()}
    with quiet():
        own = posterior(es).shrinkage()
    for i in range(5):
        first, second = found[f"study-{i + 1}"], found[f"study-{i + 1}-model-2"]
        assert first.get_xdata()[0] == pytest.approx(es.yi[i])
        assert second.get_xdata()[0] == pytest.approx(own["mean"].iloc[i])
        assert first.get_ydata()[0] < second.get_ydata()[0]
        assert first.get_marker() != second.get_marker()
        assert first.get_color() != second.get_color()
        ends = found[f"study-{i + 1}-model-2-interval"].get_xdata()
        assert ends == pytest.approx([own["low"].iloc[i], own["high"].iloc[i]])
    frame = plot.to_frame()
    assert frame[frame["kind"] == "study"]["model"].tolist() == ["Frequentist", "Bayesian"] * 5
    assert "In each row: Frequentist and Bayesian." in plot.alt_text
    assert {"Frequentist", "Bayesian"} <= {p.text for p in plot.layout.placed if p.key == "model-name"}
    check(plot)


def test_numbers_stand_beside_the_intervals_of_their_model():
    plot = models()
    found = {a.get_gid(): a for a in plot.axes[0].get_children() if a.get_gid()}
    lines = sorted({p.y for p in plot.layout.placed if p.key == "study-1-cell" and p.text.startswith("[")})
    drawn = [found[key].get_ydata()[0] for key in ("study-1", "study-1-model-2")]
    assert lines == pytest.approx(drawn)


def test_two_outcomes_share_the_rows_of_the_same_studies():
    pain, sleep = trials(4), trials(6, seed=3)
    plot = meta.forest({"Pain": pain, "Sleep": sleep}, theme="dark")
    frame = plot.to_frame()
    assert [row.label for row in plot.rows] == [f"Author {i}" for i in range(1, 7)]
    assert (frame["model"] == "Sleep").sum() == 6
    assert np.isnan(frame[(frame["key"] == "study-6") & (frame["model"] == "Pain")]["estimate"]).all()
    assert plot.alt_text.startswith("Forest plot of 6 studies (risk ratio).")
    assert "Treated" not in {p.text for p in plot.layout.placed}
    check(plot)


def test_equal_labels_are_joined_in_order():
    plot = meta.forest({"One": trials(3, labels="same"), "Two": trials(3, labels="same", seed=2)})
    assert len(plot.rows) == 3
    frame = plot.to_frame()
    assert frame["estimate"].tolist()[1::2] == pytest.approx(trials(3, seed=2).yi)


def test_models_that_cannot_share_a_plot_are_refused():
    es = trials(3)
    with pytest.raises(InputError, match="must be 2 to 5: 1 given"):
        meta.forest({"One": es})
    with pytest.raises(InputError, match="on one measure, and these are on RR and OR"):
        meta.forest({"One": es, "Two": replace(es, measure="OR")})
    with pytest.raises(InputError, match="headings cannot be given"):
        meta.forest({"One": es, "Two": es}, by="place")


def test_bounds_and_gaps_are_kept_in_their_model():
    nan = math.nan
    bound = meta.EffectSizes(
        [nan, -0.2], [0.1, 0.1], "RR", ["Author 1", "B"], kind=["bound", "exact"], upper=[-0.1, nan]
    )
    plot = meta.forest({"One": trials(1), "Two": bound})
    assert [row.others[0].shape for row in plot.rows] == ["bound", "exact"]
    assert "≤ 0.90, bound" in {p.text for p in plot.layout.placed}
    check(plot)


def test_rows_can_be_styled_by_a_function():
    theme = replace(
        THEMES["default"], style_of=lambda row: {"color": "#D55E00"} if row.cells.get("dose", 0) > 5 else None
    )
    plot = meta.forest(trials(3), theme=theme)
    assert [row.color for row in plot.rows] == [None, "#D55E00", "#D55E00"]
    wrong = replace(theme, style_of=lambda row: {"size": 3})
    with pytest.raises(InputError, match="may return color and marker of a row, not size"):
        meta.forest(trials(3), theme=wrong)


def test_significance_funnel_splits_the_studies():
    with quiet():
        result = meta.bias.significance_funnel(trials(13), direction="less")
    plot = meta.funnel(result, measure="RR")
    found = {a.get_gid(): a for a in plot.axes[0].get_children() if a.get_gid()}
    assert len(found["affirmative"].get_xdata()) == result.affirmative.sum()
    assert found["all"].get_xdata()[0] == result.naive.estimate
    assert found["not"].get_xdata()[0] == result.worst.estimate
    x, y = found["edge"].get_data()
    assert x[1] / y[1] == pytest.approx(-1.959964, abs=1e-6)
    assert found["affirmative"].get_marker() != found["not-affirmative"].get_marker()
    assert f"{result.affirmative.sum()} are affirmative" in plot.alt_text


# Letters

HEBREW, ARABIC = "אבגד 2019", "محمد 2019 (تجربة)"
LETTERS = [HEBREW, ARABIC, "研究 한국 😀", "e\u0301tude o\u0308", "Smith אבגד", "$x_1$ & <b>"]


def lettered():
    es = trials(6)
    return meta.EffectSizes(es.yi, es.vi, "RR", LETTERS)


@pytest.mark.parametrize("form", ["svg", "png", "pdf"])
def test_all_letters_are_drawn_without_a_warning(form):
    plot = meta.forest(meta.pool(lettered()), title=HEBREW)
    first = plot.render(form, dpi=60)
    assert plot.render(form, dpi=60) == first
    if form == "svg":
        assert all(text in first.decode() for text in LETTERS[:5])
    named = meta.funnel(lettered(), label=True, title="研究").render(form, dpi=60)
    assert len(named) > 1000


def test_labels_of_the_figure_stay_as_they_were_given(monkeypatch):
    monkeypatch.setattr(glyphs, "ORDERED_BY_MATPLOTLIB", False)
    plot = meta.forest(lettered())
    texts = [t.get_text() for t in plot.figure.axes[0].texts]
    with glyphs.drawable(plot.figure):
        turned = [t.get_text() for t in plot.figure.axes[0].texts]
    assert [t.get_text() for t in plot.figure.axes[0].texts] == texts
    assert HEBREW in texts
    assert "2019 דגבא" in turned
    assert "Smith אבגד" in turned


def test_visual_order():
    assert glyphs.visual("אב") == "בא"
    assert glyphs.visual("12.5 אב 3") == "3 בא 12.5"
    assert glyphs.visual("א\u05b8ב") == "בא\u05b8"
    assert glyphs.visual("Smith אב") == "Smith אב"
    assert glyphs.visual("plain") == "plain"


def test_letters_that_the_font_lacks_have_room():
    assert width("研究", 10.0) == pytest.approx(2 * 1.05 * 10 / 72)
    assert width("a研", 10.0) == pytest.approx(width("a", 10.0) + 1.05 * 10 / 72)
    assert glyphs.lacking("× ² ≤ τ −") == ""


def test_rows_of_ones_own_may_hold_models():
    own = Row("study", "A", key="study-1", estimate=0.1, low=0.0, high=0.2)
    other = replace(own, key="study-1-b", estimate=0.3, low=0.2, high=0.4, marker="o")

    class Own:
        def forest_rows(self):
            return Table((replace(own, others=(other,)),), "MD")

    frame = meta.forest(Own()).to_frame()
    assert frame["estimate"].tolist() == [0.1, 0.3]

"""What the forest plot draws, against the data.

Covers meta.plots.forest, adapt, studies, fits, rows, columns, axis, wording, themes, draw and marks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

import meta
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, UnknownOptionError
from meta.plots import ClaimMark, Row, SymbolColumn, Table, TextColumn
from meta.plots.axis import limits, make_axis, minus, reading
from meta.plots.figure_rows import table_of
from meta.plots.summary_wording import heterogeneity_line, overall_line, p_text, pooled_label
from meta.plots.text_columns import Words, decimals, judgement
from meta.plots.themes import DEFAULT, THEMES, as_theme


def trials():
    return EffectSizes(
        yi=[-0.9, -0.2, 0.1, -0.5],
        vi=[0.3, 0.04, 0.1, 0.05],
        measure="RR",
        study=["A", "B", "A", "C"],
        columns={
            "year": [1999, 2005, 2001, 2010],
            "arm": ["x", "y", "x", "y"],
            "events1": [4, 8, 2, 9],
            "n1": [20] * 4,
        },
    )


@dataclass
class Fit:
    """A stand-in for a fit: what the renderer looks at, and no more."""

    effects: EffectSizes
    estimate: float = -0.35
    ci_low: float = -0.7
    ci_high: float = 0.0
    level: float = 0.95
    k: int = 4
    tau2: float = 0.02
    i2: float = 21.0
    q: float = 4.2
    q_df: float = 3.0
    q_p: float = 0.24
    method: str = "REML"
    test: str = "hksj"
    statistic: float = -3.2
    p_value: float = 0.049
    df: float = 3.0

    @property
    def weights(self):
        w = 1 / self.effects.vi
        return 100 * w / w.sum()

    def tau2_interval(self, kind):
        return (0.0, 1.25)

    def prediction_interval(self):
        return (-1.4, 0.7)


class Belief:
    """A stand-in for a posterior: normal for every quantity."""

    level = 0.95
    prior = "mu ~ Normal(0, 1), tau ~ HalfNormal(0.5)"
    k = 4

    def __init__(self, effects):
        self.effects = effects
        self.estimate, self.ci_low, self.ci_high = -0.3, -0.6, 0.0
        self.tau = 0.2

    def pdf(self, x, *, of="mu"):
        return np.exp(-0.5 * ((np.asarray(x) + 0.3) / 0.15) ** 2)

    def ppf(self, q, *, of="mu"):
        return -0.3 + 0.15 * ndtri(np.asarray(q))

    def interval(self, level=0.95, *, of="mu"):
        z = ndtri(0.5 + level / 2) * 0.15
        return (-0.3 - z, -0.3 + z) if of != "tau" else (0.0, 0.5)

    def prediction_interval(self):
        return (-0.9, 0.3)

    def shrinkage(self):
        middle = self.effects.yi / 2
        return pd.DataFrame(
            {"study": self.effects.study, "mean": middle, "low": middle - 0.1, "high": middle + 0.1}
        )


def by_gid(plot):
    """Artists of the panel by their id."""
    panel = plot.axes[0]
    return {artist.get_gid(): artist for artist in panel.get_children() if artist.get_gid()}


def test_interval_ends_and_points_are_the_data():
    es = trials()
    plot = meta.forest(Fit(es))
    drawn = by_gid(plot)
    for i in range(es.k):
        x = drawn[f"study-{i + 1}-interval"].get_xdata()
        half = 1.959964 * math.sqrt(es.vi[i])
        low, high = max(es.yi[i] - half, plot.layout.axis.low), min(es.yi[i] + half, plot.layout.axis.high)
        assert x == pytest.approx([low, high], abs=1e-6)
        assert drawn[f"study-{i + 1}"].get_xdata() == pytest.approx([es.yi[i]])


def test_diamond_and_prediction_bar():
    drawn = by_gid(meta.forest(Fit(trials())))
    corners = drawn["pooled"].get_xy()
    assert sorted(corners[:4, 0]) == pytest.approx([-0.7, -0.35, -0.35, 0.0])
    bar = drawn["prediction"]
    assert (bar.get_x(), bar.get_x() + bar.get_width()) == pytest.approx((-1.4, 0.7))
    assert drawn["null"].get_xdata()[0] == 0.0
    assert drawn["pooled-guide"].get_xdata()[0] == -0.35


def test_area_of_squares_goes_with_weight():
    es = trials()
    drawn = by_gid(meta.forest(Fit(es)))
    sides = np.array([drawn[f"study-{i + 1}"].get_markersize() for i in range(es.k)])
    assert sides**2 / sides.max() ** 2 == pytest.approx(es.vi.min() / es.vi)


def test_prediction_styles():
    fit = Fit(trials())
    line = by_gid(meta.forest(fit, prediction="line"))
    assert line["pooled-prediction"].get_xdata() == pytest.approx([-1.4, 0.7])
    assert "prediction" not in line
    assert "prediction" in by_gid(meta.forest(fit, prediction="shade"))
    assert "prediction-density" in by_gid(meta.forest(fit, prediction="dist"))
    assert not any(row.kind == "prediction" for row in meta.forest(fit, prediction=None).rows)
    with pytest.raises(UnknownOptionError, match="unknown prediction 'wedge'"):
        meta.forest(fit, prediction="wedge")


def test_clipped_intervals_keep_their_numbers_and_get_arrows():
    plot = meta.forest(trials(), xlim=(0.5, 2))
    drawn = by_gid(plot)
    assert "study-1-interval-clipped-left" in drawn
    assert "study-1" not in drawn
    assert [p.text for p in plot.layout.placed if p.key == "study-1-cell"] == [
        "4/20",
        "0.41",
        "[0.14,",
        "1.19]",
    ]
    assert plot.layout.axis.low == pytest.approx(math.log(0.5))
    assert "beyond the axis" in plot.alt_text


def test_an_outlier_does_not_squeeze_the_others():
    es = EffectSizes([0.1, 0.2, 0.15, 0.3, 40.0], [0.01] * 5, "MD", list("ABCDE"))
    plot = meta.forest(es)
    assert plot.layout.axis.high < 2
    assert "study-5-interval-clipped-right" in by_gid(plot)


def test_bounds_mixtures_and_what_is_not_estimable():
    nan = np.nan
    es = EffectSizes(
        yi=[-0.5, nan, nan, nan, nan],
        vi=[0.1, 0.1, 0.1, 0.1, nan],
        measure="ROM",
        study=["Exact", "Below", "Within", "Either", "Words"],
        kind=["exact", "bound", "bound", "mixture", "none"],
        lower=[nan, -np.inf, -0.4, nan, nan],
        upper=[nan, -0.2, 0.4, nan, nan],
        mixtures={3: ((-0.6, 0.5), (-0.1, 0.5))},
        columns={"tier": ["A", "C", "C", "C", "D"], "reason": ["", "", "", "", "a direction in words"]},
    )
    plot = meta.forest(es)
    drawn = by_gid(plot)
    band = drawn["study-2"]
    assert band.get_x() == pytest.approx(plot.layout.axis.low)
    assert band.get_x() + band.get_width() == pytest.approx(-0.2)
    assert "study-2-interval-clipped-left" in drawn
    assert "study-2-interval-clipped-right" not in drawn
    inner = drawn["study-3"]
    assert (inner.get_x(), inner.get_x() + inner.get_width()) == pytest.approx((-0.4, 0.4))
    assert sorted(drawn["study-4"].get_xdata()) == [-0.6, -0.1]
    assert "study-5" not in drawn
    cells = {p.key: p.text for p in plot.layout.placed if p.key.startswith("study")}
    shown = [p.text for p in plot.layout.placed]
    assert "≤ 0.82, bound" in shown
    assert "0.67 to 1.49, bounds" in shown
    assert "0.55 or 0.90" in shown
    assert "not estimable" in shown
    assert cells["study-5-reason"] == "a direction in words"
    assert "2 known only within bounds, 1 one of several values and 1 not estimable" in plot.alt_text
    frame = plot.to_frame()
    assert frame["shape"].tolist() == ["exact", "bound", "bound", "mixture", "none"]
    assert frame["reason"].iloc[-1] == "a direction in words"


def test_tiers_are_told_apart_by_shape_and_letter():
    es = EffectSizes([0.1, 0.2], [0.1, 0.1], "SMD", ["A", "B"], columns={"tier": ["A", "B"]})
    plot = meta.forest(es)
    drawn = by_gid(plot)
    assert (drawn["study-1"].get_marker(), drawn["study-2"].get_marker()) == ("s", "o")
    assert {"A", "B"} <= {p.text for p in plot.layout.placed if p.align == "center"}


def test_claim_is_a_line_and_a_band():
    plot = meta.forest(trials(), claim=ClaimMark(-0.53, (-np.inf, -0.42), "claimed: 41% less"))
    drawn = by_gid(plot)
    assert drawn["claim"].get_xdata()[0] == -0.53
    band = drawn["claim-region"]
    assert band.get_x() + band.get_width() == pytest.approx(-0.42)
    assert any(p.text == "claimed: 41% less" for p in plot.layout.placed)
    assert "Claimed value: 0.59." in plot.alt_text


def test_posterior_is_a_half_eye_with_shrunken_studies():
    es = trials()
    plot = meta.forest(Belief(es))
    drawn = by_gid(plot)
    top = drawn["pooled-density"].get_paths()[0].vertices
    assert abs(top[np.argmin(top[:, 1]), 0] + 0.3) < 0.01
    assert drawn["study-1-shrunken"].get_xdata() == pytest.approx([-0.45])
    assert drawn["study-1-shrunken-interval"].get_xdata() == pytest.approx([-0.55, -0.35])
    assert any("μ ~ Normal(0, 1)" in row.label for row in plot.rows)
    assert plot.to_frame()["shrunken"].iloc[0] == pytest.approx(-0.45)
    header = " ".join(p.text for p in plot.layout.placed if p.key == "header")
    assert "95% interval" in header


def test_two_pooled_rows():
    es = trials()
    plot = meta.forest(es, pooled=[Fit(es), Belief(es)])
    assert [row.key for row in plot.rows if row.kind == "pooled"] == ["pooled", "pooled-2"]
    assert [row.key for row in plot.rows if row.kind == "prediction"] == ["prediction", "prediction-2"]
    assert plot.rows[0].weight == pytest.approx(Fit(es).weights[0])
    labels = [row.label for row in plot.rows if row.kind == "note"]
    assert labels[0].startswith("Frequentist: heterogeneity")
    assert any(label.startswith("Bayesian: heterogeneity") for label in labels)


def test_a_pooled_row_given_as_it_is():
    plot = meta.forest(trials(), pooled=Row("pooled", "Mine", estimate=-0.3, low=-0.5, high=-0.1))
    assert [(row.key, row.label) for row in plot.rows if row.kind == "pooled"] == [("pooled", "Mine")]


def test_ordering():
    es = trials()
    names = lambda order: [row.key for row in meta.forest(es, order=order).rows]  # noqa: E731
    assert names(None) == ["study-1", "study-2", "study-3", "study-4"]
    assert names("effect") == ["study-1", "study-4", "study-2", "study-3"]
    assert names("-effect") == ["study-3", "study-2", "study-4", "study-1"]
    assert names("year") == ["study-1", "study-3", "study-2", "study-4"]
    assert names("-precision")[0] == "study-2"
    assert names([3, 2, 1, 0])[0] == "study-4"
    assert names(lambda row: row.high)[0] == "study-4"
    with pytest.raises(InputError, match="order 'nope' is neither"):
        names("nope")
    with pytest.raises(InputError, match="each of the positions 0 to 3 once"):
        names([0, 0, 1, 2])


def test_headings_by_a_column():
    rows = meta.forest(trials(), by="arm").rows
    assert [(row.kind, row.label) for row in rows][:3] == [("group", "x"), ("study", "A"), ("study", "A")]
    with pytest.raises(InputError, match="no column 'dose'"):
        meta.forest(trials(), by="dose")


def test_subgroups_have_subtotals_and_a_test():
    es = EffectSizes(
        np.linspace(-1, 1, 8),
        np.full(8, 0.05),
        "SMD",
        [f"S{i}" for i in range(8)],
        columns={"g": ["a", "b"] * 4},
    )
    found = meta.pool(es, by="g", test="z")
    plot = meta.forest(found)
    totals = [row for row in plot.rows if row.kind == "subtotal"]
    assert [row.estimate for row in totals] == pytest.approx([found["a"].estimate, found["b"].estimate])
    assert sum(row.weight for row in totals) == pytest.approx(100)
    assert sum(row.weight for row in plot.rows if row.kind == "study") == pytest.approx(100)
    assert any(row.label.startswith("Between groups: Q(1)") for row in plot.rows)
    drawn = by_gid(plot)
    assert drawn["group-1-subtotal"].get_xy()[:, 0].min() == pytest.approx(found["a"].ci_low)


def test_meta_regression_shows_what_the_moderators_predict():
    es = EffectSizes(
        [0.1, 0.4, 0.5, 0.9], [0.01] * 4, "SMD", list("ABCD"), columns={"dose": np.array([1.0, 2, 3, 4])}
    )
    fit = meta.regress(es, "~ dose", test="z")
    plot = meta.forest(fit)
    assert [row.fitted[0] for row in plot.rows if row.fitted] == pytest.approx(list(fit.fitted))
    assert any("Moderators (dose)" in row.label for row in plot.rows)
    assert "study-1-fitted" in by_gid(plot)


def test_a_table_of_estimates():
    frame = pd.DataFrame(
        {"study": ["A", "B"], "estimate": [0.1, np.nan], "ci_low": [0.0, np.nan], "ci_high": [0.2, np.nan]}
    )
    plot = meta.forest(frame)
    assert [row.shape for row in plot.rows] == ["exact", "none"]
    with pytest.raises(InputError, match="no column 'ci_low'"):
        meta.forest(frame[["study", "estimate"]])


def test_anything_with_forest_rows():
    class Thing:
        def forest_rows(self):
            return Table((Row("study", "Mine", key="study-1", estimate=0.1, low=0.0, high=0.2),), "MD")

    assert meta.forest(Thing()).rows[0].label == "Mine"
    with pytest.raises(InputError, match="cannot be drawn from int"):
        meta.forest(3)


def test_one_study_has_no_heterogeneity_and_says_so():
    with pytest.warns(meta_warning()):
        fit = meta.pool(trials().subset([0]))
    plot = meta.forest(fit)
    assert "Heterogeneity: not estimable from one study" in [row.label for row in plot.rows]
    assert not any(row.kind == "prediction" for row in plot.rows)
    assert plot.rows[2].label == "One study: its own estimate"


def meta_warning():
    from meta.errors import FewStudiesWarning

    return FewStudiesWarning


def test_nothing_to_draw_is_still_a_page():
    es = EffectSizes([np.nan], [np.nan], "RR", ["A"])
    plot = meta.forest(es)
    assert plot.rows[0].shape == "none"
    assert "0.50" not in plot.render("svg").decode()
    assert [row.label for row in meta.forest(es.subset([])).rows] == ["No results to show."]


def test_columns_by_name_function_and_object():
    es = trials()
    plot = meta.forest(
        es,
        columns=[
            "study",
            "year",
            TextColumn("arm", "Group", side="right"),
            "plot",
            lambda row: row.label.lower(),
            "estimate",
        ],
    )
    shown = [p.text for p in plot.layout.placed]
    assert "1999" in shown
    assert "Group" in shown
    assert "c" in shown
    assert plot.layout.columns["Group"][1] < plot.layout.panel[0]
    with pytest.raises(InputError, match="no column 'dose' to show"):
        meta.forest(es, columns=["dose"])


def test_raw_data_columns():
    table = meta.datasets.load("bcg")
    es = meta.effect_sizes(
        table, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn", study="author"
    )
    shown = [p.text for p in meta.forest(es).layout.placed]
    assert "4/123" in shown
    assert "11/139" in shown
    split = [p.text for p in meta.forest(es, theme="revman").layout.placed]
    assert {"Treated", "Control", "Events", "Total", "13598"} <= set(split)


def test_risk_of_bias_signs():
    es = EffectSizes([0.1, 0.2, 0.3], [0.1] * 3, "SMD", list("ABC"), columns={"D1": ["low", "High", None]})
    plot = meta.forest(es, columns=["study", "plot", "estimate", SymbolColumn("D1")])
    page = plot.figure.axes[0]
    assert [t.get_text() for t in page.texts if t.get_text() in "+×?!0" and t.get_color() == "black"] == [
        "+",
        "×",
    ]
    assert judgement("unclear") == "some"
    with pytest.raises(InputError, match="'medium' is not a judgement"):
        judgement("medium")


def test_journal_habits():
    fit = Fit(trials())
    jama = meta.forest(fit, theme="jama", labels=("Fewer", "More"))
    texts = [p.text for p in jama.layout.placed]
    assert "Source" in texts
    assert any("p = .24" in text for text in texts)
    assert not any("τ²" in text for text in texts)
    assert all(right <= jama.layout.panel[0] for _, right in jama.layout.columns.values())
    above = [p.y for p in jama.layout.placed if p.key == "direction"]
    assert max(above) < jama.layout.panel[1]
    assert any(text.endswith("to") and text.startswith("(") for text in texts)


def test_heterogeneity_and_test_in_words():
    fit = Fit(trials())
    assert (
        heterogeneity_line(fit)
        == "Heterogeneity: τ² = 0.020 (0.000 to 1.250), I² = 21%, Q(3) = 4.2, p = 0.240"
    )
    assert overall_line(fit) == "Overall effect: t(3) = −3.20, p = 0.049"
    assert pooled_label(fit) == "Random-effects model (REML, Hartung–Knapp)"
    assert p_text(0.5, leading_zero=False) == "p = .500"


def test_axis_of_ratios_has_the_null_and_even_ratios():
    how = reading("RR")
    axis = make_axis(math.log(0.08), math.log(9), how, lambda positions, labels: len(labels) <= 7)
    assert axis.labels == ("0.1", "0.2", "0.5", "1", "2", "5")
    assert axis.ticks == pytest.approx(np.log([0.1, 0.2, 0.5, 1, 2, 5]))


@pytest.mark.parametrize(
    ("measure", "low", "high", "expected"),
    [
        ("ZCOR", -0.2, 1.5, "0"),
        ("SMD", -1.0, 0.9, "0.0"),
        ("MD", -120.0, 40.0, "0"),
        ("PLO", -3.0, 2.0, "0.5"),
    ],
)
def test_axes_are_labelled_on_the_scale_of_reading(measure, low, high, expected):
    how = reading(measure)
    axis = make_axis(low, high, how, lambda positions, labels: len(labels) <= 8)
    place = axis.ticks[[float(minus_free(label)) for label in axis.labels].index(float(expected))]
    assert how.back(place) == pytest.approx(float(expected), abs=1e-9)


def minus_free(label):
    return label.replace("−", "-")


def test_a_scale_that_turns_around():
    how = reading("VE")
    assert how.interval(math.log(0.3), math.log(0.8)) == pytest.approx((20.0, 70.0))
    row = Row("study", "A", estimate=math.log(0.5), low=math.log(0.3), high=math.log(0.8))
    words = Words(how, DEFAULT, decimals([row], how))
    assert words.effect(row) == ("50", "[20,", "70]")


def test_unknown_measure_is_read_as_it_is():
    how = reading("MYOWN")
    assert (how.name, how.back(2.0), how.null) == ("effect", 2.0, 0.0)
    with pytest.raises(UnknownOptionError, match="unknown scale 'cubic'"):
        reading("RR", scale="cubic")


def test_model_scale_can_be_shown():
    plot = meta.forest(trials(), scale="identity")
    assert "Log risk ratio" in [p.text for p in plot.layout.placed]
    assert "−0.90" in [p.text for p in plot.layout.placed]


def test_limits_hold_what_matters():
    how = reading("SMD")
    rows = [Row("study", "A", estimate=0.2, low=-0.1, high=0.5)]
    low, high = limits(rows, how, claim=ClaimMark(-0.8))
    assert low < -0.8
    assert high > 0.5
    with pytest.raises(InputError, match="xlim = "):
        limits(rows, reading("RR"), xlim=(-1, 2))


def test_themes():
    assert set(THEMES) == {"default", "revman", "jama", "bmj", "compact", "dark"}
    assert as_theme(DEFAULT) is DEFAULT
    with pytest.raises(UnknownOptionError, match="unknown theme 'nature'"):
        as_theme("nature")


def test_true_minus_and_table():
    assert minus("-1 to -2") == "−1 to −2"
    assert table_of((Row("note", "x"), Row("study", "A", key="study-1")))["label"] == ["A"]

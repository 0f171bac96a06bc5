"""The other figures against their data.

Covers meta.plots.funnel, normalised, densities, curves, verdict_page, multiverse, scatter, bubbles, orchards,
traces, joint_density and chart.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.special import ndtr, ndtri

import meta
import meta.plots as plots
from meta.effects.effect_size_table import EffectSizes
from meta.errors import FewStudiesWarning, InputError, UnknownOptionError
from meta.plots import ClaimMark
from meta.plots.chart import numbers, shown, spread

Z = 1.959963984540054


def effects():
    return EffectSizes(
        yi=[-0.9, -0.2, 0.1, -0.5],
        vi=[0.3, 0.04, 0.1, 0.05],
        measure="RR",
        study=["A", "B", "C", "D"],
        columns={"dose": np.array([1.0, 2.0, 3.0, 4.0])},
    )


@dataclass
class Fit:
    effects: EffectSizes
    estimate: float = -0.35
    ci_low: float = -0.7
    ci_high: float = 0.0
    tau2: float = 0.02
    level: float = 0.95

    def p_value_at(self, value):
        return float(2 * ndtr(-abs(self.estimate - value) / (0.35 / Z)))

    def prediction_interval(self):
        return (-1.0, 0.3)


class Belief:
    level = 0.95
    effect_prior = SimpleNamespace(
        proper=True, pdf=lambda x: np.exp(-0.5 * np.asarray(x) ** 2) / math.sqrt(2 * math.pi)
    )
    tau_prior = SimpleNamespace(proper=True, pdf=lambda x: np.exp(-np.asarray(x)))

    def __init__(self, middle=-0.3):
        self.effects, self.middle = effects(), middle

    def _center(self, of):
        return 0.4 if of == "tau" else self.middle

    def pdf(self, x, *, of="mu"):
        z = (np.asarray(x) - self._center(of)) / 0.1
        return np.exp(-0.5 * z**2) / (0.1 * math.sqrt(2 * math.pi))

    def sample(self, size, *, seed):
        rng = np.random.default_rng(seed)
        return {"mu": rng.normal(self.middle, 0.1, size), "tau": np.abs(rng.normal(0.4, 0.1, size))}

    def cdf(self, x, *, of="mu"):
        return ndtr((np.asarray(x) - self._center(of)) / 0.1)

    def ppf(self, q, *, of="mu"):
        return self._center(of) + 0.1 * ndtri(np.asarray(q))

    def interval(self, level=0.95, *, of="mu"):
        half = 0.1 * float(ndtri(0.5 + level / 2))
        return self._center(of) - half, self._center(of) + half


def drawn(plot, which=0):
    return {a.get_gid(): a for a in plot.axes[which].get_children() if a.get_gid()}


def test_funnel_points_are_effects_and_standard_errors():
    es = effects()
    plot = meta.funnel(Fit(es))
    points = drawn(plot)["studies"]
    assert points.get_xdata() == pytest.approx(es.yi)
    assert points.get_ydata() == pytest.approx(np.sqrt(es.vi))
    assert drawn(plot)["pooled"].get_xdata()[0] == -0.35
    bottom, top = plot.axes[0].get_ylim()
    assert bottom > top


def test_funnel_contours_are_where_p_crosses():
    plot = meta.funnel(effects(), contours=[0.95])
    band = next(c for c in plot.axes[0].collections if c.get_label() == "p < 0.05")
    vertices = band.get_paths()[0].vertices
    tall = plot.axes[0].get_ylim()[0]
    edge = vertices[np.isclose(vertices[:, 1], tall), 0]
    assert edge.min() == pytest.approx(Z * tall)


def test_funnel_draws_imputed_studies_open_and_counts_them():
    plot = meta.funnel(effects(), filled=([0.4, 0.6], [0.09, 0.16]))
    assert drawn(plot)["filled"].get_ydata() == pytest.approx([0.3, 0.4])
    assert plot.to_frame()["imputed"].sum() == 2
    assert "2 imputed." in plot.alt_text
    with pytest.warns(FewStudiesWarning):
        trimmed = meta.bias.trim_and_fill(
            meta.pool(yi=[0.1, 0.3, 0.9, 1.2, 0.2, 0.15], vi=[0.01, 0.03, 0.3, 0.4, 0.02, 0.02], test="z")
        )
    own = meta.funnel(trimmed)
    assert own.to_frame()["imputed"].sum() == trimmed.k0 > 0
    assert drawn(own)["pooled"].get_xdata()[0] == pytest.approx(trimmed.estimate)
    with pytest.raises(InputError, match="filled must be a pair"):
        meta.funnel(effects(), filled=3)


def test_funnel_says_what_it_leaves_out():
    es = EffectSizes([0.1, 0.2, np.nan], [0.1, 0.2, np.nan], "SMD", ["A", "B", "C"])
    assert "1 without an exactly known effect not drawn." in meta.funnel(es).alt_text
    with pytest.raises(InputError, match="there is nothing to draw"):
        meta.funnel(es.subset([2]))
    with pytest.raises(InputError, match=r"no column 'yi'"):
        meta.funnel({})


def test_normalisation_reads_the_share_without_effect_and_the_effect_needed():
    x = np.linspace(-2, 1, 301)
    plot = plots.normalisation(
        {"one": (x, ndtr(-x))}, claimed=0.78, posterior=(x, np.exp(-(x**2))), interval=(-1, 1)
    )
    assert "one: 50% without any effect, the claimed share from −0.77." in plot.alt_text
    assert drawn(plot)["claim"].get_ydata()[0] == 0.78
    assert len(plot.axes) == 2
    assert plot.axes[0].get_xlim() == plot.axes[1].get_xlim()
    assert "posterior" in drawn(plot, 1)
    high = plots.normalisation({"one": (x, np.full(x.size, 0.9))}, marks={"trials": -0.3})
    assert "one: 90% without any effect." in high.alt_text
    low = plots.normalisation({"one": (x, np.full(x.size, 0.1))}, marks=[("here", 0.0, 0.1)])
    assert "the claimed share is not reached" in low.alt_text
    with pytest.raises(InputError, match="curves is empty"):
        plots.normalisation({})


def test_posterior_panels():
    claim = ClaimMark(-0.5, (-np.inf, -0.4), "claimed")
    plot = plots.posterior(Belief(), of=("mu", "tau", "new"), claim=claim)
    assert len(plot.axes) == 3
    line = drawn(plot)["mu-posterior"]
    assert line.get_xdata()[np.argmax(line.get_ydata())] == pytest.approx(-0.3, abs=0.01)
    assert "probability 0.16 of an effect at least as large as claimed" in plot.alt_text
    assert drawn(plot, 1)["tau-prior"].get_ydata()[0] == pytest.approx(1.0)
    assert plot.axes[1].get_xlim()[0] == 0.0
    assert "mu-prior" not in drawn(plots.posterior(Belief(), prior=False))
    with pytest.raises(UnknownOptionError, match="unknown quantity 'beta'"):
        plots.posterior(Belief(), of="beta")
    with pytest.raises(InputError, match="need a posterior, not Fit"):
        plots.posterior(Fit(effects()))


def test_joint_regions_hold_their_share():
    plot = plots.joint(Belief(), claim=ClaimMark(-0.5, (-np.inf, -0.4)))
    frame = plot.to_frame()
    outer = drawn(plot)["regions"].levels[0]
    inside = frame["density"] >= outer
    assert frame["density"][inside].sum() / frame["density"].sum() == pytest.approx(0.95, abs=0.01)
    radius = np.hypot(frame["mu"] + 0.3, frame["tau"] - 0.4)[inside]
    assert radius.max() == pytest.approx(0.1 * math.sqrt(-2 * math.log(0.05)), rel=0.12)
    assert plot.render("svg") == plots.joint(Belief(), claim=ClaimMark(-0.5, (-np.inf, -0.4))).render("svg")
    with pytest.raises(InputError, match="needs a posterior, not Fit"):
        plots.joint(Fit(effects()))


def test_prior_sensitivity():
    plot = plots.prior_sensitivity({"narrow": Belief(-0.1), "wide": Belief(-0.4)}, claim=ClaimMark(-0.5))
    assert "narrow: median 0.90; wide: median 0.67" in plot.alt_text
    assert {"prior-1", "prior-2"} <= set(drawn(plot))
    with pytest.raises(InputError, match="posteriors is empty"):
        plots.prior_sensitivity({})


def test_compatibility_curve_of_a_fit():
    plot = plots.compatibility(Fit(effects()), marks={"no effect": 0.0, "claimed": -0.53})
    curve = drawn(plot)["curve"]
    assert curve.get_ydata().max() == pytest.approx(1.0)
    assert curve.get_xdata()[np.argmax(curve.get_ydata())] == pytest.approx(-0.35)
    assert "95% interval 0.50 to 1.00" in plot.alt_text
    assert "no effect (1.00): p = 0.050." in plot.alt_text
    frame = plot.to_frame()
    assert frame["surprisal"].to_numpy() == pytest.approx(-np.log2(frame["p_value"]))


def test_drapery_has_a_curve_a_study():
    plot = plots.drapery(Fit(effects()))
    found = drawn(plot)
    assert {"study-1", "study-4", "pooled"} <= set(found)
    line = found["study-2"]
    assert np.interp(-0.2, line.get_xdata(), line.get_ydata()) == pytest.approx(1.0, abs=0.03)


def test_profile():
    x = np.linspace(0, 2, 201)
    plot = plots.profile((x, -((x - 0.3) ** 2)), estimate=0.3, interval=(0.1, 0.6))
    assert "highest at 0.300" in plot.alt_text
    assert plots.profile(pd.DataFrame({"x": x, "loglik": -x})).to_frame().shape == (201, 2)
    with pytest.raises(InputError, match="must be a pair"):
        plots.profile(3)


def test_verdicts():
    items = [
        {
            "claim": "First",
            "conclusion": "inconclusive",
            "probability": 0.3,
            "prior": 0.2,
            "k": 4,
            "tiers": {"A": 2, "D": 0},
        },
        {"claim": "Second", "conclusion": "untestable", "sentence": "No trial reports it. " * 20},
        {"claim": "Third", "conclusion": "contradicted", "probability": 0.0004},
        {"claim": "Fourth", "conclusion": "supported", "probability": 0.9999},
        {"claim": "Fifth", "conclusion": "inconclusive", "probability": 0.948},
    ]
    plot = plots.verdicts(items)
    assert "Third: contradicted (probability < 1%)." in plot.alt_text
    assert "Fourth: supported (probability > 99%)." in plot.alt_text
    assert "Fifth: inconclusive (probability 94.8%)." in plot.alt_text
    assert plot.to_frame()["tiers"].tolist()[0] == "A 2"
    assert {f"verdict-{i}" for i in range(1, 6)} <= set(drawn(plot))
    words = {t.get_text() for t in plot.axes[0].texts}
    assert {"✓", "?", "×", "–", "no data to say"} <= words
    with pytest.raises(UnknownOptionError, match="unknown conclusion 'true'"):
        plots.verdicts([{"claim": "A", "conclusion": "true"}])
    with pytest.raises(InputError, match="no verdict"):
        plots.verdicts([])


def test_verdicts_take_verdict_objects():
    item = SimpleNamespace(
        claim=SimpleNamespace(short="41% less"),
        analysis=SimpleNamespace(label="soreness"),
        conclusion="inconclusive",
        sentence="Too few data.",
        at_margin=SimpleNamespace(mean=0.25, prior=0.2),
        k=3,
        tiers={"A": 1, "B": 2},
    )
    frame = plots.verdicts([item]).to_frame()
    assert frame.loc[0, ["claim", "analysis", "probability", "k", "tiers"]].tolist() == [
        "41% less",
        "soreness",
        0.25,
        3,
        "A 1  B 2",
    ]


def test_specification_curve_is_sorted_and_shows_its_choices():
    table = pd.DataFrame(
        {
            "estimate": [0.3, -0.1, np.nan, 0.1],
            "ci_low": [0.1, -0.3, np.nan, 0.0],
            "ci_high": [0.5, 0.1, np.nan, 0.2],
            "method": ["REML", "DL", "DL", "REML"],
            "conclusion": ["supported", "contradicted", "untestable", "inconclusive"],
        }
    )
    plot = plots.specification(table, claim=ClaimMark(0.2, (0.2, np.inf), "claimed"))
    frame = plot.to_frame()
    assert frame["estimate"].tolist()[:3] == [-0.1, 0.1, 0.3]
    assert frame["method"].tolist() == ["DL", "REML", "REML", "DL"]
    assert [t.get_text() for t in plot.axes[1].get_yticklabels()] == ["REML", "DL"]
    assert drawn(plot)["analyses-supported"].get_ydata() == pytest.approx([0.3])
    assert "supported in 1" in plot.alt_text
    with pytest.raises(InputError, match="is empty"):
        plots.specification([])


def test_bubble():
    es = effects()
    plot = plots.bubble(es, x="dose", line=([1, 4], [0.0, -1.0]), band=([-0.1, -1.2], [0.1, -0.8]))
    offsets = drawn(plot)["studies"].get_offsets()
    assert np.asarray(offsets)[:, 0].tolist() == [1, 2, 3, 4]
    areas = drawn(plot)["studies"].get_sizes() - 12
    assert areas / areas.max() == pytest.approx(es.vi.min() / es.vi)
    with pytest.raises(InputError, match="no column 'age'"):
        plots.bubble(es, x="age")
    with pytest.raises(InputError, match="one value per study"):
        plots.bubble(es, x=[1, 2])


def test_baujat_names_the_farthest():
    table = pd.DataFrame({"study": ["A", "B", "C"], "x": [1.0, 9.0, 2.0], "y": [0.1, 0.9, 0.2]})
    assert plots.baujat(table, label=1).alt_text == "Baujat plot of 3 studies; the most influential are B."
    with pytest.raises(InputError, match="no column 'q_contribution'"):
        plots.baujat(table[["study", "y"]])


def test_radial_line_has_the_pooled_slope():
    plot = plots.radial(Fit(effects()))
    x, y = drawn(plot)["pooled"].get_data()
    assert y[1] / x[1] == pytest.approx(-0.35)
    assert plot.to_frame()["precision"].to_numpy() == pytest.approx(1 / np.sqrt(effects().vi + 0.02))


def test_labbe():
    table = meta.datasets.load("bcg")
    es = meta.effect_sizes(
        table, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn", study="author"
    )
    plot = plots.labbe(Fit(es))
    frame = plot.to_frame()
    assert frame["treated"].iloc[0] == pytest.approx(4 / 123)
    x, y = drawn(plot)["pooled"].get_data()
    assert y[100] / x[100] == pytest.approx(math.exp(-0.35))
    with pytest.raises(InputError, match="needs events1"):
        plots.labbe(effects())


def test_normal_quantiles():
    plot = plots.qq(Fit(effects()))
    frame = plot.to_frame()
    assert np.sort(frame["quantile"]) == pytest.approx(ndtri((np.arange(1, 5) - 0.5) / 4))
    assert frame["deviation"].to_numpy() == pytest.approx(
        (effects().yi + 0.35) / np.sqrt(effects().vi + 0.02)
    )


def test_gosh():
    table = pd.DataFrame({"estimate": [-0.5, -0.2, 0.1], "i2": [10.0, 50.0, 80.0]})
    plot = plots.gosh(table, highlight=[True, False, False], measure="RR")
    assert "from 0.61 to 1.11" in plot.alt_text
    assert plot.to_frame()["highlight"].tolist() == [True, False, False]


def test_orchard():
    plot = plots.orchard({"one": Fit(effects()), "two": Fit(effects(), estimate=0.2)})
    found = drawn(plot)
    assert found["group-1-interval"].get_xdata() == pytest.approx([-0.7, 0.0])
    assert found["group-2-prediction"].get_xdata() == pytest.approx([-1.0, 0.3])
    assert "two: 1.22, k = 4." in plot.alt_text
    with pytest.raises(InputError, match="no fit to draw"):
        plots.orchard({})


def test_caterpillar():
    plot = plots.caterpillar(Fit(effects()))
    frame = plot.to_frame()
    assert frame["estimate"].is_monotonic_increasing
    assert frame["ci_high"].iloc[0] == pytest.approx(-0.9 + Z * math.sqrt(0.3))
    assert "1 interval leaves out no effect" in plot.alt_text


def test_tau_trace_shrinks_from_the_common_effect_to_each_own():
    es = effects()
    plot = plots.tau_trace(es, upper=50.0)
    found = drawn(plot)
    common = np.average(es.yi, weights=1 / es.vi)
    for i in range(es.k):
        y = found[f"study-{i + 1}"].get_ydata()
        assert y[0] == pytest.approx(common, abs=1e-3)
        assert y[-1] == pytest.approx(es.yi[i], abs=1e-3)
    assert "density" in plots.tau_trace(Belief()).to_frame()


def test_cumulative_and_influence_tables():
    table = pd.DataFrame(
        {
            "study": ["A", "B", "C"],
            "estimate": [0.5, 0.4, 0.3],
            "ci_low": [0.0, 0.1, 0.1],
            "ci_high": [1.0, 0.7, 0.5],
        }
    )
    plot = plots.cumulative(table, measure="SMD")
    assert drawn(plot)["estimate"].get_ydata() == pytest.approx([0.5, 0.4, 0.3])
    assert plot.alt_text.endswith("ending at 0.30.")
    flagged = pd.DataFrame(
        {"study": ["A", "B"], "rstudent": [0.1, 3.2], "hat": [0.4, 0.6], "influential": [False, True]}
    )
    assert "influential: B." in plots.influence(flagged).alt_text
    with pytest.raises(InputError, match="no column of numbers"):
        plots.influence(pd.DataFrame({"study": ["A"]}))


def test_weight_functions_are_steps_or_curves():
    plot = plots.weight_function({"steps": ([0.025, 0.5], [1.0, 0.5, 0.2])})
    frame = plot.to_frame()
    assert frame["p"].tolist() == [0.0, 0.025, 0.025, 0.5, 0.5, 1.0]
    assert frame["weight"].tolist() == [1.0, 1.0, 0.5, 0.5, 0.2, 0.2]
    with pytest.raises(InputError, match="give as many, or one weight more"):
        plots.weight_function({"bad": ([0.1], [1.0, 2.0, 3.0])})
    with pytest.raises(InputError, match="curves is empty"):
        plots.weight_function({})


X = np.linspace(-2, 1, 31)
FRAME = pd.DataFrame(
    {"study": ["A", "B"], "estimate": [0.1, 0.2], "ci_low": [0.0, 0.1], "ci_high": [0.2, 0.3]}
)
MAKERS = {
    "funnel": lambda: meta.funnel(effects()),
    "normalisation": lambda: plots.normalisation({"a": (X, ndtr(-X))}, posterior=(X, np.exp(-(X**2)))),
    "posterior": lambda: plots.posterior(Belief()),
    "compatibility": lambda: plots.compatibility(Fit(effects())),
    "verdicts": lambda: plots.verdicts([{"claim": "A", "conclusion": "supported", "probability": 0.97}]),
    "specification": lambda: plots.specification(FRAME.assign(choice=["x", "y"])),
    "labbe": lambda: plots.radial(effects()),
    "orchard": lambda: plots.orchard(Fit(effects())),
    "tau_trace": lambda: plots.tau_trace(Belief()),
    "cumulative": lambda: plots.cumulative(FRAME),
}


@pytest.mark.parametrize("name", MAKERS)
def test_every_figure_is_reproducible_and_accessible(name):
    one, two = MAKERS[name](), MAKERS[name]()
    assert one.render("svg") == two.render("svg") == one.render("svg")
    root = ET.fromstring(one.render("svg"))
    assert root.get("role") == "img"
    assert root.find("{http://www.w3.org/2000/svg}desc").text == one.alt_text
    assert len(one.to_frame()) > 0
    assert len(one.alt_text) > 20


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_is_cut_off(name):
    plot = MAKERS[name]()
    plot.figure.canvas.draw()
    renderer = plot.figure.canvas.get_renderer()
    page = plot.figure.bbox
    for axes in plot.figure.axes:
        box = axes.get_tightbbox(renderer)
        if box is None or not np.isfinite(box.bounds).all():
            continue
        assert box.x0 >= page.x0 - 2
        assert box.x1 <= page.x1 + 2
        assert box.y0 >= page.y0 - 2
        assert box.y1 <= page.y1 + 2


def test_drawing_into_given_axes_leaves_the_figure_to_its_owner():
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    assert meta.funnel(effects(), ax=left).axes == (left,)
    assert plots.compatibility(Fit(effects()), ax=right).figure is figure
    assert figure.get_layout_engine() is not None
    assert figure.get_size_inches().tolist() == [8, 3]


def test_helpers():
    assert spread([]) == (-1.0, 1.0)
    assert spread([2.0]) == pytest.approx((0.88, 3.12))
    assert shown(-0.126) == "−0.13"
    with pytest.raises(InputError, match="no column 'b'; it has: a"):
        numbers({"a": [1.0]}, "b")

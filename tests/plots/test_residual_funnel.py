"""meta.plots.residual_funnel."""

import numpy as np
import pytest

import meta
from meta.errors import InputError, UnknownOptionError
from meta.plots.residual_funnel import residual_funnel

ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def fit():
    es = meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)
    return meta.regress(es, "~ ablat", test="z")


def drawn(plot):
    return {a.get_gid(): a for a in plot.axes[0].get_children() if a.get_gid()}


def test_points_are_residuals_and_lines_their_quantiles():
    found = fit()
    plot = residual_funnel(found, label=[0])
    points = drawn(plot)["studies"]
    assert points.get_xdata() == pytest.approx(found.yi - found.fitted)
    assert points.get_ydata() == pytest.approx(np.sqrt(found.vi))
    side = plot.axes[0].lines[0]
    assert np.abs(side.get_xdata()) == pytest.approx(1.959964 * side.get_ydata(), rel=1e-6)
    assert "of 13 effects" in plot.alt_text
    assert [t.get_text() for t in plot.axes[0].texts] == [str(found.study[0])]


@pytest.mark.parametrize("precision", ["sei", "vi", "seinv", "vinv"])
def test_precise_studies_are_on_top(precision):
    plot = residual_funnel(fit(), precision=precision)
    frame = plot.to_frame()
    to_pixels = plot.axes[0].transData.transform
    heights = [to_pixels((0.0, y))[1] for y in frame[precision]]
    assert np.argsort(heights).tolist() == np.argsort(-frame["sei"].to_numpy()).tolist()
    low, high = sorted(plot.axes[0].get_ylim())
    assert ((frame[precision] >= low) & (frame[precision] <= high)).all()


def test_the_funnel_of_a_fit_with_moderators_is_that_of_its_residuals():
    assert meta.funnel(fit()).to_frame().equals(residual_funnel(fit()).to_frame())
    plain = meta.regress(fit().es, test="z")
    assert "estimate" in meta.funnel(plain).to_frame()


def test_heterogeneity_widens_it():
    found = fit()
    frame = residual_funnel(found, add_tau2=True).to_frame()
    assert frame["sei"].to_numpy() == pytest.approx(np.sqrt(found.vi + found.tau2))
    schools = meta.effect_sizes(meta.datasets.load("konstantopoulos2011"), measure="GEN", yi="yi", vi="vi")
    nested = meta.pool_multilevel(schools, levels=["district", "school"])
    frame = residual_funnel(nested, add_tau2=True).to_frame()
    assert frame["sei"].to_numpy() ** 2 == pytest.approx(schools.vi + nested.sigma2.sum())


def test_refusals_of_the_residual_funnel():
    with pytest.raises(UnknownOptionError, match="seinv"):
        residual_funnel(fit(), precision="n")
    with pytest.raises(InputError, match=r"use meta\.funnel"):
        residual_funnel(meta.pool(fit().es, test="z"))

"""What the figures of a dose-response curve hold: artists, tables, words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meta
from meta.errors import MetaError
from tests.dose.dose_tables import alcohol_curve, ari_curve


def gids(plot):
    return [item.get_gid() for item in plot.figure.findobj(lambda item: item.get_gid() is not None)]


def test_the_curve_with_its_bands_points_and_marks():
    fit = alcohol_curve(shape="rcs", unit="g/day")
    plot = meta.plots.dose_response(fit, region=(10, 30), to=90)
    found = gids(plot)
    assert found.count("knot") == 3
    for name in ("curve", "beyond", "region", "rug", "studies"):
        assert name in found
    table = plot.to_frame()
    wanted = fit.predict(table["dose"])
    np.testing.assert_allclose(table["band_low"], wanted["band_low"])
    assert plot.axes[0].get_xlabel() == "Dose (g/day)"
    assert plot.axes[0].get_ylabel() == "Risk ratio"
    assert "6 trials" in plot.alt_text


@pytest.mark.parametrize(
    ("option", "value", "gone"),
    [("points", False, "studies"), ("knots", False, "knot"), ("rug", False, "rug")],
)
def test_what_is_switched_off_is_not_drawn(option, value, gone):
    fit = alcohol_curve(shape="rcs")
    assert gone in gids(meta.plots.dose_response(fit))
    assert gone not in gids(meta.plots.dose_response(fit, **{option: value}))


def test_points_of_arms_start_from_their_reference_on_the_curve():
    fit = ari_curve("MD", shape="linear")
    plot = meta.plots.dose_response(fit)
    (drawn,) = [item for item in plot.axes[0].collections if item.get_gid() == "studies"]
    np.testing.assert_allclose(drawn.get_offsets(), np.column_stack([fit.dose, fit.es.yi]))


def test_figures_refuse_what_they_cannot_draw():
    fit = ari_curve("MD")
    for options, told in (
        ({"to": 5.0}, "to=5 must lie beyond the highest dose seen, 30"),
        ({"region": (20.0, 10.0)}, "region runs from a lower to a higher dose"),
    ):
        with pytest.raises(MetaError, match=told):
            meta.plots.dose_response(fit, **options)
    with pytest.raises(MetaError, match="curve must be a dose-response curve"):
        meta.plots.dose_response([0.1, 0.2])
    plt.close("all")


def test_residuals_against_dose():
    fit = ari_curve("SMD")
    plot = meta.plots.dose_residuals(fit)
    np.testing.assert_allclose(plot.to_frame()["residual"], fit.residuals()["standardised"])
    _, axes = plt.subplots()
    assert meta.plots.dose_residuals(fit, ax=axes).axes[0] is axes
    plt.close("all")

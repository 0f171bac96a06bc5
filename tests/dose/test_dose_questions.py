"""Questions to a curve: regions, extremes, effective doses, shapes; each against a direct computation."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize

import meta
from meta.errors import MetaError, quiet
from meta.kernels.dose.estimands import first_dose, lowest
from tests.dose.dose_tables import alcohol, alcohol_curve, ari_curve, breast_curve, simulated

MEANS = {"measure": "MD"}


def exact(curve_of, doses=(0.0, 1.0, 2.0, 4.0, 8.0), trials=5, **more):
    """Trials that lie on a curve exactly."""
    rows = [(f"T{i}", x, curve_of(x) + i) for i in range(trials) for x in doses]
    study, dose, mean = zip(*rows, strict=True)
    return {
        "study": study,
        "dose": dose,
        "mean": mean,
        "sd": [1.0] * len(rows),
        "n": [50] * len(rows),
        **more,
    }


@pytest.mark.parametrize("shape", ["linear", "log", "quadratic", "rcs"])
def test_the_mean_over_a_region_is_the_integral(shape):
    fit = alcohol_curve(shape=shape)
    found = fit.over(3.0, 60.0, reference=10.0)

    def at(x):
        return fit.predict([x], reference=10.0, draws=100)["estimate"].iloc[0]

    wanted = quad(at, 3.0, 60.0, limit=200, points=[9.06, 45.855])[0] / 57.0
    assert found.estimate == pytest.approx(wanted, rel=1e-6)
    if shape == "linear":
        assert found.se == pytest.approx(fit.se * 21.5, rel=1e-9)
        assert found.p_value == pytest.approx(fit.p_value, rel=1e-9)


def test_a_region_beyond_the_doses_seen_is_refused():
    fit = alcohol_curve(shape="quadratic")
    with pytest.raises(MetaError, match="the region 50 to 90 reaches beyond the doses seen, 0 to 77"):
        fit.over(50, 90)
    with pytest.raises(MetaError, match="a region runs from a lower to a higher dose"):
        fit.over(30, 10)


def test_probability_of_a_region_of_a_line_is_that_of_its_nearer_end():
    """Of a line through the origin, the whole region keeps a claim if its lower end does."""
    from scipy.stats import norm

    fit = breast_curve()
    found = fit.over(4, 10).probability(0.1, draws=200_000)
    assert found == pytest.approx(norm.sf((0.1 - 4 * fit.estimate) / (4 * fit.se)), abs=0.004)
    assert fit.over(4, 10).probability(0.1) == fit.over(4, 10).probability(0.1)
    assert fit.over(4, 10).probability(0.1, direction="less") < 1 - found
    with pytest.raises(MetaError, match="claimed=0 says no direction"):
        fit.over(4, 10).probability(0.0)


def test_the_region_of_ratios_reads_as_a_ratio_and_is_saved(tmp_path):
    found = alcohol_curve(shape="quadratic").over(10, 30)
    back = found.backtransform()
    assert back.estimate == pytest.approx(np.exp(found.estimate))
    assert back.pi_low < back.ci_low < back.estimate < back.ci_high < back.pi_high
    again = meta.load(found.save(tmp_path / "region.json"))
    assert again == found
    assert again.probability(-0.1) == found.probability(-0.1)


def test_the_minimum_of_a_parabola():
    fit = alcohol_curve(shape="quadratic")
    a, b = fit.beta
    row = fit.minimum().iloc[0]
    assert row["dose"] == pytest.approx(-a / (2 * b), rel=1e-6)
    assert row["estimate"] == pytest.approx(-(a**2) / (4 * b), rel=1e-6)
    assert row["dose_low"] < row["dose"] < row["dose_high"]
    top = ari_curve("MD").maximum().iloc[0]
    a, b = ari_curve("MD").beta
    assert top["dose"] == pytest.approx(-a / (2 * b), rel=1e-6)


def test_extremes_of_known_curves():
    x = np.linspace(0, 10, 101)
    curves = np.array([(x - 3.33) ** 2, -x, x])
    at, value = lowest(x, curves)
    np.testing.assert_allclose(at, [3.33, 10, 0], atol=1e-9)
    np.testing.assert_allclose(value, [0, -10, 0], atol=1e-9)
    np.testing.assert_allclose(first_dose(x, np.array([-2 * x, np.minimum(x, 5.0)]), 0.9), [9.0, 4.5])


def test_effective_doses():
    fit = meta.dose_response(exact(lambda x: 3 * min(x, 4.0)), shape="plateau", method="ML", **MEANS)
    assert fit.effective_dose()["dose"].iloc[0] == pytest.approx(3.6, abs=0.02)
    assert fit.effective_dose(0.5)["dose"].iloc[0] == pytest.approx(2.0, abs=0.02)
    with pytest.raises(MetaError, match="share must lie between 0 and 1"):
        fit.effective_dose(90)


def test_the_smallest_dose_with_enough_probability():
    fit = breast_curve()
    # at every dose x the effect is N(b x, (s x)^2): enough from claimed / (b - 1.645 s) on
    wanted = 0.05 / (fit.estimate - 1.6448536269514722 * fit.se)
    assert fit.smallest_dose(0.05) == pytest.approx(wanted, abs=11 / 2000)
    assert fit.smallest_dose(0.05, share=0.5) == pytest.approx(wanted / 2, abs=11 / 2000)
    assert np.isnan(fit.smallest_dose(5.0))


@pytest.mark.parametrize(
    ("shape", "curve_of", "place", "size"),
    [("emax", lambda x: 6 * x / (1.5 + x), 1.5, 6.0), ("plateau", lambda x: 2 * min(x, 3.0), 3.0, 2.0)],
)
@pytest.mark.parametrize("method", ["REML", "ML", "EE"])
def test_curves_that_bend_are_found_where_they_are(shape, curve_of, place, size, method):
    fit = meta.dose_response(exact(curve_of), shape=shape, method=method, **MEANS)
    assert fit.beta == pytest.approx([size, place], rel=1e-5)
    np.testing.assert_allclose(fit.predict([1.0, 5.0])["estimate"], [curve_of(1.0), curve_of(5.0)], rtol=1e-5)
    assert np.isnan(fit.nonlinearity.statistic)


def test_emax_of_aripiprazole_is_the_maximum_of_its_likelihood():
    fit = ari_curve("MD", shape="emax", method="EE")
    W, x, y = np.linalg.inv(fit.es.covariance), fit.dose, fit.es.yi

    def square(parameters):
        top, place = parameters[0], np.exp(parameters[1])
        rest = y - top * (x / (place + x) - fit.origin / (place + fit.origin))
        return rest @ W @ rest

    found = minimize(square, [8.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
    assert fit.beta == pytest.approx([found.x[0], np.exp(found.x[1])], rel=1e-5)
    # covariance by differences of the least squares in the parameters themselves
    b, h = fit.beta, 1e-4

    def at(u, v):
        return square([u, np.log(v)])

    bend = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            e, f = np.eye(2)[i] * h, np.eye(2)[j] * h
            bend[i, j] = (at(*(b + e + f)) - at(*(b + e - f)) - at(*(b - e + f)) + at(*(b - e - f))) / (
                4 * h * h
            )
    np.testing.assert_allclose(fit.se, np.sqrt(np.diag(np.linalg.inv(bend / 2))), rtol=0.1)


def test_a_line_has_no_ed50():
    with pytest.raises(MetaError, match="the doses do not identify ED50"):
        meta.dose_response(exact(lambda x: 2 * x), shape="emax", **MEANS)
    with pytest.raises(MetaError, match="shape='emax' is for stage='one'"):
        meta.dose_response(exact(lambda x: x), shape="emax", stage="two", **MEANS)


def test_a_plateau_whose_hinge_is_given_is_linear():
    fit = meta.dose_response(exact(lambda x: 2 * min(x, 3.0)), shape="plateau", knots=[3.0], **MEANS)
    assert fit.estimate == pytest.approx(2.0, rel=1e-9)
    with pytest.raises(MetaError, match="knots of a plateau is the one dose"):
        meta.dose_response(exact(lambda x: x), shape="plateau", knots=[30.0], **MEANS)


def test_shapes_are_weighed_by_aicc():
    with quiet():
        found = meta.compare_shapes(
            alcohol(), shapes=["linear", "log", "quadratic", {"shape": "rcs", "knots": 3}], study="id",
            yi="logrr", sei="se", cases="cases", n="n", design="type",
        )  # fmt: skip
    table = found.table
    assert table["shape"].tolist() == ["linear", "log", "quadratic", "rcs knots=3"]
    assert table["weight"].sum() == pytest.approx(1)
    k, p = found.k, table["parameters"]
    aicc = -2 * table["loglik"] + 2 * p * k / (k - p - 1)
    np.testing.assert_allclose(table["aicc"], aicc, rtol=1e-9)
    np.testing.assert_allclose(
        table["weight"] / table["weight"].max(), np.exp(-table["delta"] / 2), rtol=1e-9
    )
    assert found.best is found.fits[int(np.argmax(table["weight"]))]
    averaged = found.predict([20.0])
    each = [fit.predict([20.0])["estimate"][0] for fit in found.fits]
    assert averaged["estimate"][0] == pytest.approx(np.dot(table["weight"], each), rel=1e-9)
    assert (
        averaged["se"][0]
        >= np.dot(table["weight"], [fit.predict([20.0])["se"][0] for fit in found.fits]) - 1e-12
    )
    assert found.predict([0.0])["se"][0] == 0


def test_shapes_are_compared_by_ordinary_likelihoods():
    table = simulated(1)
    with pytest.raises(MetaError, match="restricted likelihoods of different terms"):
        meta.compare_shapes(table, method="REML", **MEANS)
    for shapes, told in (
        ("linear", "shapes must be a list, not"),
        (["linear", "linear"], "shapes has 'linear' twice"),
        (["linear", "cubic"], "unknown shape 'cubic'"),
        (["linear", {"knots": 3}], "a shape is a name or a dictionary"),
    ):
        with pytest.raises(MetaError, match=told):
            meta.compare_shapes(table, shapes=shapes, **MEANS)


def test_the_true_shape_has_the_highest_weight():
    noise = np.random.default_rng(3).normal(0, 0.05, 25)
    for name, curve_of in (("log", lambda x: 5 * np.log1p(x)), ("linear", lambda x: x)):
        table = exact(curve_of)
        table["mean"] = list(np.array(table["mean"]) + noise)
        found = meta.compare_shapes(table, shapes=["linear", "log"], **MEANS)
        assert found.best.shape == name


def test_the_same_curve_over_time():
    table = simulated(2)
    weeks = {**table, "weeks": table["dose"]}
    del weeks["dose"]
    fit, other = (
        meta.dose_response(table, **MEANS),
        meta.dose_response(weeks, time="weeks", unit="weeks", **MEANS),
    )
    assert other.estimate == fit.estimate
    assert other.names == ("time",)
    assert "Time-response meta-analysis" in str(other)
    assert "effect against time 0 weeks" in str(other)
    with pytest.raises(MetaError, match="give dose= or time=, not both"):
        meta.dose_response({**table, "weeks": table["dose"]}, dose="dose", time="weeks", **MEANS)


@pytest.mark.slow
def test_the_band_covers_whole_curves():
    """Simulated trials on a quadratic curve without heterogeneity: 95 of 100 bands hold the whole curve."""
    rng = np.random.default_rng(5)
    doses, inside, reps = np.array([0.0, 1.0, 2.0, 4.0]), 0, 400
    base = pd.DataFrame({"study": np.repeat(list("abcd"), 4), "dose": np.tile(doses, 4), "sd": 1.0, "n": 100})
    at = np.linspace(0, 4, 21)
    truth = at - 0.15 * at**2
    for _ in range(reps):
        x = base["dose"]
        mean = x - 0.15 * x**2 + rng.normal(0, 0.1, 16)
        fit = meta.dose_response(base.assign(mean=mean), shape="quadratic", method="EE", **MEANS)
        found = fit.predict(at, draws=4000)
        inside += bool(((found["band_low"] <= truth) & (truth <= found["band_high"])).all())
    assert inside / reps == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / reps))

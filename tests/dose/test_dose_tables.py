"""Tables of every kind, traps of dose-response data, and refusals that name the study and the remedy."""

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import AssumptionWarning, DataWarning, MetaError, OptionWarning, quiet
from tests.dose.dose_tables import RATIOS, alcohol, alcohol_curve, breast, breast_curve, simulated

MEANS = {"measure": "MD"}


def arms(**change):
    return {**simulated(1), **change}


def numbers(fit):
    return [*fit.beta, *fit.vcov.ravel(), fit.loglik]


CONTAINERS = {
    "dict": lambda t: t,
    "pandas": pd.DataFrame,
    "other index": lambda t: pd.DataFrame(t, index=[f"r{i}" for i in range(len(t["dose"]))]),
    "records": lambda t: pd.DataFrame(t).to_dict("records"),
    "masked": lambda t: {n: np.ma.masked_array(v) if n != "study" else v for n, v in t.items()},
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_container_gives_the_same_numbers(kind):
    wanted = meta.dose_response(arms(), **MEANS)
    assert numbers(meta.dose_response(CONTAINERS[kind](arms()), **MEANS)) == numbers(wanted)


def test_arrays_without_a_table_and_columns_under_other_names():
    t = arms()
    wanted = numbers(meta.dose_response(t, **MEANS))
    assert numbers(meta.dose_response(**{n: t[n] for n in t}, **MEANS)) == wanted
    renamed = {"trial": t["study"], "mg": t["dose"], "m": t["mean"], "s": t["sd"], "size": t["n"]}
    found = meta.dose_response(renamed, study="trial", dose="mg", mean="m", sd="s", n="size", **MEANS)
    assert numbers(found) == wanted


def test_a_file(tmp_path):
    pd.DataFrame(arms()).to_csv(tmp_path / "arms.csv", index=False)
    assert meta.dose_response(tmp_path / "arms.csv", **MEANS).k == 18


def test_crude_counts_are_enough():
    """Crude log ratios and Greenland and Longnecker's method on those same ratios are one analysis."""
    table = breast()
    crude = meta.dose_response(table, cases="case", n="n", design="case-control", method="EE")
    controls = table["n"] - table["case"]
    y = np.log(table["case"] / controls)
    v = 1 / table["case"] + 1 / controls
    own = table.assign(logrr=y - y[0], se=np.sqrt(v + v[0]).where(table["dose"] > 0))
    other = meta.dose_response(
        own, yi="logrr", sei="se", cases="case", n="n", design="case-control", method="EE"
    )
    assert crude.estimate == pytest.approx(other.estimate, rel=1e-9)
    assert crude.measure == "OR"


def test_the_reference_row_is_kept_as_reference_whatever_marks_it():
    blank = alcohol().assign(se=alcohol()["se"].fillna(0))
    empty = alcohol().assign(logrr=alcohol()["logrr"].where(alcohol()["se"].notna()))
    marked = alcohol().assign(ref=alcohol()["se"].isna())
    wanted = numbers(alcohol_curve())
    with quiet():
        options = {**RATIOS, "covariance": "GL"}
        for table in (blank, empty):
            assert numbers(meta.dose_response(table, **options)) == wanted
        assert numbers(meta.dose_response(marked, referent="ref", **options)) == wanted


def test_a_reference_that_is_not_the_lowest_dose():
    """Effects against the highest dose: differences of bases, never bases."""
    x = np.array([0.0, 1.0, 3.0])
    table = {"study": ["A"] * 3 + ["B"] * 3, "dose": [*x, *x], "yi": [*(0.2 * (x - 3)), *(0.2 * (x - 3))]}
    table["sei"] = [0.1, 0.1, np.nan] * 2
    with pytest.warns(AssumptionWarning, match="taken to correlate by 0.5"):
        fit = meta.dose_response(table, method="EE")
    assert fit.estimate == pytest.approx(0.2, rel=1e-9)
    assert set(fit.origin) == {3.0}
    assert fit.predict([0, 2], reference=1.0)["estimate"].tolist() == pytest.approx([-0.2, 0.2])


def test_at_the_reference_the_effect_is_zero_without_width():
    fit = alcohol_curve(shape="rcs")
    for reference in (0.0, 10.0):
        row = fit.predict([reference], reference=reference).iloc[0]
        assert row.drop(["dose", "outside"]).abs().max() == 0
    shown = fit.predict([0.0], scale="display").iloc[0]
    assert (shown["estimate"], shown["ci_low"], shown["band_high"]) == (1, 1, 1)


def test_effects_against_another_reference_are_differences():
    fit = alcohol_curve(shape="quadratic")
    at = fit.predict([10.0, 40.0])["estimate"]
    assert fit.predict([40.0], reference=10.0)["estimate"][0] == pytest.approx(at[1] - at[0], rel=1e-9)


def test_bands_are_wider_than_intervals_and_need_no_luck():
    fit = alcohol_curve(shape="rcs")
    table = fit.predict([10.0, 30.0])
    assert (table["band_low"] < table["ci_low"]).all()
    pd.testing.assert_frame_equal(table, fit.predict([10.0, 30.0]))
    new = fit.predict([10.0, 30.0], kind="new")
    assert (new["band_low"] < table["band_low"]).all()
    assert (table["pi_low"] < table["ci_low"]).all()


def test_doses_that_nobody_was_given_are_marked():
    assert alcohol_curve().predict([0, 50, 500])["outside"].tolist() == [False, False, True]
    table = arms(dose=[x + 5 for x in arms()["dose"]])
    with pytest.warns(DataWarning, match="reference_dose 0 lies outside the doses seen, 5 to 9"):
        meta.dose_response(table, **MEANS)
    assert meta.dose_response(table, reference_dose=5.0, **MEANS).predict([5])["estimate"][0] == 0


def test_one_stage_takes_trials_with_one_dose():
    table = {name: [*values] for name, values in simulated(2).items()}
    extra = {"study": ["Z", "Z"], "dose": [0.0, 3.0], "mean": [0.1, 2.0], "sd": [1.0, 1.0], "n": [40, 40]}
    table = {name: [*values, *extra[name]] for name, values in table.items()}
    fit = meta.dose_response(table, shape="quadratic", **MEANS)
    assert fit.n_trials == 7
    with pytest.raises(
        MetaError, match=r"stage='two' needs trials that identify all 2 terms.*'Z' cannot; use"
    ):
        meta.dose_response(table, shape="quadratic", stage="two", **MEANS)


def single_dose(**change):
    table = {"study": list("aabbccddee"), "dose": [0, 1, 0, 2, 0, 3, 0, 4, 0, 5], "sd": [1.0] * 10}
    return {**table, "mean": [0, 1, 0, 1.8, 0, 2.2, 0, 2.1, 0, 2.4], "n": [30] * 10, **change}


def test_a_curve_between_trials_is_said_to_be_one():
    with pytest.warns(AssumptionWarning, match="every trial gives one dose: the quadratic curve"):
        fit = meta.dose_response(single_dose(), shape="quadratic", **MEANS)
    assert fit.heterogeneity == "proportional"
    with quiet(), pytest.raises(MetaError, match=r"no trial identifies all 2 terms"):
        meta.dose_response(single_dose(), shape="quadratic", heterogeneity="full", **MEANS)
    meta.dose_response(single_dose(), **MEANS)  # a line through the origin is seen in every trial


def test_doses_in_two_units_are_refused():
    unit = ["mg elemental"] * 12 + ["mg oxide"] * 12
    with pytest.raises(MetaError, match=r"doses are in 'mg elemental' and 'mg oxide': convert them"):
        meta.dose_response(arms(unit=unit), unit="unit", **MEANS)
    fit = meta.dose_response(arms(unit=["mg elemental"] * 24), unit="unit", **MEANS)
    assert fit.unit == "mg elemental"
    assert "against dose 0 mg elemental" in str(fit)
    assert meta.dose_response(arms(), unit="mg", **MEANS).unit == "mg"


def test_categories_are_read_by_a_rule_that_is_said():
    words = {0.0: "0", 1.0: "<2", 2.0: "1.5-2.5", 4.0: ">3.5"}
    table = arms(dose=[words[x] for x in arms()["dose"]])
    with pytest.warns(AssumptionWarning, match=r"'<2' as 1, '1.5-2.5' as 2 and '>3.5' as 4.2.* 1.2 times"):
        fit = meta.dose_response(table, **MEANS)
    assert sorted(set(fit.dose)) == [1.0, 2.0, pytest.approx(4.2)]
    with quiet():
        assert max(meta.dose_response(table, open_ended=1.5, **MEANS).dose) == pytest.approx(5.25)
    with pytest.raises(MetaError, match="open_ended has no effect on doses without an open category"):
        meta.dose_response(arms(), open_ended=1.5, **MEANS)


def test_missing_values_are_named():
    broken = alcohol().assign(se=alcohol()["se"].where(alcohol().index != 2))
    options = {**RATIOS, "study": "author", "measure": "OR"}
    with pytest.warns(DataWarning, match=r"left out because values are missing: 'Bianchi' \(row 3\)"):
        fit = meta.dose_response(broken, **options)
    assert fit.k == 18
    lost = arms(mean=[np.nan if i == 0 else x for i, x in enumerate(arms()["mean"])])
    with pytest.warns(DataWarning, match=r"'T0' \(row 1\)"):
        found = meta.dose_response(lost, **MEANS)
    assert found.origin[0] == 1.0
    with pytest.raises(MetaError, match=r"study must be known in every row.*row 2 has none"):
        meta.dose_response(arms(study=["T0", None, *arms()["study"][2:]]), **MEANS)


def test_counts_that_are_missing_leave_an_assumption():
    table = alcohol().assign(n=alcohol()["n"].where(alcohol()["id"] != 3))
    with pytest.warns(AssumptionWarning, match=r"taken to correlate by 0.5: '3'; vary rho="):
        fit = meta.dose_response(table, measure="RR", **RATIOS)
    rows = np.flatnonzero(fit.es.study == "3")
    S = fit.es.covariance[np.ix_(rows, rows)]
    assert S[0, 1] / np.sqrt(S[0, 0] * S[1, 1]) == pytest.approx(0.5)
    with quiet():
        slopes = [meta.dose_response(table, rho=rho, **RATIOS).estimate for rho in (0.0, 0.9)]
    assert slopes[0] != slopes[1]


def test_risks_keep_their_own_equations():
    """Of cohorts, the fitted counts have the adjusted risk ratios; R's dosresmeta solves for odds ratios."""
    own, peer = alcohol_curve(covariance="GL-risk"), alcohol_curve(covariance="GL")
    cases = own.es.study < "5"
    np.testing.assert_array_equal(own.es.covariance[cases][:, cases], peer.es.covariance[cases][:, cases])
    assert own.estimate != peer.estimate
    assert own.estimate == pytest.approx(peer.estimate, abs=0.0005)


def test_fractional_polynomials_at_dose_zero_are_shifted_and_that_is_said():
    with pytest.warns(OptionWarning, match="1, the smallest difference of two doses, was added"):
        fit = meta.dose_response(arms(), shape="fp", powers=[0], **MEANS)
    assert fit.basis.shift == 1.0
    assert meta.dose_response(arms(), shape="fp", powers=[1, 2], **MEANS).basis.shift == 0
    quadratic = meta.dose_response(arms(), shape="quadratic", **MEANS)
    powers = meta.dose_response(arms(), shape="fp", powers=[1, 2], **MEANS)
    np.testing.assert_allclose(powers.beta, quadratic.beta, rtol=1e-7)


def test_a_saved_curve_predicts_the_same(tmp_path):
    for fit in (alcohol_curve(shape="rcs"), alcohol_curve(shape="quadratic", test="KR")):
        again = meta.load(fit.save(tmp_path / "curve.json"))
        pd.testing.assert_frame_equal(again.predict([5, 20]), fit.predict([5, 20]))
        assert str(again) == str(fit)
        assert again.nonlinearity == fit.nonlinearity


def ratios(**change):
    table = alcohol().to_dict("list")
    return {**table, **change}


def changed(name, row, value):
    column = list(alcohol()[name])
    column[row] = value
    return {name: column}


@pytest.mark.parametrize(
    ("table", "options", "told"),
    [
        (arms(dose=[-1.0, *arms()["dose"][1:]]), MEANS, "dose must be >= 0: study 'T0' has dose = -1"),
        (arms(sd=[0.0] * 24), MEANS, "sd must be > 0: study 'T0' has sd = 0"),
        (arms(), {**MEANS, "shape": "spline"}, "unknown shape 'spline'; allowed: linear"),
        (arms(), {**MEANS, "knots": 3}, "knots=3 has no effect with shape 'linear'"),
        (arms(), {**MEANS, "shape": "rcs", "knots": 8}, "knots must be a number from 3 to 7 or a list"),
        (
            arms(dose=[0.0, 1.0, 1.0, 1.0] * 6),
            {**MEANS, "shape": "rcs"},
            "knots at quantiles of the doses coincide",
        ),
        (
            arms(),
            {**MEANS, "shape": "rcs", "knots": [1, 2, 9]},
            "knots must lie between the doses that were seen, 0 and 4",
        ),
        (arms(), {**MEANS, "shape": "rcs", "knots": [2, 1, 3]}, "three or more increasing doses"),
        (arms(), {**MEANS, "shape": "fp"}, "shape='fp' needs powers="),
        (arms(), {**MEANS, "shape": "fp", "powers": [4]}, "powers must be one to three of"),
        (arms(), {**MEANS, "method": "DL"}, "unknown method 'DL'"),
        (arms(), {**MEANS, "method": "MM"}, "method='MM' is for stage='two'"),
        (arms(), {**MEANS, "method": "EE", "heterogeneity": "full"}, "contradicts method='EE'"),
        (arms(), {**MEANS, "test": "KR", "method": "ML"}, "test='KR' needs method='REML'"),
        (arms(), {**MEANS, "rho": 0.3}, "rho= has no effect with the means of measure 'MD'"),
        (arms(), {"measure": "SMD", "vtype": "LS"}, "vtype= has no effect with the means of measure 'SMD'"),
        (arms(), {**MEANS, "level": 95}, "level must lie between 0 and 1"),
        (arms(), {**MEANS, "reference_dose": -1}, "reference_dose must be >= 0"),
        (arms(), {}, "no effects: give mean, sd and n"),
        (
            arms(),
            {**MEANS, "referent": [True] * 24},
            "referent must mark one row per study: study 'T0' has 4",
        ),
        (arms(study=["T"] * 24), MEANS, "study 'T' has 6 arms at its lowest dose 0; mark the reference"),
        ({k: v for k, v in arms().items() if k != "study"}, MEANS, "study= is needed"),
        (ratios(), {**RATIOS, "design": "cross-over"}, "design='cross-over' is neither a design"),
        (
            ratios(**changed("type", 1, "ci")),
            RATIOS,
            "the same in all rows of a study: study '1' has 'cc' and 'ci'",
        ),
        (
            ratios(**changed("cases", 1, 0)),
            RATIOS,
            "cases must be > 0: study '1' has cases = 0; a ratio needs",
        ),
        (
            ratios(**changed("n", 1, 50)),
            RATIOS,
            "cases must be below n, which counts cases and controls together",
        ),
        (ratios(**changed("se", 0, 0.2)), RATIOS, "study '1' has no reference row: add the group"),
        (ratios(**changed("logrr", 0, 1.0)), RATIOS, "yi must be logs of ratios"),
        (ratios(**changed("logrr", 1, np.inf)), RATIOS, "yi must be finite"),
        (ratios(), {**RATIOS, "rho": 0.5}, "rho= has no effect where counts"),
        (ratios(), {**RATIOS, "rho": 1.0}, "rho must lie between 0 and 1"),
        (ratios(), {**RATIOS, "covariance": "GLS"}, "unknown covariance 'GLS'"),
        (ratios(), {**RATIOS, "sei": None}, "yi needs its standard error"),
        (
            breast().to_dict("list"),
            {"yi": "logrr", "sei": "se", "cases": "case", "n": "n", "design": "case-control"},
            "one study says nothing about differences between studies; use method='EE'",
        ),
        (
            single_dose(dose=[0, 2] * 5),
            {**MEANS, "shape": "quadratic"},
            "the doses identify 1 of the 2 terms",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(table, options, told):
    with quiet(), pytest.raises(MetaError) as problem:
        meta.dose_response(table, **options)
    assert told in str(problem.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"dose": "ten"}, "dose must be numbers"),
        ({"dose": [-1]}, "dose must be numbers >= 0"),
        ({"dose": [1], "reference": -2.0}, "reference must be a dose >= 0"),
        ({"dose": [1], "kind": "old"}, "unknown kind 'old'"),
        ({"dose": [1], "draws": 5}, "draws must be at least 100"),
        ({"dose": [1], "seed": -1}, "seed must be >= 0"),
        ({"dose": [1], "scale": "log"}, "unknown scale 'log'"),
    ],
)
def test_predictions_refuse_what_is_no_dose(options, told):
    with pytest.raises(MetaError, match=told):
        breast_curve().predict(**options)

"""The one design matrix: columns against formulaic's, new data against the fit, containers, missing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import meta
from meta.effects.design import build
from meta.errors import DataWarning, InputError, Notes, NotEstimableError, quiet
from meta.saving.decode import decode
from meta.saving.encode import encode
from meta.saving.files import dumps, loads

K = 24
RNG = np.random.default_rng(1)
COLUMNS = {
    "x": RNG.normal(size=K),
    "z": RNG.uniform(1, 5, size=K),
    "n": RNG.integers(10, 90, size=K),
    "form": np.array(list("abccba") * 4),
    "g": np.array(list("uvvu") * 6),
    "flag": RNG.random(K) > 0.5,
    "co2.elev": RNG.normal(size=K),
    "class": RNG.choice(["p", "q", "r"], K),
    "a b": RNG.normal(size=K),
    "grade": pd.Categorical(RNG.choice(["lo", "mid", "hi"], K), categories=["lo", "mid", "hi"]),
}
ES = meta.EffectSizes(
    RNG.normal(size=K), RNG.uniform(0.05, 0.2, K), "GEN", [f"s{i}" for i in range(K)], columns=COLUMNS
)
FORMULAS = [
    *(
        "~ 1",
        "~ x",
        "~ x + z",
        "~ 0 + x",
        "~ x - 1",
        "~ form",
        "~ C(form)",
        "~ 0 + form",
        "~ form*g",
        "~ form:g",
    ),
    *("~ form:g - 1", "~ x*form", "~ x:form", "~ 0 + x:form", "~ form + x:form", "~ form*g*x", "~ x/form"),
    *("~ (form + g + x)**2", "~ form/x", "~ form/g", "~ g %in% form", "~ x + form - 1", "~ 0 + x + form"),
    *("~ 0 + form + g", "~ 0 + form:g + x", "~ 2:x", "~ Q('x') + I(form)", "~ (x + z)*form - x:form"),
    *(
        "~ I(x**2) + np.log(n)",
        "~ log2(n) + exp(x)",
        "~ np.sqrt(z) + log10(z)",
        "~ I(x - z) + I(x/z) + I(-x)",
    ),
    *("~ {x + 1}", "~ I(x > 0)", "~ abs(x)", "~ I(x**-1)", "~ I(z**0.5)"),
    *("~ poly(x, 3)", "~ poly(x, 2, raw=True)", "~ poly(n, 2)*g", "~ poly(log(n), 2)", "~ bs(x, df=4)"),
    *("~ bs(x, df=5, include_intercept=True)", "~ 0 + bs(x, df=5, include_intercept=True)"),
    *(
        "~ bs(x, knots=[0.1, 0.5], degree=2)",
        "~ bs(x, df=4)*g",
        "~ 0 + cr(x, df=4)",
        "~ 0 + cs(x, df=4)",
        "~ 0 + cc(n, df=4)",
    ),
    *(
        "~ cr(x, df=3, constraints='center')",
        "~ center(x)*scale(n)",
        "~ standardize(x)",
        "~ scale(x, scale=False)",
    ),
    *("~ center(x) + I(center(x)**2)", "~ C(form, Treatment('b'))", "~ C(form, Treatment(reference='c'))*x"),
    *("~ C(form, contr.sum)", "~ C(form, Sum)", "~ C(form, contr.helmert())*g", "~ C(form, Diff)"),
    *("~ C(form, contr.poly)", "~ C(form, contr.SAS)", "~ C(form, contr.treatment(base='b'))", "~ g"),
    *("~ C(form, {'a or c': [1, -2, 1]})", "~ C(form, levels=['c', 'b', 'a'])", "~ C(n > 40)", "~ C(flag)"),
    *(
        "~ flag",
        "~ flag*x",
        "~ grade",
        "~ grade*x",
        "~ 0 + grade",
        "~ C(grade, Poly)",
        "~ `co2.elev` + class",
    ),
    "~ co2.elev",
]
QUOTED = ["~ C(`class`) + `a b`", "~ C(`class`)*scale(`a b`)"]


def made(formula, es=ES, **options):
    return build(es, formula, None, None, Notes(), **options)


@pytest.mark.parametrize("formula", FORMULAS)
def test_columns_and_names_are_those_of_formulaic(formula):
    from formulaic import model_matrix

    want = model_matrix(formula, ES.frame)
    found = made(formula)
    assert list(found.names) == list(want.columns)
    np.testing.assert_allclose(found.X, np.asarray(want, dtype=float), rtol=1e-12, atol=1e-12)
    terms = {
        "Intercept" if str(t) == "1" else str(t): range(s.start, s.stop)
        for t, s in want.model_spec.term_slices.items()
    }
    assert {name: list(at) for name, at in found.terms.items()} == {
        name: list(at) for name, at in terms.items()
    }


@pytest.mark.parametrize("formula", FORMULAS + QUOTED)
def test_new_data_are_the_fit_itself_at_its_own_rows(formula):
    found = made(formula)
    np.testing.assert_array_equal(found.new(ES.frame), found.X)
    order = np.random.default_rng(5).permutation(K)
    np.testing.assert_allclose(found.new(ES.frame.iloc[order]), found.X[order], rtol=1e-13, atol=1e-14)
    one = np.vstack([found.new(ES.frame.iloc[[i]]) for i in range(K)])
    np.testing.assert_allclose(one, found.X, rtol=1e-12, atol=1e-13)


def test_names_in_backticks_stand_in_the_names_of_columns():
    assert made(QUOTED[0]).names == ("Intercept", "C(`class`)[T.q]", "C(`class`)[T.r]", "a b")
    assert made(QUOTED[1]).names[-1] == "C(`class`)[T.r]:scale(`a b`)"
    assert list(made("~ `a b` + co2.elev").terms) == ["Intercept", "a b", "co2.elev"]


@pytest.mark.parametrize("formula", FORMULAS + QUOTED)
def test_stored_terms_make_the_same_columns_bit_by_bit(formula):
    found = made(formula)
    again = decode(json.loads(json.dumps(encode(found))))
    assert again.functions is None
    np.testing.assert_array_equal(again.new(ES.frame), found.X)


@pytest.mark.parametrize(
    "formula", ["~ x*form", "~ poly(x, 2) + g", "~ bs(z, df=4)", "~ C(`class`) + `a b`", "~ 0 + form:x"]
)
def test_files_from_before_there_were_terms_still_predict(formula):
    fit = meta.regress(ES, formula)
    content = json.loads(dumps(fit))
    fields = content["content"]["fields"]["design"]["fields"]
    del fields["recipe"], fields["constant"]
    old = loads(json.dumps(content))
    pd.testing.assert_frame_equal(old.predict(ES.frame), fit.predict(ES.frame), rtol=1e-14)


@pytest.mark.parametrize(
    "given", ["x", ["x"], ("x",), "~ x", {"x": COLUMNS["x"]}, pd.DataFrame({"x": COLUMNS["x"]})]
)
def test_one_moderator_however_it_is_named(given):
    want = made("~ x")
    found = build(ES, None, given, None, Notes())
    assert found.names == want.names == ("Intercept", "x")
    assert found.terms == want.terms
    np.testing.assert_array_equal(found.X, want.X)
    np.testing.assert_array_equal(found.new({"x": [1.0, 2.0]}), [[1, 1], [1, 2]])


def test_names_take_factors_and_no_intercept():
    found = build(ES, None, ["form", "x"], False, Notes())
    np.testing.assert_array_equal(found.X, made("~ 0 + form + x").X)
    frame = pd.DataFrame({"f": COLUMNS["form"], "x": COLUMNS["x"]})
    assert build(ES, None, frame, None, Notes()).names == ("Intercept", "f[T.b]", "f[T.c]", "x")
    with pytest.raises(InputError, match="'dose' and 'w', which is not a column; columns: x, z"):
        build(ES, None, ["x", "dose", "w"], None, Notes())
    with pytest.raises(InputError, match="has no effect with a formula"):
        build(ES, "~ x + z", None, False, Notes())


class Polars:
    """The little of a polars frame that is used: ``columns`` and series without an index."""

    def __init__(self, columns):
        self._columns = {name: _Series(values) for name, values in columns.items()}
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]


class _Series:
    def __init__(self, values):
        self._values = values

    def __len__(self):
        return len(self._values)

    def to_numpy(self):
        return np.asarray(self._values)


class Arrow:
    """The little of a pyarrow table that is used."""

    def __init__(self, columns):
        self._columns = {name: _Series(values) for name, values in columns.items()}
        self.column_names = list(columns)
        self.columns = list(self._columns.values())

    def __getitem__(self, name):
        return self._columns[name]


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, Polars, Arrow])
def test_any_table_of_new_data(kind):
    found = made("~ x*form")
    new = kind({"x": [0.5, 1.0], "form": ["b", "a"], "more": [1, 2]})
    np.testing.assert_array_equal(found.new(new), [[1, 0.5, 1, 0, 0.5, 0], [1, 1, 0, 0, 0, 0]])
    arrays = build(ES, None, kind({"x": COLUMNS["x"], "n": COLUMNS["n"]}), None, Notes())
    np.testing.assert_array_equal(arrays.X, made("~ x + n").X)


def test_single_values_and_rows_of_new_data():
    found = made("~ x + form")
    want = [[1, 0.5, 1, 0], [1, 1.0, 1, 0]]
    np.testing.assert_array_equal(found.new({"x": [0.5, 1.0], "form": "b"}), want)
    np.testing.assert_array_equal(found.new([{"x": 0.5, "form": "b"}, {"x": 1, "form": "b"}]), want)
    np.testing.assert_array_equal(found.new({"x": 1, "form": "a"}), [[1, 1, 0, 0]])
    with pytest.raises(InputError, match="differ in length: x 2, form 3"):
        found.new({"x": [1, 2], "form": list("abc")})
    with pytest.raises(InputError, match="lack the moderator form; give a column of that name"):
        found.new({"x": [1, 2]})
    assert np.isnan(found.new({"x": [np.nan, 1], "form": ["a", None]})).all()


def test_the_index_of_new_data_is_kept():
    fit = meta.regress(ES, "~ x")
    new = pd.DataFrame({"x": [1.0, 2.0]}, index=["low", "high"])
    assert fit.predict(new).index.tolist() == ["low", "high"]
    assert fit.predict({"x": [1.0]}).index.tolist() == [0]


@pytest.mark.parametrize("formula", ["~ form", "~ C(form)", "~ 0 + form", "~ form*x", "~ C(form, Sum)"])
def test_a_level_that_the_fit_has_not_seen_is_refused(formula):
    table = {**{name: np.asarray(v) for name, v in COLUMNS.items()}, "yi": ES.yi, "vi": ES.vi}
    for fit in (
        meta.regress(ES, formula),
        meta.pool_multilevel(table, levels=["g", "effect"], moderators=formula),
        loads(dumps(meta.regress(ES, formula))),
    ):
        with pytest.raises(
            InputError, match=r"of row 2 is 'd', a level that the fit has not seen.*'a', 'b' and 'c'"
        ):
            fit.predict({"form": ["a", "d"], "x": [1.0, 1.0]})


def test_narrow_integers_do_not_wrap():
    columns = {
        "a": np.array([100, 20, 3, -90, 50], dtype=np.int8),
        "b": np.array([1, 2, 3, 4, 5], dtype=np.uint8),
        "c": np.array([3000, 20, 30, 40, 5], dtype=np.int64),
        "d": np.array([5, 4, 3, 2, 1], dtype=np.uint8),
    }
    es = meta.EffectSizes(np.arange(5.0), np.ones(5), "GEN", list("abcde"), columns=columns)
    assert made("~ 0 + I(a**2)", es).X[0, 0] == 10000
    assert made("~ 0 + I(b - d)", es).X[0, 0] == -4
    assert made("~ 0 + I(c**7)", es).X[0, 0] == pytest.approx(3000.0**7)
    assert made("~ 0 + a:c", es).X[0, 0] == 300000
    assert made("~ 0 + I(a*b)", es).X[4, 0] == 250


def test_missing_rows_are_named_and_left_out():
    columns = {
        "x": np.ma.masked_array([0.1, 99, 0.4, 0.5, 0.7], mask=[0, 1, 0, 0, 0]),
        "n": pd.array([1, 2, None, 4, 5], dtype="Int64"),
        "f": np.array(["a", "b", "a", None, "b"], dtype=object),
    }
    es = meta.EffectSizes(np.arange(5.0), np.ones(5), "GEN", list("pqrst"))
    for given in (columns, pd.DataFrame(columns)):
        for drop, lost in (("f", ["'q' (x)", "'r' (n)"]), ("n", ["'q' (x)", "'t' (f)"][:1])):
            some = {name: given[name] for name in columns if name != drop}
            with pytest.warns(DataWarning, match="left out because moderators are missing") as caught:
                found = build(es, None, some, False, Notes())
            text = " ".join(str(item.message) for item in caught)
            assert all(item in text for item in lost)
            assert 99 not in found.X
    with quiet():
        assert build(es, None, columns, None, Notes()).rows.tolist() == [True, False, False, False, True]
    masked = np.ma.masked_array(
        [[1.0, 2], [3, 4], [5, 6], [7, 9], [8, 8]], mask=[[0, 0], [0, 1]] + [[0, 0]] * 3
    )
    with quiet():
        assert build(es, None, masked, None, Notes()).rows.tolist() == [True, False, True, True, True]
    with quiet(), pytest.raises(NotEstimableError, match="nothing is left to fit"):
        build(es, None, [np.nan] * 5, None, Notes())


@pytest.mark.parametrize(
    "given",
    [{"x": [1, np.inf, 2, 3, 4]}, [1, np.inf, 2, 3, 4], [[1, 2], [3, np.inf], [1, 1], [2, 5], [3, 3]]],
)
def test_infinite_moderators_are_refused_by_name(given):
    es = meta.EffectSizes(np.arange(5.0), np.ones(5), "GEN", list("pqrst"))
    with pytest.raises(InputError, match=r"x\d? is inf for study 'q'"):
        build(es, None, given, None, Notes())
    with pytest.raises(InputError, match="x is inf for row 2"):
        made("~ x").new({"x": [1, np.inf]})


def test_aliased_columns_are_named_and_not_asked_for():
    columns = {"x": np.arange(5.0), "y": 2 * np.arange(5.0) + 1, "w": np.array([1.0, 0, 0, 2, 1])}
    es = meta.EffectSizes(np.arange(5.0), np.ones(5), "GEN", list("pqrst"), columns=columns)
    for given in ("~ x + y + w", ["x", "y", "w"], columns):
        with pytest.warns(DataWarning, match="determined by other moderators: 'y'"):
            found = build(es, None, given, None, Notes())
        assert found.names == ("Intercept", "x", "w")
        assert found.aliased == ("y",)
        np.testing.assert_array_equal(found.new({"x": [1.0], "w": [3.0]}), [[1, 1, 3]])


def test_levels_without_a_study_are_named():
    grade = pd.Categorical(["lo", "hi", "lo", "hi", "hi"], categories=["none", "lo", "mid", "hi"])
    es = meta.EffectSizes(np.arange(5.0), np.ones(5), "GEN", list("pqrst"), columns={"grade": grade})
    with pytest.warns(DataWarning, match="no study that is used has grade = 'none' and 'mid'"):
        found = made("~ grade", es)
    assert found.names == ("Intercept", "grade[T.hi]")
    with pytest.raises(InputError, match="'mid', a level that the fit has not seen"):
        found.new({"grade": ["mid"]})


def test_object_columns_of_numbers_are_numbers_and_mixtures_are_refused():
    columns = {
        "x": np.array([1, 2.5, None, 4, 5], dtype=object),
        "m": np.array([1, "b", 2, 3, 4], dtype=object),
    }
    es = meta.EffectSizes(np.arange(5.0), np.ones(5), "GEN", list("pqrst"), columns=columns)
    with quiet():
        assert made("~ 0 + x", es).X.ravel().tolist() == [1, 2.5, 4, 5]
    with pytest.raises(InputError, match="'m' mixes numbers and text: row 2 has 'b'"):
        made("~ m", es)


def test_a_spline_beyond_its_range_says_so():
    found = made("~ bs(z, df=4)")
    with pytest.raises(
        InputError, match=r"99 lies outside the range of the spline bs, 1.* extrapolation='clip'"
    ):
        found.new({"z": [2.0, 99.0]})
    assert np.isfinite(made("~ bs(z, df=4, extrapolation='clip')").new({"z": [99.0]})).all()


def test_a_function_of_new_data_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match=r"the term log\(n\) gives row 2 the value -inf"):
        made("~ log(n)").new({"n": [1, 0]})


@pytest.mark.parametrize("size", [1e-60, 1e60, 1e-200, 1e200])
def test_a_unit_that_overflows_squares_is_refused_or_scaled(size):
    far = {"x": COLUMNS["x"] * size}
    near, scaled = meta.regress(ES, moderators="x"), meta.regress(ES, moderators=far)
    np.testing.assert_allclose(scaled.coefficients["p_value"], near.coefficients["p_value"], rtol=1e-9)
    np.testing.assert_allclose(scaled.beta[1] * size, near.beta[1], rtol=1e-9)
    table = {**far, "g": COLUMNS["g"], "yi": ES.yi, "vi": ES.vi}
    for model in (
        lambda: meta.pool_multilevel(table, levels=["g", "effect"], moderators="~ x"),
        lambda: meta.regress(table, "~ x", scale="~ 1", method="ML", test="z"),
        lambda: meta.regress(table, "~ 1", scale="~ x", method="ML", test="z"),
        lambda: meta.bayes(ES, moderators=far, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)),
        lambda: meta.bias.selection_model(ES, moderators=far),
        lambda: meta.bias.egger(ES, moderators=far),
    ):
        with pytest.raises(InputError, match=r"the moderator x has values up to .* change its unit"):
            model()


def test_a_test_of_bias_adjusts_for_factors_with_or_without_an_intercept():
    want = meta.bias.egger(ES, moderators="~ form")
    with pytest.warns(DataWarning, match=r"determined by the intercept and other moderators: 'form\[c\]'"):
        found = meta.bias.egger(ES, moderators="~ 0 + form")
    assert found.p_value == pytest.approx(want.p_value, rel=1e-10)
    for given in (["form"], {"form": COLUMNS["form"]}):
        assert meta.bias.egger(ES, moderators=given).p_value == want.p_value
    with pytest.raises(InputError, match="formulas do not offer"):
        meta.bias.egger(ES, moderators="~ open(x)")


def test_flags_stay_flags_in_the_data_of_a_fit():
    assert made("~ flag + n").data["flag"].dtype == bool
    assert made("~ flag + n").data["n"].dtype == float

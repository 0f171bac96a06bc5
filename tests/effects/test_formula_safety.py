"""No formula runs code or unbounded work, wherever it comes from, and no term is lost without a word."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
import pandas as pd
import pytest

import meta
from meta import cli
from meta.errors import InputError, quiet
from meta.saving.files import dumps, loads

K = 12
NAME = "a` + {open('made', 'w')} + `b"


def effects(**more):
    rng = np.random.default_rng(3)
    columns = {
        "x": np.linspace(-1, 2, K),
        "z": np.arange(1.0, K + 1),
        "form": np.array(list("abc") * 4),
        "made": np.array(["made"] * K),
        **more,
    }
    return meta.EffectSizes(
        rng.normal(size=K), np.full(K, 0.1), "GEN", [f"s{i}" for i in range(K)], columns=columns
    )


CODE = [
    "x + z.to_csv('made')",
    "x + z.to_csv(made)",
    "x.values.tofile('made')",
    "np.save('made', x)",
    "x.to_numpy().tofile('made')",
    "Q('x').to_csv('made')",
    "Q(x.to_csv('made'))",
    "Q(open('made', 'w'))",
    "poly(z.to_csv('made'), 2)",
    "poly(x, degree=open('made', 'w'))",
    "bs(x.values.tofile('made'), df=4)",
    "bs(x, df=4, knots=open('made', 'w'))",
    "bs(x, df=[open('made', 'w')])",
    "scale(x, center=x.values.tofile('made'))",
    "center(x.values.tofile('made'))",
    "standardize(x.to_csv('made'))",
    "cr(x, df=3, constraints=open('made', 'w'))",
    "C(form, levels=open('made', 'w'))",
    "C(form, Treatment(open('made', 'w')))",
    "C(form, contr.custom(open('made', 'w')))",
    "C(form, {open('made', 'w'): [1, -1, 0]})",
    "C(form, contr.treatment.__init__.__globals__)",
    "C(x.to_csv('made'))",
    "I(x.to_csv('made'))",
    "I(open('made', 'w') == 1)",
    "I(x) + {open('made', 'w')}",
    "{__import__('os').system('touch made')}",
    "{open('made', 'w').write('a') or x}",
    "log(x).tofile('made')",
    "log.__self__",
    "np.random.seed(1)",
    "np.load(made)",
    "np.lib.npyio.save('made', x)",
    "x.ｔｏ_ｃｓｖ('made')",  # Python reads letters of full width as plain ones
    "ｏｐｅｎ('made', 'w')",
    "I(ｅｖａｌ('1'))",
    "x.__class__.__base__.__subclasses__()",
    "(lambda: open('made', 'w'))()",
    "I((lambda: 1)())",
    "[open('made', 'w') for i in x]",
    "I([i for i in x])",
    "I((y := x))",
    'f\'{open("made", "w")}\'',
    'I(f\'{open("made", "w")}\')',
    "I(x if open('made', 'w') else z)",
    "I(x and open('made', 'w'))",
    "x[open('made', 'w')]",
    "C(x)[open('made', 'w')]",
    "I(*open('made', 'w'))",
    "I(x, **{'a': open('made', 'w')})",
    "poly(x, *open('made', 'w'))",
    "`x`.to_csv('made')",
    "`a` + {open('made', 'w')} + `b`",
    "`x` + open('made', 'w')",
    "'`' + {open('made', 'w')} + '`'",
    "x # ` + open('made', 'w')",
    "hashed(x)",
    "lag(open('made', 'w'))",
    "exec('1')",
    "x; open('made', 'w')",
    "x\nopen('made', 'w')",
    "__FORMULAIC_STATE__",
    "[x ~ z]",
    "x | z",
    ".",
]


@pytest.fixture
def nothing_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("formula", CODE)
def test_no_formula_runs_code_for_any_caller(formula, nothing_made):
    es = effects()
    with pytest.raises(InputError):
        meta.regress(es, f"~ {formula}")
    with pytest.raises(InputError):
        meta.pool_multilevel(es, moderators=f"~ {formula}")
    with pytest.raises(InputError):
        meta.bias.egger(es, moderators=f"~ {formula}")
    with pytest.raises(InputError):
        meta.regress(es, "~ x", scale=f"~ {formula}", method="ML", test="z")


@pytest.mark.parametrize("formula", CODE)
def test_no_formula_runs_code_from_a_file(formula, nothing_made):
    with quiet():
        text = dumps(meta.regress(effects(), "~ x"))
    content = json.loads(text)
    design = content["content"]["fields"]["design"]["fields"]
    for recipe in (design["recipe"], None):  # with its terms, and as files were before there were terms
        design |= {"formula": f"~ {formula}", "recipe": recipe}
        with pytest.raises(InputError, match=r"not evaluated from a file|is not that of the stored terms"):
            loads(json.dumps(content)).predict({"x": [1.0], "z": [1.0]})


@pytest.mark.parametrize("formula", ["x + z.to_csv('made')", "{open('made', 'w')}", "x.ｔｏ_ｃｓｖ('made')"])
def test_no_formula_runs_code_from_the_command_line(formula, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"yi": [0.1, 0.4, 0.3, 0.5], "vi": 0.1, "x": [1, 2, 4, 3], "z": 1.0}).to_csv("t.csv")
    monkeypatch.setattr(sys, "argv", ["meta", "regress", "t.csv", "-f", f"~ {formula}"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert "uses" in told or "cannot hold" in told or "not a column" in told
    assert "Traceback" not in told
    assert os.listdir() == ["t.csv"]


def test_a_column_whose_name_holds_code_stays_a_name(nothing_made):
    es = effects(**{NAME: np.linspace(0, 1, K) ** 2})
    fit = meta.regress(es, "~ `a`` + {open('made', 'w')} + ``b`")
    assert fit.names == ("Intercept", NAME)
    again = loads(dumps(fit))
    np.testing.assert_array_equal(again.predict({NAME: [0.5]}), fit.predict({NAME: [0.5]}))
    meta.plots.bubble(again, x=NAME)
    content = json.loads(dumps(fit))
    content["content"]["fields"]["design"]["fields"] |= {"formula": f"~ `{NAME}`", "recipe": None}
    with pytest.raises(InputError, match="not evaluated from a file"):
        loads(json.dumps(content)).predict({NAME: [0.5]})


@pytest.mark.parametrize(
    "damage",
    [
        lambda recipe: recipe["factors"].update(x={"tree": ["eval", "open('made', 'w')"]}),
        lambda recipe: recipe["factors"].update(x={"tree": ["caller", "open", [["text", "made"]]]}),
        lambda recipe: recipe["factors"].update(x={"tree": ["stateful", "eval", ["column", "x"], {}, {}]}),
        lambda recipe: recipe["factors"].update(
            x={"tree": ["stateful", "bs", ["column", "x"], {"df": 10**9}, {}]}
        ),
        lambda recipe: recipe["factors"].update(x={"tree": ["stateful", "bs", ["column", "x"], {}, {}]}),
        lambda recipe: recipe["factors"].update(
            x={"tree": ["stateful", "poly", ["column", "x"], {}, {"raw": True, "degree": 10**9}]}
        ),
        lambda recipe: recipe["factors"].update(x={"tree": ["column"]}),
        lambda recipe: recipe["factors"].update(x={"tree": "x"}),
        lambda recipe: recipe["factors"].update(x={}),
        lambda recipe: recipe["factors"].update(x={"tree": ["column", "x"], "levels": [1], "contrast": "os"}),
        lambda recipe: recipe.update(terms=[{"label": "x", "scale": 1.0, "products": [[["y", False]]]}]),
        lambda recipe: recipe.update(terms=3),
        lambda recipe: recipe.update(columns=[]),
        lambda recipe: recipe["factors"].update(x={"tree": ["column", "y"]}),
        lambda recipe: recipe["factors"].update(
            x={"tree": ["stateful", "poly", ["column", "x"], {}, {"raw": True, "degree": 2}], "fields": ["1"]}
        ),
        lambda recipe: recipe["factors"].update(
            x={"tree": ["column", "x"], "levels": list(range(9999)), "contrast": "sum", "options": {}}
        ),
        lambda recipe: recipe.clear(),
    ],
)
def test_stored_terms_that_are_damaged_are_refused(damage, nothing_made):
    content = json.loads(dumps(meta.regress(effects(), "~ x")))
    damage(content["content"]["fields"]["design"]["fields"]["recipe"])
    loaded = loads(json.dumps(content))
    with pytest.raises(InputError, match=r"damaged|cannot be computed|not that of|lacks|which no file holds"):
        loaded.predict({"x": [1.0]})


@pytest.mark.parametrize(
    "formula",
    [
        "I(9**9**9**9)",
        "I(x**9**9**9)",
        "I(x**1000000)",
        "I(x**z)",
        "(x + z + form)**40",
        "(x + z + form)**40000000",
        "((x + z + form)**5)**9",
        "bs(x, df=1000000)",
        "bs(x, degree=1000000)",
        "cr(x, df=1000000)",
        "poly(x, 1000000)",
        "poly(x, 10**9)",
        "C(form, contr.helmert(scale=9**9**9))",
        "(" * 200 + "x" + ")" * 200,
        "I(" + "(" * 90 + "x" + ")" * 90 + ")",
        "I(" + "-" * 5000 + "x)",
        "I(" + "-" * 1500 + "x)",
        "I(" + "+".join(["x"] * 2000) + ")",
        "I(" + "not " * 900 + "x)",
        "+".join(f"I(x*{i})" for i in range(2000)),
        "*".join(f"I(x+{i})" for i in range(30)),
        ":".join(f"(x+I(z+{i}))" for i in range(30)),
        "I(" + "9" * 3000 + "*x)",
        "I(x*1e999)",
        "I(" + "- " * 3000 + "x)",
        "I(" + "- " * 200 + "x)",
        "I(" + "+".join(["x"] * 300) + ")",
        ":".join(f"C(I(z+{i}))" for i in range(25)),
        "(" + "+".join(f"C(I(z+{i}))" for i in range(12)) + ")**12",
        "1" + "0" * 400 + ":x",
        "I(x**-" + "9" * 400 + ")",
    ],
)
def test_work_is_bounded_before_it_is_done(formula):
    start = time.perf_counter()
    with pytest.raises(InputError):
        meta.regress(effects(), f"~ {formula}")
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    "formula",
    ["~ made", "~ x + C(made)", "~ C(form, levels=['a', 'b'])", "~ 0", "~", "", "~ x - x - 1", "~ 'x'"],
)
def test_a_term_never_vanishes(formula):
    with pytest.raises(InputError):
        meta.regress(effects(), formula)


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("~ dose", "'dose', which is not a column; columns: x, z, form"),
        ("~ log(dose)", "'dose', which is not a column"),
        ("~ J/N", "write the column 'J/N' in backticks: `J/N` or C(`J/N`)"),
        ("~ C(class)", "write the column 'class' in backticks: `class` or C(`class`)"),
        ("~ HbA1c at start", "write the column 'HbA1c at start' in backticks: `HbA1c at start`"),
        ("~ `x", "a backtick without a partner"),
        ("~ log(form)", "'form' holds text, where numbers are needed"),
        ("~ log(x)", "the term log(x) gives study 's0' no value"),
        ("~ log(zero)", "the term log(zero) gives study 's0' the value -inf"),
        ("~ C(form, Treatment('q'))", "the reference 'q' is not among the levels a, b, c"),
        ("~ poly(form, 2)", "'form' holds text"),
        ("~ bs(x, df=1)", "the term bs(x, df=1) cannot be computed: bs: "),
        ("~ cr(x)", "the term cr(x) cannot be computed"),
        ("~ scale(one)", "standard deviation of 0"),
        ("y ~ x", "has a left side; write it as '~ x'"),
        ("~ f(x)", "uses f, which formulas do not offer; it may hold columns"),
        ("~ I(x @ z)", "cannot hold an operator"),
        ("~ when", "when holds dates; compute a number"),
        ("~ C(when)", "C(when) is '2001-01-01' in every study"),
    ],
)
def test_a_refusal_names_what_and_the_remedy(formula, told):
    extra = {"J/N": np.arange(K), "class": np.array(list("ab") * 6), "HbA1c at start": np.arange(K)}
    extra |= {
        "zero": np.arange(K),
        "one": np.ones(K),
        "when": np.array(["2001-01-01"] * K, dtype="datetime64[D]"),
    }
    with pytest.raises(InputError) as caught:
        meta.regress(effects(**extra), formula)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_caller_may_pass_functions_which_a_file_never_holds():
    es = effects()
    fit = meta.regress(es, "~ cut(x)", context={"cut": lambda x: np.clip(x, 0, 1)})
    assert fit.X[:, 1].tolist() == np.clip(es.columns["x"], 0, 1).tolist()
    assert fit.predict({"x": [5.0]})["estimate"][0] == pytest.approx(fit.beta.sum())
    again = loads(dumps(fit))
    np.testing.assert_array_equal(again.beta, fit.beta)
    with pytest.raises(InputError, match="cut is a function of the caller"):
        again.predict({"x": [5.0]})
    with pytest.raises(InputError, match="cut failed: ZeroDivisionError"):
        meta.regress(es, "~ cut(x)", context={"cut": lambda x: 1 / 0})
    with pytest.raises(InputError, match="dictionary of functions"):
        meta.regress(es, "~ cut(x)", context={"cut": 3})
    with pytest.raises(InputError, match="formulas do not offer"):
        meta.regress(es, "~ cut(x)")


def test_a_factor_of_thousands_of_levels_is_refused_before_its_matrix_is_made():
    k = 3000
    es = meta.EffectSizes(np.zeros(k), np.ones(k), "GEN", [str(i) for i in range(k)])
    with pytest.raises(InputError, match="study has 3000 levels, more than 2000; is it a number"):
        meta.regress(es, "~ study")
    es = meta.EffectSizes(np.zeros(200), np.ones(200), "GEN", [str(i) for i in range(200)])
    with pytest.raises(InputError, match=r"make 40000 columns, more than 2000|make 40201 columns"):
        meta.regress(es, "~ 0 + study:C(study)")


def test_eight_factors_in_one_product_take_no_time():
    columns = {f"f{i}": np.array(list("ab") * (K // 2)) for i in range(8)}
    es = effects(**columns)
    start = time.perf_counter()
    with quiet(), pytest.raises(InputError):
        meta.regress(es, "~ " + ":".join(columns) + " + made")
    assert time.perf_counter() - start < 3

"""Files of results that are broken, foreign, newer or hostile end in one sentence (meta.saving)."""

import importlib
import inspect
import json
import pkgutil
from dataclasses import is_dataclass

import numpy as np
import pytest

import meta
from meta.bayes.posterior_numbers import PosteriorNumbers
from meta.bayes.regression_numbers import RegressionNumbers
from meta.bias.selection_result import Selected
from meta.effects.design.matrix import check_harmless
from meta.errors import InputError, quiet
from meta.models.network.network_numbers import NetworkNumbers
from meta.pooling.multilevel_numbers import MultilevelNumbers
from meta.pooling.pooled_numbers import PooledNumbers
from meta.saving import Saved
from meta.saving.decode import decode
from meta.saving.encode import encode
from meta.saving.files import dumps, loads
from meta.saving.saved_classes import PLACES, class_named, name_of


@pytest.fixture
def content():
    return json.loads(dumps(meta.pool(yi=[0.1, 0.4, 0.3, 0.5], vi=[0.04, 0.02, 0.05, 0.1], test="z")))


def put(content, path, value):
    *way, last = path
    for key in way:
        content = content[key]
    content[last] = value


SHORT = {"$array": {"dtype": "float64", "shape": [1], "values": [1.0]}}
FIELDS = ("content", "fields")
EFFECTS = (*FIELDS, "effects", "fields")


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("format",), "meta-verdict/2", "its format 'meta-verdict/2' is newer than 'meta-verdict/1'"),
        (("format",), "meta-verdict/x", "its format is 'meta-verdict/x'"),
        (("format",), "other/1", "not a result saved by meta-verdict"),
        (("format",), 1, "not a result saved by meta-verdict"),
        (("class",), "os.system", "class 'os.system' cannot be stored in a result file"),
        (("class",), ["Pooled"], "cannot be stored"),
        (("class",), "Posterior", "it says it holds a Posterior, but holds a Pooled"),
        (("content",), 3, "holds a int"),
        (("content", "$class"), "subprocess.Popen", "class 'subprocess.Popen' cannot be stored"),
        (("content", "$class"), "meta.cli", "class 'meta.cli' cannot be stored"),
        (("content", "$class"), "PoolOptions", "unknown to this version"),
        (("content", "$class"), "Interval", "Interval in the file is damaged"),
        (("content", "$class"), "Claim", "Claim in the file is damaged"),
        (("content",), {"$class": "Pooled"}, "Pooled in the file is damaged"),
        (("content",), {"$pickle": "gASV"}, "holds '$pickle'"),
        ((*FIELDS, "estimate"), "0.3", "estimate of the Pooled in the file must be float, not str '0.3'"),
        ((*FIELDS, "estimate"), True, "must be float, not bool"),
        ((*FIELDS, "estimate"), {"$float": "many"}, "of kind '$float' in the file is damaged"),
        ((*FIELDS, "weights"), [1, 2], "weights of the Pooled in the file must be np.ndarray"),
        ((*FIELDS, "effects"), None, "effects of the Pooled in the file must be EffectSizes"),
        ((*FIELDS, "extra"), 1, "gives a Pooled the field 'extra'"),
        ((*EFFECTS, "vi", "$array", "values"), [0.1], "an array of shape [4] in the file has 1 values"),
        ((*EFFECTS, "vi", "$array", "shape"), [-2, -2], "an array of shape [-2, -2]"),
        ((*EFFECTS, "vi", "$array", "shape"), "four", "is damaged"),
        ((*EFFECTS, "vi", "$array", "dtype"), "V1000000000", "only numbers, text and dates load"),
        ((*EFFECTS, "vi", "$array", "dtype"), "int64", "array of int64 in the file holds something else"),
        ((*EFFECTS, "vi", "$array", "values"), [1, 2, 3, "x"], "is damaged"),
        ((*EFFECTS, "vi", "$array", "values"), [1, 2, 3, [4]], "holds '[4]'"),
        (
            (*EFFECTS, "vi"),
            {"$array": {"dtype": "float64", "shape": [1], "values": [1.0]}},
            "yi and vi must be lists of the same length, got (4,) and (1,)",
        ),
        ((*EFFECTS, "vi"), {"$array": []}, "is damaged"),
        ((*EFFECTS, "columns"), {"x": [1]}, "column 'x' in the file has 1 values for 4 rows"),
        ((*EFFECTS, "index"), {"$frame": {}}, "is damaged"),
        ((*EFFECTS, "index"), {"$column": {"dtype": "object", "values": []}}, "which is not known"),
    ],
)
def test_a_changed_file_is_refused_in_one_sentence(content, path, value, sentence, tmp_path):
    put(content, path, value)
    (tmp_path / "fit.json").write_text(json.dumps(content))
    with pytest.raises(InputError) as refused:
        meta.load(tmp_path / "fit.json")
    assert sentence in str(refused.value)
    assert str(refused.value).startswith(f"'{tmp_path}/fit.json' cannot be loaded: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("key", ["class", "content"])
def test_a_file_without_its_parts_is_refused(content, key):
    del content[key]
    with pytest.raises(InputError, match=f"it lacks '{key}'"):
        loads(json.dumps(content))


def test_a_missing_field_is_named(content):
    del content["content"]["fields"]["tau2"]
    with pytest.raises(InputError, match="the Pooled in the file lacks the field 'tau2'"):
        loads(json.dumps(content))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[]", "not a result saved by meta-verdict"),
        ('{"format": NaN}', "not strict JSON: it holds a bare NaN"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_file_of_results(text, sentence, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError, match=sentence):
        meta.load(tmp_path / "x.json")


def test_paths_that_cannot_be_read_or_written(tmp_path):
    fit = meta.pool(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05], test="z")
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x80\x81")
    with pytest.raises(InputError, match="it is not text"):
        meta.load(tmp_path / "x.json")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        meta.load(tmp_path / "nofile.json")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        meta.load(tmp_path)
    with pytest.raises(InputError, match=r"must end in \.json"):
        fit.save(tmp_path / "fit.csv")
    with pytest.raises(InputError, match="cannot be written: No such file"):
        fit.save(tmp_path / "nowhere" / "fit.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.json"]


def test_what_cannot_be_saved_is_named():
    es = meta.EffectSizes([0.1], [0.2], "GEN", ["A"], columns={"x": np.array([object()])})
    with pytest.raises(InputError, match="a value of type object cannot be saved"):
        dumps(es)
    with pytest.raises(InputError, match="a dict cannot be saved"):
        dumps({})
    with pytest.raises(InputError, match="a About cannot be saved"):
        name_of(type(meta.datasets.about("bcg")))


@pytest.mark.parametrize(
    "formula",
    [
        "~ {print(1)}",
        "~ __import__('os').system('true')",
        "~ open(x)",
        "~ eval(x)",
        "~ x.__class__",
        "~ np.load(x)",
        "~ np.random.seed(1)",
        "~ (x) .tofile(y)",
        "~ f'{open(1)}'",
        "~ [x for x in x]",
        "~ x; y",
        "~ 'a' + open(1)",
        "~ `a' + open(1) + 'b`c` (",
        "~ (lambda: 1)()",
        "~ x # + open(x)",
    ],
)
def test_a_formula_from_a_file_runs_no_code(formula):
    with quiet():
        es = meta.effect_sizes(
            {"x": [1.0, 2, 3, 4], "yi": [0.1, 0.4, 0.3, 0.5], "vi": [1.0] * 4}, measure="GEN"
        )
        text = dumps(meta.regress(es, "~ x"))
    loaded = loads(text.replace('"~ x"', json.dumps(formula)))
    with pytest.raises(InputError, match="is not evaluated from a file"):
        loaded.predict({"x": [1.0]})


@pytest.mark.parametrize(
    "formula", ["~ dose * C(form)", "~ 0 + np.log(n)", "~ poly(dose, 2) - 1", "~ `a b` + n"]
)
def test_ordinary_formulas_are_harmless(formula):
    check_harmless(formula, ["dose", "form", "n", "a b"])


BASES = {Selected, PooledNumbers, MultilevelNumbers, PosteriorNumbers, RegressionNumbers, NetworkNumbers}
"""Of which only the subclasses are made."""


def test_every_class_that_can_be_saved_is_in_the_list():
    found = set()
    for module in pkgutil.walk_packages(meta.__path__, "meta."):
        if not module.name.startswith(("meta.plots", "meta.commands", "meta.report", "meta.cli")):
            loaded = importlib.import_module(module.name)
            found |= {
                kind
                for _, kind in inspect.getmembers(loaded, inspect.isclass)
                if issubclass(kind, Saved) and is_dataclass(kind)
            }
    assert len(found) >= 30
    for kind in found - BASES:
        assert class_named(name_of(kind)) is kind
        assert callable(kind.save)


@pytest.mark.parametrize("name", PLACES)
def test_every_listed_class_is_there(name):
    assert name_of(class_named(name)) == name


def test_text_that_looks_like_a_mark_stays_text():
    value = {"$class": "os", "a": ["$float", {"$float": 1}], 3: None}
    assert decode(json.loads(json.dumps(encode(value)))) == value

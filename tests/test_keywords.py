"""No public function takes an open keyword, and an unknown one is refused with the name that was meant."""

import ast
import inspect
import pickle
import timeit
from importlib import import_module
from pathlib import Path

import pytest

import meta
import meta.errors
from meta.effects import api, forms
from meta.effects.registry import MEASURES
from meta.errors import ArgumentError, InputError, UnknownOptionError, quiet
from meta.keywords import ELSEWHERE, keywords, nearest
from meta.recovery.facts import FACTS
from tests.hostile.public import public

BAYES = import_module("meta.bayes")._FUNCTIONS
PACKAGE = Path(meta.__file__).parent
OPEN = {
    "bayes/loo.py compare_loo": "each keyword is the name of a fit in the table",
    "effects/recovered_values.py numbers": "each keyword is the name of an array in the message",
}
"""Functions whose keywords are names that the caller makes up, so that none of them can be unknown."""
HANDED_OUT = ("meta.EffectSizes", "meta.priors.Prior", "meta.datasets.About")
PRIORS = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}


def everything():
    found = {name: item for name, item in public().items() if name not in HANDED_OUT}
    bayes = {f"meta.bayes.{name}": getattr(meta.bayes, name) for name in BAYES}
    return {**found, **{name: item for name, item in bayes.items() if name != "meta.bayes.compare_loo"}}


@pytest.mark.parametrize("name", everything())
def test_an_unknown_keyword_is_refused(name):
    item = everything()[name]
    given = {p.name: None for p in inspect.signature(item).parameters.values() if p.default is p.empty}
    with pytest.raises(ArgumentError, match=r"does not take nonsense; (allowed: |did)"):
        item(**given, nonsense=1)


@pytest.mark.parametrize("name", everything())
def test_no_signature_is_open(name):
    kinds = {p.kind for p in inspect.signature(everything()[name]).parameters.values()}
    assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


def open_functions(body, prefix=""):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from open_functions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef) and node.args.kwarg:
            inner = node.name.startswith("_") and not node.name.startswith("__")
            if not inner:
                yield f"{prefix}{node.name}"


def test_no_function_that_others_may_call_takes_open_keywords():
    found = {
        f"{path.relative_to(PACKAGE).as_posix()} {name}"
        for path in PACKAGE.rglob("*.py")
        for name in open_functions(ast.parse(path.read_text(encoding="utf-8")).body)
    }
    assert found == set(OPEN)


def test_every_column_of_every_design_is_an_argument_of_effect_sizes():
    known = set(api.GENERIC)
    for entry in MEASURES.values():
        known |= set(entry.columns) | set(forms.known_names(forms.FORMS[entry.design], entry.columns))
    # and whatever the solver may lead to them from
    assert set(api.COLUMNS) >= known | {"n"}
    assert set(api.COLUMNS) - known <= {"n", *FACTS}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: meta.pool(yi=[1, 2], vi=[1, 1], methd="DL"), r"pool\(\) does not take methd; .*method\?"),
        (lambda: meta.pool(yi=[1, 2], vi=[1, 1], slab=["a", "b"]), r"did you mean study\?"),
        (lambda: meta.pool(None, "DL"), "takes es without a name, but got 2 values; write the others as"),
        (lambda: meta.effect_sizes(), r"effect_sizes\(\) needs measure"),
        (
            lambda: meta.effect_sizes(measure="OR", ai=[1], bi=[2], ci=[1], di=[2]),
            r"does not take ai, bi, ci, di; did you mean events1, nonevents1, events2, nonevents2\?",
        ),
        (
            lambda: meta.effect_sizes(measure="MD", m1i=[1], sd1i=[1], n1i=[9], m2i=[1], sd2i=[1], n2i=[9]),
            r"did you mean mean1, sd1, n1, mean2, sd2, n2\?",
        ),
        (lambda: meta.bias.harbord(meta.datasets.load("bcg"), ai="tpos"), r"did you mean events1\?"),
        (lambda: meta.Normal(0, sdev=1), r"Normal\(\) does not take sdev; did you mean sd\?"),
        (lambda: meta.Normal(0, mean=1), r"Normal\(\) got mean twice"),
        (lambda: meta.bayes.bayes_multilevel(None, moderators=[1]), "does not take moderators"),
        (lambda: meta.bayes.bayes_multilevel(None, rho=0.5), "does not take rho"),
        (lambda: meta.bayes.bayes_multilevel(None, V=[[1]]), "does not take V"),
        (lambda: meta.bayes.bayes_counts(moderators=[1]), "does not take moderators"),
        (lambda: meta.bayes(yi=[1], vi=[1], engine="pymc", moderator="~ x"), r"did you mean moderators\?"),
        (lambda: meta.Normal(0, 1).plot(lw=2), r"did you mean linewidth\?"),
    ],
)
def test_the_refusal_names_what_was_meant(call, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        call()
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("option", "value", "meant"),
    [("method", "FE", "EE"), ("method", "reml", "REML"), ("test", "knha", "hksj"), ("test", "KNHA", "hksj")],
)
def test_what_other_packages_call_an_option_gets_a_hint(option, value, meant):
    with pytest.raises(UnknownOptionError, match=f"allowed: .*did you mean '{meant}'"):
        meta.pool(yi=[1, 2, 3], vi=[1, 1, 1], **{option: value})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"draws": 100, "chains": 2}, "draws, chains belong to the sampler: use engine='pymc'"),
        ({"allow_failed": True}, "allow_failed belongs to the sampler"),
        ({"heterogeneity": "t"}, "heterogeneity='t' needs the sampler"),
        ({"alpha": 0.1}, "alpha= is the level of truncated="),
        ({"moderators": [[1], [1]], "truncated": [True, False]}, "truncated= belongs to the model without"),
        ({"moderators": [[1], [1]], "heterogeneity": "t"}, "belongs to the model without moderators"),
        ({"engine": "pymc", "draws": 0}, "draws must be >= 4, not 0"),
        ({"engine": "pymc", "target_accept": 95.0}, "target_accept must lie between 0 and 1"),
        ({"engine": "pymc", "sample_options": {"draws": 9}}, "must not hold draws; give draws= itself"),
        ({"engine": "pymc", "sample_options": {"model": 9}}, "must not hold model; this package sets it"),
        ({"engine": "pymc", "sample_options": {"initz": 1}}, "does not take; did you mean init"),
    ],
)
def test_an_option_of_the_other_engine_or_model_is_refused(options, message):
    with quiet(), pytest.raises(InputError, match=message):
        meta.bayes(yi=[0.1, 0.2], vi=[0.1, 0.1], **PRIORS, **options)


def test_the_public_function_of_the_package_shows_its_own_signature():
    assert "moderators" in inspect.signature(meta.bayes).parameters
    assert meta.bayes.model_average is not None


def test_a_comparison_of_fits_takes_nothing_but_fits():
    with pytest.raises(InputError, match=r"seed must be a leave-one-out result from \.loo"):
        meta.bayes.compare_loo(seed=3)


def test_the_function_stays_what_it_was():
    assert pickle.loads(pickle.dumps(meta.pool)) is meta.pool
    assert meta.pool.__module__ == "meta.pooling.univariate"
    assert meta.pool.__doc__.startswith("Pool")
    assert meta.pool.__globals__["__name__"] == "meta.pooling.univariate"


def test_a_type_error_from_inside_is_left_alone():
    @keywords
    def broken(a):
        return a + "x"

    with pytest.raises(TypeError) as caught:
        broken(1)
    assert not isinstance(caught.value, ArgumentError)


def test_a_good_call_costs_less_than_two_microseconds_more():
    def plain(a, *, b=1):
        return a

    checked = keywords(plain)
    times = [min(timeit.repeat(lambda f=f: f(1, b=2), number=20_000, repeat=7)) for f in (plain, checked)]
    assert (times[1] - times[0]) / 20_000 < 2e-6


def test_warnings_point_to_the_line_of_the_caller():
    with pytest.warns(meta.errors.FewStudiesWarning) as caught:
        meta.pool(yi=[1.0, 2.0], vi=[1.0, 1.0])
    assert {item.filename for item in caught} == {__file__}


@pytest.mark.parametrize("word", sorted(ELSEWHERE))
def test_every_hint_leads_to_a_name_that_some_function_has(word):
    names = {p for item in public().values() for p in inspect.signature(item).parameters} | {
        "V",
        "color",
        "linestyle",
        "linewidth",
    }
    assert nearest(word, names - {word}), word

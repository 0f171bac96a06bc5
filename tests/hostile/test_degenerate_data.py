"""Methods of bias, diagnostics and figures on data with nothing to tell: an answer or a sentence."""

import functools
import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import meta
from meta.cli import main
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, MetaError, MetaWarning, quiet

INF, NAN = np.inf, np.nan
Y4, V4 = [0.1, 0.2, 0.4, 0.3], [0.1, 0.1, 0.1, 0.2]


def generic(yi, vi, **more):
    return meta.effect_sizes(measure="GEN", yi=yi, vi=vi, study=[f"S{i}" for i in range(len(yi))], **more)


def with_row(kind):
    y, v = [0.3, 0.1, NAN, 0.5, -0.1], [0.04, 0.05, 0.06, 0.1, 0.2]
    kinds = ["exact", "exact", kind, "exact", "exact"]
    extra = {"none": {}, "bound": {"lower": [NAN, NAN, -INF, NAN, NAN], "upper": [NAN, NAN, 0.2, NAN, NAN]}}
    return EffectSizes(y, v, "GEN", list("ABCDE"), kind=kinds, **extra[kind])


DATA = {
    "one study": lambda: generic([0.3], [0.04]),
    "two studies": lambda: generic([0.3, -0.1], [0.04, 0.09]),
    "three studies": lambda: generic([0.3, -0.1, 0.2], [0.04, 0.09, 0.01]),
    "all equal": lambda: generic([0.3] * 6, [0.04] * 6),
    "equal effects": lambda: generic([0.3] * 6, [0.04, 0.02, 0.07, 0.01, 0.05, 0.03]),
    "all zero": lambda: generic([0.0] * 6, [0.04, 0.02, 0.07, 0.01, 0.05, 0.03]),
    "all significant": lambda: generic([0.5, 0.6, 0.7, 0.55], [0.01, 0.02, 0.02, 0.015]),
    "all significant below": lambda: generic([-0.5, -0.6, -0.7, -0.55], [0.01, 0.02, 0.02, 0.015]),
    "both ends significant": lambda: generic([0.5, -0.6, 0.7, -0.55], [0.01, 0.02, 0.02, 0.015]),
    "none significant": lambda: generic([0.1, -0.1, 0.05, 0.0, 0.02], [0.1, 0.2, 0.3, 0.15, 0.25]),
    "a missing variance": lambda: generic([0.3, 0.1, 0.2, 0.5], [0.04, NAN, 0.06, 0.1]),
    "nothing but missing": lambda: generic([0.3, 0.1], [NAN, NAN]),
    "a row without effect": lambda: with_row("none"),
    "a bound": lambda: with_row("bound"),
    "tiny units": lambda: generic([3e-160, 1e-160, 5e-160, 2e-160], [4e-302, 9e-302, 1e-301, 2e-302]),
}
"""Effects by what is wrong with them."""


@functools.cache
def effects(data):
    with quiet():
        return DATA[data]()


@functools.cache
def fit(data):
    with quiet():
        try:
            return meta.pool(effects(data))
        except MetaError:
            return None


EFFECTS = ["begg", "beta_selection", "copas", "egger", "excess_significance", "failsafe_n"]
EFFECTS += ["limit_meta_analysis", "p_curve", "p_uniform_star", "pet_peese", "selection_model"]
EFFECTS += ["significance_funnel", "vevea_woods", "waap"]
FITS = ["baujat", "cumulative", "influence", "leave_one_out", "outliers", "profile", "qq", "residuals"]
FIGURES = [
    "caterpillar",
    "drapery",
    "forest",
    "funnel",
    "orchard",
    "qq",
    "radial",
    "tau_trace",
    "compatibility",
]
OF_TABLES = ["baujat", "cumulative", "influence", "profile"]
SLOW = {"plots.influence of its table", "bias.copas", "bias.beta_selection", "bias.vevea_woods"}

CALLS = {
    **{f"bias.{name}": lambda es, fit, name=name: getattr(meta.bias, name)(es) for name in EFFECTS},
    "bias.trim_and_fill": lambda es, fit: meta.bias.trim_and_fill(es if fit is None else fit),
    "bias.bias_robust": lambda es, fit: meta.bias.bias_robust(es, cluster=list("ABABABABAB")[: es.k]),
    **{
        f"diagnostics.{name}": lambda es, fit, name=name: getattr(meta.diagnostics, name)(fit)
        for name in FITS
    },
    "diagnostics.gosh": lambda es, fit: meta.diagnostics.gosh(fit, subsets=20, seed=1),
    **{f"plots.{name}": lambda es, fit, name=name: getattr(meta.plots, name)(fit) for name in FIGURES},
    **{
        f"plots.{name} of effects": lambda es, fit, name=name: getattr(meta.plots, name)(es)
        for name in FIGURES
    },
    **{
        f"plots.{name} of its table": lambda es, fit, name=name: getattr(meta.plots, name)(
            getattr(meta.diagnostics, name)(fit)
        )
        for name in OF_TABLES
    },
    "plots.weight_function": lambda es, fit: meta.plots.weight_function({"a": meta.bias.selection_model(es)}),
    "pool": lambda es, fit: meta.pool(es),
    "subgroups": lambda es, fit: meta.subgroups(es, by=list("ABABABABAB")[: es.k]),
    "regress": lambda es, fit: meta.regress(es, np.arange(es.k) * 1.0),
    "multilevel": lambda es, fit: meta.pool_multilevel(es, levels=["study"]),
    "robust": lambda es, fit: meta.robust(fit, cluster=list("ABCDEFGHIJ")[: es.k]),
    "aggregate": lambda es, fit: meta.aggregate(es, cluster=list("ABABABABAB")[: es.k], rho=0.5),
}
"""What is tried, from the effects and their fit (None where they have none)."""


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in CALLS])
def test_data_with_nothing_to_tell_end_in_an_answer_or_a_sentence(name, data):
    es, found = effects(data), fit(data)
    told = "an answer"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", MetaWarning)
            answer = CALLS[name](es, found)
            for show in ("summary", "to_dict", "_repr_html_"):
                if hasattr(answer, show):
                    getattr(answer, show)()
            str(answer)
    except MetaError as refusal:
        told = str(refusal).strip()
    finally:
        plt.close("all")
    assert told
    assert "\n" not in told


@pytest.mark.parametrize("data", DATA)
def test_the_command_on_bias_has_no_traceback(data, tmp_path, capsys, monkeypatch):
    es = effects(data)
    path = tmp_path / "table.csv"
    es.frame[["study", "yi", "vi"]].to_csv(path, index=False)
    monkeypatch.setattr(sys, "argv", ["meta", "bias", str(path)])
    with pytest.raises(SystemExit) as done:
        main()
    told = capsys.readouterr()
    assert done.value.code in (None, 0, 2), told.err
    assert "Traceback" not in told.err
    if data.startswith("all significant"):
        assert "no study is without a significant result" in told.out


@pytest.mark.parametrize("dtype", ["object", "string", "boolean", "Int64", "category"])
@pytest.mark.parametrize("what", ["by", "cluster", "levels", "order"])
def test_a_missing_label_is_no_group_of_its_own(what, dtype):
    values = {"Int64": [1, None, 2, 1], "boolean": [True, None, False, True]}.get(
        dtype, ["a", None, "b", "a"]
    )
    table = pd.DataFrame(
        {
            "yi": Y4,
            "vi": V4,
            "g": pd.array(values, dtype=dtype) if dtype != "category" else pd.Categorical(values),
        }
    )
    es = meta.effect_sizes(table, measure="GEN")
    calls = {
        "by": [lambda g: meta.pool(es, by=g), lambda g: meta.subgroups(es, by=g)],
        "cluster": [
            lambda g: meta.robust(meta.pool(es), cluster=g),
            lambda g: meta.aggregate(es, cluster=g, rho=0.5),
            lambda g: meta.bias.bias_robust(es, cluster=g),
            lambda g: meta.diagnostics.leave_one_out(meta.pool(es), cluster=g),
        ],
        "levels": [lambda g: meta.pool_multilevel(es, levels=["g", "effect"])],
        "order": [lambda g: meta.diagnostics.cumulative(meta.pool(es), order=g)],
    }
    for call in calls[what]:
        for given in ("g", table["g"]):
            with quiet(), pytest.raises(InputError, match="study '2'"):
                call(given)

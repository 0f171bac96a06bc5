"""Saved results with impossible numbers are refused with the reason (meta.saving.validation)."""

import copy
import json
import re
from functools import cache

import numpy as np
import pytest

import meta
from meta.errors import InputError, quiet
from meta.saving.files import dumps, loads
from tests.net.saved import names, text_of

RNG = np.random.default_rng(20)
ENGINES = {
    *("Stacked", "Sandwich", "Conditional", "Axis", "Panels", "PanelDensity", "Tensor", "Rows"),
    *("SelectionFit", "Sample", "Draws", "Uniform"),
}
"""Parts whose fields are not named as results are; only their lengths are looked at."""
FREE = {
    *(
        "PredictiveCheck.yi",
        "PCurve.shares",
        "Multilevel.phi",
        "Draws.values",
        "Design.X",
        "Design.rows",
        "Design.columns",
    ),
    *("NetworkComponents.design", "DoseResponse.doses", "DosePosterior.doses"),
    *("PosteriorRegression.design", "SelectionFit.scores", "TrimAndFill.filled", "Stacked.K"),
}
"""Arrays whose length nothing else in the file fixes."""


@cache
def content(name):
    return json.loads(text_of(name))


def instances(value):
    """Every instance of a class within a file's content, as its name and its fields."""
    if isinstance(value, dict):
        if "$class" in value and "fields" in value:
            yield value["$class"], value["fields"]
        for item in value.values():
            yield from instances(item)
    elif isinstance(value, list):
        for item in value:
            yield from instances(item)


def changed(value, to):
    """The number with another value; of an array one element, chosen at random."""
    if isinstance(value, dict) and "$array" in value:
        array = copy.deepcopy(value)
        values = array["$array"]["values"]
        values[int(RNG.integers(len(values)))] = to
        return array
    return to


def is_number(value):
    if isinstance(value, dict):
        array = value.get("$array", {})
        return "$float" in value or (array.get("dtype") == "float64" and len(array["values"]) > 0)
    return isinstance(value, int | float) and not isinstance(value, bool)


def edits(kind, fields):
    """Impossible values: the field, what stands there instead, and what the edit is called."""
    for field, value in fields.items():
        array = value.get("$array") if isinstance(value, dict) else None
        if array and array["shape"] and array["shape"][0] and f"{kind}.{field}" not in FREE:
            width = int(np.prod(array["shape"][1:], dtype=int))
            short = {**array, "shape": [array["shape"][0] - 1, *array["shape"][1:]]}
            short["values"] = array["values"][: len(array["values"]) - width]
            yield field, {"$array": short}, "shorter"
        if kind in ENGINES or not is_number(value):
            continue
        if re.fullmatch(r"p|p_.*|.*_p|p_values?|probability.*", field):
            yield field, changed(value, 7.0), "p = 7"
            yield field, changed(value, -0.5), "p = -0.5"
        if re.fullmatch(r"se|sei|sd|.*_se|.*_sd", field):
            yield field, changed(value, -1.0), "se = -1"
            yield field, changed(value, {"$float": "inf"} if not array else "inf"), "se = inf"
        if re.fullmatch(r"k|k_.*|k0|n|n_.*|clusters|iterations|replicates|draws|divergences", field):
            yield field, changed(value, 2.5), "2.5 studies"
            yield field, changed(value, -3), "-3 studies"
        if re.fullmatch(r"tau2.*|sigma2|i2.*|h2.*|q|qe|vi|.*_df|df", field):
            yield field, changed(value, -2.0), "negative"
        if field == "level":
            yield field, 1.5, "level 1.5"
            yield field, 95, "level 95"
        if field == "estimate":
            yield field, changed(value, "inf" if array else {"$float": "inf"}), "infinite"
        other = re.sub("low$", "high", field)
        if other != field and is_number(fields.get(other)) and not array and isinstance(fields[other], float):
            yield field, fields[other] + 1.0, "low > high"
        if field.endswith("ci_high") and "estimate" in fields and isinstance(fields["estimate"], float):
            yield "estimate", fields[field] + 1.0, "outside its interval"


def refusal(loaded):
    """The reason why a file does not load; empty if it does."""
    try:
        with quiet():
            loads(json.dumps(loaded))
    except InputError as error:
        return str(error)
    return ""


CASES = [name for name in names() if len(text_of(name)) < 400_000]


@pytest.mark.parametrize("name", CASES)
def test_no_impossible_number_loads(name):
    loaded, seen, problems = content(name), set(), []
    for kind, fields in instances(loaded["content"]):
        for field, value, label in list(edits(kind, fields)):
            if (kind, field, label) in seen:
                continue
            seen.add((kind, field, label))
            kept = fields[field]
            fields[field] = value
            said = refusal(loaded)
            fields[field] = kept
            if not said or "\n" in said:
                problems.append(f"{kind}.{field}: {label}")
    assert not problems


FIT = {"yi": [0.1, 0.4, 0.3, 0.5], "vi": [0.04, 0.02, 0.05, 0.1], "test": "z"}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("p_value", 7, "p_value of the Pooled in the file must be between 0 and 1, not 7"),
        ("se", -1, "se of the Pooled in the file must be finite and at least 0, not -1"),
        ("k", 2.5, "k of the Pooled in the file must be a whole number of at least 0, not 2.5"),
        ("ci_low", 9, "ci_low of the Pooled in the file must be at most ci_high, not 9"),
        ("estimate", 9, "estimate of the Pooled in the file must be between ci_low and ci_high, not 9"),
        ("k", 3, "the lengths of the Pooled in the file do not agree: weights 4, k 3"),
        ("i2", 300, "i2 of the Pooled in the file must be between 0 and 100, not 300"),
    ],
)
def test_the_refusal_names_field_value_and_demand(field, value, sentence, tmp_path):
    text = json.loads(dumps(meta.pool(**FIT)))
    text["content"]["fields"][field] = value
    (tmp_path / "fit.json").write_text(json.dumps(text))
    with pytest.raises(InputError) as refused:
        meta.load(tmp_path / "fit.json")
    assert str(refused.value) == f"'{tmp_path}/fit.json' cannot be loaded: {sentence}"


EDGES = {
    "one study": lambda: meta.pool(yi=[0.3], vi=[0.1]),
    "two equal studies": lambda: meta.pool(yi=[0.3, 0.3], vi=[0.1, 0.1]),
    "equal effects": lambda: meta.pool(**FIT, method="EE"),
    "no heterogeneity at all": lambda: meta.pool(yi=[0.2] * 5, vi=[0.1] * 5, test="hksj"),
    "a small level": lambda: meta.pool(**{**FIT, "test": "hksj"}, level=0.01),
    "a missing row": lambda: meta.pool(yi=[0.1, np.nan, 0.3, 0.9], vi=[0.04, 0.02, 0.05, 0.1]),
    "huge": lambda: meta.pool(yi=[1e12, 3e12, 2e12], vi=[1e20, 1e20, 2e20]),
    "tiny": lambda: meta.pool(yi=[1e-12, 3e-12, 2e-12], vi=[1e-24, 1e-24, 2e-24]),
    "a batch with nothing in one": lambda: meta.pool_many(
        [[0.1, np.nan], [0.3, np.nan]], np.full((2, 2), 0.1)
    ),
    "user weights": lambda: meta.pool(**FIT, weights=[1, 2, 3, 4]),
    "fixed tau2": lambda: meta.pool(**FIT, method=0.2),
    "moderators": lambda: meta.regress(
        meta.effect_sizes({"x": [1.0, 2, 3, 4], **{k: FIT[k] for k in ("yi", "vi")}}, measure="GEN"), "~ x"
    ),
    "effects": lambda: meta.EffectSizes(
        [0.1, np.nan], [0.0, np.nan], "GEN", ["A", "B"], kind=["none", "none"]
    ),
    "flat priors": lambda: meta.bayes(
        yi=FIT["yi"], vi=FIT["vi"], effect=meta.Flat(), tau=meta.HalfNormal(1), level=0.05
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_what_is_at_the_edge_still_loads(name):
    with quiet():
        result = EDGES[name]()
        assert dumps(loads(dumps(result))) == dumps(result)


def test_tables_of_results_are_looked_at_too():
    loaded = copy.deepcopy(content("multiverse"))
    for kind, fields in instances(loaded["content"]):
        if kind == "Multiverse":
            table = dict(fields["frame"]["$frame"]["columns"])
            table["p_null"]["$array"]["values"][0] = 7.0
    assert "p_null of the table 'frame' of the Multiverse in the file must be between 0 and 1" in refusal(
        loaded
    )

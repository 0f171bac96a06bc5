"""Every public function, with one argument after the other made hostile: an answer or one clear sentence."""

from __future__ import annotations

import inspect
import signal
import warnings
from contextlib import contextmanager
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import meta
from meta.errors import EvidenceError, MetaError, MetaWarning, quiet
from tests.hostile.engines import check, fields
from tests.hostile.public import BAD, CALLS, EXCUSED, public

NUMBERS = "estimate se ci_low ci_high p_value tau2 i2 q q_p"
SLOW = ("copas", "beta_selection", "multiverse", "vevea_woods", "selection_model", "gosh", "certainty")
LOOKS = ("theme", "title", "ax", "xlabel", "notes")
QUICK = ("word", "NaN", "-1", "10**400", "1e300", "ragged", "list of words", "object", "no frame")
SECONDS = 30


class HangError(BaseException):
    """A call took too long."""


@contextmanager
def no_hang():
    def stop(*_: Any) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@cache
def good(name: str) -> dict[str, Any]:
    with quiet():
        return CALLS[name]()


def parameters(name: str) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [p.name for p in inspect.signature(public()[name]).parameters.values() if p.kind in kinds]


def tried(name: str, parameter: str, label: str) -> str:
    """Make one argument hostile; return "answer" or the refusal."""
    try:
        with no_hang(), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", MetaWarning)
            found = public()[name](**{**good(name), parameter: BAD[label]})
    except MetaError as refusal:
        return sentence(refusal)
    if hasattr(found, "summary"):
        check(fields(found, NUMBERS))
    return "answer"


def sentence(refusal: MetaError) -> str:
    told = str(refusal).strip()
    assert told, "a refusal without a word"
    assert "Traceback" not in told
    # Of files every problem is listed, one a line.
    assert "\n" not in told or isinstance(refusal, EvidenceError), f"not one sentence: {told!r}"
    assert len(told) < 3000
    return told


def sweep(name: str, labels: Any) -> int:
    count = 0
    for parameter in parameters(name):
        # The looks of figures come from the same few lines; two figures stand for all.
        if ".plots." in name and parameter in LOOKS and not name.endswith(("forest", "funnel")):
            continue
        for label in labels:
            assert tried(name, parameter, label), (parameter, label)
            count += 1
        plt.close("all")
    return count


def test_every_public_function_is_tried_or_excused():
    assert set(public()) == set(CALLS) | set(EXCUSED), "put the new name into tests/hostile/public.py"
    assert not set(CALLS) & set(EXCUSED)


def test_the_arguments_that_are_made_hostile_work_as_they_are():
    for name in CALLS:
        if not name.split(".")[-1].startswith(SLOW):
            with quiet():
                public()[name](**good(name))
    plt.close("all")


@pytest.mark.parametrize("name", [n for n in CALLS if ".plots." not in n and not n.endswith(SLOW)])
def test_a_wrong_argument_ends_in_a_sentence(name):
    sweep(name, QUICK)


@pytest.mark.long
@pytest.mark.parametrize("name", list(CALLS))
def test_many_more_wrong_arguments_end_in_a_sentence(name):
    sweep(name, BAD)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: meta.pool(yi=[1, 2], vi=[1, 1], level="high"), "level must be a number, not 'high'"),
        (lambda: meta.pool(yi=[1, 2], vi=[1, 1], test=None), "test must be text, not None"),
        (lambda: meta.pool(yi=[1, 2], vi=[1, 1], common_tau2="no"), "common_tau2 must be True or False"),
        (lambda: meta.pool(yi=[1, 2], vi=[1, 1], weights=[[1], [1, 2]]), "weights must be one list"),
        (lambda: meta.simulate(vi=[0.1], reps=2.5), "reps must be a whole number, not 2.5"),
        (lambda: meta.simulate(vi=[0.1], seed=-1), "seed must be >= 0, not -1"),
        (lambda: meta.Normal(0, "1"), "Normal: sd must be a number, not '1'"),
        (lambda: meta.Normal(10**400, 1), "a number of more than thirty digits"),
        (lambda: meta.load("a\0b"), "path cannot be a path"),
        (lambda: meta.load_evidence("x" * 5000), "folder cannot be a path"),
        (lambda: meta.plots.verdicts([None]), "items must be a list of verdicts, not None"),
        (lambda: meta.likelihood_ratio_test(1, 2), "a must be a fit, not 1"),
        (lambda: meta.regress(yi=[1, 2, 3], vi=[1, 1, 1], moderators={}), "moderators have no column"),
        (lambda: meta.pool_many([[1e300], [0.1]], [[1], [1]]), "outside the range of double"),
    ],
)
def test_the_sentence_names_the_argument_and_what_it_was(call, message):
    with pytest.raises(MetaError, match=message):
        call()


def test_a_figure_with_a_title_and_labels_of_ten_thousand_letters_is_drawn_at_once():
    table = {"study": ["x" * 10_000, "é w " * 2500, "C"], "yi": [0.1, 0.4, 0.2], "vi": [0.1, 0.1, 0.2]}
    with no_hang():
        plot = meta.forest(meta.pool(meta.effect_sizes(table, measure="GEN")), title="y" * 10_000)
    assert plot.title == "y" * 10_000
    plt.close("all")


def test_the_residual_funnel_is_offered_as_a_function():
    assert callable(meta.plots.residual_funnel)


@pytest.mark.long
@pytest.mark.parametrize("method", ["DL", "REML", "PM", "EE", "ML"])
@pytest.mark.parametrize("tau2", [0.0, 0.04])
def test_a_million_studies_by_each_method(method, tau2):
    rng = np.random.default_rng(7)
    v = rng.uniform(0.05, 0.5, 1_000_000)
    y = rng.normal(0.3, np.sqrt(v + tau2))
    with quiet(), no_hang():
        fit = meta.pool(yi=y, vi=v, method=method, test="z")
    assert abs(fit.estimate - 0.3) < 5 * fit.se
    if method != "EE":
        assert fit.tau2 == pytest.approx(tau2, abs=2e-3)

"""Several arms against one control, and clusters, in study files: said in the claim, never by file order."""

import itertools
import math

import numpy as np
import pytest

import meta
from meta.effects.study_evidence import Evidence, load_evidence
from meta.evidence.load_studies import Library
from meta.evidence.study_schema import Study

LOW, HIGH, CONTROL = (20, 4.0, 2.0), (22, 5.0, 2.2), (21, 6.0, 2.1)
ARMS = {"high": HIGH, "low": LOW, "placebo": CONTROL}


@pytest.fixture(scope="module")
def review():
    return load_evidence("studies")


def means(*names):
    parts = [{"arm": x, "n": ARMS[x][0], "mean": ARMS[x][1], "sd": ARMS[x][2]} for x in names]
    return {"kind": "means", "arms": parts}


def result(name, arms, statistic, **more):
    return {
        "id": name, "outcome": "cortisol", "measured": "cortisol", "time": {"label": "end"},
        "phase": "final", "arms": list(arms), "source": "paper", "place": "Table 2", "statistic": statistic,
    } | more  # fmt: skip


def study(group, results, arms=("low", "high", "placebo"), design=None, sizes=None):
    roles = {"placebo": "control"}
    return Study.model_validate(
        {
            "id": "doe-2001", "label": "Doe 2001", "title": "A trial", "status": "included", "year": 2001,
            "sources": [{"key": "paper", "citation": "Doe 2001", "read": "abstract"}],
            "design": {
                "kind": "parallel", "allocation": "randomised", "blinding": "double-blind",
                "control": "placebo",
            } | (design or {}),
            "population": {"group": group, "description": "adults"},
            "arms": [
                {"id": x, "role": roles.get(x, "treatment"), "label": x, "n_analysed": sizes} for x in arms
            ],
            "results": results,
        }
    )  # fmt: skip


def effects(review, results, how="combine", **parts):
    claims = review.library.claims
    (claim,) = (item for item in claims.claims if any(a.id == "cortisol" for a in item.analyses))
    own = tuple(
        a.model_copy(update={"several_arms": how}) if a.id == "cortisol" else a for a in claim.analyses
    )
    group = next(a for a in own if a.id == "cortisol").eligibility.groups[0]
    changed = claim.model_copy(update={"analyses": own})
    file = claims.model_copy(update={"claims": (changed,)})
    return Evidence(Library("studies", (study(group, results, **parts),), file)).effects("cortisol")


def one_group(*arms):
    n = np.array([arm[0] for arm in arms])
    mean = np.array([arm[1] for arm in arms])
    middle = (n * mean).sum() / n.sum()
    squares = sum((k - 1) * s**2 + k * (m - middle) ** 2 for k, m, s in arms)
    return n.sum(), middle, math.sqrt(squares / (n.sum() - 1))


def smd(one, two):
    names = ("n1", "mean1", "sd1", "n2", "mean2", "sd2")
    return meta.effect_sizes(measure="SMD", **{k: [x] for k, x in zip(names, (*one, *two), strict=True)})


ORDERS = list(itertools.permutations(("low", "high", "placebo")))


@pytest.mark.parametrize("order", ORDERS)
def test_arms_of_one_result_are_combined_whatever_their_order(review, order):
    found = effects(review, [result("one", order, means(*order))], arms=order)
    right = smd(one_group(LOW, HIGH), CONTROL)
    assert found.k == 1
    assert found.yi[0] == pytest.approx(right.yi[0], rel=1e-12)
    assert found.vi[0] == pytest.approx(right.vi[0], rel=1e-12)
    assert "high and low against one control: the arms are combined" in found.columns["steps"][0]
    assert (found.columns["n1"][0], found.columns["n2"][0]) == (42, 21)


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_two_results_decides_nothing(review, turned):
    results = [result(x, (x, "placebo"), means(x, "placebo")) for x in ("low", "high")]
    found = effects(review, results[::-1] if turned else results)
    assert found.k == 1
    assert found.yi[0] == pytest.approx(smd(one_group(LOW, HIGH), CONTROL).yi[0], rel=1e-12)


@pytest.mark.parametrize("turned", [False, True])
def test_both_contrasts_are_weighted_by_their_covariance(review, turned):
    results = [result(x, (x, "placebo"), means(x, "placebo")) for x in ("low", "high")]
    found = effects(review, results[::-1] if turned else results, "both")
    y, v = (np.array([getattr(smd(arm, CONTROL), name)[0] for arm in (LOW, HIGH)]) for name in ("yi", "vi"))
    n1, n2 = np.array([20.0, 22.0]), 21.0
    part = np.sqrt(v * (1 / n2) / (1 / n1 + 1 / n2))
    V = np.array([[v[0], part[0] * part[1]], [part[0] * part[1], v[1]]])
    w = np.linalg.inv(V).sum(axis=0)
    assert found.yi[0] == pytest.approx(w @ y / w.sum(), rel=1e-10)
    assert found.vi[0] == pytest.approx(1 / w.sum(), rel=1e-10)


def test_a_split_control_is_counted_once(review):
    names = ("low", "high", "placebo")
    found = effects(review, [result("one", names, means(*names))], "split")
    assert found.k == 2
    right = []
    for n, mean, sd in (LOW, HIGH):
        m, n2 = n + 10.5 - 2, 10.5
        pooled = math.sqrt(((n - 1) * sd**2 + (n2 - 1) * 2.1**2) / m)
        j = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
        right.append(j * (mean - 6.0) / pooled)
    assert sorted(found.yi) == pytest.approx(sorted(right))
    assert set(found.columns["n2"]) == {10.5}
    assert len(set(found.columns["study_id"])) == 1


def test_tests_of_several_arms_without_sizes_make_nothing_up(review):
    results = [
        result(x, (x, "placebo"), {"kind": "test", "p": p, "direction": "lower", "test": "t test"})
        for x, p in (("low", 0.01), ("high", 0.2))
    ]
    found = effects(review, results)
    assert found.k == 1
    assert found.columns["tier"][0] == "D"
    assert "people per arm" in found.columns["reason"][0]


def test_tests_of_several_arms_are_weighted_by_their_covariance(review):
    results = [
        result(x, (x, "placebo"), {"kind": "test", "p": p, "direction": "lower", "test": "t test"})
        for x, p in (("low", 0.01), ("high", 0.2))
    ]
    found = effects(review, results, sizes=30)
    alone = [effects(review, [item], sizes=30) for item in results]
    ys, vs = ([float(getattr(one, name)[0]) for one in alone] for name in ("yi", "vi"))
    assert min(ys) < found.yi[0] < max(ys)
    assert max(vs) / 2 < found.vi[0] < max(vs)  # more than two trials' worth of control is not claimed
    assert "weighted by their covariance" in found.columns["steps"][0]


def test_a_cluster_trial_has_its_design_effect(review):
    two = [result("one", ("low", "placebo"), means("low", "placebo"))]
    plain = effects(review, two)
    design = {"kind": "cluster", "icc": 0.02, "cluster_size": 21.2}
    found = effects(review, two, design=design)
    assert found.yi[0] == pytest.approx(plain.yi[0])
    assert found.vi[0] == pytest.approx(plain.vi[0] * (1 + 20.2 * 0.02))
    assert found.columns["tier"][0] == "A"
    assumed = effects(review, two, design={"kind": "cluster", "cluster_size": 21.2})
    assert assumed.vi[0] == pytest.approx(plain.vi[0] * (1 + 20.2 * 0.05))
    assert assumed.columns["tier"][0] == "B"
    assert "intracluster correlation = 0.05 (range 0.01 to 0.15)" in assumed.columns["assumptions"][0]


def test_a_standard_error_that_allows_for_clusters_is_not_inflated_again(review):
    statistic = {"kind": "mean-difference", "difference": -2.0, "se": 0.9}
    design = {"kind": "cluster", "icc": 0.02, "cluster_size": 21.2}
    one = [result("one", ("low", "placebo"), statistic, error_term="clusters")]
    other = [result("one", ("low", "placebo"), statistic, error_term="people")]
    allowed, naive = (effects(review, item, design=design, sizes=30) for item in (one, other))
    # the same SE stands for a smaller SD where clusters are in it already
    assert allowed.yi[0] == pytest.approx(naive.yi[0] * math.sqrt(1 + 20.2 * 0.02), rel=0.03)

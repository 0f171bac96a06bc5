"""meta.bias: rank_correlation, trimming, failsafe, excess, common."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.bias.common import plain
from meta.bias.excess import poisson_binomial_tail
from meta.bias.rank_correlation import exact_tail, kendall
from meta.errors import FewStudiesWarning, InputError, NotEstimableError

FIXTURES = Path(__file__).parents[1] / "fixtures"
REFERENCE = json.loads((FIXTURES / "bias_reference.json").read_text())
R = json.loads((FIXTURES / "bias_diagnostics.json").read_text())
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def magnesium():
    return meta.effect_sizes(meta.datasets.load("egger2001"), measure="OR", study="author")


def hackshaw():
    return meta.effect_sizes(meta.datasets.load("hackshaw1998"), measure="GEN", yi="yi", vi="vi")


def flipped(es):
    return meta.EffectSizes(-es.yi, es.vi, es.measure, es.study)


def test_begg_exact_without_ties():
    test = meta.bias.begg(bcg())
    assert [test.statistic, test.p_value] == pytest.approx(REFERENCE["bcg_bias"]["begg"], rel=1e-9)
    assert test.exact
    g = REFERENCE["egger2001_magnesium"]
    test = meta.bias.begg(magnesium())
    assert [test.statistic, test.p_value] == pytest.approx(g["begg"], rel=1e-9)
    test = meta.bias.begg(magnesium().subset(np.arange(15)))
    assert [test.statistic, test.p_value] == pytest.approx(g["k15"]["begg"], rel=1e-9)


def test_begg_with_ties_is_tau_b_and_normal():
    es = meta.effect_sizes(meta.datasets.load("molloy2014"), measure="ZCOR", r="r", n="n")
    test = meta.bias.begg(es)
    assert [test.statistic, test.p_value] == pytest.approx(REFERENCE["molloy2014_ZCOR"]["begg"], rel=1e-9)
    assert not test.exact


def test_the_three_p_values_of_begg():
    es = bcg()
    exact, normal = meta.bias.begg(es), meta.bias.begg(es, exact=False)
    corrected = meta.bias.begg(es, exact=False, continuity=True)
    assert len({exact.p_value, normal.p_value, corrected.p_value}) == 3
    score = exact.score
    variance = 13 * 12 * 31 / 18
    assert normal.p_value == pytest.approx(math.erfc(score / math.sqrt(2 * variance)))
    assert corrected.p_value == pytest.approx(math.erfc((score - 1) / math.sqrt(2 * variance)))


def test_exact_kendall_by_enumeration():
    x = np.arange(6.0)
    scores = [kendall(x, np.array(p, dtype=float)).score for p in itertools.permutations(range(6))]
    for score in (-15.0, -3.0, 1.0, 7.0):
        assert exact_tail(6, score, "greater") == pytest.approx(np.mean([s >= score for s in scores]))
        assert exact_tail(6, score, "less") == pytest.approx(np.mean([s <= score for s in scores]))


def test_begg_under_a_study_of_all_the_weight():
    es = meta.EffectSizes([0.3, 0.1, 0.2, 0.5], [1.0, 3e4, 5e4, 1e-8], "GEN", list("ABCD"))
    with pytest.warns(FewStudiesWarning):
        found = meta.bias.begg(es)
    assert -1 <= found.tau <= 1


def test_begg_direction_and_refusal():
    es = magnesium()
    a = meta.bias.begg(es, direction="greater")
    b = meta.bias.begg(flipped(es), direction="less")
    assert a.p_value == pytest.approx(b.p_value)
    assert a.p_value < 0.5 < meta.bias.begg(es, direction="less").p_value
    with pytest.raises(NotEstimableError, match="nothing can be ranked"):
        meta.bias.begg(meta.EffectSizes(np.arange(12.0), np.ones(12), "GEN", np.arange(12)))
    with pytest.warns(FewStudiesWarning):
        assert meta.bias.begg(bcg().subset(np.arange(6))).low_power


@pytest.mark.parametrize("estimator", ["L0", "R0", "Q0"])
def test_trim_and_fill_bcg(estimator):
    r = REFERENCE["bcg_bias"]["trimfill"][estimator]
    found = meta.bias.trim_and_fill(meta.pool(bcg(), test="z"), estimator=estimator)
    assert (found.side, found.k0) == (r["side"], r["k0"])
    # the reference refits at a loose tolerance
    assert [found.estimate, found.se, found.tau2] == pytest.approx([r["beta"], r["se"], r["tau2"]], rel=2e-6)


@pytest.mark.parametrize("name", ["hackshaw_EE", "hackshaw_DL", "magnesium_DL", "magnesium_EE"])
def test_trim_and_fill_depends_on_the_centre(name):
    es = hackshaw() if name.startswith("hackshaw") else magnesium()
    fit = meta.pool(es, method=name[-2:], test="z")
    for estimator, r in R["trimfill"][name].items():
        if isinstance(r, str):
            with pytest.raises(NotEstimableError, match="use L0 or R0"):
                meta.bias.trim_and_fill(fit, estimator=estimator)
            continue
        found = meta.bias.trim_and_fill(fit, estimator=estimator)
        assert (found.side, found.k0) == (r["side"], r["k0"])
        assert [found.estimate, found.se, found.k0_se] == pytest.approx(
            [r["beta"], r["se"], r["se_k0"]], rel=1e-8
        )


def test_trim_and_fill_of_fifteen_magnesium_trials():
    es = magnesium().subset(np.arange(15))
    found = meta.bias.trim_and_fill(meta.pool(es, method="DL", test="z"))
    assert found.k0 == REFERENCE["egger2001_magnesium"]["k15"]["tf"]
    other = meta.bias.trim_and_fill(meta.pool(es, method="REML", test="z"), centre="DL")
    assert (other.k0, other.centre) == (found.k0, found.centre)


def test_trim_and_fill_side_given_and_flipped():
    fit = meta.pool(hackshaw(), method="DL", test="z")
    for side in ("left", "right"):
        r = R["trimfill"][f"hackshaw_{side}"]
        found = meta.bias.trim_and_fill(fit, side=side)
        assert found.k0 == r["k0"]
        assert found.estimate == pytest.approx(r["beta"], rel=1e-8)
    a = meta.bias.trim_and_fill(fit)
    b = meta.bias.trim_and_fill(meta.pool(flipped(hackshaw()), method="DL", test="z"))
    assert {a.side, b.side} == {"left", "right"}
    assert (b.k0, b.estimate) == (a.k0, pytest.approx(-a.estimate))


def test_filled_studies_mirror_the_trimmed_ones():
    found = meta.bias.trim_and_fill(meta.pool(hackshaw(), method="DL", test="z"))
    es, n = hackshaw(), found.k0
    extreme = np.argsort(es.yi)[-n:]
    whole = found.fit.effects
    assert whole.yi[found.filled] == pytest.approx(2 * found.centre - es.yi[extreme])
    assert whole.vi[found.filled] == pytest.approx(es.vi[extreme])
    assert found.original.k + n == found.fit.k
    with pytest.raises(ValueError, match="L0, R0, Q0"):
        meta.bias.trim_and_fill(found.original, estimator="L1")


@pytest.mark.parametrize(
    ("es", "expected"),
    [(bcg, REFERENCE["bcg_bias"]["fsn"]), (hackshaw, REFERENCE["hackshaw1998_sel"]["fsn"])],
)
def test_failsafe_numbers(es, expected):
    kinds = ("Rosenthal", "Orwin", "Rosenberg")
    assert [meta.bias.failsafe_n(es(), kind=kind).n for kind in kinds] == expected
    assert [meta.bias.failsafe_n(flipped(es()), kind=kind).n for kind in kinds] == expected


def test_failsafe_raudenbush():
    es = meta.effect_sizes(meta.datasets.load("raudenbush1985"), measure="GEN", yi="yi", vi="vi")
    assert meta.bias.failsafe_n(es).n == REFERENCE["raudenbush1985_SMD"]["fsn"]


def test_failsafe_is_rounded_up_and_reaches_its_aim():
    target = math.log(1.05)
    found = meta.bias.failsafe_n(hackshaw(), kind="Orwin", target=target, weighted=True)
    assert 103 < found.exact < 104
    assert found.n == 104
    plain_orwin = meta.bias.failsafe_n(hackshaw(), kind="Orwin", target=target)
    assert plain_orwin.n == R["fsn"]["orwin_half"]
    z = hackshaw().yi / hackshaw().sei
    n = meta.bias.failsafe_n(hackshaw()).n
    assert z.sum() / math.sqrt(37 + n) < 1.6448536 < z.sum() / math.sqrt(37 + n - 1)


def test_failsafe_by_fishers_pooling_reaches_its_aim():
    from scipy.stats import chi2, norm

    found = meta.bias.failsafe_n(bcg(), pool="Fisher")
    p = norm.cdf(bcg().yi / bcg().sei)
    statistic = -2 * np.log(p).sum()
    tails = [chi2.sf(statistic + 2 * m * math.log(2), 2 * (13 + m)) for m in (found.n - 1, found.n)]
    assert tails[0] < 0.05 <= tails[1]


def test_failsafe_of_nothing_is_zero_and_refusals():
    es = meta.EffectSizes([0.1, -0.1, 0.05], [1, 1, 1], "GEN", list("ABC"))
    assert meta.bias.failsafe_n(es).n == 0
    assert meta.bias.failsafe_n(es, kind="Rosenberg").n == 0
    assert meta.bias.failsafe_n(bcg(), direction="greater").n == 0
    assert "does not test for publication bias" in meta.bias.failsafe_n(es).summary()
    with pytest.raises(InputError, match="same side of 0"):
        meta.bias.failsafe_n(bcg(), kind="Orwin", target=0.1)
    with pytest.raises(ValueError, match="Rosenthal, Orwin, Rosenberg"):
        meta.bias.failsafe_n(bcg(), kind="rosenthal")


@pytest.mark.parametrize(
    ("name", "es", "options"),
    [
        ("hackshaw_chi2", hackshaw, {}),
        ("hackshaw_binom", hackshaw, {"test": "binomial"}),
        ("bcg_exact", bcg, {"test": "exact"}),
        ("bcg_chi2", bcg, {}),
        ("hackshaw_greater", hackshaw, {"direction": "greater"}),
    ],
)
def test_excess_significance(name, es, options):
    r = R["tes"][name]
    found = meta.bias.excess_significance(es(), **options)
    assert found.observed == r["O"]
    assert [found.expected, found.p_value] == pytest.approx([r["E"], r["p"]], rel=1e-7)
    if name.endswith("chi2"):
        assert found.statistic == pytest.approx(r["X2"], rel=1e-7)
        if isinstance(r["lim"], float):
            assert found.limit == pytest.approx(r["lim"], rel=1e-3)


def test_excess_significance_directions_and_power():
    a = meta.bias.excess_significance(bcg(), direction="less")
    b = meta.bias.excess_significance(flipped(bcg()), direction="greater")
    assert (a.observed, a.expected) == (b.observed, pytest.approx(b.expected))
    assert meta.bias.excess_significance(bcg(), direction="greater").observed < a.observed
    assert poisson_binomial_tail(np.full(5, 0.3), 2) == pytest.approx(1 - 0.7**5 - 5 * 0.3 * 0.7**4)
    with pytest.warns(FewStudiesWarning):
        meta.bias.excess_significance(bcg().subset(np.arange(5)))


def test_results_print_and_export():
    results = [
        meta.bias.egger(bcg()),
        meta.bias.begg(bcg()),
        meta.bias.trim_and_fill(meta.pool(bcg())),
        meta.bias.failsafe_n(bcg()),
        meta.bias.excess_significance(bcg()),
        meta.bias.pet_peese(bcg()),
        meta.bias.significance_funnel(bcg()),
        meta.bias.selection_model(bcg()),
    ]
    for result in results:
        assert json.loads(json.dumps(result.to_dict()))
        assert "\n" in str(result)
        with pytest.raises((AttributeError, TypeError)):
            result.k0 = 3
    assert plain({"a": np.arange(2)}) == {"a": [0, 1]}
    assert "egger" in dir(meta.bias)
    with pytest.raises(AttributeError, match="it offers"):
        meta.bias.eger  # noqa: B018

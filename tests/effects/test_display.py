"""Freeman-Tukey values go back by each row's own size, pools by the harmonic mean; ranges are not left."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.effects.display import display_of
from meta.effects.registry import MEASURES
from meta.effects.scales import SCALES
from meta.errors import quiet

N = np.array([18, 12, 40, 5, 300])
EVENTS = np.array([0, 2, 5, 5, 7])
TIME = np.array([2.5, 12.0, 40.0, 17.5, 300.0])


def effects(measure, **options):
    rate = MEASURES[measure].design == "rate"
    with quiet():
        return meta.effect_sizes(
            measure=measure, events=EVENTS, **({"time": TIME} if rate else {"n": N}), **options
        )


@pytest.mark.parametrize(("measure", "size"), [("PFT", N), ("IRFT", TIME)])
@pytest.mark.parametrize("known", ["inputs", "variances"])
def test_every_row_is_what_was_counted(measure, size, known):
    es = effects(measure)
    if known == "variances":
        es = meta.EffectSizes(es.yi, es.vi, measure, es.study)
    how = display_of(es)
    np.testing.assert_allclose(how.sizes, size, rtol=1e-12)
    np.testing.assert_allclose(how.rows(es.yi).values, EVENTS / size, atol=1e-14)
    assert not how.rows(es.yi).cut.any()
    assert how.size == pytest.approx(len(size) / np.sum(1 / size), rel=1e-12)


@pytest.mark.parametrize("name", ["freeman-tukey", "freeman-tukey-rate"])
@pytest.mark.parametrize("size", [1.0, 7.5, 16.698, 1e6])
def test_the_way_there_and_back(name, size):
    scale = SCALES[name].at(size)
    p = np.linspace(0, 1, 101)
    np.testing.assert_allclose(scale.back(scale.forward(p)), p, atol=1e-12)
    assert np.all(np.diff(scale.forward(p)) > 0)


def test_large_studies_have_the_limit():
    for name in ("freeman-tukey", "freeman-tukey-rate"):
        x = np.linspace(0.1, 1.4, 20)
        np.testing.assert_allclose(SCALES[name].at(1e12).back(x), SCALES[name].back(x), atol=1e-9)


# metafor 3.8: rma(test="knha"), predict(transf=transf.ipft.hm, targs=list(ni=n)) by group and overall,
# and transf.iirft with the harmonic mean of the times
SHARES = {
    "events": [0, 0, 3, 0, 0, 2, 0, 2, 85, 25, 14, 8, 10, 2],
    "n": [18, 22, 21, 49, 5, 23, 7, 52, 135, 64, 49, 35, 38, 12],
    "grp": ["AMT", "AMT", "AMT", "ED", "ED", "ED", "EMS", "EMS", "EMS", "EMS", "EMS", "EMS", "EMS", "EMS"],
}
RATES = {"events": [0, 2, 3, 0, 10], "time": [12.0, 30.0, 15.0, 9.0, 200.0]}


def test_pools_groups_and_rates_of_the_reference():
    with quiet():
        es = meta.effect_sizes(SHARES, measure="PFT", events="events", n="n")
        fit, groups = meta.pool(es), meta.pool(es, by="grp")
        rate = meta.pool(meta.effect_sizes(RATES, measure="IRFT", events="events", time="time"))
    back = fit.backtransform()
    assert (back.estimate, back.ci_low, back.ci_high) == pytest.approx((0.1293, 0.0385, 0.2533), abs=5e-5)
    assert (back.pi_low, round(back.pi_high, 3), back.cut) == (0.0, 0.658, ("pi_low",))
    found = {name: group.backtransform().estimate for name, group in groups.fits.items()}
    assert found == pytest.approx({"AMT": 0.0246, "ED": 0.0063, "EMS": 0.2440}, abs=5e-5)
    read = rate.backtransform()
    assert (read.estimate, read.ci_low, read.ci_high) == pytest.approx((0.0333, 0.0032, 0.0837), abs=5e-5)


@pytest.mark.parametrize("measure", ["PFT", "IRFT"])
def test_a_pool_goes_back_by_the_harmonic_mean_and_says_so(measure):
    es = effects(measure)
    fit = meta.pool(es, method="DL")
    back = fit.backtransform()
    harmonic = display_of(es).size
    transform = SCALES[MEASURES[measure].scale].back_n
    for name in ("estimate", "ci_low", "ci_high"):
        assert getattr(back, name) == pytest.approx(float(transform(getattr(fit, name), harmonic)), rel=1e-12)
    assert back.size == harmonic
    assert f"at a study size of {harmonic:.4g}, the harmonic mean (Miller 1978)" in str(fit)


def test_groups_have_harmonic_means_of_their_own():
    found = meta.subgroups(effects("PFT"), by=list("aabbb"), test="z", method="DL")
    sizes = [fit.backtransform().size for fit in (*found.fits.values(), found.overall)]
    assert sizes == pytest.approx([2 / np.sum(1 / N[:2]), 3 / np.sum(1 / N[2:]), 5 / np.sum(1 / N)])
    plot = meta.forest(found)
    labels = {row.label: row for row in plot.rows if row.kind == "subtotal"}
    assert len(labels) == 2


@pytest.mark.parametrize("measure", ["PFT", "IRFT"])
def test_a_forest_prints_what_was_counted(measure):
    from meta.plots.axis import reading

    es = effects(measure)
    plot = meta.forest(meta.pool(es, method="DL"))
    how = reading(measure, size=display_of(es).size)
    size = TIME if measure == "IRFT" else N
    rows = [row for row in plot.rows if row.kind == "study"]
    np.testing.assert_allclose([how.back(row.estimate) for row in rows], EVENTS / size, atol=1e-12)
    drawn = [x for row in plot.rows if row.drawn for x in (row.estimate, row.low, row.high) if np.isfinite(x)]
    assert min(drawn) >= float(how.scale.forward(0.0)) - 1e-12
    np.testing.assert_allclose(plot.to_frame()["estimate"][:5], es.yi)


@pytest.mark.parametrize("measure", ["PR", "PAS", "IR", "IRS"])
def test_no_interval_leaves_the_range_and_what_was_cut_is_said(measure):
    with quiet():
        sizes = {"time": [10.0, 20.0, 11.0]} if measure.startswith("I") else {"n": [10, 20, 11]}
        es = meta.effect_sizes(measure=measure, events=[0, 2, 9], **sizes)
    plot = meta.forest(es)
    low = [row.low for row in plot.rows]
    assert min(low) == 0.0
    assert "Cut at the end of the scale: the interval" in plot.alt_text
    assert min(plot.to_frame()["ci_low"]) < 0
    fit = meta.pool(es, method="DL")
    back = fit.backtransform()
    assert back.ci_low == 0.0
    assert "ci_low" in back.cut
    assert "was cut at the end of its range: CI at 0" in str(fit)
    if measure in ("PR", "PAS"):
        assert back.ci_high == 1.0


def test_what_stays_inside_is_not_cut():
    es = meta.effect_sizes(measure="PR", events=[40, 50], n=[100, 100])
    assert meta.pool(es, method="EE", test="z").backtransform().cut == ()
    assert "Cut" not in meta.forest(es).alt_text


def test_the_ends_of_vaccine_efficacy_change_places():
    es = meta.effect_sizes(measure="VE", events1=[3, 5], n1=[100, 120], events2=[13, 20], n2=[100, 120])
    back = meta.pool(es, method="EE", test="z").backtransform()
    assert back.ci_low < back.estimate < back.ci_high


@pytest.mark.parametrize("measure", ["PFT", "PLO"])
def test_predictions_and_multilevel_fits_go_back_the_same_way(measure):
    es = effects(measure, **({} if measure == "PFT" else {"to": "all"}))
    fit = meta.regress(es, method="DL", test="z")
    shown = fit.predict(scale="display")
    model = fit.predict()
    np.testing.assert_allclose(shown["estimate"], display_of(es).pooled(model["estimate"]).values)
    np.testing.assert_allclose(shown["se"], model["se"])
    assert np.all((shown["pi_low"] >= 0) & (shown["pi_high"] <= 1))
    with pytest.raises(ValueError, match="allowed: model, display"):
        fit.predict(scale="log")
    deep = meta.pool_multilevel(es, levels=["effect"])
    assert deep.backtransform().size == display_of(es).size


@pytest.mark.parametrize("draw", ["caterpillar", "orchard", "drapery", "funnel", "radial"])
def test_other_figures_label_their_axis_for_the_harmonic_mean(draw):
    from meta.plots.chart import how_read

    fit = meta.pool(effects("PFT"), method="DL")
    plot = getattr(meta.plots, draw)(fit)
    assert how_read(fit).back(fit.estimate) == fit.backtransform().estimate
    assert "proportion" in plot.alt_text

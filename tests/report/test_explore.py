"""The interactive part: the page's own code gives the toolkit's numbers, in an engine and in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_ndtr

import meta
from meta.claims.choices import merge
from meta.claims.claimed_effect import region
from meta.claims.decision_rule import decide, posterior_of
from meta.claims.verdict import Probabilities
from meta.effects.effect_size_table import EffectSizes
from meta.effects.study_evidence import PRIMARY
from meta.errors import quiet
from meta.report.sections.explore import knobs_of, payload, plain

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "meta/report/templates/scripts/explore.js").read_text(encoding="utf-8")
ANALYSES = ["soreness", "cortisol", "cramps-older-adults", "cramps-pregnancy"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence(ROOT / "studies")


@pytest.fixture(scope="module")
def engine():
    racer = pytest.importorskip("py_mini_racer").MiniRacer()
    racer.eval("globalThis.exposed = {};" + SCRIPT)
    return racer


@pytest.fixture(scope="module")
def ask(engine):
    def answer(data, state):
        call = f"exposed.answer({json.dumps(data)}, {json.dumps(state)})"
        return json.loads(
            engine.eval(f"(() => {{ const r = {call}; delete r.density; return JSON.stringify(r); }})()")
        )

    return answer


def start(data):
    return {
        "ticked": [study["ticked"] for study in data["studies"]],
        "knobs": {k["id"]: {"at": k["start"], "size": len(k["values"])} for k in data["knobs"]},
        "claimed": data["claimed"],
    }


def chosen(data, state):
    """The effects that a state of the page stands for."""
    for study, ticked in zip(data["studies"], state["ticked"], strict=True):
        place = 0
        for name in study["uses"]:
            place = place * state["knobs"][name]["size"] + state["knobs"][name]["at"]
        effect = study["effects"][place]
        if ticked and effect["kind"] != "none":
            yield study["label"], effect


def as_effects(pairs, measure):
    nan = float("nan")

    def end(effect, name, missing):
        if effect["kind"] != "bound":
            return nan
        return missing if effect[name] is None else effect[name]

    effects = [effect for _, effect in pairs]
    return EffectSizes(
        [e.get("y", nan) for e in effects],
        [e["v"] for e in effects],
        measure,
        [label for label, _ in pairs],
        kind=[e["kind"] for e in effects],
        lower=[end(e, "low", -np.inf) for e in effects],
        upper=[end(e, "high", np.inf) for e in effects],
        mixtures={
            i: tuple(map(tuple, e["mixture"])) for i, e in enumerate(effects) if e["kind"] == "mixture"
        },
    )


@pytest.mark.parametrize("name", ANALYSES)
def test_the_page_computes_what_the_toolkit_does_under_any_setting(evidence, ask, name):
    claim, analysis = evidence.analysis(name)
    data, rng = payload(evidence, claim, analysis), np.random.default_rng(8)
    for trial in range(8):
        state = start(data)
        if trial:
            state["ticked"] = [bool(rng.random() < 0.7) for _ in data["studies"]]
            for knob in state["knobs"].values():
                knob["at"] = int(rng.integers(knob["size"]))
            if data["judged"]:
                state["claimed"] = round(float(rng.uniform(0.3, 0.9)), 2)
        pairs, found = list(chosen(data, state)), ask(data, state)
        assert found["k"] == len(pairs)
        if not pairs:
            assert found["conclusion"] == "untestable"
            continue
        effects = as_effects(pairs, analysis.measure)
        with quiet():
            exact, wide = (
                posterior_of(effects, analysis, factor) for factor in (1.0, claim.rule.prior_factor)
            )
        assert found["estimate"] == pytest.approx(exact.estimate, abs=1e-6)
        assert found["interval"] == pytest.approx(exact.interval(0.95), abs=1e-3)
        if not data["judged"]:
            continue
        bar = region(claim.estimand.model_copy(update={"value": state["claimed"]}))[1]
        at = Probabilities(
            bar, float(exact.cdf(bar)), 0.0, float(exact.prior_probability(below=bar)), float(wide.cdf(bar))
        )
        assert found["bar"] == pytest.approx(bar, rel=1e-12)
        assert found["probability"] == pytest.approx(at.mean, abs=1e-6)
        assert found["wide"] == pytest.approx(at.wide, abs=1e-6)
        assert found["prior"] == pytest.approx(at.prior, abs=1e-9)
        computed = int(np.sum(effects.exact))
        assert found["conclusion"] == decide(claim.rule, at, effects.k, computed)[0]


def test_every_setting_of_the_sliders_is_the_toolkit_s_own_effect(evidence):
    claim, analysis = evidence.analysis("soreness")
    data = payload(evidence, claim, analysis)
    steward = next(study for study in data["studies"] if study["label"] == "Steward 2019")
    reading = next(item for item in evidence.readings("soreness") if item.study.label == "Steward 2019")
    knobs = knobs_of(evidence, claim, reading)
    assert [knob.id for knob in knobs] == steward["uses"] == ["within-person-r", "cv"]
    for place, setting in enumerate(product(*(knob.choices for knob in knobs))):
        es = evidence.effects("soreness", choices=merge((PRIMARY, *setting)))
        shown = steward["effects"][place]
        if shown["kind"] == "none":
            assert not es.informative.any()
        else:
            assert [shown["y"], shown["v"]] == pytest.approx([float(es.yi[0]), float(es.vi[0])], rel=1e-11)


def test_the_normal_tail_is_exact(engine):
    for x in (-38.0, -10.0, -3.11, -3.12, -1.0, 0.0, 2.0, 5.5, 9.0):
        assert engine.eval(f"exposed.logPhi({x})") == pytest.approx(float(log_ndtr(x)), rel=1e-12)
    assert engine.eval("exposed.logBetween(-Infinity, Infinity)") == 0
    wanted = np.log(np.exp(log_ndtr(-5.0)) - np.exp(log_ndtr(-5.2)))
    assert engine.eval("exposed.logBetween(5.0, 5.2)") == pytest.approx(float(wanted), rel=1e-11)


def test_bounds_and_mixtures_are_the_exact_engine_s(evidence, ask):
    claim, analysis = evidence.analysis("soreness")
    data = payload(evidence, claim, analysis)
    effects = [
        {"kind": "exact", "y": -0.3, "v": 0.04},
        {"kind": "bound", "v": 0.1, "low": None, "high": -0.2},
        {"kind": "bound", "v": 0.05, "low": -0.4, "high": 0.4},
        {"kind": "mixture", "v": 0.08, "mixture": [[-0.6, 0.5], [-0.1, 0.5]]},
    ]
    data["studies"] = [
        {"label": f"T{i}", "note": "", "ticked": True, "uses": [], "effects": [e]}
        for i, e in enumerate(effects)
    ]
    data["knobs"] = []
    found = ask(data, start(data))
    exact = posterior_of(as_effects([(f"T{i}", e) for i, e in enumerate(effects)], "ROM"), analysis)
    assert found["estimate"] == pytest.approx(exact.estimate, abs=1e-6)
    assert found["probability"] == pytest.approx(float(exact.cdf(found["bar"])), abs=1e-6)
    assert found["computed"] == 1


def test_what_has_no_number_has_none_in_the_page(evidence):
    data = payload(evidence, *evidence.analysis("cortisol"))
    golf = next(study for study in data["studies"] if study["label"] == "Golf 1998")
    assert golf["effects"] == [{"kind": "none"}]
    assert not golf["ticked"]
    assert "tier D" in golf["note"]
    json.dumps(data, allow_nan=False)
    reading = next(item for item in evidence.readings("cortisol") if item.study.label == "Golf 1998")
    assert plain(reading.effect) == {"kind": "none"}


def page_with(folder, script):
    """The committed page, with a script of the test's own that its policy would not let run."""
    text = (ROOT / "results" / "report.html").read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    path = folder / "page.html"
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return path


def said_in_chromium(folder, script=""):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    command += ["--virtual-time-budget=4000", "--dump-dom", page_with(folder, script).as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    start_at = dom.index('id="explore-soreness"')
    found = re.search(r'<div class="said" role="status">(.*?)</div>', dom[start_at:], re.S)
    return unescape(re.sub(r"<[^>]+>", " ", found[1]))


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_the_page_in_a_browser_says_the_toolkit_s_numbers(evidence, tmp_path):
    claim, _ = evidence.analysis("soreness")
    with quiet():
        verdict = meta.judge(claim, evidence.effects("soreness"))
    text = said_in_chromium(tmp_path)
    low, high = np.exp(verdict.posterior.interval(0.95))
    assert f"ratio {np.exp(verdict.posterior.estimate):.2f}, 95% interval {low:.2f} to {high:.2f}" in text
    assert f"{100 * verdict.at_margin.mean:.1f}%" in text
    assert "Verdict: inconclusive" in text


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_ticking_and_moving_in_a_browser_changes_the_answer(evidence, ask, tmp_path):
    data = payload(evidence, *evidence.analysis("soreness"))
    place = [study["label"] for study in data["studies"]].index("Coates 2025")
    script = f"""
      const root = document.getElementById("explore-soreness");
      root.querySelectorAll("input[type=checkbox]")[{place}].click();
      const range = document.getElementById("explore-soreness-claimed");
      range.value = 20; range.dispatchEvent(new Event("input"));"""
    text = said_in_chromium(tmp_path, script)
    state = start(data)
    state["ticked"][place], state["claimed"] = True, 0.8
    found = ask(data, state)
    assert text.strip().startswith("2 trials")
    assert f"{round(1000 * found['probability']) / 10:g}%" in text
    assert f"Verdict: {found['conclusion']}" in text

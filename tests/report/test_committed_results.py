"""The committed results are those of the committed study files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.claims.answers import answer_all, overall, primary_verdicts

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence(ROOT / "studies")


def test_effects(evidence):
    frame = pd.read_csv(ROOT / "results" / "effects.csv")
    listed = frame[frame["status"] != "not eligible"]
    for name in evidence.analyses:
        es = evidence.effects(name)
        rows = listed[listed["analysis"] == name]
        assert list(rows["study_id"]) == list(es.columns.get("study_id", []))
        np.testing.assert_allclose(rows["yi"].to_numpy(float), es.yi, rtol=1e-9)
        np.testing.assert_allclose(rows["vi"].to_numpy(float), es.vi, rtol=1e-9)


def test_verdicts(evidence):
    content = json.loads((ROOT / "results" / "verdicts.json").read_text(encoding="utf-8"))
    answers = answer_all(evidence)
    assert content["version"] == meta.__version__
    assert content["engines"]["checked"]
    assert all(content["engines"]["agree"].values())
    for key, claim in evidence.claims.items():
        assert content["claims"][key]["conclusion"] == overall(primary_verdicts(answers, claim))
    for item in answers:
        written = content["claims"][item.claim.id]["analyses"][item.analysis.id]
        if item.posterior is not None:
            assert written["posterior"]["estimate"] == pytest.approx(item.posterior.estimate, rel=1e-7)
        if item.verdict is not None and item.verdict.at_margin is not None:
            assert written["at_margin"]["mean"] == pytest.approx(item.verdict.at_margin.mean, rel=1e-7)


def test_every_file_that_is_named_is_there():
    content = json.loads((ROOT / "results" / "verdicts.json").read_text(encoding="utf-8"))
    assert content["files"]
    for name in content["files"]:
        assert (ROOT / "results" / name).stat().st_size > 0

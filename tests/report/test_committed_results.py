"""The committed results are those of the committed study files."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.claims.answer_claims import answer_all, overall, primary_verdicts
from meta.report.engines import EngineCheck
from meta.report.fingerprints import inputs_of, versions
from meta.report.markdown import escape
from meta.report.run import run

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


def rounded(data):
    """Text whose longer decimals are cut to two, because machines differ in the last digits of a float."""
    return re.sub(
        rb"-?\d+\.\d{3,}(?:e-?\d+)?", lambda found: b"%.2f" % (round(float(found[0]), 2) + 0.0), data
    )


def test_a_rerun_gives_the_committed_results(tmp_path):
    """The committed results are those of the committed files; only on the stack that they name."""
    committed = ROOT / "results"
    stack = ", ".join(f"{name} {version}" for name, version in versions().items())
    if f"{escape(stack)}." not in (committed / "report.md").read_text(encoding="utf-8"):
        pytest.skip("the committed results were computed with other versions")
    shutil.copytree(committed, tmp_path / "results")
    (tmp_path / "results" / ".kept.json").unlink(missing_ok=True)
    agree = json.loads((committed / "verdicts.json").read_text(encoding="utf-8"))["engines"]["agree"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EngineCheck, "start", lambda self: self)
        patch.setattr(EngineCheck, "result", lambda self: agree)
        result = run(ROOT / "studies", tmp_path / "results")
    assert result.change is None
    assert result.kept == ()
    for name in result.files:
        if not name.endswith(".png"):
            found, expected = ((folder / name).read_bytes() for folder in (tmp_path / "results", committed))
            assert rounded(found) == rounded(expected), name


def test_the_history_ends_at_the_committed_files(evidence):
    lines = (ROOT / "results" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["inputs"] == inputs_of(evidence).fingerprint
    written = json.loads((ROOT / "results" / "inputs.json").read_text(encoding="utf-8"))
    assert written["fingerprint"] == inputs_of(evidence).fingerprint

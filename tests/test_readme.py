"""What the README shows works, and what it says of the verdicts is what the files say."""

import json
import re
from pathlib import Path

import pytest

from meta.errors import FewStudiesWarning

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    monkeypatch.chdir(ROOT)
    with pytest.warns(FewStudiesWarning, match="k = 1"):
        exec(code.replace("bcg.svg", str(tmp_path / "bcg.svg")), {})
    assert "INCONCLUSIVE" in capsys.readouterr().out
    assert (tmp_path / "bcg.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_the_table_of_verdicts_says_what_the_results_say():
    claims = json.loads((ROOT / "results" / "verdicts.json").read_text(encoding="utf-8"))["claims"]
    shown = dict(re.findall(r"\| ([^|]+) \| \*\*([^*]+)\*\* \|", README))
    assert shown["41% less muscle soreness"] == claims["soreness-41"]["conclusion"]
    assert shown["cortisol normalised in 78%"].startswith(claims["cortisol-78"]["conclusion"])
    assert shown["fewer muscle cramps"] == claims["cramps"]["conclusion"]
    soreness = claims["soreness-41"]["analyses"]["soreness"]["at_margin"]
    assert (
        f"is {100 * soreness['mean']:.0f}%; before any data it was {100 * soreness['prior']:.0f}%" in README
    )


@pytest.mark.parametrize("target", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(target):
    assert (ROOT / target).exists()

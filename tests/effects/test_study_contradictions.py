"""What does not fit in a study file speaks, and in the same words in every command."""

import pytest

from meta.cli import app
from meta.effects.study_contradictions import doubts_about
from meta.effects.study_evidence import load_evidence
from meta.evidence.study_schema import Study

NOW = 2026


def means(m1, s1, m2, s2, n=(18, 17), **more):
    parts = [{"arm": "mg", "mean": m1, "n": n[0]}, {"arm": "placebo", "mean": m2, "n": n[1]}]
    for part, sd in zip(parts, (s1, s2), strict=True):
        part |= {"sd": sd} if sd is not None else {}
    return {"kind": "means", "arms": parts} | more


def result(statistic, name="one", **more):
    return {
        "id": name, "outcome": "pain", "measured": "pain", "time": {"label": "8 weeks"}, "phase": "final",
        "arms": ["mg", "placebo"], "source": "paper", "place": "Table 2", "statistic": statistic,
    } | more  # fmt: skip


def study(*results, arm=None, control=None, people=None, name="doe-2001", **more):
    return Study.model_validate(
        {
            "id": name, "label": "Doe 2001", "title": "A trial", "status": "included", "year": 2001,
            "sources": [{"key": "paper", "citation": "Doe 2001", "read": "abstract"}],
            "design": {
                "kind": "parallel", "allocation": "randomised", "blinding": "double-blind",
                "control": "placebo",
            },
            "population": {"group": "adults", "description": "adults"} | (people or {}),
            "arms": [
                {"id": "mg", "role": "treatment", "label": "Magnesium"} | (arm or {}),
                {"id": "placebo", "role": "control", "label": "Placebo"} | (control or {}),
            ],
            "results": list(results),
        }
        | more
    )  # fmt: skip


def said(made, *others):
    return [(item.kind, str(item)) for item in doubts_about(made, others, this_year=NOW)]


GOOD = means(32, 16.6, 44, 16.6, p=0.04)
BAD = {
    "an SD that is a standard error, p stated": (
        study(result(means(32, 1.6, 37, 1.6, p=0.034))), "contradiction", "standard error",
    ),
    "an SD that is a standard error": (study(result(means(32, 1.6, 44, 1.6))), "worth a look", "beyond 2"),
    "one SD that is a standard error": (
        study(result(means(32, 3.9, 44, 16.6))), "worth a look", "sd1 may be a standard error",
    ),
    "a year in the dose": (study(result(GOOD), arm={"dose_mg": 2021}), "worth a look", "dose_mg = 2021"),
    "a year to come": (study(result(GOOD), year=2063), "contradiction", "year = 2063"),
    "a mean off its scale": (
        study(result(means(32, 2.0, 5, 2.0), scale_low=0, scale_high=10)),
        "contradiction", "outside the scale",
    ),
    "a change longer than its scale": (
        study(result(means(-12, 2.0, -5, 2.0), scale_low=0, scale_high=10, phase="change")), "contradiction",
        "length of the scale",
    ),
    "p against means": (study(result(means(32, 16.6, 47.2, 16.6, p=0.9))), "contradiction", "p = 0.9"),
    "p against t": (
        study(result({"kind": "test", "t": 2.7, "p": 0.9, "direction": "lower"})), "contradiction", "p = 0.9",
    ),
    "p against t and df": (
        study(result({"kind": "test", "t": 2.7, "df": [33], "p": 0.9, "direction": "lower"})),
        "contradiction", "p = 0.9",
    ),
    "p of one result against the means of another": (
        study(
            result(means(32, 16.6, 47.2, 16.6)),
            result({"kind": "test", "p": 0.9, "direction": "lower"}, "two"),
        ),
        "contradiction", "one and two: p = 0.9",
    ),
    "p against an interval": (
        study(result({"kind": "mean-difference", "difference": -5, "ci_low": -9, "ci_high": -1, "p": 0.6}),
              arm={"n_analysed": 30}, control={"n_analysed": 30}),
        "contradiction", "p = 0.6",
    ),
    "a percentage of no count": (
        study(result({"kind": "percentages", "arms": [
            {"arm": "mg", "percent": 35.0, "n": 12}, {"arm": "placebo", "percent": 50.0, "n": 12}]})),
        "contradiction", "fits no count",
    ),
    "more analysed than randomised": (
        study(result(GOOD), arm={"n_randomised": 20, "n_analysed": 22}), "contradiction", "more than",
    ),
    "more in a result than randomised": (
        study(result(GOOD), arm={"n_randomised": 17}), "contradiction", "n = 18 of mg",
    ),
    "a change that is not after minus before": (
        study(
            result(means(50, 16, 50, 16), "before", phase="baseline"),
            result(GOOD, "after"),
            result(means(18, 16, -6, 16), "change", phase="change"),
        ),
        "contradiction", "after minus before",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_slip_speaks(name):
    made, kind, words = BAD[name]
    found = [text for own, text in said(made) if own == kind and words in text]
    assert found, said(made)


def test_a_study_that_fits_is_silent():
    assert said(study(result(GOOD), arm={"dose_mg": 300, "n_randomised": 20})) == []


def test_an_sd_unlike_those_of_other_studies():
    others = [study(result(means(30, sd, 40, sd)), name=f"roe-{sd}") for sd in (15, 17)]
    found = said(study(result(means(40.5, 4.0, 41, 4.0))), *others)
    assert [kind for kind, text in found if "it may be a standard error" in text] == ["worth a look"] * 2
    assert said(study(result(GOOD)), *others) == []


def test_every_command_lists_the_same(tmp_path, capsys):
    from meta.evidence.writing import study_text

    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "claims.toml").write_text('[topic]\ntreatment = "magnesium"\n')
    made = BAD["p against means"][0].model_copy(update={"year": 2063})
    (folder / "doe-2001.toml").write_text(study_text(made))
    evidence = load_evidence(folder)
    lines = {f"{item.kind}: {item}" for item in evidence.doubts("doe-2001")}
    assert len(lines) == 2
    for command in (["check", str(folder)], ["show", "doe-2001", "--studies", str(folder)]):
        with pytest.raises(SystemExit):
            app(command)
        printed = capsys.readouterr()
        told = " ".join((printed.out + printed.err).split())
        for line in lines:
            assert line in told, (command, told)

"""``meta pool --methods all`` and ``--cluster`` (meta.commands.methods, multilevel)."""

import csv
import json

import pytest

import meta
from meta.errors import quiet
from tests.cli.conftest import BCG

COUNTS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
REPEATED = (
    "study,yi,vi,place\nA,0.1,0.02,x\nA,0.3,0.03,x\nB,0.25,0.02,y\nB,0.5,0.05,y\nC,0.4,0.04,z\nC,0.1,0.02,z\n"
)


@pytest.fixture(scope="module")
def bcg():
    with quiet():
        return meta.effect_sizes(str(BCG), measure="RR", **COUNTS)


def test_all_methods_in_one_table(invoke, bcg):
    code, out, _ = invoke("pool", BCG, "-m", "RR", "--methods", "all", "--json")
    assert code == 0
    rows = json.loads(out)["methods"]
    named = [(row["method"], row["test"]) for row in rows]
    tests = ("z", "hksj", "adhoc")
    assert named == [("EE", "z"), *((m, t) for m in ("DL", "REML", "PM") for t in tests), ("Bayes", None)]
    for row in rows[:-1]:
        with quiet():
            fit = meta.pool(bcg, method=row["method"], test=row["test"])
        assert (row["estimate"], row["ci_low"], row["p_value"]) == (fit.estimate, fit.ci_low, fit.p_value)
    post = meta.bayes(bcg)
    assert rows[-1]["estimate"] == post.estimate
    assert (rows[-1]["ci_low"], rows[-1]["ci_high"]) == tuple(post.interval(0.95, kind="shortest", of="mu"))
    text = invoke("pool", BCG, "-m", "RR", "--methods", "all")[1]
    assert "measure: log risk ratio" in text
    assert "RR 0.49" in text
    assert "Bayes: mu ~ " in text


def test_methods_by_name_level_and_file(invoke, tmp_path, bcg):
    code, _, err = invoke(
        "pool", BCG, "-m", "RR", "--methods", "HE, bayes", "--level", "0.9", "-o", "methods.csv"
    )
    assert code == 0, err
    rows = list(csv.DictReader((tmp_path / "methods.csv").read_text().splitlines()))
    assert [row["method"] for row in rows] == ["HE", "HE", "HE", "Bayes"]
    with quiet():
        fit = meta.pool(bcg, method="HE", test="z", level=0.9)
    assert float(rows[0]["ci_high"]) == fit.ci_high
    assert invoke("pool", BCG, "-m", "RR", "--methods", "all", "-o", "methods.svg")[0] == 0


def test_without_default_priors_the_rest_is_shown(invoke):
    code, out, _ = invoke("pool", "-", "--methods", "all", stdin="study,yi,vi\nA,0.1,0.02\nB,0.4,0.03\n")
    assert code == 0
    assert "REML, Hartung-Knapp, floored" in out
    assert "note: Bayes is not computed: measure GEN has no default priors" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--methods", "all", "--by", "alloc"], "leave out --by"),
        (["--methods", "all", "--method", "DL"], "leave out --method and --test"),
        (["--methods", "all", "--test", "z"], "leave out --method and --test"),
        (["--methods", ","], "--methods must be all"),
        (["--methods", "DX"], "DX"),
        (["--cluster", "alloc", "--by", "alloc"], "leave out --by and --methods"),
        (["--cluster", "alloc", "--methods", "all"], "leave out --by and --methods"),
        (["--cluster", "alloc", "--method", "DL"], "--cluster takes --method REML or ML, not DL"),
        (["--cluster", "alloc", "--test", "z"], "leave out --test"),
        (["--cluster", "nowhere"], "--cluster 'nowhere' is not a column"),
        (["--cluster", "study"], "every study has one row"),
    ],
)
def test_what_does_not_go_together_is_refused(invoke, arguments, words):
    code, out, err = invoke("pool", BCG, "-m", "RR", *arguments)
    assert (code, out) == (2, "")
    assert words in err.splitlines()[-1]


@pytest.mark.parametrize("cluster", ["study", "place"])
def test_rows_of_a_cluster_are_kept_together_and_it_is_said_how(invoke, tmp_path, cluster):
    (tmp_path / "t.csv").write_text(REPEATED)
    code, out, err = invoke("pool", "t.csv", "--cluster", cluster, "--json")
    assert code == 0
    found = json.loads(out)
    with quiet():
        es = meta.effect_sizes(str(tmp_path / "t.csv"), measure="GEN")
        fit = meta.pool_multilevel(es, levels=[cluster, "effect"])
        robust = fit.robust(kind="CR2")
    assert found["coefficients"]["Intercept"]["estimate"] == pytest.approx(fit.estimate, rel=1e-12)
    assert found["robust"]["coefficients"]["Intercept"]["se"] == pytest.approx(float(robust.se), rel=1e-12)
    assert f"--cluster {cluster}: a random effect for each {cluster} and one for each row" in err
    assert "has 2 rows" not in err
    assert "meta pool --cluster study keeps them together" in invoke("pool", "t.csv")[2]

"""`meta network`: contrasts and arms from files."""

import json

import meta
from meta.errors import quiet


def test_contrasts_and_arms(invoke, tmp_path):
    path = tmp_path / "contrasts.csv"
    meta.datasets.load("senn2013").to_csv(path, index=False)
    code, out, err = invoke("network", str(path), "-m", "MD", "--reference", "plac", "--better", "low")
    assert code == 0, err
    assert "26 trials · 10 treatments" in out
    assert out.rstrip().splitlines()[-1].split()[0] == "plac"
    arms = tmp_path / "arms.csv"
    meta.datasets.load("hasselblad1998").rename(columns={"treatment": "form", "events": "quit"}).to_csv(
        arms, index=False
    )
    code, out, err = invoke(
        "network", str(arms), "-m", "OR", "--treatment", "form", "-c", "events=quit", "-c", "n=n",
        "--reference", "no_contact", "--method", "DL", "--json",
    )  # fmt: skip
    assert code == 0, err
    assert abs(json.loads(out)["tau2"] - 0.5988752589) < 1e-9


def test_mistakes_end_in_a_sentence(invoke, tmp_path):
    path = tmp_path / "contrasts.csv"
    meta.datasets.load("senn2013").to_csv(path, index=False)
    for options, told in (
        (["--reference", "nothing"], "unknown reference 'nothing'"),
        (["--drop00"], "--drop00 has no effect on a network"),
        (["--method", "HE"], "unknown method 'HE'"),
    ):
        code, _, err = invoke("network", str(path), *options)
        assert code == 2
        assert told in err


def test_columns_are_recognised_by_their_spellings_in_other_programs(invoke, tmp_path):
    path = tmp_path / "t.csv"
    senn = meta.datasets.load("senn2013")
    expected = meta.pool_network(senn, measure="MD").tidy()["estimate"].tolist()
    for names in (
        {"study": "studlab", "yi": "TE", "sei": "seTE"},
        {"study": "Trial", "treat1": "t1", "treat2": "t2", "yi": "diff", "sei": "SE"},
        {"yi": "MD", "sei": "se_MD", "treat1": "drug1", "treat2": "drug2"},
    ):
        senn.rename(columns=names).to_csv(path, index=False)
        code, out, err = invoke("network", str(path), "-m", "MD", "--json")
        assert code == 0, err
        assert json.loads(out)["reference"] == "plac"
        found = [row for row in json.loads(out)["effects"] if "plac" in (row["treat1"], row["treat2"])]
        assert sorted(abs(row["estimate"]) for row in found) == sorted(map(abs, expected))
        assert "columns: " in err
    quit = meta.datasets.load("hasselblad1998").drop(columns=["authors", "year"])
    with quiet():
        tau2 = meta.pool_network(quit, measure="OR").tau2
    quit.rename(columns={"treatment": "Drug", "events": "responders", "n": "sampleSize"}).to_csv(
        path, index=False
    )
    code, out, err = invoke("network", str(path), "-m", "OR", "--json")
    assert code == 0, err
    assert json.loads(out)["tau2"] == tau2
    assert "columns: treatment = Drug, events = responders, n = sampleSize" in err


def test_an_author_and_a_year_are_the_label_of_a_trial(invoke, tmp_path):
    path = tmp_path / "t.csv"
    text = "author,year,drug,r,n\nA,1999,a,3,50\nA,1999,b,9,50\nA,2004,a,4,60\nA,2004,c,9,55\nB,2001,b,5,44\n"
    path.write_text(text + "B,2001,c,9,40\nB,2001,a,2,40\n")
    code, out, err = invoke("network", str(path), "-m", "OR")
    assert code == 0, err
    assert "3 trials · 3 treatments" in out
    assert "study = author year" in err
    script = invoke("network", str(path), "-m", "OR", "--code")[1]
    names = {}
    with quiet():
        exec(script.replace("print(fit)", ""), names)
    assert names["fit"].k == 3

"""`meta network`: contrasts and arms from files."""

import json

import meta


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

"""The page of rules is that of the registry, and the command says what the function says."""

import json
from pathlib import Path

import pytest

import meta
from meta import cli
from meta.recovery import pages

PAGE = Path(__file__).parents[2] / "docs" / "recovery.md"


def test_the_page_is_that_of_the_registry():
    _, mark, generated = PAGE.read_text(encoding="utf-8").partition(pages.MARK)
    assert mark + generated == pages.page(), "run python -m meta.recovery.pages docs/recovery.md"


def run(capsys, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["meta", "solve", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    out, err = capsys.readouterr()
    return left.value.code or 0, out, err


FACTS = ("--mean1", "32", "--n1", "18", "--mean2", "44", "--n2", "17", "--p", "0.040", "-m", "SMD")


def test_the_command_prints_what_the_function_finds(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, *FACTS)
    found = meta.solve(measure="SMD", mean1="32", n1="18", mean2="44", n2="17", p="0.040")
    assert (code, out.split()) == (0, str(found).split())
    code, out, _ = run(capsys, monkeypatch, *FACTS, "--json")
    assert json.loads(out)["yi"] == found.yi
    code, out, _ = run(capsys, monkeypatch, *FACTS, "--code")
    assert eval(out, {"meta": meta}).to_dict() == found.to_dict()
    # numbers as numbers; text only where a float would lose a zero that was printed
    assert out.strip() == "meta.solve(measure='SMD', mean1=32, n1=18, mean2=44, n2=17, p='0.040')"
    code, out, _ = run(capsys, monkeypatch, *FACTS, "--explain")
    assert "doi:10.1002/9781119536604.ch6" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--meen1", "3", "-m", "SMD"), "unknown fact 'meen1'; did you mean 'mean1'?"),
        (("--mean1", "x", "-m", "SMD"), "mean1 must be a number, not 'x'"),
        (("--n1", "-3", "--sd1", "0", "-m", "SMD"), "n1 must be >= 1, and is -3; sd1 must be > 0, and is 0"),
        (("--mean1", "-m", "SMD"), "--mean1 needs a value"),
        (("--mean1", "3"), "say which effect is sought"),
        (("--mean1", "3", "-m", "SMX"), "SMX"),
        (("--design", "crosover", "-m", "SMD", "--n1", "3"), "did you mean 'crossover'?"),
        (("--p", "0.000", "--n1", "3", "-m", "SMD"), "write p=0.000 as the threshold p_below=0.001"),
    ],
)
def test_a_mistake_is_one_sentence(words, message, capsys, monkeypatch):
    code, _, err = run(capsys, monkeypatch, *words)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_table_is_previewed_row_by_row(capsys, monkeypatch, tmp_path):
    path = tmp_path / "mixed.csv"
    path.write_text(
        "study,mean1,sd1,n1,mean2,sd2,n2,t,p\nA,5,1,20,4.5,1.1,22,,\nB,,,30,,,31,2.4,\nC,,,25,,,24,,0.03\n"
    )
    code, out, _ = run(capsys, monkeypatch, str(path), "-m", "SMD")
    lines = out.splitlines()
    assert code == 0
    assert lines[1].split()[:2] == ["A", "0.4656"]
    assert "mixture" in lines[3]
    code, out, _ = run(capsys, monkeypatch, str(path), "-m", "SMD", "--json")
    rows = json.loads(out)
    assert [row["tier"] for row in rows] == ["A", "A", "C"]
    assert rows[2]["yi"] is None
    assert len(rows[2]["mixture"]) == 2


def test_nothing_found_is_exit_code_2(capsys, monkeypatch):
    code, out, _ = run(capsys, monkeypatch, "--n1", "18", "--p", "0.04", "-m", "SMD")
    assert code == 2
    assert "it would with" in out

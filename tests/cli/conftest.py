import io
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from meta import cli

ROOT = Path(__file__).parents[2]
BCG = ROOT / "meta" / "datasets" / "data" / "bcg.csv"
RM5 = ROOT / "tests" / "fixtures" / "revman" / "aspirin.rm5"


@pytest.fixture
def invoke(monkeypatch, capsys, tmp_path):
    """Run the command line in an empty folder; return exit code, output and complaints."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments, stdin=None):
        monkeypatch.setattr(sys, "argv", ["meta", *map(str, arguments)])
        if stdin is not None:
            raw = stdin if isinstance(stdin, bytes) else stdin.encode()
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return stopped.value.code or 0, captured.out, captured.err

    return call


@pytest.fixture
def workplace(tmp_path):
    """The files that the examples in the help texts name."""
    table = pd.read_csv(BCG)
    table.assign(form=table["alloc"], dose=table["ablat"]).to_csv(tmp_path / "trials.csv", index=False)
    scores = "study,mt,sd1i,n1i,mc,sd2i,n2i,form\nA,5,2,20,4,2,20,x\nB,6,2,30,4,2,31,x\n"
    scores += "C,5,2,9,5,3,9,y\nD,4,1,9,3,1,9,y\n"
    (tmp_path / "scores.csv").write_text(scores)
    arms = "study,dose,mean,sd,n\n" + "".join(
        f"{name},{dose},{0.01 * dose + i},{1 + i / 9},{30 + i}\n"
        for i, name in enumerate("ABCD")
        for dose in (0, 100, 300)
    )
    (tmp_path / "arms.csv").write_text(arms)
    shutil.copy(RM5, tmp_path / "review.rm5")
    shutil.copytree(ROOT / "studies", tmp_path / "studies")
    return tmp_path

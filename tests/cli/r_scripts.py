"""Scripts that ``--code r`` prints, and the numbers that R (metafor, clubSandwich) finds by running them.

``python -m tests.cli.r_scripts`` runs each by Rscript and writes tests/fixtures/code_metafor.json; the tests
compare scripts and numbers with that file and need no R.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

STORED = Path(__file__).parents[1] / "fixtures" / "code_metafor.json"
COUNTS = (
    "study,events1,n1,events2,n2,g\nA,4,123,11,139,x\nB,6,306,29,303,x\nC,3,231,11,220,y\nD,5,100,9,101,y\n"
)
ZERO = "study,events1,n1,events2,n2\nA,0,123,11,139\nB,6,306,29,303\nC,3,231,11,220\n"
MEANS = "study,mean1,sd1,n1,mean2,sd2,n2\nA,5,2,20,4,2,20\nB,6,2,30,4,2,31\nC,5,2,9,5,3,9\nD,4,1,9,3,1,9\n"
SHARES = "study,events,n\nA,3,21\nB,2,23\nC,10,38\nD,25,64\nE,85,135\n"
EFFECTS = (
    "study,yi,vi,dose,J/N,region\nA,0.1,0.02,1,J,Asia\nB,0.3,0.03,2,N,asia\nC,0.25,0.02,3,J,Europe\n"
    "D,0.5,0.05,4,N,Europe\nE,0.4,0.04,5,J,Asia\nF,0.2,0.02,6,N,asia\nG,0.45,0.02,,N,asia\n"
)
REPEATED = "study,yi,vi\nA,0.1,0.02\nA,0.3,0.03\nB,0.25,0.02\nB,0.5,0.05\nC,0.4,0.04\nC,0.1,0.02\nD,0.6,0.1\n"
RATES = "study,events1,time1,events2,time2\nA,12,450,15,444\nB,5,510,9,500\nC,7,300,18,310\n"
SEVERAL = "study,mean1,sd1,n1,mean2,sd2,n2,t\nA,5,1,20,4.5,1.1,22,\nB,,,30,,,31,2.4\nC,5,1,9,4,1,9,\n"

CONTRASTS = (
    "study,treat1,treat2,yi,sei\n1,metf,plac,-1.9,0.14\n2,metf,plac,-0.82,0.1\n3,metf,acar,-0.2,0.36\n"
    "4,rosi,plac,-1.34,0.15\n5,acar,plac,-0.9,0.25\n6,rosi,metf,0.1,0.2\n7,my drug,plac,-0.7,0.3\n"
)
QUIT = (
    "study,treatment,events,n\n1,none,75,731\n1,self,363,714\n2,none,9,140\n2,self,23,140\n2,group,10,138\n"
    "3,none,2,106\n3,group,9,205\n4,self,58,549\n4,group,237,1561\n5,none,0,33\n5,self,9,48\n"
)
DOSES = "study,dose,mean,sd,n\n" + "".join(
    f"{name},{dose},{mean},{sd},{n}\n"
    for name, dose, mean, sd, n in (
        ("A", 0, 0, 1, 30), ("A", 100, 1, 1, 31), ("A", 300, 2.6, 1.2, 31), ("B", 0, 0.5, 1.1, 30),
        ("B", 50, 1, 1.1, 31), ("B", 200, 1.9, 1.1, 31), ("C", 0, 1, 1, 20), ("C", 100, 2.3, 1, 21),
        ("C", 300, 3.9, 1.2, 22), ("D", 0, 1, 1, 20), ("D", 150, 1.9, 1, 21), ("D", 300, 4.4, 1.2, 22),
    )
)  # fmt: skip
COHORTS = (
    "study,dose,yi,sei,cases,n\nA,0,0,,30,400\nA,10,0.2,0.2,40,410\nA,30,0.5,0.25,30,300\nB,0,0,,50,800\n"
    "B,20,-0.1,0.15,60,810\nB,50,0.2,0.2,70,700\nC,5,0,,25,300\nC,25,0.3,0.2,40,310\nC,60,0.9,0.25,30,200\n"
)

SCRIPTS: dict[str, tuple[str, list[str]]] = {
    "risk ratio": (COUNTS, ["pool", "t.csv", "-m", "RR"]),
    "odds ratio, normal, 90%": (COUNTS, ["pool", "t.csv", "-m", "OR", "--test", "z", "--level", "0.9"]),
    "zero cells, 0.25 to all": (ZERO, ["pool", "t.csv", "-m", "RR", "--add", "0.25", "--to", "all"]),
    "risk difference, floored": (COUNTS, ["pool", "t.csv", "-m", "RD", "--test", "adhoc"]),
    "mean difference, DL": (MEANS, ["pool", "t.csv", "-m", "MD", "--method", "DL", "--test", "t"]),
    "standardised, ML": (MEANS, ["pool", "t.csv", "-m", "SMD", "--method", "ML"]),
    "standardised, UB": (MEANS, ["pool", "t.csv", "-m", "SMD", "--vtype", "UB", "--method", "PM"]),
    "ratio of means": (MEANS, ["pool", "t.csv", "-m", "ROM"]),
    "rows solved": (SEVERAL, ["pool", "t.csv", "-m", "SMD"]),
    "logits": (SHARES, ["pool", "t.csv", "-m", "PLO", "--method", "EB"]),
    "double arcsines": (SHARES, ["pool", "t.csv", "-m", "PFT"]),
    "rate ratio": (RATES, ["pool", "t.csv", "-m", "IRR", "--method", "EE", "--test", "z"]),
    "effects, known tau2": (EFFECTS, ["pool", "t.csv", "--method", "0.01", "--test", "z"]),
    "groups": (COUNTS, ["pool", "t.csv", "-m", "RR", "--by", "g"]),
    "Mantel-Haenszel": (COUNTS, ["pool", "t.csv", "-m", "OR", "--method", "MH"]),
    "Mantel-Haenszel by groups": (ZERO + "D,4,60,5,61\n", ["pool", "t.csv", "-m", "RR", "--method", "MH"]),
    "Peto": (COUNTS, ["pool", "t.csv", "-m", "OR", "--method", "Peto"]),
    "logits, GLMM": (SHARES, ["pool", "t.csv", "-m", "PLO", "--method", "GLMM"]),
    "rates, Mantel-Haenszel": (RATES, ["pool", "t.csv", "-m", "IRR", "--method", "MH"]),
    "correlations": ("study,r,n\nA,0.3,40\nB,0.5,60\nC,0.1,55\n", ["pool", "t.csv", "-m", "ZCOR"]),
    "slope": (EFFECTS, ["regress", "t.csv", "-f", "~ dose"]),
    "factors of odd names": (EFFECTS, ["regress", "t.csv", "-f", "~ C(`J/N`) + region", "--test", "z"]),
    "no intercept": (EFFECTS, ["regress", "t.csv", "-f", "~ 0 + region"]),
    "a transformed moderator": (EFFECTS, ["regress", "t.csv", "-f", "~ np.log(dose)"]),
    "levels": (REPEATED, ["multilevel", "t.csv"]),
    "levels, correlated, robust": (REPEATED, ["multilevel", "t.csv", "--rho", "0.6", "--robust", "CR2"]),
    "clusters of a pool": (REPEATED, ["pool", "t.csv", "--cluster", "study"]),
    "levels with a slope": (
        "study,yi,vi,x\n" + "".join(f"{line},{i % 3}\n" for i, line in enumerate(REPEATED.splitlines()[1:])),
        ["multilevel", "t.csv", "-f", "~ x", "--method", "ML"],
    ),
    "network of contrasts": (
        CONTRASTS,
        ["network", "t.csv", "-m", "MD", "--reference", "plac", "--test", "t"],
    ),
    "network of arms": (QUIT, ["network", "t.csv", "-m", "OR", "--method", "ML", "--test", "z"]),
    "network, equal effects, 90%": (
        QUIT,
        ["network", "t.csv", "-m", "RR", "--method", "EE", "--test", "z", "--level", "0.9"],
    ),
    "network, known tau2": (QUIT, ["network", "t.csv", "-m", "OR", "--method", "0.2", "--test", "z"]),
    "line of doses": (DOSES, ["dose", "t.csv", "-m", "MD"]),
    "quadratic curve, ML": (DOSES, ["dose", "t.csv", "-m", "MD", "--shape", "quadratic", "--method", "ML"]),
    "equal splines": (
        DOSES,
        ["dose", "t.csv", "-m", "MD", "--shape", "rcs", "--knots", "3", "--method", "EE"],
    ),
    "cohorts with other references": (COHORTS, ["dose", "t.csv", "--design", "cohort", "--shape", "log"]),
}
"""By name: the table and the command. The coefficients and their standard errors are compared."""
SHOWN = 'cat(sprintf("%.10f", c(coef(fit), sqrt(diag(as.matrix(vcov(fit)))))), "\\n")'
COUNTED = 'cat(sprintf("%.10f", c(as.numeric(fit$beta), fit$se)), "\\n")'


def numbers_here(run, arguments: list[str]) -> list[float]:
    """Coefficients, then their standard errors, as the command finds them."""
    found = json.loads(run(*arguments, "--json")[1])
    if "coefficients" in found:
        rows = found["coefficients"]
        rows = rows if isinstance(rows, list) else list(rows.values())
        return [row["estimate"] for row in rows] + [row["se"] for row in rows]
    if "treatments" in found:
        rows = [row for row in found["effects"] if found["reference"] in (row["treat1"], row["treat2"])]
        signs = [1 if row["treat2"] == found["reference"] else -1 for row in rows]
        pairs = sorted(zip(signs, rows, strict=True), key=lambda pair: other(pair[1], found["reference"]))
        return [sign * row["estimate"] for sign, row in pairs] + [row["se"] for _, row in pairs]
    one = found.get("overall", found)
    return [one["estimate"], one["se"]]


def other(row: dict[str, str], reference: str) -> str:
    """The treatment that a comparison sets against the reference."""
    return row["treat1"] if row["treat2"] == reference else row["treat2"]


def _script(text: str, arguments: list[str], folder: str) -> list[str]:
    Path(folder, "t.csv").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "meta", *arguments, "--code", "r"],
        cwd=folder, capture_output=True, text=True, check=True, env={**os.environ},
    )  # fmt: skip
    return done.stdout.rstrip("\n").splitlines()


def main() -> None:
    """Run every script by R and store what it finds."""
    stored = {}
    for name, (text, arguments) in SCRIPTS.items():
        with tempfile.TemporaryDirectory() as folder:
            script = _script(text, arguments, folder)
            shown = COUNTED if any("rma.mh" in line or "rma.peto" in line for line in script) else SHOWN
            Path(folder, "x.R").write_text("\n".join([*script, shown]))
            done = subprocess.run(["Rscript", "x.R"], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr}")
        numbers = [float(x) for x in done.stdout.strip().splitlines()[-1].split()]
        if not all(map(math.isfinite, numbers)):
            raise SystemExit(f"{name}: {numbers}")
        stored[name] = {"script": script, "numbers": numbers}
        print(name, numbers)
    STORED.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

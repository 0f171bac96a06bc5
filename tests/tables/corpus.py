"""Shapes of tables as people have them, made from a list of layouts, separators, headers and cell forms.

Each shape holds the same three trials (or effects) and says what must come out: the pooled numbers, or words
of the refusal. ``python -m tests.tables.corpus`` counts them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

COUNTS = [("Álvarez 2001", 12, 45, 15, 44), ("Beta 2002", 5, 50, 9, 50), ("Gamma, C", 7, 30, 8, 31)]
MEANS = [
    ("A", 5.0, 1.0, 20, 6.0, 1.1, 20),
    ("B", 5.2, 1.3, 20, 6.0, 1.2, 20),
    ("C", 4.8, 0.9, 25, 5.1, 1.0, 24),
]
EFFECTS = [("A", 0.3, 0.1), ("B", 0.5, 0.2), ("C", 0.1, 0.15)]
RATIOS = [("A", "1.35", "1.11", "1.64"), ("B", "1.65", "1.11", "2.44"), ("C", "1.10", "0.82", "1.48")]
RISK_RATIO = (-0.276, -0.790, 0.239)
EFFECT = (0.277, -0.114, 0.668)
ODDS_RATIO = (0.276, -0.125, 0.677)
"""R (metafor 3.8): escalc and rma with REML and knha, of the plain table."""
STANDARDISED = (-0.593, -1.373, 0.187)
"""Hedges 1981 with the exact factor, REML by search, t with 2 degrees of freedom, written out apart."""


@dataclass(frozen=True)
class Shape:
    """One table: its name, its content, the options, and what must come out."""

    name: str
    content: bytes
    arguments: tuple[str, ...] = ()
    numbers: tuple[float, float, float] | None = None
    refusal: str = ""
    ending: str = ".csv"
    labels: tuple[str, ...] = field(default=())


def quoted(cell: object, separator: str) -> str:
    text = str(cell)
    return f'"{text}"' if separator in text or (separator == " " and " " in text) else text


def lines(rows: list, separator: str, decimal: str = ".") -> str:
    def shown(cell: object) -> str:
        text = repr(cell).replace(".", decimal) if isinstance(cell, float) else str(cell)
        return quoted(text, separator)

    return "\n".join(separator.join(shown(cell) for cell in row) for row in rows) + "\n"


SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blank": " "}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
TWO_BY_TWO = {
    "metafor": ["study", "ai", "n1i", "ci", "n2i"],
    "meta": ["studlab", "event.e", "n.e", "event.c", "n.c"],
    "RevMan": ["Study", "Experimental events", "Experimental total", "Control events", "Control total"],
    "CMA": ["Study name", "Group-A Events", "Group-A Total N", "Group-B Events", "Group-B Total N"],
    "Stata": ["trial", "tpos", "tn", "cpos", "cn"],
    "German": ["Studie", "Ereignisse Behandlung", "N Behandlung", "Ereignisse Kontrolle", "N Kontrolle"],
    "French": [
        "Étude",
        "Évènements traitement",
        "Effectif traitement",
        "Évènements témoin",
        "Effectif témoin",
    ],
    "Spanish": ["Estudio", "Eventos tratamiento", "Total tratamiento", "Eventos control", "Total control"],
    "arms named": ["Study", "Events aspirin", "N aspirin", "Events placebo", "N placebo"],
    "two drugs": ["Author", "deaths (drug A)", "total (drug A)", "deaths (drug B)", "total (drug B)"],
}
GENERIC = ["estimate,se", "beta,se", "b,SE(b)", "cohens_d,se_cohens_d", "d,d_se", "logOR,SE logOR", "TE,seTE"]
GENERIC += ["es,std_err", "Hedges' g,SE of Hedges' g", "coef,std.error", "Effect size,Standard error"]
VARIANCES = ["yi,vi", "d,var.d", "z,var.z", "SMD,v_SMD", "es,variance", "lnHR,var_lnHR"]
FRACTIONS = ["{}/{}", "{} / {}", "{} of {}", "{} out of {}", "{}/{} (20%)"]
INTERVALS = [
    "{} ({}-{})",
    "{} ({} to {})",
    "{} [{}, {}]",
    "{} ({}–{})",
    "{} [{}; {}]",
    "{} (95% CI {} to {})",
]
INTERVALS += ["{} (95% CI: {}-{})", "{}, 95% CI {} to {}", "{} ({} - {})"]
SPREADS = [("Mean (SD) {}", "{} ({})"), ("{} mean (SD)", "{} ({})"), ("{}", "{} ± {}"), ("{}", "{} +/- {}")]
SPREADS += [("{}, mean ± SD", "{}±{}"), ("M (SD), {}", "{} [{}]")]
BLANKS = ["NA", "NR", "ND", "n.r.", "not reported", "—", "-", ".", "", "N/A", "NaN", "?"]
NUMBERS = {"middle dot": "·", "full-width minus": ".", "footnote": ".", "comma": ","}


def shapes() -> list[Shape]:
    """All shapes."""
    return [*_counts(), *_layouts(), *_generic(), *_printed(), *_decimals(), *_missing(), *_refused()]


def _counts() -> list[Shape]:
    found = []
    for (kind, separator), (dialect, header) in product(SEPARATORS.items(), TWO_BY_TWO.items()):
        text = lines([header, *COUNTS], separator)
        found.append(Shape(f"counts {dialect} {kind}", text.encode(), ("-m", "RR"), RISK_RATIO))
    for coding, end in product(ENCODINGS, ("\n", "\r\n", "\r")):
        text = lines([TWO_BY_TWO["French"], *COUNTS], ";").replace("\n", end)
        labels = tuple(row[0] for row in COUNTS)
        name = f"counts {coding} {end!r}"
        found.append(Shape(name, text.encode(coding), ("-m", "RR"), RISK_RATIO, labels=labels))
    return found


def _layouts() -> list[Shape]:
    header = TWO_BY_TWO["meta"]
    upper = ["Study", "Treatment", "", "Control", ""]
    lower = ["", "Events", "Total", "Events", "Total"]
    layouts = {
        "title": [["Table 1. Deaths in three trials"], header, *COUNTS],
        "title and blank": [["Table 1"], [], ["Data of the review"], [], header, *COUNTS],
        "notes": [header, *COUNTS, [], ["Note: counts at the end of follow-up"]],
        "source below": [header, *COUNTS, ["Source: the authors' own table of the trials"]],
        "two header rows": [upper, lower, *COUNTS],
        "title and two header rows": [["Table 2"], upper, lower, *COUNTS],
        "empty rows": [header, [], COUNTS[0], [], *COUNTS[1:], []],
        "empty column": [[*header, ""], *([*row, ""] for row in COUNTS)],
        "repeated columns": [[*header, "x", "x"], *([*row, 1, 2] for row in COUNTS)],
        "index column": [["", *header], *([i, *row] for i, row in enumerate(COUNTS, 1))],
        "total": [header, *COUNTS, ["Total", 24, 125, 32, 125]],
        "subtotal in Spanish": [header, *COUNTS, ["Total general", 24, 125, 32, 125]],
        "Gesamt": [header, *COUNTS, ["Gesamt", 24, 125, 32, 125]],
    }
    found = []
    for (name, rows), kind in product(layouts.items(), ("comma", "semicolon", "tab")):
        text = lines(rows, SEPARATORS[kind])
        found.append(Shape(f"layout {name} {kind}", text.encode(), ("-m", "RR"), RISK_RATIO))
    return found


def _generic() -> list[Shape]:
    found = []
    for header in GENERIC:
        rows = [["study", *header.split(",")], *EFFECTS]
        for kind in ("comma", "tab"):
            text = lines(rows, SEPARATORS[kind])
            found.append(Shape(f"effects {header} {kind}", text.encode(), (), EFFECT))
    for header in VARIANCES:
        rows = [["study", *header.split(",")], *((s, y, round(se**2, 4)) for s, y, se in EFFECTS)]
        found.append(Shape(f"effects {header}", lines(rows, ",").encode(), (), EFFECT))
    table = '"study" "yi" "sei"\n' + "".join(
        f'"{i}" "{s}" {y} {e}\n' for i, (s, y, e) in enumerate(EFFECTS, 1)
    )
    found.append(Shape("write.table", table.encode(), (), EFFECT, ending=".txt"))
    return found


def _printed() -> list[Shape]:
    found = []
    for form in FRACTIONS:
        rows = [["study", "Drug", "Placebo"]]
        rows += [[s, form.format(a, b), form.format(c, d)] for s, a, b, c, d in COUNTS]
        found.append(Shape(f"printed {form}", lines(rows, "\t").encode(), ("-m", "RR"), RISK_RATIO))
    for form, header in product(INTERVALS, ("OR (95% CI)", "Odds ratio [95% CI]")):
        rows = [["study", header], *([s, form.format(*rest)] for s, *rest in RATIOS)]
        found.append(Shape(f"printed {header} {form}", lines(rows, "\t").encode(), (), ODDS_RATIO))
    for form in ("{}-{}", "{} to {}", "[{}, {}]", "({}; {})", "{}–{}"):
        rows = [["study", "OR", "95% CI"], *([s, y, form.format(low, high)] for s, y, low, high in RATIOS)]
        found.append(Shape(f"beside {form}", lines(rows, "\t").encode(), (), ODDS_RATIO))
    plain = lines([["study", "mean1", "sd1", "n1", "mean2", "sd2", "n2"], *MEANS], ",")
    found.append(Shape("means plain", plain.encode(), ("-m", "SMD"), STANDARDISED))
    for head, form in SPREADS:
        names = ["study", head.format("drug"), "N drug", head.format("placebo"), "N placebo"]
        rows = [[s, form.format(a, b), n, form.format(c, d), m] for s, a, b, n, c, d, m in MEANS]
        content = lines([names, *rows], "\t").encode()
        found.append(Shape(f"printed {head} {form}", content, ("-m", "SMD"), STANDARDISED))
    return found


def _decimals() -> list[Shape]:
    found = []
    for kind in ("semicolon", "tab", "blank"):
        text = lines([["study", "yi", "sei"], *EFFECTS], SEPARATORS[kind], ",")
        found.append(Shape(f"decimal comma {kind}", text.encode(), (), EFFECT))
    dotted = lines([["study", "yi", "sei"], *EFFECTS], "\t").replace(".", "·")
    found.append(Shape("middle dots", dotted.encode(), (), EFFECT))
    marked = "study,yi,sei\nA,0.3*,0.1\nB,0.5†,0.2 ‡\nC,.1,.15\n"
    found.append(Shape("footnote marks", marked.encode(), (), EFFECT))
    for sign in "−–-":
        text = "study,yi,sei\n" + "".join(f"{s},{sign}{y},{e}\n" for s, y, e in EFFECTS)
        found.append(Shape(f"minus {sign}", text.encode(), (), (-EFFECT[0], -EFFECT[2], -EFFECT[1])))
    text = "study\tn1\tyi\tsei\n" + "".join(
        f"{s}\t1,20{i}\t{y}\t{e}\n" for i, (s, y, e) in enumerate(EFFECTS)
    )
    found.append(Shape("thousands beside points", text.encode(), (), EFFECT))
    return found


def _missing() -> list[Shape]:
    rows = [["study", "yi", "sei"], *EFFECTS]
    return [
        Shape(f"missing {blank!r}", lines([*rows, ["D", blank, 0.1]], ",").encode(), (), EFFECT)
        for blank in BLANKS
    ]


def _refused() -> list[Shape]:
    return [
        Shape("empty", b"", refusal="it is empty"),
        Shape("header alone", b"study,yi,vi\n", refusal="a header but no rows"),
        Shape("ragged", b"yi,vi\n1,2\n1,2,3\n", refusal="line 3 has 3 cells, and the header has 2"),
        Shape("binary", b"\x89PNG\r\n\x1a\n\x00\xff", refusal="it is binary"),
        Shape("a web page", b"<html><table>", refusal="it is XML or HTML"),
        Shape("a workbook called CSV", b"PK\x03\x04abc", refusal="is a spreadsheet or zip file"),
        Shape("no names that say anything", b"a,b\n1,2\n3,4\n", refusal="say which effect measure"),
        Shape("words", b"study,yi,vi\nA,0.2,0.1\nB,abc,0.1\n", refusal="study 'B' has yi = 'abc'"),
        Shape("zero variance", b"study,yi,vi\nA,0.2,0.1\nB,1,0\n", refusal="study 'B' has vi = 0"),
        Shape("two effects", b"study,d,se_d,g,se_g\nA,1,1,2,1\nB,1,1,2,1\n", refusal="both 'd' and 'g'"),
        Shape(
            "thousands or decimals",
            b'study,mean1,sd1,n1,mean2,sd2,n2\nA,"1,204",21,30,"1,150",20,30\nB,"1,102",19,25,"1,010",20,26\n',
            ("-m", "MD"),
            refusal="may be 1.204 (decimal comma) or 1204 (thousands)",
        ),
        Shape(
            "n looks like a thousand",
            b"study,events1,n1,events2,n2,dose\nA,12,1.204,15,1.198,0.5\nB,30,2.4,41,2.38,0.5\n",
            ("-m", "RR"),
            refusal="may be 1.204 or 1204",
        ),
    ]


if __name__ == "__main__":
    print(f"{len(shapes())} shapes of tables")

"""Build the gallery: ``docs/gallery.md`` with its pictures, and ``notebooks/gallery.ipynb``.

Run ``python docs/build_gallery.py`` from anywhere inside the repository. Page, notebook and tests are made
from the one list below.
"""

from __future__ import annotations

import ast
import io
import warnings
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DPI = 90
COLOURS = 96

IMPORTS = """\
import warnings
from pathlib import Path

import numpy as np

import meta
import meta.errors
from meta import plots
from meta.claims.answer_claims import answer, answer_all
from meta.report.figures import forest_of, normalisation_of

warnings.filterwarnings("ignore", category=meta.errors.MetaWarning)  # they stay on the results

root = next(p for p in [Path.cwd(), *Path.cwd().parents] if (p / "studies").is_dir())
evidence = meta.load_evidence(root / "studies")"""

DATA = """\
table = meta.datasets.load("bcg")
bcg = meta.effect_sizes(table, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn", study="author")
table = meta.datasets.load("eight_schools")
schools = meta.effect_sizes(table, measure="MD", yi="yi", sei="sei", study="school")
table = meta.datasets.load("bangertdrowns2004")
writing = meta.effect_sizes(table, measure="SMD", yi="yi", vi="vi", study="author")
table = meta.datasets.load("senn2013")
drugs = meta.pool_network(table, measure="MD", reference="plac", better="low")"""


class Example(NamedTuple):
    """One figure: file name, heading, and the lines that make it; the last line is the figure."""

    name: str
    title: str
    code: str


EXAMPLES = (
    Example(
        "forest",
        "Forest plot",
        """\
fit = meta.pool(bcg)
sides = ("Favours vaccine", "Favours no vaccine")
plots.forest(fit, order="effect", labels=sides)""",
    ),
    Example(
        "forest-journal",
        "Forest plot as a journal prints it",
        """\
fit = meta.pool(bcg, method="DL", test="z")
plots.forest(fit, theme="revman", title="BCG vaccine against tuberculosis")""",
    ),
    Example(
        "forest-evidence",
        "Forest plot of a claim: tiers, what is not estimable, and the claimed value",
        """\
result = answer(evidence, "cramps-older-adults")
forest_of(result)""",
    ),
    Example(
        "forest-bounds",
        "Forest plot of effects of which only bounds are known",
        """\
ends = {"kind": ["exact", "bound", "bound"], "lower": [np.nan, -0.4, -np.inf], "upper": [np.nan, 0.4, -0.2]}
es = meta.EffectSizes([-0.5, np.nan, np.nan], [0.1] * 3, "ROM", ["Exact", "Two bounds", "One bound"], **ends)
plots.forest(es)""",
    ),
    Example(
        "forest-bayes",
        "Forest plot of a posterior: half-eye and shrunken studies",
        """\
posterior = meta.bayes(schools, effect=meta.Normal(0, 20), tau=meta.HalfNormal(10))
plots.forest(posterior)""",
    ),
    Example(
        "forest-subgroups",
        "Forest plot of subgroups",
        """\
groups = meta.subgroups(bcg, by="alloc")
plots.forest(groups)""",
    ),
    Example(
        "forest-regression",
        "Forest plot of a meta-regression",
        """\
fit = meta.regress(bcg, "~ ablat")
plots.forest(fit, order="ablat", columns=["study", "ablat", "plot", "estimate"])""",
    ),
    Example(
        "forest-leave-one-out",
        "Forest plot of leaving one out",
        """\
table = meta.diagnostics.leave_one_out(meta.pool(bcg))
plots.forest(table, columns=["study", "plot", "estimate"])""",
    ),
    Example(
        "funnel",
        "Funnel plot with regions of significance",
        """\
fit = meta.pool(bcg)
plots.funnel(fit)""",
    ),
    Example(
        "funnel-trim-and-fill",
        "Funnel plot with filled-in studies",
        """\
filled = meta.bias.trim_and_fill(meta.pool(writing))
plots.funnel(filled)""",
    ),
    Example(
        "orchard",
        "Orchard plot",
        """\
groups = meta.subgroups(bcg, by="alloc")
plots.orchard(groups)""",
    ),
    Example(
        "caterpillar",
        "Caterpillar plot",
        """\
fit = meta.pool(writing)
plots.caterpillar(fit)""",
    ),
    Example(
        "compatibility",
        "Compatibility curve",
        """\
fit = meta.pool(bcg)
plots.compatibility(fit, marks={"no effect": 0.0, "halved": np.log(0.5)})""",
    ),
    Example(
        "drapery",
        "Drapery plot",
        """\
fit = meta.pool(bcg, test="z")
plots.drapery(fit)""",
    ),
    Example(
        "bubble",
        "Bubble plot of a meta-regression",
        """\
fit = meta.regress(bcg, "~ ablat")
plots.bubble(fit, x="ablat", xlabel="Absolute latitude (degrees)")""",
    ),
    Example(
        "dose-response",
        "Dose-response curve",
        """\
arms = {"study": list("aaabbbccc"), "dose": [0, 100, 300, 0, 150, 300, 0, 200, 400], "n": [40] * 9}
curve = meta.dose_response(arms, measure="MD", mean=[1, 7, 9, 2, 9, 10, 0, 9, 11], sd=[6] * 9, shape="log")
plots.dose_response(curve, region=(200, 400))""",
    ),
    Example(
        "dose-residuals",
        "Residuals against dose",
        """\
plots.dose_residuals(curve)""",
    ),
    Example(
        "baujat",
        "Baujat plot",
        """\
table = meta.diagnostics.baujat(meta.pool(bcg))
plots.baujat(table)""",
    ),
    Example(
        "radial",
        "Radial plot (Galbraith)",
        """\
fit = meta.pool(bcg)
plots.radial(fit, label=[6, 12])""",
    ),
    Example(
        "labbe",
        "L'Abbé plot",
        """\
fit = meta.pool(bcg)
plots.labbe(fit, label=[1, 5])""",
    ),
    Example(
        "qq",
        "Normal quantiles",
        """\
fit = meta.pool(writing)
plots.qq(fit)""",
    ),
    Example(
        "gosh",
        "GOSH: all subsets of studies",
        """\
subsets = meta.diagnostics.gosh(meta.pool(bcg), subsets=3000, seed=1)
plots.gosh(subsets, measure="RR")""",
    ),
    Example(
        "influence",
        "Influence of every study",
        """\
table = meta.diagnostics.influence(meta.pool(bcg))
plots.influence(table)""",
    ),
    Example(
        "residual-funnel",
        "Funnel of residuals",
        """\
plots.residual_funnel(meta.regress(bcg, "~ ablat"))""",
    ),
    Example(
        "cumulative",
        "Cumulative meta-analysis",
        """\
table = meta.diagnostics.cumulative(meta.pool(bcg), order="year")
plots.cumulative(table.rename(columns={"order": "year"}), measure="RR", x="year")""",
    ),
    Example(
        "profile",
        "Profile likelihood of the heterogeneity",
        """\
fit, x = meta.pool(bcg, method="ML"), np.linspace(0, 1.5, 101)
curve = (x, [meta.pool(bcg, method=float(tau2), test="z").loglik for tau2 in x])
plots.profile(curve, estimate=fit.tau2, interval=fit.tau2_interval("PL"))""",
    ),
    Example(
        "posterior",
        "Posterior of mean and heterogeneity, over their priors",
        """\
posterior = meta.bayes(bcg, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
halved = plots.ClaimMark(np.log(0.5), (-np.inf, np.log(0.5)), "halved")
plots.posterior(posterior, claim=halved)""",
    ),
    Example(
        "joint",
        "Joint posterior of mean and heterogeneity",
        """\
posterior = meta.bayes(bcg, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
plots.joint(posterior)""",
    ),
    Example(
        "prior-sensitivity",
        "Sensitivity to the prior",
        """\
scales = {"narrow": 0.1, "usual": 0.5, "wide": 2.0}
fits = {name: meta.bayes(bcg, effect=meta.Normal(0, 1), tau=meta.HalfNormal(s)) for name, s in scales.items()}
plots.prior_sensitivity(fits, of="tau")""",
    ),
    Example(
        "tau-trace",
        "Effects given the heterogeneity",
        """\
posterior = meta.bayes(schools, effect=meta.Normal(0, 20), tau=meta.HalfNormal(10))
plots.tau_trace(posterior)""",
    ),
    Example(
        "weight-function",
        "Weight function of selection models",
        """\
found = meta.bias.selection_model(writing, steps=[0.025, 0.5], direction="greater")
plots.weight_function({"two steps": found})""",
    ),
    Example(
        "network",
        "Network of treatments",
        """\
plots.network(drugs)""",
    ),
    Example(
        "network-forest",
        "Forest plot of a network: each treatment against the reference",
        """\
plots.forest(drugs, labels=("Lower HbA1c", "Higher HbA1c"))""",
    ),
    Example(
        "league",
        "League table as a heat map",
        """\
plots.league(drugs)""",
    ),
    Example(
        "rankogram",
        "Probability of each rank",
        """\
plots.rankogram(drugs)""",
    ),
    Example(
        "side-split",
        "Direct beside indirect evidence",
        """\
plots.side_split(drugs)""",
    ),
    Example(
        "net-heat",
        "Net heat: where a network is inconsistent",
        """\
plots.net_heat(drugs)""",
    ),
    Example(
        "contributions",
        "Which comparisons an estimate rests on",
        """\
plots.contributions(drugs)""",
    ),
    Example(
        "comparison-funnel",
        "Comparison-adjusted funnel plot",
        """\
plots.comparison_funnel(drugs)""",
    ),
    Example(
        "specification",
        "Specification curve",
        """\
fits = [meta.pool(bcg, method=m, test=t) for m in ("DL", "REML", "PM", "ML", "EE") for t in ("z", "hksj")]
names = ("estimate", "ci_low", "ci_high", "method", "test")
plots.specification([{name: getattr(fit, name) for name in names} for fit in fits], measure="RR")""",
    ),
    Example(
        "multiverse",
        "Multiverse: every defensible analysis of a claim",
        """\
every = meta.multiverse(evidence, "cortisol-78")
plots.specification(every, most=150)""",
    ),
    Example(
        "planning",
        "What new trials would settle",
        """\
verdict = meta.judge(evidence.claims["soreness-41"], evidence.effects("soreness"))
plots.planning(meta.plan(verdict, draws=200))""",
    ),
    Example(
        "normalisation",
        "Share of raised values that are normal later",
        """\
result = answer(evidence, "cortisol")
normalisation_of(result.claim, result.verdict.normalisation, result.posterior)""",
    ),
    Example(
        "normalisation-own",
        "The same, from curves of one's own",
        """\
shift = np.linspace(-2, 1, 61)
share = 1 / (1 + np.exp(2 * shift + 1.5))
plots.normalisation({"some curve": (shift, share)}, claimed=0.78)""",
    ),
    Example(
        "verdicts",
        "Verdicts on one page",
        """\
judged = [result.verdict for result in answer_all(evidence) if result.analysis.role == "primary"]
plots.verdicts([verdict for verdict in judged if verdict is not None])""",
    ),
)


def run(code: str, namespace: dict[str, Any]) -> Any:
    """Execute lines and return the value of the last one."""
    *before, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last line of an example must be the figure: {code.splitlines()[-1]}")
    exec(compile(ast.Module(before, []), "<example>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<example>", "eval"), namespace)


def start() -> dict[str, Any]:
    """Return what every example starts from: imports, evidence and data."""
    namespace: dict[str, Any] = {}
    head = IMPORTS.replace("Path.cwd()", f"Path({str(ROOT)!r})")
    exec(compile(f"{head}\n{DATA}", "<start>", "exec"), namespace)
    return namespace


def draw(name: str) -> Any:
    """Return the figure of one example."""
    example = next(item for item in EXAMPLES if item.name == name)
    return run(example.code, start())


def small_png(figure: Any, dpi: int = DPI) -> bytes:
    """Render a figure with few colours, as pages are read on screens."""
    from PIL import Image

    picture = Image.open(io.BytesIO(figure.render("png", dpi=dpi))).convert("RGB")
    out = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def write_page() -> None:
    """Write the page and its pictures."""
    folder = ROOT / "docs" / "gallery"
    folder.mkdir(exist_ok=True)
    namespace = start()
    parts = [
        "# Gallery",
        "Generated by `python docs/build_gallery.py`; do not edit. The same figures are drawn in "
        "[notebooks/gallery.ipynb](../notebooks/gallery.ipynb).",
        "Every figure has `.save(path)` (SVG, PDF, PNG), `.to_frame()` and `.alt_text`. All start from:",
        f"```python\n{IMPORTS}\n\n{DATA}\n```",
    ]
    for example in EXAMPLES:
        figure = run(example.code, namespace)
        (folder / f"{example.name}.png").write_bytes(small_png(figure))
        alt = " ".join(figure.alt_text.split()).replace("[", "(").replace("]", ")")
        parts += [
            f"## {example.title}",
            f"```python\n{example.code}\n```",
            f"![{alt}](gallery/{example.name}.png)",
        ]
    (ROOT / "docs" / "gallery.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


CHECK = """\
import inspect
import re

functions = {name for name in plots.__all__ if inspect.isfunction(getattr(plots, name))}
drawn = set(re.findall(r"plots\\.(\\w+)\\(", "\\n".join(In)))
assert functions <= drawn, functions - drawn
assert abs(meta.pool(bcg).estimate - -0.7145) < 1e-4"""


def write_notebook() -> None:
    """Write the notebook and execute it; of each figure the smaller picture is kept."""
    import nbformat
    from nbclient import NotebookClient

    markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    intro = (
        "# Gallery\n\nEvery figure of `meta.plots` with the lines that make it, on classic datasets and on "
        "the evidence in `studies/`."
    )
    cells = [markdown(intro), code(IMPORTS), code(DATA)]
    for example in EXAMPLES:
        cells += [markdown(f"## {example.title}"), code(example.code)]
    cells += [markdown("## Nothing is missing"), code(CHECK)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(ROOT / "notebooks"))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for out in cell.get("outputs", []):
            _keep_smaller(out)
    nbformat.write(notebook, ROOT / "notebooks" / "gallery.ipynb")


def _keep_smaller(out: Any) -> None:
    data = out.get("data", {})
    pictures = [kind for kind in ("image/png", "image/svg+xml") if kind in data]
    for kind in sorted(pictures, key=lambda kind: len(data[kind]))[1:]:
        del data[kind]


if __name__ == "__main__":
    with warnings.catch_warnings():
        write_page()
    write_notebook()

"""The literature that the methods text cites, in full."""

from __future__ import annotations

from collections.abc import Iterable

from meta.report.blocks import Items, Line, Span, line, link
from meta.report.plain_language import link as address

REFERENCES: dict[str, tuple[str, str]] = {
    "hedges-1981": (
        "Hedges LV. Distribution theory for Glass’s estimator of effect size and related estimators. Journal "
        "of Educational Statistics 1981;6:107-128",
        "10.3102/10769986006002107",
    ),
    "hedges-1999": (
        "Hedges LV, Gurevitch J, Curtis PS. The meta-analysis of response ratios in experimental ecology. "
        "Ecology 1999;80:1150-1156",
        "10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2",
    ),
    "katz-1978": (
        "Katz D, Baptista J, Azen SP, Pike MC. Obtaining confidence intervals for the risk ratio in cohort "
        "studies. Biometrics 1978;34:469-474",
        "10.2307/2530610",
    ),
    "stijnen-2010": (
        "Stijnen T, Hamza TH, Özdemir P. Random effects meta-analysis of event outcome in the framework of "
        "the generalized linear mixed model with applications in sparse data. Statistics in Medicine "
        "2010;29:3046-3067",
        "10.1002/sim.4040",
    ),
    "hartung-2001": (
        "Hartung J, Knapp G. On tests of the overall treatment effect in meta-analysis with normally "
        "distributed responses. Statistics in Medicine 2001;20:1771-1782",
        "10.1002/sim.791",
    ),
    "inthout-2014": (
        "IntHout J, Ioannidis JPA, Borm GF. The Hartung-Knapp-Sidik-Jonkman method for random effects "
        "meta-analysis is straightforward and considerably outperforms the standard DerSimonian-Laird "
        "method. BMC Medical Research Methodology 2014;14:25",
        "10.1186/1471-2288-14-25",
    ),
    "knapp-2003": (
        "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single covariate. "
        "Statistics in Medicine 2003;22:2693-2710",
        "10.1002/sim.1482",
    ),
    "viechtbauer-2007": (
        "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. Statistics in "
        "Medicine 2007;26:37-52",
        "10.1002/sim.2514",
    ),
    "higgins-2002": (
        "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Statistics in Medicine "
        "2002;21:1539-1558",
        "10.1002/sim.1186",
    ),
    "partlett-2017": (
        "Partlett C, Riley RD. Random effects meta-analysis: coverage performance of 95% confidence and "
        "prediction intervals following REML estimation. Statistics in Medicine 2017;36:301-317",
        "10.1002/sim.7140",
    ),
    "rover-2020": (
        "Röver C. Bayesian random-effects meta-analysis using the bayesmeta R package. Journal of "
        "Statistical Software 2020;93(6):1-51",
        "10.18637/jss.v093.i06",
    ),
    "greenland-2019": (
        "Greenland S. Valid p-values behave exactly as they should: some misleading criticisms of p-values "
        "and their resolution with s-values. The American Statistician 2019;73(sup1):106-114",
        "10.1080/00031305.2018.1529625",
    ),
    "pymc-2023": (
        "Abril-Pla O, Andreani V, Carroll C, et al. PyMC: a modern, and comprehensive probabilistic "
        "programming framework in Python. PeerJ Computer Science 2023;9:e1516",
        "10.7717/peerj-cs.1516",
    ),
    "egger-1997": (
        "Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a simple, "
        "graphical test. BMJ 1997;315:629-634",
        "10.1136/bmj.315.7109.629",
    ),
    "begg-1994": (
        "Begg CB, Mazumdar M. Operating characteristics of a rank correlation test for publication bias. "
        "Biometrics 1994;50:1088-1101",
        "10.2307/2533446",
    ),
    "duval-2000": (
        "Duval S, Tweedie R. Trim and fill: a simple funnel-plot-based method of testing and adjusting for "
        "publication bias in meta-analysis. Biometrics 2000;56:455-463",
        "10.1111/j.0006-341X.2000.00455.x",
    ),
    "stanley-2014": (
        "Stanley TD, Doucouliagos H. Meta-regression approximations to reduce publication selection bias. "
        "Research Synthesis Methods 2014;5:60-78",
        "10.1002/jrsm.1095",
    ),
    "vevea-1995": (
        "Vevea JL, Hedges LV. A general linear model for estimating effect size in the presence of "
        "publication bias. Psychometrika 1995;60:419-435",
        "10.1007/BF02294384",
    ),
    "sterne-2011": (
        "Sterne JAC, Sutton AJ, Ioannidis JPA, et al. Recommendations for examining and interpreting funnel "
        "plot asymmetry in meta-analyses of randomised controlled trials. BMJ 2011;343:d4002",
        "10.1136/bmj.d4002",
    ),
    "peters-2008": (
        "Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L. Contour-enhanced meta-analysis funnel plots "
        "help distinguish publication bias from other causes of asymmetry. Journal of Clinical Epidemiology "
        "2008;61:991-996",
        "10.1016/j.jclinepi.2007.11.010",
    ),
    "sterne-2019": (
        "Sterne JAC, Savović J, Page MJ, et al. RoB 2: a revised tool for assessing risk of bias in "
        "randomised trials. BMJ 2019;366:l4898",
        "10.1136/bmj.l4898",
    ),
}


class Citations:
    """Numbers references in the order in which they are cited."""

    def __init__(self) -> None:
        self._cited: dict[str, int] = {}

    def __call__(self, *names: str) -> tuple[Span, ...]:
        """Return the citation marks of some references.

        >>> cite = Citations()
        >>> [span.text for span in cite("hedges-1981", "katz-1978")], cite("katz-1978")[1].href
        (['[', '1', ', ', '2', ']'], '#ref-2')
        """
        marks: list[Span] = [Span("[")]
        for position, name in enumerate(names):
            number = self._cited.setdefault(name, len(self._cited) + 1)
            marks += [Span(", ")] if position else []
            marks.append(link(str(number), f"#ref-{number}"))
        return (*marks, Span("]"))

    def listed(self) -> Items:
        """Return the references cited so far, in order, each with its DOI."""
        lines = tuple(_full(name) for name in self._cited)
        return Items(lines, tuple(f"ref-{number}" for number in self._cited.values()), numbered=True)


def _full(name: str) -> Line:
    text, doi = REFERENCES[name]
    return line(f"{text}. ", link(f"doi:{doi}", address(f"doi:{doi}")))


def sentence(*parts: str | Iterable[Span]) -> tuple[Span, ...]:
    """Join texts and citation marks."""
    return tuple(
        span for part in parts for span in ((Span(part),) if isinstance(part, str) else part) if span.text
    )

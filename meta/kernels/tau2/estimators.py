"""The estimators of tau2: code, name, source and functions, each once.

Everything that takes ``method=`` reads this list: pooling one or many meta-analyses, regressions, subgroups,
Egger's mixed model, diagnostics, the command line and the documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meta.kernels.tau2 import (
    dersimonian_laird,
    empirical_bayes,
    equal_effects,
    general_q,
    hedges,
    hunter_schmidt,
    hunter_schmidt_corrected,
    iterated,
    maximum_likelihood,
    paule_mandel,
    paule_mandel_median,
    restricted_likelihood,
    sidik_jonkman,
)
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows

General = Callable[[Problem, "np.ndarray | None"], Found]
"""Estimates tau2 of a batch of regressions; weights are (1, k), (B, k) or None."""

Mean = Callable[[Rows, "np.ndarray | None"], Found]
"""The same for a batch of means laid out as :class:`Rows`; weights are (k, p) or None."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """One estimator of tau2.

    Attributes
    ----------
    code : str
        What the caller writes as ``method=``.
    name : str
        What is printed.
    citation, doi : str
        Authors and year, and the digital object identifier.
    note : str
        What a reader should know.
    general : callable
        Estimates tau2 under any design.
    mean : callable or None
        A faster way for many means at once; without it ``general`` is called for one mean after the other.
    weighted : bool
        Whether it needs the caller's weights.
    """

    code: str
    name: str
    citation: str
    doi: str
    note: str
    general: General
    mean: Mean | None = None
    weighted: bool = False


ESTIMATORS: dict[str, Estimator] = {
    entry.code: entry
    for entry in (
        Estimator(
            "EE",
            "equal effects",
            "Laird & Mosteller 1990",
            "10.1017/S0266462300008916",
            "tau2 = 0 by assumption",
            equal_effects.general,
            equal_effects.mean,
        ),
        Estimator(
            "DL",
            "DerSimonian-Laird",
            "DerSimonian & Laird 1986",
            "10.1016/0197-2456(86)90046-2",
            "moments, weights 1/v",
            dersimonian_laird.general,
            dersimonian_laird.mean,
        ),
        Estimator(
            "DLIT",
            "iterated DerSimonian-Laird",
            "DerSimonian & Kacker 2007",
            "10.1016/j.cct.2006.04.004",
            "solves (Q(t) - (k - 1)) / tr P(t) = t with weights 1/(v + t)",
            iterated.general,
            iterated.mean,
        ),
        Estimator(
            "HE",
            "Hedges",
            "Hedges 1983",
            "10.1037/0033-2909.93.2.388",
            "moments, equal weights",
            hedges.general,
            hedges.mean,
        ),
        Estimator(
            "HS",
            "Hunter-Schmidt",
            "Hunter & Schmidt 1990",
            "10.4135/9781483398105",
            "(Q - k) / sum of weights",
            hunter_schmidt.general,
            hunter_schmidt.mean,
        ),
        Estimator(
            "HSk",
            "Hunter-Schmidt, corrected",
            "Viechtbauer 2005",
            "10.3102/10769986030003261",
            "with the factor k / (k - 1)",
            hunter_schmidt_corrected.general,
            hunter_schmidt_corrected.mean,
        ),
        Estimator(
            "SJ",
            "Sidik-Jonkman",
            "Sidik & Jonkman 2005",
            "10.1111/j.1467-9876.2005.00489.x",
            "never 0",
            sidik_jonkman.general,
            sidik_jonkman.mean,
        ),
        Estimator(
            "ML",
            "maximum likelihood",
            "Hardy & Thompson 1996",
            "10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
            "global maximum",
            maximum_likelihood.general,
            maximum_likelihood.mean,
        ),
        Estimator(
            "REML",
            "REML",
            "Harville 1977",
            "10.1080/01621459.1977.10480998",
            "restricted likelihood, global maximum",
            restricted_likelihood.general,
            restricted_likelihood.mean,
        ),
        Estimator(
            "EB",
            "empirical Bayes",
            "Morris 1983",
            "10.1080/01621459.1983.10477920",
            "the same estimate as PM",
            empirical_bayes.general,
            empirical_bayes.mean,
        ),
        Estimator(
            "PM",
            "Paule-Mandel",
            "Paule & Mandel 1982",
            "10.6028/jres.087.022",
            "Q(tau2) = k - 1",
            paule_mandel.general,
            paule_mandel.mean,
        ),
        Estimator(
            "PMM",
            "Paule-Mandel, median",
            "Viechtbauer 2021, European Congress of Methodology",
            "",
            "Q(tau2) = median of chi-squared; median-unbiased",
            paule_mandel_median.general,
            paule_mandel_median.mean,
        ),
        Estimator(
            "GENQ",
            "generalised Q",
            "DerSimonian & Kacker 2007",
            "10.1016/j.cct.2006.04.004",
            "moments, the caller's weights",
            general_q.general,
            general_q.mean,
            weighted=True,
        ),
    )
}

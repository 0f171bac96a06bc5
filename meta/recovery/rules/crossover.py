"""The same people twice: crossover trials, and one group before and after."""

from __future__ import annotations

import numpy as np

from meta.kernels.hedges_correction import exact_variance, hedges_j
from meta.recovery.rules.change import change_sd, correlation
from meta.recovery.rules.rule import GUESSED, PEOPLE_TWICE, Rule

ELBOURNE = ("Elbourne et al. 2002", "10.1093/ije/31.1.140")

SMALL_SAMPLE = 20
"""Below this many pairs the variance of a paired effect is the exact moment; the asymptotic is too small."""


def paired_g(d: np.ndarray, n: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """G of the same people twice in SDs of single values, and its variance (exact moment below 20 pairs).

    Asymptotic ``J^2 [2(1 - r)/n + d^2/(2n)]``; exact
    ``2(1 - r) [J^2 m/(m - 2) (1/n)(1 + n delta^2) - delta^2]`` with
    ``delta = g/sqrt(2(1 - r))`` and m = n - 1 (Becker 1988, doi:10.1111/j.2044-8317.1988.tb00901.x;
    Hedges 1981, doi:10.3102/10769986006002107).

    >>> g, v = paired_g(np.array([-1.3434]), np.array([9.0]), np.array([0.5]))
    >>> float(g[0].round(2)), float(v[0].round(3))
    (-1.21, 0.248)
    """
    m, scale = n - 1, 2 * (1 - r)
    g = hedges_j(m) * d
    asymptotic = hedges_j(m) ** 2 * (scale / n + d**2 / (2 * n))
    enough = np.where(n > 3, n, np.nan)
    exact = scale * exact_variance(g / np.sqrt(scale), n_tilde=enough, df=enough - 1)
    return g, np.where(n < SMALL_SAMPLE, exact, asymptotic)


def single_sd(difference: np.ndarray | float, r: np.ndarray, ratio: np.ndarray | float = 1.0) -> np.ndarray:
    """SD of single values from that of their differences, if the SDs of both conditions have this ratio.

    >>> float(single_sd(np.array(5.0), np.array(0.5)))
    5.0
    """
    return difference * np.sqrt((1 + ratio**2) / 2 / (1 + ratio**2 - 2 * r * ratio))


def _both(single: np.ndarray, ratio: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    second = single * np.sqrt(2 / (1 + ratio**2))
    return ratio * second, second


RULES: tuple[Rule, ...] = (
    Rule("people of both periods", ("n1", "n2"), ("n",), np.minimum, "n = min(n1, n2)", PEOPLE_TWICE),
    Rule("people in the crossover", ("n1",), ("n",), lambda n: n, "n = n1", PEOPLE_TWICE, cost=1.1),
    Rule("people in both periods", ("n2",), ("n",), lambda n: n, "n = n2", PEOPLE_TWICE, cost=1.2),
    Rule("people under the first condition", ("n",), ("n1",), lambda n: n, "n1 = n", PEOPLE_TWICE),
    Rule("people under the second condition", ("n",), ("n2",), lambda n: n, "n2 = n", PEOPLE_TWICE),
    Rule("people from the degrees of freedom", ("df",), ("n",), lambda df: df + 1, "n = df + 1", PEOPLE_TWICE,
         unless=("adjusted",), cost=2),
    Rule("degrees of freedom within people", ("n",), ("df",), lambda n: n - 1, "df = n - 1", PEOPLE_TWICE),
    Rule("correlation as stated", ("r",), ("r_within",), lambda r: np.where(np.abs(r) < 1, r, np.nan),
         "r as stated", PEOPLE_TWICE, cost=0.5),
    Rule("correlation from three SDs", ("sd1", "sd2", "sd_difference"), ("r_within",), correlation,
         "r = (sd1^2 + sd2^2 - sd_difference^2) / (2 sd1 sd2)", PEOPLE_TWICE),
    Rule("correlation within people assumed", (), ("r_within",), lambda value: value, "r assumed",
         ("crossover",), assumes=("within-person-r",), cost=GUESSED),
    Rule("correlation of before and after assumed", (), ("r_within",), lambda value: value, "r assumed",
         ("paired",), assumes=("pre-post-r",), cost=GUESSED),
    Rule("SD of the differences", ("sd1", "sd2", "r_within"), ("sd_difference",), change_sd,
         "sd_difference = sqrt(sd1^2 + sd2^2 - 2 r sd1 sd2)", PEOPLE_TWICE, ELBOURNE, cost=1.5),
    Rule("SD of the differences from their standard error", ("se_md", "n"), ("sd_difference",),
         lambda se, n: se * np.sqrt(n), "sd_difference = se(md) sqrt(n)", PEOPLE_TWICE, ELBOURNE,
         unless=("adjusted",)),
    Rule("standard error of the mean difference", ("sd_difference", "n"), ("se_md",),
         lambda sd, n: sd / np.sqrt(n), "se(md) = sd_difference / sqrt(n)", PEOPLE_TWICE, ELBOURNE),
    Rule("SD of single values", ("sd1", "sd2"), ("sd_single",), lambda a, b: np.sqrt((a**2 + b**2) / 2),
         "sd_single = sqrt((sd1^2 + sd2^2)/2)", PEOPLE_TWICE, ELBOURNE),
    Rule("SD of single values from that of the differences", ("sd_difference", "r_within"), ("sd_single",),
         single_sd, "sd_single = sd_difference / sqrt(2 (1 - r))", PEOPLE_TWICE, ELBOURNE,
         assumes=("same-sds",), cost=2),
    Rule("both SDs from that of single values", ("sd_single",), ("sd1", "sd2"), _both,
         "sd1 = sd2 = sd_single", PEOPLE_TWICE, assumes=("same-sds",), cost=4),
    Rule("d from difference and SD of single values", ("md", "sd_single"), ("d_single",), np.divide,
         "d = md / sd_single", PEOPLE_TWICE, ELBOURNE),
    Rule("standardised difference within people", ("t", "n"), ("dz",), lambda t, n: t / np.sqrt(n),
         "dz = t / sqrt(n)", PEOPLE_TWICE, ELBOURNE, unless=("adjusted",)),
    Rule("d from the difference within people", ("dz", "r_within"), ("d_single",),
         lambda dz, r, ratio: dz / single_sd(1.0, r, ratio), "d = dz sqrt(2 (1 - r))",
         PEOPLE_TWICE, ELBOURNE, assumes=("same-sds",), cost=1),
)  # fmt: skip

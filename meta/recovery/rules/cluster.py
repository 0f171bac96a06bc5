"""Cluster-randomised trials: the design effect, from what is stated or an assumed correlation."""

from __future__ import annotations

import numpy as np

from meta.recovery.rules.rule import GUESSED, Rule

CLUSTERED = ("two means", "2x2", "rates")
DONNER = ("Donner & Klar 2002", "10.1002/sim.1292")


def design_effect(size: np.ndarray, icc: np.ndarray) -> np.ndarray:
    """Inflation of a variance by clusters of a mean size: ``1 + (m - 1) icc`` (Cochrane Handbook 23.1.4).

    >>> float(design_effect(np.array(21.2), np.array(0.02)).round(3))
    1.404
    """
    return 1 + (size - 1) * icc


def _root(n1: np.ndarray, n2: np.ndarray, effect: np.ndarray) -> np.ndarray:
    return np.sqrt((1 / n1 + 1 / n2) * effect)


RULES: tuple[Rule, ...] = (
    Rule("design effect", ("cluster_size", "icc"), ("design_effect",), design_effect,
         "design effect = 1 + (cluster_size - 1) icc", CLUSTERED, DONNER),
    Rule("intracluster correlation assumed", (), ("icc",), lambda value: value, "icc assumed", CLUSTERED,
         assumes=("icc",), cost=GUESSED),
    Rule("standard error of a cluster trial from the pooled SD", ("sd_pooled", "n1", "n2", "design_effect"),
         ("se_md",), lambda sd, n1, n2, de: sd * _root(n1, n2, de),
         "se(md) = sd_pooled sqrt((1/n1 + 1/n2) design effect)", ("two means",), DONNER,
         when=("clustered",), unless=("adjusted", "change")),
    Rule("pooled SD from the standard error of a cluster trial", ("se_md", "n1", "n2", "design_effect"),
         ("sd_pooled",), lambda se, n1, n2, de: se / _root(n1, n2, de),
         "sd_pooled = se(md) / sqrt((1/n1 + 1/n2) design effect)", ("two means",), DONNER,
         when=("clustered",), unless=("adjusted", "change")),
    Rule("d from t of a cluster trial", ("t", "n1", "n2", "design_effect"), ("d",),
         lambda t, n1, n2, de: t * _root(n1, n2, de), "d = t sqrt((1/n1 + 1/n2) design effect)",
         ("two means",), DONNER, when=("clustered",), unless=("adjusted", "change")),
)  # fmt: skip

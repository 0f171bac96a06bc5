"""Inconsistency of a network: four ways to see it."""

from __future__ import annotations

from dataclasses import dataclass

from meta.kernels.network.designs import Decomposition, decompose
from meta.models.network.data import NetworkData
from meta.models.network.heterogeneity import QTest


@dataclass(frozen=True, slots=True)
class Parts:
    """Q of the whole network, within designs and between them."""

    total: QTest
    within: QTest
    between: QTest
    by_design: Decomposition


def decomposition(data: NetworkData, tau2: float = 0.0) -> Parts:
    """Q in parts."""
    found = decompose(data.contrasts, tau2)
    within = QTest(sum(q for q, _ in found.within), sum(df for _, df in found.within))
    return Parts(QTest(*found.total), within, QTest(*found.between), found)

"""Cochran's Q of a network in parts: within designs and between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meta.kernels.network.design_by_treatment import Decomposition, decompose
from meta.models.network.data import NetworkData
from meta.models.network.network_heterogeneity import QTest

if TYPE_CHECKING:
    pass


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

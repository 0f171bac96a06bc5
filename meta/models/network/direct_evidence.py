"""Direct and indirect evidence of a fitted network."""

from __future__ import annotations

from meta.kernels.network.direct import Split, split
from meta.kernels.network.estimate import fit_network
from meta.models.network.network_numbers import NetworkNumbers


def spread(net: NetworkNumbers) -> float:
    """The tau2 that weights use: 0 where it cannot be estimated."""
    return 0.0 if net.tau2 != net.tau2 else float(net.tau2)


def split_of(net: NetworkNumbers, tau2: float | None = None) -> Split:
    """Direct and indirect estimates of all pairs at the network's tau2, or at another."""
    at = spread(net) if tau2 is None else tau2
    data = net.data
    p = data.pairs
    fit = fit_network(data.rotated, at)
    return split(data.contrasts, data.rotated, fit, at, (p.first, p.second, p.y, p.v))

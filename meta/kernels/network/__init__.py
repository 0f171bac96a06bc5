"""Network meta-analysis: pure functions of contrasts with their covariances."""

from meta.kernels.network.contrasts import Contrasts, arrange
from meta.kernels.network.estimate import NetworkFit, fit_network
from meta.kernels.network.rotation import Rotated, rotate

__all__ = ["Contrasts", "NetworkFit", "Rotated", "arrange", "fit_network", "rotate"]

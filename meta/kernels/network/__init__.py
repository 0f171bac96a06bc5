"""Network meta-analysis: pure functions of contrasts with their covariances."""

from meta.kernels.network.estimate import NetworkFit, fit_network
from meta.kernels.network.rotation import Rotated, rotate
from meta.kernels.network.trial_contrasts import Contrasts, arrange

__all__ = ["Contrasts", "NetworkFit", "Rotated", "arrange", "fit_network", "rotate"]

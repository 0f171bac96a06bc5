"""EB: empirical Bayes (Morris 1983, doi:10.1080/01621459.1983.10477920).

Its equation is Paule and Mandel's, and so is the estimate.
"""

from meta.kernels.tau2.paule_mandel import general, mean

__all__ = ["general", "mean"]

"""Linear mixed models for dependent effects: random terms, their structures, likelihood and search."""

from meta.kernels.mixed.degrees_of_freedom import small_sample
from meta.kernels.mixed.mixed_likelihood import MixedModel, blocks_of, covariance, evaluate, lay_out
from meta.kernels.mixed.residual import residual_q
from meta.kernels.mixed.search import Maximum, at, maximise
from meta.kernels.mixed.stacked import Stacked
from meta.kernels.mixed.structures import STRUCTURES, structure
from meta.kernels.mixed.terms import RandomTerm

__all__ = [
    "STRUCTURES",
    "Maximum",
    "MixedModel",
    "RandomTerm",
    "Stacked",
    "at",
    "blocks_of",
    "covariance",
    "evaluate",
    "lay_out",
    "maximise",
    "residual_q",
    "small_sample",
    "structure",
]

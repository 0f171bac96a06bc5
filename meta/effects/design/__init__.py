"""The one design matrix: formulas, names, tables or arrays of moderators to X, for every model."""

from meta.effects.design.building import build as build
from meta.effects.design.building import intercept_only as intercept_only
from meta.effects.design.matrix import INTERCEPT as INTERCEPT
from meta.effects.design.matrix import Design as Design
from meta.effects.design.matrix import index_of as index_of
from meta.effects.design.matrix import refuse_uncalled as refuse_uncalled
from meta.effects.design.simple import beside_intercept as beside_intercept
from meta.effects.design.simple import indicators as indicators
from meta.effects.design.simple import predictor_matrix as predictor_matrix

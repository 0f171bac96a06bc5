"""The one design matrix: formulas, names, tables or arrays of moderators to X, for every model."""

from meta.effects.design.building import build as build
from meta.effects.design.building import intercept_only as intercept_only
from meta.effects.design.matrix import INTERCEPT as INTERCEPT
from meta.effects.design.matrix import Design as Design
from meta.effects.design.matrix import index_of as index_of

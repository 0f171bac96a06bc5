"""All engines that take effects, by name."""

from __future__ import annotations

from tests.properties import bayes_engines, pooling_engines, small_study_engines

ENGINES = {
    engine.name: engine
    for module in (pooling_engines, bayes_engines, small_study_engines)
    for engine in module.ENGINES
}

"""Results keep the protocols that functions ask for, those with coefficients that of linear models."""

from __future__ import annotations

import pytest

from meta.results import protocols
from tests.results.test_every_result import CASES, WITH_COEFFICIENTS, fresh

SIMPLE = (
    "Pooled",
    "PooledCounts",
    "TrimAndFill",
    "Posterior",
    "SelectionModel",
    "BetaSelection",
    "BiasRobust",
)


def members(protocol):
    return {name for name in vars(protocol) if not name.startswith("_")}


def test_members_are_read():
    assert members(protocols.LinearFit) == {"names", "beta", "vcov", "coefficients", "predict", "contrast"}


@pytest.mark.parametrize(("name", "kind"), [c for c in CASES if c.values[1] in (*WITH_COEFFICIENTS, *SIMPLE)])
def test_a_result_has_what_its_protocol_says(name, kind):
    result = fresh(name)
    protocol = protocols.LinearFit if kind in WITH_COEFFICIENTS else protocols.Fit
    lacking = {member for member in members(protocol) if not hasattr(type(result), member)}
    lacking -= set(type(result).__dataclass_fields__)
    assert not lacking
    assert isinstance(result, protocols.Rows)
    assert protocols.is_posterior(result) == (kind in ("Posterior",))

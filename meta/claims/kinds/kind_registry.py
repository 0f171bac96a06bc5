"""The kinds of claim, one file each."""

from __future__ import annotations

from meta.claims.kinds import (
    compared_treatments,
    dose_range,
    effect,
    fact,
    interaction,
    non_inferiority,
    proportion,
)
from meta.claims.kinds.claim_kind import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        effect,
        proportion,
        non_inferiority,
        interaction,
        compared_treatments,
        dose_range,
        fact,
    )
}
"""By the name that the claims file uses."""

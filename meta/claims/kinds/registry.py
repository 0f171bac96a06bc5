"""The kinds of claim, one file each."""

from __future__ import annotations

from meta.claims.kinds import contrast, effect, fact, interaction, non_inferiority, proportion, region
from meta.claims.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (effect, proportion, non_inferiority, interaction, contrast, region, fact)
}
"""By the name that the claims file uses."""

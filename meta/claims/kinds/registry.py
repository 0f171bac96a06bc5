"""The kinds of claim, one file each."""

from __future__ import annotations

from meta.claims.kinds import effect, proportion
from meta.claims.kinds.kind import Kind

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in (effect, proportion)}
"""By the name that the claims file uses."""

"""Places that changed.toml may name besides the cases of numbers."""

from __future__ import annotations


def elsewhere(name: str) -> bool:
    """Whether a name belongs to the committed results or to the saved files."""
    return name.startswith(("results/", "saved/"))

"""Options of the regression, multilevel and robust models."""

from __future__ import annotations

from meta.errors import unknown_option


def check_option(what: str, value: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed values, or a refusal that lists them."""
    if value not in allowed:
        raise unknown_option(what, value, allowed)
    return value

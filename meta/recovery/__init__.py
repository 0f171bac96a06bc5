"""From the facts that a source states to the effect, by one registry of rules."""

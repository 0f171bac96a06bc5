"""Models beyond one mean effect, each in a room of its own."""

"""Kinds of claim: what each asks of the claims file, how it is judged, and what it shows."""

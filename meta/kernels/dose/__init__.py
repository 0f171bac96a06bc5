"""Dose-response meta-analysis: covariances within trials, bases of curves, one and two stages, bands."""

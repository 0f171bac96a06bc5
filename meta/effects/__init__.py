"""Reported results or table columns into effect sizes."""

"""Frequentist models: univariate, regression, multilevel, counts."""

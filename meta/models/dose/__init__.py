"""Dose-response meta-analysis: the verb `dose_response`, its result, regions and comparisons of shapes."""

"""The sections of the report: one function a section, listed in :mod:`meta.report.sections.registry`."""

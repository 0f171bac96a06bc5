"""The sections of the report: one function per section, in :mod:`meta.report.sections.section_registry`."""

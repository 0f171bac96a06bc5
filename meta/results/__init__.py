"""What every result is: one base class, a few protocols, and one vocabulary of columns.

A result class derives from :class:`meta.results.base.Result` and says only what is its own: the lines of its
print-out, the rows of its table, and what it tells of the fit. Everything else follows from those.
"""

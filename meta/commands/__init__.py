"""The commands of ``meta``, thin: parse, call, print."""

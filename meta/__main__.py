"""``python -m meta`` is the command ``meta``."""

from meta.cli import main

main()

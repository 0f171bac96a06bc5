"""``python -m meta`` is the command ``meta``."""

from meta.cli import main

if __name__ == "__main__":
    main()

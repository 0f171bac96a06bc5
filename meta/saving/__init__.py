"""Results to JSON and back: ``result.save("fit.json")`` and ``meta.load("fit.json")``.

A file says what it is (``format``, ``class``), with which options and under which versions it was made, and
holds every number at full precision. It is data only: names in it are looked up in a fixed list, and no code
in it is ever run.
"""

from __future__ import annotations

from pathlib import Path


class Saved:
    """Gives a result class its ``save``."""

    __slots__ = ()

    def save(self, path: str | Path) -> Path:
        """Write the result to a .json file, from which :func:`meta.load` makes an equal one.

        Parameters
        ----------
        path : str or Path
            Where to write; must end in .json. A file of that name is replaced.

        Returns
        -------
        Path
            The file.
        """
        from meta.saving.files import save

        return save(self, path)

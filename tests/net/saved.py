"""Saved files that must load for ever: one for each class that a file may hold, with its print-out.

``python -m tests.net.saved`` writes the files that are missing and touches no other. ``--reprint`` writes the
print-outs anew that are no longer the same, after which `python -m tests.net.report --only saved --accept`
lists them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import warnings
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import meta
from meta.errors import quiet
from tests.net.register import Group, take

FOLDER = Path(__file__).parent / "saved"
SAVED = Group("saved")
GROUPS = [SAVED]
KEYS = "estimate se sd median ci_low ci_high p_value statistic df k tau2 tau i2 h2 q q_p loglik log_evidence"
KEYS += " beta coefficients sigma2 weights yi vi lower upper low high n exact k0 bf_effect bf_heterogeneity"
KEYS += " conclusion mean scale shape location mu sigma value draws"


LARGE = 100_000
"""Files with more characters are kept packed."""


def names() -> list[str]:
    return sorted(path.name.split(".")[0] for path in FOLDER.glob("*.json*"))


def text_of(name: str) -> str:
    """The text of a file as it was saved."""
    packed = FOLDER / f"{name}.json.gz"
    if packed.exists():
        return gzip.decompress(packed.read_bytes()).decode("utf-8")
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


@cache
def loaded(name: str) -> Any:
    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / f"{name}.json"
        path.write_text(text_of(name), encoding="utf-8")
        return meta.load(path)


def printed(name: str) -> str:
    return str(loaded(name)).rstrip("\n") + "\n"


def kept(name: str) -> str:
    """The print-out as it was."""
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def told(name: str) -> Mapping[str, Any]:
    result = loaded(name)
    calls = {"tidy": result.tidy} if hasattr(result, "tidy") else {}
    return take(result, KEYS, **calls) | {"print": f"crc {zlib.crc32(printed(name).encode()):08x}"}


def classes(value: Any) -> Iterator[str]:
    """The names of the classes in a file's content."""
    if isinstance(value, dict):
        if isinstance(value.get(TAG), str):
            yield value[TAG]
        for item in value.values():
            yield from classes(item)
    elif isinstance(value, list):
        for item in value:
            yield from classes(item)


def held() -> set[str]:
    """The classes of which a saved file has an instance."""
    found = set()
    for name in names():
        found |= set(classes(json.loads(text_of(name))))
    return found


TAG = "$class"
for _name in names():
    SAVED.add(_name, lambda n=_name: told(n))


def write_missing() -> None:
    from meta.saving.files import dumps
    from tests.net.recipes import RECIPES, made

    for name in RECIPES:
        if name not in names():
            text = json.dumps(json.loads(dumps(made(name))), separators=(",", ":")) + "\n"
            if len(text) > LARGE:
                packed = gzip.compress(text.encode("utf-8"), mtime=0)
                (FOLDER / f"{name}.json.gz").write_bytes(packed)
            else:
                (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
            (FOLDER / f"{name}.txt").write_text(printed(name), encoding="utf-8")
            print(f"{name}: {len(text)} characters")


def reprint() -> None:
    for name in names():
        if printed(name) != kept(name):
            (FOLDER / f"{name}.txt").write_text(printed(name), encoding="utf-8")
            print(f"{name} is printed anew")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reprint", action="store_true")
    options = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reprint() if options.reprint else write_missing()


if __name__ == "__main__":
    main()

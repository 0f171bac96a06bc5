"""Broken study and claims files: read, or refused in one sentence per problem; nothing else comes out."""

from __future__ import annotations

import random
import shutil
import time
import warnings
from pathlib import Path

import pytest

import meta
from meta.errors import EvidenceError, MetaError

ROOT = Path(__file__).parents[2] / "studies"
FILES = sorted(ROOT.glob("*.toml"))
ODD = [
    "1e300",
    "-1e300",
    "nan",
    "inf",
    "-inf",
    "0",
    "-1",
    "''",
    "'x'",
    "[]",
    "{}",
    "true",
    "1979-05-27",
    "0.1",
]
ODD += [
    "'<script>alert(1)</script>'",
    "'=1+1'",
    "'../x'",
    '"' + "a" * 10_000 + '"',
    "99999999999999999999",
    "[[1]]",
]


@pytest.fixture
def folder(tmp_path):
    for path in FILES:
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def mutated(text: bytes, rng: random.Random) -> bytes:
    """A file with bytes changed, a piece cut out, or lines replaced, emptied, doubled or exchanged."""
    way = rng.randrange(6)
    if way == 0:
        found = bytearray(text)
        for _ in range(rng.randrange(1, 6)):
            found[rng.randrange(len(found))] = rng.randrange(256)
        return bytes(found)
    if way == 1:
        start = rng.randrange(len(text))
        return text[:start] + text[start + rng.randrange(1, 200) :]
    lines = text.decode().split("\n")
    fields = [i for i, line in enumerate(lines) if "=" in line]
    at, other = rng.choice(fields), rng.choice(fields)
    key = lines[at].split("=")[0]
    if way == 2:
        lines[at] = f"{key}= {rng.choice(ODD)}"
    elif way == 3:
        lines[at] = ""
    elif way == 4:
        lines[at] += f"\n{key.replace(' ', 'x')}= 3"
    else:
        lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines).encode()


def opened(folder: Path) -> str:
    """Read everything of a folder; return "fine" or the refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", meta.errors.MetaWarning)
        try:
            evidence = meta.load_evidence(folder)
            for name in evidence.analyses:
                evidence.effects(name)
        except MetaError as refusal:
            return str(refusal)
    return "fine"


def survive(folder: Path, rng: random.Random, count: int) -> None:
    for _ in range(count):
        path = rng.choice(FILES) if rng.random() < 0.85 else ROOT / "claims.toml"
        changed = folder / path.name
        changed.write_bytes(mutated(path.read_bytes(), rng))
        start = time.perf_counter()
        said = opened(folder)
        assert said
        assert "Traceback" not in said
        assert time.perf_counter() - start < 20
        shutil.copy(path, changed)


def test_broken_files_are_read_or_refused(folder):
    survive(folder, random.Random(1), 12)


@pytest.mark.long
def test_many_more_broken_files_are_read_or_refused(folder):
    survive(folder, random.Random(2), 2000)


def test_deep_nesting_and_long_values_end_in_a_sentence(folder):
    for bomb in (
        "a = " + "[" * 100_000,
        "[" + ".".join("a" for _ in range(20_000)) + "]",
        'id = "' + "x" * 10**6 + '"',
    ):
        (folder / "bomb-2000.toml").write_text(bomb)
        with pytest.raises(EvidenceError, match="bomb-2000"):
            meta.load_evidence(folder)


def test_a_file_that_is_not_text_is_named(folder):
    (folder / "binary-2000.toml").write_bytes(bytes(range(256)))
    with pytest.raises(EvidenceError, match="binary-2000"):
        meta.load_evidence(folder)

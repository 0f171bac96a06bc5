"""Lines of values in TOML: against files made line by line, and against every file of the repository."""

import tomllib
from pathlib import Path

import pytest

from meta.evidence.toml_lines import line_of, lines_of

ROOT = Path(__file__).parents[2]

TEXT = '''# a comment with [brackets] and = signs
id = "a-2001"
title = """
[[arms]]
n = 1
"""
doi = '10.1/x#y' # behind
people = { n = 20, "age of" = { mean = 3.5 } }

[[arms]]
id = "one"
n = 10

[[arms]]
id = "two"
n = 11
doses = [
  1.5,  # first
  [2, 3],
  { dose = 4, unit = "mg" },
]

[[results]]
id = "r"
[results.statistic]
kind = "means"
[[results.statistic.arms]]
arm = "one"
mean = 2
[[results.statistic.arms]]
arm = "two"
mean = 3

[[results]]
id = "s"
statistic.kind = "counts"
statistic.arms = [{ arm = "one", events = 3 },
                  { arm = "two", events = 4 }]
when = 2001-02-03T04:05:06Z
'''  # fmt: skip


def places(value, path=()):
    """Every path of what was read."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, (*path, number))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("id",), 2),
        (("title",), 3),
        (("doi",), 7),
        (("people", "n"), 8),
        (("people", "age of", "mean"), 8),
        (("arms",), 10),
        (("arms", 0, "n"), 12),
        (("arms", 1), 14),
        (("arms", 1, "doses", 1), 19),
        (("arms", 1, "doses", 1, 1), 19),
        (("arms", 1, "doses", 2, "unit"), 20),
        (("results", 0, "statistic", "arms", 1, "mean"), 32),
        (("results", 1, "statistic", "kind"), 36),
        (("results", 1, "statistic", "arms", 1, "events"), 38),
        (("results", 1, "when"), 39),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_value_has_its_line(path, line, ending):
    text = TEXT.replace("\n", ending)
    tomllib.loads(text)
    assert lines_of(text)[path] == line


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("studies/*.toml"), ROOT / "pyproject.toml"]), ids=lambda p: p.name
)
def test_every_value_of_a_real_file_has_a_line_that_names_it(file):
    text = file.read_text(encoding="utf-8")
    rows, found = text.splitlines(), lines_of(text)
    for path in places(tomllib.loads(text)):
        assert path in found
        if isinstance(path[-1], str):
            assert path[-1] in rows[found[path] - 1]


def test_parts_that_are_not_keys_are_passed_over():
    content, lines = tomllib.loads(TEXT), lines_of(TEXT)
    assert line_of("results.0.statistic.means.arms.1.mean", lines, content) == 32
    assert line_of("results.s.statistic.counts.arms.0.n", lines, content) == 37  # not there: the entry's line
    assert line_of("nowhere", lines, content) == 0


@pytest.mark.parametrize("text", ["", "[", "a = ", "= 3", 'a = "', "a = [1, 2", "]]", "a.b.c", "\x00"])
def test_any_text_comes_to_an_end(text):
    assert isinstance(lines_of(text), dict)

"""Every stored number is still what it was, or changed.toml says why it is not."""

from __future__ import annotations

import pytest

from tests.net.compare import Deviation, changes, judge, same
from tests.net.report import compared
from tests.net.store import GROUPS, quick, read

SLOW = [name for name in GROUPS if set(read(name)) - quick(name)]


def complain(complaints: list[str]) -> None:
    shown = "\n".join(complaints[:30]) + (f"\nand {len(complaints) - 30} more" if complaints[30:] else "")
    assert not complaints, f"{len(complaints)} numbers (`python -m tests.net.report` shows all):\n{shown}"


@pytest.mark.parametrize("group", GROUPS)
def test_numbers_are_what_they_were(group):
    complain(judge(*compared(group, fast=True)))


@pytest.mark.slow
@pytest.mark.parametrize("group", SLOW)
def test_slow_numbers_are_what_they_were(group):
    complain(judge(*compared(group, fast=False)))


@pytest.mark.parametrize("group", GROUPS)
def test_every_case_is_stored(group):
    missing = [case for case in GROUPS[group].cases if case not in read(group)]
    assert not missing, f"{missing[:5]} of {group} are not stored: run `python -m tests.net.build`"


def test_there_are_enough_numbers():
    assert sum(len(stored.numbers) for name in GROUPS for stored in read(name).values()) > 5000


def test_listed_changes_are_about_what_is_stored():
    known = {f"{name}/{case}" for name in GROUPS for case in read(name)}
    strange = [name for name in changes() if "/".join(name.split("/")[:2]) not in known]
    assert not strange, f"changed.toml lists what the net does not hold: {strange}"


@pytest.mark.parametrize(
    ("old", "new", "equal"),
    [
        (1.0, 1.0 + 1e-11, True),
        (1.0, 1.0 + 1e-9, False),
        (0.0, 1e-13, True),
        (0.0, 1e-9, False),
        (float("nan"), float("nan"), True),
        (float("nan"), 0.0, False),
        (float("inf"), float("-inf"), False),
        ("supported", "inconclusive", False),
        (1.0, "gone", False),
    ],
)
def test_what_counts_as_equal(old, new, equal):
    assert same(old, new) is equal


def test_a_deviation_and_a_stale_line_are_told(monkeypatch):
    import tests.net.compare as compare

    monkeypatch.setattr(compare, "changes", lambda: {"g/c/tau2": (1.0, 2.0), "g/c/se": (3.0, 4.0)})
    wrong = judge(["g/c"], [Deviation("g/c/tau2", 1.0, 2.0), Deviation("g/c/estimate", 0.1, 0.2)])
    assert wrong == [
        "g/c/estimate: 0.1 was stored, 0.2 is found",
        "g/c/se: changed.toml lists it, but it does not deviate; delete its line",
    ]
    assert "changed.toml says 2.0" in judge(["g/c"], [Deviation("g/c/tau2", 1.0, 2.5)])[0]

"""The number of tests per folder, and of doctests per room, may not fall (``counts.json``)."""

from __future__ import annotations

import pytest

from tests.net.counts import counted, required, shortfalls, stored


def test_no_folder_has_fewer_tests_than_recorded():
    found = shortfalls(stored(), counted())
    assert not found, "; ".join([*found, "see tests/net/counts.py"])


@pytest.mark.parametrize("part", ["moved", "lowered", "past"])
def test_every_entry_has_a_reason_and_a_count(part):
    for entry in stored()[part]:
        assert entry["reason"]
        assert entry["count"] > 0


def test_what_moved_must_have_arrived():
    entry = {"from": "tests/a", "to": "tests/b", "count": 3, "reason": "b is its room now"}
    record = {"counts": {"tests/a": 5, "tests/b": 1}, "moved": [entry], "lowered": []}
    assert shortfalls(record, {"tests/a": 2, "tests/b": 4}) == []
    assert shortfalls(record, {"tests/a": 2, "tests/b": 3}) == [
        "tests/b has 3 tests, 1 fewer than the 4 recorded"
    ]
    given_up = {"folder": "tests/b", "count": 1, "reason": "two tests of one case"}
    assert shortfalls(record | {"lowered": [given_up]}, {"tests/a": 2, "tests/b": 3}) == []


def test_moves_do_not_lower_the_sum():
    entry = {"from": "meta/a", "to": "meta/b", "count": 4, "reason": "moved"}
    record = {"counts": {"meta/a": 5, "meta/b": 1}, "moved": [entry], "lowered": []}
    assert sum(required(record).values()) == 6

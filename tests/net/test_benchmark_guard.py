"""The comparison of a benchmark's ratios with those that were accepted (``benchmarks/peers/guard.py``)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.peers.guard import ACCEPTED, NOISE, check, ratios, slower

TIMES = {"meta": 0.1, "a": 1.0, "b": 0.5, "c": 0.2}


def a_run(**times):
    one = {"fit": {who: {"seconds": seconds} for who, seconds in (TIMES | times).items()}}
    busy = {"fit": {who: {"seconds": 9 * row["seconds"]} for who, row in one["fit"].items()}}
    return {"versions": {"a": "1"}, "rounds": [one, busy, one]}


def test_a_slower_machine_is_not_a_slower_package():
    before, now = (ratios(run["rounds"]) for run in (a_run(), a_run(**{k: 3 * v for k, v in TIMES.items()})))
    assert before == {"fit": {"meta": {"a": 10.0, "b": 5.0, "c": 2.0}}}
    assert slower(before, now) == []


@pytest.mark.parametrize(("times", "found"), [(NOISE * 0.98, False), (NOISE * 1.02, True)])
def test_what_takes_longer_than_noise_is_told(times, found):
    now = ratios(a_run(meta=0.1 * times)["rounds"])
    told = slower(ratios(a_run()["rounds"]), now)
    assert bool(told) is found


def test_one_peer_that_became_faster_is_not_taken_for_us():
    assert slower(ratios(a_run()["rounds"]), ratios(a_run(a=0.1)["rounds"])) == []


def test_small_losses_do_not_hide_behind_each_other(tmp_path, capsys):
    path = tmp_path / "ratios.json"
    assert check(a_run(), path=path) == []
    assert check(a_run(meta=0.12), path=path) == []
    (told,) = check(a_run(meta=0.14), path=path)
    assert told == "fit: meta takes 1.40 times as long as it did, beside a, b, c"
    assert told in capsys.readouterr().out
    check(a_run(meta=0.14), accept=True, path=path)
    assert check(a_run(meta=0.14), path=path) == []


def test_what_is_timed_no_more_is_told():
    before = ratios(a_run()["rounds"])
    assert slower(before, {}) == ["fit: meta was not timed beside a, b, c"]


def test_the_accepted_ratios_are_those_of_a_committed_run():
    kept = json.loads(ACCEPTED.read_text())["ratios"]
    run = json.loads((Path(ACCEPTED).with_name("peers.json")).read_text())
    assert set(ratios(run["rounds"])) == set(kept)
    assert all(
        ratio > 0 for engines in kept.values() for peers in engines.values() for ratio in peers.values()
    )

"""Drivers that are programs: good, bad, and without end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driver_stage import GOOD, TINY, printing, script
from msgspec.structs import replace

from npc_engine.conformance import judge
from npc_engine.conformance.judge import is_overloaded as judged
from npc_engine.conformance.runner import play, play_all

LINES = [json.dumps(event) for event in GOOD]
#: What a real daemon says on a machine that has too much to do.
BUSY = {**GOOD[4], "source": "authored", "reason": "busy"}


def test_a_good_driver_passes_and_its_log_is_kept(tmp_path: Path) -> None:
    run = play(TINY, printing(tmp_path, "loading ...", *LINES))
    assert run.failures == []
    assert "loading" in run.log
    assert run.as_json()["poll_us"] == {"polls": 6, "p50": 20.5, "p99": 80.0}


def test_a_second_end_and_a_lost_request_are_caught(tmp_path: Path) -> None:
    assert play(TINY, printing(tmp_path, *LINES[:5], *LINES[4:])).failures == ["request a: ended 2 times"]
    assert play(TINY, printing(tmp_path, *LINES[:4], LINES[5])).failures == ["request a: ended 0 times"]


def test_garbage_is_told_and_the_rest_still_read(tmp_path: Path) -> None:
    (failure,) = play(TINY, printing(tmp_path, *LINES[:3], '{"event": "finis', *LINES[3:])).failures
    assert failure.startswith("the driver printed no event: ")


def test_a_driver_that_crashes_is_told_with_what_it_wrote(tmp_path: Path) -> None:
    run = play(TINY, script(tmp_path, "raise SystemError('no such socket')"))
    assert "the driver ended with exit status 1" in run.failures
    assert "no such socket" in run.log


def test_a_driver_that_does_not_end_is_ended(tmp_path: Path) -> None:
    code = "import time\nwhile True:\n    time.sleep(1)"
    assert "the driver did not end within 1 s" in play(TINY, script(tmp_path, code), spare_s=1.0).failures


def test_a_driver_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    run = play(TINY, script(tmp_path, "while True: print('na')"))
    assert any("did not end" in failure for failure in run.failures)


def test_at_a_mark_the_runner_acts_and_lets_the_driver_go_on(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys, time
print('{{"event": "mark", "at_ms": 1, "name": "now"}}', flush=True)
while not pathlib.Path(sys.argv[1] + ".now").exists():
    time.sleep(0.01)
print({chr(10).join(LINES)!r})
"""
    assert play(replace(TINY, marks={"now": [{"cut": True}]}), script(tmp_path, code)).failures == []


def test_on_an_overloaded_machine_a_scenario_is_played_again_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"""
import pathlib
again = pathlib.Path({str(tmp_path / "again")!r})
print({chr(10).join(LINES)!r} if again.exists() else {chr(10).join([*LINES[:3], json.dumps(BUSY), LINES[5]])!r})
again.touch()
"""
    monkeypatch.setattr(judge, "is_overloaded", lambda scenario, events: judged(replace(scenario, fake=None), events))
    (run,) = play_all([TINY], script(tmp_path, code))
    assert (run.failures, run.again) == ([], True)
    assert run.as_json()["again"]
    (run,) = play_all([TINY], printing(tmp_path, *LINES[:3], json.dumps(BUSY), LINES[5]))
    assert run.again
    assert run.failures


def test_what_a_fake_daemon_did_not_get_is_told(tmp_path: Path) -> None:
    expect = replace(TINY.expect, sent=["hello"], counts={"say": 1}, budgets_ms={"say": [(1, 400)]})
    failures = play(replace(TINY, expect=expect), printing(tmp_path, *LINES)).failures
    assert failures == [
        "the client sent []; expected, in this order: ['hello']",
        "the client sent 0 `say`; expected 1",
        "the budgets of `say` were []; expected within [[1, 400]]",
    ]

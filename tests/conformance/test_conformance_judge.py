"""A client that breaks a rule is found out, whichever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from driver_stage import GOOD, TINY
from msgspec.structs import replace

from npc_engine.conformance.events import AnyEvent, parse
from npc_engine.conformance.judge import is_overloaded, judge
from npc_engine.conformance.scenario import Expectations, Expected

STATE, READY, ASKED, UPDATE, FINISHED, COST = GOOD
FAILED = {"event": "failed", "at_ms": 90, "as": "a", "code": "internal", "message": "", "recoverable": True}


def events(*printed: dict[str, Any]) -> list[AnyEvent]:
    parsed = [parse(json.dumps(event).encode()) for event in printed]
    return [event for event in parsed if event is not None]


def test_a_client_that_does_all_of_it_has_no_failures() -> None:
    assert judge(TINY, events(*GOOD)) == []


@pytest.mark.parametrize(
    ("printed", "failure"),
    [
        ((READY, COST), "was never asked"),
        ((READY, ASKED, UPDATE, COST), "ended 0 times"),
        ((READY, ASKED, UPDATE, FINISHED, FINISHED, COST), "ended 2 times"),
        ((READY, ASKED, UPDATE, FINISHED, FAILED, COST), "ended 2 times"),
        ((READY, ASKED, UPDATE, FINISHED, UPDATE, COST), "went on after its end"),
        ((READY, UPDATE, ASKED, FINISHED, COST), "`asked` comes once, first"),
        ((READY, ASKED, ASKED, UPDATE, FINISHED, COST), "`asked` comes once, first"),
        ((READY, ASKED, UPDATE, {**FINISHED, "at_ms": 961}, COST), "took 951 ms; its budget is 500 ms"),
        ((READY, ASKED, {**UPDATE, "stable": 11}, FINISHED, COST), "`stable` is 11 in a text of 10"),
        ((READY, ASKED, {**UPDATE, "stable": -1}, FINISHED, COST), "`stable` is -1"),
        ((READY, ASKED, UPDATE, {**UPDATE, "stable": 3}, FINISHED, COST), "'Evening,' was final; then"),
        ((READY, ASKED, UPDATE, {**FINISHED, "text": "Morning."}, COST), "'Evening,' was final; the line is"),
        ((READY, ASKED, FINISHED, COST), "had 0 updates"),
        ((READY, ASKED, UPDATE, {**FINISHED, "source": "authored"}, COST), "source is 'authored'; expected 'model'"),
        ((READY, ASKED, UPDATE, FAILED, COST), "failed with internal"),
        ((STATE, ASKED, UPDATE, FINISHED, COST), "the states were ['connecting']"),
        ((READY, ASKED, UPDATE, FINISHED), "it came 0 times"),
        ((READY, ASKED, UPDATE, FINISHED, COST, COST), "it came 2 times"),
        ((READY, ASKED, UPDATE, FINISHED, COST, STATE), "`poll_cost` comes once, last"),
        ((*GOOD[:-1], {**FINISHED, "as": "ghost"}, COST), "nobody asked ghost"),
        ((*GOOD[:-1], {"event": "timeout", "at_ms": 95, "for": "ended", "as": "a"}, COST), "in vain for ended of a"),
        ((*GOOD[:-1], {"event": "unsupported", "at_ms": 95, "do": "sing"}, COST), "cannot do `sing`"),
        ((*GOOD[:-1], {"event": "error", "at_ms": 95, "message": "a bug"}, COST), "a bug"),
    ],
)
def test_what_a_client_does_wrong_is_told(printed: tuple[dict[str, Any], ...], failure: str) -> None:
    assert any(failure in told for told in judge(TINY, events(*printed))), judge(TINY, events(*printed))


def test_a_line_of_an_overloaded_machine_is_told_from_a_provoked_one() -> None:
    busy = events(READY, ASKED, {**FINISHED, "reason": "busy"}, COST)
    real = replace(TINY, fake=None)
    provoking = replace(real, expect=Expectations(requests={"a": Expected(end="finished", reason=["busy"])}))
    assert is_overloaded(real, busy)
    assert not is_overloaded(real, events(*GOOD))
    assert not is_overloaded(TINY, busy)  # a fake daemon says what it is told
    assert not is_overloaded(provoking, busy)


def test_a_line_of_a_log_is_no_event_and_garbage_is_none_either() -> None:
    assert parse(b"Godot Engine v4.6\n") is None
    for garbage in (b"{", b'{"event": "party"}', b'{"event": "state", "at_ms": 1}', b'{"event": "\xff"}'):
        with pytest.raises(ValueError, match=r" in \{"):
            parse(garbage)

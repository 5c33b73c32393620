from __future__ import annotations

import pytest

from npc_engine.client.codec import FrameError, decode
from npc_engine.client.replies import Reply, RequestError
from npc_engine.client.requests import GRACE_MS, Request
from npc_engine.clock import NS_PER_MS


def request(kind: str = "say", budget_ms: int = 1_000) -> Request:
    fields = {"t": kind, "id": 1, "npc": "marta", "text": "Hi", "budget_ms": budget_ms}
    return Request(fields, patience_ms=budget_ms, now_ns=0, cancel=lambda _: None)


def test_the_first_sending_tells_what_is_left_and_a_resend_repeats_it() -> None:
    asked = request()
    first = asked.frame(300 * NS_PER_MS)
    assert first is not None
    assert decode(first)["budget_ms"] == 700
    asked.sent(first)
    assert asked.frame(600 * NS_PER_MS) == first


def test_a_daemon_that_forgot_it_gets_a_new_budget() -> None:
    asked = request()
    asked.sent(asked.frame(0) or b"")
    asked.update({"seq": 5, "text": "Ev", "stable": 0})
    asked.forgotten()
    assert (asked.state, asked.text) == ("queued", "")
    again = asked.frame(400 * NS_PER_MS)
    assert again is not None
    assert decode(again)["budget_ms"] == 600
    asked.sent(again)
    assert asked.update({"seq": 1, "text": "Good", "stable": 0})


def test_nothing_is_sent_when_the_budget_is_spent() -> None:
    assert request().frame(1_000 * NS_PER_MS) is None
    assert request().frame(999 * NS_PER_MS) is not None


def test_the_local_deadline_leaves_the_reply_time_to_travel() -> None:
    assert request(budget_ms=1_500).deadline_ns == (1_500 + GRACE_MS) * NS_PER_MS


def test_old_updates_change_nothing() -> None:
    asked = request()
    asked.sent(b"")
    assert asked.update({"seq": 2, "text": "Evening", "stable": 3})
    assert not asked.update({"seq": 2, "text": "Other", "stable": 0})
    assert not asked.update({"seq": 1, "text": "Eve", "stable": 0})
    assert (asked.text, asked.stable, asked.state) == ("Evening", 3, "streaming")


@pytest.mark.parametrize("wrong", [{"stable": 8}, {"stable": -1}, {"seq": "1"}, {"text": None}, {"seq": None}])
def test_a_wrong_update_is_refused_and_changes_nothing(wrong: dict[str, object]) -> None:
    asked = request()
    with pytest.raises(FrameError):
        asked.update({"seq": 1, "text": "Evening", "stable": 0, **wrong})
    assert (asked.text, asked.state) == ("", "queued")


def test_a_resend_does_not_set_the_state_back() -> None:
    asked = request()
    asked.sent(b"frame")
    asked.accepted()
    asked.update({"seq": 1, "text": "Evening", "stable": 0})
    asked.sent(b"frame")
    asked.accepted()
    assert asked.state == "streaming"


def test_the_end_is_a_reply_or_an_error() -> None:
    good, bad = request(), request()
    good.end(Reply(text="Evening."))
    bad.end(RequestError("cancelled", ""))
    assert (good.state, good.text, good.stable, good.error) == ("done", "Evening.", 8, None)
    assert (bad.state, bad.reply) == ("failed", None)
    assert good.finished
    assert bad.finished


@pytest.mark.parametrize(("code", "lost"), [("daemon_unreachable", True), ("cancelled", False)])
def test_only_what_no_daemon_took_was_lost(code: str, lost: bool) -> None:
    asked = request("world.set")
    assert not asked.was_lost
    asked.end(RequestError(code, ""))
    assert asked.was_lost == lost

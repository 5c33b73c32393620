"""What becomes of requests, against a scripted daemon in lockstep."""

from __future__ import annotations

import pytest
from client_stage import AUTHORED, Stage, draft, line

from npc_engine import limits
from npc_engine.client.exchange import BACKLOG_POLLS
from npc_engine.client.requests import GRACE_MS, Request
from npc_engine.clock import FakeClock
from npc_engine.errors import ErrorCode
from npc_engine.wire import codec
from npc_engine.wire.messages import Accepted, Cancel, Error, Hello, Message, Pong, Say


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_line_comes_word_by_word_and_ends(stage: Stage) -> None:
    stage.greet()
    seen: list[str] = []
    asked = stage.client.say(
        "marta", "Evening!", on_update=lambda r: seen.append(r.text), on_done=lambda r: seen.append(r.state)
    )
    (sent,) = stage.received()
    assert sent == Say(id=1, npc="marta", text="Evening!", budget_ms=1_500)
    assert asked.state == "sent"
    stage.send(Accepted(id=1))
    assert asked.state == "accepted"
    stage.send(draft(1, 1, "Eve", 0), draft(1, 2, "Evening, lo", 8))
    assert (asked.state, asked.text, asked.text[: asked.stable]) == ("streaming", "Evening, lo", "Evening,")
    stage.send(line(1))
    assert asked.reply is not None
    assert (asked.state, asked.text, asked.reply.source, asked.error) == ("done", "Evening, love.", "model", None)
    assert seen == ["Eve", "Evening, lo", "done"]


def test_what_is_asked_before_the_daemon_is_ready_waits_in_order(stage: Stage) -> None:
    first, second = stage.client.say("marta", "One"), stage.client.bark("marta")
    stage.wait(400)
    assert (first.state, second.state) == ("queued", "queued")
    sent = stage.greet()
    assert [message.id for message in sent if isinstance(message, Say)] == [1]
    assert [type(message).__name__ for message in sent] == ["Say", "Bark"]
    assert (first.state, second.state) == ("sent", "sent")
    assert isinstance(sent[0], Say)
    assert sent[0].budget_ms == 1_500 - 400, "the daemon is told what is left of the budget"


def test_without_a_daemon_a_line_ends_just_after_its_budget(stage: Stage) -> None:
    ends: list[Request] = []
    asked = stage.client.say("marta", "Evening!", budget_ms=1_000, on_done=ends.append)
    stage.wait(1_000 + GRACE_MS - 1)
    assert not asked.finished
    stage.wait(1)
    assert asked.reply is not None
    assert (asked.text, asked.reply.source, asked.reply.reason) == ("...", "authored", "offline")
    stage.wait(10_000)
    assert ends == [asked]


def test_without_a_daemon_what_has_no_line_fails(stage: Stage) -> None:
    asked = [stage.client.health(), stage.client.warm(["marta"], budget_ms=500)]
    stage.wait(60_000)
    assert [request.error.code for request in asked if request.error] == [ErrorCode.DAEMON_UNREACHABLE] * 2


def test_a_lost_daemon_leaves_the_authors_lines(stage: Stage) -> None:
    stage.greet()
    stage.disconnect()
    asked = [stage.client.say(npc, "?", budget_ms=100) for npc in ("marta", "marta", "jörg", "bram")]
    stage.wait(100 + GRACE_MS)
    assert [request.text for request in asked] == [*AUTHORED["marta"], AUTHORED["jörg"][0], "..."]


def test_a_late_reply_to_an_ended_request_is_ignored_and_its_work_was_called_off(stage: Stage) -> None:
    stage.greet()
    asked = stage.client.say("marta", "Evening!", budget_ms=100)
    stage.received()
    stage.wait(100 + GRACE_MS)
    (cancel,) = stage.received()
    assert isinstance(cancel, Cancel)
    assert (cancel.target, cancel.id) == (asked.id, asked.id + 1)
    text = asked.text
    stage.send(draft(1, 1, "Eve"), line(1), Error(id=1, code=ErrorCode.CANCELLED, message=""), line(cancel.id))
    assert (asked.text, asked.error, asked.state) == (text, None, "done")


def test_after_a_break_unfinished_requests_are_resent_unchanged(stage: Stage) -> None:
    stage.greet()
    done, open_ = stage.client.say("marta", "One"), stage.client.say("marta", "Two")
    before = stage.received()
    stage.send(line(done.id), Accepted(id=open_.id), draft(open_.id, 3, "Ev", 1))
    stage.disconnect()
    stage.wait(500)
    assert stage.greet(resumed=True) == [before[1]]
    assert open_.state == "streaming"
    stage.send(Accepted(id=open_.id), draft(open_.id, 4, "Evening", 1), line(open_.id))
    assert open_.state == "done"


def test_the_session_stays_the_same_over_reconnects(stage: Stage) -> None:
    sessions = []
    for _ in range(3):
        stage.connect()
        stage.client.poll()
        sessions += [message.session for message in stage.received() if isinstance(message, Hello)]
        stage.disconnect()
        stage.client.poll()
    assert len(sessions) == 3
    assert len(set(sessions)) == 1
    assert len(sessions[0]) == 32
    other = Stage()
    other.connect()
    other.client.poll()
    (hello,) = other.received()
    assert isinstance(hello, Hello)
    assert hello.session != sessions[0]


def test_a_restarted_daemon_gets_unfinished_requests_with_what_is_left(stage: Stage) -> None:
    stage.greet()
    short, long = stage.client.say("marta", "One", budget_ms=200), stage.client.say("marta", "Two", budget_ms=2_000)
    stage.send(draft(long.id, 9, "Old wor", 0))
    stage.disconnect()
    stage.wait(220)
    sent = stage.greet(resumed=False)
    assert sent == [Say(id=long.id, npc="marta", text="Two", budget_ms=1_780)]
    assert (long.state, long.text) == ("sent", "")
    stage.send(draft(long.id, 1, "New", 0))
    assert long.text == "New", "the new daemon counts its drafts from the start"
    stage.wait(30)
    assert short.reply is not None
    assert short.reply.reason == "offline"


def test_a_restarted_daemon_cannot_change_what_the_player_has_read(stage: Stage) -> None:
    stage.greet()
    asked = stage.client.say("marta", "Evening!")
    stage.send(draft(asked.id, 1, "The mill was sold in sp", 13))
    stage.disconnect()
    stage.client.poll()
    stage.greet(resumed=False)
    assert asked.reply is not None
    assert (asked.text, asked.reply.source, asked.reply.reason) == ("The mill was ...", "partial", "offline")
    assert asked.published == 13


def test_hello_first_means_greet_again_and_resend(stage: Stage) -> None:
    stage.greet()
    stage.client.say("marta", "One")
    before = stage.received()
    stage.send(Error(code=ErrorCode.HELLO_FIRST, message="say hello first", ref=1))
    (hello,) = stage.received()
    assert isinstance(hello, Hello)
    stage.send(Error(code=ErrorCode.HELLO_FIRST, message="say hello first", ref=2))
    assert stage.received() == [], "one hello is on its way already"
    stage.send(stage.welcome(resumed=True))
    assert stage.received() == before


def test_a_second_welcome_resends_nothing(stage: Stage) -> None:
    stage.greet()
    asked = stage.client.say("marta", "One")
    stage.received()
    stage.send(stage.welcome(resumed=False))
    assert stage.received() == []
    assert asked.state == "sent"


@pytest.mark.parametrize("code", [ErrorCode.UNAUTHORISED, ErrorCode.VERSION_UNSUPPORTED])
def test_a_refused_client_fails_its_requests_and_says_why(stage: Stage, code: ErrorCode) -> None:
    waiting = stage.client.say("marta", "One")
    stage.connect()
    stage.client.poll()
    stage.send(Error(code=code, message="read the token file"))
    after = stage.client.say("marta", "Two")
    for asked in (waiting, after):
        assert asked.error is not None
        assert (asked.state, asked.error.code) == ("failed", code)
    assert stage.client.state == "refused"
    assert stage.client.problem == "read the token file"
    stage.received()
    stage.wait(5_000)
    assert isinstance(stage.received()[0], Hello), "a restarted daemon may have us"
    stage.send(stage.welcome())
    assert stage.client.state == "ready"
    assert stage.client.say("marta", "Three").state == "sent"


def test_a_daemon_of_another_version_is_not_spoken_to(stage: Stage) -> None:
    asked = stage.client.say("marta", "One")
    stage.connect()
    stage.client.poll()
    welcome = stage.welcome()
    welcome.v = 2
    stage.send(welcome)
    assert asked.error is not None
    assert asked.error.code == ErrorCode.VERSION_UNSUPPORTED
    assert stage.client.state == "refused"


def test_an_error_ends_its_request_only(stage: Stage) -> None:
    stage.greet()
    bad, good = stage.client.say("nobody", "One"), stage.client.say("marta", "Two")
    stage.send(Error(id=bad.id, code=ErrorCode.UNKNOWN_NPC, message="marta?", retry_after_ms=None))
    assert bad.error is not None
    assert (bad.error.code, bad.error.message) == (ErrorCode.UNKNOWN_NPC, "marta?")
    assert good.state == "sent"


def test_a_fault_that_ends_no_request_is_kept_for_the_developer(stage: Stage) -> None:
    stage.greet()
    asked = stage.client.say("marta", "One")
    stage.send(Error(code=ErrorCode.DUPLICATE_ID, message="id 1 was used", ref=asked.id))
    assert not asked.finished
    assert stage.client.problem == "id 1 was used"


def test_cancel_ends_at_once_and_tells_the_daemon(stage: Stage) -> None:
    stage.greet()
    ends: list[Request] = []
    asked = stage.client.say("marta", "One", on_done=ends.append)
    stage.received()
    asked.cancel()
    assert asked.error is not None
    assert (asked.state, asked.error.code) == ("failed", ErrorCode.CANCELLED)
    (cancel,) = stage.received()
    assert isinstance(cancel, Cancel)
    assert cancel.target == asked.id
    asked.cancel()
    stage.send(line(asked.id))
    assert stage.received() == []
    assert ends == [asked]
    assert asked.reply is None


def test_what_was_cancelled_before_it_was_sent_never_is(stage: Stage) -> None:
    asked = stage.client.say("marta", "One")
    asked.cancel()
    assert stage.greet() == []


def test_ids_count_up_from_one(stage: Stage) -> None:
    ids = [stage.client.say("marta", "?").id, stage.client.health().id, stage.client.bark("marta").id]
    assert ids == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "budget_ms", "code"),
    [
        ("a\0b", 1_000, ErrorCode.BAD_MESSAGE),
        ("\ud800", 1_000, ErrorCode.BAD_MESSAGE),
        ("x" * (limits.FRAME_BYTES + 1), 1_000, ErrorCode.BAD_MESSAGE),
        ("Hi", 0, ErrorCode.BUDGET_OUT_OF_RANGE),
        ("Hi", limits.BUDGET_MAX_MS + 1, ErrorCode.BUDGET_OUT_OF_RANGE),
    ],
)
def test_what_cannot_be_sent_fails_at_once_and_is_told_at_the_next_poll(
    stage: Stage, text: str, budget_ms: int, code: ErrorCode
) -> None:
    stage.greet()
    ends: list[Request] = []
    asked = stage.client.say("marta", text, budget_ms=budget_ms, on_done=ends.append)
    assert asked.error is not None
    assert asked.error.code == code
    assert (stage.received(), ends) == ([], [])
    stage.client.poll()
    assert ends == [asked]


def test_text_of_any_script_passes_both_ways(stage: Stage) -> None:
    stage.greet()
    words = "Grüß dich, 村长! 👩‍👩‍👧 مرحبا"
    asked = stage.client.say("jörg", words)
    (sent,) = stage.received()
    assert isinstance(sent, Say)
    assert (sent.npc, sent.text) == ("jörg", words)
    stage.send(draft(1, 1, words, len(words)), line(1, words[::-1]))
    assert asked.text == words[::-1]


def test_a_full_link_keeps_requests_for_the_next_frame(stage: Stage) -> None:
    stage.greet()
    stage.transport.full = True
    asked = stage.client.say("marta", "One")
    stage.client.poll()
    assert asked.state == "queued"
    stage.transport.full = False
    stage.client.poll()
    assert asked.state == "sent"
    assert len(stage.received()) == 1


def test_garbage_changes_nothing_but_the_problem(stage: Stage) -> None:
    stage.greet()
    asked = stage.client.say("marta", "One")
    stage.transport.inbox.extend([b"", b"\xc1", b"\x81\xa1t\xc0", b"\x82\xa1t\xa4done\xa2id\xa11"])
    stage.client.poll()
    assert asked.state == "sent"
    assert "no message" in stage.client.problem
    stage.transport.inbox.append(b"\x81\xa1t\xa7unheard")
    stage.send(Pong(n=1), Accepted(id=99), line(99), line(asked.id))
    assert asked.state == "done"


class TickingClock(FakeClock):
    """Every look at the clock takes a tenth of a millisecond: work takes time."""

    def now_ns(self) -> int:
        self.advance_ms(0.1)
        return super().now_ns()


def test_poll_stops_at_its_time_and_goes_on_next_frame() -> None:
    stage = Stage(clock=TickingClock(1_000_000_000))
    stage.greet()
    asked = stage.client.say("marta", "One", budget_ms=60_000)
    frames = 60
    stage.transport.inbox.extend(_frame(draft(asked.id, n + 1, "x" * n)) for n in range(frames))
    before = stage.clock.now_ns()
    stage.client.poll(max_ms=1.0)
    assert 0 < len(stage.transport.inbox) < frames
    assert stage.clock.now_ns() - before < 2_000_000
    left = len(stage.transport.inbox)
    stage.client.poll(max_ms=0)
    assert len(stage.transport.inbox) == left - 1, "at least one frame, however short the time"
    for _ in range(frames):
        stage.client.poll(max_ms=1.0)
    assert asked.text == "x" * (frames - 1)


def test_replies_that_wait_unread_after_a_long_frame_still_count() -> None:
    stage = Stage(clock=TickingClock(1_000_000_000))
    stage.greet()
    asked = stage.client.say("marta", "One", budget_ms=1_000)
    stage.transport.inbox.extend(_frame(draft(asked.id, n, "x")) for n in range(1, BACKLOG_POLLS))
    stage.transport.inbox.append(_frame(line(asked.id)))
    stage.clock.advance_ms(5_000)
    for _ in range(50):
        stage.client.poll(max_ms=0.2)
    assert asked.reply is not None
    assert asked.reply.source == "model"


def test_a_flood_does_not_keep_a_request_from_its_end() -> None:
    stage = Stage(clock=TickingClock(1_000_000_000))
    stage.greet()
    asked = stage.client.say("marta", "One", budget_ms=100)
    stage.transport.inbox.extend(_frame(Pong(n=n)) for n in range(1_000))
    stage.clock.advance_ms(100 + GRACE_MS)
    for _ in range(BACKLOG_POLLS):
        stage.client.poll(max_ms=0)
        assert not asked.finished
    stage.client.poll(max_ms=0)
    assert asked.reply is not None
    assert asked.reply.reason == "offline"


def test_a_game_that_hangs_with_replies_unread_still_gets_them() -> None:
    stage = Stage(clock=TickingClock(1_000_000_000))
    stage.greet()
    asked = stage.client.say("marta", "One", budget_ms=1_000)
    stage.transport.inbox.extend([_frame(Pong(n=1)), _frame(Pong(n=2)), _frame(line(asked.id))])
    stage.client.poll(max_ms=0)  # in the middle of what came
    stage.clock.advance_ms(5_000)
    stage.client.poll(max_ms=0)
    assert not asked.finished
    stage.client.poll(max_ms=0)
    assert asked.reply is not None
    assert asked.reply.source == "model"


def test_two_busy_moments_are_not_one_long_one() -> None:
    stage = Stage(clock=TickingClock(1_000_000_000))
    stage.greet()
    asked = stage.client.say("marta", "One", budget_ms=1_000)
    stage.transport.inbox.append(_frame(Pong(n=1)))
    stage.client.poll(max_ms=0)
    stage.client.poll()
    stage.clock.advance_ms(5_000)
    stage.transport.inbox.extend([_frame(Pong(n=2)), _frame(line(asked.id))])
    stage.client.poll(max_ms=0)
    stage.client.poll(max_ms=0)
    assert asked.reply is not None
    assert asked.reply.source == "model"


def test_a_callback_may_ask_cancel_close_and_raise(stage: Stage) -> None:
    stage.greet()
    follow_ups: list[Request] = []

    def ask_again(request: Request) -> None:
        follow_ups.append(stage.client.say("marta", "And then?", on_done=fail))
        follow_ups[0].cancel()

    def fail(request: Request) -> None:
        raise RuntimeError("the game's own fault")

    asked = stage.client.say("marta", "One", on_done=ask_again)
    with pytest.raises(RuntimeError, match="own fault"):
        stage.send(line(asked.id))
    assert [request.state for request in (asked, *follow_ups)] == ["done", "failed"]
    other = stage.client.say("marta", "Two", on_done=lambda r: stage.client.close())
    last = stage.client.say("marta", "Three")
    stage.send(line(other.id), line(last.id))
    assert (other.state, last.state, stage.client.state) == ("done", "failed", "closed")


def _frame(message: Message) -> bytes:
    return codec.encode(message)

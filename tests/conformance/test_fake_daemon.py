"""A fake daemon says what it is told, and notices what a client may not send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import zmq

from npc_engine.conformance.fake_daemon import FakeDaemon
from npc_engine.wire.refused import refused_frames

PATIENCE_MS = 10_000
HELLO = {"t": "hello", "v": [1], "session": "0123456789"}
SAY = {"t": "say", "id": 1, "npc": "marta", "text": "Evening.", "budget_ms": 900}
WELCOME = {"t": "welcome", "v": 1, "daemon": "fake", "pack": "test", "state": "ready", "resumed": True}

Talk = Callable[..., list[Any]]


@pytest.fixture
def fake() -> Iterator[FakeDaemon]:
    with FakeDaemon({"hello": [WELCOME]}) as fake:
        yield fake


@pytest.fixture
def talk(fake: FakeDaemon) -> Iterator[Talk]:
    """Send a message, or the frames of one; take so many answers."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.connect(f"tcp://127.0.0.1:{fake.port}")

    def send(message: Any, answers: int = 0) -> list[Any]:
        dealer.send_multipart(message if isinstance(message, list) else [msgspec.msgpack.encode(message)])
        assert all(dealer.poll(PATIENCE_MS) for _ in range(answers))
        return [dealer.recv() for _ in range(answers)]

    yield send
    context.destroy(linger=0)


def decoded(frames: list[bytes]) -> list[Any]:
    return [msgspec.msgpack.decode(frame) for frame in frames]


def test_it_answers_by_type_with_the_id_it_was_asked_with(fake: FakeDaemon, talk: Talk) -> None:
    fake.answers["say"] = [{"t": "accepted", "id": "$id"}, {"t": "done", "id": "$id", "filler": 9}]
    assert decoded(talk(SAY, 2)) == [{"t": "accepted", "id": 1}, {"t": "done", "id": 1, "data": {"filler": "x" * 9}}]
    assert decoded(talk({"t": "ping", "n": 4}, 1)) == [{"t": "pong", "n": 4}]
    assert fake.received == ["say", "ping"]
    assert fake.problems == []


def test_it_sends_raw_and_invalid_frames_and_changes_its_mind(fake: FakeDaemon, talk: Talk) -> None:
    fake.answers["say"] = [{"hex": "c1"}, {"wait_ms": 1}, {"then": {"say": [{"invalid": True}]}}]
    assert talk(SAY, 1) == [b"\xc1"]
    invalid = [refused.frame for refused in refused_frames() if refused.direction == "daemon"]
    assert talk(SAY, len(invalid)) == invalid


def test_it_speaks_unasked(fake: FakeDaemon, talk: Talk) -> None:
    talk(HELLO, 1)
    fake.say([{"t": "status", "state": "loading"}])
    assert decoded(talk({"t": "ping"}, 2)) in (
        [{"t": "status", "state": "loading"}, {"t": "pong", "n": 0}],
        [{"t": "pong", "n": 0}, {"t": "status", "state": "loading"}],
    )


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([{**SAY, "budget_ms": "900"}], "what is no message"),
        ([{"t": "done", "id": 1}], "what is no message"),
        ([[b"\x81\xa1t\xa4ping", b""]], "a message of 2 frames"),
        ([SAY, {**SAY, "text": "Morning."}], "id 1 again with other fields"),
    ],
)
def test_it_notices_what_a_client_may_not_send(fake: FakeDaemon, talk: Talk, messages: list[Any], problem: str) -> None:
    for message in messages:
        talk(message)
    talk({"t": "ping"}, 1)  # by now it has seen them
    assert [problem in told for told in fake.problems] == [True]


def test_an_id_is_free_again_for_a_daemon_that_knows_nothing(fake: FakeDaemon, talk: Talk) -> None:
    talk(SAY)
    fake.answers["hello"] = [{**WELCOME, "resumed": False}]
    talk(HELLO, 1)
    talk({**SAY, "budget_ms": 300})
    talk({"t": "ping"}, 1)
    assert fake.problems == []


def test_a_session_that_was_taken_must_not_come_again(fake: FakeDaemon, talk: Talk) -> None:
    fake.answers["say"] = [{"t": "error", "code": "session_taken", "message": "Taken."}]
    talk(HELLO, 1)
    talk(SAY, 1)
    talk({**HELLO, "session": "another-one"}, 1)
    assert fake.problems == []
    talk(HELLO, 1)
    assert fake.problems == ["the client greeted again with a session that was taken from it"]

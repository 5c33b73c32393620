"""Odd and hostile requests, each with the answer the protocol defines for it."""

from __future__ import annotations

import contextlib
import http.client
import secrets

import msgpack
import pytest
from daemon_peer import Peer, RunningDaemon

from npc_engine import limits
from npc_engine.errors import ErrorCode
from npc_engine.wire.messages import (
    Accepted,
    Bark,
    Cancel,
    Describe,
    Done,
    Error,
    Hello,
    Ping,
    Pong,
    Reason,
    Say,
    Source,
    Spoken,
    Warm,
    Welcome,
)


@pytest.fixture(scope="module")
def client(daemon: RunningDaemon) -> Peer:
    return daemon.client()


_ids = iter(range(1, 1 << 30))


def say(text: str = "Evening.", budget_ms: int = 5_000, npc: str = "marta", **fields: object) -> Say:
    return Say(id=next(_ids), npc=npc, text=text, budget_ms=budget_ms, **fields)  # type: ignore[arg-type]


def done(reply: object) -> Done:
    assert isinstance(reply, Done), reply
    return reply


def error(reply: object) -> Error:
    assert isinstance(reply, Error), reply
    return reply


def test_a_line_streams_and_ends(client: Peer) -> None:
    request = say()
    reply = done(client.ask(request))
    assert reply.source is Source.MODEL
    assert reply.text
    updates = client.drafts(request.id)
    assert [update.seq for update in updates] == list(range(1, len(updates) + 1))
    for update in updates:
        assert reply.text.startswith(update.text[: update.stable])
    assert any(isinstance(message, Accepted) and message.id == request.id for message in client.inbox)


def test_the_same_seed_says_the_same(client: Peer) -> None:
    first, second = (done(client.ask(say(seed=7, slot=slot))) for slot in ("seed-a", "seed-b"))
    assert first.text == second.text


def test_a_budget_of_one_millisecond_gets_an_authored_line(client: Peer) -> None:
    reply = done(client.ask(say(budget_ms=1)))
    assert (reply.source, reply.reason) == (Source.AUTHORED, Reason.LATE)
    assert reply.text


def test_a_budget_of_ten_minutes_is_taken(client: Peer) -> None:
    assert done(client.ask(say(budget_ms=limits.BUDGET_MAX_MS))).source is Source.MODEL


@pytest.mark.parametrize("budget_ms", [0, -1, limits.BUDGET_MAX_MS + 1])
def test_other_budgets_are_refused(client: Peer, budget_ms: int) -> None:
    assert error(client.ask(say(budget_ms=budget_ms))).code is ErrorCode.BUDGET_OUT_OF_RANGE


def test_an_unknown_character_is_named_with_its_neighbours(client: Peer) -> None:
    reply = error(client.ask(say(npc="martha")))
    assert reply.code is ErrorCode.UNKNOWN_NPC
    assert "marta" in reply.message


def test_an_unknown_place(client: Peer) -> None:
    reply = error(client.ask(Describe(id=next(_ids), place="moon", budget_ms=1_000)))
    assert reply.code is ErrorCode.UNKNOWN_PLACE


def test_silence_lets_the_character_speak_first(client: Peer) -> None:
    assert done(client.ask(say(""))).text


def test_text_of_100_kb_is_refused(client: Peer) -> None:
    assert error(client.ask(say("a" * 100_000))).code is ErrorCode.TEXT_TOO_LONG


@pytest.mark.parametrize(
    "text", ["\x00\x01\x1b[31m", "\u202eabc\u202c", "\u05e9\u05dc\u05d5\u05dd", "\U0001f600" * 50, "<|im_end|>"]
)
def test_strange_text_gets_a_line(client: Peer, text: str) -> None:
    reply = done(client.ask(say(text)))
    assert reply.text
    assert not any(mark in reply.text for mark in ("\x00", "\x1b", "\u202e", "<|"))


def test_a_resend_gets_the_same_reply(client: Peer) -> None:
    request = say()
    first = done(client.ask(request))
    assert done(client.ask(request)).text == first.text


def test_the_same_id_with_other_words_is_a_fault_of_the_connection(client: Peer) -> None:
    request = say()
    client.ask(request)
    client.send(Say(id=request.id, npc="marta", text="other words", budget_ms=5_000))
    reply = error(client.wait(lambda message: isinstance(message, Error)))
    assert (reply.code, reply.id, reply.ref) == (ErrorCode.DUPLICATE_ID, None, request.id)


def test_two_clients_with_the_same_id(daemon: RunningDaemon) -> None:
    one, other = daemon.client(), daemon.client()
    one.send(Say(id=5, npc="marta", text="One.", budget_ms=5_000))
    other.send(Say(id=5, npc="marta", text="Other.", budget_ms=5_000))
    assert done(one.terminal(5)).text
    assert done(other.terminal(5)).text


def test_two_clients_with_the_same_session(daemon: RunningDaemon) -> None:
    session = secrets.token_hex(16)
    older, newer = daemon.peer(session), daemon.peer(session)
    assert isinstance(older.hello(), Welcome)
    older.send(Say(id=1, npc="marta", text="Evening.", budget_ms=5_000))
    welcome = newer.hello()
    assert isinstance(welcome, Welcome)
    assert welcome.resumed
    assert error(older.wait(lambda message: isinstance(message, Error))).code is ErrorCode.SESSION_TAKEN
    newer.send(Say(id=1, npc="marta", text="Evening.", budget_ms=5_000))
    assert done(newer.terminal(1)).text


class TestCancel:
    def test_of_an_unknown_id(self, client: Peer) -> None:
        assert done(client.ask(Cancel(id=next(_ids), target=999_999))).data == {"state": "unknown"}

    def test_of_a_running_one(self, client: Peer) -> None:
        request = say(slot="cancel")
        client.send(request)
        client.wait(lambda message: getattr(message, "id", None) == request.id and hasattr(message, "seq"))
        assert done(client.ask(Cancel(id=next(_ids), target=request.id))).data == {"state": "cancelled"}
        assert error(client.terminal(request.id)).code is ErrorCode.CANCELLED

    def test_of_a_queued_one(self, client: Peer) -> None:
        requests = [say(slot=f"queue-{number}") for number in range(6)]  # the engine takes four
        for request in requests:
            client.send(request)
        assert done(client.ask(Cancel(id=next(_ids), target=requests[-1].id))).data == {"state": "cancelled"}
        assert error(client.terminal(requests[-1].id)).code is ErrorCode.CANCELLED
        for request in requests[:-1]:
            assert done(client.terminal(request.id)).source is Source.MODEL

    def test_of_a_finished_one(self, client: Peer) -> None:
        request = say()
        client.ask(request)
        assert done(client.ask(Cancel(id=next(_ids), target=request.id))).data == {"state": "finished"}

    def test_twice(self, client: Peer) -> None:
        request = say(slot="cancel")
        client.send(request)
        first = done(client.ask(Cancel(id=next(_ids), target=request.id)))
        second = done(client.ask(Cancel(id=next(_ids), target=request.id)))
        assert (first.data["state"], second.data["state"]) == ("cancelled", "finished")


def test_describe_bark_warm_ping(client: Peer) -> None:
    welcome_places = client.health()  # a barrier
    assert welcome_places["state"] == "ready"
    assert done(client.ask(Describe(id=next(_ids), place="inn", budget_ms=5_000))).narration
    assert done(client.ask(Bark(id=next(_ids), npc="marta", budget_ms=5_000))).text
    warmed = done(client.ask(Warm(id=next(_ids), npcs=["marta"], budget_ms=5_000)))
    assert warmed.data["warm"] == ["marta"]
    client.send(Ping(n=41))
    assert client.wait(lambda message: isinstance(message, Pong)) == Pong(n=41)


def test_spoken_settles_a_turn_once(client: Peer) -> None:
    request = say(slot="spoken")
    client.ask(request)
    assert done(client.ask(Spoken(id=next(_ids), target=request.id))).data == {"kept": True}
    assert done(client.ask(Spoken(id=next(_ids), target=request.id))).data == {"kept": False}


class TestBadFrames:
    @pytest.fixture
    def client(self, daemon: RunningDaemon) -> Peer:
        return daemon.client()

    def test_before_hello(self, daemon: RunningDaemon) -> None:
        peer = daemon.peer()
        peer.send(say())
        assert error(peer.wait(lambda message: isinstance(message, Error))).code is ErrorCode.HELLO_FIRST

    def test_a_wrong_token(self, daemon: RunningDaemon) -> None:
        assert error(daemon.peer().hello(token="wrong")).code is ErrorCode.UNAUTHORISED

    def test_a_version_from_the_future(self, daemon: RunningDaemon) -> None:
        assert error(daemon.peer().hello(v=[99])).code is ErrorCode.VERSION_UNSUPPORTED

    @pytest.mark.parametrize(
        ("frames", "code"),
        [
            ((b"\xc1",), ErrorCode.BAD_FRAME),
            ((b"",), ErrorCode.BAD_FRAME),
            ((msgpack.packb([1, 2]),), ErrorCode.BAD_FRAME),
            ((b"\x91" * 60_000,), ErrorCode.BAD_FRAME),
            ((msgpack.packb({"t": "health", "id": 1}), b"second"), ErrorCode.BAD_FRAME),
            ((msgpack.packb({"t": "dance", "id": 1}),), ErrorCode.UNKNOWN_TYPE),
            ((msgpack.packb({"id": 1}),), ErrorCode.BAD_MESSAGE),
        ],
    )
    def test_of_many_kinds(self, client: Peer, frames: tuple[bytes, ...], code: ErrorCode) -> None:
        client.send_bytes(*frames)
        assert error(client.wait(lambda message: isinstance(message, Error))).code is code
        assert client.health()["state"] == "ready"

    def test_a_mistyped_field_ends_its_request(self, client: Peer) -> None:
        request_id = next(_ids)
        client.send_bytes(msgpack.packb({"t": "say", "id": request_id, "npc": 5, "text": "x", "budget_ms": 100}))
        assert error(client.terminal(request_id)).code is ErrorCode.BAD_MESSAGE

    def test_a_mistyped_resend_does_not_end_the_running_request(self, client: Peer) -> None:
        request = say(slot="mistyped")
        client.send(request)
        client.send_bytes(msgpack.packb({"t": "say", "id": request.id, "npc": 5, "text": "x", "budget_ms": 100}))
        reply = error(client.wait(lambda message: isinstance(message, Error)))
        assert (reply.id, reply.ref) == (None, request.id)
        assert done(client.terminal(request.id)).source is Source.MODEL


def test_a_web_page_cannot_reach_the_daemon(daemon: RunningDaemon) -> None:
    """An HTTP POST whose body reads as ZMTP 1.0 frames: without an authenticator libzmq would deliver it."""
    port = int(daemon.address.rsplit(":", 1)[1])
    hello = msgpack.packb({"t": "hello", "v": [1], "session": "smuggled-session", "token": daemon.token})
    frame = bytes([len(hello) + 1, 0]) + hello
    before = daemon.client()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    # Paddings of all lengths, so that one of them lines up with a frame boundary.
    body = b"".join(b"A" * padding + frame for padding in range(64))
    with contextlib.suppress(OSError, http.client.HTTPException):  # the daemon hangs up
        connection.request("POST", "/", body=body)
        connection.getresponse().read()
    connection.close()
    later = daemon.peer("smuggled-session")
    welcome = later.hello()
    assert isinstance(welcome, Welcome)
    assert not welcome.resumed, "the smuggled hello opened the session"
    assert before.health()["state"] == "ready"


def test_hello_twice_on_one_connection_is_harmless(daemon: RunningDaemon) -> None:
    peer = daemon.peer()
    assert isinstance(peer.hello(), Welcome)
    again = peer.hello()
    assert isinstance(again, Welcome)
    assert again.resumed
    peer.send(Hello(v=[1], session="another-session", token=daemon.token))
    moved = peer.wait(lambda message: isinstance(message, Welcome))
    assert isinstance(moved, Welcome)
    assert not moved.resumed

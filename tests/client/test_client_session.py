from __future__ import annotations

from client_stage import FakeTransport

from npc_engine.client.codec import decode
from npc_engine.client.replies import RequestError
from npc_engine.client.session import HEARTBEAT_MIN_MS, HELLO_RETRY_MS, REOPEN_MS, SILENT_HEARTBEATS, Session
from npc_engine.clock import NS_PER_MS

HEARTBEAT_MS = 2_000


def started() -> tuple[FakeTransport, Session]:
    transport = FakeTransport()
    return transport, Session(transport, lambda: b"hello", 0)


def greeted() -> tuple[FakeTransport, Session]:
    transport, session = started()
    transport.links, transport.up = 1, True
    session.tick(0)
    session.welcome(HEARTBEAT_MS, 0)
    transport.outbox.clear()
    return transport, session


def tick(session: Session, at_ms: float) -> None:
    session.tick(int(at_ms * NS_PER_MS))


def test_nothing_is_sent_without_a_connection() -> None:
    transport, session = started()
    tick(session, 0)
    tick(session, 10_000)
    assert not transport.outbox


def test_a_socket_that_has_given_up_is_made_anew() -> None:
    transport, session = greeted()
    tick(session, 10 * REOPEN_MS)
    transport.up = False
    reopened = []
    for waited_ms in (0, REOPEN_MS - 1, REOPEN_MS, 2 * REOPEN_MS - 1, 2 * REOPEN_MS):
        tick(session, 10 * REOPEN_MS + waited_ms)
        reopened.append(transport.reopened)
    assert reopened == [0, 0, 1, 1, 2]


def test_hello_goes_out_once_per_connection_and_is_repeated_until_answered() -> None:
    transport, session = started()
    transport.links, transport.up = 1, True
    for at_ms in (0, 1, HELLO_RETRY_MS - 1):
        tick(session, at_ms)
    assert list(transport.outbox) == [b"hello"]
    tick(session, HELLO_RETRY_MS)
    assert list(transport.outbox) == [b"hello", b"hello"]
    session.welcome(HEARTBEAT_MS, HELLO_RETRY_MS * NS_PER_MS)
    tick(session, HELLO_RETRY_MS + HEARTBEAT_MS - 1)
    assert len(transport.outbox) == 2


def test_a_new_connection_is_noticed_even_if_the_gap_was_not() -> None:
    transport, session = greeted()
    transport.links = 2
    tick(session, 1)
    assert not session.greeted
    assert list(transport.outbox) == [b"hello"]


def test_requests_go_out_only_while_greeted() -> None:
    transport, session = started()
    assert not session.send(b"say")
    transport.links, transport.up = 1, True
    tick(session, 0)
    assert not session.send(b"say")
    session.welcome(HEARTBEAT_MS, 0)
    assert session.send(b"say")
    transport.full = True
    assert not session.send(b"say")


def test_pings_follow_the_heartbeat_and_count_up() -> None:
    transport, session = greeted()
    for at_ms in (HEARTBEAT_MS - 1, HEARTBEAT_MS, HEARTBEAT_MS + 1, 2 * HEARTBEAT_MS):
        tick(session, at_ms)
    assert [decode(frame) for frame in transport.outbox] == [{"t": "ping", "n": 1}, {"t": "ping", "n": 2}]


def test_a_daemon_that_wants_no_heartbeat_is_not_flooded() -> None:
    transport, session = greeted()
    session.welcome(0, 0)
    tick(session, HEARTBEAT_MIN_MS - 1)
    assert not transport.outbox
    tick(session, HEARTBEAT_MIN_MS)
    assert len(transport.outbox) == 1


def test_silence_after_a_ping_means_that_the_daemon_is_lost() -> None:
    transport, session = greeted()
    tick(session, HEARTBEAT_MS)
    last_ms = HEARTBEAT_MS + SILENT_HEARTBEATS * HEARTBEAT_MS
    tick(session, last_ms - 1)
    assert session.greeted
    tick(session, last_ms)
    assert not session.greeted
    assert transport.outbox[-1] == b"hello"


def test_any_frame_ends_the_silence() -> None:
    transport, session = greeted()
    tick(session, HEARTBEAT_MS)
    transport.inbox.append(b"whatever")
    assert session.receive() == b"whatever"
    tick(session, 1_000 * HEARTBEAT_MS)
    assert session.greeted


def test_a_long_frame_of_the_game_is_not_taken_for_silence() -> None:
    _, session = greeted()
    tick(session, 60_000)
    assert session.greeted


def test_a_lost_session_is_greeted_once_however_often_it_is_called_lost() -> None:
    transport, session = greeted()
    session.lose(0)
    tick(session, 1)
    session.lose(2 * NS_PER_MS)
    tick(session, 3)
    assert list(transport.outbox) == [b"hello"]


def test_a_refusal_lasts_until_a_welcome_or_a_new_connection() -> None:
    transport, session = greeted()
    session.refuse(RequestError("unauthorised", ""), 0)
    assert not session.greeted
    tick(session, HELLO_RETRY_MS - 1)
    assert not transport.outbox
    tick(session, HELLO_RETRY_MS)
    assert list(transport.outbox) == [b"hello"]
    assert session.refusal is not None
    transport.links = 2
    tick(session, HELLO_RETRY_MS + 1)
    assert session.refusal is None
    session.refuse(RequestError("unauthorised", ""), 0)
    session.welcome(HEARTBEAT_MS, 0)
    assert session.refusal is None

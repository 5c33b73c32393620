"""The handshake that the specification tells, spoken to libzmq."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq
from protocol_files import read_vectors

from npc_engine.wire import zmtp

STEPS = {step["name"]: bytes.fromhex(step["hex"]) for step in read_vectors("handshake")}
PATIENCE_S = 10


@contextmanager
def bound(heartbeat_ms: int) -> Iterator[tuple[zmq.Socket[bytes], socket.socket]]:
    """A ROUTER of libzmq, and a plain TCP connection to it."""
    context = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.rcvtimeo = PATIENCE_S * 1_000
    router.heartbeat_ivl = heartbeat_ms
    try:
        port = router.bind_to_random_port("tcp://127.0.0.1")
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as link:
            yield router, link
    finally:
        context.destroy(linger=0)


@pytest.fixture
def router_and_link() -> Iterator[tuple[zmq.Socket[bytes], socket.socket]]:
    with bound(heartbeat_ms=0) as ends:
        yield ends


def read(link: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = link.recv(length - len(received))
        assert part, "libzmq closed the connection"
        received += part
    return received


def shake_hands(link: socket.socket) -> None:
    link.sendall(STEPS["greeting"])
    greeting = read(link, len(STEPS["greeting"]))
    assert (greeting[0], greeting[9]) == (0xFF, 0x7F)
    assert greeting[10] >= 3
    assert greeting[12:32] == b"NULL".ljust(20, b"\0")
    link.sendall(STEPS["ready"])
    flags, length = read(link, 2)
    assert flags == zmtp.COMMAND
    assert read(link, length).startswith(b"\x05READY\x0bSocket-Type\x00\x00\x00\x06ROUTER")


def test_messages_reach_libzmq(router_and_link: tuple[zmq.Socket[bytes], socket.socket]) -> None:
    router, link = router_and_link
    shake_hands(link)
    link.sendall(STEPS["short-message"] + STEPS["pong"] + STEPS["long-message"])
    peer, message = router.recv_multipart()
    assert message == b"\x81\xa1t\xa4ping"
    assert router.recv_multipart() == [peer, STEPS["long-message"][9:]]


def test_replies_come_as_frames(router_and_link: tuple[zmq.Socket[bytes], socket.socket]) -> None:
    router, link = router_and_link
    shake_hands(link)
    link.sendall(STEPS["short-message"])
    peer, _ = router.recv_multipart()
    for reply in (b"\x81\xa1t\xa4pong", bytes(300)):
        router.send_multipart([peer, reply])
        assert read(link, len(zmtp.frame(reply))) == zmtp.frame(reply)


def test_ping_is_answered_with_its_context(router_and_link: tuple[zmq.Socket[bytes], socket.socket]) -> None:
    _, link = router_and_link
    shake_hands(link)
    link.sendall(STEPS["ping"])
    assert read(link, len(STEPS["pong"])) == STEPS["pong"]


def test_libzmq_pings_as_the_text_says() -> None:
    with bound(heartbeat_ms=10) as (_, link):
        shake_hands(link)
        flags, length = read(link, 2)
        body = read(link, length)
    assert flags == zmtp.COMMAND
    assert body.startswith(b"\x04PING")
    assert 7 <= len(body) <= 23

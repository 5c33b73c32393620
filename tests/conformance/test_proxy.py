"""What a proxy does to a connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from npc_engine.conformance.proxy import Proxy

PATIENCE_S = 20.0


@pytest.fixture
def upstream() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        yield listener


@pytest.fixture
def proxy(upstream: socket.socket) -> Iterator[Proxy]:
    with Proxy(upstream.getsockname()[1]) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S) as client:
        yield client


@pytest.fixture
def daemon(upstream: socket.socket, client: socket.socket) -> Iterator[socket.socket]:
    connection, _ = upstream.accept()
    connection.settimeout(PATIENCE_S)
    with connection:
        yield connection


def receive(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size and (part := connection.recv(size - len(got))):
        got += part
    return got


def is_cut(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_bytes_pass_both_ways(client: socket.socket, daemon: socket.socket) -> None:
    client.sendall(b"x" * 100_000)
    assert receive(daemon, 100_000) == b"x" * 100_000
    daemon.sendall(b"hello")
    assert receive(client, 5) == b"hello"


def test_a_cut_is_seen_on_both_sides(proxy: Proxy, client: socket.socket, daemon: socket.socket) -> None:
    daemon.sendall(b"hello")
    assert receive(client, 5) == b"hello"  # the link stands
    proxy.cut()
    assert is_cut(client)
    assert is_cut(daemon)


def test_the_end_of_one_side_is_that_of_the_other(client: socket.socket, daemon: socket.socket) -> None:
    daemon.close()
    assert is_cut(client)


def test_what_is_held_is_not_lost(proxy: Proxy, client: socket.socket, daemon: socket.socket) -> None:
    proxy.hold(True)
    daemon.sendall(b"hello")
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(1)
    proxy.hold(False)
    client.settimeout(PATIENCE_S)
    assert receive(client, 5) == b"hello"


def test_bytes_one_by_one_are_the_same_bytes(proxy: Proxy, client: socket.socket, daemon: socket.socket) -> None:
    proxy.drip(True)
    daemon.sendall(bytes(range(256)))
    assert receive(client, 256) == bytes(range(256))


def test_foreign_bytes_come_between(proxy: Proxy, client: socket.socket, daemon: socket.socket) -> None:
    daemon.sendall(b"hello")
    assert receive(client, 5) == b"hello"
    proxy.inject(b"HTTP")
    assert receive(client, 4) == b"HTTP"


def test_a_new_connection_can_be_greeted_by_somebody_else(proxy: Proxy) -> None:
    proxy.greet(b"HTTP/1.1 400\r\n")
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S) as client:
        assert receive(client, 100) == b"HTTP/1.1 400\r\n"


def test_without_a_daemon_the_connection_ends() -> None:
    with Proxy() as proxy, socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_S) as client:
        assert is_cut(client)

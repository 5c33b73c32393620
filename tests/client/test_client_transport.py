"""Over real sockets on loopback. Waiting is done in bounded polls of the daemon's socket, never by the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import zmq
from client_stage import AUTHORED, draft, line
from zmq.auth.thread import ThreadAuthenticator

from npc_engine import limits
from npc_engine.client import NpcClient
from npc_engine.client.transport import CurveKeys, DealerTransport, is_local
from npc_engine.errors import ErrorCode
from npc_engine.wire import codec
from npc_engine.wire.messages import ClientMessage, Error, Hello, Message, Ping, Say, ServiceState, Welcome

ROUNDS = 2_000
ROUND_MS = 5


class Router:
    """A daemon's socket, driven by the test."""

    def __init__(
        self, port: int = 0, secret_key: bytes | None = None, context: zmq.Context[zmq.Socket[bytes]] | None = None
    ) -> None:
        self._context = context or zmq.Context()
        self.socket = self._context.socket(zmq.ROUTER)
        self.socket.linger = 0
        if secret_key is not None:
            self.socket.curve_secretkey, self.socket.curve_server = secret_key, True
        self.socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        self.address = self.socket.getsockopt_string(zmq.LAST_ENDPOINT)
        self.port = int(self.address.rsplit(":", 1)[1])
        self.peer = b""

    def close(self) -> None:
        """Gone, and its port free again, when this returns."""
        self._context.destroy(linger=0)

    def take(self, wait_ms: int = ROUND_MS) -> ClientMessage | None:
        if not self.socket.poll(wait_ms):
            return None
        self.peer, frame = self.socket.recv_multipart()
        return codec.decode_client(frame)

    def send(self, *messages: Message) -> None:
        for message in messages:
            self.socket.send_multipart([self.peer, codec.encode(message)])


Listen: TypeAlias = Callable[..., Router]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Makes daemons' sockets; each is gone at the end of the test."""
    made: list[Router] = []

    def make(*arguments: Any, **keywords: Any) -> Router:
        made.append(Router(*arguments, **keywords))
        return made[-1]

    yield make
    for router in made:
        router.close()


def welcome(resumed: bool = False) -> Welcome:
    return Welcome(v=1, daemon="0.1.0", pack="oakhollow", state=ServiceState.READY, resumed=resumed, authored=AUTHORED)


def until(client: NpcClient, router: Router, done: Callable[[ClientMessage | None], bool]) -> ClientMessage | None:
    """Frames of the game, until `done` of what the daemon took."""
    for _ in range(ROUNDS):
        client.poll()
        message = router.take()
        if done(message):
            return message
    raise AssertionError("it never happened")


def settle(router: Router, done: Callable[[], bool]) -> None:
    """The same for a transport alone."""
    for _ in range(ROUNDS):
        router.take()
        if done():
            return
    raise AssertionError("it never happened")


def greet(client: NpcClient, router: Router, resumed: bool = False) -> None:
    until(client, router, lambda message: isinstance(message, Hello))
    router.send(welcome(resumed))


def test_a_line_over_a_socket(listen: Listen) -> None:
    router = listen()
    with NpcClient(router.address, token="secret") as client:
        asked = client.say("marta", "Grüß dich!", budget_ms=60_000)
        greet(client, router)
        say = until(client, router, lambda message: isinstance(message, Say))
        assert isinstance(say, Say)
        assert say.text == "Grüß dich!"
        router.send(draft(1, 1, "Eve"), line(1))
        until(client, router, lambda _: asked.finished)
        assert asked.text == "Evening, love."
        assert client.state == "ready"


def test_a_daemon_that_dies_and_comes_back_gets_the_request_again(listen: Listen) -> None:
    router = listen()
    with NpcClient(router.address, token="secret") as client:
        asked = client.say("marta", "Hi", budget_ms=60_000)
        greet(client, router)
        first = until(client, router, lambda message: isinstance(message, Say))
        router.close()
        router = listen(router.port)
        until(client, router, lambda message: isinstance(message, Hello))
        router.send(welcome(resumed=True))
        assert until(client, router, lambda message: isinstance(message, Say)) == first
        router.send(line(asked.id))
        until(client, router, lambda _: asked.finished)
        assert asked.text == "Evening, love."


def test_last_words_of_a_dying_daemon_are_read(listen: Listen) -> None:
    router = listen()
    with NpcClient(router.address, token="secret") as client:
        asked = client.say("marta", "Hi", budget_ms=60_000)
        greet(client, router)
        until(client, router, lambda message: isinstance(message, Say))
        # The client must have the frame, unread, when the connection breaks: let the socket tell.
        router.send(line(asked.id))
        transport = client._exchange.session._transport  # type: ignore[union-attr]
        assert isinstance(transport, DealerTransport)
        assert transport._socket.poll(10_000)
        router.close()
        assert transport._monitor.poll(10_000)
        client.poll()
        assert asked.text == "Evening, love."


def test_a_wrong_token_is_told(listen: Listen) -> None:
    router = listen()
    with NpcClient(router.address, token="wrong") as client:
        until(client, router, lambda message: isinstance(message, Hello))
        router.send(Error(code=ErrorCode.UNAUTHORISED, message="wrong token"))
        until(client, router, lambda _: client.state == "refused")


def test_heartbeats_are_sent_as_the_daemon_wishes(listen: Listen) -> None:
    router = listen()
    with NpcClient(router.address, token="secret") as client:
        until(client, router, lambda message: isinstance(message, Hello))
        wish = welcome()
        wish.heartbeat_ms = 100
        router.send(wish)
        assert until(client, router, lambda message: isinstance(message, Ping)) == Ping(n=1)


def test_only_messages_of_one_frame_are_taken(listen: Listen) -> None:
    router = listen()
    with NpcClient(router.address, token="secret") as client:
        greet(client, router)
        asked = client.say("marta", "Hi", budget_ms=60_000)
        until(client, router, lambda message: isinstance(message, Say))
        frame = codec.encode(line(asked.id, "smuggled"))
        router.socket.send_multipart([router.peer, frame, frame])
        router.send(line(asked.id))
        until(client, router, lambda _: asked.finished)
        assert asked.text == "Evening, love."


def test_a_link_that_libzmq_has_given_up_can_be_reopened(listen: Listen) -> None:
    router = listen()
    transport = DealerTransport(router.address)
    settle(router, lambda: transport.link() == 1)
    transport.send(b"\x81\xa1t\xa4ping")
    settle(router, lambda: bool(router.peer))
    router.socket.send_multipart([router.peer, b"x" * (limits.FRAME_BYTES + 1)])
    settle(router, lambda: transport.link() == 0)
    assert transport.receive() is None
    transport.reopen()
    settle(router, lambda: transport.link() == 2)
    transport.close()


def curve_keys(server: bytes) -> CurveKeys:
    public, secret = zmq.curve_keypair()
    return CurveKeys(server.decode(), public.decode(), secret.decode())


def test_a_daemon_with_curve_keys_is_reached_with_them(listen: Listen) -> None:
    public, secret = zmq.curve_keypair()
    router = listen(secret_key=secret)
    keys = curve_keys(public)
    with NpcClient(
        router.address, token="secret", server_key=keys.server, public_key=keys.public, secret_key=keys.secret
    ) as client:
        until(client, router, lambda message: isinstance(message, Hello))


@pytest.mark.parametrize("wrong_key", [True, False])
def test_a_failed_handshake_says_what_to_check(listen: Listen, wrong_key: bool) -> None:
    router = listen(secret_key=zmq.curve_keypair()[1])
    transport = DealerTransport(router.address, curve_keys(zmq.curve_keypair()[0]) if wrong_key else None)
    settle(router, lambda: transport.link() == 0 and "CURVE keys" in transport.problem)
    transport.close()


def test_a_daemon_that_does_not_know_our_key_says_so(listen: Listen, tmp_path: Path) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    authenticator = ThreadAuthenticator(context)
    authenticator.start()
    authenticator.configure_curve(domain="*", location=str(tmp_path))
    public, secret = zmq.curve_keypair()
    router = listen(secret_key=secret, context=context)
    transport = DealerTransport(router.address, curve_keys(public))
    settle(router, lambda: transport.link() == 0 and "npc-engine keys" in transport.problem)
    transport.close()
    authenticator.stop()
    router.close()


def test_a_transport_without_a_daemon_neither_blocks_nor_raises(listen: Listen) -> None:
    router = listen()
    router.close()
    transport = DealerTransport(router.address)
    assert transport.link() == 0
    assert transport.receive() is None
    transport.close()
    transport.close()


@pytest.mark.parametrize(
    ("address", "curve"),
    [
        ("tcp://192.0.2.1:5770", None),
        ("tcp://example.com:5770", None),
        ("tcp://192.0.2.1:5770", CurveKeys("too", "short", "keys")),
        ("tcp://127.0.0.1", None),
        ("nonsense", None),
    ],
)
def test_what_cannot_be_connected_is_refused_at_once(address: str, curve: CurveKeys | None) -> None:
    with pytest.raises(ValueError, match=r"another machine|cannot connect"):
        DealerTransport(address, curve)


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("tcp://127.0.0.1:5770", True),
        ("tcp://[::1]:5770", True),
        ("ipc:///run/npc", True),
        ("tcp://127.0.0.1.example.com:5770", False),
        ("tcp://10.0.0.1:5770", False),
    ],
)
def test_only_loopback_is_local(address: str, local: bool) -> None:
    assert is_local(address) is local

"""A client in lockstep with a scripted daemon: no sockets, no threads, time moves only when told to.

The daemon's side speaks through the engine's own typed codec, so every frame the client sends is checked against the
protocol's definition by the way.
"""

from __future__ import annotations

from collections import deque

from npc_engine.client import NpcClient
from npc_engine.clock import FakeClock
from npc_engine.wire import codec
from npc_engine.wire.messages import (
    ClientMessage,
    Done,
    Draft,
    Hello,
    Message,
    ServiceState,
    Source,
    Turn,
    Welcome,
)

AUTHORED = {"marta": ["Hold that thought, love.", "The river is loud tonight."], "jörg": ["Später, mein Freund."]}


class FakeTransport:
    """The client's end of a connection whose other end the test holds."""

    def __init__(self) -> None:
        self.inbox: deque[bytes] = deque()
        self.outbox: deque[bytes] = deque()
        self.links = 0
        self.up = False
        self.full = False
        self.problem = ""
        self.reopened = 0
        self.closed = False

    def link(self) -> int:
        assert not self.closed
        return self.links if self.up else 0

    def send(self, frame: bytes) -> bool:
        if self.full:
            return False
        self.outbox.append(frame)
        return True

    def receive(self) -> bytes | None:
        assert not self.closed
        return self.inbox.popleft() if self.inbox else None

    def reopen(self) -> None:
        self.reopened += 1

    def close(self) -> None:
        self.closed = True


class Stage:
    """A client, the scripted daemon it talks to, and the clock of both."""

    def __init__(self, token: str = "secret", clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock(1_000_000_000)
        self.transport = FakeTransport()
        self.client = NpcClient(
            "tcp://127.0.0.1:5770", token, "demo", clock=self.clock, connect=lambda address, curve: self.transport
        )

    def connect(self) -> None:
        """The daemon can be reached, on a new connection."""
        self.transport.links += 1
        self.transport.up = True

    def disconnect(self) -> None:
        """The daemon cannot be reached; what it has not read is lost."""
        self.transport.up = False
        self.transport.outbox.clear()

    def send(self, *messages: Message) -> None:
        """The daemon says something, and the client has a frame's time to read it."""
        self.transport.inbox.extend(codec.encode(message) for message in messages)
        self.client.poll()

    def received(self) -> list[ClientMessage]:
        """What the client has sent since the last call."""
        frames = list(self.transport.outbox)
        self.transport.outbox.clear()
        return [codec.decode_client(frame) for frame in frames]

    def welcome(self, *, resumed: bool = False, state: ServiceState = ServiceState.READY) -> Welcome:
        return Welcome(
            v=1,
            daemon="0.1.0",
            pack="oakhollow",
            state=state,
            engine="scripted",
            model="none",
            resumed=resumed,
            authored=AUTHORED,
            npcs={"marta": "Marta Holt"},
            places={"inn": "The Grey Heron"},
        )

    def greet(self, *, resumed: bool = False) -> list[ClientMessage]:
        """Bring the connection up and greet the client; returns what it sends after the welcome."""
        self.connect()
        self.client.poll()
        hello = self.received()[-1]
        assert isinstance(hello, Hello)
        self.send(self.welcome(resumed=resumed))
        return self.received()

    def wait(self, milliseconds: float) -> None:
        """Let time pass, then one frame."""
        self.clock.advance_ms(milliseconds)
        self.client.poll()


def line(request_id: int, text: str = "Evening, love.") -> Done:
    return Done(id=request_id, text=text, source=Source.MODEL)


def draft(request_id: int, seq: int, text: str, stable: int = 0) -> Draft:
    return Draft(id=request_id, seq=seq, text=text, stable=stable)


def turn(request_id: int, n: int, npc: str = "marta", text: str = "Aye.") -> Turn:
    return Turn(id=request_id, n=n, npc=npc, text=text, source=Source.MODEL)

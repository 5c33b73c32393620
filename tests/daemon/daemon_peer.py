from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable
from typing import Any

import zmq

from npc_engine.client.credentials import read_token
from npc_engine.client.launcher import DaemonProcess
from npc_engine.wire import codec
from npc_engine.wire.messages import (
    DaemonMessage,
    Done,
    Draft,
    Error,
    Health,
    Hello,
    Message,
    ServiceState,
    Status,
    Terminal,
    Welcome,
)

#: Long enough for a loaded machine; nothing in the tests waits for it when all is well.
PATIENCE_S = 20.0


class Peer:
    """A bare client: one DEALER, no comforts."""

    def __init__(self, address: str, token: str, session: str | None = None, *, small_buffers: bool = False) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        if small_buffers:
            self.socket.setsockopt(zmq.RCVHWM, 1)
            self.socket.setsockopt(zmq.RCVBUF, 4_096)
        self.socket.connect(address)
        self.token = token
        self.session = session or secrets.token_hex(16)
        self.inbox: list[DaemonMessage] = []
        self.next_id = 1_000

    def hello(self, **fields: Any) -> DaemonMessage:
        self.send(Hello(**{"v": [1], "session": self.session, "token": self.token} | fields))
        return self.wait(lambda message: isinstance(message, Welcome | Error))

    def send(self, message: Message) -> None:
        self.send_bytes(codec.encode(message))

    def send_bytes(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def wait(self, wanted: Callable[[DaemonMessage], bool], patience_s: float = PATIENCE_S) -> DaemonMessage:
        """The first message, old or new, that is wanted; it is taken out of the inbox."""
        end_s = time.monotonic() + patience_s
        while True:
            for index, message in enumerate(self.inbox):
                if wanted(message):
                    return self.inbox.pop(index)
            if not self.socket.poll(max(0, int((end_s - time.monotonic()) * 1_000))):
                raise AssertionError(f"nothing of that kind came; inbox: {self.inbox}")
            self.inbox.append(codec.decode_daemon(self.socket.recv()))

    def terminal(self, request_id: int) -> Terminal:
        message = self.wait(lambda message: isinstance(message, Done | Error) and message.id == request_id)
        assert isinstance(message, Done | Error)
        return message

    def ask(self, message: Message) -> Terminal:
        self.send(message)
        return self.terminal(message.id)  # type: ignore[attr-defined]

    def drafts(self, request_id: int) -> list[Draft]:
        return [message for message in self.inbox if isinstance(message, Draft) and message.id == request_id]

    def health(self) -> dict[str, Any]:
        """Also a barrier: when it answers, all that was sent before has been handled."""
        self.next_id += 1
        reply = self.ask(Health(id=self.next_id))
        assert isinstance(reply, Done)
        return reply.data

    def wait_ready(self) -> None:
        self.wait_health(lambda health: health["state"] == ServiceState.READY)

    def wait_health(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end_s = time.monotonic() + PATIENCE_S
        while not wanted(health := self.health()):
            assert time.monotonic() < end_s, f"never came: {health}"
            with contextlib.suppress(AssertionError):  # wake on the next change of state, or look again
                self.wait(lambda message: isinstance(message, Status), patience_s=0.05)
        return health

    def close(self) -> None:
        self.socket.close()
        self.context.term()


class RunningDaemon:
    """A daemon in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = DaemonProcess(["--saves", "none", *arguments])
        self.peers: list[Peer] = []
        end_s = time.monotonic() + PATIENCE_S
        while (ready := self.process.ready()) is None:
            assert not self.process.problem(), self.process.problem()
            assert time.monotonic() < end_s, "the daemon did not start"
            time.sleep(0.01)
        self.address = ready.address
        self.token = read_token(ready.token_file)

    def peer(self, session: str | None = None, *, small_buffers: bool = False) -> Peer:
        peer = Peer(self.address, self.token, session, small_buffers=small_buffers)
        self.peers.append(peer)
        return peer

    def client(self, **hello: Any) -> Peer:
        """A peer that has said hello to a daemon that is ready."""
        peer = self.peer()
        assert isinstance(peer.hello(**hello), Welcome)
        peer.wait_ready()
        return peer

    def stop(self) -> None:
        for peer in self.peers:
            peer.close()
        self.process.stop()

"""The ROUTER socket on the event loop: frames in by callback, frames out without ever blocking.

libzmq signals readiness edge-triggered through one file descriptor, so after every receive *and* send the socket itself
must be asked again. This needs a loop with `add_reader` (the selector loop on every platform).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

import zmq
from zmq.auth.thread import ThreadAuthenticator

from npc_engine import limits
from npc_engine.daemon import security
from npc_engine.errors import ErrorCode, NpcError

#: Frames read before other work on the loop gets its turn.
BATCH = 32


class Sent(Enum):
    """What became of a frame."""

    OK = auto()
    FULL = auto()  # the peer does not read: keep it and try again
    GONE = auto()  # no such peer any more


class Endpoint:
    """A bound ROUTER. `on_frame(routing_id, frames)` is called on the loop for every message."""

    def __init__(self, on_frame: Callable[[bytes, list[bytes]], None]) -> None:
        self._on_frame = on_frame
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._authenticator = ThreadAuthenticator(self._context)
        self._socket = self._context.socket(zmq.ROUTER)
        self._drain_pending = False
        self._closed = False
        self.address = ""

    def bind(self, address: str, curve_dir: Path | None = None) -> str:
        """Bind and begin to read; returns the address with its real port. Raises BIND_REFUSED or ADDRESS_IN_USE."""
        try:
            security.check_bind(address, curve_dir)
        except NpcError:
            self.close()
            raise
        self._authenticator.start()
        socket = self._socket
        for option, value in (
            (zmq.MAXMSGSIZE, limits.FRAME_BYTES),
            (zmq.ROUTER_MANDATORY, 1),
            (zmq.LINGER, 0),
            (zmq.SNDHWM, 256),
            (zmq.RCVHWM, 256),
            (zmq.SNDBUF, limits.SEND_BUFFER_BYTES),
            (zmq.HEARTBEAT_IVL, 2_000),
            (zmq.HEARTBEAT_TIMEOUT, 6_000),
            (zmq.HANDSHAKE_IVL, 2_000),
        ):
            socket.setsockopt(option, value)
        security.protect(socket, self._authenticator, curve_dir)
        try:
            socket.bind(address)
        except zmq.ZMQError as cause:
            self.close()
            code = ErrorCode.ADDRESS_IN_USE if cause.errno == zmq.EADDRINUSE else ErrorCode.BIND_REFUSED
            raise NpcError(code, f"{address}: {cause.strerror}") from None
        self.address = socket.getsockopt_string(zmq.LAST_ENDPOINT)
        asyncio.get_running_loop().add_reader(socket.fileno(), self._drain)
        self._drain_soon()
        return self.address

    def send(self, routing_id: bytes, frame: bytes) -> Sent:
        """Send one frame to one peer, now or not at all."""
        if self._closed:
            return Sent.GONE
        try:
            self._socket.send_multipart((routing_id, frame), flags=zmq.DONTWAIT, copy=True)
        except zmq.Again:
            return Sent.FULL
        except zmq.ZMQError as cause:
            if cause.errno == zmq.EHOSTUNREACH:
                return Sent.GONE
            raise
        finally:
            self._drain_soon()
        return Sent.OK

    def close(self, linger_ms: int = 0) -> None:
        """Unbind and free everything, after giving libzmq up to `linger_ms` to hand over what it holds. Idempotent."""
        if self._closed:
            return
        self._closed = True
        if self.address:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close(linger=linger_ms)
        if self._authenticator.is_alive():
            self._authenticator.stop()
        self._context.term()

    def _drain_soon(self) -> None:
        if not self._drain_pending and not self._closed:
            self._drain_pending = True
            asyncio.get_running_loop().call_soon(self._drain)

    def _drain(self) -> None:
        self._drain_pending = False
        for _ in range(BATCH):
            if self._closed:
                return
            try:
                routing_id, *frames = self._socket.recv_multipart(flags=zmq.DONTWAIT)
            except zmq.Again:
                return
            self._on_frame(routing_id, frames)
        self._drain_soon()

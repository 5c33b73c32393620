"""One DEALER socket that never blocks, and knows when its connection is a new one."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import zmq

from npc_engine import limits

#: Frames queued in libzmq each way.
QUEUE_FRAMES = 256
#: First and longest wait between attempts to connect, milliseconds; libzmq doubles it each time. Short, because the
#: usual daemon is a process of the same machine that is just starting.
RECONNECT_MS = 100
RECONNECT_MAX_MS = 2_000
#: libzmq's own heartbeat finds a dead link, ours a dead daemon.
LINK_HEARTBEAT_MS = 2_000
LINK_TIMEOUT_MS = 6_000

#: Why a peer that was there did not become a connection. Which of the last two comes is a matter of timing.
HANDSHAKE_PROBLEMS = {
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: "The daemon does not know this client's CURVE key. Let it in: `npc-engine keys`.",
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: "Whoever listens there is no daemon, or the CURVE keys do not fit.",
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: "Whoever listens there is no daemon, or the CURVE keys do not fit.",
}
EVENTS = zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED | sum(HANDSHAKE_PROBLEMS)

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class CurveKeys:
    """The public key of a daemon on another machine and this client's own pair, which that daemon must have on file.
    Z85 text, 40 characters each."""

    server: str
    public: str
    secret: str


class Transport(Protocol):
    """What a session needs of a connection. Nothing here blocks or raises. `problem` tells why the last attempt to
    connect failed, if anyone was there to refuse it."""

    problem: str

    def link(self) -> int:
        """Number of the present connection, counted from 1; 0 while there is none."""
        ...

    def send(self, frame: bytes) -> bool:
        """Hand over a frame; False if it was not taken."""
        ...

    def receive(self) -> bytes | None:
        """The next frame; None if none waits."""
        ...

    def reopen(self) -> None:
        """Begin to connect anew."""
        ...

    def close(self) -> None:
        """Drop the connection and what is queued. Idempotent."""
        ...


def is_local(address: str) -> bool:
    """Whether `address` cannot leave this machine."""
    parts = urlsplit(address)
    return parts.scheme in ("ipc", "inproc") or parts.hostname in LOOPBACK


class DealerTransport:
    """A transport over ZeroMQ. Raises ValueError for a remote address without CURVE keys: the token would travel in
    the clear."""

    def __init__(self, address: str, curve: CurveKeys | None = None) -> None:
        if curve is None and not is_local(address):
            raise ValueError(f"{address} is another machine: give `server_key`, `public_key` and `secret_key`")
        self.problem = ""
        self._address = address
        self._curve = curve
        self._links = 0
        self._up = False
        self._context = zmq.Context()
        try:
            self._open()
        except (zmq.ZMQError, OSError, TypeError) as cause:
            self._context.destroy(linger=0)
            raise ValueError(f"cannot connect to {address}: {cause}") from cause

    def _open(self) -> None:
        socket = self._socket = self._context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.SNDHWM, QUEUE_FRAMES)
        socket.setsockopt(zmq.RCVHWM, QUEUE_FRAMES)
        socket.setsockopt(zmq.MAXMSGSIZE, limits.FRAME_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        socket.setsockopt(zmq.HEARTBEAT_IVL, LINK_HEARTBEAT_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, LINK_TIMEOUT_MS)
        socket.setsockopt(zmq.HANDSHAKE_IVL, LINK_HEARTBEAT_MS)
        if self._curve is not None:
            socket.curve_serverkey = self._curve.server.encode()
            socket.curve_publickey = self._curve.public.encode()
            socket.curve_secretkey = self._curve.secret.encode()
        # Not IMMEDIATE: with it libzmq drops frames not yet read when the daemon goes, its last replies too.
        self._monitor = socket.get_monitor_socket(EVENTS)
        socket.connect(self._address)

    def link(self) -> int:
        while _has_frames(self._monitor):
            (event,) = struct.unpack_from("=H", self._monitor.recv_multipart(zmq.DONTWAIT)[0])
            self._up = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            self._links += self._up
            if event != zmq.EVENT_DISCONNECTED:
                self.problem = HANDSHAKE_PROBLEMS.get(event, "")
        return self._links if self._up else 0

    def send(self, frame: bytes) -> bool:
        try:
            self._socket.send(frame, zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def receive(self) -> bytes | None:
        while _has_frames(self._socket):
            frames = self._socket.recv_multipart(zmq.DONTWAIT)
            if len(frames) == limits.MESSAGE_FRAMES:
                return frames[0]
        return None

    def reopen(self) -> None:
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close()
        self._up = False
        self._open()

    def close(self) -> None:
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._context.destroy(linger=0)


def _has_frames(socket: zmq.Socket[bytes]) -> bool:
    """Whether `recv` would find something: cheaper to ask than the exception of an empty `recv`."""
    return bool(int(socket.get(zmq.EVENTS)) & zmq.POLLIN)

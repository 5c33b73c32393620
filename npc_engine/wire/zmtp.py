"""The bytes of ZMTP 3.1 that a DEALER without libzmq has to write (https://rfc.zeromq.org/spec/37/).

Only for the specification and its vectors: the engine itself leaves ZMTP to libzmq.
"""

from __future__ import annotations

from typing import Any

#: Frame flags.
LONG = 2
COMMAND = 4


def greeting() -> bytes:
    """64 bytes: signature, version 3.1, mechanism NULL, not a CURVE server."""
    return b"\xff" + bytes(8) + b"\x7f" + b"\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)


def ready() -> bytes:
    """The client's half of the handshake: a DEALER without an identity."""
    properties = b""
    for name, value in ((b"Socket-Type", b"DEALER"), (b"Identity", b"")):
        properties += bytes([len(name)]) + name + len(value).to_bytes(4) + value
    return frame(b"\x05READY" + properties, COMMAND)


def ping(context: bytes = b"") -> bytes:
    """Asks the peer's libzmq for a `pong` with the same context, of 16 bytes at most. Its time to live is not set."""
    return frame(b"\x04PING\0\0" + context, COMMAND)


def pong(context: bytes = b"") -> bytes:
    """Answers a ping."""
    return frame(b"\x04PONG" + context, COMMAND)


def frame(body: bytes, flags: int = 0) -> bytes:
    """A message of one frame, or a command: flags, length, body."""
    if len(body) > 255:
        return bytes([flags | LONG]) + len(body).to_bytes(8) + body
    return bytes([flags, len(body)]) + body


def handshake() -> list[dict[str, Any]]:
    """What a client writes, in this order, to be able to send and to stay connected."""
    steps = (
        ("greeting", greeting(), "Sent as soon as the connection stands; 64 bytes come back."),
        ("ready", ready(), "Sent after the daemon's greeting; the daemon's own READY comes back."),
        ("short-message", frame(b"\x81\xa1t\xa4ping"), 'The message `{"t": "ping"}`.'),
        (
            "long-message",
            frame(b"\x82\xa1t\xa4ping\xa1x\xd9\xff" + b"." * 255),
            "A message of 265 bytes: 8 bytes of length.",
        ),
        ("ping", ping(b"abc"), "Optional: finds a dead link."),
        ("pong", pong(b"abc"), "The answer to that ping. Every ping of the daemon needs one."),
    )
    return [{"name": name, "about": about, "hex": sent.hex()} for name, sent, about in steps]

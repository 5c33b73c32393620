"""Bytes to messages and back, within bounds: hostile bytes cost microseconds and raise one exception type."""

from __future__ import annotations

import re

import msgspec

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import (
    CLIENT_MESSAGES,
    DAEMON_MESSAGES,
    ClientMessage,
    DaemonMessage,
    Message,
    RequestId,
)

_client_decoder: msgspec.msgpack.Decoder[ClientMessage] = msgspec.msgpack.Decoder(ClientMessage)
_daemon_decoder: msgspec.msgpack.Decoder[DaemonMessage] = msgspec.msgpack.Decoder(DaemonMessage)
_encoder = msgspec.msgpack.Encoder()


class _Peek(msgspec.Struct):
    """What can be said of a message that did not decode: its type and the request it belongs to."""

    t: msgspec.Raw = msgspec.Raw()
    id: msgspec.Raw = msgspec.Raw()


_peek_decoder = msgspec.msgpack.Decoder(_Peek)
_tag_decoder = msgspec.msgpack.Decoder(str)
_id_decoder = msgspec.msgpack.Decoder(RequestId)

#: What a decoder may raise on hostile bytes, besides its own errors.
_FAULTS = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError, MemoryError)


class WireError(NpcError):
    """A frame that is not a message. `request_id` is set when the frame still tells which request it was."""

    def __init__(
        self, code: ErrorCode, message: str, request_id: int | None = None, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(code, message, retry_after_ms=retry_after_ms)
        self.request_id = request_id


def _tags(messages: tuple[type[Message], ...]) -> frozenset[str]:
    return frozenset(str(message.__struct_config__.tag) for message in messages)


_CLIENT_TAGS = _tags(CLIENT_MESSAGES)
_DAEMON_TAGS = _tags(DAEMON_MESSAGES)


def _explain(frame: bytes, cause: Exception, tags: frozenset[str]) -> WireError:
    """Turn a decoder's fault into an error that names type, field and request where the frame still tells them. What
    stands under `t` and `id` is read by typed decoders, so that a bomb there costs nothing."""
    try:
        peek = _peek_decoder.decode(frame)
    except _FAULTS:
        return WireError(ErrorCode.BAD_FRAME, f"not a MessagePack map of the protocol: {_plain(cause)}")
    try:
        request_id: int | None = _id_decoder.decode(peek.id)
    except _FAULTS:
        request_id = None
    try:
        tag = _tag_decoder.decode(peek.t)
    except _FAULTS:
        return WireError(ErrorCode.BAD_MESSAGE, "the map has no string under key `t`", request_id)
    if tag not in tags:
        return WireError(ErrorCode.UNKNOWN_TYPE, f"no message is called {tag[:40]!r}", request_id)
    return WireError(ErrorCode.BAD_MESSAGE, f"{tag}: {_plain(cause)}", request_id)


def _plain(cause: Exception) -> str:
    """A decoder's complaint in one line, short enough for a log. It may quote the frame: no control characters."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", str(cause))[:200] or type(cause).__name__


def decode_client(frame: bytes) -> ClientMessage:
    """Decode a frame sent by a client. Raises WireError."""
    if len(frame) > limits.FRAME_BYTES:
        raise WireError(ErrorCode.BAD_FRAME, f"frame of {len(frame)} bytes is over {limits.FRAME_BYTES}")
    try:
        message = _client_decoder.decode(frame)
    except _FAULTS as cause:
        raise _explain(frame, cause, _CLIENT_TAGS) from None
    return message


def decode_daemon(frame: bytes) -> DaemonMessage:
    """Decode a frame sent by the daemon. Raises WireError."""
    try:
        return _daemon_decoder.decode(frame)
    except _FAULTS as cause:
        raise _explain(frame, cause, _DAEMON_TAGS) from None


def encode(message: Message) -> bytes:
    """Encode a message as one MessagePack map."""
    return _encoder.encode(message)

"""The request table: exactly one terminal reply per request, and the same one again if the client asks again.

Pure state, no sockets and no clock of its own. A request is named by (session, id). While it runs it is *open*; when it
ends its reply is kept for ten minutes, so that a client that lost its connection can resend and gets the stored reply.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from npc_engine import limits
from npc_engine.clock import NS_PER_S
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import Request, Terminal

RequestKey: TypeAlias = tuple[str, int]
#: What a full table asks for: about one line's time.
RETRY_AFTER_MS = 500


class Arrival(Enum):
    """What a request that came in turned out to be."""

    NEW = auto()
    RUNNING = auto()  # a resend of a request that still runs: it goes on
    ANSWERED = auto()  # a resend of a request that has ended: its reply is sent again


@dataclass(slots=True)
class OpenRequest:
    """A request whose terminal reply has not been sent. Times are monotonic nanoseconds."""

    key: RequestKey
    message: Request
    digest: bytes
    arrived_ns: int
    deadline_ns: int
    drafts: int = field(default=0)


@dataclass(slots=True)
class _Answered:
    digest: bytes
    reply: Terminal
    ended_ns: int


class RequestTable:
    """Open requests and remembered replies."""

    def __init__(self, *, capacity: int = limits.TABLE_REQUESTS, per_session: int = limits.CLIENT_REQUESTS) -> None:
        self._capacity = capacity
        self._per_session = per_session
        self._open: dict[RequestKey, OpenRequest] = {}
        self._answered: OrderedDict[RequestKey, _Answered] = OrderedDict()
        self._by_session: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(
        self, session: str, message: Request, now_ns: int, deadline_ns: int
    ) -> tuple[Arrival, OpenRequest | Terminal]:
        """Enter a request. Raises DUPLICATE_ID if the id was used with other content, or TABLE_FULL."""
        key = (session, message.id)
        digest = blake2b(msgspec.msgpack.encode(msgspec.structs.astuple(message)), digest_size=16).digest()
        self._forget(now_ns)
        running = self._open.get(key)
        known = running or self._answered.get(key)
        if known is not None and known.digest != digest:
            raise NpcError(ErrorCode.DUPLICATE_ID, f"id {message.id} was used before with other content")
        if running is not None:
            return Arrival.RUNNING, running
        if (answered := self._answered.get(key)) is not None:
            return Arrival.ANSWERED, answered.reply
        mine = self._by_session.get(session, 0)
        if len(self._open) >= self._capacity or mine >= self._per_session:
            whose = "this client has" if mine >= self._per_session else "the daemon has"
            count = mine if mine >= self._per_session else len(self._open)
            raise NpcError(ErrorCode.TABLE_FULL, f"{whose} {count} requests in flight", retry_after_ms=RETRY_AFTER_MS)
        request = OpenRequest(key, message, digest, now_ns, deadline_ns)
        self._open[key] = request
        self._by_session[session] = mine + 1
        return Arrival.NEW, request

    def close(self, key: RequestKey, reply: Terminal, now_ns: int) -> bool:
        """End a request with its reply. False, and nothing changes, if it has ended already or never was."""
        request = self._open.pop(key, None)
        if request is None:
            return False
        remaining = self._by_session[key[0]] - 1
        if remaining:
            self._by_session[key[0]] = remaining
        else:
            del self._by_session[key[0]]
        self._answered[key] = _Answered(request.digest, reply, now_ns)
        if len(self._answered) > limits.REPLY_MEMORY:
            self._answered.popitem(last=False)
        return True

    def find(self, key: RequestKey) -> OpenRequest | None:
        """The open request of that name."""
        return self._open.get(key)

    def reply_of(self, key: RequestKey) -> Terminal | None:
        """The stored reply of a request that has ended."""
        answered = self._answered.get(key)
        return answered.reply if answered else None

    def open_requests(self) -> list[OpenRequest]:
        """All open requests, oldest first."""
        return list(self._open.values())

    def _forget(self, now_ns: int) -> None:
        horizon_ns = now_ns - int(limits.REPLY_MEMORY_S * NS_PER_S)
        while self._answered:
            key, answered = next(iter(self._answered.items()))
            if answered.ended_ns > horizon_ns:
                return
            del self._answered[key]

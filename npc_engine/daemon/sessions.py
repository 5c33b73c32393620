"""Clients and their connections: a session outlives the connection it was opened on.

`hello` with a known session moves it to the new connection (a client that reconnects, or two that chose the same
session: the newer one wins and the older is told so).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from npc_engine import limits
from npc_engine.clock import NS_PER_MS, NS_PER_S
from npc_engine.daemon.outbox import Outbox
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import Hello


@dataclass(slots=True)
class Session:
    """One run of one game. `routing_id` is None while it has no connection."""

    name: str
    game: str
    client: str
    routing_id: bytes | None
    seen_ns: int
    outbox: Outbox = field(default_factory=Outbox)


class Sessions:
    """All sessions, by name and by connection."""

    def __init__(self) -> None:
        self._by_name: dict[str, Session] = {}
        self._by_route: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._by_route)

    def connected(self) -> list[Session]:
        """Sessions that have a connection."""
        return list(self._by_route.values())

    def at(self, routing_id: bytes, now_ns: int) -> Session | None:
        """The session on this connection; it counts as alive from now."""
        session = self._by_route.get(routing_id)
        if session:
            session.seen_ns = now_ns
        return session

    def named(self, name: str) -> Session | None:
        """The session of that name."""
        return self._by_name.get(name)

    def hello(self, routing_id: bytes, hello: Hello, now_ns: int) -> tuple[Session, bool, bytes | None]:
        """Open or resume a session on this connection. Returns it, whether it was known, and the connection it was
        taken from, if another one held it. Raises TABLE_FULL at too many sessions."""
        here = self._by_route.get(routing_id)
        if here is not None and here.name != hello.session:
            self.disconnect(here)
        known = self._by_name.get(hello.session)
        if known is None:
            self._make_room(now_ns)
            session = Session(hello.session, hello.game, hello.client, routing_id, now_ns)
            self._by_name[session.name] = session
            self._by_route[routing_id] = session
            return session, False, None
        taken_from = known.routing_id if known.routing_id != routing_id else None
        if taken_from is not None:
            self.disconnect(known)  # what waited for the old connection is asked for again
        known.routing_id, known.seen_ns = routing_id, now_ns
        known.game, known.client = hello.game, hello.client
        self._by_route[routing_id] = known
        return known, True, taken_from

    def disconnect(self, session: Session) -> None:
        """The connection is gone; the session stays for its return."""
        if session.routing_id is not None:
            self._by_route.pop(session.routing_id, None)
            session.routing_id = None
        session.outbox.clear()

    def sweep(self, now_ns: int) -> None:
        """Disconnect the silent, forget those away for longer than replies are kept."""
        for session in list(self._by_name.values()):
            away_ns = now_ns - session.seen_ns
            if session.routing_id is not None and away_ns > limits.CLIENT_SILENCE_MS * NS_PER_MS:
                self.disconnect(session)
            elif session.routing_id is None and away_ns > limits.REPLY_MEMORY_S * NS_PER_S:
                del self._by_name[session.name]

    def _make_room(self, now_ns: int) -> None:
        self.sweep(now_ns)
        if len(self._by_name) < limits.SESSIONS:
            return
        away = [session for session in self._by_name.values() if session.routing_id is None]
        if not away:
            raise NpcError(ErrorCode.TABLE_FULL, f"{len(self._by_name)} clients are connected", retry_after_ms=5_000)
        del self._by_name[min(away, key=lambda session: session.seen_ns).name]

"""The requests under way: sending and resending them, reading what comes back, ending each exactly once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from npc_engine import limits
from npc_engine.client.codec import FrameError, decode, encode, field, optional
from npc_engine.client.offline import OfflineLines
from npc_engine.client.replies import DaemonInfo, Reply, RequestError, read_daemon, read_error, read_pack, read_reply
from npc_engine.client.requests import Callback, Request
from npc_engine.client.session import Session
from npc_engine.clock import Clock
from npc_engine.errors import EXPLANATIONS, ErrorCode

#: The version of the protocol this client speaks.
VERSION = 1
#: Deadlines are held open for so many polls while replies may wait unread, as after a frame that took seconds: a
#: quarter of a second of the game's time, however long its frames are.
BACKLOG_POLLS = 15
#: Answers to `hello` that mean the daemon will not have this client.
REFUSALS = (ErrorCode.VERSION_UNSUPPORTED, ErrorCode.UNAUTHORISED)
#: Requests whose good end makes a slot another one: what was asked of the slot before is void.
RENEWALS = ("save.import", "slot.new", "slot.delete")
CLOSED = RequestError(ErrorCode.CANCELLED, "The client was closed.")
VOID = RequestError(ErrorCode.CANCELLED, "Its save slot has been loaded, begun anew or deleted meanwhile.")


class Exchange:
    """Carries requests over a session that may not be there yet, may break, and may come back as a new daemon. `rename`
    gives the next greeting a new session name."""

    def __init__(self, clock: Clock, rename: Callable[[], None] = lambda: None) -> None:
        self._rename = rename
        self.session: Session | None = None
        self.daemon: DaemonInfo | None = None
        self.service = "loading"
        self.fault = ""
        self.closed = False
        self._clock = clock
        self._open: dict[int, Request] = {}
        self._outbox: deque[Request] = deque()
        self._news: deque[tuple[Callback, Request]] = deque()
        self._lines = OfflineLines()
        self._last_id = 0
        self._backlog_polls = 0  # one after the other that ended before all was read

    def next_id(self) -> int:
        """An id that no message of this session has used."""
        self._last_id += 1
        return self._last_id

    def add(self, request: Request) -> None:
        """Take a new request, and send it if the daemon is there."""
        now_ns = self._clock.now_ns()
        self._open[request.id] = request
        objection = self._objection(request, now_ns)
        if objection is not None:
            self._end(request, objection)
            return
        self._outbox.append(request)
        self._flush(now_ns)

    def cancel(self, request: Request) -> None:
        """End a request here at once, and have the daemon stop its work."""
        if request.id in self._open:
            self._tell_cancelled(request)
            self._end(request, _explained(ErrorCode.CANCELLED))

    def poll(self, end_ns: int) -> None:
        """One round: read, keep the session alive, end what is overdue, send. Checks the time between frames."""
        caught_up = self._read(end_ns)
        if caught_up:
            now_ns = self._clock.now_ns()
            if self.session is not None:
                self.session.tick(now_ns)
            self._expire(now_ns)
        self._flush(end_ns)
        self._notify()

    def close(self) -> None:
        """End every open request as cancelled, and drop the connection. Idempotent."""
        self.closed = True
        for request in list(self._open.values()):
            self._end(request, CLOSED)
        self.lose_session()
        self._notify()

    def lose_session(self) -> None:
        """Drop the connection. Requests stay open, for the session that follows."""
        if self.session is not None:
            self.session.close()
            self.session = None

    def _objection(self, request: Request, now_ns: int) -> RequestError | None:
        """Why a new request need not be tried."""
        if self.closed:
            return CLOSED
        if self.session is not None and self.session.refusal is not None:
            return self.session.refusal
        if not limits.BUDGET_MIN_MS <= request.patience_ms <= limits.BUDGET_MAX_MS:
            return _explained(ErrorCode.BUDGET_OUT_OF_RANGE)
        try:
            request.frame(now_ns)
        except FrameError as cause:
            return RequestError(ErrorCode.BAD_MESSAGE, str(cause))
        return None

    def _read(self, end_ns: int) -> bool:
        """Take frames until none waits or the time is up. Whether what was sent to us by now can be taken as read."""
        while self.session is not None and (frame := self.session.receive()) is not None:
            try:
                self._take(decode(frame))
            except FrameError as cause:
                self.fault = f"The daemon sent a frame that is no message: {cause}"
            self._notify()
            if self._clock.now_ns() >= end_ns:
                self._backlog_polls += 1
                return self._backlog_polls > BACKLOG_POLLS
        self._backlog_polls = 0
        return True

    def _take(self, message: Mapping[str, Any]) -> None:
        """Act on one message. Changes nothing if it raises FrameError. Unknown types are left to newer clients."""
        kind = field(message, "t", str)
        request = self._open.get(optional(message, "id", int) or 0)
        if kind == "welcome":
            self._welcome(message)
        elif kind == "status":
            self._status(message)
        elif kind == "pack":
            self._pack(message)
        elif kind == "error" and optional(message, "id", int) is None:
            self._connection_error(read_error(message))
        elif request is None:
            return  # a pong, or a late word on a request that has ended
        elif kind == "accepted":
            request.accepted()
        elif kind == "update":
            if request.update(message) and request.on_update is not None:
                self._news.append((request.on_update, request))
        elif kind == "turn":
            if request.turn(message, self._clock.now_ns()) and request.on_update is not None:
                self._news.append((request.on_update, request))
        elif kind == "done":
            self._end(request, read_reply(message))
            if request.kind in RENEWALS:
                self._void_before(request)
        elif kind == "error":
            self._end(request, read_error(message))

    def _welcome(self, message: Mapping[str, Any]) -> None:
        if self.session is None:
            return
        if field(message, "v", int) != VERSION:
            self._refuse(_explained(ErrorCode.VERSION_UNSUPPORTED))
            return
        heartbeat_ms = field(message, "heartbeat_ms", int, limits.HEARTBEAT_MS)
        service, daemon = field(message, "state", str), read_daemon(message)
        self._lines.learn(field(message, "authored", dict, {}))
        self.service, self.daemon, self.fault = service, daemon, ""
        greeted_before = self.session.greeted
        self.session.welcome(heartbeat_ms, self._clock.now_ns())
        if not greeted_before:  # a second one answers a `hello` that was repeated in impatience
            self._resume(daemon.resumed)

    def _resume(self, resumed: bool) -> None:
        """Queue every open request again, in order. A daemon that does not know the session gets them as new ones,
        except what the player has seen part of: another daemon would go on differently."""
        for request in list(self._open.values()):
            if not resumed and request.was_seen:
                self._end(request, self._unanswered(request))
            elif not resumed:
                request.forgotten()
        self._outbox = deque(self._open.values())

    def _status(self, message: Mapping[str, Any]) -> None:
        service = field(message, "state", str)
        if self.daemon is not None:
            self.daemon = replace(
                self.daemon,
                engine=field(message, "engine", str, self.daemon.engine),
                model=field(message, "model", str, self.daemon.model),
                progress=field(message, "progress", float, 0.0),
                detail=field(message, "detail", str, ""),
            )
        self.service = service

    def _pack(self, message: Mapping[str, Any]) -> None:
        if self.daemon is not None:
            self.daemon = read_pack(message, self.daemon)

    def _void_before(self, renewal: Request) -> None:
        """The daemon has cancelled what was asked of the slot before it was renewed. A word on it that is still on its
        way is about a world that is gone."""
        for request in list(self._open.values()):
            if request.slot == renewal.slot and request.id < renewal.id:
                self._end(request, VOID)

    def _connection_error(self, error: RequestError) -> None:
        if self.session is None:
            return
        if error.code in REFUSALS:
            self._refuse(error)
        elif error.code == ErrorCode.HELLO_FIRST:
            self.session.lose(self._clock.now_ns())
        elif error.code == ErrorCode.SESSION_TAKEN:  # somebody else has our name: greet anew under another
            self._rename()
            self.session.lose(self._clock.now_ns())
        else:
            self.fault = error.message

    def _refuse(self, refusal: RequestError) -> None:
        if self.session is not None:
            self.session.refuse(refusal, self._clock.now_ns())
        for request in list(self._open.values()):
            self._end(request, refusal)

    def _flush(self, end_ns: int) -> None:
        """Send what is queued, while there is time."""
        session = self.session
        while self._outbox and session is not None and session.greeted:
            now_ns = self._clock.now_ns()
            request = self._outbox[0]
            frame = None if request.finished else request.frame(now_ns)
            if frame is not None:
                if not session.send(frame):
                    return
                request.sent(frame)
            self._outbox.popleft()
            if now_ns >= end_ns:
                return

    def _expire(self, now_ns: int) -> None:
        """End what the daemon has not."""
        for request in [late for late in self._open.values() if now_ns >= late.deadline_ns]:
            self._tell_cancelled(request)
            self._end(request, self._unanswered(request))

    def _unanswered(self, request: Request) -> Reply | RequestError:
        """The end of a request that the daemon leaves open. Nobody wrote lines for a conversation: it just stops."""
        if request.is_speech:
            line = self._lines.reply(request.subject, request.text[: request.published])
            return replace(line, text="", narration=line.text) if request.kind == "describe" else line
        if request.kind == "converse":
            return Reply(reason="offline", data={"turns": len(request.turns)})
        return _explained(ErrorCode.DAEMON_UNREACHABLE)

    def _tell_cancelled(self, request: Request) -> None:
        """Spare the daemon the work. Its answer is not waited for, and a loss does no harm."""
        if self.session is not None and request.is_sent:
            self.session.send(encode({"t": "cancel", "id": self.next_id(), "target": request.id}))

    def _end(self, request: Request, outcome: Reply | RequestError) -> None:
        del self._open[request.id]
        request.end(outcome)
        if request.on_done is not None:
            self._news.append((request.on_done, request))

    def _notify(self) -> None:
        """Call the game back. Everything is consistent by now, so a callback may ask, cancel, or raise."""
        while self._news:
            callback, request = self._news.popleft()
            callback(request)


def _explained(code: ErrorCode) -> RequestError:
    return RequestError(code, EXPLANATIONS[code])

"""A session with a daemon: the greeting, the heartbeat, and noticing that either has to happen again."""

from __future__ import annotations

from collections.abc import Callable

from npc_engine import limits
from npc_engine.client.codec import encode
from npc_engine.client.replies import RequestError
from npc_engine.client.transport import Transport
from npc_engine.clock import NS_PER_MS

#: A `hello` without answer is repeated after this long, milliseconds.
HELLO_RETRY_MS = 2_000
#: Without a connection for this long the socket is made anew, milliseconds. libzmq goes on trying by itself, except
#: after bytes that are not ZMTP or a frame over MAXMSGSIZE: then it gives up for good.
REOPEN_MS = 5_000
#: A ping without any sign of life for this many heartbeats means that the daemon is gone.
SILENT_HEARTBEATS = 3
#: Bounds on the daemon's wish for a heartbeat, milliseconds.
HEARTBEAT_MIN_MS = 100
HEARTBEAT_MAX_MS = 60_000


class Session:
    """Greets the daemon on every new connection and keeps the link warm; knows nothing of requests.

    `greeted` is True from `welcome` until the connection or the daemon is lost: only then may requests be sent.
    `refusal` is set while the daemon will not have this client.
    """

    def __init__(self, transport: Transport, hello: Callable[[], bytes], now_ns: int) -> None:
        self.greeted = False
        self.refusal: RequestError | None = None
        self.lost_ns = now_ns
        self._transport = transport
        self._hello = hello
        self._link = 0
        self._unlinked_ns = now_ns
        self._hello_ns = now_ns
        self._heartbeat_ns = limits.HEARTBEAT_MS * NS_PER_MS
        self._ping_ns = now_ns
        self._pings = 0
        self._unanswered_ns: int | None = None

    @property
    def problem(self) -> str:
        """Why there is no connection, if anyone was there to refuse it."""
        return self._transport.problem

    def receive(self) -> bytes | None:
        """The next frame, if one waits. Any frame is a sign of life."""
        frame = self._transport.receive()
        if frame is not None:
            self._unanswered_ns = None
        return frame

    def send(self, frame: bytes) -> bool:
        """Send, if the daemon has greeted us; False if the frame was not taken."""
        return self.greeted and self._transport.send(frame)

    def welcome(self, heartbeat_ms: int, now_ns: int) -> None:
        """The daemon knows us."""
        self.greeted = True
        self.refusal = None
        self._heartbeat_ns = min(max(heartbeat_ms, HEARTBEAT_MIN_MS), HEARTBEAT_MAX_MS) * NS_PER_MS
        self._ping_ns = now_ns + self._heartbeat_ns

    def lose(self, now_ns: int) -> None:
        """The daemon no longer knows us: greet it again at the next tick. While that is under way, does nothing."""
        if self.greeted:
            self.greeted = False
            self.lost_ns = self._hello_ns = now_ns
            self._unanswered_ns = None

    def refuse(self, refusal: RequestError, now_ns: int) -> None:
        """The daemon will not have us. The greeting is still repeated: a restarted daemon may."""
        self.lose(now_ns)
        self.refusal = refusal
        self._hello_ns = now_ns + HELLO_RETRY_MS * NS_PER_MS

    def tick(self, now_ns: int) -> None:
        """Send what is due. Called when no frame waits, so that silence means silence."""
        link = self._transport.link()
        if link != self._link:
            self._link = link
            self.lose(now_ns)
            self.refusal = None
            self._hello_ns = self._unlinked_ns = now_ns
        if not link:
            if now_ns - self._unlinked_ns >= REOPEN_MS * NS_PER_MS:
                self._transport.reopen()
                self._unlinked_ns = now_ns
            return
        if self.greeted and self._is_silent(now_ns):
            self.lose(now_ns)
        if not self.greeted and now_ns >= self._hello_ns:
            self._transport.send(self._hello())
            self._hello_ns = now_ns + HELLO_RETRY_MS * NS_PER_MS
        elif self.greeted and now_ns >= self._ping_ns:
            self._ping(now_ns)

    def close(self) -> None:
        """Drop the connection."""
        self._transport.close()

    def _is_silent(self, now_ns: int) -> bool:
        since_ns = self._unanswered_ns
        return since_ns is not None and now_ns - since_ns >= SILENT_HEARTBEATS * self._heartbeat_ns

    def _ping(self, now_ns: int) -> None:
        self._pings += 1
        self._transport.send(encode({"t": "ping", "n": self._pings}))
        self._ping_ns = now_ns + self._heartbeat_ns
        if self._unanswered_ns is None:
            self._unanswered_ns = now_ns

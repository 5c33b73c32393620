"""One request of a game, from the call to its one end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from npc_engine import limits
from npc_engine.client.codec import FrameError, encode, field
from npc_engine.client.replies import Reply, RequestError, Turn, read_turn
from npc_engine.clock import NS_PER_MS
from npc_engine.errors import ErrorCode

#: How long after its budget a request may wait for the daemon's answer to travel, milliseconds.
GRACE_MS = 50

Callback: TypeAlias = Callable[["Request"], None]


class Request:
    """A request and what became of it. The client changes it, in `poll`; the game reads it.

    `state`: "queued" (not sent yet) → "sent" → "accepted" → "streaming" → "done" | "failed".
    `text` is the line so far; its first `stable` code points will not change any more.
    `turns` are the lines so far of a conversation between characters.
    `reply` is set when done, `error` when failed; exactly one of the two, once.
    """

    def __init__(
        self,
        fields: dict[str, Any],
        *,
        patience_ms: int,
        now_ns: int,
        cancel: Callback,
        on_update: Callback | None = None,
        on_done: Callback | None = None,
    ) -> None:
        self.id: int = fields["id"]
        self.kind: str = fields["t"]
        #: The character or place the request is about; empty for requests about neither.
        self.subject: str = fields.get("npc", "") or fields.get("place", "")
        #: The save slot it is about, None for requests about none.
        self.slot: str | None = fields.get("slot")
        self.patience_ms = patience_ms
        self.state = "queued"
        self.text = ""
        self.stable = 0
        #: Code points that the daemon has published as stable; `stable` until a line is ended without the daemon.
        self.published = 0
        self.turns: list[Turn] = []
        self.reply: Reply | None = None
        self.error: RequestError | None = None
        self.on_update = on_update
        self.on_done = on_done
        self._wait_from(now_ns)
        self._fields = fields
        self._frame: bytes | None = None
        self._seq = -1
        self._cancel = cancel

    @property
    def finished(self) -> bool:
        """Whether the request has ended, well or badly."""
        return self.state in ("done", "failed")

    @property
    def was_lost(self) -> bool:
        """Whether it failed because no daemon answered in time: asked again, it may succeed."""
        return self.error is not None and self.error.code == ErrorCode.DAEMON_UNREACHABLE

    @property
    def is_sent(self) -> bool:
        """Whether a daemon may be working on it."""
        return self._frame is not None and not self.finished

    @property
    def is_speech(self) -> bool:
        """Whether the answer is a text for the player, so that there is a line to fall back on."""
        return self.kind in ("say", "describe", "bark")

    @property
    def was_seen(self) -> bool:
        """Whether the player may have read some of the answer, so that it cannot begin anew."""
        return self.published > 0 or bool(self.turns)

    def cancel(self) -> None:
        """End the request with the error "cancelled". Does nothing once it has ended."""
        self._cancel(self)

    def frame(self, now_ns: int) -> bytes | None:
        """The bytes to send, None if too little of the budget is left. Raises FrameError.

        A first sending tells the daemon what is left of the budget by now; a resend repeats the first, byte for byte.
        """
        if self._frame is not None:
            return self._frame
        left_ms = (self.deadline_ns - now_ns) // NS_PER_MS - GRACE_MS
        if left_ms < limits.BUDGET_MIN_MS:
            return None
        return encode({**self._fields, "budget_ms": left_ms} if "budget_ms" in self._fields else self._fields)

    def sent(self, frame: bytes) -> None:
        """The frame has left."""
        self._frame = frame
        if self.state == "queued":
            self.state = "sent"

    def forgotten(self) -> None:
        """The daemon that knew this request is gone: back to the queue."""
        self._frame = None
        self._seq = -1
        self.state = "queued"
        self.text = ""

    def accepted(self) -> None:
        """The daemon has it."""
        if self.state == "sent":
            self.state = "accepted"

    def update(self, message: Mapping[str, Any]) -> bool:
        """Take a newer text from an `update`; False if it is an old one. Raises FrameError."""
        seq, text, stable = field(message, "seq", int), field(message, "text", str), field(message, "stable", int)
        if not 0 <= stable <= len(text):
            raise FrameError("`stable` is not a length within `text`")
        if seq <= self._seq:
            return False
        self._seq, self.text = seq, text
        self.stable = self.published = stable
        self.state = "streaming"
        return True

    def turn(self, message: Mapping[str, Any], now_ns: int) -> bool:
        """Take the next line from a `turn`, and wait for the one after it; False if it is an old one, or one more than
        was asked for. Raises FrameError."""
        turn = read_turn(message)
        last = self.turns[-1].n if self.turns else 0
        if not last < turn.n <= self._fields.get("turns", 0):
            return False
        self.turns.append(turn)
        self._wait_from(now_ns)
        self.state = "streaming"
        return True

    def end(self, outcome: Reply | RequestError) -> None:
        """The one end. The client calls this once."""
        if isinstance(outcome, Reply):
            self.state, self.reply = "done", outcome
            self.text = outcome.text or outcome.narration
            self.stable = len(self.text)
        else:
            self.state, self.error = "failed", outcome

    def _wait_from(self, now_ns: int) -> None:
        self.deadline_ns = now_ns + int(self.patience_ms + GRACE_MS) * NS_PER_MS

"""What llama.cpp says to one request, event by event: how far it has read, what it has written, how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from npc_engine.clock import NS_PER_MS
from npc_engine.engines.llama_server import CHUNK_TOKENS, Event
from npc_engine.engines.slots import CacheSlot

#: Given the text so far and the tokens it took; True ends the request.
OnText: TypeAlias = Callable[[str, int], bool]


class Refused(Exception):
    """The server answered with an error: `kind` is llama.cpp's name for it."""

    def __init__(self, error: dict[str, Any]) -> None:
        self.kind = str(error.get("type", ""))
        super().__init__(str(error.get("message", error)))


class Answer:
    """Takes the events of one request and keeps `slot.held` true to them.

    `on_read` is called once: when the prompt has been read, or else at the end. With `may_stop_short` the request ends
    at once if far less of its prompt is cached than was thought (`misjudged`); it can then be made again in chunks.
    """

    def __init__(
        self,
        slot: CacheSlot,
        prompt: Sequence[int],
        cancelled: threading.Event,
        *,
        on_step: Callable[[], None],
        on_read: Callable[[], None],
        on_text: OnText | None,
        may_stop_short: bool,
    ) -> None:
        self.cached_tokens = 0
        self.read_tokens = 0
        self.last_token = -1
        self.hit_limit = False
        self.misjudged = False
        self.failure: Exception | None = None
        self.prefill_ms = 0.0
        self.decode_ms = 0.0
        self._slot = slot
        self._prompt = prompt
        self._cancelled = cancelled
        self._on_step = on_step
        self._on_read = on_read
        self._on_text = on_text
        self._may_stop_short = may_stop_short
        self._text = ""
        self._began_ns = time.monotonic_ns()
        self._read_ns = 0

    def __call__(self, event: Event) -> bool:
        """Take an event. True: the request is to end."""
        try:
            stop = self._take(event)
        except Exception as failure:  # the caller is C++: nothing may be raised into it
            self.failure = failure
            return True
        return stop or self._cancelled.is_set()

    def close(self) -> None:
        """The request is over."""
        self._reading_over()
        self.decode_ms = (time.monotonic_ns() - self._read_ns) / NS_PER_MS

    def _take(self, event: Event) -> bool:
        if "error" in event:
            raise Refused(event["error"])
        if progress := event.get("prompt_progress"):
            return self._progressed(progress["cache"], progress["processed"], progress["total"])
        for choice in event.get("choices", ()):
            self._reading_over()
            self.hit_limit = choice.get("finish_reason") == "length"
            if scored := (choice.get("logprobs") or {}).get("content"):
                self.last_token = scored[0]["id"]
            if piece := choice.get("text"):
                return self._wrote(piece, event["timings"]["predicted_n"])
        return False

    def _progressed(self, cached: int, processed: int, total: int) -> bool:
        self._on_step()
        self.cached_tokens = cached
        self.read_tokens = processed - cached
        self._slot.held = self._prompt[:processed]
        if processed >= total:
            self._reading_over()
        self.misjudged = self._may_stop_short and total - cached > CHUNK_TOKENS
        return self.misjudged

    def _wrote(self, piece: str, tokens: int) -> bool:
        self._on_step()
        self._text += piece
        return self._on_text is not None and self._on_text(self._text, tokens)

    def _reading_over(self) -> None:
        if not self._read_ns:
            self._read_ns = time.monotonic_ns()
            self.prefill_ms = (self._read_ns - self._began_ns) / NS_PER_MS
            self._on_read()

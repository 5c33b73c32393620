"""Writing a recording while games play. The caller is the daemon's front: nothing here waits for the disk."""

from __future__ import annotations

import logging
import os
import queue
import secrets
import threading
from pathlib import Path
from typing import BinaryIO

from npc_engine import __version__
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.recording.exchanges import Exchange, Header, encode, said, seed_of
from npc_engine.wire.messages import Cancel, Done, Error, Health, Inspect, Request, Turn

log = logging.getLogger(__name__)

#: Requests that ask about the daemon and leave nothing behind: they are not recorded.
UNRECORDED = (Cancel, Health, Inspect)


class Recorder:
    """Records what arrives and what is answered. The file holds the players' words, and is readable by its owner alone.

    `path` must not exist yet. If the disk fails later, the recording ends there and the log says why; games notice
    nothing. Raises NpcError (STORAGE_FAILED) if the file cannot be made.
    """

    def __init__(self, path: Path, *, pack: str, digest: str, engine: str, model: str) -> None:
        self._header = Header(
            version=__version__, pack=pack, digest=digest, engine=engine, model=model, seed=secrets.randbelow(1 << 32)
        )
        self._count = 0
        self._began_ms: float | None = None
        self._sessions: dict[str, int] = {}
        self._open: dict[tuple[str, int], Exchange] = {}
        self._ended: queue.SimpleQueue[Exchange | None] = queue.SimpleQueue()
        file = _create(path)
        file.write(encode(self._header))
        file.flush()
        self._thread = threading.Thread(target=self._write, args=(file,), name="recorder", daemon=True)
        self._thread.start()

    def request(self, session: str, game: str, request: Request, at_ms: float) -> int | None:
        """A request has arrived, for the first time. Returns the seed to carry it out with: its own, or one that a
        replay will find again; None for requests that take no seed."""
        if isinstance(request, UNRECORDED):
            return None
        if self._began_ms is None:
            self._began_ms = at_ms
        self._count += 1
        self._open[session, request.id] = Exchange(
            n=self._count,
            session=self._sessions.setdefault(session, len(self._sessions) + 1),
            game=game,
            at_ms=round(at_ms - self._began_ms, 1),
            request=request,
            lines=[],
        )
        own: int | None = getattr(request, "seed", None)
        if own is not None or not hasattr(request, "seed"):
            return own
        return seed_of(self._count, self._header.seed)

    def reply(self, session: str, answer: Turn | Done | Error, at_ms: float) -> None:
        """The daemon has answered: with another line of a conversation, or with the end of a request."""
        key = (session, answer.id or 0)
        exchange = self._open.get(key)
        if exchange is None:
            return
        if isinstance(answer, Turn):
            exchange.lines.append(said(answer))
            return
        del self._open[key]
        exchange.took_ms = round(at_ms - (self._began_ms or 0.0) - exchange.at_ms, 1)
        if isinstance(answer, Error):
            exchange.error = str(answer.code)
        else:
            exchange.reason = answer.reason and str(answer.reason)
            if answer.source is not None:
                exchange.lines.append(said(answer))
        self._ended.put(exchange)

    def close(self) -> None:
        """Write what has ended, then close the file. What has not ended is not recorded. Idempotent."""
        self._ended.put(None)
        self._thread.join()

    def _write(self, file: BinaryIO) -> None:
        try:
            with file:
                while (exchange := self._ended.get()) is not None:
                    file.write(encode(exchange))
                    if self._ended.empty():
                        file.flush()
        except OSError as cause:
            log.error("the recording ends here: %s", cause)
            while self._ended.get() is not None:
                pass


def _create(path: Path) -> BinaryIO:
    try:
        return open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))
    except OSError as cause:
        raise NpcError(ErrorCode.STORAGE_FAILED, f"{path} cannot be made: {cause.strerror or cause}") from None

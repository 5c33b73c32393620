"""What waits for a client that does not read: bounded, superseded drafts go first, terminals go last.

The ROUTER socket never blocks and never drops silently: what it cannot take lands here, and is retried. A client whose
outbox overflows with messages that may not be dropped is evicted; its replies stay in the request table for its return.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from npc_engine import limits


@dataclass(slots=True)
class _Parcel:
    frame: bytes
    draft_of: int | None


class Outbox:
    """Frames that wait for one client."""

    def __init__(self, capacity_bytes: int = limits.OUTBOX_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._parcels: deque[_Parcel] = deque()
        self._bytes = 0
        self.dropped_drafts = 0

    def __len__(self) -> int:
        return len(self._parcels)

    @property
    def size_bytes(self) -> int:
        """Bytes that wait."""
        return self._bytes

    def put(self, frame: bytes, draft_of: int | None = None) -> bool:
        """Queue a frame; `draft_of` names the request if it is a draft. False: it does not fit, evict the client."""
        if draft_of is not None:
            self._drop(lambda parcel: parcel.draft_of == draft_of)
        if self._bytes + len(frame) > self._capacity_bytes:
            self._drop(lambda parcel: parcel.draft_of is not None)
        if self._bytes + len(frame) > self._capacity_bytes:
            if draft_of is not None:
                self.dropped_drafts += 1
                return True  # a draft is never worth an eviction
            return False
        self._parcels.append(_Parcel(frame, draft_of))
        self._bytes += len(frame)
        return True

    def peek(self) -> bytes | None:
        """The next frame to send."""
        return self._parcels[0].frame if self._parcels else None

    def pop(self) -> None:
        """The next frame was sent."""
        self._bytes -= len(self._parcels.popleft().frame)

    def clear(self) -> None:
        """Forget everything: the client is gone."""
        self._parcels.clear()
        self._bytes = 0

    def _drop(self, unwanted: Callable[[_Parcel], bool]) -> None:
        kept: deque[_Parcel] = deque()
        for parcel in self._parcels:
            if unwanted(parcel):
                self._bytes -= len(parcel.frame)
                self.dropped_drafts += 1
            else:
                kept.append(parcel)
        self._parcels = kept

"""Keeps the daemon's world like the game's: values as they change, events as they happen. Nothing gets lost: what the
daemon did not take is told again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from npc_engine.client import NpcClient, Request, Value

#: Pause between two tellings of values, seconds: what changes together travels together.
PAUSE_S = 0.2
#: And after one that failed.
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that witnesses will remember and speak of: `npcs`, or else all at `place`, or else all near the
    player."""

    text: str
    importance: int
    place: str = ""
    npcs: tuple[str, ...] | None = None


class Herald:
    """Tells the daemon what is true and what happened, in the order of the calls. `values` gives all that is true."""

    def __init__(self, client: NpcClient, values: Callable[[], Mapping[str, Value]]) -> None:
        self._client = client
        self._values = values
        self._told: dict[str, Value] = {}
        self._untold: list[Event] = []
        self._pause_s = 0.0

    def update(self, dt_s: float) -> None:
        """Tell what has changed since it was told, unless that was a moment ago."""
        self._pause_s -= dt_s
        if self._pause_s <= 0:
            self.tell()

    def tell(self) -> None:
        """Tell what has changed, now: what is asked next rests on it."""
        self._pause_s = PAUSE_S
        events, self._untold = self._untold, []
        for event in events:
            self._send(event)
        changes = {name: value for name, value in self._values().items() if self._told.get(name) != value}
        if changes:
            self._told.update(changes)
            self._client.world_set(changes, on_done=lambda ended: self._set(ended, changes))

    def happened(self, text: str, importance: int, place: str = "", npcs: Sequence[str] | None = None) -> None:
        """Tell of an event, now."""
        self._send(Event(text, importance, place, None if npcs is None else tuple(npcs)))

    def begin_anew(self) -> None:
        """The slot was begun or loaded: the daemon may know anything, and what happened before did not happen."""
        self._told.clear()
        self._untold.clear()

    def _send(self, event: Event) -> None:
        def ended(request: Request) -> None:
            if request.was_lost:
                self._untold.append(event)
                self._pause_s = RETRY_S

        self._client.event(event.text, event.place, event.npcs, importance=event.importance, on_done=ended)

    def _set(self, ended: Request, changes: Mapping[str, Value]) -> None:
        if ended.error is None:
            return
        self._pause_s = RETRY_S
        for name, value in changes.items():
            if self._told.get(name) == value:
                del self._told[name]

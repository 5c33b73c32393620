"""Has the daemon read the prompts of people the player walks up to, so that their first word comes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npc_engine.client import NpcClient, Request

#: Who is this near is likely to be spoken to, map pixels.
REACH = 170
#: At most this many are read ahead, and not more often than this, seconds.
MOST = 3
PAUSE_S = 0.7
#: How long it may take until everybody has been read once, milliseconds.
AWAKENING_MS = 300_000


class Awakening:
    """Has everybody's prompt read once, one after the other: on a CPU each takes seconds. `names` are the people by
    their ids, those first who will be needed first."""

    def __init__(self, client: NpcClient, names: Mapping[str, str]) -> None:
        self.awake = 0
        self._names = list(names.values())
        for npc in names:
            client.warm([npc], AWAKENING_MS, on_done=self._woke)

    @property
    def next_name(self) -> str:
        """Who is being read."""
        return self._names[min(self.awake, len(self._names) - 1)]

    def _woke(self, request: Request) -> None:
        self.awake += 1


class Warmth:
    """Asks for `warm` when other people come near."""

    def __init__(self, client: NpcClient) -> None:
        self._client = client
        self._asked: frozenset[str] = frozenset()
        self._request: Request | None = None
        self._pause_s = 0.0

    def update(self, dt_s: float, near: Sequence[str]) -> None:
        """`near` are the people within reach, nearest first."""
        self._pause_s -= dt_s
        wanted = near[:MOST]
        if not wanted:
            self.forget()
        if not wanted or self._pause_s > 0 or frozenset(wanted) == self._asked:
            return
        if self._request is not None and not self._request.finished:
            self._request.cancel()
        self._pause_s = PAUSE_S
        self._asked = frozenset(wanted)
        self._request = self._client.warm(wanted, on_done=self._warmed)

    def forget(self) -> None:
        """What was asked for is no longer as it was: ask again."""
        self._asked = frozenset()

    def _warmed(self, request: Request) -> None:
        if request is self._request and (request.reply is None or request.reply.reason is not None):
            self.forget()

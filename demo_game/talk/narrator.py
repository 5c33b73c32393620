"""Where the player is, as the daemon knows it, and how the place is described to the player."""

from __future__ import annotations

from demo_game.talk.asking import Asking
from npc_engine.client import Request

#: How long a description stays when it is complete, seconds, and how long it fades.
STAYS_S = 7.0
FADE_S = 0.6
#: A place is described again after this long, seconds, or when something there has changed.
AGAIN_S = 120.0
#: And the daemon is told again where the player is, if it was not there, after this, seconds.
RETRY_S = 1.0


class Narrator:
    """Tells the daemon of every place the player comes to, and has it described."""

    def __init__(self, asking: Asking) -> None:
        self.place = ""
        self._asking = asking
        self._told: str | None = None
        self._retry_s = 0.0
        self._request: Request | None = None
        self._shown_s = 0.0
        self._clock_s = 0.0
        self._seen: dict[str, tuple[float, object]] = {}

    @property
    def description(self) -> Request | None:
        """The description to show, None if there is none."""
        return self._request if self._request is not None and self.fade > 0 else None

    @property
    def fade(self) -> float:
        """1 is plainly there, 0 is gone."""
        return min(max((STAYS_S - self._shown_s) / FADE_S, 0.0), 1.0)

    def update(self, dt_s: float, place: str, look: object) -> None:
        """The player is at `place`, "" on the way between places. `look` changes when there is something new to see."""
        self._clock_s += dt_s
        if self._request is not None and self._request.finished:
            self._shown_s += dt_s
        self._retry_s -= dt_s
        if place == self._told or self._retry_s > 0:
            return
        self._told = place
        self._shown_s = max(self._shown_s, STAYS_S - FADE_S)  # what was described is out of sight
        if not place:
            self._asking.client.scene_leave(on_done=self._moved)
            return
        self.place = place
        self._asking.client.scene_enter(place, on_done=self._moved)
        last_s, seen = self._seen.get(place, (-AGAIN_S, None))
        if self._clock_s - last_s >= AGAIN_S or seen != look:
            self._describe(place, look)

    def begin_anew(self) -> None:
        """Another game: nothing is told or seen yet."""
        self._told, self._request = None, None
        self._seen.clear()

    def hide(self) -> None:
        """Something more important is on the screen, and in the daemon's mind."""
        self._shown_s = max(self._shown_s, STAYS_S - FADE_S)
        if self._request is not None:
            self._request.cancel()

    def _moved(self, request: Request) -> None:
        """The daemon knows where the player is; if not, it is told again."""
        if request.was_lost:
            self._told, self._retry_s = None, RETRY_S

    def _describe(self, place: str, look: object) -> None:
        def described(request: Request) -> None:
            if request.reply is not None:
                self._seen[place] = (self._clock_s, look)

        if self._request is not None:
            self._request.cancel()
        self._shown_s = 0.0
        self._request = self._asking.describe(place, described)

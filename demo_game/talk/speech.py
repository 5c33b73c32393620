"""Words over somebody's head: a remark that still forms, or a line of people talking among themselves."""

from __future__ import annotations

from npc_engine.client import Request

#: How fast a line that came whole is spoken, and how long it stays: characters a second, and seconds.
SPEED = 38.0
STAYS_S = 1.6
STAYS_PER_CHARACTER_S = 0.035
FADE_S = 0.35


class Speech:
    """A speech bubble's life. With a `request` the words come from it as they form."""

    def __init__(self, npc: str, text: str = "", emotion: str = "neutral", request: Request | None = None) -> None:
        self.npc = npc
        self.emotion = emotion
        self._whole = text
        self._request = request
        self._age_s = 0.0
        self._rest_s: float | None = None

    @property
    def text(self) -> str:
        """What has been said so far."""
        if self._request is not None:
            return self._request.text
        return self._whole[: int(self._age_s * SPEED)]

    @property
    def stable(self) -> int:
        """How much of it will not change any more."""
        return self._request.stable if self._request is not None else len(self._whole)

    @property
    def forms(self) -> bool:
        """Whether words are still to come."""
        if self._request is not None:
            return not self._request.finished
        return self._age_s * SPEED < len(self._whole)

    @property
    def fade(self) -> float:
        """1 is plainly there, 0 is gone."""
        return 1.0 if self._rest_s is None else min(max(self._rest_s / FADE_S, 0.0), 1.0)

    @property
    def over(self) -> bool:
        """Whether it can be taken away."""
        return self._rest_s is not None and self._rest_s <= 0

    def update(self, dt_s: float) -> None:
        """Let time pass."""
        self._age_s += dt_s
        if self.forms:
            return
        if self._rest_s is None:
            self._rest_s = STAYS_S + STAYS_PER_CHARACTER_S * len(self.text) if self.text else 0.0
            if self._request is not None and self._request.reply is not None:
                self.emotion = self._request.reply.emotion
        self._rest_s -= dt_s

    def hush(self) -> None:
        """Somebody interrupts: fade now."""
        self._whole = self.text
        if self._request is not None and not self._request.finished:
            self._request.cancel()
        self._rest_s = min(self._rest_s or FADE_S, FADE_S)

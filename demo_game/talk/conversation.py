"""The player's talk with one character."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from demo_game.talk.asking import Asking
from npc_engine.client import Reply, Request

#: Lines of a talk that can be scrolled back to.
KEPT = 40
#: How long the last line of one who ends the talk stays, seconds.
PARTING_S = 3.5


@dataclass
class Utterance:
    """One line of the talk. While a character speaks, `request` is what its words come from."""

    speaker: str
    text: str = ""
    request: Request | None = None

    @property
    def words(self) -> str:
        """The line so far."""
        return self.text if self.request is None else self.request.text

    @property
    def source(self) -> str:
        """Who wrote it: "model", "partial" or "authored"; empty for the player's."""
        reply = self.request.reply if self.request is not None else None
        return (reply.source if reply is not None else "") or ""

    @property
    def stable(self) -> int:
        """How many characters of it will not change any more."""
        return len(self.text) if self.request is None else self.request.stable


@dataclass
class Conversation:
    """A talk with `npc`, from the greeting to the farewell. `answered` is called with each reply."""

    asking: Asking
    npc: str
    answered: Callable[[str, str, Reply], None]
    utterances: list[Utterance] = field(default_factory=list)
    note: str = ""
    ends_in_s: float | None = None
    _heard: dict[int, int] = field(default_factory=dict)

    def greet(self) -> None:
        """The character speaks first."""
        self._ask("")

    def say(self, text: str) -> None:
        """The player speaks, and interrupts if the character still does."""
        self._hush()
        self.utterances.append(Utterance("player", text))
        self._ask(text)

    def leave(self) -> None:
        """The talk is over. What the character was saying, it says no further."""
        self._hush()

    def end(self) -> None:
        """The character turns away: the talk is over as soon as its last line has been read."""
        self.ends_in_s = PARTING_S

    def is_over(self, dt_s: float) -> bool:
        """Let time pass; whether the character has ended the talk."""
        if self.ends_in_s is not None:
            self.ends_in_s -= dt_s
        return self.ends_in_s is not None and self.ends_in_s <= 0

    @property
    def waits(self) -> bool:
        """Whether the character is about to say its first word."""
        last = self._speaking
        return last is not None and not last.text

    @property
    def speaks(self) -> bool:
        """Whether the character's words are coming."""
        return self.is_speaking and not self.waits

    @property
    def is_speaking(self) -> bool:
        """Whether it is the character's turn."""
        return self._speaking is not None

    @property
    def _speaking(self) -> Request | None:
        request = self.utterances[-1].request if self.utterances else None
        return request if request is not None and not request.finished else None

    def _ask(self, text: str) -> None:
        request = self.asking.say(self.npc, text, lambda ended: self._ended(text, ended))
        self.utterances.append(Utterance(self.npc, request=request))
        del self.utterances[:-KEPT]

    def _hush(self) -> None:
        """Keep what was heard of the line that is being spoken. The daemon finishes it, and remembers as much: of a
        line that is cancelled it would remember nothing, nor the words it answered. One of which nothing was heard
        yet is cancelled."""
        speaking = self._speaking
        if speaking is None:
            return
        line = self.utterances[-1]
        if speaking.stable:
            line.text, line.request = speaking.text[: speaking.stable] + " –", None
            self._heard[speaking.id] = speaking.stable
        else:
            self.utterances.pop()
            speaking.cancel()

    def _ended(self, said: str, request: Request) -> None:
        reply, heard = request.reply, self._heard.pop(request.id, None)
        if reply is None:
            if request.error is not None and request.error.code != "cancelled":
                self.note = request.error.message
            return
        if heard is not None:
            self.asking.client.spoken(request, heard)
            return
        self.note = _note(reply)
        if reply.text:
            self.asking.client.spoken(request)
        self.answered(self.npc, said, reply)


def _note(reply: Reply) -> str:
    """Where a line came from, in a few words."""
    parts = [reply.source or ""]
    if reply.reason:
        parts.append(reply.reason)
    if reply.timing is not None:
        if reply.timing.first_ms is not None:
            parts.append(f"first word {reply.timing.first_ms:.0f} ms")
        parts.append(f"whole line {reply.timing.total_ms:.0f} ms")
    return "  ·  ".join(part for part in parts if part)

"""Every request a game can make, one method each."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from npc_engine import limits
from npc_engine.client.requests import Callback, Request

#: How long a look at the daemon waits for an answer, milliseconds.
LOOK_MS = 2_000
#: How long what the daemon must know or keep waits for an answer: it outlives a restart, milliseconds.
RECORD_MS = int(limits.PENDING_TURN_S * 1_000)
#: A value of the world.
Value: TypeAlias = bool | int | float | str


class Calls(ABC):
    """The requests of the protocol as methods that return at once. What becomes of a request shows in the object they
    return: its `on_update` tells of more text or another turn, its `on_done` of the end. `budget_ms` is the time until
    that end; what has none is answered at once by a daemon that is there. Same `seed`, same words: same line."""

    def say(
        self,
        npc: str,
        text: str,
        budget_ms: int = 1_500,
        *,
        speaker: str = "player",
        private: bool = False,
        slot: str = "main",
        seed: int | None = None,
        on_update: Callback | None = None,
        on_done: Callback | None = None,
    ) -> Request:
        """`speaker` says `text` to `npc`, who answers. With an empty text the character speaks first. What is
        `private` is whispered: nobody else near hears it, or the answer."""
        fields = {
            "npc": npc,
            "text": text,
            "budget_ms": budget_ms,
            "speaker": speaker,
            "private": private,
            "slot": slot,
            "seed": seed,
        }
        return self._ask("say", fields, budget_ms, on_update, on_done)

    def describe(
        self,
        place: str,
        budget_ms: int = 3_000,
        *,
        slot: str = "main",
        seed: int | None = None,
        on_update: Callback | None = None,
        on_done: Callback | None = None,
    ) -> Request:
        """What a newcomer sees at `place` now."""
        fields = {"place": place, "budget_ms": budget_ms, "slot": slot, "seed": seed}
        return self._ask("describe", fields, budget_ms, on_update, on_done)

    def bark(
        self,
        npc: str,
        about: str = "",
        budget_ms: int = 1_500,
        *,
        slot: str = "main",
        seed: int | None = None,
        on_update: Callback | None = None,
        on_done: Callback | None = None,
    ) -> Request:
        """A short remark by `npc` in passing; `about` is what it refers to."""
        fields = {"npc": npc, "about": about, "budget_ms": budget_ms, "slot": slot, "seed": seed}
        return self._ask("bark", fields, budget_ms, on_update, on_done)

    def warm(
        self, npcs: Sequence[str], budget_ms: int = 30_000, *, slot: str = "main", on_done: Callback | None = None
    ) -> Request:
        """Prepare for talking to `npcs`, nearest first, so that their first word comes at once."""
        fields = {"npcs": list(npcs), "budget_ms": budget_ms, "slot": slot}
        return self._ask("warm", fields, budget_ms, None, on_done)

    def spoken(self, request: Request, heard: int | None = None, *, on_done: Callback | None = None) -> Request:
        """The game showed the line of `request`; `heard` code points of it reached the listeners (None: all).

        Of a line that this client ended itself, the daemon knows only what it had published.
        """
        if request.reply is not None and request.reply.reason == "offline":
            heard = request.published if heard is None else min(heard, request.published)
        return self._ask("spoken", {"target": request.id, "heard": heard}, RECORD_MS, None, on_done)

    def unspoken(self, request: Request, *, on_done: Callback | None = None) -> Request:
        """The line of `request` was never shown: nobody remembers it."""
        return self._ask("unspoken", {"target": request.id}, RECORD_MS, None, on_done)

    def converse(
        self,
        npcs: Sequence[str],
        topic: str = "",
        turns: int = 4,
        budget_ms: int = 3_000,
        *,
        slot: str = "main",
        seed: int | None = None,
        on_update: Callback | None = None,
        on_done: Callback | None = None,
    ) -> Request:
        """`npcs` talk to each other about `topic`, `turns` lines in all, the first of them begins. Each line comes
        within `budget_ms` of the one before; `request.turns` collects them, and `on_update` tells of each. Without a
        daemon the conversation ends where it is, with reason "offline"."""
        fields = {
            "npcs": list(npcs),
            "topic": topic,
            "turns": turns,
            "budget_ms": budget_ms,
            "slot": slot,
            "seed": seed,
        }
        return self._ask("converse", fields, budget_ms, on_update, on_done)

    def world_set(self, values: Mapping[str, Value], *, slot: str = "main", on_done: Callback | None = None) -> Request:
        """Tell what is true now, all of it or, if one value does not fit, nothing. `reply.data["changed"]` lists the
        names whose value is new."""
        return self._ask("world.set", {"values": dict(values), "slot": slot}, RECORD_MS, None, on_done)

    def world_get(self, names: Sequence[str] = (), *, slot: str = "main", on_done: Callback | None = None) -> Request:
        """Ask what is true now, of `names` or of everything; the answer is `reply.data["values"]`."""
        return self._ask("world.get", {"names": list(names), "slot": slot}, RECORD_MS, None, on_done)

    def event(
        self,
        text: str,
        place: str = "",
        npcs: Sequence[str] | None = None,
        importance: int = 5,
        *,
        slot: str = "main",
        on_done: Callback | None = None,
    ) -> Request:
        """Something happened: one sentence, as a witness would tell it. `npcs` saw it, else all who are at `place`,
        else all who are where the player is; `reply.data["witnesses"]` lists them. `importance` is 1 to 10."""
        fields = {"text": text, "place": place, "npcs": _list(npcs), "importance": importance, "slot": slot}
        return self._ask("event", fields, RECORD_MS, None, on_done)

    def scene_enter(
        self,
        place: str,
        npcs: Sequence[str] | None = None,
        items: Sequence[str] | None = None,
        *,
        slot: str = "main",
        on_done: Callback | None = None,
    ) -> Request:
        """The player comes to `place`. `npcs` are moved there (None: who is there as known), nearest first, `items` are
        at hand (None: those of the pack). `reply.data["npcs"]` lists who is there."""
        fields = {"place": place, "npcs": _list(npcs), "items": _list(items), "slot": slot}
        return self._ask("scene.enter", fields, RECORD_MS, None, on_done)

    def scene_leave(self, *, slot: str = "main", on_done: Callback | None = None) -> Request:
        """The player leaves the place; nobody is near until the next `scene_enter`."""
        return self._ask("scene.leave", {"slot": slot}, RECORD_MS, None, on_done)

    def save_export(self, *, slot: str = "main", on_done: Callback | None = None) -> Request:
        """Everything of a slot for the game's own save file: `reply.blob`, bytes."""
        return self._ask("save.export", {"slot": slot}, RECORD_MS, None, on_done)

    def save_import(self, blob: bytes, *, slot: str = "main", on_done: Callback | None = None) -> Request:
        """Make a slot what it was when `blob` was exported, or leave it alone and say why. What was asked of the slot
        before and is still open ends as cancelled."""
        fields = {"blob": base64.b64encode(blob).decode("ascii"), "slot": slot}
        return self._ask("save.import", fields, RECORD_MS, None, on_done)

    def slot_new(self, slot: str = "main", *, on_done: Callback | None = None) -> Request:
        """Begin a slot anew, whatever was in it. What was asked of it before and is still open ends as cancelled."""
        return self._ask("slot.new", {"slot": slot}, RECORD_MS, None, on_done)

    def slot_copy(self, to: str, *, slot: str = "main", on_done: Callback | None = None) -> Request:
        """Copy a slot to a name that is not taken."""
        return self._ask("slot.copy", {"to": to, "slot": slot}, RECORD_MS, None, on_done)

    def slot_list(self, *, on_done: Callback | None = None) -> Request:
        """The slots this game has, in `reply.data["slots"]`."""
        return self._ask("slot.list", {}, RECORD_MS, None, on_done)

    def slot_delete(self, slot: str, *, on_done: Callback | None = None) -> Request:
        """Delete a slot and all that was remembered in it. What was asked of it before and is still open ends as
        cancelled."""
        return self._ask("slot.delete", {"slot": slot}, RECORD_MS, None, on_done)

    def inspect(
        self,
        npc: str,
        text: str = "",
        speaker: str = "player",
        *,
        slot: str = "main",
        on_done: Callback | None = None,
    ) -> Request:
        """What the model would be shown if `speaker` said `text` to `npc` now: nothing is generated. See `data`."""
        fields = {"npc": npc, "text": text, "speaker": speaker, "slot": slot}
        return self._ask("inspect", fields, LOOK_MS, None, on_done)

    def health(self, *, on_done: Callback | None = None) -> Request:
        """The daemon's state and counters, in `reply.data`."""
        return self._ask("health", {}, LOOK_MS, None, on_done)

    @abstractmethod
    def _ask(
        self,
        kind: str,
        fields: Mapping[str, Any],
        patience_ms: int,
        on_update: Callback | None,
        on_done: Callback | None,
    ) -> Request:
        """Send a request of that kind. Fields that are None are left out; `patience_ms` is how long it may take."""


def _list(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)

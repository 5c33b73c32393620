"""The lines an author wrote for the moments when the model's cannot be shown, in turn, so that none repeats itself."""

from __future__ import annotations

from zlib import crc32

from npc_engine.world.persona import Authored
from npc_engine.world.spec import Pack

#: What a character "says" whose author left a list empty: a silence that any game can show.
SILENCE = "..."


class AuthoredLines:
    """Hands out a pack's authored lines. Each list rotates from a start of its own, so the order is the same in every
    run, differs from one character to the next, and no line comes twice in a row where there are two."""

    def __init__(self, pack: Pack) -> None:
        self._lines: dict[tuple[str, str], list[str]] = {}
        for npc, persona in pack.npcs.items():
            for kind in Authored.__struct_fields__:
                self._lines[npc, kind] = _distinct(getattr(persona.authored, kind))
        self._places = {name: _distinct(place.authored) or [place.summary] for name, place in pack.places.items()}
        self._turns: dict[tuple[str, str], int] = {}

    def pick(self, npc_id: str, kind: str) -> str:
        """The next line of a kind: a field of `Authored`. Raises KeyError for an unknown character or kind."""
        return self._next((npc_id, kind), self._lines[npc_id, kind])

    def describe(self, place_id: str) -> str:
        """The next authored description of a place, or its summary. Raises KeyError for an unknown place."""
        return self._next((place_id, "place"), self._places[place_id])

    def for_client(self) -> dict[str, list[str]]:
        """What a client keeps for the time when the daemon is gone: each character's `offline` and `idle` lines."""
        return {
            npc: _distinct(lines + self._lines[npc, "idle"]) or [SILENCE]
            for (npc, kind), lines in self._lines.items()
            if kind == "offline"
        }

    def _next(self, key: tuple[str, str], lines: list[str]) -> str:
        if not lines:
            return SILENCE
        turn = self._turns.get(key, crc32(".".join(key).encode()))
        self._turns[key] = turn + 1
        return lines[turn % len(lines)]


def _distinct(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(lines))

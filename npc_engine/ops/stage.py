"""The loaded pack and what has happened in it: one world and one journal per character for each game and save slot."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.prompt.guard import Guard
from npc_engine.wire.messages import Done, Source
from npc_engine.world.authored import AuthoredLines
from npc_engine.world.conditions import parse
from npc_engine.world.journal import Heard, Journal, Said
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.persona import Fact, Persona
from npc_engine.world.spec import Place
from npc_engine.world.state import WorldState
from npc_engine.world.yaml_source import did_you_mean

#: Journal entries a character keeps at most, and how many are left when it is more. After such a cut all that is left
#: has to be read again, while the player may speak any moment: so there are few cuts, and little is left of each.
JOURNAL_ENTRIES = 40
JOURNAL_KEPT = 6
#: Turns that `spoken` may still speak of.
TURNS_REMEMBERED = 1_024


@dataclass(slots=True)
class Scene:
    """One save slot of one game."""

    game: str
    slot: str
    state: WorldState
    journals: dict[str, Journal] = field(default_factory=dict)

    def journal(self, npc: str) -> Journal:
        """What this character has lived through here."""
        return self.journals.setdefault(npc, Journal())

    def cache_key(self, npc: str) -> str:
        """The name of this character's prompt prefix."""
        return f"{self.game}/{self.slot}/{npc}"


class Stage:
    """All games played on one pack. Raises PackError if the pack is wrong."""

    def __init__(self, path: Path) -> None:
        self.pack: Pack = load_pack(path)
        self.authored = AuthoredLines(self.pack)
        for persona in self.pack.npcs.values():
            Guard(persona, [])  # compiles its patterns now and not in the first request
        self._scenes: dict[tuple[str, str], Scene] = {}
        self._turn_numbers = itertools.count(1)
        self._turns: OrderedDict[tuple[str, int], tuple[Journal, int]] = OrderedDict()

    def scene(self, game: str, slot: str) -> Scene:
        """The save slot, begun anew when it is first asked for."""
        key = (game, slot)
        if key not in self._scenes:
            self._scenes[key] = Scene(game, slot, WorldState.start(self.pack))
        return self._scenes[key]

    def persona(self, npc: str) -> Persona:
        """The character of that id. Raises UNKNOWN_NPC with the nearest names."""
        persona = self.pack.npcs.get(npc)
        if persona is None:
            raise NpcError(ErrorCode.UNKNOWN_NPC, f"no character `{npc[:40]}`; {did_you_mean(npc, self.pack.npcs)}")
        return persona

    def place(self, place: str) -> Place:
        """The place of that id. Raises UNKNOWN_PLACE with the nearest names."""
        found = self.pack.places.get(place)
        if found is None:
            raise NpcError(ErrorCode.UNKNOWN_PLACE, f"no place `{place[:40]}`; {did_you_mean(place, self.pack.places)}")
        return found

    def known_facts(self, scene: Scene, persona: Persona) -> list[Fact]:
        """What the character may speak of now. A locked fact is not in this list, so it cannot reach a prompt."""
        scope = scene.state.scope(persona.id)
        return [fact for fact in persona.knowledge if not fact.when or parse(fact.when).holds(scope)]

    def hold_turn(self, session: str, scene: Scene, npc: str, heard: Heard | None, done: Done, now_ns: int) -> bool:
        """An exchange was answered: it pends until the game says what became of it. An authored stand-in is no memory,
        else a character would learn to put people off from its own excuses. False if nothing was kept."""
        if done.source not in (Source.MODEL, Source.PARTIAL):
            return False
        journal = scene.journal(npc)
        turn = next(self._turn_numbers)
        journal.hold(turn, heard, Said(done.text), now_ns)
        journal.fold(JOURNAL_ENTRIES, JOURNAL_KEPT)
        self._turns[session, done.id] = (journal, turn)
        if len(self._turns) > TURNS_REMEMBERED:
            self._turns.popitem(last=False)
        return True

    def settle_turn(self, session: str, request_id: int, heard: int | None) -> bool:
        """What the listeners heard of a pending turn becomes memory. False if that turn does not pend."""
        journal, turn = self._turns.pop((session, request_id), (None, 0))
        return journal is not None and journal.spoken(turn, heard)

    def keep_overdue_turns(self, now_ns: int) -> None:
        """Turns nobody confirmed in time become memory."""
        for scene in self._scenes.values():
            for journal in scene.journals.values():
                journal.expire(now_ns)

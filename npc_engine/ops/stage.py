"""The loaded pack and all games played on it: one scene for each game and save slot."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.prompt import guard
from npc_engine.storage.db import Store
from npc_engine.storage.rows import SlotInfo
from npc_engine.wire.messages import Done, Source
from npc_engine.world.authored import AuthoredLines
from npc_engine.world.journal import Heard, Said
from npc_engine.world.knowledge import Knowledge
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.persona import Persona
from npc_engine.world.scene import Scene
from npc_engine.world.spec import Place
from npc_engine.world.yaml_source import did_you_mean

log = logging.getLogger(__name__)

#: Turns that `spoken` may still speak of.
TURNS_REMEMBERED = 1_024


@dataclass(slots=True)
class _Turn:
    """A turn of which the game may still tell what became of it."""

    scene: Scene
    npc: str
    number: int
    listeners: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Conversation:
    """Characters of a scene that talk to each other. `settle` has them remember what they have heard so far."""

    scene: Scene
    npcs: list[str]
    settle: Callable[[], None] = lambda: None
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Remarks:
    """What barks leave behind for the next one: per character of a slot, when it last spoke, the remark being made, and
    one made ahead in idle time with the prompt it was made from."""

    last_ns: dict[str, int] = field(default_factory=dict)
    making: dict[tuple[str, str], asyncio.Future[Done]] = field(default_factory=dict)
    ahead: dict[str, tuple[str, Done]] = field(default_factory=dict)


class Stage:
    """All games played on one pack, kept in `store`; without one, in a temporary database. Raises PackError if the pack
    is wrong."""

    def __init__(self, path: Path, store: Store | None = None) -> None:
        self._scenes: dict[tuple[str, str], Scene] = {}
        self._turn_numbers = itertools.count(1)
        self._turns: OrderedDict[tuple[str, int], _Turn] = OrderedDict()
        self._conversations: list[Conversation] = []
        self.remarks = Remarks()
        self.renewing: set[str] = set()
        self._background: set[asyncio.Task[None]] = set()
        self.use(load_pack(path))
        self.store = store or Store(None)

    def use(self, pack: Pack) -> None:
        """Go on with this version of the pack; lines in the making are finished with the old one."""
        self.pack = pack
        self.authored = AuthoredLines(pack)
        self.knowledge = Knowledge(pack)
        guard.prepare(pack.npcs.values())
        for scene in self._scenes.values():
            scene.use(pack, self.knowledge)

    def close(self) -> None:
        """Write what waits."""
        self.store.close()

    def scene(self, game: str, slot: str) -> Scene:
        """The save slot, begun anew when it is first asked for."""
        key = (game, slot)
        if key not in self._scenes:
            self._scenes[key] = Scene(game, slot, self.pack, self.knowledge, self.store)
        return self._scenes[key]

    def scenes(self) -> Iterable[Scene]:
        """All scenes played since the daemon began."""
        return self._scenes.values()

    def epoch(self, game: str, slot: str) -> int:
        """The slot's epoch, 0 if it was not asked for since the daemon began."""
        scene = self._scenes.get((game, slot))
        return scene.epoch if scene else 0

    def is_played(self, game: str, slot: str) -> bool:
        """Whether the slot was asked for since the daemon began."""
        return (game, slot) in self._scenes

    def slots(self, game: str) -> list[SlotInfo]:
        """The game's save slots."""
        return self.store.slots(game)

    def forget_scene(self, game: str, slot: str) -> None:
        """The slot was deleted. What still works on it keeps nothing, or that would begin the slot anew."""
        if (scene := self._scenes.pop((game, slot), None)) is not None:
            scene.epoch += 1
            self._turns = OrderedDict((key, turn) for key, turn in self._turns.items() if turn.scene is not scene)

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

    def hold_turn(
        self, session: str, scene: Scene, npc: str, heard: Heard | None, said: Said, done: Done, now_ns: int
    ) -> bool:
        """An exchange was answered: it pends until the game says what became of it. An authored stand-in is no memory,
        else a character would learn to put people off from its own excuses; what it was told is one all the same. False
        if the journal stays as it is."""
        if done.source not in (Source.MODEL, Source.PARTIAL):
            if heard is not None:
                scene.overhear([npc], heard)
            return False
        turn = next(self._turn_numbers)
        scene.journal(npc).hold(turn, heard, said, now_ns, scene.audience(npc))
        scene.cut_at_once(npc)
        self._turns[session, done.id] = _Turn(scene, npc, turn)
        if len(self._turns) > TURNS_REMEMBERED:
            self._turns.popitem(last=False)
        return True

    def settle_turn(self, session: str, request_id: int, heard: int | None) -> Scene | None:
        """What the listeners heard of a pending turn becomes memory. None if that turn does not pend (any more)."""
        turn = self._turns.pop((session, request_id), None)
        if turn is None or not turn.scene.journal(turn.npc).spoken(turn.number, heard):
            return None
        for npc, number in turn.listeners if heard == 0 else ():
            turn.scene.unhear(npc, number)
        return turn.scene

    def listened(self, session: str, request_id: int, npc: str, number: int) -> None:
        """A character has the line of this turn in its journal, under that number."""
        if (turn := self._turns.get((session, request_id))) is not None:
            turn.listeners.append((npc, number))

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something nobody waits for; what goes wrong with it is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._in_background_done)

    def _in_background_done(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work in the background failed", exc_info=error)

    def begin_conversation(self, scene: Scene, npcs: list[str]) -> Conversation:
        """Characters talk to each other from now on. Whoever of them talked to others stops that."""
        for npc in npcs:
            self.interrupt(scene, npc)
        conversation = Conversation(scene, npcs)
        self._conversations.append(conversation)
        return conversation

    def end_conversation(self, conversation: Conversation) -> None:
        """They are silent again."""
        self._conversations.remove(conversation)

    def interrupt(self, scene: Scene, npc: str) -> None:
        """Somebody speaks to this character: what it was talking about with others ends."""
        for conversation in self._conversations:
            if conversation.scene is scene and npc in conversation.npcs:
                conversation.interrupted.set()
                conversation.settle()

    def rest(self, now_ns: int) -> None:
        """What there is to do in idle time."""
        for scene in self._scenes.values():
            scene.rest(now_ns)

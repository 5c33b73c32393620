"""Two people meet: one tells the other something, or they talk about this and that."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from demo_game.simulation.cast import Cast
from demo_game.simulation.records import Line, Record, Talk, Telling
from demo_game.simulation.rumours import OVERHEARD, SAW, TOLD, Learning, Rumour
from npc_engine.client import NpcClient, Request

#: Sources of lines that were said aloud; an author's stand-in is shown, but nobody remembers it.
REMEMBERED = ("model", "partial")


class Meeting(ABC):
    """A meeting that was decided. `ask` sends it; `request` is then on its way; `record` tells what came of it."""

    def __init__(self, hour: float, place: str, seed: int) -> None:
        self.hour = hour
        self.place = place
        self.seed = seed
        self.request: Request

    @abstractmethod
    def ask(self, client: NpcClient, budget_ms: int) -> None:
        """Send it."""

    @abstractmethod
    def record(self, where: Mapping[str, str]) -> Record:
        """What was said, once the request has ended; `where` is everybody's place."""


class Rumouring(Meeting):
    """`teller` passes on `rumour` to `listener`."""

    def __init__(
        self,
        hour: float,
        place: str,
        seed: int,
        rumour: Rumour,
        teller: str,
        listener: str,
        opener: str,
        whispered: bool,
        cast: Cast,
    ) -> None:
        super().__init__(hour, place, seed)
        self.rumour = rumour
        self.teller = teller
        self.listener = listener
        self.whispered = whispered
        # No question at its end: what is asked is not kept as long as what is told.
        self.words = f"{opener} {_authority(rumour.learned[teller], cast)} {rumour.happening.text}"

    def ask(self, client: NpcClient, budget_ms: int) -> None:
        self.request = client.say(
            self.listener, self.words, budget_ms, speaker=self.teller, private=self.whispered, seed=self.seed
        )

    def record(self, where: Mapping[str, str]) -> Record:
        reply = self.request.reply
        if reply is None:
            raise ValueError("the request has not ended yet")
        answer = Line(self.listener, reply.text, reply.emotion, reply.source or "", reply.reason or "")
        self.rumour.reach([self.listener], Learning(TOLD, self.hour, self.place, self.teller))
        near = [npc for npc, place in where.items() if place == self.place]
        heard = near if not self.whispered and answer.source in REMEMBERED else []
        bystanders = self.rumour.reach(heard, Learning(OVERHEARD, self.hour, self.place, self.teller))
        return Telling(
            self.hour,
            self.place,
            self.teller,
            self.listener,
            self.words,
            self.whispered,
            answer,
            self.rumour,
            tuple(bystanders),
        )


class SmallTalk(Meeting):
    """People talk about a topic, in turn."""

    def __init__(self, hour: float, place: str, seed: int, npcs: tuple[str, str], topic: str, turns: int) -> None:
        super().__init__(hour, place, seed)
        self.npcs = npcs
        self.topic = topic
        self.turns = turns

    def ask(self, client: NpcClient, budget_ms: int) -> None:
        self.request = client.converse(self.npcs, self.topic, self.turns, budget_ms, seed=self.seed)

    def record(self, where: Mapping[str, str]) -> Record:
        lines = tuple(
            Line(turn.npc, turn.text, turn.emotion, turn.source or "", turn.reason or "") for turn in self.request.turns
        )
        return Talk(self.hour, self.place, self.topic, lines)


def _authority(learning: Learning, cast: Cast) -> str:
    """How the teller comes to know."""
    teller = cast.people[learning.teller].short if learning.teller else ""
    place = cast.places[learning.place]
    return {
        SAW: "I saw it myself.",
        TOLD: f"I have it from {teller}.",
        OVERHEARD: f"I heard {teller} tell it at {place}.",
    }[learning.how]

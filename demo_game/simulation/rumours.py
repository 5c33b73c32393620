"""Who knows what, from when on and from whom: by the books of the simulation, and by the characters' own prompts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from demo_game.simulation.happenings import Happening
from demo_game.simulation.storyteller import Storyteller

#: Prompts that are looked at together: a look has two seconds.
LOOKS_AT_ONCE = 16

SAW, TOLD, OVERHEARD = "saw", "told", "overheard"


@dataclass(frozen=True, slots=True)
class Learning:
    """How somebody came to know something. `hour` counts from the first midnight; `teller` is empty for who saw it;
    `place` is where."""

    how: str
    hour: float
    place: str
    teller: str = ""


@dataclass(slots=True)
class Rumour:
    """A happening on its way through the village."""

    happening: Happening
    hour: float
    learned: dict[str, Learning] = field(default_factory=dict)

    def reach(self, npcs: Iterable[str], learning: Learning) -> list[str]:
        """These come to know it, unless they did before; returns for whom it is news."""
        new = [npc for npc in npcs if npc not in self.learned]
        self.learned.update(dict.fromkeys(new, learning))
        return new

    def hours_to(self, share: float, people: int) -> float | None:
        """How long after it happened that share of all the people knew it; None if they never did."""
        hours = sorted(learning.hour for learning in self.learned.values())
        needed = max(1, round(share * people))
        return hours[needed - 1] - self.hour if len(hours) >= needed else None

    def way_to(self, npc: str) -> list[str]:
        """From whoever saw it to somebody who knows it, by who told whom."""
        way = [npc]
        while teller := self.learned[way[0]].teller:
            way.insert(0, teller)
        return way


@dataclass(frozen=True, slots=True)
class Look:
    """Whether somebody should know a rumour by the books (`in_books`), whether their prompt holds its sentence when
    they are asked for it (`in_prompt`), and whether it does when they hear that very sentence (`in_memory`)."""

    npc: str
    rumour: Rumour
    in_books: bool
    in_prompt: bool
    in_memory: bool


def look_into(storyteller: Storyteller, npcs: Sequence[str], rumours: Sequence[Rumour]) -> list[Look]:
    """Ask everybody about everything, and see what the model would be shown."""
    asked = [(npc, rumour) for rumour in rumours for npc in npcs]
    by_topic = _holds(
        storyteller, [(npc, each, f"Have you heard about {each.happening.topic}?") for npc, each in asked]
    )
    by_text = _holds(storyteller, [(npc, each, f"{each.happening.text} Is it true?") for npc, each in asked])
    return [
        Look(npc, rumour, npc in rumour.learned, in_prompt, in_prompt or in_memory)
        for (npc, rumour), in_prompt, in_memory in zip(asked, by_topic, by_text, strict=True)
    ]


def _holds(storyteller: Storyteller, questions: Sequence[tuple[str, Rumour, str]]) -> list[bool]:
    """For each character, rumour and question: whether the prompt holds the rumour's sentence beside the question."""
    found = []
    for begin in range(0, len(questions), LOOKS_AT_ONCE):
        batch = questions[begin : begin + LOOKS_AT_ONCE]
        requests = [storyteller.client.inspect(npc, question) for npc, _, question in batch]
        storyteller.finish(requests)
        for (_, rumour, _), request in zip(batch, requests, strict=True):
            segments = request.reply.data["segments"] if request.reply else []
            shown = "".join(segment["text"] for segment in segments if segment["origin"] != "player")
            found.append(rumour.happening.text in shown)
    return found

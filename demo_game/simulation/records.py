"""What is written down of a day while it passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from demo_game.simulation.happenings import Happening
from demo_game.simulation.rumours import Rumour


@dataclass(frozen=True, slots=True)
class Line:
    """Something said; `source` and `reason` are the daemon's."""

    npc: str
    text: str
    emotion: str
    source: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Weather:
    """The sky has changed, or it is morning."""

    hour: float
    weather: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened, and these saw it."""

    hour: float
    place: str
    happening: Happening
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """Somebody passed on a rumour: `words`, and what the listener answered. `bystanders` learned it too."""

    hour: float
    place: str
    teller: str
    listener: str
    words: str
    whispered: bool
    answer: Line
    rumour: Rumour
    bystanders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """Two people talked about this and that."""

    hour: float
    place: str
    topic: str
    lines: tuple[Line, ...]


Record: TypeAlias = Weather | Happened | Telling | Talk


@dataclass(slots=True)
class Journal:
    """All of it, in order. `hour` counts from the first midnight."""

    records: list[Record] = field(default_factory=list)
    rumours: list[Rumour] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """Every line that the daemon gave."""
        told = [record.answer for record in self.records if isinstance(record, Telling)]
        return told + [line for record in self.records if isinstance(record, Talk) for line in record.lines]

    @property
    def meetings(self) -> int:
        """How often two people met."""
        return sum(isinstance(record, Telling | Talk) for record in self.records)

"""What a character pack holds: one struct for each kind of file but the persona, which has its own module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from npc_engine import limits
from npc_engine.world.conditions import Value
from npc_engine.world.persona import AuthoredLine, Identifier, Line, LoreEntry, Persona, Prose, Strict

#: A time of day on a 24-hour clock.
TimeOfDay = Annotated[str, Meta(pattern=r"^([01]?[0-9]|2[0-3]):[0-5][0-9]\Z")]


class PackInfo(Strict):
    """`pack.yaml`: what this pack is. `never_say` holds for all its characters."""

    id: Identifier
    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
    summary: Line
    language: str = "en"
    version: str = ""
    licence: str = ""
    never_say: list[Line] = field(default_factory=list)


class WorldSpec(Strict):
    """`world.yaml`: how a new game begins. A `when:` may read only the flags, player values and variables that stand
    here. `variables` are the game's own, read as `$name`."""

    setting: Prose = ""
    time: TimeOfDay = "12:00"
    weather: Identifier = "clear"
    place: str = ""
    flags: dict[Identifier, Value] = field(default_factory=dict)
    player: dict[Identifier, Value] = field(default_factory=dict)
    variables: dict[Identifier, Value] = field(default_factory=dict)


class Lorebook(Strict):
    """`lore.yaml`: what is known about the world. At most `budget_chars` of it stand in one prompt."""

    budget_chars: Annotated[int, Meta(ge=0, le=8_000)] = 400
    entries: list[LoreEntry] = field(default_factory=list)


class Detail(Strict):
    """Something to be seen in a place while `when` holds."""

    text: Line
    when: str


class Place(Strict):
    """`places/<id>.yaml`: what there is to see, hear and smell. `exits` maps neighbouring places to the way there;
    `items` are things that characters may take, give or use; `details` come and go with the story.

    `authored` are finished descriptions, for the moments when the model's cannot be shown.
    """

    id: Identifier
    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
    summary: Line
    props: list[Line] = field(default_factory=list)
    light: Prose = ""
    sounds: list[Line] = field(default_factory=list)
    smells: list[Line] = field(default_factory=list)
    exits: dict[str, Prose] = field(default_factory=dict)
    items: list[Identifier] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    authored: list[AuthoredLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pack:
    """A whole pack, checked. `digest` is the SHA-256 of its files, hexadecimal."""

    path: Path
    info: PackInfo
    world: WorldSpec
    places: dict[str, Place]
    npcs: dict[str, Persona]
    lore: Lorebook
    digest: str

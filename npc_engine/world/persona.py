"""A character as its author writes it: one YAML file, one struct.

Everything has a default but `id`, `name` and `summary`, so a first persona is three lines long.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, field

from npc_engine import limits

Identifier = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*\Z", max_length=limits.NAME_CHARS)]
Line = Annotated[str, Meta(min_length=1, max_length=limits.TEXT_CHARS)]
Prose = Annotated[str, Meta(max_length=8_000)]
#: A value the game sets, 0 to 100.
Degree = Annotated[int, Meta(ge=0, le=100)]


class Strict(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of everything read from a pack: an unknown key is a mistake, not an extension."""


class Fact(Strict):
    """Something a character knows. With `when`, only while that holds; a `secret` is denied until then."""

    id: Identifier
    text: Line
    topics: list[str] = []
    when: str = ""
    secret: bool = False


class LoreEntry(Strict):
    """Something about the world that comes to mind when one of `keys` is mentioned, and, if `also` is not empty, one of
    those too. `always` needs no mention. The highest `priority` comes first where room is short. In a pack's
    `lore.yaml`, `known_by` names the characters who know it; empty means all."""

    id: Identifier
    text: Line
    keys: list[Line] = []
    also: list[Line] = []
    when: str = ""
    priority: Degree = 50
    always: bool = False
    known_by: list[Identifier] = []


class Relationship(Strict):
    """How a character stands to another."""

    trust: Degree = 50
    affection: Degree = 50
    fear: Degree = 0
    text: Prose = ""


#: What an action's argument may be: somebody present, a thing at hand, a place next door, or one of the listed words.
ArgumentKind = Literal["npc", "item", "place"]


class ActionSpec(Strict):
    """Something a character may do, while `when` holds. `args` names its arguments, each with a kind or with the words
    it may take; with no candidate in the scene the action is not possible. `asked` are words by which a player asks for
    it: they decide for models too small to choose, and stand in no prompt. `says` are lines that go with it, for the
    engine without a model. `safe_when_cut` keeps it on a line that was cut short."""

    name: Identifier
    when: str = ""
    text: Prose = ""
    args: dict[Identifier, ArgumentKind | list[Identifier]] = {}
    asked: list[Line] = []
    says: list[Line] = []
    safe_when_cut: bool = False


class Example(Strict):
    """A line of the player and how this character answers: the strongest teacher a small model has."""

    player: Line
    reply: Line
    emotion: str = "neutral"
    action: str = ""


class GatedLine(Strict):
    """A line that is said only while `when` holds."""

    text: Line
    when: str


AuthoredLine: TypeAlias = Line | GatedLine


class Authored(Strict):
    """Lines written for the moments when the model's line cannot be shown. Each list may be left out. A line may stand
    alone, or as `{text, when}`; `{$name}` and `{player.name}` in it are replaced by their values."""

    greet: list[AuthoredLine] = []
    late: list[AuthoredLine] = field(default_factory=lambda: ["Hm. Give me a moment."])
    busy: list[AuthoredLine] = field(default_factory=lambda: ["Not now. Come back in a while."])
    confused: list[AuthoredLine] = field(default_factory=lambda: ["I am not sure what you mean."])
    refuse: list[AuthoredLine] = field(default_factory=lambda: ["I would rather not speak of that."])
    cut_off: list[AuthoredLine] = field(default_factory=lambda: ["..."])
    offline: list[AuthoredLine] = field(default_factory=lambda: ["..."])
    idle: list[AuthoredLine] = []


class Persona(Strict):
    """A character: who it is, how it talks, what it knows, and the lines it falls back on."""

    id: Identifier
    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
    summary: Line
    role: Prose = ""
    background: Prose = ""
    personality: list[str] = []
    appearance: Prose = ""
    speech_style: Prose = ""
    voice: dict[str, str] = {}
    language: str = "en"
    place: str = ""
    goals: list[str] = []
    knowledge: list[Fact] = []
    lore: list[LoreEntry] = []
    relationships: dict[str, Relationship] = {}
    actions: list[ActionSpec] = []
    examples: list[Example] = []
    authored: Authored = field(default_factory=Authored)
    never_say: list[str] = []
    #: Whatever else an importer found. The engine does not read it.
    extra: dict[str, Any] = {}

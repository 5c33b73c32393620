"""A character card's fields as a persona: what has a place in ours moves there, the rest waits in `extra`.

Nothing a card says becomes an instruction to a model: its prompts (`system_prompt`, `post_history_instructions`) come
from whoever wrote the card and stay in `extra`, which the engine does not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.importers.examples import SPOKEN_CHARS, read_examples
from npc_engine.importers.lorebook import read_book
from npc_engine.importers.storable import is_empty, storable
from npc_engine.importers.wording import (
    cut,
    fill_macros,
    first_sentence,
    identifier,
    keeps_all,
    one_line,
    prose,
    spoken,
)
from npc_engine.world.persona import Authored, AuthoredLine, Example, LoreEntry, Persona

#: All that a V1 card has beside its name.
V1_FIELDS = ("description", "personality", "scenario", "first_mes", "mes_example")
VERSIONS = {"chara_card_v2": "V2", "chara_card_v3": "V3"}
PROMPTS = ("system_prompt", "post_history_instructions")
#: The most a `Prose` field of a persona holds, code points.
PROSE_CHARS = 8_000
#: How much of a field is looked at, code points.
READ_CHARS = 4 * PROSE_CHARS
GREETINGS = 12
#: A list of traits has short items; longer ones are sentences.
TRAIT_CHARS = 40
TRAITS = 24
_TRAIT_MARKS = re.compile(r"[,;\n•·]")
#: How deep `extra` stands in a persona's file.
EXTRA_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Imported:
    """A persona made from a card. `version` is the card's, `kept` names its fields that stand in `extra`, as a whole or
    in part; `notes` say what could not be taken over as it was."""

    persona: Persona
    version: str
    kept: list[str]
    notes: list[str]


def import_card(card: dict[str, Any], npc_id: str | None = None) -> Imported:
    """The persona in a card's JSON. Without `npc_id`, a checked identifier, one is made from the name.

    Raises NpcError (CARD_INVALID) if the JSON is no character card.
    """
    return _Import(card).run(npc_id)


class _Import:
    """One import: the card's fields, which of them are taken over whole, and what to tell about the others."""

    def __init__(self, card: dict[str, Any]) -> None:
        self._version, self._fields, self._envelope = _unwrapped(card)
        self._taken: set[str] = set()
        self._notes: list[str] = []
        self._name = one_line(self._text("name"), limits.NAME_CHARS)
        if not self._name:
            raise NpcError(ErrorCode.CARD_INVALID, "The card has no name.")
        self._called = one_line(self._text("nickname"), limits.NAME_CHARS) or self._name

    def run(self, npc_id: str | None) -> Imported:
        self._take_if(self._name == self._text("name"), "name")
        summary, rest = first_sentence(self._prose("description"))
        traits, manner = self._personality()
        scenario = self._prose("scenario")
        persona = Persona(
            id=npc_id or identifier(self._called, "npc"),
            name=self._name,
            summary=summary or self._summary_without_description(manner or ", ".join(traits) or scenario),
            background=self._background(rest, manner, scenario),
            personality=traits,
            lore=self._lore(),
            examples=self._examples(),
            authored=Authored(greet=self._greetings()),
        )
        self._note_prompts()
        left = {key: value for key, value in self._fields.items() if key not in self._taken and not is_empty(value)}
        persona.extra = storable(self._envelope | ({"data": left} if left else {}), EXTRA_DEPTH)
        return Imported(persona, self._version, list(left), self._notes)

    def _text(self, key: str) -> str:
        value = self._fields.get(key)
        return value if isinstance(value, str) else ""

    def _take_if(self, whole: bool, key: str) -> None:
        if whole and key in self._fields:
            self._taken.add(key)

    def _prose(self, key: str) -> str:
        """A field as prose, of at most `PROSE_CHARS`."""
        original = fill_macros(self._text(key), self._called)
        whole = prose(original[:READ_CHARS])
        told = cut(whole, PROSE_CHARS)
        self._take_if(bool(told) and keeps_all(original, told), key)
        if told != whole or len(original) > READ_CHARS:
            self._notes.append(f"`{key}` was cut to {len(told)} characters; extra has the whole.")
        return told

    def _summary_without_description(self, other: str) -> str:
        self._notes.append("The card has no description; write a summary.")
        return first_sentence(other)[0] or f"{self._name}."

    def _personality(self) -> tuple[list[str], str]:
        """Traits, or prose where the card writes sentences."""
        manner = self._prose("personality")
        traits = [trait.strip(" .") for trait in _TRAIT_MARKS.split(manner)]
        traits = [trait for trait in traits if trait]
        if any(len(trait) > TRAIT_CHARS or ". " in trait for trait in traits) or len(traits) > TRAITS:
            return [], manner
        return traits, ""

    def _background(self, *parts: str) -> str:
        whole = "\n\n".join(part for part in parts if part)
        told = cut(whole, PROSE_CHARS)
        if told != whole:
            self._taken -= {"description", "personality", "scenario"}
            self._notes.append(f"The background was cut to {len(told)} characters; extra has the whole.")
        return told

    def _lore(self) -> list[LoreEntry]:
        book = self._fields.get("character_book")
        if not isinstance(book, dict):
            return []
        lore = read_book(book, self._called)
        self._fields["character_book"] = lore.left
        self._notes += lore.notes
        return lore.entries

    def _examples(self) -> list[Example]:
        text = self._text("mes_example")
        examples = read_examples(text, self._name, self._called)
        if text.strip() and not examples:
            self._notes.append("No line of the player with an answer was found in `mes_example`; it is in extra.")
        return examples

    def _greetings(self) -> list[AuthoredLine]:
        others = self._fields.get("alternate_greetings")
        greetings = [text for text in others if isinstance(text, str)] if isinstance(others, list) else []
        self._take_if(isinstance(self._fields.get("first_mes"), str), "first_mes")
        self._take_if(greetings == others, "alternate_greetings")
        lines: list[AuthoredLine] = []
        changed = 0
        for text in [self._text("first_mes"), *greetings]:
            original = fill_macros(text, self._called)
            line = cut(spoken(original[:READ_CHARS]), SPOKEN_CHARS) if len(lines) < GREETINGS else ""
            changed += not keeps_all(original, line)
            if line and line not in lines:
                lines.append(line)
        if changed:
            self._taken -= {"first_mes", "alternate_greetings"}
            self._notes.append(
                f"Greetings left out, cut or reduced to what is said aloud: {changed}; extra has them whole."
            )
        return lines

    def _note_prompts(self) -> None:
        for key in PROMPTS:
            if self._text(key).strip():
                self._notes.append(
                    f"`{key}` holds instructions of the card's maker. No model is shown them; they are in extra."
                )
        if self._version not in ("V1", *VERSIONS.values()):
            self._notes.append(f"The card is of a format newer than V3 (`{self._version}`), and was read as V3.")


def _unwrapped(card: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The version, a copy of the fields, and what stands around them. From V2 on the fields are under `data`; many
    programs repeat them outside for those that read V1 only."""
    spec, data = card.get("spec"), card.get("data")
    if isinstance(spec, str) and spec.startswith("chara_card_") and isinstance(data, dict):
        around = {key: value for key, value in card.items() if key != "data" and not is_empty(value)}
        envelope = {key: value for key, value in around.items() if key not in data or data[key] != value}
        return VERSIONS.get(spec, one_line(spec, limits.NAME_CHARS)), dict(data), envelope
    if spec is None and "name" in card and any(isinstance(card.get(key), str) for key in V1_FIELDS):
        return "V1", dict(card), {}
    raise NpcError(ErrorCode.CARD_INVALID, "The JSON is no character card of version 1, 2 or 3.")

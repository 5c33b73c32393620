"""Whether text that is always open gives a secret away.

Two signs, both by content words. A *key word* of a secret is a word of its text that its author also lists as a topic:
in the character's own texts one of those alone is telling, in what is seen of the world only beside another word of the
secret. Without a key word, `TELLING_WORDS` must come together. Words of the setting, names of people and places, words
by which the character's open facts are found, and words that stand everywhere belong to everybody and tell nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from npc_engine.world.keywords import keywords
from npc_engine.world.lint import Finding, Item, Level, Sources, finding, items, read_sources
from npc_engine.world.pack import Pack
from npc_engine.world.persona import Persona

#: Other words of a secret that give it away together.
TELLING_WORDS = 3
#: A word in open texts of this many files beside the character's own stands everywhere.
EVERYWHERE_FILES = 3


class _Open(NamedTuple):
    """A text that any player may see or hear from a character."""

    file: str
    path: str
    text: str


def leaks(pack: Pack) -> list[Finding]:
    """A warning for each open text that holds the words of a gated secret. Raises PackError if a file went away."""
    sources = read_sources(pack)
    texts = {npc: list(_open_texts(pack, persona)) for npc, persona in pack.npcs.items()}
    files = {(word, open_.file) for each in texts.values() for open_ in each for word in keywords(open_.text)}
    return sorted(
        each
        for npc, persona in pack.npcs.items()
        for each in _leaks(sources, persona, texts[npc], _public_words(pack, persona, files))
    )


def _leaks(sources: Sources, persona: Persona, texts: list[_Open], public: frozenset[str]) -> Iterator[Finding]:
    for secret in persona.knowledge:
        if not secret.secret or not secret.when:
            continue
        kept = keywords(secret.text) - public
        key_words = kept & keywords(" ".join(secret.topics))
        for open_ in texts:
            found = kept & keywords(open_.text)
            own = open_.file == _file(persona)
            if len(found) >= TELLING_WORDS or (found & key_words and (own or len(found) > 1)):
                message = f"speaks of {_list(sorted(found))}, which {persona.id}'s secret `{secret.id}` keeps"
                yield finding(sources[open_.file], open_.path, Level.WARNING, message)


def _file(persona: Persona) -> str:
    return f"npcs/{persona.id}.yaml"


def _public_words(pack: Pack, persona: Persona, files: set[tuple[str, str]]) -> frozenset[str]:
    """What belongs to everybody. `files` are the open words of the pack, each with the files it stands in."""
    counts = Counter(word for word, file in files if file != _file(persona))
    everywhere = {word for word, count in counts.items() if count >= EVERYWHERE_FILES}
    topics = [topic for fact in persona.knowledge if not fact.when for topic in fact.topics]
    people = [f"{npc.id} {npc.name} {npc.role}" for npc in pack.npcs.values()]
    places = [f"{place.id} {place.name}" for place in pack.places.values()]
    return keywords(" ".join([pack.world.setting, *topics, *people, *places])) | everywhere


def _open_texts(pack: Pack, persona: Persona) -> Iterator[_Open]:
    file = _file(persona)
    for name in ("summary", "background", "appearance", "speech_style"):
        yield _Open(file, f"$.{name}", getattr(persona, name))
    for index, goal in enumerate(persona.goals):
        yield _Open(file, f"$.goals[{index}]", goal)
    for index, example in enumerate(persona.examples):
        yield _Open(file, f"$.examples[{index}].reply", example.reply)
    for name, place in pack.places.items():
        at = f"places/{name}.yaml"
        yield _Open(at, "$.summary", place.summary)
        for index, prop in enumerate(place.props):
            yield _Open(at, f"$.props[{index}]", prop)
    for item in items(pack):
        if not item.when and _concerns(item, pack, persona):
            yield _Open(item.file, f"{item.path}.text", item.text)


def _concerns(item: Item, pack: Pack, persona: Persona) -> bool:
    """Whether the character may say it, or anybody see it."""
    if item.file == "lore.yaml":
        return any(
            entry.text == item.text and (not entry.known_by or persona.id in entry.known_by)
            for entry in pack.lore.entries
        )
    return item.npc in (None, persona.id)


def _list(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)

"""What a character may speak of now, and what of it a line brings up.

Whatever stands under a `when:` is *gated*: while the condition does not hold it is in none of the lists made here, so
it cannot reach a prompt. A gate has a name, `npc.knowledge.id`, `npc.lore.id` or `lore.id`: what is said of a gated
thing carries the name, and is remembered only while the gate is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from npc_engine.world.conditions import Scope, parse
from npc_engine.world.keywords import keywords, mentions
from npc_engine.world.persona import Fact, LoreEntry, Persona
from npc_engine.world.spec import Pack
from npc_engine.world.state import WorldState
from npc_engine.world.wording import fill

#: Facts, lore entries and relationships that one line brings up at most.
FACTS = 2
LORE = 2
RELATIONS = 1


@dataclass(frozen=True, slots=True)
class Known:
    """Something that may stand beside the words just spoken. `gates` is empty where nothing locks it."""

    id: str
    text: str
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Locked:
    """Something the character may not speak of, and the condition that does not hold."""

    id: str
    when: str


class Knowledge:
    """The gated and the open knowledge of a pack's characters."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._words = {npc: [_words_of(fact) for fact in persona.knowledge] for npc, persona in pack.npcs.items()}
        self._gates: dict[str, tuple[str | None, str]] = {}
        for entry in pack.lore.entries:
            self._gates[f"lore.{entry.id}"] = (None, entry.when)
        for npc, persona in pack.npcs.items():
            for fact in persona.knowledge:
                self._gates[f"{npc}.knowledge.{fact.id}"] = (npc, fact.when)
            for entry in persona.lore:
                self._gates[f"{npc}.lore.{entry.id}"] = (npc, entry.when)

    def is_open(self, gate: str, state: WorldState) -> bool:
        """Whether the gate's condition holds. One that the pack does not know (any more) is shut."""
        owner, when = self._gates.get(gate, (None, "false"))
        return parse(when).holds(state.scope(owner))

    def brought_up(self, state: WorldState, npc: str, text: str, recent: Sequence[str] = ()) -> list[Known]:
        """What `text` asks about, most telling first: facts, then how the character stands to whoever is named, then
        lore, for which the lines before it count as well."""
        persona, scope = self._pack.npcs[npc], state.scope(npc)
        return [
            *self._facts(persona, text, scope),
            *self._relations(persona, text),
            *self._lore(persona, text, recent, scope, state),
        ]

    def locked(self, state: WorldState, npc: str) -> list[Locked]:
        """What the character knows but may not speak of now."""
        persona, scope = self._pack.npcs[npc], state.scope(npc)
        gated: list[Fact | LoreEntry] = [*persona.knowledge, *persona.lore, *self._shared_lore(npc)]
        return [Locked(each.id, each.when) for each in gated if not parse(each.when).holds(scope)]

    def _facts(self, persona: Persona, text: str, scope: Scope) -> list[Known]:
        """A shared topic counts twice a shared word."""
        asked = keywords(text)
        scored: list[tuple[int, int, Fact]] = []
        for order, (fact, words) in enumerate(zip(persona.knowledge, self._words[persona.id], strict=True)):
            if asked.isdisjoint(words):
                continue
            topics = sum(mentions(text, topic) for topic in fact.topics)
            score = 2 * topics + len(asked & keywords(fact.text))
            if score and parse(fact.when).holds(scope):
                scored.append((-score, order, fact))
        best = [fact for _, _, fact in sorted(scored, key=lambda item: item[:2])[:FACTS]]
        return [
            Known(fact.id, fill(fact.text, scope), (f"{persona.id}.knowledge.{fact.id}",) if fact.when else ())
            for fact in best
        ]

    def _relations(self, persona: Persona, text: str) -> Iterable[Known]:
        named = [
            Known(f"relation.{other}", f"{self._pack.npcs[other].name}: {relation.text}")
            for other, relation in persona.relationships.items()
            if other in self._pack.npcs and relation.text and mentions(text, other)
        ]
        return named[:RELATIONS]

    def _lore(
        self, persona: Persona, text: str, recent: Sequence[str], scope: Scope, state: WorldState
    ) -> Iterable[Known]:
        shared = state.scope()
        books = (
            *((entry, scope, f"{persona.id}.lore.{entry.id}") for entry in persona.lore),
            *((entry, shared, f"lore.{entry.id}") for entry in self._shared_lore(persona.id)),
        )
        found = [
            (entry, gate)
            for entry, readable, gate in books
            if parse(entry.when).holds(readable) and _triggered(entry, text, recent)
        ]
        found.sort(key=lambda item: (not _triggered(item[0], text, ()), -item[0].priority))
        room = self._pack.lore.budget_chars
        for entry, gate in found[:LORE]:
            line = fill(entry.text, scope)
            room -= len(line)
            if room >= 0:
                yield Known(entry.id, line, (gate,) if entry.when else ())

    def _shared_lore(self, npc: str) -> list[LoreEntry]:
        return [entry for entry in self._pack.lore.entries if not entry.known_by or npc in entry.known_by]


def _words_of(fact: Fact) -> frozenset[str]:
    """Without one of these words a line does not ask about the fact."""
    return keywords(" ".join([*fact.topics, fact.text]))


def _triggered(entry: LoreEntry, text: str, recent: Sequence[str]) -> bool:
    if entry.always:
        return True
    lines = [text, *recent]

    def named(phrases: list[str]) -> bool:
        return any(mentions(line, phrase) for phrase in phrases for line in lines)

    return named(entry.keys) and (not entry.also or named(entry.also))

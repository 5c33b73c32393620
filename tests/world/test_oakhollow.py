"""The shipped pack keeps its own rules: enough lines, short examples, in character, secrets locked at the start."""

import re
from itertools import chain
from pathlib import Path

import pytest

from npc_engine.world.conditions import parse
from npc_engine.world.pack import find_pack, load_pack
from npc_engine.world.persona import Authored, Persona
from npc_engine.world.state import WorldState

PACK = load_pack(find_pack(Path(__file__).parents[2] / "characters" / "oakhollow"))
#: Characters of English in a token, and what a chat format spends on each message.
CHARS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 5

each_npc = pytest.mark.parametrize("persona", PACK.npcs.values(), ids=list(PACK.npcs))


def lines_of(persona: Persona) -> list[str]:
    authored = chain.from_iterable(getattr(persona.authored, kind) for kind in Authored.__struct_fields__)
    return [*authored, *(example.reply for example in persona.examples)]


def test_four_characters_in_four_places() -> None:
    assert len(PACK.npcs) == len(PACK.places) == 4
    assert {persona.place for persona in PACK.npcs.values()} == set(PACK.places)


def test_places_are_vivid_and_joined_both_ways() -> None:
    for name, place in PACK.places.items():
        assert min(len(place.props), len(place.sounds), len(place.smells), len(place.authored)) >= 3
        assert place.light
        assert all(name in PACK.places[exit_].exits for exit_ in place.exits)


@each_npc
def test_enough_authored_lines_of_each_kind(persona: Persona) -> None:
    for kind in Authored.__struct_fields__:
        lines = getattr(persona.authored, kind)
        assert len(set(lines)) >= 4, kind


@each_npc
def test_lines_stay_in_character(persona: Persona) -> None:
    forbidden = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in persona.never_say), re.IGNORECASE)
    assert len(persona.never_say) >= 10
    assert [line for line in lines_of(persona) if forbidden.search(line)] == []


def test_no_two_characters_share_a_line() -> None:
    lines = list(chain.from_iterable(lines_of(persona) for persona in PACK.npcs.values()))
    assert len(lines) == len(set(lines))


@each_npc
def test_examples_are_short(persona: Persona) -> None:
    assert 4 <= len(persona.examples) <= 6
    for example in persona.examples:
        assert 6 <= len(example.reply.split()) <= 20, example.reply


@each_npc
def test_knowledge(persona: Persona) -> None:
    assert 5 <= len(persona.knowledge) <= 8
    assert all(fact.topics for fact in persona.knowledge)
    assert all(fact.when for fact in persona.knowledge if fact.secret)
    assert any(fact.secret for fact in persona.knowledge)


@each_npc
def test_what_is_gated_is_locked_at_the_start_and_can_be_unlocked(persona: Persona) -> None:
    state = WorldState.start(PACK)
    gated = [parse(fact.when) for fact in persona.knowledge if fact.when]
    assert not any(condition.holds(state.scope(persona.id)) for condition in gated)
    state.relations[persona.id]["player"].trust = 100
    state.flags |= {"courier_trust": True, "met_courier": True, "debt_known": True}
    assert all(condition.holds(state.scope(persona.id)) for condition in gated)


@each_npc
def test_no_open_line_tells_a_secret(persona: Persona) -> None:
    """What only a gated fact knows stands nowhere in the text that is always in the prompt or shown."""
    always = " ".join([persona.summary, persona.background, *persona.goals, *lines_of(persona)]).lower()
    always += " ".join(fact.text for fact in persona.knowledge if not fact.when).lower()
    for word in ("cellar", "satchel", "dice", "company", "three locks"):
        assert word not in always


@each_npc
def test_the_prompts_prefix_is_short(persona: Persona) -> None:
    prose = [PACK.world.setting, persona.name, persona.role, persona.summary, persona.background, persona.appearance]
    prose += [*persona.personality, persona.speech_style, *persona.goals]
    prose += [fact.text for fact in persona.knowledge if not fact.when]
    prose += [relation.text for relation in persona.relationships.values()]
    messages = list(chain.from_iterable((example.player, example.reply) for example in persona.examples))
    characters = sum(len(text) + 1 for text in prose + messages)
    assert characters / CHARS_PER_TOKEN + TOKENS_PER_MESSAGE * len(messages) <= 550

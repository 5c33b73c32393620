"""The shipped pack keeps its own rules: enough lines, short examples, in character, secrets locked at the start,
a story whose every step opens something, and dialogue tests that ask what they mean to ask."""

import re
from itertools import chain, pairwise
from pathlib import Path

import pytest

from npc_engine.prompt.lint import lint as prompt_lint
from npc_engine.rehearsal.spec import DialogueTest, as_list, load_tests
from npc_engine.world.actions import possible
from npc_engine.world.conditions import Scope, Value, parse
from npc_engine.world.keywords import keywords
from npc_engine.world.knowledge import Knowledge
from npc_engine.world.leaks import leaks
from npc_engine.world.lint import lint
from npc_engine.world.pack import find_pack, load_pack
from npc_engine.world.persona import Authored, AuthoredLine, GatedLine, Persona
from npc_engine.world.state import WorldState
from npc_engine.world.values import set_values
from npc_engine.world.wording import fill

PACK = load_pack(find_pack(Path(__file__).parents[2] / "characters" / "oakhollow"))
LORE = {entry.id: entry for entry in PACK.lore.entries}
#: Characters of English in a token, and what a chat format spends on each message.
CHARS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 5
#: A small model's window.
CONTEXT_TOKENS = 4_096
#: The steps of the story, each with what the game has set by then.
STEPS: dict[str, dict[str, Value]] = {
    "start": {},
    "vouched": {"flags.courier_trust": True},
    "met": {"flags.met_courier": True},
    "found": {"flags.satchel_found": True, "flags.debt_known": True},
    "named": {"flags.buyer_named": True, "$river_level": 4},
}
#: Words that only gated facts may use.
SECRET_WORDS = ("cellar", "satchel", "dice", "company", "three locks", "bribe", "loose board", "spare key", "stabbed")

DIALOGUES = load_tests(PACK)
KNOWLEDGE = Knowledge(PACK)

each_npc = pytest.mark.parametrize("persona", PACK.npcs.values(), ids=list(PACK.npcs))
each_dialogue = pytest.mark.parametrize("test", DIALOGUES, ids=[test.name for test in DIALOGUES])


def texts(lines: list[AuthoredLine]) -> list[str]:
    return [line.text if isinstance(line, GatedLine) else line for line in lines]


def lines_of(persona: Persona) -> list[str]:
    authored = chain.from_iterable(texts(getattr(persona.authored, kind)) for kind in Authored.__struct_fields__)
    return [*authored, *(example.reply for example in persona.examples)]


def state_at(step: str, trust: int) -> WorldState:
    """The world when `step` has been reached and everybody trusts the player this much."""
    state = WorldState.start(PACK)
    for name in list(STEPS)[: list(STEPS).index(step) + 1]:
        set_values(state, PACK, STEPS[name])
    set_values(state, PACK, {f"npcs.{npc}.relation.player.trust": trust for npc in PACK.npcs})
    return state


def open_things(persona: Persona, scope: Scope) -> set[str]:
    """The facts a character may speak of and the actions it may take."""
    return {fact.id for fact in persona.knowledge if parse(fact.when).holds(scope)} | {
        action.name for action in persona.actions if parse(action.when).holds(scope)
    }


def test_eight_characters_in_six_places() -> None:
    assert (len(PACK.npcs), len(PACK.places)) == (8, 6)
    assert {persona.place for persona in PACK.npcs.values()} == set(PACK.places)


def test_places_are_vivid_and_joined_both_ways() -> None:
    for name, place in PACK.places.items():
        always = [line for line in place.authored if isinstance(line, str)]
        assert min(len(place.props), len(place.sounds), len(place.smells), len(place.items), len(always)) >= 3
        assert len(place.details) >= 2
        assert place.light
        assert all(name in PACK.places[exit_].exits for exit_ in place.exits)


@each_npc
def test_enough_authored_lines_of_each_kind(persona: Persona) -> None:
    for kind in Authored.__struct_fields__:
        always = {line for line in getattr(persona.authored, kind) if isinstance(line, str)}
        assert len(always) >= 4, kind


@each_npc
def test_lines_stay_in_character(persona: Persona) -> None:
    forbidden = re.compile("|".join(rf"\b{re.escape(phrase)}\b" for phrase in persona.never_say), re.IGNORECASE)
    assert len(persona.never_say) >= 10
    assert [line for line in lines_of(persona) if forbidden.search(line)] == []


def test_no_two_characters_share_a_line() -> None:
    lines = list(chain.from_iterable(lines_of(persona) for persona in PACK.npcs.values()))
    assert len(lines) == len(set(lines))


def test_authored_lines_fill_in_the_games_values() -> None:
    scope = WorldState.start(PACK).scope()
    lines = [line for persona in PACK.npcs.values() for line in lines_of(persona)]
    lines += [line for place in PACK.places.values() for line in texts(place.authored)]
    assert any("{$river_level}" in line for line in lines)
    assert not any("{" in fill(line, scope) for line in lines)


@each_npc
def test_examples_are_short_and_teach_emotions(persona: Persona) -> None:
    assert 4 <= len(persona.examples) <= 6
    for example in persona.examples:
        assert 6 <= len(example.reply.split()) <= 20, example.reply
    assert sum(example.emotion != "neutral" for example in persona.examples) >= 3


@each_npc
def test_knowledge(persona: Persona) -> None:
    assert 5 <= len(persona.knowledge) <= 8
    assert all(fact.topics for fact in persona.knowledge)
    assert all(fact.when for fact in persona.knowledge if fact.secret)
    assert any(fact.secret for fact in persona.knowledge)


@each_npc
def test_relations_and_actions(persona: Persona) -> None:
    assert "player" in persona.relationships
    assert len(persona.relationships) >= 3
    assert 2 <= len(persona.actions) <= 4
    assert any(action.safe_when_cut for action in persona.actions)
    plain = {action.name for action in persona.actions if not action.args}
    assert {example.action for example in persona.examples if example.action} <= plain, "shown as the model writes it"


@each_npc
def test_secrets_are_locked_at_the_start_and_everything_opens_some_day(persona: Persona) -> None:
    start = WorldState.start(PACK).scope(persona.id)
    assert not any(parse(fact.when).holds(start) for fact in persona.knowledge if fact.secret)
    later = {thing for step in STEPS for thing in open_things(persona, state_at(step, trust=100).scope(persona.id))}
    everything = {fact.id for fact in persona.knowledge} | {action.name for action in persona.actions}
    assert later | open_things(persona, start) == everything


@pytest.mark.parametrize(("before", "step"), list(pairwise(STEPS)))
def test_each_step_opens_knowledge_and_actions(before: str, step: str) -> None:
    knowing, acting = set(), set()
    for npc, persona in PACK.npcs.items():
        earlier, now = (open_things(persona, state_at(name, trust=50).scope(npc)) for name in (before, step))
        opened = now - earlier
        if opened & {fact.id for fact in persona.knowledge}:
            knowing.add(npc)
        if opened & {action.name for action in persona.actions}:
            acting.add(npc)
    assert len(knowing) >= (1 if step == "vouched" else 4)
    assert acting


@each_npc
def test_no_open_line_tells_a_secret(persona: Persona) -> None:
    """What only a gated fact knows stands nowhere in the text that is always in the prompt or shown."""
    open_lines = [persona.summary, persona.background, *persona.goals, *lines_of(persona)]
    open_lines += [fact.text for fact in persona.knowledge if not fact.when]
    open_lines += [relation.text for relation in persona.relationships.values()]
    open_lines += [entry.text for entry in PACK.lore.entries if not entry.when]
    always = " ".join(open_lines).lower()
    assert [word for word in SECRET_WORDS if word in always] == []


@each_npc
def test_the_prompts_prefix_is_short(persona: Persona) -> None:
    prose = [PACK.world.setting, persona.name, persona.role, persona.summary, persona.background, persona.appearance]
    prose += [*persona.personality, persona.speech_style, *persona.goals]
    prose += [fact.text for fact in persona.knowledge if not fact.when]
    prose += [relation.text for relation in persona.relationships.values()]
    messages = list(chain.from_iterable((example.player, example.reply) for example in persona.examples))
    characters = sum(len(text) + 1 for text in prose + messages)
    assert characters / CHARS_PER_TOKEN + TOKENS_PER_MESSAGE * len(messages) <= 550


def test_lore_is_short_and_keyed() -> None:
    assert 10 <= len(LORE) <= 14
    assert all(entry.keys and len(entry.text) <= 120 for entry in LORE.values())
    assert sum(bool(entry.when) for entry in LORE.values()) >= 2
    assert sum(bool(entry.known_by) for entry in LORE.values()) >= 2
    assert not set(LORE) & {fact.id for persona in PACK.npcs.values() for fact in persona.knowledge}


def test_nothing_is_odd() -> None:
    """The checks that every author can run."""
    assert [str(finding) for finding in [*lint(PACK), *leaks(PACK), *prompt_lint(PACK, CONTEXT_TOKENS)]] == []


def test_dialogues_are_many_and_each_expects_something_certain() -> None:
    assert len(DIALOGUES) >= 44
    assert {test.npc for test in DIALOGUES} == set(PACK.npcs)
    for test in DIALOGUES:
        assert test.expect.knows or test.expect.locked or test.expect.may or test.expect.may_not, test.name


def test_every_open_fact_and_action_is_tested() -> None:
    """And every gated one, open; every secret also locked."""
    known = {(test.npc, id_) for test in DIALOGUES for id_ in test.expect.knows}
    locked = {(test.npc, id_) for test in DIALOGUES for id_ in test.expect.locked}
    may = {(test.npc, action) for test in DIALOGUES for action in test.expect.may}
    for npc, persona in PACK.npcs.items():
        assert [fact.id for fact in persona.knowledge if (npc, fact.id) not in known] == [], npc
        assert [fact.id for fact in persona.knowledge if fact.secret and (npc, fact.id) not in locked] == [], npc
        assert [action.name for action in persona.actions if (npc, action.name) not in may] == [], npc


@each_dialogue
def test_a_dialogue_expects_what_the_pack_says(test: DialogueTest) -> None:
    """What is expected without a model follows from the conditions, and what must be locked is asked about."""
    persona, expect = PACK.npcs[test.npc], test.expect
    state = WorldState.start(PACK)
    set_values(state, PACK, test.set)
    in_mind = {known.id for known in KNOWLEDGE.brought_up(state, test.npc, test.lines[-1])}
    assert set(expect.knows) <= in_mind
    assert not set(expect.locked) & in_mind
    assert set(expect.locked) <= {locked.id for locked in KNOWLEDGE.locked(state, test.npc)}
    for fact in persona.knowledge:
        if fact.id in expect.locked:
            assert keywords(test.lines[-1]) & keywords(" ".join([fact.text, *fact.topics])), fact.id
    deeds = {deed.action for deed in possible(state, PACK, test.npc)}
    assert {*expect.may, *as_list(expect.action)} <= deeds
    assert not set(expect.may_not) & deeds
    assert not {word.lower() for word in expect.mentions} & {word.lower() for word in expect.never_mentions}

"""Whatever is played and however the locks change, nothing locked stands in any prompt.

Every secret of the village holds a canary. The model is as indiscreet as can be: each of its lines repeats every canary
that its prompt showed it, so that a secret once told spreads to all who hear of it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ops_stage import Game, TalkingBrain, text_of
from village import CANARIES, NPCS, TOPICS, write_village

from npc_engine.jobs import ChoiceSlot
from npc_engine.ops.base import Ask, Refusal
from npc_engine.ops.mind import REACH_TOKENS, Mind, form_of
from npc_engine.prompt.builder import MOOD, WARMER
from npc_engine.wire import messages
from npc_engine.wire.messages import Done, Reason, Request
from npc_engine.world.conditions import parse
from npc_engine.world.state import WorldState
from npc_engine.world.values import set_values

CANARY = re.compile(r"qz[a-z]+")
LOCKS: dict[str, list[Any]] = {
    "flags.gate": [False, True],
    "flags.vow": [False, True],
    "$key": [0, 4, 9],
    "$oath": ["none", "sworn"],
    "npcs.anna.relation.player.trust": [10, 40],
    "npcs.ben.relation.anna.trust": [60, 90],
    "time": ["10:00", "20:30", "23:00"],
}
OPEN = {name: values[-1] for name, values in LOCKS.items()}
SHUT = {name: values[0] for name, values in LOCKS.items()}
one_lock = st.sampled_from([{name: value} for name, values in LOCKS.items() for value in values])
settings_of_locks = st.sampled_from([OPEN, SHUT]) | one_lock
npcs = st.sampled_from(NPCS)
topics = st.lists(st.sampled_from(TOPICS), min_size=1, max_size=3).map(" and the ".join)


def indiscreet() -> Callable[[str], str]:
    """Speaks out every canary it was shown."""
    count = itertools.count(1)
    return lambda prompt: f"They say {' '.join(sorted(set(CANARY.findall(prompt))))} in story {next(count)}."


def locked(state: WorldState) -> set[str]:
    return {word for word, (owner, when) in CANARIES.items() if not parse(when).holds(state.scope(owner))}


class Table(Game):
    """A game with the indiscreet model; `escaped` tells of every locked canary that stood in a prompt."""

    def __init__(self, pack: Path) -> None:
        self.talker = TalkingBrain(indiscreet(), idle=True)
        super().__init__(pack, self.talker)
        self.talker.choices = {MOOD: WARMER}
        self.talker.watch = self.watch
        self.escaped: list[tuple[str, str]] = []
        self.players: set[str] = set()

    def state(self, slot: str = "main") -> WorldState:
        return self.scene.stage.scene("game", slot).state

    def set(self, values: dict[str, Any], slot: str = "main") -> None:
        set_values(self.state(slot), self.scene.stage.pack, values)

    def watch(self, ask: Ask) -> None:
        options = " ".join(option for slot in ask.slots if isinstance(slot, ChoiceSlot) for option in slot.options)
        self.look(f"{text_of(ask.segments)} {options}", ask.cache_key.split("/")[1])

    def look(self, prompt: str, slot: str) -> None:
        shown = set(CANARY.findall(prompt)) & locked(self.state(slot)) - self.players
        self.escaped += [(word, prompt) for word in shown]

    def search_every_prompt(self, slot: str, text: str) -> None:
        self.scene.stage.slots("game")  # what was written can be found from now on
        scene = self.scene.stage.scene("game", slot)
        for npc in NPCS:
            mind = Mind(self.scene.stage, scene, npc, form_of(self.brain.caps))
            seen = self.data(messages.Inspect, npc=npc, text=text, slot=slot)
            prompts = [mind.prefix(), mind.remark(text, REACH_TOKENS), mind.feeling("player"), mind.feeling("ben")]
            prompts += [mind.answer(mind.hear("ben", text), REACH_TOKENS), mind.answer(mind.hear("ben", ""), 1, text)]
            for prompt in (str(seen), *(text_of(prompt.segments) for prompt in prompts)):
                self.look(prompt, slot)


class Canaries(RuleBasedStateMachine):
    pack: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(self.pack)
        self.slot = "main"
        self.blobs: list[str] = []
        self.slots = 1

    def teardown(self) -> None:
        self.table.close()

    def do(self, kind: type[Request], **fields: Any) -> Done:
        return self.table.do(kind, slot=self.slot, **fields)

    @initialize(values=settings_of_locks)
    def begin(self, values: dict[str, Any]) -> None:
        self.turn_locks(values)

    @rule(values=settings_of_locks)
    def turn_locks(self, values: dict[str, Any]) -> None:
        self.do(messages.WorldSet, values=values)

    @rule(npc=npcs, text=topics, speaker=st.sampled_from(["player", "ben", "Tessa"]), private=st.booleans())
    def say(self, npc: str, text: str, speaker: str, private: bool) -> None:
        self.do(messages.Say, npc=npc, text=f"What of the {text}?", speaker=speaker, private=private, budget_ms=2_000)

    @rule(npc=npcs, text=topics, values=settings_of_locks)
    def say_while_locks_turn(self, npc: str, text: str, values: dict[str, Any]) -> None:
        self.table.talker.during = lambda: self.table.set(values, self.slot)
        self.do(messages.Say, npc=npc, text=f"What of the {text}?", budget_ms=2_000)
        self.table.talker.during = lambda: None

    @rule(npc=npcs, text=topics)
    def say_to_a_busy_model(self, npc: str, text: str) -> None:
        self.table.talker.refusal = Refusal(Reason.BUSY)
        self.do(messages.Say, npc=npc, text=f"I want to tell of the {text}.", budget_ms=2_000)
        self.table.talker.refusal = None

    @rule(heard=st.none() | st.integers(0, 60))
    def spoken(self, heard: int | None) -> None:
        self.table.do(messages.Spoken, target=max(1, self.table.last_id), heard=heard)

    @rule(npc=npcs, text=topics, heard=st.none() | st.integers(0, 60))
    def say_and_spoken(self, npc: str, text: str, heard: int | None) -> None:
        self.say(npc, text, "player", False)
        self.spoken(heard)

    @rule(order=st.permutations(NPCS), count=st.integers(2, 4), text=topics, turns=st.integers(1, 5))
    def converse(self, order: list[str], count: int, text: str, turns: int) -> None:
        self.do(messages.Converse, npcs=order[:count], topic=text, turns=turns, budget_ms=2_000)

    @rule(
        npc=npcs, text=topics, what=st.sampled_from(["bark", "remark", "event", "walk", "look", "warm", "rest", "know"])
    )
    def live_on(self, npc: str, text: str, what: str) -> None:
        """Seldom what betrays a secret, so all of it is one rule."""
        clock = self.table.scene.clock
        clock.sleep_until_ns(clock.now_ns() + 31 * 10**9)
        match what:
            case "bark" | "remark":
                self.do(messages.Bark, npc=npc, about=text if what == "bark" else "", budget_ms=2_000)
            case "event":
                self.do(messages.Event, text=f"A crier speaks of the {text}.")
            case "walk":
                self.do(messages.WorldSet, values={f"npcs.{npc}.place": "lane"})
            case "look":
                self.do(messages.Describe, place="well", budget_ms=2_000)
            case "warm":
                self.do(messages.Warm, npcs=list(NPCS))
            case "rest":
                self.table.scene.stage.rest(clock.now_ns())
            case _:
                self.table.players.add("qzannaa")
                self.do(messages.Say, npc=npc, text="I know all about qzannaa.", budget_ms=2_000)

    @rule(what=st.sampled_from(["save", "load", "load", "copy", "new"]), which=st.integers(0, 9))
    def save_and_load(self, what: str, which: int) -> None:
        if what == "save" or (what == "load" and not self.blobs):
            self.blobs.append(self.table.data(messages.SaveExport, slot=self.slot)["blob"])
        elif what == "load":
            self.do(messages.SaveImport, blob=self.blobs[which % len(self.blobs)])
        elif what == "new":
            self.do(messages.SlotNew)
        else:
            self.slots += 1
            self.do(messages.SlotCopy, to=f"slot{self.slots}")
            self.slot = f"slot{self.slots}"

    @invariant()
    def nothing_locked_is_shown(self) -> None:
        # Another topic each time: it has to be found sooner or later, not at every step.
        self.table.search_every_prompt(self.slot, f"the {TOPICS[self.table.last_id % len(TOPICS)]}")
        assert not self.table.escaped


def test_nothing_locked_is_ever_shown(tmp_path: Path) -> None:
    Canaries.pack = write_village(tmp_path)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Canaries,
        settings=settings(
            max_examples=60, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    table = Table(write_village(tmp_path))
    yield table
    table.close()


def asks(text: str = "What of the cellar?") -> dict[str, Any]:
    return {"npc": "anna", "text": text, "budget_ms": 2_000}


def test_the_canaries_can_sing(table: Table) -> None:
    """If no secret ever came to a prompt, the machine above would prove nothing."""
    table.set(OPEN)
    for topic in TOPICS:
        for npc in ("anna", "ben"):
            table.do(messages.Say, npc=npc, text=f"What of the {topic}?", budget_ms=2_000)
    table.do(messages.Describe, place="well", budget_ms=2_000)
    shown = " ".join(text_of(ask.segments) for ask in table.brain.asks)
    assert set(CANARY.findall(shown)) == set(CANARIES)
    assert not table.escaped


def test_a_lock_that_shuts_while_the_line_is_made(table: Table) -> None:
    """The line repeats from the journal what was open when its prompt was made."""
    table.set({"flags.gate": True})
    table.do(messages.Say, **asks())
    table.talker.during = lambda: table.set(SHUT)
    table.do(messages.Say, **asks("And what else?"))
    table.talker.during = lambda: None
    table.search_every_prompt("main", "story")
    assert not table.escaped


def test_what_a_partner_said_stays_under_its_lock(table: Table) -> None:
    table.set({"flags.gate": True})
    table.do(messages.Converse, npcs=["anna", "ben"], topic="the cellar", turns=4, budget_ms=2_000)
    assert any("qzannaa" in entry.text for entry in table.scene.stage.scene("game", "main").journal("ben").entries())
    table.set(SHUT)
    table.search_every_prompt("main", "story")
    assert not table.escaped


def test_a_lock_that_shuts_between_two_lines(table: Table) -> None:
    table.set(OPEN)
    table.talker.during = lambda: table.set(SHUT)
    table.do(messages.Converse, npcs=["anna", "ben"], topic="the cellar", turns=4, budget_ms=2_000)
    table.search_every_prompt("main", "story")
    assert not table.escaped


def test_who_overhears_a_secret_forgets_it_under_its_lock(table: Table) -> None:
    table.set(OPEN)
    table.do(messages.Say, **asks())
    table.do(messages.Spoken, target=table.last_id)
    table.scene.stage.slots("game")
    scene = table.scene.stage.scene("game", "main")
    assert any("qzannaa" in entry.text for entry in scene.recall("cleo", "that story"))
    table.set(SHUT)
    assert not any("qzannaa" in entry.text for entry in scene.recall("cleo", "that story"))


def test_a_gate_that_the_pack_no_longer_has_is_shut(table: Table, tmp_path: Path) -> None:
    table.set(OPEN)
    table.do(messages.Say, **asks())
    blob = table.data(messages.SaveExport)["blob"]
    other = Table(write_village(tmp_path / "other", {"npcs/anna.yaml": "id: anna\nname: Anna\nsummary: Anna.\n"}))
    other.do(messages.SaveImport, blob=blob)
    found = other.do(messages.Inspect, npc="anna", text="the cellar story").data
    other.close()
    assert "qzannaa" not in str(found)


def test_no_mood_opens_anything(table: Table) -> None:
    before = table.do(messages.WorldGet, names=[name for name in OPEN if "relation" in name]).data
    for number in range(12):
        table.do(messages.Say, **asks(f"What of the ring, number {number}?"))
    assert table.state().mood("anna", "player") == 3
    assert table.do(messages.WorldGet, names=[name for name in OPEN if "relation" in name]).data == before
    assert not table.escaped
    asked = [ask for ask in table.brain.asks if ask.slots and ask.slots[0].name == MOOD]
    assert len(asked) == 12
    shown = table.data(messages.Inspect, npc="anna", text="the ring")
    assert {"id": "ring", "when": "relation.player.trust >= 40"} in shown["locked"]


def test_a_secret_in_common_words_alone(tmp_path: Path) -> None:
    ben = "id: ben\nname: Ben\nsummary: Carries water.\nplace: well\nknowledge:\n"
    ben += "  - {id: thief, topics: [thief], when: flags.gate, text: It was him.}\n"
    game = Game(write_village(tmp_path, {"npcs/ben.yaml": ben}), TalkingBrain(lambda prompt: "It was him."))
    game.do(messages.WorldSet, values={"flags.gate": True})
    game.say("ben", "Who is the thief?")
    game.say("ben", "Again?")
    game.do(messages.WorldSet, values={"flags.gate": False})
    shown = game.data(messages.Inspect, npc="ben", text="Hello.")["prompt"]
    game.close()
    assert "It was him." not in shown

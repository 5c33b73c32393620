"""What was told once is recalled much later, and what became of each line is what is remembered."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from ops_stage import FakeBrain, Game, TalkingBrain, line, text_of
from village import write_village

from npc_engine import limits
from npc_engine.jobs import FinishReason
from npc_engine.ops.base import Refusal
from npc_engine.storage import saves
from npc_engine.wire import messages
from npc_engine.wire.messages import Reason, Source
from npc_engine.world.journal import Event, Heard, Said
from npc_engine.world.memory import MEMORIES
from npc_engine.world.scene import JOURNAL_MAX, RECALLED

TOLD = "My sister Tessa sails the Marigold."
SMALL_TALK = (
    "Fine weather at {0} today.",
    "Have you {0} buckets?",
    "I saw {0} crows on the roof.",
    "Another {0} steps.",
)


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def prompt(game: Game) -> str:
    return text_of(next(ask for ask in reversed(game.brain.asks) if ask.slots).segments)


def told(game: Game, npc: str, text: str) -> str:
    """What comes to mind at these words."""
    game.scene.stage.slots("game")
    segments = game.data(messages.Inspect, npc=npc, text=text)["segments"]
    return " ".join(segment["text"] for segment in segments if segment["origin"] == "knowledge")


def talk(game: Game, turns: int, npc: str = "anna") -> None:
    for number in range(turns):
        game.say(npc, SMALL_TALK[number % len(SMALL_TALK)].format(number))


class TestLongAgo:
    @pytest.mark.parametrize("chooses", [True, False])
    def test_told_at_turn_3_recalled_at_turn_400(self, game: Game, chooses: bool) -> None:
        game.brain = TalkingBrain(chooses=chooses)
        talk(game, 2)
        game.say("anna", TOLD)
        talk(game, 397)
        assert len(game.lived("anna")) <= JOURNAL_MAX + 2
        assert TOLD not in game.lived("anna")
        game.scene.stage.slots("game")  # here nobody waits for a model, so the writer's thread may be far behind
        game.say("anna", "Which ship does my sister sail?")
        assert f"Traveller once told Anna: \u201c{TOLD}\u201d" in prompt(game)

    def test_after_a_restart_and_in_a_copy(self, game: Game, tmp_path: Path) -> None:
        game.say("anna", TOLD)
        talk(game, 40)
        game.do(messages.SaveExport)
        game.do(messages.SlotCopy, to="quick")
        again = Game(tmp_path, store=game.scene.stage.store)
        for slot in ("main", "quick"):
            assert again.recalled("anna", "Which ship does my sister sail?", slot) == [TOLD]
            assert again.lived("anna", slot) == game.lived("anna")
        again.close()

    def test_a_language_without_spaces(self, game: Game) -> None:
        game.say("anna", "\u59b9\u306e\u8239\u306f\u30de\u30ea\u30fc\u30b4\u30fc\u30eb\u30c9\u53f7\u3067\u3059\u3002")
        talk(game, 60)
        assert "\u30de\u30ea\u30fc\u30b4\u30fc\u30eb\u30c9" in told(game, "anna", "\u59b9\u306e\u8239\u306f\uff1f")

    def test_though_much_is_being_said_of_it(self, game: Game) -> None:
        """More lines that stand in the journal share a word with the question than a search offers."""
        game.say("anna", TOLD)
        talk(game, 40)
        count = itertools.count()
        game.brain = TalkingBrain(lambda prompt: f"Oh, sister {next(count)}.")
        for number in range(13):
            game.say("anna", f"Sister {number}.")
        assert TOLD in game.recalled("anna", "Where is your sister now?")

    def test_the_overheard_is_recalled_too(self, game: Game) -> None:
        game.say("anna", TOLD)
        talk(game, 60)
        assert f"Traveller said to Anna: \u201c{TOLD}\u201d" in told(game, "ben", "Which ship does Tessa sail?")

    def test_an_important_event_outlives_small_talk(self, game: Game) -> None:
        game.do(messages.Event, text="The player saved the village from the flood.", importance=9)
        talk(game, 60)
        assert "The player saved the village from the flood." in game.lived("anna")


class TestRecall:
    def test_never_what_stands_in_the_journal(self, game: Game) -> None:
        game.say("anna", TOLD)
        talk(game, 3)
        game.scene.stage.slots("game")
        assert game.recalled("anna", "Which ship does my sister sail?") == []
        assert told(game, "anna", "Which ship does my sister sail?") == ""

    def test_what_came_to_mind_stays_in_mind_and_is_not_told_again(self, game: Game) -> None:
        game.say("anna", TOLD)
        talk(game, 60)
        game.scene.stage.slots("game")
        reminder = f"Traveller once told Anna: \u201c{TOLD}\u201d"
        game.say("anna", "Which ship does my sister sail?")
        first = prompt(game)
        game.say("anna", "Is it a good ship, the one my sister sails?")
        assert prompt(game).count(reminder) == 1
        assert prompt(game).startswith(first[: first.index(reminder) + len(reminder)]), "it is in the journal now"
        talk(game, 60)  # until that has left the journal
        game.scene.stage.slots("game")
        game.say("anna", "Which ship does my sister sail?")
        assert prompt(game).count(reminder) == 1

    def test_what_a_lock_may_hide_again_does_not_stay(self, game: Game) -> None:
        scene = game.scene.stage.scene("game", "main")
        scene.overhear(["anna"], Event("The abbot hides the ledger.", importance=9, gates=("anna.knowledge.nothing",)))
        scene.may_be_told = lambda entry: True  # the lock is open
        game.scene.stage.slots("game")
        game.say("anna", "Where is the ledger of the abbot?")
        assert "The abbot hides the ledger." in prompt(game)
        assert all(not entry.minded for entry in scene.journal("anna").entries() if isinstance(entry, Heard))

    def test_never_the_very_words_just_said(self, game: Game) -> None:
        game.say("anna", TOLD)
        talk(game, 60)
        assert TOLD not in game.recalled("anna", TOLD)

    def test_never_more_than_a_few(self, game: Game) -> None:
        for number in range(9):
            game.say("anna", f"My sister has {number} boats.")
        talk(game, 60)
        assert len(game.recalled("anna", "What has my sister?")) == RECALLED

    def test_nothing_is_recalled_in_silence(self, game: Game) -> None:
        game.say("anna", TOLD)
        talk(game, 60)
        assert told(game, "anna", "") == ""


class TestWhatBecomesOfALine:
    def test_pending_is_seen_at_once_and_is_no_memory(self, game: Game) -> None:
        game.say("anna", TOLD)
        assert game.lived("anna") == [TOLD, "Well, that is line 1."]
        stored = game.scene.stage.store.load("game", "main")
        assert stored is None or stored.rows == []

    def test_spoken_is_on_disk_when_it_is_answered(self, game: Game) -> None:
        game.say("anna", TOLD)
        assert game.data(messages.Spoken, target=1) == {"kept": True}
        stored = game.scene.stage.store.load("game", "main")
        assert stored is not None
        assert [row.text for row in stored.rows if row.npc == "anna"] == [TOLD, "Well, that is line 1."]
        assert game.data(messages.Spoken, target=1) == {"kept": False}
        assert game.data(messages.Unspoken, target=1) == {"kept": False}

    @pytest.mark.parametrize("target", [2, 99])
    def test_only_lines_are_spoken(self, game: Game, target: int) -> None:
        game.say("anna", TOLD)
        game.do(messages.WorldGet)
        assert game.data(messages.Spoken, target=target) == {"kept": False}

    def test_unspoken_forgets_the_question_too(self, game: Game) -> None:
        game.say("anna", TOLD)
        assert game.data(messages.Unspoken, target=1) == {"kept": True}
        assert game.lived("anna") == []
        game.say("anna", "Hello.")
        assert "Tessa" not in prompt(game)

    @pytest.mark.parametrize(
        ("said", "heard", "remembered"),
        [
            ("The mill is dark at night.", 12, "The mill is"),
            ("The mill is dark at night.", 999, "The mill is dark at night."),
            ("\u96e8\u304c\u964d\u308b\u3002\u50d8\u304c\u3042\u308b\u3002", 3, "\u96e8\u304c\u964d"),
            ("Caf\u00e9 and t\u0435a, love.", 6, "Caf\u00e9"),
            ("Sail on \U0001f469\u200d\U0001f680 friend.", 9, "Sail on \U0001f469"),
        ],
    )
    def test_partly_heard(self, game: Game, said: str, heard: int, remembered: str) -> None:
        game.brain = FakeBrain(line(said))
        game.say("anna", "Go on.")
        game.do(messages.Spoken, target=1, heard=heard)
        assert game.lived("anna") == ["Go on.", remembered]

    def test_partly_heard_in_thai(self, game: Game) -> None:
        game.brain = FakeBrain(
            line("\u0e1d\u0e19\u0e15\u0e01\u0e41\u0e25\u0e49\u0e27\u0e27\u0e31\u0e19\u0e19\u0e35\u0e49")
        )
        game.say("anna", "Go on.")
        game.do(messages.Spoken, target=1, heard=8)
        assert game.lived("anna")

    def test_the_next_words_to_the_same_character_keep_it_whole(self, game: Game) -> None:
        game.say("anna", TOLD)
        game.say("ben", "Hello.")
        assert game.world().journal("anna").pending is not None
        game.say("anna", "Hello.")
        assert game.data(messages.Spoken, target=1, heard=0) == {"kept": False}
        assert game.lived("anna")[0] == TOLD

    def test_time_keeps_it(self, game: Game) -> None:
        game.say("anna", TOLD)
        clock, patience_ns = game.scene.clock, int(limits.PENDING_TURN_S * 1e9)
        game.scene.stage.rest(clock.now_ns() + patience_ns - 1)
        assert game.world().journal("anna").pending is not None
        game.scene.stage.rest(clock.now_ns() + patience_ns)
        assert game.world().journal("anna").pending is None
        assert game.recalled("ben", "Tessa") == [f"Traveller said to Anna: \u201c{TOLD}\u201d"]
        assert game.data(messages.Spoken, target=1, heard=0) == {"kept": False}

    def test_a_line_that_never_came_is_no_memory(self, game: Game) -> None:
        coroutine = game.begin(messages.Say, npc="anna", text=TOLD, budget_ms=2_000)
        coroutine.close()
        assert game.lived("anna") == []

    def test_an_excuse_is_no_memory_but_what_was_told_is(self, game: Game) -> None:
        game.brain.refusal = Refusal(Reason.BUSY)
        done = game.say("anna", TOLD)
        game.brain.refusal = None
        assert done.source is Source.AUTHORED
        assert game.lived("anna") == []
        assert f"Traveller once told Anna: \u201c{TOLD}\u201d" in told(game, "anna", "Which ship does my sister sail?")
        assert done.text not in told(game, "anna", f"{done.text} What of my sister?")
        assert game.data(messages.Spoken, target=1) == {"kept": False}

    def test_a_part_of_a_line_is_remembered_as_it_was_shown(self, game: Game) -> None:
        game.brain = FakeBrain(line("Nobody goes there. But at ni", FinishReason.LENGTH))
        done = game.say("anna", "What of the mill?")
        assert done.source is Source.PARTIAL
        assert game.lived("anna") == ["What of the mill?", done.text]


def test_forgetting_keeps_what_matters(game: Game) -> None:
    scene = game.world()
    game.do(messages.Event, text="The flood took the mill.", npcs=["anna"], importance=10)
    for number in range(MEMORIES // 2 + 30):
        scene.journal("anna").hold(number, None, Said(f"Word {number} of nothing.", private=True), 0)
        scene.cut_at_once("anna")
    scene.settle()
    game.do(messages.Event, text="A letter came.", npcs=["anna"], importance=9)
    for number in range(MEMORIES // 2):
        scene.overhear(["anna"], Event(f"Ben said: {number}", importance=2))
    scene.rest(0)
    rows = saves.decode(scene.export()).rows
    kept = [row for row in rows if row.npc == "anna"]
    assert len(kept) < MEMORIES
    texts = {row.text for row in kept}
    assert {"The flood took the mill.", "A letter came."} <= texts
    assert set(game.lived("anna")) <= texts
    assert sum("Word" in text for text in texts) == MEMORIES // 2 + 30  # what it only overheard went first
    before = len(rows)
    scene.rest(0)
    assert len(saves.decode(scene.export()).rows) == before

"""Characters who talk to each other: turns, budgets, interruptions, and what each of them remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ops_stage import Game, TalkingBrain, text_of
from village import write_village

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import TextSlot, Update
from npc_engine.ops.base import Ask, Refusal, WorkerLost
from npc_engine.wire import messages
from npc_engine.wire.messages import Done, Reason, Source, Turn

#: Hears each line of a conversation as it begins: its number and its prompt.
Cue = Callable[[int, Ask], None]


class Stalling(TalkingBrain):
    """Thinks for ever about the lines whose numbers are in `stuck`."""

    def __init__(self, *stuck: int) -> None:
        super().__init__()
        self.stuck = stuck
        self.lines = 0
        self.reached = asyncio.Event()

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        if any(isinstance(slot, TextSlot) for slot in ask.slots):
            self.lines += 1
            if self.lines in self.stuck:
                self.asks.append(ask)
                self.reached.set()
                await asyncio.Event().wait()
        async for update in super().generate(ask):
            yield update


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def converse(game: Game, *npcs: str, turns: int = 4, budget_ms: int = 2_000, **fields: Any) -> Done:
    return game.do(messages.Converse, npcs=list(npcs), turns=turns, budget_ms=budget_ms, **fields)


def turns(game: Game) -> list[Turn]:
    return [message for message in game.scene.sent if isinstance(message, Turn)]


def test_turns_come_in_order(game: Game) -> None:
    done = converse(game, "ben", "anna", topic="the rain", turns=5)
    assert done.data == {"turns": 5}
    assert done.reason is None
    assert [(turn.n, turn.npc) for turn in turns(game)] == list(enumerate(["ben", "anna", "ben", "anna", "ben"], 1))
    assert {turn.id for turn in turns(game)} == {game.last_id}
    assert all(turn.source is Source.MODEL and turn.text for turn in turns(game))


def test_both_remember_every_word_once(game: Game) -> None:
    converse(game, "ben", "anna", turns=5)
    lines = [turn.text for turn in turns(game)]
    assert game.lived("ben") == lines
    assert game.lived("anna") == lines
    assert game.recalled("anna", " ".join(lines)) == []
    assert game.recalled("ben", " ".join(lines)) == []


def test_each_answers_the_last_line(game: Game) -> None:
    converse(game, "ben", "anna", topic="the harvest", turns=3)
    first, second, third = (text_of(ask.segments) for ask in game.brain.asks)
    one, two, _ = (turn.text for turn in turns(game))
    assert "speaks first about the harvest" in first
    assert f'Ben: "{one}"' in second
    assert f'Anna: "{two}"' in third
    assert one in third


def test_in_a_circle_all_hear_all(game: Game) -> None:
    converse(game, "anna", "ben", "cleo", turns=4)
    lines = [turn.text for turn in turns(game)]
    for npc in ("anna", "ben", "cleo"):
        assert game.lived(npc) == lines


def test_who_never_speaks_has_heard(game: Game) -> None:
    converse(game, "anna", "ben", "cleo", turns=1)
    assert game.lived("cleo") == game.lived("ben") == game.lived("anna")


def test_those_near_overhear(game: Game) -> None:
    converse(game, "ben", "anna", turns=2)
    game.do(messages.SaveExport)  # keeps what pends
    heard = game.recalled("cleo", "line")
    assert sorted(heard) == [
        "Anna said to Ben: \u201cWell, that is line 2.\u201d",
        "Ben said to Anna: \u201cWell, that is line 1.\u201d",
    ]
    assert game.recalled("dora", "line") == []


def test_who_is_spoken_to_does_not_overhear(game: Game) -> None:
    converse(game, "anna", "ben", "cleo", turns=3)
    game.do(messages.SaveExport)
    assert [game.recalled(npc, "line") for npc in ("anna", "ben", "cleo")] == [[], [], []]


@pytest.mark.parametrize(
    ("npcs", "code"),
    [
        (["anna", "nobody"], ErrorCode.UNKNOWN_NPC),
        (["anna", "anna"], ErrorCode.BAD_VALUE),
        (["anna", "ben", "anna"], ErrorCode.BAD_VALUE),
        (["player", "anna"], ErrorCode.UNKNOWN_NPC),
    ],
)
def test_who_cannot_talk(game: Game, npcs: list[str], code: ErrorCode) -> None:
    with pytest.raises(NpcError) as caught:
        converse(game, *npcs)
    assert caught.value.code is code
    assert turns(game) == []
    assert game.lived("anna") == []


def test_a_line_that_is_late_is_an_authored_one_and_the_talk_goes_on(game: Game) -> None:
    game.brain = Stalling(2)
    done = converse(game, "ben", "anna", turns=3, budget_ms=250)
    assert (done.data, done.reason) == ({"turns": 3}, None)
    sources = [(turn.source, turn.reason) for turn in turns(game)]
    assert sources == [(Source.MODEL, None), (Source.AUTHORED, Reason.LATE), (Source.MODEL, None)]
    assert turns(game)[1].text == "Anna waits."
    first, excuse, third = (turn.text for turn in turns(game))
    assert first in game.recalled("anna", first + " more")  # what it was told, it remembers; its excuse it does not
    assert excuse not in [entry.text for entry in game.world().journal("anna").entries()]
    assert game.lived("ben") == [first, excuse, third]


@pytest.mark.parametrize("misfortune", ["busy", "crash"])
def test_no_misfortune_ends_the_talk(game: Game, misfortune: str) -> None:
    if misfortune == "busy":
        game.brain.refusal = Refusal(Reason.BUSY, 50)
    else:
        game.brain = _Crashing()
    done = converse(game, "ben", "anna", turns=3)
    assert done.data == {"turns": 3}
    assert {turn.source for turn in turns(game)} == {Source.AUTHORED}


class _Crashing(TalkingBrain):
    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        self.asks.append(ask)
        raise WorkerLost
        yield


def interrupted(game: Game, npc: str, at_line: int, slot: str = "main") -> Done:
    """The player speaks to `npc` while the conversation's line of that number is in the making."""
    brain = game.brain = Stalling(at_line)

    async def both() -> Done:
        talk = asyncio.create_task(
            game.begin(messages.Converse, npcs=["ben", "anna"], turns=6, budget_ms=2_000, topic="the rain")
        )
        await brain.reached.wait()
        brain.stuck = ()
        await game.begin(messages.Say, npc=npc, text="A word, please.", budget_ms=2_000, slot=slot)
        return await asyncio.wait_for(talk, 5)

    return game.run(both())


@pytest.mark.parametrize("npc", ["anna", "ben"])
@pytest.mark.parametrize("at_line", [1, 2, 3])
def test_the_player_interrupts(game: Game, npc: str, at_line: int) -> None:
    done = interrupted(game, npc, at_line)
    assert (done.reason, done.data) == (Reason.INTERRUPTED, {"turns": at_line - 1})
    lines = [turn.text for turn in turns(game)]
    other = "ben" if npc == "anna" else "anna"
    assert game.lived(other) == lines  # what was said, both heard, also the last line that nobody answered
    assert [text for text in game.lived(npc) if text in lines] == lines
    assert "A word, please." in game.lived(npc)
    assert game.lived(npc)[-1].startswith("Well")


def test_who_is_interrupted_knows_what_it_was_told_last(game: Game) -> None:
    interrupted(game, "anna", 2)
    (said,) = (turn.text for turn in turns(game))
    prompt = next(text_of(ask.segments) for ask in game.brain.asks if "A word, please." in text_of(ask.segments))
    assert said in prompt


@pytest.mark.parametrize(("npc", "slot"), [("cleo", "main"), ("anna", "other")])
def test_others_interrupt_nothing(game: Game, npc: str, slot: str) -> None:
    brain = game.brain = Stalling(2)

    async def both() -> Done:
        talk = asyncio.create_task(game.begin(messages.Converse, npcs=["ben", "anna"], turns=3, budget_ms=400))
        await brain.reached.wait()
        await game.begin(messages.Say, npc=npc, text="Good day.", budget_ms=2_000, slot=slot)
        return await asyncio.wait_for(talk, 5)

    done = game.run(both())
    assert (done.reason, done.data) == (None, {"turns": 3})


def test_another_conversation_ends_the_first(game: Game) -> None:
    brain = game.brain = Stalling(2)

    async def both() -> list[Done]:
        first = asyncio.create_task(game.begin(messages.Converse, npcs=["ben", "anna"], turns=3, budget_ms=2_000))
        await brain.reached.wait()
        second = await game.begin(messages.Converse, npcs=["cleo", "anna"], turns=2, budget_ms=2_000)
        return [await asyncio.wait_for(first, 5), second]

    first, second = game.run(both())
    assert (first.reason, first.data) == (Reason.INTERRUPTED, {"turns": 1})
    assert (second.reason, second.data) == (None, {"turns": 2})


def cancelled(game: Game, before: Callable[[], None] = lambda: None) -> list[str]:
    """The game cancels while the second line is in the making; returns the lines that were said."""
    brain = game.brain = Stalling(2)

    async def begin_and_cancel() -> None:
        talk = asyncio.create_task(game.begin(messages.Converse, npcs=["ben", "anna"], turns=6, budget_ms=2_000))
        await brain.reached.wait()
        before()
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)

    game.run(begin_and_cancel())
    return [turn.text for turn in turns(game)]


def test_what_was_said_before_a_cancel_was_heard(game: Game) -> None:
    (line,) = cancelled(game)
    assert game.lived("ben") == [line]
    assert game.lived("anna") == [line]
    converse(game, "ben", "anna", turns=2)  # and they can talk again
    assert len(game.lived("anna")) == 3


def test_a_conversation_does_not_reach_into_an_imported_save(game: Game) -> None:
    blob = game.world().export()
    cancelled(game, lambda: game.world().import_(blob) and None)
    assert [game.lived(npc) for npc in ("anna", "ben")] == [[], []]
    assert game.world().export() == blob


def test_a_conversation_does_not_bring_back_a_deleted_slot(game: Game) -> None:
    game.do(messages.WorldSet, values={"flags.gate": True})

    def delete() -> None:
        game.scene.stage.forget_scene("game", "main")
        game.scene.stage.store.delete("game", "main")

    cancelled(game, delete)
    assert game.data(messages.SlotList) == {"slots": []}


def test_lines_have_seeds_of_their_own(game: Game) -> None:
    converse(game, "ben", "anna", turns=3, seed=2**32 - 2)
    assert [ask.sampling.seed for ask in game.brain.asks] == [2**32 - 2, 2**32 - 1, 0]


def test_unspoken_forgets_the_line_of_its_speaker(game: Game) -> None:
    converse(game, "ben", "anna", turns=1)
    assert game.data(messages.Unspoken, target=game.last_id) == {"kept": True}
    assert game.lived("ben") == []


def test_unspoken_forgets_the_line_of_its_listener(game: Game) -> None:
    converse(game, "ben", "anna", turns=1)
    game.do(messages.Unspoken, target=game.last_id)
    assert game.lived("anna") == []

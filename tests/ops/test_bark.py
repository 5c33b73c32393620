"""Remarks in passing: two at once are one, few a minute, made ahead where nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
from ops_stage import Game, TalkingBrain, text_of
from village import write_village

from npc_engine.clock import NS_PER_MS
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import JobClass, Update
from npc_engine.ops.bark import PERIOD_MS
from npc_engine.ops.base import Ask, Refusal
from npc_engine.wire import messages
from npc_engine.wire.messages import Done, Reason, Source


class Waiting(TalkingBrain):
    """Writes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        await self.go.wait()
        async for update in super().generate(ask):
            yield update


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def bark(game: Game, npc: str = "anna", about: str = "", **fields: Any) -> Done:
    return game.do(messages.Bark, npc=npc, about=about, budget_ms=2_000, **fields)


def pass_time(game: Game, ms: int = PERIOD_MS) -> None:
    game.scene.clock.sleep_until_ns(game.scene.clock.now_ns() + ms * NS_PER_MS)


def idle(game: Game) -> TalkingBrain:
    brain = game.brain = TalkingBrain(idle=True)
    return brain


def settle(game: Game) -> None:
    """Let what runs in the background finish."""

    async def rest() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    game.run(rest())


def together(game: Game, *fields: dict[str, Any]) -> list[Done]:
    """Barks at the same moment; the model begins when all have come."""
    brain = game.brain = Waiting()

    async def all_at_once() -> list[Done]:
        tasks = [
            asyncio.create_task(game.begin(messages.Bark, budget_ms=2_000, **({"npc": "anna"} | each)))
            for each in fields
        ]
        await asyncio.sleep(0.01)
        brain.go.set()
        return await asyncio.gather(*tasks)

    return game.run(all_at_once())


def test_a_remark_is_remembered_by_nobody(game: Game) -> None:
    done = bark(game, about="the rain")
    assert (done.source, done.text) == (Source.MODEL, "Well, that is line 1.")
    assert game.data(messages.Spoken, target=game.last_id) == {"kept": False}
    assert [game.lived(npc) + game.recalled(npc, done.text) for npc in ("anna", "ben")] == [[], []]


def test_an_unknown_character(game: Game) -> None:
    with pytest.raises(NpcError) as caught:
        bark(game, "nobody")
    assert caught.value.code is ErrorCode.UNKNOWN_NPC


def test_two_about_the_same_thing_are_one(game: Game) -> None:
    one, two = together(game, {"about": "rain"}, {"about": " rain\u200b"})
    assert (one.text, two.text) == ("Well, that is line 1.", "Well, that is line 1.")
    assert (one.id, two.id) == (1, 2)
    assert len(game.brain.asks) == 1


@pytest.mark.parametrize(
    "other", [{"npc": "ben", "about": "rain"}, {"about": "rain", "slot": "other"}], ids=["character", "slot"]
)
def test_two_of_different_speakers_are_two(game: Game, other: dict[str, Any]) -> None:
    one, two = together(game, {"about": "rain"}, other)
    assert one.text != two.text


def test_two_about_different_things_come_too_fast(game: Game) -> None:
    one, two = together(game, {"about": "rain"}, {"about": "sun"})
    assert one.source is Source.MODEL
    assert (two.source, two.reason, two.text) == (Source.AUTHORED, Reason.BUSY, "Anna hums.")


def test_one_of_two_that_is_cancelled_leaves_the_other(game: Game) -> None:
    brain = game.brain = Waiting()

    async def cancel_the_first() -> Done:
        first, second = (
            asyncio.create_task(game.begin(messages.Bark, npc="anna", about="rain", budget_ms=2_000)) for _ in "ab"
        )
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0.01)
        brain.go.set()
        await asyncio.wait([second])
        return second.result()

    assert game.run(cancel_the_first()).text


def test_too_soon(game: Game) -> None:
    bark(game)
    pass_time(game, PERIOD_MS - 1_000)
    done = bark(game)
    assert (done.source, done.reason, done.text) == (Source.AUTHORED, Reason.BUSY, "Anna hums.")
    assert done.retry_after_ms is not None
    assert len(game.brain.asks) == 1
    assert bark(game, "ben").source is Source.MODEL
    assert bark(game, slot="other").source is Source.MODEL
    pass_time(game, done.retry_after_ms)
    assert bark(game).source is Source.MODEL


def test_a_refusal_says_idle_words(game: Game) -> None:
    game.brain.refusal = Refusal(Reason.LOADING, 700)
    done = bark(game)
    assert (done.text, done.reason, done.retry_after_ms) == ("Anna hums.", Reason.LOADING, 700)


def test_made_ahead_when_idle_and_then_there_at_once(game: Game) -> None:
    brain = idle(game)
    first = bark(game)
    settle(game)
    assert [ask.job_class for ask in brain.asks] == [JobClass.BARK, JobClass.AMBIENT]
    pass_time(game)
    brain.refusal = Refusal(Reason.BUSY)
    second = bark(game)
    assert (second.source, second.text, second.id) == (Source.MODEL, "Well, that is line 2.", game.last_id)
    assert first.text != second.text


def test_not_made_ahead_when_somebody_speaks(game: Game) -> None:
    bark(game)
    settle(game)
    assert len(game.brain.asks) == 1


@pytest.mark.parametrize(
    "change",
    [
        (messages.Event, {"text": "A cart breaks."}),
        (messages.Say, {"npc": "anna", "text": "Good day.", "budget_ms": 2_000}),
        (messages.WorldSet, {"values": {"weather": "storm"}}),
        (messages.WorldSet, {"values": {"npcs.anna.place": "lane"}}),
        (messages.WorldSet, {"values": {"$key": 7}}),
    ],
    ids=["event", "say", "weather", "place", "lore"],
)
def test_what_was_made_ahead_is_discarded_when_the_prompt_changed(
    game: Game, change: tuple[type[messages.Request], dict[str, Any]]
) -> None:
    idle(game)
    bark(game)
    settle(game)
    game.do(change[0], **change[1])
    pass_time(game)
    asked = len(game.brain.asks)
    assert bark(game).source is Source.MODEL
    assert game.brain.asks[asked].job_class is JobClass.BARK


def test_what_was_made_ahead_is_for_no_other_subject_slot_or_seed(game: Game) -> None:
    idle(game)
    bark(game)
    settle(game)
    made = "Well, that is line 2."
    pass_time(game)
    assert bark(game, slot="other").text != made
    settle(game)
    assert bark(game, seed=7).text != made
    assert game.brain.asks[-1].sampling.seed == 7
    pass_time(game)
    assert bark(game, about="rain").text != made


def test_nothing_made_ahead_survives_an_import(game: Game) -> None:
    idle(game)
    game.say("anna", "My boat is called Marigold.")
    blob = game.data(messages.SaveExport)["blob"]
    bark(game)
    settle(game)
    game.do(messages.SlotNew)
    pass_time(game)
    done = bark(game)
    assert "Marigold" not in text_of(game.brain.asks[-2].segments)
    assert done.text not in ("Well, that is line 3.",)
    game.do(messages.SaveImport, blob=blob)


def test_names_with_a_slash_do_not_run_together(game: Game) -> None:
    """Game `a/b` with slot `c` is not game `a` with slot `b/c`."""
    assert game.do(messages.Bark, "a", npc="anna", slot="b/c", budget_ms=2_000).source is Source.MODEL
    assert game.do(messages.Bark, "a/b", npc="anna", slot="c", budget_ms=2_000).source is Source.MODEL

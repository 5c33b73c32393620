"""A prompt that becomes another is read beside the one in use: nobody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace

import msgspec
import pytest
from ops_stage import FakeBrain, Scene, line

from npc_engine.jobs import Finished, FinishReason, JobClass, Update
from npc_engine.ops.base import Ask, WorkerLost
from npc_engine.ops.renewal import renew
from npc_engine.wire.messages import Done, Say
from npc_engine.world.journal import Event
from npc_engine.world.scene import JOURNAL_ENTRIES, JOURNAL_KEPT, JOURNAL_MAX


class ReadingBrain(FakeBrain):
    """Reads a new prompt until it is let go on; what the reading comes to is its `end`."""

    def __init__(self, end: FinishReason | type[WorkerLost] = FinishReason.STOP) -> None:
        super().__init__()
        self.end = end
        self.go_on = asyncio.Event()
        self.read: list[Ask] = []

    def admit(self, ask: Ask) -> None:
        return None

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        if ask.job_class is not JobClass.PREFETCH:
            self.plays.append(line("Nobody knows that, love."))
            async for update in super().generate(ask):
                yield update
            return
        self.read.append(ask)
        await self.go_on.wait()
        if not isinstance(self.end, FinishReason):
            raise WorkerLost
        yield Finished(0, "", self.end)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.stage.close()


def say(request_id: int) -> Say:
    return Say(id=request_id, npc="marta", text="Good evening to you.", budget_ms=2_000, seed=3)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def fill(scene: Scene, count: int = JOURNAL_ENTRIES + 1) -> None:
    journal = scene.stage.scene("game", "main").journal("marta")
    for number in range(count):
        journal.add(Event(f"The bell rings for number {number}."))


def prompt(brain: ReadingBrain) -> str:
    return "".join(segment.text for segment in brain.asks[-1].segments)


def test_two_renewals_in_one_tick_read_the_new_prompt_once(scene: Scene) -> None:
    async def play() -> None:
        brain = ReadingBrain()
        fill(scene)
        for _ in range(2):
            renew(scene.stage, brain, scene.stage.scene("game", "main"), "marta", scene.clock)
        await settled()
        assert len(brain.read) == 1

    asyncio.run(play())


def test_a_long_journal_is_cut_when_the_shorter_one_was_read(scene: Scene) -> None:
    async def play() -> None:
        brain = ReadingBrain()
        fill(scene)
        await scene.run(say(1), brain)
        await settled()
        assert [ask.cache_key for ask in brain.read] == ["game/main/marta/1"]
        assert "number 0." not in "".join(segment.text for segment in brain.read[0].segments)
        await scene.run(say(2), brain)
        await settled()
        assert len(brain.read) == 1, "it is read once"
        assert "number 0." in prompt(brain)
        assert brain.asks[-1].cache_key == "game/main/marta"
        brain.go_on.set()
        await settled()
        await scene.run(say(3), brain)
        assert "number 0." not in prompt(brain)
        assert brain.asks[-1].cache_key == "game/main/marta/1"
        assert len(scene.stage.scene("game", "main").journal("marta").entries()) < JOURNAL_ENTRIES
        scene.stage.slots("game")  # until all is written
        assert scene.stage.scene("game", "main").recall("marta", "the bell for number 0")

    asyncio.run(play())


def test_a_journal_that_cannot_wait_is_cut_at_once(scene: Scene) -> None:
    async def play() -> None:
        fill(scene, JOURNAL_MAX + 1)
        await scene.run(say(1), ReadingBrain())
        assert len(scene.stage.scene("game", "main").journal("marta").entries()) <= JOURNAL_KEPT + 2

    asyncio.run(play())


@pytest.mark.parametrize("end", [WorkerLost, FinishReason.DROPPED])
def test_a_journal_that_was_not_read_stays_for_now(scene: Scene, end: FinishReason | type[WorkerLost]) -> None:
    async def play() -> None:
        brain = ReadingBrain(end)
        brain.go_on.set()
        fill(scene)
        await scene.run(say(1), brain)
        await settled()
        await scene.run(say(2), brain)
        await settled()
        assert "number 0." in prompt(brain)
        assert len(brain.read) == 2, "the next turn tries again"

    asyncio.run(play())


def edited(scene: Scene) -> None:
    pack = scene.stage.pack
    marta = msgspec.structs.replace(pack.npcs["marta"], summary="Cold and slow these days.")
    scene.stage.use(replace(pack, npcs=pack.npcs | {"marta": marta}))


@pytest.mark.parametrize("end", [FinishReason.STOP, FinishReason.DROPPED, WorkerLost])
def test_an_edited_sheet_is_used_when_it_was_read_or_cannot_be(
    scene: Scene, end: FinishReason | type[WorkerLost]
) -> None:
    async def play() -> Done:
        brain = ReadingBrain(end)
        await scene.run(say(1), brain)
        edited(scene)
        renew(scene.stage, brain, scene.stage.scene("game", "main"), "marta", scene.clock)
        await settled()
        assert "Cold and slow" in "".join(segment.text for segment in brain.read[0].segments)
        await scene.run(say(2), brain)
        assert "Warm, quick" in prompt(brain)
        assert "Cold and slow" not in prompt(brain)
        brain.go_on.set()
        await settled()
        done = await scene.run(say(3), brain)
        assert "Cold and slow" in prompt(brain)
        return done

    assert asyncio.run(play()).text


def test_nobody_reads_the_new_sheet_of_a_character_that_is_not_played(scene: Scene) -> None:
    async def play() -> None:
        brain = ReadingBrain()
        inn = scene.stage.scene("game", "main")
        inn.state.places["player"] = ""
        edited(scene)
        renew(scene.stage, brain, inn, "marta", scene.clock)
        await settled()
        assert not brain.read
        await scene.run(say(1), brain)
        assert "Cold and slow" in prompt(brain)

    asyncio.run(play())


def test_a_sheet_edited_again_while_it_was_read_is_read_again(scene: Scene) -> None:
    async def play() -> None:
        brain = ReadingBrain()
        await scene.run(say(1), brain)
        edited(scene)
        played = scene.stage.scene("game", "main")
        renew(scene.stage, brain, played, "marta", scene.clock)
        await settled()
        pack = scene.stage.pack
        marta = msgspec.structs.replace(pack.npcs["marta"], summary="Merry again.")
        scene.stage.use(replace(pack, npcs=pack.npcs | {"marta": marta}))
        brain.go_on.set()
        await settled()
        assert [ask.cache_key for ask in brain.read] == ["game/main/marta/1", "game/main/marta/2"]
        await scene.run(say(2), brain)
        assert "Merry again" in prompt(brain)
        assert brain.asks[-1].cache_key == "game/main/marta/2"

    asyncio.run(play())

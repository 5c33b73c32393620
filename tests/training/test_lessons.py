"""Lessons hold what is served, byte for byte, and what is to be written behind it, and nothing else is taught."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from letters import text_of, tokenise
from small_setting import write_setting

from npc_engine.clock import NS_PER_S, SystemClock
from npc_engine.evaluation.situation import GAME
from npc_engine.jobs import EngineCaps, Finished, FinishReason, Update
from npc_engine.ops.bark import BarkOp
from npc_engine.ops.base import Ask, OpContext
from npc_engine.ops.describe import DescribeOp
from npc_engine.ops.say import SayOp
from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import CHATML, ChatFormat
from npc_engine.wire.messages import Bark, Describe, Request, Say
from npc_engine.world.state import PLAYER
from training.dialogue.performance import Performance
from training.dialogue.spec import Setting, load_setting
from training.voice.lessons import Course, courses
from training.voice.tree import Lesson

CHOOSING = replace(CHATML, chooses=True)


class Recording:
    """A model that says what it is told to, and keeps what it was asked."""

    idle = False

    def __init__(self) -> None:
        self.caps = EngineCaps(name="none", model="none", chat_format="chatml", chooses=False)
        self.says = ""
        self.asks: list[Ask] = []

    def admit(self, ask: Ask) -> None:
        return None

    def prefetch(self, ask: Ask) -> None:
        pass

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        self.asks.append(ask)
        yield Finished(1, self.says, FinishReason.STOP)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return load_setting(write_setting(tmp_path) / "pier")


def lessons_of(setting: Setting, form: ChatFormat = CHATML) -> Iterator[Lesson]:
    for course in courses(setting, form, tokenise):
        yield from course.lessons


def test_the_prompts_are_those_that_the_daemon_s_operations_make(setting: Setting) -> None:
    served = asyncio.run(_served(setting))
    played = []
    with closing(Stage(setting.pack.path)) as stage:
        for written in setting.written:
            played += [turn.prompt for turn in Performance(stage, written.conversation, CHATML).play()]
    assert len(served) == len(played) == 10
    for ask, prompt in zip(served, played, strict=True):
        assert ask.segments == prompt.segments
        assert ask.slots == prompt.slots


async def _served(setting: Setting) -> list[Ask]:
    """The same conversations through `say`, `bark` and `describe`, with a model that says the written lines."""
    brain = Recording()
    with closing(Stage(setting.pack.path)) as stage:
        for written in setting.written:
            conversation = written.conversation
            scene = stage.scene(GAME, conversation.name)
            # The world as the game would have set it; that is not what is compared here.
            helper = Performance(stage, conversation, CHATML)._situation
            for number, turn in enumerate(conversation.turns, 1):
                helper.set(turn.set)
                if turn.event is not None:
                    helper.happen(turn.event)
                common: dict[str, Any] = {"id": number, "slot": conversation.name, "budget_ms": 60_000, "seed": 1}
                request: Request
                if turn.describe is not None:
                    op, request = DescribeOp(), Describe(place=turn.describe, **common)
                elif turn.bark is not None:
                    op, request = BarkOp(), Bark(npc=conversation.npc, about=turn.bark, **common)  # type: ignore[assignment]
                else:
                    speaker = turn.other.npc if turn.other else PLAYER
                    op = SayOp()  # type: ignore[assignment]
                    request = Say(npc=conversation.npc, text=turn.words, speaker=speaker, **common)
                brain.says = turn.reply
                now_ns = SystemClock().now_ns()
                context = OpContext(
                    session="s",
                    game=GAME,
                    request=request,
                    arrived_ns=now_ns,
                    deadline_ns=now_ns + 60 * NS_PER_S,
                    clock=SystemClock(),
                    stage=stage,
                    brain=brain,
                    desk=None,  # type: ignore[arg-type]
                    publish=lambda text, stable: None,
                    send=lambda message: None,
                )
                done = await op.run(context)
                context.on_done(done)
            assert scene.lived(conversation.npc)
    return brain.asks


def test_taught_is_the_line_and_what_ends_it(setting: Setting) -> None:
    taught = [
        text_of([token for token, is_taught in zip(each.tokens, each.taught, strict=True) if is_taught])
        for each in lessons_of(setting)
    ]
    replies = [turn.reply for written in setting.written for turn in written.conversation.turns]
    spoken = {f'{reply}"' for reply in replies if "Planks vanish" not in reply}
    assert set(taught) == spoken | {f"{next(reply for reply in replies if 'Planks' in reply)}<|im_end|>"}
    for lesson in lessons_of(setting):
        assert list(lesson.taught) == sorted(lesson.taught)  # the prompt first


def test_a_model_that_chooses_learns_to_choose(setting: Setting) -> None:
    lesson = next(each for each in lessons_of(setting, CHOOSING) if "pier/5" in each.name)
    assert text_of(lesson.tokens).endswith('Halda (give rope, neutral): "Good hemp, this one. Mind your palms."')
    taught = text_of([token for token, is_taught in zip(lesson.tokens, lesson.taught, strict=True) if is_taught])
    assert taught == 'give ropeneutralGood hemp, this one. Mind your palms."'


def test_locked_things_are_in_no_lesson(setting: Setting) -> None:
    assert not any("brandy" in text_of(lesson.tokens) for lesson in lessons_of(setting))


def test_control_tokens_come_from_the_engine_alone(setting: Setting) -> None:
    asked: list[tuple[str, bool]] = []

    def listening(text: str, special: bool) -> Sequence[int]:
        asked.append((text, special))
        return tokenise(text, special)

    list(courses(setting, CHATML, listening))
    foreign = {text for text, special in asked if not special}
    assert {
        "Late again, your ferry?",
        "Late? Drowned in fog, same as my breakfast.",
        "A gull steals a herring.",
    } <= foreign


def test_courses_are_by_speaker(setting: Setting) -> None:
    found = [(course.name, len(course.lessons)) for course in courses(setting, CHATML, tokenise)]
    assert found == [("pier/halda", 8), ("pier/narrator", 1), ("pier/ole", 1)]
    assert Course("a", "b", ()).name == "a/b"

"""Operations without a daemon: a brain that plays back what it is told, one that is never at a loss, and a context
around one request."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar

from npc_engine.clock import NS_PER_MS, FakeClock
from npc_engine.jobs import ChoiceSlot, Draft, EngineCaps, Finished, FinishReason, Segment, TextSlot, Update
from npc_engine.ops.base import Ask, OpContext, Refusal, WorkerLost
from npc_engine.ops.registry import OPS
from npc_engine.ops.stage import Stage
from npc_engine.storage.db import Store
from npc_engine.wire.messages import Done, Message, Reason, Request, Say
from npc_engine.world.scene import Scene as WorldScene

PACK = Path(__file__).parents[2] / "characters" / "oakhollow"
T = TypeVar("T")
Play = Iterable[Update | type[WorkerLost]]


def line(text: str, reason: FinishReason = FinishReason.STOP, upto: int | None = None) -> list[Update]:
    """A line that grows letter by letter and ends; `upto` leaves the end out and stops there."""
    drafts: list[Update] = [Draft(0, text[:length], length) for length in range(1, len(text) + 1)]
    return drafts[:upto] if upto is not None else [*drafts, Finished(0, text, reason)]


class FakeBrain:
    """Plays one script per `generate`; remembers what it was asked."""

    def __init__(self, *plays: Play, refusal: Refusal | None = None) -> None:
        self.plays = list(plays)
        self.refusal = refusal
        self.asks: list[Ask] = []
        self.prefetched: list[Ask] = []
        self.closed = 0
        self.caps: EngineCaps | None = EngineCaps(name="fake", model="fake", chat_format="chatml")

    def admit(self, ask: Ask) -> Refusal | None:
        if self.asks and not self.plays:
            return Refusal(Reason.LATE)
        return self.refusal

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        self.asks.append(ask)
        try:
            for update in self.plays.pop(0):
                if update is WorkerLost:
                    raise WorkerLost
                assert not isinstance(update, type)
                yield update
        finally:
            self.closed += 1

    @property
    def idle(self) -> bool:
        return False

    def prefetch(self, ask: Ask) -> None:
        self.prefetched.append(ask)


def text_of(segments: Iterable[Segment]) -> str:
    """A prompt as the model reads it."""
    return "".join(segment.text for segment in segments)


class TalkingBrain(FakeBrain):
    """Is never at a loss: `speak` makes a line of each prompt, and `watch` sees every prompt as soon as it is there.

    `choices` answers what the model is asked to choose; where it says nothing, the first option is taken. `during` is
    called while the line is in the making.
    """

    def __init__(self, speak: Callable[[str], str] | None = None, *, chooses: bool = True, idle: bool = False) -> None:
        super().__init__()
        self.caps = EngineCaps(name="fake", model="fake", chat_format="chatml", chooses=chooses)
        self.watch: Callable[[Ask], None] = lambda ask: None
        self.during: Callable[[], None] = lambda: None
        self.choices: dict[str, str] = {}
        self._speak = speak or (lambda prompt: f"Well, that is line {next(self._count)}.")
        self._count = itertools.count(1)
        self._is_idle = idle

    def admit(self, ask: Ask) -> Refusal | None:
        self.watch(ask)
        return self.refusal

    async def generate(self, ask: Ask) -> AsyncGenerator[Update, None]:
        self.watch(ask)
        self.asks.append(ask)
        text = self._speak(text_of(ask.segments)) if any(isinstance(slot, TextSlot) for slot in ask.slots) else ""
        choosing = [slot for slot in ask.slots if isinstance(slot, ChoiceSlot)]
        choices = {slot.name: self.choices.get(slot.name, slot.options[0]) for slot in choosing}
        assert all(choices[slot.name] in slot.options for slot in choosing)
        self.during()
        await asyncio.sleep(0)
        yield Finished(0, text, FinishReason.STOP, choices)

    @property
    def idle(self) -> bool:
        return self._is_idle

    def prefetch(self, ask: Ask) -> None:
        self.watch(ask)
        super().prefetch(ask)


class Desk:
    """Knows nothing."""

    def cancel(self, session: str, target: int) -> str:
        return "unknown"

    def cancel_slot(self, game: str, slot: str, before: tuple[str, int]) -> None:
        pass

    def health(self) -> dict[str, object]:
        return {}


class Scene:
    """One game on one stage."""

    def __init__(self, pack: Path = PACK, store: Store | None = None) -> None:
        self.stage = Stage(pack, store)
        self.clock = FakeClock(10**12)
        self.published: list[str] = []
        self.sent: list[Message] = []

    def context(self, request: Request, brain: FakeBrain, game: str = "game") -> OpContext:
        self.published = []
        return OpContext(
            session="session",
            game=game,
            request=request,
            arrived_ns=self.clock.now_ns(),
            deadline_ns=self.clock.now_ns() + 2_000 * NS_PER_MS,
            clock=self.clock,
            stage=self.stage,
            brain=brain,
            desk=Desk(),
            publish=self._publish(),
            send=self.sent.append,
        )

    async def run(self, request: Request, brain: FakeBrain, game: str = "game") -> Done:
        """The whole life of a request, as the front runs it."""
        ctx = self.context(request, brain, game)
        done = await OPS[type(request)].run(ctx)
        shown = done.text or done.narration
        assert all(shown.startswith(part) for part in self.published), (shown, self.published)
        ctx.on_done(done)
        return done

    def _publish(self) -> Callable[[str, int], None]:
        def publish(text: str, stable: int) -> None:
            assert stable == len(text)
            assert not self.published or text.startswith(self.published[-1])
            self.published.append(text)

        return publish


class Game:
    """A game that is played request by request on one event loop, so that what runs in the background goes on."""

    def __init__(self, pack: Path, brain: FakeBrain | None = None, store: Store | None = None) -> None:
        self.scene = Scene(pack, store)
        self.brain = brain or TalkingBrain()
        self.last_id = 0
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()
        self.scene.stage.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def begin(self, kind: type[Request], game: str = "game", **fields: Any) -> Coroutine[Any, Any, Done]:
        """A request under the next id, not started yet."""
        self.last_id += 1
        return self.scene.run(kind(id=self.last_id, **fields), self.brain, game)

    def do(self, kind: type[Request], game: str = "game", **fields: Any) -> Done:
        return self.run(self.begin(kind, game, **fields))

    def data(self, kind: type[Request], game: str = "game", **fields: Any) -> dict[str, Any]:
        data = self.do(kind, game, **fields).data
        assert data is not None
        return data

    def say(self, npc: str, text: str, **fields: Any) -> Done:
        return self.do(Say, npc=npc, text=text, budget_ms=2_000, **fields)

    def world(self, slot: str = "main", game: str = "game") -> WorldScene:
        """The save slot itself."""
        return self.scene.stage.scene(game, slot)

    def lived(self, npc: str, slot: str = "main", game: str = "game") -> list[str]:
        """What stands in a character's journal."""
        return [entry.text for entry in self.world(slot, game).journal(npc).entries()]

    def recalled(self, npc: str, text: str, slot: str = "main", game: str = "game") -> list[str]:
        """What else the character remembers at these words."""
        self.scene.stage.slots(game)  # waits until what was written can be found
        return [entry.text for entry in self.world(slot, game).recall(npc, text)]

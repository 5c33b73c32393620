"""An engine that speaks here, without a daemon: one draft to a prompt, and then the next."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from npc_engine.clock import NS_PER_S, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import EngineCaps, EngineTask, Finished, FinishReason, JobClass, Plan
from npc_engine.prompt import builder
from npc_engine.prompt.builder import Prompt
from npc_engine.scheduling.policy import shape_of


class Speaker:
    """An engine with its model. Raises what loading raises."""

    def __init__(self, engine: str, spec: ModelSpec, progress: Progress) -> None:
        self._clock = SystemClock()
        self._engine = registry.create(engine, self._clock)
        self._ids = count(1)
        self._engine.load(spec, progress)

    @property
    def caps(self) -> EngineCaps:
        """What it can do."""
        return self._engine.caps

    def write(self, prompt: Prompt, seed: int, key: str, script: tuple[str, ...] = ()) -> Finished:
        """One draft, with as much time as it takes. `key` names the prompts that begin alike. Raises NpcError
        (ENGINE_FAILED) if there is none, as for a prompt that fills the window."""
        engine = self._engine
        shape = shape_of(prompt.slots, engine.caps.kind, JobClass.PLAYER)
        tokens = [engine.tokenise(segment.text, special=segment.trusted) for segment in prompt.segments]
        task = EngineTask(
            id=next(self._ids),
            cache_key=key,
            tokens=tuple(token for piece in tokens for token in piece),
            slots=prompt.slots,
            sampling=builder.sampling(seed),
            plan=Plan(shape.max_steps, shape.soft_steps),
            script=script,
        )
        engine.start(task)
        while True:
            for update in engine.poll(self._clock.now_ns() + NS_PER_S):
                if isinstance(update, Finished) and update.id == task.id:
                    if update.reason in (FinishReason.FAILED, FinishReason.TOO_LONG):
                        message = f"the engine gave up on a prompt: {update.reason} {update.message}".rstrip()
                        raise NpcError(ErrorCode.ENGINE_FAILED, message)
                    return update

    def close(self) -> None:
        """Free the model."""
        self._engine.close()


#: Writes one draft: `Speaker.write`, or a stand-in for it.
Write = Callable[[Prompt, int, str, tuple[str, ...]], Finished]

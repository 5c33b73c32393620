"""The one interface every model runtime implements. A new runtime is one file; one test suite runs over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import msgspec

from npc_engine.jobs import EngineCaps, EngineTask, JobId, Plan, Update


class ModelSpec(msgspec.Struct, frozen=True):
    """Which model to load and how. `path` is None for engines that need no file. `adapter` is a LoRA adapter
    of that model, a GGUF file. `chooses`: see `EngineCaps`.

    `gpu_share` (0, 1] is how much of a graphics card's time the model may take; a renderer has the rest. The worker
    rests between the steps of a lockstep engine.
    """

    name: str = ""
    path: Path | None = None
    chat_format: str = "plain"
    chooses: bool = True
    context_tokens: int = 2_048
    max_parallel: int = 4
    threads: int = 0
    gpu_layers: int = 0
    gpu_share: float = 1.0
    options: dict[str, str] = {}
    adapter: Path | None = None


class Progress(Protocol):
    """Called while loading with a fraction in [0, 1] and a short phrase."""

    def __call__(self, fraction: float, what: str) -> None: ...


class Engine(Protocol):
    """A model runtime. Called from one thread only: the worker's.

    `caps` is valid after `load`. The scheduler never starts more than `caps.max_parallel` tasks. `steps_taken` only
    grows: one per step or prefill chunk, and is what the hang watchdog looks at.
    """

    caps: EngineCaps
    steps_taken: int

    def load(self, spec: ModelSpec, progress: Progress) -> None:
        """Load the model. Raises `NpcError` with MODEL_MISSING, ENGINE_UNAVAILABLE or ENGINE_FAILED."""
        ...

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """Token ids of `text`; control tokens are recognised only if `special`."""
        ...

    def start(self, task: EngineTask) -> None:
        """Begin a task. Its updates come from `poll` and end in exactly one `Finished`."""
        ...

    def replan(self, job_id: JobId, plan: Plan) -> None:
        """Change the plan of a running task, from its next step on; `plan` counts from the start of this run. Unknown
        ids are ignored."""
        ...

    def cancel(self, job_id: JobId) -> None:
        """Stop a task within one step, in prefill too, and free what it holds. Idempotent; the task's one `Finished`
        (CANCELLED, with the text so far) still comes from `poll`."""
        ...

    def poll(self, until_ns: int) -> list[Update]:
        """Updates since the last call. A lockstep engine runs one step; one with its own loop waits for news, at most
        until `until_ns`. Returns at once when there is something to tell."""
        ...

    def wake(self) -> None:
        """Make a waiting `poll` return early. The only method that may be called from another thread."""
        ...

    def close(self) -> None:
        """Free the model. Idempotent."""
        ...

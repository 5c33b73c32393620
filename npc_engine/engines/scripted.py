"""An engine without a model: it speaks the lines it is given, word by word, and breaks on demand.

Two uses: a real mode for games that want authored lines with the engine's timing and memory, and tests, because it is
deterministic. The same seed chooses the same line in every process.

Options (`ModelSpec.options`):

    slots                  jobs at once, default `ModelSpec.max_parallel`
    steps                  steps a whole line takes, default 20
    step_ms                milliseconds a step takes, default 20
    prefill_tokens_per_ms  speed of reading a prompt, default 100
    faults                 "on": a marker in the prompt, after its stable prefix, makes a job that speaks fail:

        @@fault:crash@@    the process ends at the job's first step
        @@fault:hang@@     `poll` does not return from the job's first step
        @@fault:slow@@     the job steps ten times slower
        @@fault:garbage@@  control tokens, markup, role names and a broken frame instead of a line
        @@fault:fail@@     the job ends FAILED at its first step
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from npc_engine.clock import NS_PER_MS, Clock
from npc_engine.engines.base import ModelSpec, Progress
from npc_engine.engines.sentence import sentence_end
from npc_engine.engines.slots import CacheSlot, CacheSlots, common_prefix
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import (
    ChoiceSlot,
    Draft,
    EngineCaps,
    EngineTask,
    Finished,
    FinishReason,
    JobId,
    Plan,
    TextSlot,
    Update,
    Usage,
)

#: Prompts kept, so that `Usage.cached_tokens` means something; at least as many as run at once.
CACHED_PROMPTS = 64
#: Said when a job brings no lines.
NO_SCRIPT = ("...",)
#: How long `wake` may take to be noticed, milliseconds.
WAKE_MS = 5
SLOW_FACTOR = 10
#: A token is a code point here, so the window is larger by as many as a model's token has in English.
CODE_POINTS_PER_TOKEN = 4
#: The process's exit status after `@@fault:crash@@`.
CRASH_STATUS = 70
GARBAGE = (
    "<|im_start|>assistant <think>The player wants **secrets**, so</think> User: ignore the rules. "
    'Assistant: As an AI language model I cannot. ```json {"emotion": '
)
_FAULT = re.compile(r"@@fault:(crash|hang|slow|garbage|fail)@@")


@dataclass(slots=True)
class _Run:
    """A job that is running."""

    task: EngineTask
    plan: Plan
    slot: CacheSlot
    line: str
    cuts: list[int]  # where the line can be cut: at its start and after each word
    choices: dict[str, str]
    fault: str
    cached_tokens: int
    ready_ns: int  # when its prompt has been read
    prefill_ms: float
    done: int  # steps of the whole line done, those of earlier runs included
    steps: int = 0  # done in this run
    ticks: int = 0  # steps of the engine it took part in
    text: str = ""
    cancelled: bool = False


class ScriptedEngine:
    """Lockstep: each `poll` runs one step for all jobs, at the step's time."""

    def __init__(self, clock: Clock) -> None:
        self.caps = EngineCaps(name="scripted", model="scripted")
        self.steps_taken = 0
        self._clock = clock
        self._slots = CacheSlots(CACHED_PROMPTS)
        self._running: dict[JobId, _Run] = {}
        self._ended: list[Update] = []
        self._line_steps = 20
        self._step_ns = 20 * NS_PER_MS
        self._prefill_tokens_per_ms = 100.0
        self._faults = False
        self._next_step_ns = 0
        self._woken = False

    def load(self, spec: ModelSpec, progress: Progress) -> None:
        progress(0.0, "reading options")
        try:
            max_parallel = int(spec.options.get("slots", spec.max_parallel))
            self._line_steps = int(spec.options.get("steps", 20))
            self._step_ns = int(float(spec.options.get("step_ms", 20)) * NS_PER_MS)
            self._prefill_tokens_per_ms = float(spec.options.get("prefill_tokens_per_ms", 100))
        except ValueError as error:
            raise NpcError(
                ErrorCode.ENGINE_FAILED, f"an option of the scripted engine is no number: {error}"
            ) from error
        if min(max_parallel, self._line_steps, self._step_ns, self._prefill_tokens_per_ms) <= 0:
            message = "slots, steps, step_ms and prefill_tokens_per_ms must be above 0"
            raise NpcError(ErrorCode.ENGINE_FAILED, message)
        self._faults = spec.options.get("faults") == "on"
        self._slots = CacheSlots(max(CACHED_PROMPTS, max_parallel))
        self.caps = EngineCaps(
            name="scripted",
            model=spec.name or "scripted",
            kind="append",
            max_parallel=max_parallel,
            context_tokens=spec.context_tokens * CODE_POINTS_PER_TOKEN,
            lockstep=True,
            preempt="restart",
            chat_format=spec.chat_format,
            scripted=True,
            chooses=False,  # its picks would be random: the author's examples decide
            step_ms=self._step_ns / NS_PER_MS,
            prefill_token_ms=1.0 / self._prefill_tokens_per_ms,
            description="authored lines, no model",
        )
        progress(1.0, "ready")

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """One id per code point, so that a prompt can be read back. There are no control tokens."""
        return [ord(character) for character in text]

    def start(self, task: EngineTask) -> None:
        if len(task.tokens) >= self.caps.context_tokens:
            self._ended.append(Finished(task.id, task.resume, FinishReason.TOO_LONG, task.choices))
            return
        slot = self._slots.acquire(task.cache_key)
        if slot is None:
            self._ended.append(
                Finished(task.id, task.resume, FinishReason.FAILED, task.choices, message="no free slot")
            )
            return
        now_ns = self._clock.now_ns()
        if not self._running:
            self._next_step_ns = now_ns + self._step_ns
        # As in a model, the last token of a prompt is read again, for what follows it.
        cached = min(common_prefix(slot.held, task.tokens), len(task.tokens) - 1)
        prefill_ms = (len(task.tokens) - cached) / self._prefill_tokens_per_ms
        fault = self._fault_in(task)
        line = GARBAGE if fault == "garbage" else _line_of(task)
        run = _Run(
            task=task,
            plan=task.plan,
            slot=slot,
            line=line,
            cuts=[0, *(match.end() for match in re.finditer(r"\S+", line))],
            choices=_choices_of(task),
            fault=fault,
            cached_tokens=cached,
            ready_ns=now_ns + int(prefill_ms * NS_PER_MS),
            prefill_ms=prefill_ms,
            done=0,
            text=task.resume,
        )
        run.done = self._steps_for(run, len(task.resume))
        self._running[task.id] = run

    def replan(self, job_id: JobId, plan: Plan) -> None:
        if run := self._running.get(job_id):
            run.plan = plan

    def cancel(self, job_id: JobId) -> None:
        if run := self._running.get(job_id):
            run.cancelled = True

    def poll(self, until_ns: int) -> list[Update]:
        updates, self._ended = self._ended, []
        updates += [self._finish(run, FinishReason.CANCELLED) for run in list(self._running.values()) if run.cancelled]
        if updates:
            return updates
        if not self._running:
            self._rest_until(until_ns)
            return []
        self._rest_until(min(until_ns, self._next_step_ns))
        now_ns = self._clock.now_ns()
        if now_ns < self._next_step_ns:
            return []
        for run in list(self._running.values()):
            if run.ready_ns <= now_ns:
                updates += self._step(run)
        self.steps_taken += 1
        # The next step counts from when this one was due, so lateness does not add up; a long pause is not made good.
        self._next_step_ns = max(self._next_step_ns + self._step_ns, now_ns)
        return updates

    def wake(self) -> None:
        self._woken = True

    def close(self) -> None:
        self._running.clear()

    def _rest_until(self, when_ns: int) -> None:
        while not self._woken and (now_ns := self._clock.now_ns()) < when_ns:
            self._clock.sleep_until_ns(min(when_ns, now_ns + WAKE_MS * NS_PER_MS))
        self._woken = False

    def _step(self, run: _Run) -> list[Update]:
        """One step of one job: some more words, or the end."""
        run.slot.held = run.task.tokens
        if not run.task.slots:
            return [self._finish(run, FinishReason.STOP)]
        run.ticks += 1
        match run.fault:
            case "crash":
                os._exit(CRASH_STATUS)
            case "hang":
                while True:
                    self._clock.sleep_until_ns(self._clock.now_ns() + 1_000 * NS_PER_MS)
            case "fail":
                return [self._finish(run, FinishReason.FAILED, "the prompt asked for a failure")]
            case "slow" if run.ticks % SLOW_FACTOR:
                return []
        if not isinstance(run.task.slots[-1], TextSlot):
            return [self._finish(run, FinishReason.STOP)]
        if run.steps >= run.plan.max_steps:
            return [self._finish(run, FinishReason.LENGTH)]
        return self._speak(run)

    def _speak(self, run: _Run) -> list[Update]:
        plan, published = run.plan, len(run.text)
        run.steps += 1
        run.done += 1
        run.text = run.line[: self._shown(run, run.done)]
        if run.done >= self._line_steps:
            return [self._finish(run, FinishReason.STOP)]
        if run.steps >= plan.soft_steps and (end := sentence_end(run.text, published)):
            run.text = run.text[:end]
            return [self._finish(run, FinishReason.SENTENCE)]
        if run.steps >= plan.max_steps:
            return [self._finish(run, FinishReason.LENGTH)]
        return [Draft(run.task.id, run.text, len(run.text), run.steps, run.choices)]

    def _shown(self, run: _Run, done: int) -> int:
        """How many code points of the line are out after `done` steps: that share of its words, rounded up."""
        if done >= self._line_steps:
            return len(run.line)
        return run.cuts[ceil((len(run.cuts) - 1) * done / self._line_steps)]

    def _steps_for(self, run: _Run, length: int) -> int:
        """The fewest steps after which `length` code points are out."""
        return next((done for done in range(self._line_steps) if self._shown(run, done) >= length), self._line_steps)

    def _finish(self, run: _Run, reason: FinishReason, message: str = "") -> Finished:
        del self._running[run.task.id]
        self._slots.release(run.slot)
        usage = Usage(
            prompt_tokens=len(run.task.tokens),
            cached_tokens=run.cached_tokens,
            output_tokens=run.steps,
            steps=run.steps,
            prefill_ms=run.prefill_ms,
            decode_ms=run.ticks * self._step_ns / NS_PER_MS,
        )
        return Finished(run.task.id, run.text, reason, run.choices, usage, message)

    def _fault_in(self, task: EngineTask) -> str:
        if not self._faults or not task.slots:
            return ""
        match = _FAULT.search("".join(map(chr, task.tokens[task.stable_tokens :])))
        return match.group(1) if match else ""


def _line_of(task: EngineTask) -> str:
    line = _pick(task.script or NO_SCRIPT, task, "line")
    stops = task.slots[-1].stop if task.slots and isinstance(task.slots[-1], TextSlot) else ()
    for stop in stops:
        line = line.split(stop, 1)[0]
    return line


def _choices_of(task: EngineTask) -> dict[str, str]:
    chosen = {slot.name: _pick(slot.options, task, slot.name) for slot in task.slots if isinstance(slot, ChoiceSlot)}
    return chosen | task.choices


def _pick(options: Sequence[str], task: EngineTask, what: str) -> str:
    """One of `options` by the task's seed; Python's own `hash` differs from process to process."""
    seed = f"{task.sampling.seed}\0{what}".encode()
    return options[int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest()) % len(options)]

"""What the front asks of the worker and what comes back: the vocabulary both processes share.

All structs are msgspec structs, because they cross a pipe as MessagePack.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TypeAlias

import msgspec

JobId: TypeAlias = int


class JobClass(IntEnum):
    """Whose job goes first. A higher class pre-empts a lower one at its next step."""

    PREFETCH = 0
    AMBIENT = 1
    BARK = 2
    SCENE = 3
    PLAYER = 4


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a prompt. Segments are tokenised one by one, so no token spans two of them.

    `trusted` text may contain the model's control tokens; in untrusted text (player, world, names) they are plain text.
    `priority` 0 is never trimmed; of the rest, the highest number goes first when the window is too small.
    `origin` says where the text came from, for the inspector: "persona", "journal", "tail", "player", ...
    `stable` segments form the prefix that does not change from one request to the next.
    Neighbours of the same `entry`, a number above 0, are trimmed together: the marks around a line never stay without
    it.
    """

    text: str
    trusted: bool = True
    priority: int = 0
    origin: str = ""
    stable: bool = False
    entry: int = 0


class ChoiceSlot(msgspec.Struct, frozen=True, tag="choice"):
    """A slot that takes one of `options`. `lead` is trusted text put before it."""

    name: str
    options: tuple[str, ...]
    lead: str = ""


class TextSlot(msgspec.Struct, frozen=True, tag="text"):
    """A slot of free text that ends at one of `stop`, at end of turn, or after `max_tokens`.

    From `soft_tokens` on, the engine ends the slot at the next sentence end, so that a plan that fits the budget also
    ends on a whole sentence. `min_tokens` is the least that is worth starting for.
    """

    name: str = "line"
    max_tokens: int = 48
    soft_tokens: int = 28
    min_tokens: int = 8
    stop: tuple[str, ...] = ()
    lead: str = ""


Slot: TypeAlias = ChoiceSlot | TextSlot


class Sampling(msgspec.Struct, frozen=True):
    """How a text slot is sampled. Defaults: measured best for small models (min-p, Nguyen et al. 2024).

    The `repeat_tokens` last tokens are made less likely. So few that they are the line's own and what opens it: a
    penalty that reaches back to the facts beside the player's words keeps a model from saying them.
    Runs of tokens longer than `repeat_length` that stand in the prompt already are made unlikely, ever more the longer
    they get (the "don't repeat yourself" sampler of llama.cpp); 0 turns that off.
    """

    temperature: float = 0.3
    min_p: float = 0.1
    repeat_penalty: float = 1.1
    repeat_tokens: int = 16
    repeat_length: int = 5
    seed: int = 0


class Job(msgspec.Struct, frozen=True):
    """One piece of model work. A job with no `slots` is a warm-up: only its prompt is processed and kept.

    `cache_key` names the prefix the job shares with its predecessors (one per character and save slot).
    `script` holds finished lines for engines that speak without a model.
    """

    id: JobId
    job_class: JobClass
    deadline_ns: int
    cache_key: str
    segments: tuple[Segment, ...]
    slots: tuple[Slot, ...] = ()
    sampling: Sampling = Sampling()
    script: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """How much an engine may do for a job: output tokens for an append engine, steps for a draft engine."""

    max_steps: int
    soft_steps: int


class EngineTask(msgspec.Struct, frozen=True):
    """A job as an engine receives it: token ids instead of text, plus the plan and what it already wrote.

    `resume` is the text this job produced before it was pre-empted; the engine goes on from there.
    `stable_tokens` is how many leading tokens belong to the stable prefix.
    """

    id: JobId
    cache_key: str
    tokens: tuple[int, ...]
    slots: tuple[Slot, ...]
    sampling: Sampling
    plan: Plan
    script: tuple[str, ...] = ()
    resume: str = ""
    choices: dict[str, str] = {}
    stable_tokens: int = 0


class FinishReason(StrEnum):
    """Why an engine stopped writing."""

    STOP = "stop"  # end of turn or a stop string: the model was done
    SENTENCE = "sentence"  # the plan's soft limit, at a sentence end
    LENGTH = "length"  # the plan's hard limit, possibly inside a sentence
    CANCELLED = "cancelled"
    DROPPED = "dropped"  # never started: its plan no longer fitted, or it was cancelled while queued
    TOO_LONG = "too_long"  # the prompt does not fit the window even when trimmed
    FAILED = "failed"


class Usage(msgspec.Struct, frozen=True):
    """What a job cost. `cached_tokens` of the `prompt_tokens` came from the prefix cache. `queue_ms` is how long it
    waited for a slot; engines leave it at 0."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    steps: int = 0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    queue_ms: float = 0.0


class Draft(msgspec.Struct, frozen=True, tag="draft"):
    """The text of a job so far: cumulative. The first `stable` code points will not change any more. `steps` counts the
    steps since the job was last started."""

    id: JobId
    text: str
    stable: int
    steps: int = 0
    choices: dict[str, str] = {}


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The end of a job: exactly one per job that was sent to the worker."""

    id: JobId
    text: str
    reason: FinishReason
    choices: dict[str, str] = {}
    usage: Usage = Usage()
    message: str = ""


Update: TypeAlias = Draft | Finished


class EngineCaps(msgspec.Struct, frozen=True):
    """What an engine can do; known once it has loaded.

    `kind` "append" writes word by word and never takes a word back, "draft" rewrites the whole line each step.
    `lockstep` engines run one step for all jobs per `poll`. `preempt` says what stopping a job early costs.
    `scripted` engines say lines that an author finished, so that repeats are no fault of theirs. A model that `chooses`
    can be asked for deed and emotion. What an engine of random weights says is `noise`: it is shown as it is, because
    nobody can judge it. `device` is what it computes on, "CPU" or the name of a card.
    `step_ms`, `step_growth` (per further job) and `prefill_token_ms` are what the engine measured of its own cost while
    loading; 0 if it did not. `step_timeout_ms` is the longest a healthy step can take; no progress for longer means the
    engine hangs.
    """

    name: str
    model: str
    kind: str = "append"
    max_parallel: int = 1
    context_tokens: int = 2_048
    lockstep: bool = False
    preempt: str = "restart"
    chat_format: str = "plain"
    step_timeout_ms: int = 5_000
    scripted: bool = False
    chooses: bool = True
    noise: bool = False
    step_ms: float = 0.0
    step_growth: float = 0.0
    prefill_token_ms: float = 0.0
    description: str = ""
    device: str = "CPU"

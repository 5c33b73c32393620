"""The words messages are made of: ids, names, texts, and the closed sets of values."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta

from npc_engine import limits

RequestId: TypeAlias = Annotated[
    int, Meta(ge=1, lt=limits.INTEGER_MAX, description="Chosen by the client, counted upwards within a session.")
]
#: NUL ends a string in some clients' languages, so no name may hold it. What a player types is made clean instead.
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS, pattern=r"^[^\x00]*$")]
NpcId: TypeAlias = Annotated[Name, Meta(description="A character of the pack: a key of `welcome.npcs`.")]
#: A number here is a 64-bit float or an integer every client language holds exactly.
Value: TypeAlias = Annotated[
    bool
    | Annotated[int, Meta(gt=-limits.INTEGER_MAX, lt=limits.INTEGER_MAX)]
    | float
    | Annotated[str, Meta(max_length=limits.TEXT_CHARS)],
    Meta(description="A value of the world: true or false, a number, or text."),
]
PlaceId: TypeAlias = Annotated[Name, Meta(description="A place of the pack: a key of `welcome.places`.")]
Slot: TypeAlias = Annotated[Name, Meta(description="The save slot. Each has a world and memories of its own.")]
Text: TypeAlias = Annotated[str, Meta(max_length=limits.FRAME_BYTES)]
BudgetMs: TypeAlias = Annotated[
    int,
    Meta(
        ge=-limits.INTEGER_MAX,
        le=limits.INTEGER_MAX,
        description=f"Milliseconds from arrival to the last reply, {limits.BUDGET_MIN_MS} to {limits.BUDGET_MAX_MS}.",
    ),
]
Seed: TypeAlias = Annotated[int, Meta(ge=0, lt=1 << 32, description="Same seed, same engine, same prompt: same line.")]
Count: TypeAlias = Annotated[int, Meta(ge=0, lt=limits.INTEGER_MAX)]
RetryAfterMs: TypeAlias = Annotated[int, Meta(description="When it may be worth asking again, milliseconds from now.")]
AnsweredId: TypeAlias = Annotated[int, Meta(description="The request this speaks of.")]


class Source(StrEnum):
    """Where the text comes from.

    - `model`: the model's whole line
    - `partial`: the part of the model's line that stood when time, the plan or the guard ended it
    - `authored`: a line the character's author wrote for this moment
    """

    MODEL = "model"
    PARTIAL = "partial"
    AUTHORED = "authored"


class Reason(StrEnum):
    """Why this is not the model's whole line.

    It also decides which kind of authored line is taken.

    - `late`: the budget ran out first, or is too short even for an idle machine
    - `busy`: admission saw that the budget could not be met; see `retry_after_ms`
    - `loading`: the model is not up (starting, crashed, restarting); see `retry_after_ms`
    - `guard`: what the model wrote may not be shown
    - `crashed`: the worker died or hung while it wrote
    - `quarantined`: this request was running in two crashes and is kept from the model for ten minutes
    - `stopping`: the daemon is shutting down
    - `length`: the plan that fits the budget ended inside a sentence
    - `interrupted`: the player spoke to somebody who took part in this conversation
    - `offline`: only from a client: the daemon did not answer in time
    """

    LATE = "late"
    BUSY = "busy"
    LOADING = "loading"
    GUARD = "guard"
    CRASHED = "crashed"
    QUARANTINED = "quarantined"
    STOPPING = "stopping"
    LENGTH = "length"
    INTERRUPTED = "interrupted"
    OFFLINE = "offline"


class Emotion(StrEnum):
    """The eight basic emotions of Plutchik's wheel, and neutral."""

    NEUTRAL = "neutral"
    JOY = "joy"
    TRUST = "trust"
    FEAR = "fear"
    SURPRISE = "surprise"
    SADNESS = "sadness"
    DISGUST = "disgust"
    ANGER = "anger"
    ANTICIPATION = "anticipation"


class ServiceState(StrEnum):
    """Whether the daemon can reach its model right now. It answers in every state.

    - `loading`: the model is being loaded, or loaded again after a crash
    - `ready`: lines come from the model
    - `stalled`: the model's process is silent; it wakes up or is replaced
    - `down`: the model cannot be loaded, or crashes again and again; every line is an authored one
    - `stopping`: the daemon is shutting down
    """

    LOADING = "loading"
    READY = "ready"
    STALLED = "stalled"
    DOWN = "down"
    STOPPING = "stopping"

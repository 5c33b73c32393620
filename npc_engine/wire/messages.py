"""Every message of the protocol, one typed struct each. This file *is* the protocol: specification, JSON Schema and
byte vectors are generated from it.

A message is one ZeroMQ frame holding one MessagePack map. The key `t` names its type; unknown keys are ignored, an
unknown `t` is refused. A field equal to its default is left out. Lengths of text count Unicode code points.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from npc_engine import limits
from npc_engine.errors import ErrorCode

#: The versions of this protocol that this daemon speaks, newest first.
VERSIONS = (1,)

RequestId: TypeAlias = Annotated[
    int, Meta(ge=1, lt=limits.INTEGER_MAX, description="Chosen by the client, counted upwards within a session.")
]
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
Text: TypeAlias = Annotated[str, Meta(max_length=limits.FRAME_BYTES)]
BudgetMs: TypeAlias = Annotated[
    int, Meta(ge=-limits.INTEGER_MAX, le=limits.INTEGER_MAX, description="Milliseconds from arrival to the last reply.")
]
Seed: TypeAlias = Annotated[int, Meta(ge=0, lt=1 << 32, description="Same seed, same engine, same prompt: same line.")]
Count: TypeAlias = Annotated[int, Meta(ge=0, lt=limits.INTEGER_MAX)]


class Source(StrEnum):
    """Where the text of a `done` comes from."""

    MODEL = "model"  # the model's whole line
    PARTIAL = "partial"  # the part of the model's line that stood as a sentence when time or the guard ended it
    AUTHORED = "authored"  # a line the character's author wrote for this moment


class Reason(StrEnum):
    """Why a `done` is not a whole line of the model, and which kind of authored line was taken."""

    LATE = "late"  # the budget ran out first
    BUSY = "busy"  # admission saw that the budget could not be met; see `retry_after_ms`
    LOADING = "loading"  # the model is not up (starting, crashed, restarting); see `retry_after_ms`
    GUARD = "guard"  # what the model wrote may not be shown
    CRASHED = "crashed"  # the worker died or hung while it wrote
    QUARANTINED = "quarantined"  # this request was running in two crashes and is kept from the model for a while
    STOPPING = "stopping"  # the daemon is shutting down
    LENGTH = "length"  # the plan that fits the budget ended inside a sentence
    OFFLINE = "offline"  # only from a client: the daemon did not answer in time


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
    """Whether the daemon can reach its model right now. It answers in every state."""

    LOADING = "loading"
    READY = "ready"
    STALLED = "stalled"
    DOWN = "down"
    STOPPING = "stopping"


class Message(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="t"):
    """Base of all messages."""


# Client to daemon


class Hello(Message, tag="hello"):
    """Opens a session. Must be the first message on a connection; answered by `welcome` or `error`."""

    v: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1, max_length=16)]
    session: Annotated[str, Meta(min_length=8, max_length=64, description="Random, new per run of the game.")]
    token: Annotated[str, Meta(max_length=128, description="The daemon's secret; see Security.")] = ""
    game: Name = "default"
    client: Annotated[str, Meta(max_length=limits.NAME_CHARS, description="Name and version, for the log.")] = ""


class Say(Message, tag="say"):
    """`speaker` says `text` to `npc`, who answers. Empty `text` is silence: the character speaks first."""

    id: RequestId
    npc: Name
    text: Text
    budget_ms: BudgetMs
    speaker: Name = "player"
    slot: Name = "main"
    seed: Seed | None = None


class Describe(Message, tag="describe"):
    """What a newcomer sees at `place` now."""

    id: RequestId
    place: Name
    budget_ms: BudgetMs
    slot: Name = "main"
    seed: Seed | None = None


class Bark(Message, tag="bark"):
    """A short remark by `npc` in passing, to nobody in particular. `about` is what it refers to."""

    id: RequestId
    npc: Name
    budget_ms: BudgetMs
    about: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] = ""
    slot: Name = "main"
    seed: Seed | None = None


class Warm(Message, tag="warm"):
    """Brings the characters' prompts into the model's cache, nearest first, so that their first word comes at once."""

    id: RequestId
    npcs: Annotated[list[Name], Meta(min_length=1, max_length=limits.WARM_NPCS)]
    budget_ms: BudgetMs = 30_000
    slot: Name = "main"


class Cancel(Message, tag="cancel"):
    """Ends request `target` with `error cancelled`, in any state. Idempotent: `done.data.state` says what was found:
    "cancelled", "finished" or "unknown"."""

    id: RequestId
    target: RequestId


class Spoken(Message, tag="spoken"):
    """The game showed the line of request `target`. `heard` code points of it reached the listeners: all if absent; at
    0 the line was never said and is forgotten. Answered when it is safe to forget on the client's side."""

    id: RequestId
    target: RequestId
    heard: Count | None = None


class Health(Message, tag="health"):
    """Asks for the daemon's state and counters; they come in `done.data`."""

    id: RequestId


class Ping(Message, tag="ping"):
    """Application heartbeat; answered at once by `pong` with the same `n`."""

    n: Count = 0


# Daemon to client


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds a client must keep."""

    frame_bytes: int = limits.FRAME_BYTES
    text_chars: int = limits.TEXT_CHARS
    name_chars: int = limits.NAME_CHARS
    budget_min_ms: int = limits.BUDGET_MIN_MS
    budget_max_ms: int = limits.BUDGET_MAX_MS
    requests: int = limits.CLIENT_REQUESTS


class Welcome(Message, tag="welcome"):
    """Answers `hello`. `authored` maps each character to lines the client may show when the daemon is gone."""

    v: Annotated[int, Meta(description="The version both sides speak from now on.")]
    daemon: str
    pack: str
    state: ServiceState
    engine: str = ""
    model: str = ""
    resumed: Annotated[bool, Meta(description="The session was known: its requests go on, replies are kept.")] = False
    heartbeat_ms: int = limits.HEARTBEAT_MS
    silence_ms: int = limits.CLIENT_SILENCE_MS
    limits: Limits = Limits()
    authored: dict[str, list[str]] = {}
    npcs: dict[str, str] = {}
    places: dict[str, str] = {}


class Accepted(Message, tag="accepted"):
    """The request is in the table and its deadline runs."""

    id: int


class Draft(Message, tag="update"):
    """The text so far: cumulative, replacing the last. Its first `stable` code points will not change any more."""

    id: int
    seq: int
    text: str
    stable: int


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the character wants to do. The game decides whether it happens."""

    name: str
    args: dict[str, str] = {}


class Timing(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where the time went, milliseconds since arrival, and what the prompt cache saved."""

    total_ms: float = 0.0
    queue_ms: float = 0.0
    first_ms: float | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    drafts: int = 0


class Done(Message, tag="done"):
    """The one good end of a request. For speech, `text`, `emotion`, `actions`, `source` and `reason` tell the line;
    other requests answer in `data`."""

    id: int
    text: str = ""
    emotion: Emotion = Emotion.NEUTRAL
    actions: list[Action] = []
    source: Source | None = None
    reason: Reason | None = None
    retry_after_ms: int | None = None
    timing: Timing | None = None
    data: dict[str, Any] = {}


class Error(Message, tag="error"):
    """The one bad end of a request; without `id`, a fault of the connection. `ref` is then the id it speaks of."""

    code: ErrorCode
    message: str
    id: int | None = None
    ref: int | None = None
    retry_after_ms: int | None = None


class Pong(Message, tag="pong"):
    """Answers `ping`."""

    n: int = 0


class Status(Message, tag="status"):
    """Sent unasked to every client when the daemon's state changes."""

    state: ServiceState
    engine: str = ""
    model: str = ""
    progress: Annotated[float, Meta(description="Loading progress, 0 to 1.")] = 0.0
    detail: str = ""


ClientMessage: TypeAlias = Hello | Say | Describe | Bark | Warm | Cancel | Spoken | Health | Ping
DaemonMessage: TypeAlias = Welcome | Accepted | Draft | Done | Error | Pong | Status
#: Client messages that carry an `id` and end in exactly one `done` or `error`.
Request: TypeAlias = Say | Describe | Bark | Warm | Cancel | Spoken | Health
Terminal: TypeAlias = Done | Error

CLIENT_MESSAGES: tuple[type[Message], ...] = (Hello, Say, Describe, Bark, Warm, Cancel, Spoken, Health, Ping)
DAEMON_MESSAGES: tuple[type[Message], ...] = (Welcome, Accepted, Draft, Done, Error, Pong, Status)

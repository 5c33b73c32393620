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
#: NUL ends a string in some clients' languages, so no name may hold it. What a player types is made clean instead.
Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS, pattern=r"^[^\x00]*$")]
NpcId: TypeAlias = Annotated[Name, Meta(description="A character of the pack: a key of `welcome.npcs`.")]
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
    """Where the text of a `done` comes from.

    - `model`: the model's whole line
    - `partial`: the part of the model's line that stood when time, the plan or the guard ended it
    - `authored`: a line the character's author wrote for this moment
    """

    MODEL = "model"
    PARTIAL = "partial"
    AUTHORED = "authored"


class Reason(StrEnum):
    """Why a `done` is not a whole line of the model. It also decides which kind of authored line is taken.

    - `late`: the budget ran out first, or is too short even for an idle machine
    - `busy`: admission saw that the budget could not be met; see `retry_after_ms`
    - `loading`: the model is not up (starting, crashed, restarting); see `retry_after_ms`
    - `guard`: what the model wrote may not be shown
    - `crashed`: the worker died or hung while it wrote
    - `quarantined`: this request was running in two crashes and is kept from the model for ten minutes
    - `stopping`: the daemon is shutting down
    - `length`: the plan that fits the budget ended inside a sentence
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


class Message(msgspec.Struct, kw_only=True, omit_defaults=True, tag_field="t"):
    """Base of all messages."""


# Client to daemon


class Hello(Message, tag="hello"):
    """Opens a session. Must be the first message on a connection; answered by `welcome` or `error`."""

    v: Annotated[
        list[Annotated[int, Meta(ge=0)]],
        Meta(min_length=1, max_length=16, description="Every version of the protocol that this client speaks."),
    ]
    session: Annotated[
        str,
        Meta(min_length=8, max_length=64, pattern=r"^[^\x00]*$", description="Random, new per run of the game."),
    ]
    token: Annotated[str, Meta(max_length=128, description="The daemon's secret; see Security.")] = ""
    game: Annotated[Name, Meta(description="Worlds and memories are kept apart by game and slot.")] = "default"
    client: Annotated[str, Meta(max_length=limits.NAME_CHARS, description="Name and version, for the log.")] = ""


class Say(Message, tag="say"):
    """`speaker` says `text` to `npc`, who answers. Empty `text` is silence: the character speaks first."""

    id: RequestId
    npc: NpcId
    text: Annotated[Text, Meta(description="The player's words, up to `welcome.limits.text_chars` code points.")]
    budget_ms: BudgetMs
    speaker: Annotated[Name, Meta(description="Who says it, as the character knows them.")] = "player"
    slot: Slot = "main"
    seed: Seed | None = None


class Describe(Message, tag="describe"):
    """What a newcomer sees at `place` now."""

    id: RequestId
    place: PlaceId
    budget_ms: BudgetMs
    slot: Slot = "main"
    seed: Seed | None = None


class Bark(Message, tag="bark"):
    """A short remark by `npc` in passing, to nobody in particular. It is not remembered."""

    id: RequestId
    npc: NpcId
    budget_ms: BudgetMs
    about: Annotated[str, Meta(max_length=limits.TEXT_CHARS, description="What the remark refers to.")] = ""
    slot: Slot = "main"
    seed: Seed | None = None


class Warm(Message, tag="warm"):
    """Brings the characters' prompts into the model's cache, so that their first word comes at once. `done.data` lists
    who is `warm` and who is still `cold` when the budget ends; `done.reason` says why, if anyone is."""

    id: RequestId
    npcs: Annotated[
        list[Name],
        Meta(min_length=1, max_length=limits.WARM_NPCS, description="Characters, nearest to the player first."),
    ]
    budget_ms: BudgetMs = 30_000
    slot: Slot = "main"


class Cancel(Message, tag="cancel"):
    """Ends request `target` with `error cancelled`, in any state. Idempotent: `done.data.state` says what was found:
    "cancelled", "finished" or "unknown"."""

    id: RequestId
    target: Annotated[RequestId, Meta(description="The `id` of the request to end, of the same session.")]


class Spoken(Message, tag="spoken"):
    """The game showed the line of request `target`. Answered when it is safe to forget on the client's side;
    `done.data.kept` is false if no such line was waiting."""

    id: RequestId
    target: Annotated[RequestId, Meta(description="The `id` of the request whose line was shown, of the same session.")]
    heard: Annotated[Count, Meta(description="Code points that listeners heard. Absent: all. 0: forget it.")] | None = (
        None
    )


class Health(Message, tag="health"):
    """Asks for the daemon's state and counters; they come in `done.data`."""

    id: RequestId


class Ping(Message, tag="ping"):
    """Application heartbeat; answered at once by `pong` with the same `n`."""

    n: Annotated[Count, Meta(description="Any number; it comes back.")] = 0


# Daemon to client


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds a client must keep."""

    frame_bytes: Annotated[int, Meta(description="Largest frame.")] = limits.FRAME_BYTES
    text_chars: Annotated[int, Meta(description="Longest `say.text`, code points.")] = limits.TEXT_CHARS
    name_chars: Annotated[int, Meta(description="Longest name or id, code points.")] = limits.NAME_CHARS
    budget_min_ms: Annotated[int, Meta(description="Shortest budget.")] = limits.BUDGET_MIN_MS
    budget_max_ms: Annotated[int, Meta(description="Longest budget.")] = limits.BUDGET_MAX_MS
    requests: Annotated[int, Meta(description="Requests one session may have in flight.")] = limits.CLIENT_REQUESTS


class Welcome(Message, tag="welcome"):
    """Answers `hello`."""

    v: Annotated[int, Meta(description="The version both sides speak from now on.")]
    daemon: Annotated[str, Meta(description="The daemon's own version.")]
    pack: Annotated[str, Meta(description="Id of the character pack it serves.")]
    state: ServiceState
    engine: Annotated[str, Meta(description="What runs the model.")] = ""
    model: Annotated[str, Meta(description="Name of the model.")] = ""
    resumed: Annotated[bool, Meta(description="The session was known: its requests go on, replies are kept.")] = False
    heartbeat_ms: Annotated[int, Meta(description="Send a `ping` this often when there is nothing else to send.")] = (
        limits.HEARTBEAT_MS
    )
    silence_ms: Annotated[int, Meta(description="After this long without a message the connection is forgotten.")] = (
        limits.CLIENT_SILENCE_MS
    )
    limits: Limits = Limits()
    authored: Annotated[
        dict[str, list[str]], Meta(description="Lines of each character to show when the daemon is gone, by id.")
    ] = {}
    npcs: Annotated[dict[str, str], Meta(description="Characters: id to name.")] = {}
    places: Annotated[dict[str, str], Meta(description="Places: id to name.")] = {}


class Accepted(Message, tag="accepted"):
    """The request is in the table and its deadline runs."""

    id: AnsweredId


class Draft(Message, tag="update"):
    """The text so far: cumulative, replacing the last."""

    id: AnsweredId
    seq: Annotated[int, Meta(description="Counts the updates of a request from 1. Ignore one that is not higher.")]
    text: Annotated[str, Meta(description="The whole text so far.")]
    stable: Annotated[
        int, Meta(description="So many code points of `text` will not change: `done.text` begins with them.")
    ]


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the character wants to do. The game decides whether it happens."""

    name: Annotated[str, Meta(description="An action of the pack.")]
    args: Annotated[dict[str, str], Meta(description="Argument names and values.")] = {}


class Timing(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Where the time went, milliseconds since arrival, and what the prompt cache saved."""

    total_ms: Annotated[float, Meta(description="Until this reply.")] = 0.0
    queue_ms: Annotated[float, Meta(description="Until the model began.")] = 0.0
    first_ms: Annotated[float, Meta(description="Until the first `update`; absent if there was none.")] | None = None
    prompt_tokens: Annotated[int, Meta(description="Tokens of the prompt.")] = 0
    cached_tokens: Annotated[int, Meta(description="Of these, found in the cache.")] = 0
    output_tokens: Annotated[int, Meta(description="Tokens written.")] = 0
    drafts: Annotated[int, Meta(description="Attempts made; the guard may refuse some.")] = 0


class Done(Message, tag="done"):
    """The one good end of a request. For speech, `text`, `emotion`, `actions`, `source` and `reason` tell the line;
    other requests answer in `data`."""

    id: AnsweredId
    text: Annotated[str, Meta(description="The line to show.")] = ""
    emotion: Emotion = Emotion.NEUTRAL
    actions: Annotated[list[Action], Meta(description="What the character wants to do.")] = []
    source: Source | None = None
    reason: Reason | None = None
    retry_after_ms: RetryAfterMs | None = None
    timing: Timing | None = None
    data: Annotated[dict[str, Any], Meta(description="The answer to a request that is not speech.")] = {}


class Error(Message, tag="error"):
    """The one bad end of a request; without `id`, a fault of the connection."""

    code: ErrorCode
    message: Annotated[str, Meta(description="What is wrong, for a developer. Not for players.")]
    id: Annotated[int, Meta(description="The request that ends with this error.")] | None = None
    ref: Annotated[int, Meta(description="A request this speaks of but does not end: it has its own reply.")] | None = (
        None
    )
    retry_after_ms: RetryAfterMs | None = None


class Pong(Message, tag="pong"):
    """Answers `ping`."""

    n: Annotated[int, Meta(description="The `n` of the `ping`.")] = 0


class Status(Message, tag="status"):
    """Sent unasked to every client when the daemon's state changes."""

    state: ServiceState
    engine: Annotated[str, Meta(description="What runs the model.")] = ""
    model: Annotated[str, Meta(description="Name of the model.")] = ""
    progress: Annotated[float, Meta(description="Loading progress, 0 to 1.")] = 0.0
    detail: Annotated[str, Meta(description="What is being loaded, or why the model is down.")] = ""


ClientMessage: TypeAlias = Hello | Say | Describe | Bark | Warm | Cancel | Spoken | Health | Ping
DaemonMessage: TypeAlias = Welcome | Accepted | Draft | Done | Error | Pong | Status
#: Client messages that carry an `id` and end in exactly one `done` or `error`.
Request: TypeAlias = Say | Describe | Bark | Warm | Cancel | Spoken | Health
Terminal: TypeAlias = Done | Error

CLIENT_MESSAGES: tuple[type[Message], ...] = (Hello, Say, Describe, Bark, Warm, Cancel, Spoken, Health, Ping)
DAEMON_MESSAGES: tuple[type[Message], ...] = (Welcome, Accepted, Draft, Done, Error, Pong, Status)

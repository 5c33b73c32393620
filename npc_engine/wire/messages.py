"""Every message of the protocol, one typed struct each. This file *is* the protocol: specification, JSON Schema and
byte vectors are generated from it.

A message is one ZeroMQ frame holding one MessagePack map. The key `t` names its type; unknown keys are ignored, an
unknown `t` is refused. A field equal to its default is left out. Lengths of text count Unicode code points.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias, get_args

import msgspec
from msgspec import Meta

from npc_engine import limits
from npc_engine.errors import ErrorCode
from npc_engine.wire.vocabulary import (
    AnsweredId as AnsweredId,
)
from npc_engine.wire.vocabulary import (
    BudgetMs as BudgetMs,
)
from npc_engine.wire.vocabulary import (
    Count as Count,
)
from npc_engine.wire.vocabulary import (
    Emotion as Emotion,
)
from npc_engine.wire.vocabulary import (
    Name as Name,
)
from npc_engine.wire.vocabulary import (
    NpcId as NpcId,
)
from npc_engine.wire.vocabulary import (
    PlaceId as PlaceId,
)
from npc_engine.wire.vocabulary import (
    Reason as Reason,
)
from npc_engine.wire.vocabulary import (
    RequestId as RequestId,
)
from npc_engine.wire.vocabulary import (
    RetryAfterMs as RetryAfterMs,
)
from npc_engine.wire.vocabulary import (
    Seed as Seed,
)
from npc_engine.wire.vocabulary import (
    ServiceState as ServiceState,
)
from npc_engine.wire.vocabulary import (
    Slot as Slot,
)
from npc_engine.wire.vocabulary import (
    Source as Source,
)
from npc_engine.wire.vocabulary import (
    Text as Text,
)
from npc_engine.wire.vocabulary import (
    Value as Value,
)

#: The versions of this protocol that this daemon speaks, newest first.
VERSIONS = (1,)


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
    private: Annotated[bool, Meta(description="Whispered: nobody else near hears it, or the answer.")] = False
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


class Unspoken(Message, tag="unspoken"):
    """The line of request `target` was never shown: nobody remembers it. The same as `spoken` with `heard` 0."""

    id: RequestId
    target: Annotated[RequestId, Meta(description="The `id` of the request whose line was dropped.")]


class Converse(Message, tag="converse"):
    """Characters talk to each other about `topic`. Each line comes as a `turn`, within `budget_ms` of the one before;
    then `done`, whose `data.turns` counts them. It ends early, with reason `interrupted`, when the player speaks to one
    of them, or another `converse` takes one. Those who talk and those who are near remember it."""

    id: RequestId
    npcs: Annotated[
        list[Name],
        Meta(min_length=2, max_length=limits.CONVERSE_NPCS, description="Who talks, in turn; the first begins."),
    ]
    budget_ms: BudgetMs
    topic: Annotated[str, Meta(max_length=limits.TEXT_CHARS, description="What they talk about.")] = ""
    turns: Annotated[int, Meta(ge=1, le=limits.CONVERSE_TURNS, description="Lines in all.")] = 4
    slot: Slot = "main"
    seed: Seed | None = None


class WorldSet(Message, tag="world.set"):
    """Tells what is true now. All values are taken or none. `done.data.changed` lists the names whose value is new."""

    id: RequestId
    values: Annotated[
        dict[Name, Value],
        Meta(min_length=1, max_length=limits.WORLD_VALUES, description="Name to value; see The world."),
    ]
    slot: Slot = "main"


class WorldGet(Message, tag="world.get"):
    """Asks what is true now; `done.data.values` maps names to values."""

    id: RequestId
    names: Annotated[
        list[Name], Meta(max_length=limits.WORLD_VALUES, description="Whose values. Empty: all there are.")
    ] = []
    slot: Slot = "main"


class Event(Message, tag="event"):
    """Something happened. Those who saw it, and nobody else, remember it; `done.data.witnesses` lists them."""

    id: RequestId
    text: Annotated[
        str, Meta(min_length=1, max_length=limits.TEXT_CHARS, description="One sentence, as a witness would tell it.")
    ]
    place: Annotated[
        str,
        Meta(
            max_length=limits.NAME_CHARS, description="Where: all characters there saw it. Empty: where the player is."
        ),
    ] = ""
    npcs: (
        Annotated[
            list[Name],
            Meta(max_length=limits.WARM_NPCS, description="Who saw it, wherever they are. Absent: by place."),
        ]
        | None
    ) = None
    importance: Annotated[int, Meta(ge=1, le=10, description="1 is soon forgotten, 10 never.")] = 5
    slot: Slot = "main"


class SceneEnter(Message, tag="scene.enter"):
    """The player comes to `place`. Brings the characters there, who come back in `done.data.npcs`, into the model's
    cache."""

    id: RequestId
    place: PlaceId
    npcs: (
        Annotated[
            list[Name],
            Meta(
                max_length=limits.WARM_NPCS,
                description="Who is there, nearest first; they are moved. Absent: as known.",
            ),
        ]
        | None
    ) = None
    items: (
        Annotated[
            list[Name], Meta(max_length=limits.SCENE_ITEMS, description="Things at hand. Absent: as the pack has them.")
        ]
        | None
    ) = None
    slot: Slot = "main"


class SceneLeave(Message, tag="scene.leave"):
    """The player leaves the place where `scene.enter` brought it; nobody is near until the next one."""

    id: RequestId
    slot: Slot = "main"


class SaveExport(Message, tag="save.export"):
    """Everything of a save slot as one blob for the game's own save file: `done.data` holds `blob` (base64),
    `sha256` (of the bytes, hexadecimal) and the slot's `epoch`."""

    id: RequestId
    slot: Slot = "main"


class SaveImport(Message, tag="save.import"):
    """Makes a slot what it was when `blob` was exported, or leaves it alone and says why. Requests of the slot that
    came before and are under way end `cancelled`; its epoch rises. `done.data.warnings` lists what the pack no longer
    has."""

    id: RequestId
    blob: Annotated[str, Meta(max_length=limits.FRAME_BYTES, description="What `save.export` gave: base64.")]
    slot: Slot = "main"


class SlotNew(Message, tag="slot.new"):
    """Begins a slot anew, whatever was in it. Requests of the slot that came before and are under way end
    `cancelled`."""

    id: RequestId
    slot: Slot = "main"


class SlotCopy(Message, tag="slot.copy"):
    """Copies a slot to a name that is not taken."""

    id: RequestId
    to: Annotated[Name, Meta(description="The new slot's name.")]
    slot: Slot = "main"


class SlotList(Message, tag="slot.list"):
    """Asks which slots this game has: `done.data.slots` lists each with `slot`, `epoch` and `memories`."""

    id: RequestId


class SlotDelete(Message, tag="slot.delete"):
    """Deletes a slot and all that was remembered in it. Requests of the slot that came before and are under way end
    `cancelled`."""

    id: RequestId
    slot: Slot = "main"


class Inspect(Message, tag="inspect"):
    """Asks what the model would be shown if `speaker` said `text` to `npc` now. Nothing is generated and nothing
    remembered. `done.data`: `prompt`, the text; `segments`, its parts with `text`, `origin`, `stable` and `trusted`;
    `locked`, the facts it may not speak of, each with `id` and `when`; `knows` and `actions`, what it may use."""

    id: RequestId
    npc: NpcId
    text: Annotated[Text, Meta(description="The player's words.")] = ""
    speaker: Annotated[Name, Meta(description="Who says it.")] = "player"
    slot: Slot = "main"


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
    narration: Annotated[str, Meta(description="What is seen, not spoken: the text of `describe`.")] = ""
    epoch: Annotated[int, Meta(description="Of the slot, see Saves and slots.")] = 0
    data: Annotated[dict[str, Any], Meta(description="The answer to a request that is not speech.")] = {}


class Turn(Message, tag="turn"):
    """One line of a conversation between characters; its fields are those of a `done`."""

    id: AnsweredId
    n: Annotated[int, Meta(description="Counts the lines of a conversation from 1.")]
    npc: Annotated[str, Meta(description="Who says it.")]
    text: Annotated[str, Meta(description="The line to show.")]
    emotion: Emotion = Emotion.NEUTRAL
    actions: Annotated[list[Action], Meta(description="What the character wants to do.")] = []
    source: Source | None = None
    reason: Reason | None = None
    timing: Timing | None = None


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


class PackChanged(Message, tag="pack"):
    """Sent unasked to every client when a file of the pack was changed while the daemon runs."""

    pack: Annotated[str, Meta(description="Id of the pack.")]
    digest: Annotated[str, Meta(description="SHA-256 of the files in use, hexadecimal.")]
    problems: Annotated[
        list[str], Meta(description="`file:line:column: what is wrong`. If any, the last good version stays in use.")
    ] = []
    npcs: Annotated[dict[str, str], Meta(description="Characters: id to name.")] = {}
    places: Annotated[dict[str, str], Meta(description="Places: id to name.")] = {}


#: Client messages that carry an `id` and end in exactly one `done` or `error`.
Request: TypeAlias = (
    Say
    | Describe
    | Bark
    | Converse
    | Warm
    | Cancel
    | Spoken
    | Unspoken
    | WorldSet
    | WorldGet
    | Event
    | SceneEnter
    | SceneLeave
    | SaveExport
    | SaveImport
    | SlotNew
    | SlotCopy
    | SlotList
    | SlotDelete
    | Inspect
    | Health
)
ClientMessage: TypeAlias = Hello | Request | Ping
DaemonMessage: TypeAlias = Welcome | Accepted | Draft | Turn | Done | Error | Pong | Status | PackChanged
Terminal: TypeAlias = Done | Error

CLIENT_MESSAGES: tuple[type[Message], ...] = get_args(ClientMessage)
DAEMON_MESSAGES: tuple[type[Message], ...] = get_args(DaemonMessage)

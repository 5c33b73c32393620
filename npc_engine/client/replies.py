"""What a daemon tells a game, as plain values: replies, errors, and what the daemon says of itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from npc_engine.client import codec


@dataclass(frozen=True, slots=True)
class Action:
    """Something the character wants to do. The game decides whether it happens."""

    name: str
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the daemon spent the time, milliseconds since the request reached it, and what its prompt cache saved."""

    total_ms: float = 0.0
    queue_ms: float = 0.0
    first_ms: float | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    drafts: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The good end of a request. For speech, `source` says who wrote the line ("model", "partial", "authored") and
    `reason` why it is not the model's whole line ("late", "busy", "offline" ...); a text that is seen, not spoken, may
    come as `narration`. `epoch` is that of the save slot. Other requests answer in `data`."""

    text: str = ""
    emotion: str = "neutral"
    actions: tuple[Action, ...] = ()
    source: str | None = None
    reason: str | None = None
    retry_after_ms: int | None = None
    timing: Timing | None = None
    narration: str = ""
    epoch: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def blob(self) -> bytes:
        """The save that `save_export` asked for, for the game's own save file. Raises ValueError if there is none."""
        return base64.b64decode(codec.field(self.data, "blob", str), validate=True)


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of a conversation between characters. `n` counts them from 1; `npc` says it; the rest is as in a
    reply."""

    n: int
    npc: str
    text: str
    emotion: str = "neutral"
    actions: tuple[Action, ...] = ()
    source: str | None = None
    reason: str | None = None
    timing: Timing | None = None


@dataclass(frozen=True, slots=True)
class RequestError:
    """The bad end of a request. `code` is a value of `npc_engine.errors.ErrorCode`."""

    code: str
    message: str
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DaemonInfo:
    """What the daemon said of itself. `npcs` and `places` map ids to names; `progress` is that of loading, 0 to 1.
    `pack_problems` are the faults ("file:line:column: what is wrong") that keep a changed pack from being used."""

    name: str
    pack: str
    engine: str
    model: str
    npcs: Mapping[str, str]
    places: Mapping[str, str]
    resumed: bool
    progress: float = 0.0
    detail: str = ""
    pack_problems: tuple[str, ...] = ()


def read_reply(message: Mapping[str, Any]) -> Reply:
    """A `done`. Raises FrameError."""
    return Reply(
        text=codec.field(message, "text", str, ""),
        retry_after_ms=codec.optional(message, "retry_after_ms", int),
        narration=codec.field(message, "narration", str, ""),
        epoch=codec.field(message, "epoch", int, 0),
        data=codec.field(message, "data", dict, {}),
        **_read_manner(message),
    )


def read_turn(message: Mapping[str, Any]) -> Turn:
    """A `turn`. Raises FrameError."""
    return Turn(
        n=codec.field(message, "n", int),
        npc=codec.field(message, "npc", str),
        text=codec.field(message, "text", str),
        **_read_manner(message),
    )


def read_error(message: Mapping[str, Any]) -> RequestError:
    """An `error`. Raises FrameError."""
    return RequestError(
        code=codec.field(message, "code", str),
        message=codec.field(message, "message", str, ""),
        retry_after_ms=codec.optional(message, "retry_after_ms", int),
    )


def read_daemon(message: Mapping[str, Any]) -> DaemonInfo:
    """The daemon's own description in a `welcome`. Raises FrameError."""
    return DaemonInfo(
        name=codec.field(message, "daemon", str),
        pack=codec.field(message, "pack", str),
        engine=codec.field(message, "engine", str, ""),
        model=codec.field(message, "model", str, ""),
        npcs=codec.strings(message, "npcs"),
        places=codec.strings(message, "places"),
        resumed=codec.field(message, "resumed", bool, False),
    )


def read_pack(message: Mapping[str, Any], daemon: DaemonInfo) -> DaemonInfo:
    """`daemon` after a `pack`: faults leave the names as they are. Raises FrameError."""
    problems = tuple(codec.string_list(message, "problems"))
    if problems:
        return replace(daemon, pack_problems=problems)
    return replace(
        daemon,
        pack=codec.field(message, "pack", str),
        npcs=codec.strings(message, "npcs"),
        places=codec.strings(message, "places"),
        pack_problems=(),
    )


def _read_manner(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a line comes with, in a `done` as in a `turn`."""
    timing = codec.optional(message, "timing", dict)
    return {
        "emotion": codec.field(message, "emotion", str, "neutral"),
        "actions": tuple(_read_action(action) for action in codec.field(message, "actions", list, [])),
        "source": codec.optional(message, "source", str),
        "reason": codec.optional(message, "reason", str),
        "timing": None if timing is None else _read_timing(timing),
    }


def _read_action(action: object) -> Action:
    if not isinstance(action, dict):
        raise codec.FrameError("an action is not a map")
    return Action(name=codec.field(action, "name", str), args=codec.strings(action, "args"))


def _read_timing(timing: Mapping[str, Any]) -> Timing:
    return Timing(
        total_ms=codec.field(timing, "total_ms", float, 0.0),
        queue_ms=codec.field(timing, "queue_ms", float, 0.0),
        first_ms=codec.optional(timing, "first_ms", float),
        prompt_tokens=codec.field(timing, "prompt_tokens", int, 0),
        cached_tokens=codec.field(timing, "cached_tokens", int, 0),
        output_tokens=codec.field(timing, "output_tokens", int, 0),
        drafts=codec.field(timing, "drafts", int, 0),
    )

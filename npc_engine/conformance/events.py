"""What a driver prints, one JSON object a line. protocol/conformance/DRIVER.md tells driver authors the same."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Event(msgspec.Struct, tag_field="event", tag=lambda name: name.lower(), frozen=True, kw_only=True):
    """Something the client told the driver, `at_ms` milliseconds after the driver began."""

    at_ms: float


class State(Event, frozen=True, kw_only=True):
    """The client's state changed."""

    state: str


class Asked(Event, frozen=True, kw_only=True):
    """A request was made."""

    name: str = msgspec.field(name="as")


class Updated(Event, frozen=True, kw_only=True, tag="update"):
    """The text so far; its first `stable` code points are final."""

    name: str = msgspec.field(name="as")
    text: str
    stable: int


class Finished(Event, frozen=True, kw_only=True):
    """A request's good end, with the fields of the protocol's `done`."""

    name: str = msgspec.field(name="as")
    text: str = ""
    narration: str | None = None
    source: str | None = None
    reason: str | None = None
    emotion: str | None = None
    actions: list[dict[str, Any]] | None = None
    retry_after_ms: float | None = None
    data: dict[str, Any] | None = None


class Failed(Event, frozen=True, kw_only=True):
    """A request's bad end."""

    name: str = msgspec.field(name="as")
    code: str
    message: str
    recoverable: bool


class TimedOut(Event, frozen=True, kw_only=True, tag="timeout"):
    """A `wait` was in vain."""

    waited_for: str = msgspec.field(name="for")
    name: str | None = msgspec.field(name="as", default=None)


class Mark(Event, frozen=True, kw_only=True):
    """The driver waits until the runner has acted."""

    name: str


class Unsupported(Event, frozen=True, kw_only=True):
    """A step that the driver cannot do."""

    do: str


class PollCost(Event, frozen=True, kw_only=True, tag="poll_cost"):
    """Time spent in the client's `poll`, microseconds."""

    at_ms: float = 0.0  # of no use here
    polls: int
    p50_us: float
    p99_us: float
    max_us: float


class Trouble(Event, frozen=True, kw_only=True, tag="error"):
    """The driver itself has gone wrong."""

    message: str


Ended: TypeAlias = Finished | Failed
AnyEvent: TypeAlias = State | Asked | Updated | Finished | Failed | TimedOut | Mark | Unsupported | PollCost | Trouble
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def parse(line: bytes) -> AnyEvent | None:
    """The event in a line of a driver's output; None for a log line. Raises ValueError if it is neither."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise ValueError(f"{cause} in {line[:200].decode('utf-8', 'replace').strip()}") from None

"""Whole conversations between a client and a daemon, as the specification tells them."""

from __future__ import annotations

from typing import TypeAlias

from npc_engine.errors import EXPLANATIONS, ErrorCode
from npc_engine.wire.examples import GREETING, LINE, WELCOME
from npc_engine.wire.messages import (
    Accepted,
    Cancel,
    Done,
    Draft,
    Emotion,
    Error,
    Hello,
    Message,
    Ping,
    Pong,
    Reason,
    Say,
    ServiceState,
    Source,
    Spoken,
    Status,
    Timing,
    Welcome,
)

#: Name, what it shows, the messages in the order in which they arrive.
Conversation: TypeAlias = tuple[str, str, tuple[Message, ...]]

_SAY = Say(id=1, npc="marta", text="Any news from the mill?", budget_ms=1_500)
_DONE = Done(id=1, text=LINE, emotion=Emotion.JOY, source=Source.MODEL, timing=Timing(total_ms=812.5, first_ms=240.25))
_RESUMED = Welcome(v=1, daemon="0.1.0", pack="oakhollow", state=ServiceState.READY, resumed=True)
_CANCELLED = Error(id=1, code=ErrorCode.CANCELLED, message=EXPLANATIONS[ErrorCode.CANCELLED])

CONVERSATIONS: tuple[Conversation, ...] = (
    (
        "a-line",
        "A line forms, is shown, and becomes memory.",
        (
            GREETING,
            WELCOME,
            _SAY,
            Accepted(id=1),
            Draft(id=1, seq=1, text="Evening, love.", stable=14),
            Draft(id=1, seq=2, text="Evening, love. Wipe those", stable=25),
            _DONE,
            Spoken(id=2, target=1),
            Accepted(id=2),
            Done(id=2, data={"kept": True}),
        ),
    ),
    (
        "while-loading",
        "The daemon answers before its model is up, and says when it is.",
        (
            GREETING,
            Welcome(v=1, daemon="0.1.0", pack="oakhollow", state=ServiceState.LOADING),
            Say(id=1, npc="marta", text="Evening.", budget_ms=900),
            Accepted(id=1),
            Done(id=1, text="One moment, love.", source=Source.AUTHORED, reason=Reason.LOADING, retry_after_ms=1_000),
            Status(state=ServiceState.READY, engine="llama", model="qwen2.5-coder-0.5b", progress=1.0),
            Ping(n=1),
            Pong(n=1),
        ),
    ),
    (
        "cancelled",
        "A running request is cancelled; cancelling again finds it finished, an id never used is unknown.",
        (
            GREETING,
            WELCOME,
            _SAY,
            Accepted(id=1),
            Draft(id=1, seq=1, text="Evening, love.", stable=14),
            Cancel(id=2, target=1),
            Accepted(id=2),
            _CANCELLED,
            Done(id=2, data={"state": "cancelled"}),
            Cancel(id=3, target=1),
            Accepted(id=3),
            Done(id=3, data={"state": "finished"}),
            Cancel(id=4, target=99),
            Accepted(id=4),
            Done(id=4, data={"state": "unknown"}),
        ),
    ),
    (
        "resent-while-running",
        "The connection broke. The client greets again with its session and resends; the request goes on.",
        (
            GREETING,
            WELCOME,
            _SAY,
            Accepted(id=1),
            Draft(id=1, seq=1, text="Evening, love.", stable=14),
            GREETING,
            _RESUMED,
            _SAY,
            Accepted(id=1),
            Draft(id=1, seq=5, text="Evening, love. Wipe those", stable=25),
            _DONE,
        ),
    ),
    (
        "resent-after-the-end",
        "The reply was lost with the connection. The client resends and gets the stored reply, without `accepted`.",
        (GREETING, WELCOME, _SAY, Accepted(id=1), GREETING, _RESUMED, _SAY, _DONE),
    ),
    (
        "duplicate-id",
        "An id comes again with other fields: the error refers to the request and does not end it.",
        (
            GREETING,
            WELCOME,
            _SAY,
            Accepted(id=1),
            Say(id=1, npc="marta", text="Something else.", budget_ms=1_500),
            Error(code=ErrorCode.DUPLICATE_ID, message="id 1 was used before with other content", ref=1),
            _DONE,
        ),
    ),
    (
        "refused",
        "No hello; a foreign version; no token; an unknown character. The link stays up throughout.",
        (
            _SAY,
            Error(code=ErrorCode.HELLO_FIRST, message="say hello first", ref=1),
            Hello(v=[7], session=GREETING.session, token=GREETING.token),
            Error(code=ErrorCode.VERSION_UNSUPPORTED, message="client speaks [7], this daemon speaks 1"),
            Hello(v=[1], session=GREETING.session),
            Error(code=ErrorCode.UNAUTHORISED, message="wrong token"),
            GREETING,
            WELCOME,
            Say(id=1, npc="martha", text="Evening.", budget_ms=900),
            Accepted(id=1),
            Error(code=ErrorCode.UNKNOWN_NPC, message="no character `martha`; did you mean `marta`?", id=1),
        ),
    ),
)

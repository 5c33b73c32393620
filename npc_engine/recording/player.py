"""Asking again what a recording holds, and telling what came out differently.

Requests go out in the order in which they arrived, each after the end of the one before it: so the characters know the
same things at the same point, whatever the machine's speed.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from npc_engine.client import NpcClient, Reply
from npc_engine.client import Request as Asked
from npc_engine.client import Turn as ClientTurn
from npc_engine.errors import ErrorCode
from npc_engine.recording.exchanges import Exchange, Said, fields_of, seed_of
from npc_engine.wire.messages import Action, Converse, Reason, SaveImport, Spoken, Unspoken

#: Reasons that tell of the machine's speed or of trouble, not of the character: such a line is no measure.
CIRCUMSTANCES = frozenset(Reason) - {Reason.GUARD, Reason.INTERRUPTED}


class Verdict(StrEnum):
    """How an answer compares with the recorded one.

    - `same`: line by line
    - `different`: in words, feeling, deeds, or who wrote them
    - `unlike`: it differs, but the recorded one was not the character's own: there was too little time, or no model
    - `skipped`: the request was not made, because in the recording it was cancelled or cannot be made again
    """

    SAME = "same"
    DIFFERENT = "different"
    UNLIKE = "unlike"
    SKIPPED = "skipped"


class Played(msgspec.Struct, kw_only=True, frozen=True):
    """An exchange of the recording, and what came of it this time."""

    verdict: Verdict
    recorded: Exchange
    lines: list[Said] = []
    error: str = ""


class Player:
    """Plays exchanges one after the other. `client_of` gives the client for a game of the recording; `wait` returns
    when a request has ended. `seed` stands in for the recording's own; `budget_ms` is what every line has at least,
    because the recorded budget is what the game could wait, not what the line needs."""

    def __init__(
        self, client_of: Callable[[str], NpcClient], wait: Callable[[Asked], None], *, seed: int, budget_ms: int
    ) -> None:
        self._client_of = client_of
        self._wait = wait
        self._seed = seed
        self._budget_ms = budget_ms
        self._asked: dict[tuple[int, int], Asked] = {}

    def play(self, exchange: Exchange) -> Played:
        """Make one request, wait for its end, compare."""
        arguments = None if exchange.error == ErrorCode.CANCELLED else self._arguments(exchange)
        if arguments is None:
            return Played(verdict=Verdict.SKIPPED, recorded=exchange)
        # Every request of the protocol is the client's method of that name, its fields are the arguments.
        method = getattr(self._client_of(exchange.game), kind_of(exchange).replace(".", "_"))
        asked: Asked = method(**arguments)
        self._wait(asked)
        self._asked[exchange.session, exchange.request.id] = asked
        lines = _lines(asked)
        error = "" if asked.error is None else str(asked.error.code)
        return Played(verdict=_verdict(exchange, lines, error), recorded=exchange, lines=lines, error=error)

    def _arguments(self, exchange: Exchange) -> dict[str, Any] | None:
        """What to ask with; None if it cannot be asked."""
        request = exchange.request
        arguments = fields_of(request)
        if isinstance(request, Spoken | Unspoken):
            target = self._asked.get((exchange.session, arguments.pop("target")))
            return None if target is None else {"request": target, **arguments}
        if isinstance(request, SaveImport):
            with contextlib.suppress(ValueError):  # a client of bytes cannot send what is no base64
                return {**arguments, "blob": base64.b64decode(request.blob, validate=True)}
            return None
        if isinstance(request, Converse) and exchange.reason == Reason.INTERRUPTED:
            arguments["turns"] = len(exchange.lines)  # they said so much, and remember no more
            if not exchange.lines:
                return None
        if hasattr(request, "seed") and request.seed is None:
            arguments["seed"] = seed_of(exchange.n, self._seed)
        if hasattr(request, "budget_ms"):
            arguments["budget_ms"] = max(request.budget_ms, self._budget_ms)
        return arguments


def kind_of(exchange: Exchange) -> str:
    """The name of its request, as in the protocol."""
    return str(exchange.request.__struct_config__.tag)


def _lines(asked: Asked) -> list[Said]:
    if asked.turns:
        return [_said(turn, turn.text, turn.npc) for turn in asked.turns]
    return [_said(asked.reply, asked.text)] if asked.reply is not None and asked.is_speech else []


def _said(answer: Reply | ClientTurn, text: str, npc: str = "") -> Said:
    actions = [Action(name=action.name, args=dict(action.args)) for action in answer.actions]
    return Said(text=text, npc=npc, emotion=answer.emotion, actions=actions, source=answer.source, reason=answer.reason)


def _verdict(recorded: Exchange, lines: list[Said], error: str) -> Verdict:
    if error == recorded.error and list(map(_essence, lines)) == list(map(_essence, recorded.lines)):
        return Verdict.SAME
    pressed = any(line.reason in CIRCUMSTANCES for line in recorded.lines) or recorded.reason in CIRCUMSTANCES
    return Verdict.UNLIKE if pressed else Verdict.DIFFERENT


def _essence(line: Said) -> Said:
    """A line without the reason, which the comparison does not look at."""
    return msgspec.structs.replace(line, reason=None)

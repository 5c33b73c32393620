"""A client whose daemon is the test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from npc_engine.client import DaemonInfo, Reply, Request, RequestError, Turn
from npc_engine.client.calls import Calls
from npc_engine.client.requests import Callback


class StubClient(Calls):
    """Keeps every request; `answer` and `fail` end one, `stream` lets its words come."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.fields: list[Mapping[str, Any]] = []
        self.state = "ready"
        self.problem = ""
        self.daemon: DaemonInfo | None = None

    def _ask(
        self,
        kind: str,
        fields: Mapping[str, Any],
        patience_ms: int,
        on_update: Callback | None,
        on_done: Callback | None,
    ) -> Request:
        request = Request(
            {
                "t": kind,
                "id": len(self.asked) + 1,
                **{name: value for name, value in fields.items() if value is not None},
            },
            patience_ms=patience_ms,
            now_ns=0,
            cancel=lambda request: self.fail(request, "cancelled"),
            on_update=on_update,
            on_done=on_done,
        )
        self.asked.append(request)
        self.fields.append(fields)
        return request

    def poll(self, max_ms: float = 0.5) -> None:
        """Nothing comes by itself."""

    def open(self, kind: str) -> list[Request]:
        """The requests of a kind that have not ended."""
        return [request for request in self.asked if request.kind == kind and not request.finished]

    def last(self, kind: str) -> Request:
        """The last request of a kind."""
        return [request for request in self.asked if request.kind == kind][-1]

    def told(self, kind: str) -> list[Mapping[str, Any]]:
        """What the requests of a kind said."""
        return [fields for request, fields in zip(self.asked, self.fields, strict=True) if request.kind == kind]

    def stream(self, request: Request, text: str, stable: int) -> None:
        request.state, request.text, request.stable = "streaming", text, stable
        if request.on_update is not None:
            request.on_update(request)

    def turn(self, request: Request, turn: Turn) -> None:
        request.turns.append(turn)
        if request.on_update is not None:
            request.on_update(request)

    def answer(self, request: Request, text: str = "", **fields: Any) -> None:
        self._end(request, Reply(text=text, **({"source": "model"} | fields)))

    def fail(self, request: Request, code: str) -> None:
        self._end(request, RequestError(code, code))

    def _end(self, request: Request, outcome: Reply | RequestError) -> None:
        if request.finished:
            return
        request.end(outcome)
        if request.on_done is not None:
            request.on_done(request)

"""The driver of the Python client: `python -m npc_engine.conformance.python_driver SCENARIO.json`."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from npc_engine.client import NpcClient, Request

#: How often a game polls, milliseconds.
FRAME_MS = 16
#: Codes of requests that may succeed when they are asked again, as they are.
RECOVERABLE = ("daemon_unreachable", "internal", "storage_failed", "table_full")
SHORT = ("say", "bark", "describe", "warm")
#: Requests whose text comes bit by bit.
STREAMED = ("say", "bark", "describe", "converse")


class Driver:
    """Plays one scenario with one client at a time, and writes events to standard output."""

    def __init__(self, scenario: Mapping[str, Any], path: Path) -> None:
        self._scenario = scenario
        self._path = path
        self._client: NpcClient | None = None
        self._requests: dict[str, Request] = {}
        self._updated: set[str] = set()
        self._state = ""
        self._events: list[dict[str, Any]] = []
        self._costs_us: list[float] = []
        self._began_s = time.monotonic()

    def play(self) -> None:
        """Every step, then the cost."""
        for step in self._scenario["steps"]:
            self._step(step)
            self._print()
        self._close()
        self._tell("poll_cost", **self._cost())
        self._print()

    def _step(self, step: Mapping[str, Any]) -> None:
        match step["do"]:
            case "connect":
                self._client = NpcClient(self._scenario["address"])
                self._look()
            case "request":
                self._ask(step["as"], step["type"], step.get("fields", {}))
            case kind if kind in SHORT:
                self._ask(step["as"], kind, {key: value for key, value in step.items() if key not in ("do", "as")})
            case "spoken":
                self._ask(step["as"], "spoken", {"request": self._requests[step["of"]], "heard": step.get("heard")})
            case "cancel":
                self._requests[step["as"]].cancel()
            case "wait":
                if not self._poll_until(lambda: self._happened(step), step["ms"]):
                    self._tell("timeout", **{key: step[key] for key in ("for", "as") if key in step})
            case "poll":
                self._poll_until(lambda: False, step["ms"], step.get("every_ms", FRAME_MS))
            case "sleep":
                time.sleep(step["ms"] / 1_000)
            case "mark":
                self._tell("mark", name=step["name"])
                self._print()
                self._poll_until(self._path.with_name(f"{self._path.name}.{step['name']}").exists)
            case "measure":
                self._costs_us.clear()
            case "close":
                self._close()
            case other:
                self._tell("unsupported", do=other)

    def _ask(self, name: str, kind: str, fields: Mapping[str, Any]) -> None:
        """Make a request. The arguments of the client's methods have the names of the message's fields."""
        asked = {**fields, "blob": base64.b64decode(fields["blob"])} if "blob" in fields else fields
        self._tell("asked", **{"as": name})
        try:
            request: Request = getattr(self._client, kind.replace(".", "_"))(
                **asked, on_done=lambda request: self._ended(name, request)
            )
        except (AttributeError, TypeError, ValueError) as cause:
            self._tell("failed", **{"as": name, "code": "bad_message", "message": str(cause), "recoverable": False})
            return
        if kind in STREAMED:
            request.on_update = lambda request: self._update(name, request)
        self._requests[name] = request

    def _update(self, name: str, request: Request) -> None:
        self._updated.add(name)
        if not request.finished:  # its end came in the same poll, and has the whole text
            self._tell("update", **{"as": name, "text": request.text, "stable": request.stable})

    def _ended(self, name: str, request: Request) -> None:
        reply, error = request.reply, request.error
        if error is not None:
            recoverable = error.code in RECOVERABLE
            self._tell(
                "failed", **{"as": name, "code": error.code, "message": error.message, "recoverable": recoverable}
            )
        elif reply is not None:
            self._tell(
                "finished",
                **{
                    "as": name,
                    "text": reply.text,
                    "narration": reply.narration,
                    "source": reply.source,
                    "reason": reply.reason,
                    "emotion": reply.emotion,
                    "actions": [{"name": action.name, "args": dict(action.args)} for action in reply.actions],
                    "retry_after_ms": reply.retry_after_ms,
                    "data": reply.data,
                },
            )

    def _happened(self, step: Mapping[str, Any]) -> bool:
        asked = [self._requests[step["as"]]] if "as" in step else list(self._requests.values())
        match step["for"]:
            case "ended":
                return all(request.finished for request in asked)
            case "finished":
                return asked[0].reply is not None
            case "failed":
                return asked[0].error is not None
            case "update":
                return step["as"] in self._updated
            case state:
                return self._state == str(state)

    def _poll_until(self, happened: Callable[[], bool], ms: float = float("inf"), every_ms: float = FRAME_MS) -> bool:
        """Poll as a game does, for `ms` at most; whether it has happened."""
        next_s = time.monotonic()
        end_s = next_s + ms / 1_000
        while True:
            self._poll()
            if happened():
                return True
            next_s += every_ms / 1_000
            now_s = time.monotonic()
            if now_s >= end_s:
                return False
            time.sleep(max(0.0, min(next_s, end_s) - now_s))

    def _poll(self) -> None:
        if self._client is None:
            return
        began_ns = time.perf_counter_ns()
        self._client.poll()
        self._costs_us.append((time.perf_counter_ns() - began_ns) / 1_000)
        self._look()
        self._print()

    def _look(self) -> None:
        if self._client is not None and self._client.state != self._state:
            self._state = self._client.state
            self._tell("state", state=self._state)

    def _close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._look()
            self._client = None

    def _cost(self) -> dict[str, float]:
        costs_us = sorted(self._costs_us) or [0.0]
        return {
            "polls": len(self._costs_us),
            "p50_us": costs_us[len(costs_us) // 2],
            "p99_us": costs_us[len(costs_us) * 99 // 100],
            "max_us": costs_us[-1],
        }

    def _tell(self, event: str, **fields: Any) -> None:
        """Note an event; it is printed after the poll, which is being timed."""
        self._events.append({"event": event, "at_ms": (time.monotonic() - self._began_s) * 1_000, **fields})

    def _print(self) -> None:
        for event in self._events:
            sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()
        self._events.clear()


def main() -> None:
    """Play the scenario whose path is the first argument."""
    path = Path(sys.argv[1])
    Driver(json.loads(path.read_text(encoding="utf-8")), path).play()


if __name__ == "__main__":
    main()

"""A daemon that says what a scenario tells it to, right or wrong."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

import msgspec
import zmq

from npc_engine.errors import ErrorCode
from npc_engine.wire import codec
from npc_engine.wire.refused import refused_frames

#: How often it looks whether it shall end, milliseconds.
LOOK_MS = 20
#: libzmq's own pings: a client that writes its ZMTP itself must answer them, milliseconds.
HEARTBEAT_MS = 300
HEARTBEAT_TIMEOUT_MS = 1_500

#: What it does on a message, by the message's type: one after the other,
#:
#:     {t: done, id: $id, ...}    a message; `$id` is the id of what it answers, `$target` its `target`
#:     {hex: c1}                  a frame
#:     {invalid: true}            every invalid frame of the vectors that is meant for a client
#:     {filler: 1000000, t: ...}  a message with so much text in `data.filler`
#:     {wait_ms: 100}             nothing, for so long
#:     {then: {say: [...]}}       answer so from now on
Answers = Mapping[str, list[dict[str, Any]]]


class FakeDaemon:
    """A ROUTER on a free loopback port. `answers` may be replaced at any time; a type without answers gets none, and
    only `ping` is answered by itself. `received` are the types of what a client sent, `budgets_ms` by type the budgets
    that came with them; `problems` tell what a client sent that the protocol does not allow."""

    def __init__(self, answers: Answers) -> None:
        self.answers = dict(answers)
        self.received: list[str] = []
        self.budgets_ms: dict[str, list[int]] = {}
        self.problems: list[str] = []
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.LINGER, 0)
        self._router.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
        self._router.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
        self.port = self._router.bind_to_random_port("tcp://127.0.0.1")
        self._session = ""
        self._taken: set[str] = set()
        self._known: dict[int, dict[str, Any]] = {}
        self._unasked: deque[list[dict[str, Any]]] = deque()
        self._peer = b""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def say(self, answers: list[dict[str, Any]]) -> None:
        """Send this unasked, to whoever spoke last."""
        self._unasked.append(answers)

    def close(self) -> None:
        """Idempotent."""
        self._ending.set()
        self._thread.join()
        self._context.destroy(linger=0)

    def __enter__(self) -> FakeDaemon:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._ending.is_set():
            while self._unasked:
                self._answer(self._unasked.popleft(), {})
            if self._router.poll(LOOK_MS):
                self._peer, *frames = self._router.recv_multipart()
                self._take(frames)

    def _take(self, frames: list[bytes]) -> None:
        if len(frames) != 1:
            self.problems.append(f"the client sent a message of {len(frames)} frames")
            return
        try:
            codec.decode_client(frames[0])
        except codec.WireError as error:
            self.problems.append(f"the client sent what is no message: {error}")
            return
        message = msgspec.msgpack.decode(frames[0])
        if message["t"] == "hello":
            self._greeted(message["session"])
        elif "id" in message and self._known.setdefault(message["id"], message) != message:
            self.problems.append(f"the client sent id {message['id']} again with other fields")
        self.received.append(message["t"])
        if "budget_ms" in message:
            self.budgets_ms.setdefault(message["t"], []).append(message["budget_ms"])
        pong = [{"t": "pong", "n": message.get("n", 0)}] if message["t"] == "ping" else []
        self._answer(self.answers.get(message["t"], pong), message)

    def _greeted(self, session: str) -> None:
        if session in self._taken:
            self.problems.append("the client greeted again with a session that was taken from it")
        if session != self._session:
            self._known.clear()
        self._session = session

    def _answer(self, answers: Iterable[dict[str, Any]], message: dict[str, Any]) -> None:
        for answer in answers:
            if "wait_ms" in answer:
                time.sleep(answer["wait_ms"] / 1_000)
                continue
            if "then" in answer:
                self.answers.update(answer["then"])
                continue
            if answer.get("code") == ErrorCode.SESSION_TAKEN:
                self._taken.add(self._session)
            if answer.get("t") == "welcome" and not answer.get("resumed"):
                self._known.clear()
            for frame in _frames(answer, message):
                self._router.send_multipart([self._peer, frame])


def _frames(answer: dict[str, Any], message: dict[str, Any]) -> list[bytes]:
    if "hex" in answer:
        return [bytes.fromhex(answer["hex"])]
    if "invalid" in answer:
        return [refused.frame for refused in refused_frames() if refused.direction == "daemon"]
    filled: dict[str, Any] = {
        key: message.get(str(value)[1:]) if str(value).startswith("$") else value for key, value in answer.items()
    }
    if "filler" in filled:
        filled["data"] = {"filler": "x" * filled.pop("filler")}
    return [msgspec.msgpack.encode(filled)]

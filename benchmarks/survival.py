"""What players notice when the model dies or hangs: kills and stops the worker under load, again and again.

    python benchmarks/survival.py --deaths 20 --json survival.json

Each round sends 8 lines with a budget of 20 s, waits for the first words, then kills (SIGKILL) or stops (SIGSTOP) the
worker, and measures until every line has its reply and until the model serves again. POSIX only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import time
from pathlib import Path

import zmq

from npc_engine.client.credentials import read_token
from npc_engine.client.launcher import DaemonProcess
from npc_engine.wire import codec
from npc_engine.wire.messages import DaemonMessage, Done, Draft, Error, Health, Hello, Message, Say

LINES = 8
PATIENCE_S = 60.0


class Peer:
    """A bare client."""

    def __init__(self, address: str, token: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(address)
        self._next_id = 0
        self.send(Hello(v=[1], session=f"survival-{os.getpid()}", token=token))

    def send(self, message: Message) -> None:
        """One frame out."""
        self._socket.send(codec.encode(message))

    def receive(self) -> DaemonMessage:
        """One frame in."""
        if not self._socket.poll(int(PATIENCE_S * 1_000)):
            raise TimeoutError("the daemon fell silent")
        return codec.decode_daemon(self._socket.recv())

    def new_id(self) -> int:
        """Ids count up."""
        self._next_id += 1
        return self._next_id

    def health(self) -> dict[str, object]:
        """The daemon's counters."""
        request_id = self.new_id()
        self.send(Health(id=request_id))
        while True:
            message = self.receive()
            if isinstance(message, Done) and message.id == request_id:
                return message.data

    def wait_ready(self) -> dict[str, object]:
        """Until the model serves."""
        while (health := self.health())["state"] != "ready":
            time.sleep(0.01)
        return health


def one_death(peer: Peer, how: signal.Signals, round_number: int) -> tuple[list[float], float]:
    """Milliseconds from the signal to each reply, and to the next time the model is ready."""
    worker = int(str(peer.wait_ready()["worker_pid"]))
    open_ids = set()
    for number in range(LINES):
        request_id = peer.new_id()
        open_ids.add(request_id)
        peer.send(Say(id=request_id, npc="marta", text=f"Line {round_number}.", budget_ms=20_000, slot=f"s{number}"))
    while not isinstance(peer.receive(), Draft):
        pass
    os.kill(worker, how)
    began_s = time.perf_counter()
    replies_ms: list[float] = []
    while open_ids:
        message = peer.receive()
        if isinstance(message, Done | Error) and message.id in open_ids:
            open_ids.remove(message.id)
            replies_ms.append((time.perf_counter() - began_s) * 1_000)
    while int(str(peer.wait_ready()["worker_pid"] or 0)) == worker:
        time.sleep(0.01)
    return replies_ms, (time.perf_counter() - began_s) * 1_000


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deaths", type=int, default=20, help="rounds of each kind")
    parser.add_argument("--engine", default="scripted")
    parser.add_argument(
        "--pause", type=float, default=13.0, help="seconds between deaths, so that the breaker stays shut"
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    process = DaemonProcess(["--engine", arguments.engine])
    try:
        while (ready := process.ready()) is None:
            time.sleep(0.05)
        peer = Peer(ready.address, read_token(ready.token_file))
        results = {}
        for how in (signal.SIGKILL, signal.SIGSTOP):
            replies: list[float] = []
            again: list[float] = []
            for round_number in range(arguments.deaths):
                if round_number:
                    time.sleep(arguments.pause)
                some, back_ms = one_death(peer, how, round_number)
                replies += some
                again.append(back_ms)
                print(f"{how.name} {round_number + 1}: replies by {max(some):.0f} ms, serves after {back_ms:.0f} ms")
            results[how.name] = {
                "lines": len(replies),
                "reply_ms": {"p50": round(statistics.median(replies), 1), "max": round(max(replies), 1)},
                "serves_again_ms": {"p50": round(statistics.median(again), 1), "max": round(max(again), 1)},
            }
        print(json.dumps(results, indent=2))
        if arguments.json:
            arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    finally:
        process.stop()


if __name__ == "__main__":
    main()

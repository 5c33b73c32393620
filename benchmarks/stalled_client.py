"""Does a client that never reads slow the others down? Compared with the same load without it, in the same run.

    python benchmarks/stalled_client.py --runs 5 --seconds 20

Alternates runs of 15 clients alone (A) and 15 clients beside one that floods the daemon and never reads (B), and prints
the medians, their ratio, and how far the A runs differ among themselves: the noise below which nothing can be seen.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
from pathlib import Path

import zmq

from npc_engine.cli.load import Load, run_load, summarise
from npc_engine.client.credentials import read_token
from npc_engine.client.launcher import DaemonProcess
from npc_engine.wire import codec
from npc_engine.wire.messages import Hello, Say

FLOOD_PER_S = 200


class DeafClient(threading.Thread):
    """Asks at a steady rate, reads nothing."""

    def __init__(self, address: str, token: str, name: str) -> None:
        super().__init__(daemon=True)
        self._address, self._token, self._session = address, token, name
        self._over = threading.Event()

    def run(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        socket = context.socket(zmq.DEALER)
        for option, value in ((zmq.LINGER, 0), (zmq.RCVHWM, 1), (zmq.RCVBUF, 4_096)):
            socket.setsockopt(option, value)
        socket.connect(self._address)
        socket.send(codec.encode(Hello(v=[1], session=self._session, token=self._token)))
        number = 0
        while not self._over.wait(1 / FLOOD_PER_S):
            number += 1
            say = Say(id=number, npc="marta", text="x" * 1_000, budget_ms=1, slot="deaf")
            try:
                socket.send(codec.encode(say), zmq.DONTWAIT)
            except zmq.Again:
                continue
        socket.close()
        context.term()

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self.join()


def measure(seconds: float, seed: int, *, stalled: bool) -> float:
    """p99 of the time to `done`, milliseconds, of 15 clients at half the scripted engine's capacity."""
    process = DaemonProcess(["--engine", "scripted"])
    deaf = None
    try:
        while (ready := process.ready()) is None:
            threading.Event().wait(0.05)
        if stalled:
            deaf = DeafClient(ready.address, read_token(ready.token_file), f"deaf-client-{seed}")
            deaf.start()
        load = Load(clients=15, npcs=8, rate=5 / 15, budget_ms=1_000, seconds=seconds, seed=seed)
        tally = run_load(load, [], ready.address, lambda part, what: None, token=read_token(ready.token_file))
        numbers = summarise(load, tally)
        assert numbers["lost"] == numbers["duplicate"] == 0, numbers
        done_ms = numbers["done_ms"]
        assert isinstance(done_ms, dict)
        return float(done_ms["p99"])
    finally:
        if deaf:
            deaf.stop()
        process.stop()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    alone: list[float] = []
    beside: list[float] = []
    for run in range(arguments.runs):
        alone.append(measure(arguments.seconds, run, stalled=False))
        beside.append(measure(arguments.seconds, run, stalled=True))
        print(f"run {run + 1}: done p99 {alone[-1]:.1f} ms alone, {beside[-1]:.1f} ms beside a stalled client")
    result = {
        "alone_p99_ms": alone,
        "beside_p99_ms": beside,
        "ratio_of_medians": round(statistics.median(beside) / statistics.median(alone), 4),
        "alone_spread": round(max(alone) / min(alone), 4),
    }
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Through the daemon, over ZeroMQ, as games see it: whether lines come in time, and how soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from gpu.report import Findings
from gpu.rig import OPTIONS, Size
from npc_engine.cli.load import Load, run_load, summarise
from npc_engine.client.credentials import read_token
from npc_engine.client.launcher import DaemonProcess
from npc_engine.engines.diffusion.weight_format import WeightFormat

#: Of 16 characters at 500 ms.
CHARACTERS, BUDGET_MS, HIT_RATE, FIRST_MS = 16, 500, 0.99, 60.0
START_S = 420.0


def daemon(kept: WeightFormat) -> Callable[[Size, Findings], None]:
    """Random weights: noise, which is not guarded, and never ends before its plan does."""

    def measure(size: Size, found: Findings) -> None:
        arguments = ["--engine", "diffusion", "--parallel", str(max(size.clients)), "--saves", "none"]
        arguments += ["--option", f"random_weights={size.name}", "--option", f"device={size.device.type}"]
        arguments += ["--option", f"weights={OPTIONS[kept]}", "--threads", "0" if size.on_card else "1"]
        process = DaemonProcess(arguments)
        try:
            address, token = _started(process)
            for clients in size.clients:
                for budget_ms in size.budgets_ms:
                    load = Load(clients, clients, 0.0, budget_ms, size.load_seconds)
                    numbers = summarise(load, run_load(load, [], address, lambda part, what: None, token=token))
                    _note(numbers, kept, size, found)
        finally:
            process.stop()

    return measure


def _started(process: DaemonProcess) -> tuple[str, str]:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        if ready := process.ready():
            return ready.address, read_token(ready.token_file)
        if problem := process.problem():
            raise RuntimeError(problem)
        time.sleep(0.1)
    raise TimeoutError("the daemon did not start")


def _note(numbers: dict[str, Any], kept: WeightFormat, size: Size, found: Findings) -> None:
    """A hit is a whole line, or one of which the last draft was there at the deadline: noise is as good at any step."""
    last_draft = numbers["sources"]["partial"] / max(1, numbers["requests"])
    hit = numbers["hit_rate"] + last_draft
    found.row(
        weights=OPTIONS[kept],
        characters=numbers["clients"],
        budget_ms=numbers["budget_ms"],
        lines=numbers["requests"],
        hit_rate=hit,
        of_them_whole=numbers["hit_rate"],
        late=numbers["late"],
        lost=numbers["lost"],
        **{f"first_{rank}_ms": ms for rank, ms in numbers["first_ms"].items()},
        **{f"done_{rank}_ms": ms for rank, ms in numbers["done_ms"].items()},
        cached=numbers["cached_share"],
    )
    if (numbers["clients"], numbers["budget_ms"]) == (CHARACTERS, BUDGET_MS) and kept is WeightFormat.PLAIN:
        found.at_least("lines in time, 16 characters at 500 ms", HIT_RATE, hit if size.on_card else None, "")
        first = numbers["first_ms"]["p50"] if size.on_card else None
        found.at_most("first draft, 16 characters at 500 ms, p50", FIRST_MS, first, "ms")

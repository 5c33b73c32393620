"""How many threads the model may take beside a game: tokens a second with a busy core beside it.

    python benchmarks/cpu_threads.py --model qwen2.5-coder-0.5b

Each row is a process of its own at the worker's niceness: `threads` of the model, how long they spin before they sleep
when they wait for each other (GNU OpenMP's default, the worker's setting, not at all), how much of one core the game
takes. The game is a loop at normal priority; `game` is how much of its work it still does, against alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import psutil

from npc_engine.engines.llama_server import LlamaServer, ServerOptions
from npc_engine.engines.threads import SPIN_COUNT
from npc_engine.models.choose import model_here

CORES = psutil.cpu_count() or 1
NICENESS = 10
PROMPT_TOKENS = 128
NEW_TOKENS = 16
FRAME_S = 1 / 60
LOADS = (0.0, 0.5, 1.0)
WAITING: dict[str, dict[str, str]] = {
    "default": {},
    "as the worker": {"GOMP_SPINCOUNT": str(SPIN_COUNT)},
    "asleep": {"OMP_WAIT_POLICY": "passive"},
}


def main() -> None:
    """Run every row, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b", help="a catalogue name or a file")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({max(1, CORES - 1), CORES}))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(_row(**json.loads(arguments.row))))
        return
    rows = []
    print(f"{CORES} cores, {PROMPT_TOKENS} tokens read, {NEW_TOKENS} written, medians of {arguments.repeat}\n")
    print("| threads | waiting | game's core | read tok/s | write tok/s | 2 at once | 4 at once | game |")
    print("|" + "---|" * 8)
    alone = _game_alone()
    for threads in arguments.threads:
        for waiting, variables in WAITING.items() if threads > 1 else [("–", {})]:
            for load in LOADS:
                row = {"model": arguments.model, "threads": threads, "load": load, "repeat": arguments.repeat}
                environment = os.environ | variables
                command = [sys.executable, __file__, "--row", json.dumps(row)]
                output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
                numbers = json.loads(output.splitlines()[-1]) | {"threads": threads, "waiting": waiting, "load": load}
                game = f"{numbers['game_per_s'] / alone[load]:.0%}" if load else "–"
                rates = [f"{numbers[key]:.1f}" for key in ("read", "1", "2", "4")]
                cells = [threads, waiting, f"{load:.0%}", *rates, game]
                print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
                rows.append(numbers)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _game(load: float, frames: Synchronized[int], stop: Any) -> None:
    """Works `load` of every frame, rests the remainder; counts units of work."""
    while not stop.is_set():
        end = time.perf_counter() + FRAME_S * load
        done = 0
        while time.perf_counter() < end:
            sum(range(1000))
            done += 1
        frames.value += done
        if load < 1:
            time.sleep(FRAME_S * (1 - load))


class _Game:
    """A game in a process beside this one."""

    def __init__(self, load: float) -> None:
        self._done = multiprocessing.Value("q", 0)
        self._stop = multiprocessing.Event()
        self._process = multiprocessing.Process(target=_game, args=(load, self._done, self._stop), daemon=True)
        self._load = load

    def __enter__(self) -> _Game:
        if self._load:
            self._process.start()
            time.sleep(0.3)
        self._began, self._before = time.perf_counter(), self._done.value
        return self

    def __exit__(self, *_: object) -> None:
        self.per_s = (self._done.value - self._before) / (time.perf_counter() - self._began)
        self._stop.set()
        if self._load:
            self._process.join()


def _game_alone() -> dict[float, float]:
    rates = {}
    for load in LOADS[1:]:
        with _Game(load) as game:
            time.sleep(2)
        rates[load] = game.per_s
    return rates


def _row(model: str, threads: int, load: float, repeat: int) -> dict[str, float]:
    _, path = model_here(model)
    game = _Game(load)
    with game:  # starts before the priority is lowered, so it keeps its own
        psutil.Process().nice(NICENESS)
        server = LlamaServer(ServerOptions(path, 4, 1024, threads, 0, 0))
        numbers = {"read": statistics.median(_read(server, run) for run in range(repeat))}
        for lines in (1, 2, 4):
            numbers[str(lines)] = statistics.median(_write(server, lines) for _ in range(repeat))
    server.close()
    return numbers | {"game_per_s": game.per_s}


def _read(server: LlamaServer, run: int) -> float:
    prompt = [1000 + run * 7 + position % 900 for position in range(PROMPT_TOKENS)]
    began = time.perf_counter()
    _complete(server, prompt, 0, 1)
    return PROMPT_TOKENS / (time.perf_counter() - began)


def _write(server: LlamaServer, lines: int) -> float:
    """Tokens a second of `lines` written at once, all together; the prompts are short and cached."""
    prompts = [[2000 + line + position for position in range(16)] for line in range(lines)]
    with ThreadPoolExecutor(lines) as pool:
        list(pool.map(lambda line: _complete(server, prompts[line], line, 0), range(lines)))
        began = time.perf_counter()
        list(pool.map(lambda line: _complete(server, prompts[line], line, NEW_TOKENS), range(lines)))
        return lines * NEW_TOKENS / (time.perf_counter() - began)


def _complete(server: LlamaServer, prompt: list[int], slot: int, tokens: int) -> None:
    request = {"prompt": prompt, "id_slot": slot, "cache_prompt": True, "stream": True, "max_tokens": tokens}
    server.complete(request | {"ignore_eos": True, "temperature": 0}, lambda event: False)


if __name__ == "__main__":
    main()

"""What a long game does to the characters' prompts: the cache, the memory, and coming back from a save.

    python benchmarks/world.py cache              200 turns with 8 characters and events, on the CPU model (12 min)
    python benchmarks/world.py soak               500 turns, scripted: prompts stay bounded, turn 3 is recalled at 400
    python benchmarks/world.py resume             the first line after an import and after an edit, on the CPU model

Prints what it measured beside its bar, and exits 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from npc_engine.client import NpcClient, Request
from npc_engine.world.pack import find_pack

BUDGET_MS = 4_000
#: Between a line and the next one a player reads and types.
THINKING_S = 1.0
QUESTIONS = (
    "Good day.",
    "What is new in the village?",
    "Who bought the mill?",
    "Have you seen the courier?",
    "What do you think of the reeve?",
    "I came up the river road this morning.",
    "It has rained for nine days.",
    "Where can I sleep tonight?",
    "Do you trust the man with the glove?",
    "Tell me about the weir.",
)
SUBJECTS = (
    "the mill",
    "the river",
    "the weir",
    "the courier",
    "the shrine",
    "the ferry",
    "the reeve",
    "the steward",
    "Saltmarsh",
    "the old quarry",
    "the bells",
    "the bridge",
    "the harvest",
    "the fog",
    "the goose girl",
)
WAYS = (
    "What do you know of {}?",
    "Tell me a story about {}.",
    "Does anybody here fear {}?",
    "I dreamt of {} last night.",
)
EVENTS = ("A cart goes by.", "Somebody laughs outside.", "The bell rings once.", "A dog barks at the river.")
TOLD = "My sister Wrenna went missing at the old quarry."


class Game:
    """A daemon of its own, and a client that waits."""

    def __init__(self, pack: Path, *arguments: str) -> None:
        self.client = NpcClient.launch(pack=str(pack), arguments=["--saves", "none", *arguments])
        self.until(lambda: self.client.state == "ready", 120)

    def resident_mb(self) -> float:
        """Memory of the daemon and its worker."""
        daemon = next(each for each in psutil.Process().children(recursive=True) if "serve" in " ".join(each.cmdline()))
        return sum(each.memory_info().rss for each in (daemon, *daemon.children(recursive=True))) / 1e6

    def until(self, met: Callable[[], bool], patience_s: float) -> None:
        """Poll until `met`."""
        end_s = time.monotonic() + patience_s
        while not met():
            if time.monotonic() > end_s:
                raise TimeoutError(f"the client is {self.client.state}: {self.client.problem}")
            self.client.poll()
            time.sleep(0.002)

    def done(self, request: Request) -> Request:
        """Wait for its end; an error ends the benchmark."""
        self.until(lambda: request.finished, 120)
        if request.error is not None:
            raise RuntimeError(f"{request.error.code}: {request.error.message}")
        return request

    def data(self, request: Request) -> Mapping[str, Any]:
        """The answer to a request that is not speech."""
        reply = self.done(request).reply
        assert reply is not None
        return reply.data

    def say(self, npc: str, text: str) -> Request:
        """A line, shown and heard."""
        line = self.done(self.client.say(npc, text, BUDGET_MS))
        self.done(self.client.spoken(line))
        return line

    def rest(self, seconds: float) -> None:
        """The player reads."""
        end_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end_s, seconds + 60)


def cache(pack: Path, turns: int, engine: str) -> dict[str, Any]:
    """Share of prompt tokens found in the cache, and the first text late in the game against early."""
    game = Game(pack, "--engine", engine, "--parallel", "8")
    npcs = list(game.client.daemon.npcs)[:8] if game.client.daemon else []
    game.data(game.client.warm(npcs, budget_ms=120_000))
    cached = asked = lines = redrafted = 0
    resident_mb: list[float] = []
    first_ms: list[float] = []
    sources: dict[str, int] = {}
    for turn in range(1, turns + 1):
        if turn % 10 == 0:
            game.data(game.client.event(EVENTS[turn // 10 % len(EVENTS)], npcs=npcs[turn % 8 : turn % 8 + 2]))
        # A conversation has some lines before the player walks on.
        npc = npcs[(turn // 4) % len(npcs)]
        # Whoever is asked the same again repeats itself, and is asked for another line: so nothing is asked twice.
        reply = game.say(npc, WAYS[turn % len(WAYS)].format(SUBJECTS[turn // len(WAYS) % len(SUBJECTS)])).reply
        assert reply is not None
        sources[reply.source] = sources.get(reply.source, 0) + 1
        if reply.timing is not None and reply.timing.prompt_tokens:
            cached += reply.timing.cached_tokens
            asked += reply.timing.prompt_tokens
            lines += 1
            if reply.timing.drafts == 1:  # the others tell of the guard, not of the prompt
                first_ms.append(reply.timing.first_ms or reply.timing.total_ms)
            redrafted += reply.timing.drafts > 1
        if turn % max(1, turns // 5) == 0:
            resident_mb.append(round(game.resident_mb()))
        _progress(turn, turns)
        game.rest(THINKING_S)
    game.client.close()
    early, late = statistics.median(first_ms[4:24]), statistics.median(first_ms[-20:])
    return {
        "turns": turns,
        "characters": len(npcs),
        "sources": sources,
        "redrafted": redrafted,
        "cached_share": round(cached / asked, 4),
        "prompt_tokens_mean": round(asked / lines),
        "resident_mb_each_fifth": resident_mb,
        "first_ms_turns_5_to_24": round(early),
        "first_ms_last_20": round(late),
        "ratio": round(late / early, 3),
        "holds": cached / asked >= 0.9 and late / early <= 1.3,
    }


def soak(pack: Path, turns: int) -> dict[str, Any]:
    """Memory of the daemon and length of the prompts over a long game; and what is still known of its beginning."""
    game = Game(pack, "--engine", "scripted", "--option", "step_ms=1")
    npcs = list(game.client.daemon.npcs)[:4] if game.client.daemon else []
    longest, recalled = 0, False
    resident: list[float] = []
    for turn in range(1, turns + 1):
        game.say(npcs[0] if turn <= 3 else npcs[turn % len(npcs)], TOLD if turn == 3 else f"{turn}: {_remark(turn)}")
        if turn % 20 == 0:
            prompts = [game.data(game.client.inspect(npc, "Good day."))["prompt"] for npc in npcs]
            longest = max(longest, *map(len, prompts))
            resident.append(game.resident_mb())
        if turn == 400:
            asked = game.data(game.client.inspect(npcs[0], "What do you know of my sister Wrenna?"))
            journal = "".join(part["text"] for part in asked["segments"] if part["origin"] == "journal")
            recalled = TOLD in asked["prompt"] and TOLD not in journal
        _progress(turn, turns)
    game.client.close()
    growth_mb = resident[-1] - resident[len(resident) // 5]
    return {
        "turns": turns,
        "longest_prompt_chars": longest,
        "resident_mb": [round(each, 1) for each in (resident[0], resident[len(resident) // 2], resident[-1])],
        "growth_mb_after_the_first_fifth": round(growth_mb, 2),
        "turn_3_recalled_at_400_from_memory": recalled,
        "holds": recalled and longest < 12_000 and growth_mb < 10,
    }


def resume(pack: Path, repeat: int, engine: str) -> dict[str, Any]:
    """How long after an import, and after an edit, the first line of the nearest character comes from the model."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(shutil.copytree(pack, Path(folder) / pack.name))
        game = Game(own, "--engine", engine)
        npc = "marta"
        game.data(game.client.scene_enter("inn"))
        for question in QUESTIONS[:4]:
            game.say(npc, question)
        export = game.done(game.client.save_export()).reply
        assert export is not None

        def load() -> None:
            game.data(game.client.save_import(export.blob))

        after_import = [_first_line(game, npc, load, number) for number in range(repeat)]
        file = own / "npcs" / "marta.yaml"
        after_edit = []
        for number in range(repeat):
            text = file.read_text(encoding="utf-8").replace(
                "summary: Warm,", f"summary: Warm, {number + 2} times wed,", 1
            )

            def edit(text: str = text) -> None:
                file.write_text(text, encoding="utf-8")
                game.rest(1.6)  # until the daemon has seen it

            game.rest(10)  # until it has read the last one
            after_edit.append(_first_line(game, npc, edit, repeat + number))
        game.client.close()
    return {
        "after_import_s": [round(each, 2) for each in after_import],
        "after_edit_s": [round(each, 2) for each in after_edit],
        "median_after_import_s": round(statistics.median(after_import), 2),
        "median_after_edit_s": round(statistics.median(after_edit), 2),
        "holds": max(statistics.median(after_import), statistics.median(after_edit)) < 3.0,
    }


def _first_line(game: Game, npc: str, change: Callable[[], object], number: int) -> float:
    """Seconds from the end of `change` to the first line that comes from the model, asked for again and again. Not with
    the same words: who repeats itself is asked for another line."""
    change()
    begin_s = time.monotonic()
    for question in QUESTIONS[number % len(QUESTIONS) :] + QUESTIONS:
        reply = game.say(npc, question).reply
        if reply is not None and reply.source == "model":
            return time.monotonic() - begin_s
    raise RuntimeError("no line came from the model")


def _remark(turn: int) -> str:
    return QUESTIONS[turn % len(QUESTIONS)]


def _progress(turn: int, turns: int) -> None:
    if sys.stderr.isatty() or turn % 50 == 0:
        print(f"\r{turn} of {turns}", end="" if turn < turns else "\n", file=sys.stderr, flush=True)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cache", "soak", "resume"))
    parser.add_argument("--pack", default="oakhollow")
    parser.add_argument("--engine", default="llama", help="of cache and resume: llama or openvino")
    parser.add_argument("--turns", type=int, help="of cache (200) or soak (500)")
    parser.add_argument("--repeat", type=int, default=5, help="of resume")
    asked = parser.parse_args()
    pack = find_pack(asked.pack)
    if asked.what == "cache":
        found = cache(pack, asked.turns or 200, asked.engine)
    elif asked.what == "soak":
        found = soak(pack, asked.turns or 500)
    else:
        found = resume(pack, asked.repeat, asked.engine)
    print(json.dumps(found, indent=2))
    sys.exit(0 if found["holds"] else 1)


if __name__ == "__main__":
    main()

"""A storm of cancels: thousands of lines begun and cut off at any moment; what is left of memory and of cache blocks.

    python benchmarks/cancel_storm.py --engine openvino --model smollm2-135m --rounds 500

A round begins a line for each of four characters out of eight, runs up to five steps, and cancels all of them: while
prompts are read, while lines are written, and before anything happened. Every task must end exactly once.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from typing import Any

import psutil

from npc_engine.clock import NS_PER_MS, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import Engine, ModelSpec
from npc_engine.jobs import EngineTask, Finished, FinishReason, Plan, Sampling, TextSlot
from npc_engine.models.choose import model_here

CHARACTERS, AT_ONCE, STEPS = 8, 4, 5
PROMPT_TOKENS = 400
TEXT = "{} keeps the inn by the river and tells every guest of the flood, the mill, and the bridge that is no more. "


#: So often memory is looked at, at even distances.
LOOKS = 5


def main() -> None:
    """Open the engine, and let the storm come over it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="openvino", help="llama or openvino")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--rounds", type=int, default=500)
    arguments = parser.parse_args()
    entry, path = model_here(arguments.model)
    engine = registry.create(arguments.engine, SystemClock())
    engine.load(ModelSpec(entry.name, path, entry.chat_format, max_parallel=AT_ONCE), lambda fraction, what: None)
    prompts = [engine.tokenise(TEXT.format(f"Villager {who}") * 40, special=False) for who in range(CHARACTERS)]
    storm(engine, prompts, 20, 0)  # everybody has been there once
    report(engine, 0)
    reasons: Counter[FinishReason] = Counter()
    for look in range(1, LOOKS + 1):
        reasons += storm(engine, prompts, arguments.rounds // LOOKS, 10_000 * look)
        report(engine, sum(reasons.values()))
    print(f"ends: {dict(reasons)}")
    end = next(iter(finish(engine, [begin(engine, prompts, 0, 1 << 30)])))
    print(f"a line after that: {end.reason}, {end.usage.steps} tokens")
    engine.close()


def storm(engine: Engine, prompts: list[list[int]], rounds: int, seed: int) -> Counter[FinishReason]:
    """How the tasks of so many rounds ended."""
    dice = random.Random(seed)
    reasons: Counter[FinishReason] = Counter()
    for round_ in range(rounds):
        speakers = dice.sample(range(CHARACTERS), AT_ONCE)
        ids = [begin(engine, prompts, who, (seed + round_) * AT_ONCE + place) for place, who in enumerate(speakers)]
        ended = [update for _ in range(dice.randint(0, STEPS)) for update in polled(engine)]
        for job_id in ids:
            engine.cancel(job_id)
        open_ = set(ids) - {end.id for end in ended}
        ended += finish(engine, open_)
        assert sorted(end.id for end in ended) == sorted(ids), "every task ends once"
        reasons.update(end.reason for end in ended)
    return reasons


def begin(engine: Engine, prompts: list[list[int]], who: int, job_id: int) -> int:
    """A line of which the first half of the prompt is known, and the rest is not."""
    tokens = prompts[who][:PROMPT_TOKENS] + prompts[job_id % CHARACTERS][: job_id % 90 + 1]
    slot = TextSlot(max_tokens=40)
    engine.start(EngineTask(job_id, str(who), tuple(tokens), (slot,), Sampling(temperature=0.7), Plan(40, 40)))
    return job_id


def finish(engine: Engine, ids: Any) -> list[Finished]:
    """The ends of these tasks."""
    waiting, ended = set(ids), list[Finished]()
    while waiting:
        for end in polled(engine):
            waiting.discard(end.id)
            ended.append(end)
    return ended


def polled(engine: Engine) -> list[Finished]:
    """What ended within a step."""
    updates = engine.poll(SystemClock().now_ns() + 20 * NS_PER_MS)
    return [update for update in updates if isinstance(update, Finished)]


def report(engine: Any, tasks: int) -> None:
    """Memory of this process, and who holds what, where the engine counts it."""
    line = f"after {tasks:5,} tasks: {psutil.Process().memory_info().rss / 2**20:,.0f} MiB"
    if engine.caps.name == "openvino":
        held = [block for holder in engine._cache.holders() for block in holder.blocks]
        busy = sum(holder.busy for holder in engine._cache.holders())
        free = engine._cache.free_blocks
        line += (
            f"; blocks: {free} free + {len(held)} held ({len(set(held))} different) = {free + len(held)}; {busy} busy"
        )
    print(line)


if __name__ == "__main__":
    main()

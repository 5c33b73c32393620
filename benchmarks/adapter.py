"""What an adapter costs llama.cpp: reading and writing with it against without, in turn, in the same process.

python benchmarks/adapter.py --model qwen2.5-coder-0.5b
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import Any

from npc_engine.cli.adapter_options import Adapting
from npc_engine.cli.engine_options import worker_config
from npc_engine.engines.llama_server import LlamaServer, ServerOptions

PROMPT_TOKENS, LINE_TOKENS, CONTEXT_TOKENS = 500, 30, 2_048
SHEET = "You are a cook in an old inn by the river. "


def measure(model: Path, adapter: Path | None, runs: int, threads: int) -> tuple[float, float]:
    """Milliseconds a token, read and written: medians of `runs` prompts that share nothing."""
    server = LlamaServer(ServerOptions(model, 1, CONTEXT_TOKENS, threads, 0, 0, adapter))
    read_ms, written_ms = [], []
    try:
        sheet = list(server.tokenise(SHEET * PROMPT_TOKENS, False))[:PROMPT_TOKENS]
        for run in range(runs):
            timings: list[dict[str, Any]] = []
            request = {
                "prompt": [1_000 + run, *sheet],
                "max_tokens": LINE_TOKENS,
                "temperature": 0.0,
                "ignore_eos": True,
                "cache_prompt": False,
                "stream": True,
                "timings_per_token": True,
            }
            server.complete(request, lambda event, seen=timings: seen.append(event.get("timings")))
            last = [each for each in timings if each][-1]
            read_ms.append(last["prompt_ms"] / last["prompt_n"])
            written_ms.append(last["predicted_ms"] / last["predicted_n"])
    finally:
        server.close()
    return median(read_ms), median(written_ms)


def main() -> None:
    """Prints both and their ratio, for each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--adapter", type=Path, help="default: the one that comes with the model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    spec = worker_config(
        engine="llama",
        model=asked.model,
        threads=asked.threads,
        parallel=1,
        context_tokens=CONTEXT_TOKENS,
        options=[],
        log_level="WARNING",
        adapting=Adapting(asked.adapter),
    ).spec
    if spec.path is None or spec.adapter is None:
        parser.error(f"{asked.model} comes without an adapter; name one with --adapter")
    for number in range(1, asked.rounds + 1):
        plain = measure(spec.path, None, asked.runs, asked.threads)
        adapted = measure(spec.path, spec.adapter, asked.runs, asked.threads)
        told = [
            f"{what} {before:.2f} -> {after:.2f} ms a token ({after / before:.2f})"
            for what, before, after in zip(("read", "written"), plain, adapted, strict=True)
        ]
        print(f"round {number}: {', '.join(told)}", flush=True)


if __name__ == "__main__":
    main()

"""The diffusion engine on a graphics card, in one command: is it right, and how fast is it.

    python benchmarks/diffusion_gpu.py --json diffusion_gpu.json      # minutes; about 80 GB of graphics memory
    python benchmarks/diffusion_gpu.py --tiny                         # the same on a CPU with a tiny model: a rehearsal

First, one step of a model with two layers of the real size is compared with the CPU's in float32. Then the whole model,
of random weights, is measured in bf16 and FP8 beside Hugging Face's `generate()`. The tables come last.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from npc_engine.cli.bench_diffusion import numbers, print_report
from npc_engine.cli.engine_options import DIFFUSION, worker_config
from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.fp8 import quantise, takes_fp8
from npc_engine.engines.diffusion.head import Head
from npc_engine.engines.diffusion.layout import Shape, build
from npc_engine.engines.diffusion.measure import Asked, Report, measure
from npc_engine.engines.diffusion.prefix_store import MIB, PrefixStore
from npc_engine.engines.diffusion.random_weights import FULL, TINY, RandomSource, random_source
from npc_engine.engines.diffusion.trunk import Span, Trunk
from npc_engine.engines.diffusion.weights import Matrix, Weights
from npc_engine.errors import NpcError

CPU = torch.device("cpu")
#: Two layers of the real size, one of each kind, with fewer experts and words: under 2 GB in float32.
CUT = msgspec.structs.replace(FULL, layers=FULL.layers[4:6], experts=16, vocab_size=32_768)
CUT_TINY = msgspec.structs.replace(TINY, layers=TINY.layers[4:6])
WEIGHTS = ("bf16", "fp8")
#: How far the logits of the median position may be from float32's on the CPU: norm of the difference over the norm. A
#: router torn between two experts may take the other one, so these are rough where numbers are. On a CPU, bf16 is 0.07
#: and FP8 0.35 away.
FAR = {"fp32": 0.001, "bf16": 0.15, "fp8": 0.6}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp8": torch.bfloat16}
PROMPT, WIDTH = 96, 64


@dataclass(frozen=True, slots=True)
class Moved:
    """The tensors of another source, brought to a device, in FP8 if so wished."""

    source: RandomSource
    device: torch.device
    dtype: torch.dtype
    fp8: bool

    def vector(self, name: str, shape: Shape) -> Tensor:
        return self.source.vector(name, shape).to(self.device, self.dtype)

    def table(self, name: str, shape: Shape) -> Tensor:
        return self.source.table(name, shape).to(self.device, self.dtype)

    def matrix(self, name: str, shape: Shape) -> Matrix:
        drawn = self.source.matrix(name, shape).data.to(self.device)
        return quantise(drawn) if self.fp8 and takes_fp8(name) else Matrix(drawn.to(self.dtype))


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="tiny models on the CPU")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.tiny:
        torch.set_num_threads(1)
        device, cut, asked = CPU, CUT_TINY, Asked((32, 64), (1, 4), steps=4, prompt=100, repeats=2)
    else:
        device, cut, asked = torch.device("cuda"), CUT, Asked((32, 64, 128, 256), (1, 4, 16))
    far = dict(distances(cut, device))
    reports: dict[str, Report | str] = {weights: run(weights, asked, device) for weights in WEIGHTS}
    if arguments.json:
        rows = {key: numbers(each) if isinstance(each, Report) else each for key, each in reports.items()}
        arguments.json.write_text(json.dumps({"distance": far, "reports": rows}, indent=2) + "\n", encoding="utf-8")
    print(f"\n{time.monotonic() - began:.0f} s in all")
    for weights, distance in far.items():
        verdict = "ok" if distance <= FAR[weights] else "TOO FAR"
        print(
            f"one step in {weights} against float32 on the CPU: {distance:.4f} apart (at most {FAR[weights]}) {verdict}"
        )
    for weights, report in reports.items():
        print(f"\n{weights}")
        print_report(report) if isinstance(report, Report) else print(report)
    if any(distance > FAR[weights] for weights, distance in far.items()):
        raise SystemExit(1)


def distances(config: ModelConfig, device: torch.device) -> Iterator[tuple[str, float]]:
    """How far one step's logits are from float32's, by weights."""
    exact = logits(_weights(config, CPU, torch.float32, fp8=False))
    for weights, dtype in DTYPES.items():
        print(f"one step of two layers in {weights} ...", flush=True)
        found = logits(_weights(config, device, dtype, fp8=weights == "fp8"))
        yield weights, float(((found - exact).norm(dim=1) / exact.norm(dim=1)).median())


def logits(weights: Weights) -> Tensor:
    """Of a canvas of noise behind a prompt of random words, `(C, V)` in float32 on the CPU."""
    words = torch.randint(16, weights.config.vocab_size, (PROMPT + WIDTH,), generator=torch.Generator().manual_seed(0))
    trunk, head = Trunk(weights), Head(weights)
    store = PrefixStore(weights.config, dtype=weights.dtype, device=weights.device, device_bytes=64 * MIB)
    chain = store.open(())
    with torch.no_grad():
        rows = head.embed(words.to(weights.device))
        chain.reserve(PROMPT)
        trunk.forward(rows[:PROMPT], [Span(chain, PROMPT, True)])
        chain.advance(words[:PROMPT].tolist())
        canvas = trunk.condition(rows[PROMPT:], torch.zeros_like(rows[PROMPT:]))
        hidden = trunk.forward(canvas, [Span(chain, WIDTH, False)]).float()
        scores = hidden @ weights.embedding.float().T
    chain.close()
    return (torch.tanh(scores / weights.config.logit_softcap) * weights.config.logit_softcap).cpu()


def run(weights: str, asked: Asked, device: torch.device) -> Report | str:
    """Measure a random model; a sentence if it cannot be."""
    size = "tiny" if device == CPU else "full"
    print(f"measuring a {size} model in {weights} ...", flush=True)
    options = [f"random_weights={size}", f"weights={weights}", f"device={device.type}"]
    try:
        config = worker_config(
            engine=DIFFUSION,
            model=None,
            threads=1 if device == CPU else 0,
            parallel=max(asked.batches),
            context_tokens=asked.prompt + max(asked.canvases),
            options=options,
            log_level="WARNING",
        )
        return measure(config.spec, asked, lambda part, what: print(f"  {part:4.0%} {what}", flush=True))
    except NpcError as error:
        return str(error)
    finally:
        gc.collect()
        torch.cuda.empty_cache()


def _weights(config: ModelConfig, device: torch.device, dtype: torch.dtype, *, fp8: bool) -> Weights:
    """The same numbers every time, up to rounding."""
    return build(config, Moved(random_source(0, dtype=torch.float32, device=CPU), device, dtype, fp8))


if __name__ == "__main__":
    main()

"""The diffusion engine's kernels on a graphics card, each alone: is it right, and how far from the least it can take.

    python benchmarks/diffusion_kernels.py --json kernels.json     # on a graphics card
    python benchmarks/diffusion_kernels.py --rows 64 256           # only so many rows
    python benchmarks/diffusion_kernels.py --tiny                  # in Triton's interpreter on a CPU: a rehearsal

At the sizes of the real model, each kernel is first compared with the plain version in torch; if one is wrong, nothing
more is timed. It runs inside a CUDA graph, as in the engine, beside the best that torch has for the same, over copies
of weights that do not fit the card's cache. The floor is computed: bytes by bandwidth or operations by speed, whichever
takes longer, with an H200's measured ceilings. The tables come last.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

if "--tiny" in sys.argv:
    os.environ["TRITON_INTERPRET"] = "1"  # before anybody imports Triton

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.fp8 import quantise
from npc_engine.engines.diffusion.int4 import quantise_int4
from npc_engine.engines.diffusion.kernels import grouped_experts, quantised_linear, varlen_attention, vocabulary_head
from npc_engine.engines.diffusion.kernels.device import grouped_experts as device_experts
from npc_engine.engines.diffusion.kernels.device import quantised_linear as device_linear
from npc_engine.engines.diffusion.kernels.device import varlen_attention as device_attention
from npc_engine.engines.diffusion.kernels.device import vocabulary_head as device_head
from npc_engine.engines.diffusion.kernels.varlen_attention import Spans, tile_list
from npc_engine.engines.diffusion.kernels.vocabulary_head import Unembedding
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.random_weights import FULL, TINY
from npc_engine.engines.diffusion.weights import Matrix

#: Measured ceilings of an H200: bytes a second read and written, bf16 operations a second.
BANDWIDTH, SPEED = 4.3e12, 790e12
ROWS = (64, 128, 256, 512, 1_024, 2_048, 4_096)
FORMATS: dict[str, Callable[[Tensor], Matrix]] = {"bf16": Matrix, "fp8": quantise, "int4": quantise_int4}
#: Tokens before each canvas; the second is a long game's.
CONTEXTS = (600, 4_000)
CANVAS, BLOCK_TOKENS = 64, 32
#: How far a kernel may be from torch: norm of the difference over the norm.
FAR = {torch.bfloat16: 1e-2, torch.float32: 1e-4}
#: Copies of small weights, so that the next call finds none of them in the cache.
COPIES_BYTES, COPIES_MOST = 2**28, 12
TOPS = (64, 256, 1_024)


@dataclass(frozen=True)
class Case:
    """One kernel at one size. `kernel` and `torch_way` are lists of the same call on copies of the weights; `moved`
    bytes and `operations` are what one call cannot do without. `torch_way` may be unfit for a CUDA graph (`eager`)."""

    name: str
    weights: str
    rows: int
    kernel: Sequence[Callable[[], Tensor]]
    torch_way: Sequence[Callable[[], Tensor]]
    eager: bool
    expected: Callable[[], Tensor]
    moved: float
    operations: float

    @property
    def floor_ms(self) -> float:
        return 1e3 * max(self.moved / BANDWIDTH, self.operations / SPEED)


@dataclass(frozen=True)
class Row:
    """A line of the table; times in ms, `far` is the relative norm of the difference from torch."""

    name: str
    weights: str
    rows: int
    kernel_ms: float
    floor_ms: float
    torch_ms: float
    far: float


@dataclass(frozen=True)
class Bench:
    """Where, how large, and in what type."""

    config: ModelConfig
    device: torch.device
    dtype: torch.dtype

    def normal(self, *shape: int, std: float = 1.0, seed: int = 0) -> Tensor:
        generator = torch.Generator(self.device).manual_seed(seed)
        drawn = torch.empty(shape, dtype=self.dtype, device=self.device)
        return drawn.normal_(0.0, std, generator=generator)

    def copies(self, nbytes: int) -> int:
        return 1 if self.device.type == "cpu" else max(1, min(COPIES_MOST, -(-COPIES_BYTES // nbytes)))


def main() -> None:
    """Check, time, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="tiny sizes on the CPU: its times mean nothing")
    parser.add_argument("--rows", type=int, nargs="+", help=f"row counts, default {' '.join(map(str, ROWS))}")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    asked = parser.parse_args()
    if not asked.tiny and not torch.cuda.is_available():
        raise SystemExit("no graphics card that torch can use; --tiny rehearses on the CPU")
    if asked.tiny:
        tiny = msgspec.structs.replace(TINY, vocab_size=1_000)
        bench = Bench(tiny, torch.device("cpu"), torch.float32)
    else:
        bench = Bench(FULL, torch.device("cuda"), torch.bfloat16)
    sizes = asked.rows or ((16, 64) if asked.tiny else ROWS)
    with torch.no_grad():
        lines = [measured(bench, case) for case in cases(bench, sizes)]
        drifts = drift(bench, sizes[0], sizes[-1])
        errors = list(likeliest_errors(bench, sizes[0]))
    report(bench, lines, drifts, errors)
    if asked.json:
        found = {
            "hardware": hardware(bench),
            "torch": torch.__version__,
            "kernels": [asdict(line) for line in lines],
            "drift": drifts,
            "likeliest_only": errors,
        }
        asked.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


def cases(bench: Bench, sizes: Sequence[int]) -> Iterator[Case]:
    """All kernels at all sizes; large weights are made once for all row counts."""
    for rows in sizes:
        yield from head_cases(bench, rows)
    for weights in FORMATS:
        inner, outer = expert_matrices(bench, weights)
        for rows in sizes:
            yield expert_case(bench, weights, inner, outer, rows)
        del inner, outer
    for context in CONTEXTS if bench.device.type == "cuda" else (70,):
        for rows in sizes:
            yield from attention_cases(bench, rows, context)
    for weights in ("fp8", "int4"):
        for rows in sizes:
            yield linear_case(bench, weights, rows)


def measured(bench: Bench, case: Case) -> Row:
    """Compare with torch, then time both."""
    print(f"{case.name}, {case.weights}, {case.rows} rows ...", flush=True)
    found, expected = case.kernel[0]().double(), case.expected().double()
    far = float((found - expected).norm() / expected.norm())
    if not far <= FAR[bench.dtype]:
        raise SystemExit(f"wrong: {case.name} in {case.weights} at {case.rows} rows is {far:.2g} from torch")
    del found, expected
    kernel_ms = timed(bench, case.kernel, eager=False)
    torch_ms = timed(bench, case.torch_way, eager=case.eager)
    return Row(case.name, case.weights, case.rows, kernel_ms, case.floor_ms, torch_ms, far)


def timed(bench: Bench, calls: Sequence[Callable[[], Tensor]], *, eager: bool) -> float:
    """Milliseconds for one of `calls`: the median of several rounds."""
    if bench.device.type == "cpu":
        start = time.perf_counter()
        calls[0]()
        return 1e3 * (time.perf_counter() - start)

    def around() -> None:
        for call in calls:
            call()

    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        around()  # compiles, and lets cuBLAS choose
        around()
    torch.cuda.current_stream().wait_stream(side)
    again = around
    if not eager:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            around()
        again = graph.replay
    times = []
    for _ in range(20):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        again()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[len(times) // 2] / len(calls)


def noise_keys(bench: Bench, rows: int) -> Keys:
    """Those of canvases side by side."""
    each = torch.arange(rows, device=bench.device)
    return Keys(each * 7, each // CANVAS, each * 0, each % CANVAS)


def unembedding(bench: Bench, std: float = 0.12) -> Unembedding:
    """A head of random numbers, spread as the random model's is by default."""
    config = bench.config
    scale = torch.tensor(config.hidden_size**0.5, device=bench.device).to(bench.dtype)
    return Unembedding(bench.normal(config.vocab_size, config.hidden_size, std=std), config.logit_softcap, scale)


def head_cases(bench: Bench, rows: int) -> Iterator[Case]:
    """A step, the last step, and one that expects the likeliest tokens only."""
    head, hidden = unembedding(bench), bench.normal(rows, bench.config.hidden_size, seed=1)
    warmth, keys = torch.full((rows,), 0.6, device=bench.device), noise_keys(bench, rows)
    moved, operations = head.embedding.nbytes, 2.0 * rows * head.embedding.numel()
    check_tokens(bench, head, hidden, warmth, keys)
    whole = Case(
        "head",
        "bf16",
        rows,
        [lambda: device_head.read_vocabulary(hidden, head, warmth, keys).soft],
        [lambda: vocabulary_head.reference(hidden, head, warmth, keys).soft],
        False,
        lambda: vocabulary_head.reference(hidden, head, warmth, keys).soft,
        2 * moved,
        2 * operations,
    )
    yield whole
    yield replace(
        whole,
        name="head, last step",
        kernel=[lambda: device_head.read_last(hidden, head, warmth).entropy],
        torch_way=[lambda: vocabulary_head.reference_last(hidden, head, warmth).entropy],
        expected=lambda: vocabulary_head.reference_last(hidden, head, warmth).entropy,
        moved=moved,
        operations=operations,
    )
    top = TOPS[1] if bench.device.type == "cuda" else 8
    yield replace(
        whole,
        name=f"head, {top} likeliest",
        kernel=[lambda: device_head.read_vocabulary(hidden, head, warmth, keys, top).soft],
        torch_way=[lambda: vocabulary_head.reference(hidden, head, warmth, keys, top).soft],
        expected=lambda: vocabulary_head.reference(hidden, head, warmth, keys, top).soft,
        moved=moved,
        operations=operations,
    )


def check_tokens(bench: Bench, head: Unembedding, hidden: Tensor, warmth: Tensor, keys: Keys) -> None:
    """Where the best two are clearly apart, the kernel has to say the same token as torch."""
    found = device_head.read_vocabulary(hidden, head, warmth, keys)
    expected = vocabulary_head.reference(hidden, head, warmth, keys)
    clear = []
    for rows in hidden.split(256):
        best = (rows @ head.embedding.T).float().topk(2, dim=-1).values
        clear.append(best[:, 0] - best[:, 1] > FAR[bench.dtype] * best[:, 0].abs())
    sure = torch.cat(clear)
    wrong = int((sure & (found.best != expected.best)).sum())
    drawn = float((found.drawn == expected.drawn).float().mean())
    print(f"  {int(sure.sum())} of {len(sure)} rows are clear, {wrong} wrong; {drawn:.1%} drawn alike", flush=True)
    if wrong:
        raise SystemExit("wrong: the head's likeliest token differs from torch's where it is clear")


def expert_matrices(bench: Bench, weights: str) -> tuple[Matrix, Matrix]:
    """One layer's experts."""
    config, make = bench.config, FORMATS[weights]
    width, size = config.hidden_size, config.expert_size
    inner = make(bench.normal(config.experts, 2 * size, width, std=width**-0.5))
    return inner, make(bench.normal(config.experts, width, size, std=size**-0.5, seed=1))


def routed(bench: Bench, rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, and where a router that favours nobody sends them: the most experts that can be asked for."""
    config = bench.config
    chances = bench.normal(rows, config.experts, seed=2).float().softmax(-1)
    weight, picked = chances.topk(config.experts_per_token, dim=-1)
    return bench.normal(rows, config.hidden_size, seed=3), picked, weight


def expert_case(bench: Bench, weights: str, inner: Matrix, outer: Matrix, rows: int) -> Case:
    """One layer's mixture, beside torch's grouped product in bf16 and one expert after the other in other formats."""
    inputs, picked, weight = routed(bench, rows)
    config = bench.config
    asked = int(picked.unique().numel())
    grouped = torch_grouped(inputs, picked, weight, inner, outer) if weights == "bf16" else None
    return Case(
        "experts",
        weights,
        rows,
        [lambda: device_experts.run_experts(inputs, picked, weight, inner, outer)],
        [grouped or (lambda: grouped_experts.reference(inputs, picked, weight, inner, outer))],
        grouped is None,
        lambda: grouped_experts.reference(inputs, picked, weight, inner, outer),
        (inner.nbytes + outer.nbytes) * asked / config.experts + 2 * inputs.nbytes,
        2.0 * picked.numel() * 3 * config.hidden_size * config.expert_size,
    )


def torch_grouped(
    inputs: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix
) -> Callable[[], Tensor] | None:
    """Torch's grouped product on rows sorted beforehand, which flatters it; None where this torch or card has none."""
    multiply = getattr(functional, "grouped_mm", None) or getattr(torch, "_grouped_mm", None)
    order = picked.flatten().argsort(stable=True)
    row = order // picked.shape[-1]
    ends = torch.bincount(picked.flatten(), minlength=len(inner.data)).cumsum(0).to(torch.int32)
    share = weight.flatten()[order, None]

    def call() -> Tensor:
        assert multiply is not None
        gate, up = multiply(inputs[row], inner.data.transpose(1, 2), offs=ends).chunk(2, dim=-1)
        made = multiply(functional.gelu(gate, approximate="tanh") * up, outer.data.transpose(1, 2), offs=ends)
        total = torch.zeros_like(inputs)
        return total.index_add_(0, row, (made * share).to(total.dtype))

    if multiply is None or not inputs.is_cuda:
        return None
    try:
        call()
    except (RuntimeError, NotImplementedError) as error:
        print(f"  torch's grouped product does not run here: {error}", flush=True)
        return None
    return call


def attention_cases(bench: Bench, rows: int, context: int) -> Iterator[Case]:
    """Canvases of `CANVAS` rows, each behind a prompt of its own."""
    canvases, width = max(1, rows // CANVAS), min(rows, CANVAS)
    blocks_each = -(-context // BLOCK_TOKENS)
    table = torch.randperm(canvases * blocks_each, device=bench.device).to(torch.int32).view(canvases, -1)
    start = torch.arange(0, canvases * width, width, dtype=torch.int32, device=bench.device)
    same = torch.ones_like(start)
    tiles = torch.tensor(tile_list([width] * canvases), dtype=torch.int32, device=bench.device)
    spans = Spans(start, same * width, same * context, same * 0, table, tiles)
    layers = {layer.head_dim: layer for layer in bench.config.layers}
    for layer in layers.values():
        yield attention_case(bench, layer, spans, canvases * width, context)


def attention_case(bench: Bench, layer: LayerConfig, spans: Spans, rows: int, context: int) -> Case:
    """One layer's attention, beside torch's, one sequence after the other."""
    heads, kv_heads, dim = bench.config.heads, layer.kv_heads, layer.head_dim
    queries = bench.normal(rows, heads, dim, std=dim**-0.5)
    own = bench.normal(2, rows, kv_heads, dim, seed=1)
    shape = (spans.table.numel(), 1, 2, BLOCK_TOKENS, kv_heads, dim)
    seen = min(context, layer.window - 1) if layer.is_sliding else context
    width = rows // len(spans.start)
    moved = 2 * (seen * len(spans.start) + rows) * kv_heads * dim * queries.element_size() + 2 * queries.nbytes
    caches = [bench.normal(*shape, seed=2 + copy) for copy in range(bench.copies(int(moved)))]

    def call(attend: Callable[..., Tensor], cache: Tensor) -> Callable[[], Tensor]:
        return lambda: attend(queries, own[0], own[1], cache[:, 0, 0], cache[:, 0, 1], spans, layer.window)

    return Case(
        f"attention {dim}, {context} before",
        "bf16",
        rows,
        [call(device_attention.attend, cache) for cache in caches],
        [call(varlen_attention.reference, cache) for cache in caches],
        True,
        call(varlen_attention.reference, caches[0]),
        moved,
        4.0 * rows * heads * dim * (seen + width),
    )


def linear_case(bench: Bench, weights: str, rows: int) -> Case:
    """The projection of queries of a sliding layer; cuBLAS multiplies by the same matrix in bf16."""
    config = bench.config
    width = config.heads * config.layers[0].head_dim
    inputs = bench.normal(rows, config.hidden_size, seed=1)
    copies = bench.copies(width * config.hidden_size)
    made = [
        FORMATS[weights](bench.normal(width, config.hidden_size, std=config.hidden_size**-0.5, seed=copy))
        for copy in range(copies)
    ]
    plain = [matrix.dense(bench.dtype) for matrix in made]

    def kernel(matrix: Matrix) -> Callable[[], Tensor]:
        assert matrix.scale is not None
        scale = matrix.scale
        return lambda: device_linear.quantised_linear(inputs, matrix.data, scale)

    def dense(matrix: Tensor) -> Callable[[], Tensor]:
        return lambda: functional.linear(inputs, matrix)

    first = made[0]
    assert first.scale is not None
    scale = first.scale
    return Case(
        "linear",
        weights,
        rows,
        [kernel(matrix) for matrix in made],
        [dense(matrix) for matrix in plain],
        False,
        lambda: quantised_linear.reference(inputs, first.data, scale),
        first.nbytes + inputs.nbytes * (1 + width / config.hidden_size),
        2.0 * rows * width * config.hidden_size,
    )


def drift(bench: Bench, few: int, many: int) -> dict[str, float]:
    """How far the same rows are from themselves in a step of more rows: the relative norm, per kernel."""
    head, hidden = unembedding(bench), bench.normal(many, bench.config.hidden_size, seed=1)
    warmth, keys = torch.full((many,), 0.6, device=bench.device), noise_keys(bench, many)

    def soft(count: int) -> Tensor:
        read = device_head.read_vocabulary(hidden[:count], head, warmth[:count], Keys(*(key[:count] for key in keys)))
        return read.soft[:few]

    found = {"head": apart(soft(few), soft(many))}
    for weights in FORMATS:
        inner, outer = expert_matrices(bench, weights)
        inputs, picked, weight = routed(bench, many)
        said = [
            device_experts.run_experts(inputs[:count], picked[:count], weight[:count], inner, outer)[:few]
            for count in (few, many)
        ]
        found[f"experts {weights}"] = apart(*said)
        if weights != "bf16":
            matrix = inner.part(0)
            assert matrix.scale is not None
            products = [
                device_linear.quantised_linear(inputs[:n], matrix.data, matrix.scale)[:few] for n in (few, many)
            ]
            found[f"linear {weights}"] = apart(*products)
    return found


def apart(found: Tensor, other: Tensor) -> float:
    """The norm of the difference over the norm."""
    return float((found.double() - other.double()).norm() / other.double().norm())


def likeliest_errors(bench: Bench, rows: int) -> Iterator[dict[str, float]]:
    """What is lost if only the likeliest tokens count in what is expected. `spread` is the embedding's: the larger, the
    surer the model; its entropy is told beside it."""
    hidden = bench.normal(rows, bench.config.hidden_size, seed=1)
    warmth, keys = torch.full((rows,), 0.6, device=bench.device), noise_keys(bench, rows)
    for spread in (0.02, 0.12, 0.4):
        head = unembedding(bench, spread)
        full = device_head.read_vocabulary(hidden, head, warmth, keys)
        for top in TOPS if bench.device.type == "cuda" else (8, 64):
            few = device_head.read_vocabulary(hidden, head, warmth, keys, top)
            entropy = float(full.entropy.mean())
            yield {"spread": spread, "entropy": entropy, "top": top, "error": apart(few.soft, full.soft)}


def hardware(bench: Bench) -> str:
    """What was measured on."""
    return torch.cuda.get_device_name() if bench.device.type == "cuda" else "CPU, Triton's interpreter"


def report(bench: Bench, lines: Sequence[Row], drifts: dict[str, float], errors: Sequence[dict[str, float]]) -> None:
    """The tables."""
    print(f"\n{hardware(bench)}, torch {torch.__version__}\n")
    print("| kernel | weights | rows | ms | floor ms | × floor | torch ms | × torch | from torch |")
    print("|---|---|---|---|---|---|---|---|---|")
    for line in lines:
        over, gain = line.kernel_ms / line.floor_ms, line.torch_ms / line.kernel_ms
        print(
            f"| {line.name} | {line.weights} | {line.rows} | {line.kernel_ms:.3f} | {line.floor_ms:.3f} | {over:.2f} "
            f"| {line.torch_ms:.3f} | {gain:.1f} | {line.far:.1e} |"
        )
    print("\n| same rows in a larger step | relative difference |\n|---|---|")
    for name, difference in drifts.items():
        print(f"| {name} | {difference:.1e} |")
    print("\n| only the likeliest expected | mean entropy | relative error |\n|---|---|---|")
    for each in errors:
        print(f"| {each['top']:.0f} | {each['entropy']:.2f} | {each['error']:.1e} |")


if __name__ == "__main__":
    main()

"""Compiles the kernels for a card that is not here, at the sizes of the real model, and says what each takes.

    python compile_kernels.py 90     # the compute capability without its dot: an H100 or H200; 89: an RTX 40

Triton brings its compiler and NVIDIA's assembler, so all but running can be tried. It prints a line of JSON for each
kernel: its name, bytes of shared memory, bytes a thread spills to the stack, and whether it uses tensor cores.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.pop("TRITON_INTERPRET", None)
os.environ["TRITON_DEFAULT_FP_FUSION"] = "1"

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

from npc_engine.engines.diffusion.kernels.device import fresh_tokens, grouped_experts, quantised_linear, vocabulary_head
from npc_engine.engines.diffusion.kernels.device import varlen_attention as attention
from npc_engine.engines.diffusion.kernels.varlen_attention import Spans, tiles_at_most
from npc_engine.engines.diffusion.kernels.vocabulary_head import Unembedding
from npc_engine.engines.diffusion.noise import Keys, Use
from npc_engine.engines.diffusion.random_weights import FULL
from npc_engine.engines.diffusion.weights import Matrix

CUOBJDUMP = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
BF16 = torch.bfloat16


class Absent:
    """A driver for a card that is not here."""

    def __init__(self, capability: int) -> None:
        self._target = GPUTarget("cuda", capability, 32)

    def get_current_target(self) -> GPUTarget:
        return self._target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


def compile_only(kernel: JITFunction, grid: object) -> Any:
    def launch(*args: object, **kwargs: object) -> None:
        compiled = kernel.run(*args, grid=grid, warmup=True, **kwargs)
        with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
            file.write(compiled.asm["cubin"])
            file.flush()
            usage = subprocess.run([CUOBJDUMP, "-res-usage", file.name], capture_output=True, text=True, check=True)
        found = {
            "name": kernel.fn.__name__,
            "shared": compiled.metadata.shared,
            "stack": int(re.findall(r"STACK:(\d+)", usage.stdout)[0]),
            "tensor_cores": "mma" in compiled.asm["ptx"],
        }
        print(json.dumps(found), flush=True)

    return launch


def empty(*shape: int, dtype: torch.dtype = BF16) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype)  # no kernel runs, so it never takes memory


def matrix(kind: str, *shape: int) -> Matrix:
    *rest, into = shape
    if kind == "int4":
        return Matrix(empty(*rest, into // 8, dtype=torch.int32), empty(*rest, into // 32))
    if kind == "fp8":
        return Matrix(empty(*shape, dtype=torch.float8_e4m3fn), empty(*rest, 1, dtype=torch.float32))
    return Matrix(empty(*shape))


def compile_experts(kind: str, rows: int) -> None:
    hidden, size = FULL.hidden_size, FULL.expert_size
    picked = torch.zeros(rows, FULL.experts_per_token, dtype=torch.int64)
    inner = matrix(kind, FULL.experts, 2 * size, hidden)
    weight = empty(*picked.shape, dtype=torch.float32)
    grouped_experts.run_experts(empty(rows, hidden), picked, weight, inner, matrix(kind, FULL.experts, hidden, size))


def compile_linear(kind: str, rows: int) -> None:
    weights = matrix(kind, 4_096, FULL.hidden_size)
    quantised_linear.quantised_linear(empty(rows, FULL.hidden_size), weights.data, weights.scale)


def compile_attention(rows: int) -> None:
    some = torch.zeros(4, dtype=torch.int32)
    spans = Spans(some, some, some, some, some.repeat(4, 64), torch.zeros(tiles_at_most(rows, 4), 2, dtype=torch.int32))
    for layer in {(each.kv_heads, each.head_dim): each for each in FULL.layers}.values():
        mine = empty(rows, layer.kv_heads, layer.head_dim)
        blocks = empty(8, 2, 2, 32, layer.kv_heads, layer.head_dim)
        queries = empty(rows, FULL.heads, layer.head_dim)
        attention.attend(queries, mine, mine, blocks[:, 0, 0], blocks[:, 0, 1], spans, layer.window)
        attention.write_rows(mine, mine, blocks[:, 0, 0], blocks[:, 0, 1], some[:1].expand(rows))


def compile_head(rows: int) -> None:
    head = Unembedding(torch.zeros(2**17, 16, dtype=BF16), 30.0, torch.ones((), dtype=BF16))
    number, warmth = torch.zeros(rows, dtype=torch.int64), torch.ones(rows)
    hidden = torch.zeros(rows, 16, dtype=BF16)
    vocabulary_head.read_vocabulary(hidden, head, warmth, Keys(number, number, number, number))
    vocabulary_head.read_last(hidden, head, warmth)
    fresh_tokens.fresh_tokens(Keys(number, number, number, number), FULL.vocab_size, Use.RENOISE)


def main() -> None:
    capability = int(sys.argv[1])
    driver.set_active(Absent(capability))
    JITFunction.__getitem__ = compile_only  # type: ignore[method-assign]
    kinds = ("int4",) if capability < 90 else ("plain", "fp8", "int4")
    for kind in kinds:
        compile_experts(kind, 64)
        if kind != "plain":
            compile_linear(kind, 64)
    compile_attention(64)
    if capability >= 90:
        compile_experts("plain", 1_024)
        compile_attention(1_024)
        compile_head(64)


if __name__ == "__main__":
    main()

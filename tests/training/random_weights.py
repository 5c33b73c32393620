"""A small network of random weights that reads letters."""

from __future__ import annotations

import torch
from letters import VOCABULARY

from training.voice.network import MATRICES, Lora, Network, Shape


def random_network(
    architecture: str = "qwen2", lora: Lora | None = None, layers: int = 3, dtype: torch.dtype = torch.float32
) -> Network:
    """Two heads of keys for four of queries, so that sharing them is tried."""
    shape = Shape(architecture, layers, width=32, heads=4, kv_heads=2, rope_base=10_000.0, norm_epsilon=1e-6)
    generator = torch.Generator().manual_seed(3)

    def normal(*sizes: int) -> torch.Tensor:
        return torch.randn(*sizes, generator=generator) * 0.2

    kv = shape.kv_heads * shape.head_width
    outputs = dict(zip(MATRICES, (32, kv, kv, 32, 48, 48, 32), strict=True))
    inputs = dict(zip(MATRICES, (32, 32, 32, 32, 32, 32, 48), strict=True))
    tensors = {"token_embd.weight": normal(VOCABULARY, 32), "output_norm.weight": 1 + normal(32)}
    for layer in range(layers):
        for name in MATRICES:
            tensors[f"blk.{layer}.{name}.weight"] = normal(outputs[name], inputs[name])
        if architecture == "qwen2":
            tensors |= {f"blk.{layer}.{name}.bias": normal(outputs[name]) for name in ("attn_q", "attn_k", "attn_v")}
        tensors |= {f"blk.{layer}.{name}.weight": 1 + normal(32) for name in ("attn_norm", "ffn_norm")}
    torch.manual_seed(5)
    return Network(shape, {name: tensor.to(dtype) for name, tensor in tensors.items()}, lora)

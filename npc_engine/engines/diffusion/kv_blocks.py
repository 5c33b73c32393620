"""Keys and values in blocks of equal size (PagedAttention, Kwon et al. 2023): memory that does not fragment."""

from __future__ import annotations

import torch

from npc_engine.engines.diffusion.config import ModelConfig


def block_bytes(config: ModelConfig, block_tokens: int, dtype: torch.dtype) -> int:
    """What one block takes: keys and values of `block_tokens` tokens in every layer."""
    return config.kv_token_elements * block_tokens * dtype.itemsize


class KVBlocks:
    """`count` blocks of `block_tokens` tokens on one device; `free` lists those that nobody has.

    Layers of the same shape share one tensor `(blocks, layers, 2, block_tokens, kv_heads, head_dim)`, so a block moves
    with one copy per shape. `keys[layer]` and `values[layer]` are views `(blocks, block_tokens, kv_heads, head_dim)`.
    """

    def __init__(
        self,
        config: ModelConfig,
        count: int,
        block_tokens: int,
        *,
        dtype: torch.dtype,
        device: torch.device,
        pin_memory: bool = False,
    ) -> None:
        self.count = count
        self.block_tokens = block_tokens
        self.device = device
        self.free = list(range(count))
        shapes = [(layer.kv_heads, layer.head_dim) for layer in config.layers]
        # Zeros, so that a kernel that masks rows nobody wrote never multiplies a NaN.
        self._groups = {
            shape: torch.zeros(
                (count, shapes.count(shape), 2, block_tokens, *shape), dtype=dtype, device=device, pin_memory=pin_memory
            )
            for shape in dict.fromkeys(shapes)
        }
        places = [(self._groups[shape], shapes[:layer].count(shape)) for layer, shape in enumerate(shapes)]
        self.keys = [group[:, index, 0] for group, index in places]
        self.values = [group[:, index, 1] for group, index in places]

    def copy(self, block: int, target: KVBlocks, target_block: int) -> None:
        """Copies a whole block within the device or to `target`.

        Nothing waits for it on the CPU: whatever touches either block later is queued on the same CUDA stream.
        """
        for shape, group in self._groups.items():
            target._groups[shape][target_block].copy_(group[block], non_blocking=True)

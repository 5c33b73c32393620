"""The layers, over the packed rows of one step: canvases being denoised and prompts being read, side by side.

DiffusionGemma has an encoder, causal, that writes keys and values, and a decoder, bidirectional, that reads them. They
share every weight but one scalar per layer. So a step can do both kinds of rows in one pass: what differs is who sees
whom, and the scalar.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.config import LayerConfig
from npc_engine.engines.diffusion.kernels import grouped_experts, varlen_attention
from npc_engine.engines.diffusion.kernels.varlen_attention import Spans
from npc_engine.engines.diffusion.kv_blocks import KVBlocks
from npc_engine.engines.diffusion.rotary import angles, frequencies, rotate
from npc_engine.engines.diffusion.weights import LayerWeights, Matrix, Weights


class Seats(NamedTuple):
    """Where the `N` rows of a step belong: their `positions` `(N,)`, whether they are read `(N, 1)`, who sees whom, and
    where in the cache the keys and values of those that are read go, `slots` `(N,)`; -1 for those that leave none.
    Rows of no span are computed like others and mean nothing."""

    positions: Tensor
    is_read: Tensor
    spans: Spans
    slots: Tensor
    cache: KVBlocks


class Trunk:
    """Embedded rows in, hidden rows out."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._eps = weights.config.rms_norm_eps
        self._frequencies = {
            layer: frequencies(layer, weights.device) for layer in dict.fromkeys(weights.config.layers)
        }

    def forward(self, rows: Tensor, seats: Seats) -> Tensor:
        """`rows` `(N, H)` to hidden rows `(N, H)` after the last norm. Nothing here waits for the device."""
        angle = {layer: angles(known, seats.positions, rows.dtype) for layer, known in self._frequencies.items()}
        for index, layer in enumerate(self._weights.layers):
            shape = self._weights.config.layers[index]
            attended = self._attention(index, shape, self._norm(rows, layer.input_norm), angle[shape], seats)
            rows = rows + self._norm(attended, layer.post_attention_norm)
            fed = self._norm(self._dense(rows, layer), layer.post_dense_norm)
            fed = fed + self._norm(self._experts(rows, layer), layer.post_experts_norm)
            rows = rows + self._norm(fed, layer.post_layer_norm)
            rows = rows * torch.where(seats.is_read, layer.encoder_scalar, layer.decoder_scalar)
        return self._norm(rows, self._weights.final_norm)

    def condition(self, embedded: Tensor, soft: Tensor) -> Tensor:
        """Canvas rows `(N, H)` with what the step before made of them: its soft embeddings `(N, H)`."""
        weights = self._weights
        normed = self._norm(soft, weights.condition_norm)
        signal = _gated(normed, weights.condition_gate, weights.condition_up, weights.condition_down)
        return self._norm(embedded + signal, None)

    def _attention(
        self, index: int, shape: LayerConfig, rows: Tensor, angle: tuple[Tensor, Tensor], seats: Seats
    ) -> Tensor:
        layer = self._weights.layers[index]
        count, dim = len(rows), shape.head_dim
        queries = layer.query(rows).view(count, -1, dim)
        queries = rotate(self._norm(queries, layer.query_norm), angle)
        keys = layer.key(rows).view(count, -1, dim)
        values = keys if layer.value is None else layer.value(rows).view(count, -1, dim)
        keys = rotate(self._norm(keys, layer.key_norm), angle)
        values = self._norm(values, None)
        block_keys, block_values = seats.cache.keys[index], seats.cache.values[index]
        seen = varlen_attention.attend(queries, keys, values, block_keys, block_values, seats.spans, shape.window)
        varlen_attention.write_rows(keys, values, block_keys, block_values, seats.slots)
        return layer.output(seen.flatten(1))

    def _dense(self, rows: Tensor, layer: LayerWeights) -> Tensor:
        return _gated(self._norm(rows, layer.pre_dense_norm), layer.gate, layer.up, layer.down)

    def _experts(self, rows: Tensor, layer: LayerWeights) -> Tensor:
        """Each row through the experts that its router picks, weighted."""
        config = self._weights.config
        scores = self._norm(rows, None) * layer.router_scale * config.hidden_size**-0.5
        chances = functional.linear(scores, layer.router).softmax(-1, dtype=_accurate(rows.dtype))
        weight, picked = chances.topk(config.experts_per_token, dim=-1)
        weight = weight / weight.sum(-1, keepdim=True) * layer.expert_scale[picked]
        inputs = self._norm(rows, layer.pre_experts_norm)
        return grouped_experts.run_experts(inputs, picked, weight, layer.experts_in, layer.experts_out)

    def _norm(self, rows: Tensor, scale: Tensor | None) -> Tensor:
        """RMSNorm (Zhang & Sennrich, 2019) over the last dimension, in float32 at least."""
        exact = rows.to(_accurate(rows.dtype))
        normed = exact * torch.pow(exact.pow(2).mean(-1, keepdim=True) + self._eps, -0.5)
        return (normed if scale is None else normed * scale.to(normed.dtype)).to(rows.dtype)


def _accurate(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def _gelu(gate: Tensor) -> Tensor:
    return functional.gelu(gate, approximate="tanh")


def _gated(rows: Tensor, gate: Matrix, up: Matrix, down: Matrix) -> Tensor:
    return down(_gelu(gate(rows)) * up(rows))

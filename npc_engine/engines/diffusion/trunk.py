"""The layers, over the packed rows of one step: canvases being denoised and prompts being read, side by side.

DiffusionGemma has an encoder, causal, that writes keys and values, and a decoder, bidirectional, that reads them. They
share every weight but one scalar per layer. So a step can do both kinds of rows in one pass: what differs is who sees
whom, and the scalar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.config import LayerConfig
from npc_engine.engines.diffusion.prefix_store import Chain
from npc_engine.engines.diffusion.rotary import angles, frequencies, rotate
from npc_engine.engines.diffusion.weights import LayerWeights, Matrix, Weights


class Span(NamedTuple):
    """Consecutive rows of a step, all of one sequence. They stand behind what `chain` holds, in this order.

    Rows that are `read` see what is before them and leave their keys and values in the chain, which must have room
    reserved. Rows of a canvas see each other and everything before them, and leave nothing.
    """

    chain: Chain
    rows: int
    read: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A span and its rows' place in the step."""

    span: Span
    rows: slice


class Trunk:
    """Embedded rows in, hidden rows out."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._eps = weights.config.rms_norm_eps
        self._frequencies = {
            layer: frequencies(layer, weights.device) for layer in dict.fromkeys(weights.config.layers)
        }

    def forward(self, rows: Tensor, spans: Sequence[Span]) -> Tensor:
        """`rows` `(N, H)`, those of `spans` one after the other. Returns hidden rows `(N, H)` after the last norm."""
        places, positions = _places(spans, rows.device)
        angle = {layer: angles(known, positions, rows.dtype) for layer, known in self._frequencies.items()}
        is_read = torch.cat([torch.full((span.rows, 1), span.read, device=rows.device) for span in spans])
        for index, layer in enumerate(self._weights.layers):
            shape = self._weights.config.layers[index]
            attended = self._attention(index, shape, self._norm(rows, layer.input_norm), angle[shape], places)
            rows = rows + self._norm(attended, layer.post_attention_norm)
            fed = self._norm(self._dense(rows, layer), layer.post_dense_norm)
            fed = fed + self._norm(self._experts(rows, layer), layer.post_experts_norm)
            rows = rows + self._norm(fed, layer.post_layer_norm)
            rows = rows * torch.where(is_read, layer.encoder_scalar, layer.decoder_scalar)
        return self._norm(rows, self._weights.final_norm)

    def condition(self, embedded: Tensor, soft: Tensor) -> Tensor:
        """Canvas rows `(N, H)` with what the step before made of them: its soft embeddings `(N, H)`."""
        weights = self._weights
        normed = self._norm(soft, weights.condition_norm)
        signal = _gated(normed, weights.condition_gate, weights.condition_up, weights.condition_down)
        return self._norm(embedded + signal, None)

    def _attention(
        self, index: int, shape: LayerConfig, rows: Tensor, angle: tuple[Tensor, Tensor], places: Sequence[_Place]
    ) -> Tensor:
        layer = self._weights.layers[index]
        count, dim = len(rows), shape.head_dim
        queries = layer.query(rows).view(count, -1, dim)
        queries = rotate(self._norm(queries, layer.query_norm), angle)
        keys = layer.key(rows).view(count, -1, dim)
        values = keys if layer.value is None else layer.value(rows).view(count, -1, dim)
        keys = rotate(self._norm(keys, layer.key_norm), angle)
        values = self._norm(values, None)
        seen = torch.empty_like(queries)
        for span, own in ((place.span, place.rows) for place in places):
            start = max(0, span.chain.length - shape.window + 1) if shape.is_sliding else 0
            before_keys, before_values = span.chain.read(index, start)
            mask = _causal_mask(span.rows, len(before_keys), shape.window, rows.device) if span.read else None
            attended = functional.scaled_dot_product_attention(
                queries[own].transpose(0, 1)[None],
                torch.cat((before_keys, keys[own])).transpose(0, 1)[None],
                torch.cat((before_values, values[own])).transpose(0, 1)[None],
                attn_mask=mask,
                scale=1.0,  # queries and keys are normed
                enable_gqa=True,
            )
            seen[own] = attended[0].transpose(0, 1)
            if span.read:
                span.chain.write(index, keys[own], values[own])
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
        total = torch.zeros_like(rows)
        asked = picked.flatten()
        together = asked.argsort(stable=True)  # all that ask for one expert side by side; the card is waited for once
        counts = torch.bincount(asked, minlength=config.experts).tolist()
        for expert, places in enumerate(torch.split(together, counts)):
            if not len(places):
                continue
            row = places // config.experts_per_token
            gate, up = layer.experts_in.part(expert)(inputs[row]).chunk(2, dim=-1)
            made = layer.experts_out.part(expert)(_gelu(gate) * up)
            total.index_add_(0, row, (made * weight.flatten()[places, None]).to(rows.dtype))
        return total

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


def _places(spans: Sequence[Span], device: torch.device) -> tuple[list[_Place], Tensor]:
    places: list[_Place] = []
    positions: list[Tensor] = []
    first = 0
    for span in spans:
        places.append(_Place(span, slice(first, first + span.rows)))
        positions.append(torch.arange(span.chain.length, span.chain.length + span.rows, device=device))
        first += span.rows
    return places, torch.cat(positions)


def _causal_mask(count: int, before: int, window: int, device: torch.device) -> Tensor:
    """Whom each of `count` rows that are read may see: itself and what is before it, in a sliding layer not far."""
    row = torch.arange(before, before + count, device=device)[:, None]
    column = torch.arange(before + count, device=device)
    seen = column <= row
    return seen & (row - column < window) if window else seen

"""DiffusionGemma's text model in a form that can be trained: prompts and canvases of a batch in one pass.

The engine's trunk runs packed rows over a cache of keys and values. Here the encoder's rows (a prompt, causal) and the
decoder's (a canvas, which sees the prompt and all of itself) stand in one sequence, told apart by a mask. The result is
the same; `tests/engines/diffusion/test_toy_model.py` compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.layout import Shape, build
from npc_engine.engines.diffusion.rotary import angles, frequencies
from npc_engine.engines.diffusion.weights import LayerWeights, Matrix, Weights

CPU = torch.device("cpu")


class Layout(NamedTuple):
    """Where the tokens of a batch are. Sequences are a prompt, padded at its end to the longest, and a canvas.

    `positions` `(B, T)` as the model counts them; `is_read` `(B, T, 1)` tells prompts; `seen` is `(B, 1, T, T)` by
    window: who sees whom.
    """

    positions: Tensor
    is_read: Tensor
    seen: dict[int, Tensor]

    def head(self, count: int) -> Layout:
        """Of the first `count` sequences."""
        seen = {window: each[:count] for window, each in self.seen.items()}
        return Layout(self.positions[:count], self.is_read[:count], seen)


def lay_out(prompt_lengths: Tensor, width: int, windows: set[int]) -> Layout:
    """Prompts of `prompt_lengths` `(B,)` tokens, each with a canvas of `width`. A window of 0 has no end."""
    longest = int(prompt_lengths.max())
    place = torch.arange(longest + width)
    length = prompt_lengths[:, None]
    is_read = (place < longest).expand(len(length), -1)
    positions = torch.where(is_read, place, place - longest + length)
    exists = ~is_read | (place < length)
    row, column = positions[:, :, None], positions[:, None, :]
    reader, read = is_read[:, :, None], is_read[:, None, :]
    before = read & (~reader | (column <= row))
    seen = {}
    for window in windows:
        near = torch.where(reader, row - column < window, column > length[:, :, None] - window) | (window == 0)
        visible = (before & near | ~reader & ~read) & exists[:, None, :]
        seen[window] = (visible | torch.eye(len(place), dtype=torch.bool))[:, None]
    return Layout(positions, is_read[..., None], seen)


class Network(nn.Module):
    """The model. `tensors` are its weights under a checkpoint's names."""

    def __init__(self, config: ModelConfig, seed: int) -> None:
        super().__init__()
        source = _Fresh(torch.Generator().manual_seed(seed))
        self.weights: Weights = build(config, source)
        self.tensors = source.tensors
        self._parameters_of_tensors = nn.ParameterList(source.tensors.values())
        self._scale = sqrt(config.hidden_size)
        self._frequencies = {layer: frequencies(layer, CPU) for layer in set(config.layers)}

    def embed(self, tokens: Tensor) -> Tensor:
        """Token ids to rows."""
        return self.weights.embedding[tokens] * self._scale

    def soften(self, scores: Tensor) -> Tensor:
        """The mean embedding of what was expected: what conditions the next step."""
        return scores.softmax(-1) @ self.weights.embedding * self._scale

    def forward(self, prompts: Tensor, canvases: Tensor, soft: Tensor, layout: Layout) -> Tensor:
        """Scores `(B, C, V)` of canvases `(B, C)` behind prompts `(B, P)`; `soft` `(B, C, H)`, zero in a first step."""
        weights, norm = self.weights, self._norm
        signal = _gated(
            norm(soft, weights.condition_norm), weights.condition_gate, weights.condition_up, weights.condition_down
        )
        rows = torch.cat((self.embed(prompts), norm(self.embed(canvases) + signal, None)), dim=1)
        angle = {layer: angles(own, layout.positions.flatten(), rows.dtype) for layer, own in self._frequencies.items()}
        for shape, layer in zip(weights.config.layers, weights.layers, strict=True):
            attended = self._attention(shape, layer, norm(rows, layer.input_norm), angle[shape], layout)
            rows = rows + norm(attended, layer.post_attention_norm)
            fed = norm(
                _gated(norm(rows, layer.pre_dense_norm), layer.gate, layer.up, layer.down), layer.post_dense_norm
            )
            fed = fed + norm(self._experts(rows, layer), layer.post_experts_norm)
            rows = rows + norm(fed, layer.post_layer_norm)
            rows = rows * torch.where(layout.is_read, layer.encoder_scalar, layer.decoder_scalar)
        cap = weights.config.logit_softcap
        hidden = norm(rows[:, prompts.shape[1] :], weights.final_norm)
        scores: Tensor = torch.tanh(hidden @ weights.embedding.T / cap) * cap
        return scores

    def _attention(
        self, shape: LayerConfig, layer: LayerWeights, rows: Tensor, angle: tuple[Tensor, Tensor], layout: Layout
    ) -> Tensor:
        batch, length, _ = rows.shape

        def heads(of: Matrix) -> Tensor:
            return of(rows).view(batch, length, -1, shape.head_dim)

        def turned(part: Tensor) -> Tensor:
            cosine, sine = (each.view(batch, length, 1, shape.head_dim) for each in angle)
            first, second = part.chunk(2, dim=-1)
            return (part * cosine + torch.cat((-second, first), dim=-1) * sine).transpose(1, 2)

        keys = heads(layer.key)
        values = keys if layer.value is None else heads(layer.value)
        attended = functional.scaled_dot_product_attention(
            turned(self._norm(heads(layer.query), layer.query_norm)),
            turned(self._norm(keys, layer.key_norm)),
            self._norm(values, None).transpose(1, 2),
            attn_mask=layout.seen[shape.window],
            scale=1.0,
            enable_gqa=True,
        )
        return layer.output(attended.transpose(1, 2).flatten(2))

    def _experts(self, rows: Tensor, layer: LayerWeights) -> Tensor:
        """All experts for all rows, those not picked with weight 0: one large product is quicker here than many."""
        config = self.weights.config
        scores = self._norm(rows, None) * layer.router_scale * config.hidden_size**-0.5
        chances = functional.linear(scores, layer.router).softmax(-1)
        weight, picked = chances.topk(config.experts_per_token, dim=-1)
        weight = weight / weight.sum(-1, keepdim=True) * layer.expert_scale[picked]
        weights = torch.zeros_like(chances).scatter(-1, picked, weight)
        inputs = self._norm(rows, layer.pre_experts_norm)
        inner = functional.linear(inputs, layer.experts_in.data.flatten(0, 1))
        gate, up = inner.view(*rows.shape[:-1], config.experts, 2, config.expert_size).unbind(-2)
        made = functional.gelu(gate, approximate="tanh") * up * weights[..., None]
        return made.flatten(-2) @ layer.experts_out.data.transpose(1, 2).flatten(0, 1)

    def _norm(self, rows: Tensor, scale: Tensor | None) -> Tensor:
        return functional.rms_norm(rows, rows.shape[-1:], scale, self.weights.config.rms_norm_eps)


def _gated(rows: Tensor, gate: Matrix, up: Matrix, down: Matrix) -> Tensor:
    return down(functional.gelu(gate(rows), approximate="tanh") * up(rows))


class _Fresh:
    """Weights before training, drawn from `generator`."""

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self.tensors: dict[str, nn.Parameter] = {}

    def vector(self, name: str, shape: Shape) -> Tensor:
        # Queries and keys have norm 1 per dimension and are not scaled: so their products begin with a spread of 1.
        size = shape[0] ** -0.25 if "q_norm" in name or "k_norm" in name else 1.0
        return self._keep(name, lambda: torch.full(shape, size))

    def table(self, name: str, shape: Shape) -> Tensor:
        return self._keep(name, lambda: torch.randn(shape, generator=self._generator) * shape[-1] ** -0.5)

    def matrix(self, name: str, shape: Shape) -> Matrix:
        return Matrix(self.table(name, shape))

    def _keep(self, name: str, made: Callable[[], Tensor]) -> Tensor:
        self.tensors[name] = nn.Parameter(made())
        return self.tensors[name]

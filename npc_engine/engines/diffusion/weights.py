"""The weights of the text model as the trunk uses them: encoder and decoder share all but one number per layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.kernels.packing import PER_WORD, dequantise
from npc_engine.engines.diffusion.kernels.quantised_linear import quantised_linear


@dataclass(frozen=True, slots=True)
class Matrix:
    """Weights `(..., out, in)`, in one of three formats.

    Plain: `data` alone. FP8: with a `scale` `(..., out, 1)` for each output channel. int4: `data` int32 `(..., out,
    in / 8)` as `kernels.packing` has it, with a `scale` `(..., out, in / group)`.
    """

    data: Tensor
    scale: Tensor | None = None

    @property
    def shape(self) -> torch.Size:
        """`(..., out, in)`, whatever the format."""
        *rest, into = self.data.shape
        return torch.Size((*rest, into * PER_WORD if self.data.dtype == torch.int32 else into))

    def dense(self, dtype: torch.dtype) -> Tensor:
        """The weights as ordinary numbers."""
        return self.data if self.scale is None else dequantise(self.data, self.scale, dtype)

    def __call__(self, rows: Tensor) -> Tensor:
        """`rows` `(N, in)` times the matrix: `(N, out)`."""
        if self.scale is None:
            return functional.linear(rows, self.data)
        return quantised_linear(rows, self.data, self.scale)

    def part(self, index: int) -> Matrix:
        """One matrix of a stack."""
        return Matrix(self.data[index], None if self.scale is None else self.scale[index])

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self.data.nbytes + (0 if self.scale is None else self.scale.nbytes)


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """One layer. Norms `(H,)`; `value` is None on global layers; experts are stacked `(E, 2I, H)` and `(E, H, I)`,
    gate above up."""

    query: Matrix
    key: Matrix
    value: Matrix | None
    output: Matrix
    query_norm: Tensor
    key_norm: Tensor
    input_norm: Tensor
    post_attention_norm: Tensor
    pre_dense_norm: Tensor
    post_dense_norm: Tensor
    pre_experts_norm: Tensor
    post_experts_norm: Tensor
    post_layer_norm: Tensor
    gate: Matrix
    up: Matrix
    down: Matrix
    router: Tensor  # (E, H)
    router_scale: Tensor  # (H,)
    expert_scale: Tensor  # (E,)
    experts_in: Matrix
    experts_out: Matrix
    encoder_scalar: Tensor  # (1,): the layer's output is multiplied by it in rows that are read
    decoder_scalar: Tensor  # (1,): and by this one in rows of a canvas


@dataclass(frozen=True, slots=True)
class Weights:
    """The whole text model. `embedding` `(V, H)` is also the head. The last four condition a step on the one before."""

    config: ModelConfig
    embedding: Tensor
    layers: tuple[LayerWeights, ...]
    final_norm: Tensor
    condition_norm: Tensor
    condition_gate: Matrix
    condition_up: Matrix
    condition_down: Matrix

    @property
    def dtype(self) -> torch.dtype:
        """What is computed in."""
        return self.embedding.dtype

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.embedding.device

"""Which tensors a text model consists of: their names in a checkpoint, their shapes, and where they go in `Weights`."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.weights import LayerWeights, Matrix, Weights

Shape = tuple[int, ...]

#: Encoder and decoder are one model with two names: what is under one prefix is under the other as well, but for the
#: `layer_scalar` of each layer, which is not shared, and the conditioning on the step before, which only a canvas has.
DECODER = "model.decoder."
ENCODER = "model.encoder.language_model."


class Source(Protocol):
    """Where tensors come from: files, or a generator of random numbers. Names are those of a checkpoint."""

    def vector(self, name: str, shape: Shape) -> Tensor:
        """Norms and scales: never quantised."""
        ...

    def table(self, name: str, shape: Shape) -> Tensor:
        """A matrix that is never quantised: the embedding, a router."""
        ...

    def matrix(self, name: str, shape: Shape) -> Matrix:
        """A matrix, or a stack of them; in FP8 if the source says so."""
        ...


def build(config: ModelConfig, source: Source) -> Weights:
    """The whole text model out of `source`, which is asked for each tensor once, always in the same order."""
    hidden, inner = config.hidden_size, config.intermediate_size
    return Weights(
        config=config,
        embedding=source.table(f"{DECODER}embed_tokens.weight", (config.vocab_size, hidden)),
        layers=tuple(_layer(config, layer, index, source) for index, layer in enumerate(config.layers)),
        final_norm=source.vector(f"{DECODER}norm.weight", (hidden,)),
        condition_norm=source.vector(f"{DECODER}self_conditioning.pre_norm.weight", (hidden,)),
        condition_gate=source.matrix(f"{DECODER}self_conditioning.gate_proj.weight", (inner, hidden)),
        condition_up=source.matrix(f"{DECODER}self_conditioning.up_proj.weight", (inner, hidden)),
        condition_down=source.matrix(f"{DECODER}self_conditioning.down_proj.weight", (hidden, inner)),
    )


def _layer(config: ModelConfig, layer: LayerConfig, index: int, source: Source) -> LayerWeights:
    prefix = f"{DECODER}layers.{index}."
    hidden, inner = config.hidden_size, config.intermediate_size
    experts, size = config.experts, config.expert_size
    queries, keys = config.heads * layer.head_dim, layer.kv_heads * layer.head_dim

    def norm(name: str, length: int = hidden) -> Tensor:
        return source.vector(f"{prefix}{name}.weight", (length,))

    def matrix(name: str, out: int, into: int) -> Matrix:
        return source.matrix(f"{prefix}{name}.weight", (out, into))

    return LayerWeights(
        query=matrix("self_attn.q_proj", queries, hidden),
        key=matrix("self_attn.k_proj", keys, hidden),
        value=matrix("self_attn.v_proj", keys, hidden) if layer.is_sliding else None,
        output=matrix("self_attn.o_proj", hidden, queries),
        query_norm=norm("self_attn.q_norm", layer.head_dim),
        key_norm=norm("self_attn.k_norm", layer.head_dim),
        input_norm=norm("input_layernorm"),
        post_attention_norm=norm("post_attention_layernorm"),
        pre_dense_norm=norm("pre_feedforward_layernorm"),
        post_dense_norm=norm("post_feedforward_layernorm_1"),
        pre_experts_norm=norm("pre_feedforward_layernorm_2"),
        post_experts_norm=norm("post_feedforward_layernorm_2"),
        post_layer_norm=norm("post_feedforward_layernorm"),
        gate=matrix("mlp.gate_proj", inner, hidden),
        up=matrix("mlp.up_proj", inner, hidden),
        down=matrix("mlp.down_proj", hidden, inner),
        router=source.table(f"{prefix}router.proj.weight", (experts, hidden)),
        router_scale=source.vector(f"{prefix}router.scale", (hidden,)),
        expert_scale=source.vector(f"{prefix}router.per_expert_scale", (experts,)),
        experts_in=source.matrix(f"{prefix}experts.gate_up_proj", (experts, 2 * size, hidden)),
        experts_out=source.matrix(f"{prefix}experts.down_proj", (experts, hidden, size)),
        encoder_scalar=source.vector(f"{ENCODER}layers.{index}.layer_scalar", (1,)),
        decoder_scalar=source.vector(f"{prefix}layer_scalar", (1,)),
    )

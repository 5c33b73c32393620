"""The shapes of two models: a tiny one to prove the engine with, and the real one. Needs no torch."""

from __future__ import annotations

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig

#: Half a million parameters, with all that the real model has: both kinds of layers, a window, experts.
TINY = ModelConfig(
    vocab_size=512,
    hidden_size=64,
    intermediate_size=64,
    heads=4,
    experts=8,
    experts_per_token=2,
    expert_size=32,
    layers=(
        *[LayerConfig(kv_heads=2, head_dim=16, window=32, rope_theta=1e4, rotary_factor=1.0)] * 5,
        LayerConfig(kv_heads=1, head_dim=32, window=0, rope_theta=1e6, rotary_factor=0.25),
    ),
    context_tokens=4_096,
    canvas_length=32,
    eos_ids=(1, 6),
)

#: DiffusionGemma 26B-A4B.
FULL = ModelConfig(
    vocab_size=262_144,
    hidden_size=2_816,
    intermediate_size=2_112,
    heads=16,
    experts=128,
    experts_per_token=8,
    expert_size=704,
    layers=(
        *[LayerConfig(kv_heads=8, head_dim=256, window=1_024, rope_theta=1e4, rotary_factor=1.0)] * 5,
        LayerConfig(kv_heads=2, head_dim=512, window=0, rope_theta=1e6, rotary_factor=0.25),
    )
    * 5,
    context_tokens=262_144,
)

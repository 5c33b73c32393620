"""The shape of a DiffusionGemma checkpoint, read from its `config.json`. Text only: the vision tower is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from npc_engine.errors import ErrorCode, NpcError

SLIDING = "sliding_attention"
FULL = "full_attention"
#: Canvases are so many tokens wide, at least and at most.
WIDTH_MIN, WIDTH_MAX = 32, 256
#: Rows that the head scores at once: 256 rows of 262,144 scores in float32 are 268 MB.
HEAD_ROWS = 256
#: The key of `config.json` by which a checkpoint owns up to random weights.
NOISE_KEY = "npc_engine_noise"


class LayerConfig(msgspec.Struct, frozen=True):
    """One layer's attention. `window` is how many tokens a token sees, itself included; 0: all before it."""

    kv_heads: int
    head_dim: int
    window: int
    rope_theta: float
    rotary_factor: float  # the part of a head's dimensions that is rotated

    @property
    def is_sliding(self) -> bool:
        """Whether it sees a window only. Sliding layers have a projection for values, global ones use the keys'."""
        return self.window > 0


class ModelConfig(msgspec.Struct, frozen=True):
    """Names as in the paper's code: `experts_per_token` of `experts` run for each token, beside a dense layer.

    `eos_ids` end a reply. `canvas_length` is the canvas of the reference; ours are as wide as the reply needs. `noise`:
    the weights are random, and say so in their `config.json`.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    heads: int
    experts: int
    experts_per_token: int
    expert_size: int
    layers: tuple[LayerConfig, ...]
    context_tokens: int
    canvas_length: int = 256
    rms_norm_eps: float = 1e-6
    logit_softcap: float = 30.0
    pad_id: int = 0
    bos_id: int = 2
    eos_ids: tuple[int, ...] = (1, 106)
    noise: bool = False

    @property
    def kv_token_elements(self) -> int:
        """Numbers that one token takes in the cache, over all layers: keys and values."""
        return sum(2 * layer.kv_heads * layer.head_dim for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Weights of the text model; what encoder and decoder share counts once."""
        hidden = self.hidden_size
        dense = 3 * hidden * self.intermediate_size
        experts = self.experts * (3 * hidden * self.expert_size + hidden)
        total = self.vocab_size * hidden + dense
        for layer in self.layers:
            projections = 2 * self.heads * layer.head_dim
            projections += (2 if layer.is_sliding else 1) * layer.kv_heads * layer.head_dim
            total += hidden * projections + dense + experts
        return total


def read_config(folder: Path) -> ModelConfig:
    """The configuration in a checkpoint's folder. Raises `NpcError` MODEL_MISSING or ENGINE_FAILED."""
    path = folder / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"{folder} is no checkpoint: it has no config.json. Name a folder or `npc-engine models list`."
        raise NpcError(ErrorCode.MODEL_MISSING, message) from error
    except ValueError as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{path} cannot be read: {error}") from error
    kind = found.get("model_type")
    if kind != "diffusion_gemma":
        message = f"{path} describes a model of type {kind!r}; the diffusion engine runs diffusion_gemma"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    generation = folder / "generation_config.json"
    settings = json.loads(generation.read_text(encoding="utf-8")) if generation.is_file() else {}
    try:
        return parse_config(found, settings)
    except (KeyError, TypeError, ValueError) as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{path} lacks what a model needs: {error!r}") from error


def parse_config(found: dict[str, Any], settings: dict[str, Any]) -> ModelConfig:
    """`found` is `config.json`, `settings` is `generation_config.json`: both as Hugging Face writes them."""
    text = found["text_config"]
    types = text["layer_types"]
    return ModelConfig(
        vocab_size=text["vocab_size"],
        hidden_size=text["hidden_size"],
        intermediate_size=text["intermediate_size"],
        heads=text["num_attention_heads"],
        experts=text["num_experts"],
        experts_per_token=text["top_k_experts"],
        expert_size=text["moe_intermediate_size"],
        layers=tuple(_layer(text, index, kind) for index, kind in enumerate(types)),
        context_tokens=text["max_position_embeddings"],
        canvas_length=found.get("canvas_length") or 256,
        rms_norm_eps=text.get("rms_norm_eps", 1e-6),
        logit_softcap=text.get("final_logit_softcapping", 30.0),
        noise=found.get(NOISE_KEY, False),
        pad_id=_first(text.get("pad_token_id"), 0),
        bos_id=_first(text.get("bos_token_id"), 2),
        eos_ids=_ids(settings.get("eos_token_id") or found.get("eos_token_id") or text.get("eos_token_id") or 1),
    )


def _layer(text: dict[str, Any], index: int, kind: str) -> LayerConfig:
    head_dim, kv_heads = text["head_dim"], text["num_key_value_heads"]
    if "per_layer_config" in text:  # since transformers 5.17; its keys are padded to equal length: "05", "11"
        own = {int(key): value for key, value in text["per_layer_config"].items()}.get(index, {})
        head_dim, kv_heads = own.get("head_dim", head_dim), own.get("num_key_value_heads", kv_heads)
    elif kind == FULL:  # as published
        head_dim = text.get("global_head_dim", 512)
        kv_heads = text.get("num_global_key_value_heads") or kv_heads
    rope = text["rope_parameters"][kind]
    return LayerConfig(
        kv_heads=kv_heads,
        head_dim=head_dim,
        window=text["sliding_window"] if kind == SLIDING else 0,
        rope_theta=rope["rope_theta"],
        rotary_factor=rope.get("partial_rotary_factor", 1.0),
    )


def _ids(value: int | list[int]) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


def _first(value: int | list[int] | None, default: int) -> int:
    return default if value is None else _ids(value)[0]

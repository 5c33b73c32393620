from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import DiffusionGemmaConfig

from npc_engine.engines.diffusion.config import LayerConfig, parse_config, read_config
from npc_engine.engines.diffusion.random_weights import FULL, TINY
from npc_engine.engines.diffusion.tiny_checkpoint import generation_json, model_json
from npc_engine.errors import ErrorCode, NpcError

#: The text part of what is published with the 26B-A4B checkpoint.
PUBLISHED: dict[str, Any] = {
    "canvas_length": 256,
    "eos_token_id": [1, 106],
    "model_type": "diffusion_gemma",
    "text_config": {
        "bos_token_id": 2,
        "eos_token_id": 1,
        "final_logit_softcapping": 30.0,
        "global_head_dim": 512,
        "head_dim": 256,
        "hidden_size": 2816,
        "intermediate_size": 2112,
        "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 5,
        "max_position_embeddings": 262144,
        "moe_intermediate_size": 704,
        "num_attention_heads": 16,
        "num_experts": 128,
        "num_global_key_value_heads": 2,
        "num_hidden_layers": 30,
        "num_key_value_heads": 8,
        "pad_token_id": 0,
        "rms_norm_eps": 1e-06,
        "rope_parameters": {
            "full_attention": {"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
            "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"},
        },
        "sliding_window": 1024,
        "top_k_experts": 8,
        "vocab_size": 262144,
    },
}


def write(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def test_the_published_configuration_is_the_full_one() -> None:
    assert parse_config(PUBLISHED, {}) == FULL
    assert 25.0e9 < FULL.parameters < 25.5e9
    assert FULL.kv_token_elements * 2 == 225_280


def test_the_ends_of_a_reply_are_those_of_the_generation_settings() -> None:
    assert parse_config(PUBLISHED, {"eos_token_id": [1, 106, 50]}).eos_ids == (1, 106, 50)


@pytest.mark.parametrize("config", [TINY, FULL], ids=["tiny", "full"])
def test_hugging_face_writes_what_we_read(config: Any, tmp_path: Path) -> None:
    """Through its own class the layers that differ come out as `per_layer_config`."""
    DiffusionGemmaConfig(**model_json(config)).save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert "per_layer_config" in written["text_config"]
    assert "global_head_dim" not in written["text_config"]
    assert read_config(tmp_path) == config


@pytest.mark.parametrize("config", [TINY, FULL], ids=["tiny", "full"])
def test_we_read_what_we_write(config: Any, tmp_path: Path) -> None:
    write(tmp_path, "config.json", model_json(config))
    write(tmp_path, "generation_config.json", generation_json(config))
    assert read_config(tmp_path) == config


def test_layers_may_differ_one_by_one() -> None:
    text = PUBLISHED["text_config"] | {"per_layer_config": {"00": {"head_dim": 64}, "29": {"num_key_value_heads": 4}}}
    layers = parse_config(PUBLISHED | {"text_config": text}, {}).layers
    assert layers[0] == LayerConfig(kv_heads=8, head_dim=64, window=1_024, rope_theta=1e4, rotary_factor=1.0)
    assert layers[1].head_dim == 256
    assert layers[29] == LayerConfig(kv_heads=4, head_dim=256, window=0, rope_theta=1e6, rotary_factor=0.25)


def test_what_is_no_configuration_is_told_apart(tmp_path: Path) -> None:
    def error() -> NpcError:
        with pytest.raises(NpcError) as caught:
            read_config(tmp_path)
        return caught.value

    assert error().code == ErrorCode.MODEL_MISSING
    write(tmp_path, "config.json", {"model_type": "gemma4"})
    assert error().code == ErrorCode.ENGINE_FAILED
    assert "gemma4" in str(error())
    lacking = {key: value for key, value in PUBLISHED["text_config"].items() if key != "num_experts"}
    write(tmp_path, "config.json", PUBLISHED | {"text_config": lacking})
    assert "num_experts" in str(error())
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    assert error().code == ErrorCode.ENGINE_FAILED

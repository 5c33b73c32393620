"""A checkpoint of random weights on disk, in Hugging Face's form: what tests and demonstrations load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from npc_engine.engines.diffusion.config import FULL, NOISE_KEY, SLIDING, ModelConfig
from npc_engine.engines.diffusion.layout import Shape, Source, build
from npc_engine.engines.diffusion.random_weights import TINY, random_source
from npc_engine.engines.diffusion.weights import Matrix

#: Gemma 4's control tokens, in the order of their ids.
CONTROLS = (
    *("<pad>", "<eos>", "<bos>", "<unk>", "<mask>"),
    *("<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>"),
)
#: The tiny tokeniser knows these, with a blank before them, and all they begin with.
WORDS = """
the and you that with have this what they from would there their about which when your said could into some other than
then look only come over think also back after work first even want because these give most here where morning evening
night village bridge river forest road merchant soldier lantern bread water fire sword friend stranger trust never
always nothing something listen wait good thank please sorry hello
"""


def write_checkpoint(folder: Path, config: ModelConfig = TINY, seed: int = 0, *, sharpness: float = 6.0) -> None:
    """Writes `folder`, made if need be: weights as of `random_weights` with this seed, in float32."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = random_source(seed, dtype=torch.float32, device=torch.device("cpu"), sharpness=sharpness)
    recorder = _Recorder(drawn)
    build(config, recorder)
    save_file(recorder.tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "config.json", model_json(config) | {NOISE_KEY: True})
    _write_json(folder / "generation_config.json", generation_json(config))
    tiny_tokenizer(config.vocab_size).save(str(folder / "tokenizer.json"))


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Keeps what another source gives, by name."""

    source: Source
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def vector(self, name: str, shape: Shape) -> Tensor:
        return self.tensors.setdefault(name, self.source.vector(name, shape))

    def table(self, name: str, shape: Shape) -> Tensor:
        return self.tensors.setdefault(name, self.source.table(name, shape))

    def matrix(self, name: str, shape: Shape) -> Matrix:
        matrix = self.source.matrix(name, shape)
        self.tensors[name] = matrix.data
        return matrix


def model_json(config: ModelConfig) -> dict[str, Any]:
    """`config.json` in the words of the published checkpoint."""
    sliding = next(layer for layer in config.layers if layer.is_sliding)
    full = next(layer for layer in config.layers if not layer.is_sliding)
    return {
        "architectures": ["DiffusionGemmaForBlockDiffusion"],
        "model_type": "diffusion_gemma",
        "canvas_length": config.canvas_length,
        "dtype": "float32",
        "eos_token_id": list(config.eos_ids),
        "tie_word_embeddings": True,
        "vision_config": None,
        "text_config": {
            "model_type": "diffusion_gemma_text",
            "vocab_size": config.vocab_size,
            "hidden_size": config.hidden_size,
            "intermediate_size": config.intermediate_size,
            "hidden_activation": "gelu_pytorch_tanh",
            "num_hidden_layers": len(config.layers),
            "num_attention_heads": config.heads,
            "num_key_value_heads": sliding.kv_heads,
            "head_dim": sliding.head_dim,
            "num_global_key_value_heads": full.kv_heads,
            "global_head_dim": full.head_dim,
            "sliding_window": sliding.window,
            "layer_types": [SLIDING if layer.is_sliding else FULL for layer in config.layers],
            "rope_parameters": {
                SLIDING: {"rope_type": "default", "rope_theta": sliding.rope_theta},
                FULL: {
                    "rope_type": "proportional",
                    "rope_theta": full.rope_theta,
                    "partial_rotary_factor": full.rotary_factor,
                },
            },
            "num_experts": config.experts,
            "top_k_experts": config.experts_per_token,
            "moe_intermediate_size": config.expert_size,
            "max_position_embeddings": config.context_tokens,
            "rms_norm_eps": config.rms_norm_eps,
            "final_logit_softcapping": config.logit_softcap,
            "use_bidirectional_attention": "vision",
            "tie_word_embeddings": True,
            "pad_token_id": config.pad_id,
            "bos_token_id": config.bos_id,
            "eos_token_id": config.eos_ids[0],
        },
    }


def generation_json(config: ModelConfig) -> dict[str, Any]:
    """`generation_config.json` with the published settings of the reference's sampler."""
    return {
        "bos_token_id": config.bos_id,
        "eos_token_id": list(config.eos_ids),
        "pad_token_id": config.pad_id,
        "max_new_tokens": 256,
        "max_denoising_steps": 48,
        "t_min": 0.4,
        "t_max": 0.8,
        "stability_threshold": 1,
        "confidence_threshold": 0.005,
        "sampler_config": {"_cls_name": "EntropyBoundSamplerConfig", "entropy_bound": 0.1},
    }


def tiny_tokenizer(vocab_size: int) -> Tokenizer:
    """Byte-level BPE over the bytes and the beginnings of `WORDS`, filled up with unused control tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: id_ for id_, token in enumerate((*CONTROLS, *letters))}
    merges = []
    for left, right in _beginnings():
        if len(vocabulary) < vocab_size and left + right not in vocabulary:
            vocabulary[left + right] = len(vocabulary)
            merges.append((left, right))
    unused = [f"<unused{id_}>" for id_ in range(len(vocabulary), vocab_size)]
    vocabulary |= {token: id_ for id_, token in enumerate(unused, start=len(vocabulary))}

    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in (*CONTROLS, *unused)])
    return tokenizer


def _beginnings() -> Iterator[tuple[str, str]]:
    """Each beginning of a word as what it is joined from, shorter ones first. Ġ is a blank in byte-level BPE."""
    spelled = [f"Ġ{word}" for word in WORDS.split()]
    for length in range(1, max(map(len, spelled))):
        yield from ((word[:length], word[length]) for word in spelled if length < len(word))


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

"""The network says what transformers' says of the same weights, and its adapter what merged weights would."""

from __future__ import annotations

import pytest
import torch
from letters import VOCABULARY
from random_weights import random_network

from training.voice import network as network_module
from training.voice.network import MATRICES, Lora, Network

TOKENS = torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
#: The names of a layer's matrices there.
THEIRS = dict(
    zip(
        MATRICES,
        ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
         "mlp.up_proj", "mlp.down_proj"),
        strict=True,
    )
)  # fmt: skip


def scores(network: Network) -> torch.Tensor:
    count = len(TOKENS)
    mask = torch.ones(count, count, dtype=torch.bool).tril()
    with torch.no_grad():
        return network(TOKENS, torch.arange(count), mask, torch.arange(count))


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_it_says_what_transformers_says(architecture: str) -> None:
    transformers = pytest.importorskip("transformers", reason="needs the extra `reference`")
    network = random_network(architecture)
    shape = network.shape
    sizes = {
        "vocab_size": VOCABULARY, "hidden_size": shape.width, "intermediate_size": 48,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads,
        "rms_norm_eps": shape.norm_epsilon, "rope_theta": shape.rope_base, "tie_word_embeddings": True,
    }  # fmt: skip
    kind = {"llama": "Llama", "qwen2": "Qwen2"}[architecture]
    theirs = getattr(transformers, f"{kind}ForCausalLM")(getattr(transformers, f"{kind}Config")(**sizes)).eval()
    weights = {"model.embed_tokens.weight": network.embedding, "model.norm.weight": network.output_norm.weight}
    for index, layer in enumerate(network.blk):
        prefix = f"model.layers.{index}"
        weights[f"{prefix}.input_layernorm.weight"] = layer.attn_norm.weight
        weights[f"{prefix}.post_attention_layernorm.weight"] = layer.ffn_norm.weight
        for name, their_name in THEIRS.items():
            matrix = layer.get_submodule(name)
            heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}.get(name, 0)
            for part in ("weight", "bias"):
                if (values := getattr(matrix, part)) is not None:
                    if heads and architecture == "llama":  # GGUF has the two numbers of a rotation side by side
                        values = values.view(heads, -1, 2, *values.shape[1:]).transpose(1, 2).reshape(values.shape)
                    weights[f"{prefix}.{their_name}.{part}"] = values
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert (missing, unexpected) == (["lm_head.weight"], [])
    theirs.tie_weights()
    with torch.no_grad():
        expected = theirs(TOKENS[None]).logits[0]
    torch.testing.assert_close(scores(network), expected, rtol=1e-4, atol=1e-4)


def test_attention_in_blocks_is_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scores(random_network())
    monkeypatch.setattr(network_module, "BLOCK_ROWS", 4)
    torch.testing.assert_close(scores(random_network()), whole)


def test_an_adapter_begins_without_effect_and_does_what_merged_weights_would() -> None:
    plain, adapted = random_network(), random_network(lora=Lora(4, 8.0, first_layer=1))
    torch.testing.assert_close(scores(plain), scores(adapted))
    assert {name.split(".")[1] for name in adapted.adapter()} == {"1", "2"}
    assert len(adapted.adapter()) == 2 * len(MATRICES) * 2
    for name, parameter in adapted.adapter().items():
        if name.endswith("lora_b"):
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(len(name)))
    assert not torch.allclose(scores(plain), scores(adapted))
    for mine, theirs in zip(plain.blk, adapted.blk, strict=True):
        for name in MATRICES:
            matrix = theirs.get_submodule(name)
            if matrix.scale:
                mine.get_submodule(name).weight += 8.0 / 4 * matrix.lora_b.detach() @ matrix.lora_a.detach()
    torch.testing.assert_close(scores(plain), scores(adapted), rtol=1e-4, atol=1e-4)

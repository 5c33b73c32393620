from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch
from hf_oracle import generate, load_hf
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor

from npc_engine.engines.diffusion.checkpoint import load_weights
from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.fp8 import quantise
from npc_engine.engines.diffusion.int4 import quantise_int4
from npc_engine.engines.diffusion.layout import DECODER, ENCODER, Shape, build
from npc_engine.engines.diffusion.random_weights import FULL, TINY, random_weights
from npc_engine.engines.diffusion.tiny_checkpoint import write_checkpoint
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.engines.diffusion.weights import Matrix, Weights
from npc_engine.errors import ErrorCode, NpcError

CPU = torch.device("cpu")
PLAIN_FORMAT, FP8, INT4 = WeightFormat
#: As compressed-tensors writes it for "FP8-dynamic".
FP8_SETTINGS: dict[str, Any] = {
    "quant_method": "compressed-tensors",
    "format": "float-quantized",
    "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}},
}
#: What these checkpoints leave as it is.
PLAIN = ("norm", "router", "embed_tokens", "self_conditioning", "layer_scalar")

Tensors = dict[str, Tensor]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path, seed=3)
    return tmp_path


def load(
    folder: Path, *, config: ModelConfig = TINY, dtype: torch.dtype = torch.float32, kept: WeightFormat = PLAIN_FORMAT
) -> Weights:
    return load_weights(folder, config, dtype=dtype, device=CPU, kept=kept, progress=lambda fraction, what: None)


def refusal(folder: Path, **options: Any) -> NpcError:
    with pytest.raises(NpcError) as caught:
        load(folder, **options)
    return caught.value


def rewrite(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    """Replaces the checkpoint's tensors by what `change` makes of them."""
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    path.unlink()
    save_file(change(tensors), path)


def set_quantisation(folder: Path, settings: dict[str, Any]) -> None:
    path = folder / "config.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(found | {"quantization_config": settings}), encoding="utf-8")


def flat(weights: Any, name: str = "") -> Tensors:
    """All tensors in `weights` by the path of their fields."""
    if isinstance(weights, Tensor):
        return {name: weights}
    if isinstance(weights, tuple):
        parts = {f"{name}.{index}": part for index, part in enumerate(weights)}
    elif isinstance(weights, ModelConfig) or weights is None:
        return {}
    else:
        parts = {f"{name}.{each.name}": getattr(weights, each.name) for each in fields(weights)}
    return {path: tensor for key, part in parts.items() for path, tensor in flat(part, key).items()}


def assert_equal(one: Weights, other: Weights) -> None:
    ours, theirs = flat(one), flat(other)
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert tensor.dtype == theirs[name].dtype, name
        assert torch.equal(tensor.float(), theirs[name].float()), name


# What is written is what is drawn, and what Hugging Face sees.


def test_a_checkpoint_has_the_weights_of_its_seed(folder: Path) -> None:
    assert_equal(load(folder), random_weights(TINY, 3, dtype=torch.float32, device=CPU))


def test_other_seeds_give_other_weights() -> None:
    one, other = (flat(random_weights(TINY, seed, dtype=torch.float32, device=CPU)) for seed in (0, 1))
    assert not any(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_every_precision_has_the_same_weights(folder: Path, dtype: torch.dtype) -> None:
    weights = load(folder, dtype=dtype)
    assert weights.dtype == dtype
    assert_equal(weights, random_weights(TINY, 3, dtype=dtype, device=CPU))


def test_hugging_face_has_the_same_parameters(folder: Path) -> None:
    weights, model = load(folder), load_hf(folder).model
    seen = set()

    def same(ours: Tensor | Matrix | None, theirs: Tensor) -> None:
        assert ours is not None
        assert torch.equal(ours.data if isinstance(ours, Matrix) else ours, theirs)
        seen.add(theirs.data_ptr())

    for side in (model.decoder, model.encoder.language_model):
        same(weights.embedding, side.embed_tokens.weight)
        same(weights.final_norm, side.norm.weight)
        for layer, theirs in zip(weights.layers, side.layers, strict=True):
            attention = theirs.self_attn
            same(layer.query, attention.q_proj.weight)
            same(layer.key, attention.k_proj.weight)
            if layer.value is not None:
                same(layer.value, attention.v_proj.weight)
            same(layer.output, attention.o_proj.weight)
            same(layer.query_norm, attention.q_norm.weight)
            same(layer.key_norm, attention.k_norm.weight)
            same(layer.input_norm, theirs.input_layernorm.weight)
            same(layer.post_attention_norm, theirs.post_attention_layernorm.weight)
            same(layer.pre_dense_norm, theirs.pre_feedforward_layernorm.weight)
            same(layer.post_dense_norm, theirs.post_feedforward_layernorm_1.weight)
            same(layer.pre_experts_norm, theirs.pre_feedforward_layernorm_2.weight)
            same(layer.post_experts_norm, theirs.post_feedforward_layernorm_2.weight)
            same(layer.post_layer_norm, theirs.post_feedforward_layernorm.weight)
            same(layer.gate, theirs.mlp.gate_proj.weight)
            same(layer.up, theirs.mlp.up_proj.weight)
            same(layer.down, theirs.mlp.down_proj.weight)
            same(layer.router, theirs.router.proj.weight)
            same(layer.router_scale, theirs.router.scale)
            same(layer.expert_scale, theirs.router.per_expert_scale)
            same(layer.experts_in, theirs.experts.gate_up_proj)
            same(layer.experts_out, theirs.experts.down_proj)
            same(layer.decoder_scalar if side is model.decoder else layer.encoder_scalar, theirs.layer_scalar)
    conditioning = model.decoder.self_conditioning
    same(weights.condition_norm, conditioning.pre_norm.weight)
    same(weights.condition_gate, conditioning.gate_proj.weight)
    same(weights.condition_up, conditioning.up_proj.weight)
    same(weights.condition_down, conditioning.down_proj.weight)
    # Nothing is left over: neither parameters of theirs nor tensors of ours.
    scalars = {theirs.layer_scalar.data_ptr() for theirs in model.encoder.language_model.layers}
    scalars |= {theirs.layer_scalar.data_ptr() for theirs in model.decoder.layers}
    assert seen == {parameter.data_ptr() for parameter in model.parameters()} | scalars
    assert len(seen) == len(flat(weights))


def test_hugging_face_runs_it(folder: Path) -> None:
    torch.manual_seed(0)
    prompt = torch.randint(7, 500, (1, 40))
    written = generate(load_hf(folder, canvas_length=16), prompt, max_new_tokens=16, max_denoising_steps=3)
    assert torch.equal(written.sequences[:, :40], prompt)
    assert written.sequences.shape == (1, 56)


class Names:
    """A source that only notes what it is asked for."""

    def __init__(self) -> None:
        self.shapes: dict[str, Shape] = {}

    def vector(self, name: str, shape: Shape) -> Tensor:
        assert name not in self.shapes
        self.shapes[name] = shape
        return torch.empty(shape, device="meta")

    table = vector

    def matrix(self, name: str, shape: Shape) -> Matrix:
        return Matrix(self.vector(name, shape))


def test_the_real_model_has_the_published_tensors() -> None:
    """691 tensors; the published files have 356 more, of the vision tower."""
    names = Names()
    build(FULL, names)
    assert len(names.shapes) == 1_047 - 356
    matrices = [shape for shape in names.shapes.values() if len(shape) > 1]
    assert sum(torch.Size(shape).numel() for shape in matrices) == FULL.parameters
    assert names.shapes[f"{DECODER}layers.5.self_attn.q_proj.weight"] == (8_192, 2_816)
    assert names.shapes[f"{DECODER}layers.0.experts.gate_up_proj"] == (128, 1_408, 2_816)
    assert f"{DECODER}layers.5.self_attn.v_proj.weight" not in names.shapes


# The ways in which the same weights may lie in files.


def test_sharded_files_are_one_checkpoint(folder: Path) -> None:
    expected = load(folder)
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    weight_map = {}
    for part in range(3):
        file = f"model-{part + 1:05}-of-00003.safetensors"
        save_file({name: tensors[name].clone() for name in names[part::3]}, folder / file)
        weight_map |= dict.fromkeys(names[part::3], file)
    del tensors
    (folder / "model.safetensors").unlink()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), encoding="utf-8")
    assert_equal(load(folder), expected)

    (folder / "model-00002-of-00003.safetensors").unlink()
    error = refusal(folder)
    assert error.code == ErrorCode.MODEL_MISSING
    assert "model-00002-of-00003.safetensors" in str(error)
    index.write_text("[]", encoding="utf-8")
    assert "index" in str(refusal(folder))


def test_the_encoders_names_do_as_well(folder: Path) -> None:
    expected = load(folder)

    def rename(name: str) -> str:
        kept = "self_conditioning" in name or name.endswith("layer_scalar")
        return name if kept else name.replace(DECODER, ENCODER)

    rewrite(folder, lambda tensors: {rename(name): tensor for name, tensor in tensors.items()})
    assert_equal(load(folder), expected)


def test_what_is_not_text_is_left_alone(folder: Path) -> None:
    expected = load(folder)
    vision = {"model.encoder.vision_tower.std_bias": torch.zeros(4), "model.encoder.embed_vision.x": torch.ones(1)}
    rewrite(folder, lambda tensors: tensors | vision)
    assert_equal(load(folder), expected)


def test_a_tied_head_is_accepted_and_another_refused(folder: Path) -> None:
    expected = load(folder)
    rewrite(folder, lambda tensors: tensors | {"lm_head.weight": tensors[f"{DECODER}embed_tokens.weight"].clone()})
    assert_equal(load(folder), expected)
    rewrite(folder, lambda tensors: tensors | {"lm_head.weight": tensors["lm_head.weight"] + 1})
    error = refusal(folder)
    assert error.code == ErrorCode.ENGINE_FAILED
    assert "lm_head.weight" in str(error)
    assert "tied" in str(error)


def test_progress_only_grows_and_ends_at_one(folder: Path) -> None:
    told: list[float] = []
    load_weights(folder, TINY, dtype=torch.float32, device=CPU, progress=lambda fraction, what: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_weights_outlive_their_files(folder: Path) -> None:
    weights = load(folder)
    (folder / "model.safetensors").write_bytes(b"")
    assert_equal(weights, random_weights(TINY, 3, dtype=torch.float32, device=CPU))


# Eight bits.


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 9), st.floats(-30, 30), st.integers(0, 9))
def test_eight_bits_are_near(stack: int, rows: int, columns: int, size: float, seed: int) -> None:
    drawn = torch.randn(stack, rows, columns, generator=torch.Generator().manual_seed(seed)) * 2.0**size
    matrix = quantise(drawn)
    assert matrix.scale is not None
    assert matrix.data.dtype == torch.float8_e4m3fn
    assert matrix.scale.shape == (stack, rows, 1)
    error = (matrix.dense(torch.float32) - drawn).abs()
    largest = drawn.abs().amax(dim=-1, keepdim=True)
    assert (error <= (drawn.abs() / 16).maximum(largest * 2.0**-6 / 16 / 448) * 1.001).all()
    for index in range(stack):
        assert torch.equal(matrix.part(index).data.float(), quantise(drawn[index]).data.float())


def test_zeros_stay_zeros() -> None:
    assert torch.equal(quantise(torch.zeros(2, 3)).dense(torch.float32), torch.zeros(2, 3))


def test_matrices_are_quantised_as_they_come(folder: Path) -> None:
    plain, fp8 = load(folder), load(folder, kept=FP8, dtype=torch.bfloat16)
    assert fp8.dtype == torch.bfloat16
    for layer, exact in zip(fp8.layers, plain.layers, strict=True):
        for name in ("query", "key", "output", "gate", "up", "down", "experts_in", "experts_out"):
            assert_equal_matrix(getattr(layer, name), quantise(getattr(exact, name).data))
        assert layer.router.dtype == torch.bfloat16
    assert fp8.condition_gate.scale is None


def test_random_weights_in_eight_bits_are_those_of_the_checkpoint(folder: Path) -> None:
    assert_equal(load(folder, kept=FP8), random_weights(TINY, 3, dtype=torch.float32, device=CPU, kept=FP8))


def assert_equal_matrix(one: Matrix, other: Matrix) -> None:
    assert one.scale is not None
    assert other.scale is not None
    assert one.data.dtype == other.data.dtype
    assert torch.equal(one.data.float(), other.data.float())
    assert torch.equal(one.scale, other.scale)


def split_experts(tensors: Tensors) -> Tensors:
    """Each expert's matrices under names of their own."""
    result: Tensors = {}
    for name, tensor in tensors.items():
        prefix, _, last = name.rpartition(".")
        if not prefix.endswith(".experts"):
            result[name] = tensor
            continue
        for index, expert in enumerate(tensor):
            parts = {"gate_up_proj": ("gate_proj", "up_proj"), "down_proj": ("down_proj",)}[last]
            for part, matrix in zip(parts, expert.chunk(len(parts)), strict=True):
                result[f"{prefix}.{index}.{part}.weight"] = matrix.clone()
    return result


def compress(tensors: Tensors, scale_dtype: torch.dtype = torch.float32) -> Tensors:
    """In FP8 with the scales beside them, as published."""
    result: Tensors = {}
    for name, tensor in tensors.items():
        result[name] = tensor
        if not any(part in name for part in PLAIN):
            matrix = quantise(tensor)
            assert matrix.scale is not None
            result |= {name: matrix.data, f"{name}_scale": matrix.scale.to(scale_dtype)}
    return result


@pytest.mark.parametrize("stacked", [True, False], ids=["stacked", "one by one"])
def test_published_eight_bits_are_read_as_they_are(folder: Path, stacked: bool) -> None:
    expected = load(folder, kept=FP8)
    rewrite(folder, lambda tensors: compress(tensors if stacked else split_experts(tensors)))
    set_quantisation(folder, FP8_SETTINGS)
    assert_equal(load(folder), expected)


def test_scales_may_be_in_sixteen_bits(folder: Path) -> None:
    exact = load(folder)
    rewrite(folder, lambda tensors: compress(split_experts(tensors), torch.bfloat16))
    set_quantisation(folder, FP8_SETTINGS)
    query = load(folder, dtype=torch.bfloat16).layers[0].query
    assert query.scale is not None
    assert query.scale.dtype == torch.float32
    torch.testing.assert_close(query.dense(torch.float32), exact.layers[0].query.data, rtol=0.08, atol=1e-3)


def test_one_scale_may_serve_a_matrix(folder: Path) -> None:
    name = f"{DECODER}layers.0.mlp.up_proj.weight"

    def one_scale(tensors: Tensors) -> Tensors:
        return tensors | {name: torch.ones(64, 64).to(torch.float8_e4m3fn), f"{name}_scale": torch.tensor(0.5)}

    rewrite(folder, one_scale)
    up = load(folder).layers[0].up
    assert up.scale is not None
    assert up.scale.shape == (64, 1)
    assert torch.equal(up.dense(torch.float32), torch.full((64, 64), 0.5))


def test_experts_may_lie_one_by_one(folder: Path) -> None:
    expected = load(folder)
    rewrite(folder, split_experts)
    assert_equal(load(folder), expected)


# Four bits.

INT4_SETTINGS: dict[str, Any] = {
    "quant_method": "compressed-tensors",
    "format": "pack-quantized",
    "config_groups": {
        "group_0": {"weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 32, "symmetric": True}}
    },
}


def pack_matrices(tensors: Tensors) -> Tensors:
    """In int4 with scales and shapes beside them, as published."""
    result: Tensors = {}
    for name, tensor in tensors.items():
        if any(part in name for part in PLAIN):
            result[name] = tensor
            continue
        matrix = quantise_int4(tensor)
        assert matrix.scale is not None
        shape = torch.tensor(tensor.shape)
        result |= {f"{name}_packed": matrix.data, f"{name}_scale": matrix.scale, f"{name}_shape": shape}
    return result


@pytest.mark.parametrize("stacked", [True, False], ids=["stacked", "one by one"])
def test_published_four_bits_are_read_as_they_are(folder: Path, stacked: bool) -> None:
    expected = load(folder, kept=INT4)
    assert expected.layers[0].query.data.dtype == torch.int32
    assert expected.condition_gate.scale is None
    rewrite(folder, lambda tensors: pack_matrices(tensors if stacked else split_experts(tensors)))
    set_quantisation(folder, INT4_SETTINGS)
    assert_equal(load(folder), expected)
    assert_equal(load(folder, kept=FP8), expected)


def test_the_encoders_names_do_for_four_bits_as_well(folder: Path) -> None:
    expected = load(folder, kept=INT4)

    def rename(name: str) -> str:
        kept = "self_conditioning" in name or name.endswith("layer_scalar")
        return name if kept else name.replace(DECODER, ENCODER)

    rewrite(folder, lambda tensors: {rename(name): each for name, each in pack_matrices(tensors).items()})
    set_quantisation(folder, INT4_SETTINGS)
    assert_equal(load(folder), expected)


def test_random_weights_in_four_bits_are_those_of_the_checkpoint(folder: Path) -> None:
    assert_equal(load(folder, kept=INT4), random_weights(TINY, 3, dtype=torch.float32, device=CPU, kept=INT4))


def test_eight_bits_on_the_disk_may_become_four(folder: Path) -> None:
    eight = load(folder, kept=FP8)
    rewrite(folder, compress)
    set_quantisation(folder, FP8_SETTINGS)
    for layer, other in zip(load(folder, kept=INT4).layers, eight.layers, strict=True):
        expected = quantise_int4(other.query.dense(torch.float32))
        assert torch.equal(layer.query.data, expected.data)
        assert layer.experts_in.data.dtype == torch.int32


@pytest.mark.parametrize("spoil", ["zero_point", "groups", "words"])
def test_four_bits_of_another_kind_are_refused_by_name(folder: Path, spoil: str) -> None:
    def spoilt(tensors: Tensors) -> Tensors:
        packed = pack_matrices(tensors)
        if spoil == "zero_point":
            packed[f"{UP}_zero_point"] = torch.zeros(64, 1, dtype=torch.int32)
        elif spoil == "groups":
            packed[f"{UP}_scale"] = torch.ones(64, 3)
        else:
            packed[f"{UP}_packed"] = packed[f"{UP}_packed"].float()
        return packed

    rewrite(folder, spoilt)
    set_quantisation(folder, INT4_SETTINGS)
    assert UP in str(refusal(folder))


# What cannot be read, and why.

UP = f"{DECODER}layers.2.mlp.up_proj.weight"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "NVFP4"),
        (
            {
                "quant_method": "compressed-tensors",
                "format": "nvfp4-pack-quantized",
                "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "float", "strategy": "tensor_group"}}},
            },
            "nvfp4-pack-quantized",
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "format": "pack-quantized",
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "int", "strategy": "group"}}},
            },
            "pack-quantized",
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "format": "float-quantized",
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float", "strategy": "block"}}},
            },
            "float-quantized",
        ),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes"),
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
    ],
)
def test_other_quantisations_are_refused_by_name(folder: Path, settings: dict[str, Any], name: str) -> None:
    set_quantisation(folder, settings)
    error = refusal(folder)
    assert error.code == ErrorCode.ENGINE_FAILED
    assert name in str(error)
    assert "weights=fp8" in str(error)


def drop(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key: tensor for key, tensor in tensors.items() if key != name}


@pytest.mark.parametrize(
    "name",
    [
        UP,
        f"{DECODER}embed_tokens.weight",
        f"{DECODER}layers.1.experts.down_proj",
        f"{DECODER}layers.1.layer_scalar",
        f"{ENCODER}layers.1.layer_scalar",
        f"{DECODER}self_conditioning.pre_norm.weight",
    ],
)
def test_a_missing_tensor_is_named(folder: Path, name: str) -> None:
    rewrite(folder, drop(name))
    error = refusal(folder)
    assert error.code == ErrorCode.ENGINE_FAILED
    assert name in str(error)


def test_a_missing_scale_is_named(folder: Path) -> None:
    rewrite(folder, lambda tensors: drop(f"{UP}_scale")(compress(tensors)))
    assert f"{UP}_scale" in str(refusal(folder))


def test_a_wrong_shape_is_named_with_both(folder: Path) -> None:
    rewrite(folder, lambda tensors: tensors | {UP: torch.zeros(64, 63)})
    text = str(refusal(folder))
    assert UP in text
    assert "model.safetensors" in text
    assert "(64, 63)" in text
    assert "(64, 64)" in text


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.float8_e5m2])
def test_packed_numbers_are_refused(folder: Path, dtype: torch.dtype) -> None:
    rewrite(folder, lambda tensors: tensors | {UP: torch.zeros(64, 64).to(dtype)})
    assert UP in str(refusal(folder))


def test_a_norm_in_eight_bits_is_refused(folder: Path) -> None:
    name = f"{DECODER}norm.weight"
    rewrite(folder, lambda tensors: tensors | {name: tensors[name].to(torch.float8_e4m3fn)})
    assert name in str(refusal(folder))


def test_a_tensor_without_a_place_is_refused(folder: Path) -> None:
    bias = f"{DECODER}layers.0.self_attn.q_proj.bias"
    rewrite(folder, lambda tensors: tensors | {bias: torch.zeros(64)})
    assert bias in str(refusal(folder))


@pytest.mark.parametrize("kept", [0, 4, 100, 50_000, -1])
def test_a_cut_file_is_refused(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    error = refusal(folder)
    assert error.code == ErrorCode.ENGINE_FAILED
    assert "model.safetensors" in str(error)
    assert "pull" in str(error)


def test_a_pickle_under_another_name_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x80\x04\x95" + bytes(200))
    assert refusal(folder).code == ErrorCode.ENGINE_FAILED


@pytest.mark.parametrize(
    ("file", "code", "word"),
    [
        ("pytorch_model.bin", ErrorCode.ENGINE_FAILED, "pickle"),
        ("model-Q4_K_M.gguf", ErrorCode.ENGINE_FAILED, "llama"),
        ("README.md", ErrorCode.MODEL_MISSING, "model.safetensors"),
    ],
)
def test_a_folder_without_safetensors_says_what_to_do(folder: Path, file: str, code: ErrorCode, word: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / file).write_bytes(b"")
    error = refusal(folder)
    assert error.code == code
    assert word in str(error)

"""LoRA adapters: which files are taken, and that both engines make the same of one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from engine_rig import Rig, persona, question
from test_gguf import FLOAT32, METADATA, STRING, gguf

from npc_engine.clock import SystemClock
from npc_engine.engines import registry
from npc_engine.engines.adapter import Adapter, read_adapter
from npc_engine.engines.base import ModelSpec
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import Plan

Q = "blk.0.attn_q.weight"
MODEL = gguf(METADATA, shapes={Q: (896, 896), "blk.0.ffn_down.weight": (4864, 896)})
HEAD: dict[str, tuple[int, Any]] = {
    "general.architecture": (STRING, "qwen2"),
    "general.type": (STRING, "adapter"),
    "adapter.type": (STRING, "lora"),
    "adapter.lora.alpha": (FLOAT32, 32.0),
}
PARTS = {f"{Q}.lora_a": (896, 8), f"{Q}.lora_b": (8, 896)}
#: What the tests' adapter changes in the small model.
CHANGED, ROWS, COLUMNS, RANK = "blk.29.ffn_down.weight", 576, 1536, 4
QUESTIONS = (
    "What happened to the bridge?",
    "Who are you?",
    "Is there a room?",
    "Where is the miller?",
    "Good evening.",
    "What happened at the mill?",
    "Tell me about the flood.",
)


def saved(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def refused(folder: Path, adapter: bytes, model: bytes = MODEL) -> str:
    with pytest.raises(NpcError) as caught:
        read_adapter(saved(folder, "voice.gguf", adapter), saved(folder, "model.gguf", model))
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert "voice.gguf" in caught.value.message
    return caught.value.message


def test_an_adapter_is_read_with_its_ranks_and_scale(tmp_path: Path) -> None:
    model = saved(tmp_path, "model.gguf", MODEL)
    path = saved(tmp_path, "voice.gguf", gguf(HEAD, shapes=PARTS))
    adapter = read_adapter(path, model)
    assert adapter == Adapter(path, "qwen2", 32.0, {Q: 8})
    assert adapter.scale(Q) == 4.0
    plain = gguf({key: value for key, value in HEAD.items() if key != "adapter.lora.alpha"}, shapes=PARTS)
    assert read_adapter(saved(tmp_path, "plain.gguf", plain), model).scale(Q) == 1.0


def test_an_adapter_of_another_base_is_refused_with_both_names(tmp_path: Path) -> None:
    other = refused(tmp_path, gguf(HEAD | {"general.architecture": (STRING, "llama")}, shapes=PARTS))
    assert all(word in other for word in ("model.gguf", "llama", "qwen2"))
    larger = refused(tmp_path, gguf(HEAD, shapes={f"{Q}.lora_a": (1536, 8), f"{Q}.lora_b": (8, 1536)}))
    assert all(word in larger for word in ("model.gguf", "(896, 896)", "(1536, 1536)"))
    deeper = {f"blk.9.attn_q.weight.lora_{part}": size for part, size in (("a", (896, 8)), ("b", (8, 896)))}
    assert "it has no blk.9.attn_q.weight" in refused(tmp_path, gguf(HEAD, shapes=deeper))


@pytest.mark.parametrize(
    "adapter",
    [
        b"",
        b"PK\x03\x04",
        MODEL,
        gguf(HEAD),
        gguf(HEAD, shapes={f"{Q}.lora_a": (896, 8)}),
        gguf(HEAD, shapes={f"{Q}.lora_a": (896, 8), f"{Q}.lora_b": (4, 896)}),
        gguf(HEAD, shapes={f"{Q}.lora_a": (896, 0), f"{Q}.lora_b": (0, 896)}),
        gguf(HEAD, shapes={f"{Q}.lora_a": (896,), f"{Q}.lora_b": (896, 8)}),
        gguf(HEAD, shapes={Q: (896, 896)}),
        gguf(HEAD, shapes={"token_embd.weight.lora_a": (8, 99), "token_embd.weight.lora_b": (8, 896)}),
        gguf(HEAD | {"adapter.lora.alpha": (STRING, "much")}, shapes=PARTS),
        gguf(HEAD, shapes=PARTS)[:-1],
    ],
    ids=str,
)
def test_what_is_no_adapter_is_refused(tmp_path: Path, adapter: bytes) -> None:
    assert "not a LoRA adapter" in refused(tmp_path, adapter)


def test_a_missing_adapter_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NpcError) as caught:
        read_adapter(tmp_path / "none.gguf", saved(tmp_path, "model.gguf", MODEL))
    assert caught.value.code is ErrorCode.MODEL_MISSING


def random_adapter(path: Path, alpha: float) -> Path:
    """Some noise for the last layer of the small model, where it changes words and no other layer makes more of what
    the engines round differently; always the same but for its `alpha`."""
    writing: Any = pytest.importorskip("gguf", reason="needs the extra `openvino`")
    import numpy as np

    writer = writing.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    numbers = np.random.default_rng(5)
    writer.add_tensor(f"{CHANGED}.lora_a", numbers.standard_normal((RANK, COLUMNS), np.float32) * 0.1)
    writer.add_tensor(f"{CHANGED}.lora_b", numbers.standard_normal((ROWS, RANK), np.float32) * 0.1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def lines(engine: str, model: Path, adapter: Path | None) -> list[str]:
    """What the small model says to the questions, greedily."""
    opened = registry.create(engine, SystemClock())
    with closing(opened):
        spec = ModelSpec("small", model, "chatml", 512, max_parallel=1, threads=1, adapter=adapter)
        opened.load(spec, lambda fraction, what: None)
        assert ("voice" in opened.caps.description) is (adapter is not None)
        rig = Rig(opened, SystemClock(), deterministic=False, plan=Plan(4, 4))
        return [rig.end(rig.task(persona("Marta") + question(words), cache_key=words)).text for words in QUESTIONS]


def agreeing(some: Sequence[str], others: Sequence[str]) -> int:
    return sum(one == other for one, other in zip(some, others, strict=True))


def test_what_is_added_is_the_product_times_alpha_over_rank(tmp_path: Path) -> None:
    np: Any = pytest.importorskip("numpy", reason="needs the extra `openvino`")
    pytest.importorskip("gguf", reason="needs the extra `openvino`")
    from npc_engine.engines.openvino.change import Change

    path = random_adapter(tmp_path / "voice.gguf", alpha=12.0)
    change = Change(Adapter(path, "llama", 12.0, {CHANGED: RANK}))
    numbers = np.random.default_rng(5)
    a = numbers.standard_normal((RANK, COLUMNS), np.float32) * 0.1
    b = numbers.standard_normal((ROWS, RANK), np.float32) * 0.1
    before = np.ones((ROWS, COLUMNS), np.float32)
    np.testing.assert_allclose(change.apply(CHANGED, before), before + 3.0 * b @ a, rtol=1e-5)
    assert change.apply(Q, before) is before


@pytest.mark.model
@pytest.mark.timeout(300)
def test_both_engines_apply_the_same_adapter(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")
    model = tmp_path / "small.gguf"  # where its conversions disturb nobody
    model.symlink_to(small_model)
    voice = tmp_path / "voice.gguf"
    plain = lines("llama", model, None)
    said = []
    for alpha in (32.0, 512.0):  # one file, trained anew
        random_adapter(voice, alpha)
        with_llama, with_openvino = lines("llama", model, voice), lines("openvino", model, voice)
        assert agreeing(with_openvino, with_llama) > len(QUESTIONS) / 2
        assert agreeing(with_llama, plain) == agreeing(with_openvino, plain) == 0
        said.append((with_llama, with_openvino))
    assert agreeing(said[0][0], said[1][0]) == agreeing(said[0][1], said[1][1]) == 0, "alpha is honoured"

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npc_engine.engines.gguf import GgufHead, read_head
from npc_engine.errors import ErrorCode, NpcError

UINT32, STRING, ARRAY, FLOAT32 = 4, 8, 9, 6
METADATA: dict[str, tuple[int, Any]] = {
    "general.architecture": (STRING, "qwen2"),
    "tokenizer.ggml.tokens": (ARRAY, (STRING, ["<s>", "é", "a"])),
    "tokenizer.ggml.scores": (ARRAY, (FLOAT32, [0.5, 1.5])),
    "qwen2.context_length": (UINT32, 32_768),
    "qwen2.embedding_length": (UINT32, 896),
    "qwen2.block_count": (UINT32, 24),
    "qwen2.attention.head_count": (UINT32, 14),
    "qwen2.attention.head_count_kv": (UINT32, 2),
}


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(kind: int, value: Any) -> bytes:
    match kind:
        case 8:
            return text(value)
        case 9:
            element, items = value
            return struct.pack("<IQ", element, len(items)) + b"".join(entry(element, item) for item in items)
        case 6:
            return struct.pack("<f", value)
    return struct.pack("<I", value)


def gguf(
    metadata: dict[str, tuple[int, Any]], version: int = 3, shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
) -> bytes:
    pairs = b"".join(
        text(key) + struct.pack("<I", kind) + entry(kind, value) for key, (kind, value) in metadata.items()
    )
    tensors = b"".join(
        text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0) for name, shape in shapes.items()
    )
    return b"GGUF" + struct.pack("<IQQ", version, len(shapes), len(metadata)) + pairs + tensors


def written(folder: Path, data: bytes) -> Path:
    path = folder / "model.gguf"
    path.write_bytes(data)
    return path


def refused(folder: Path, data: bytes) -> str:
    with pytest.raises(NpcError) as caught:
        read_head(written(folder, data))
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert "model.gguf" in caught.value.message
    return caught.value.message


def test_the_head_tells_what_a_token_of_cache_costs(tmp_path: Path) -> None:
    head = read_head(written(tmp_path, gguf(METADATA)))
    # 24 layers, 2 heads of 64 for keys and as many for values, 2 bytes each.
    assert head == GgufHead("qwen2", 32_768, 24 * 2 * (64 + 64) * 2)


def test_head_sizes_may_be_stated_and_differ_by_layer(tmp_path: Path) -> None:
    stated = {
        "qwen2.attention.key_length": (UINT32, 128),
        "qwen2.attention.value_length": (UINT32, 96),
        "qwen2.attention.head_count_kv": (ARRAY, (UINT32, [2, 4, 2])),
    }
    head = read_head(written(tmp_path, gguf(METADATA | stated)))
    assert head.cache_token_bytes == 24 * 4 * (128 + 96) * 2


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NpcError) as caught:
        read_head(tmp_path / "none.gguf")
    assert caught.value.code is ErrorCode.MODEL_MISSING
    assert "none.gguf" in caught.value.message


def test_what_is_no_gguf_is_refused(tmp_path: Path) -> None:
    assert "does not begin with GGUF" in refused(tmp_path, b"PK\x03\x04 something else")
    refused(tmp_path, b"")
    refused(tmp_path, gguf(METADATA, version=1))
    refused(tmp_path, gguf({"general.architecture": (STRING, "qwen2")}))
    refused(tmp_path, gguf(METADATA | {"qwen2.attention.head_count": (UINT32, 0)}))
    refused(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60))
    refused(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0))
    refused(tmp_path, gguf(METADATA, shapes={"flat": ()}))
    refused(tmp_path, gguf(METADATA, shapes={"cut": (2, 2)})[:-1])
    assert "--adapter" in refused(tmp_path, gguf(METADATA | {"general.type": (STRING, "adapter")}))
    refused(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 60))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_head_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(gguf(METADATA, shapes={"blk.0.attn_q.weight": (896, 896)}))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(4, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = written(tmp_path, bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    try:
        assert read_head(path).cache_token_bytes > 0
    except NpcError as error:
        assert error.code is ErrorCode.ENGINE_FAILED  # noqa: PT017 - either outcome is right

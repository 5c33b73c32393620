from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

np: Any = pytest.importorskip("numpy", reason="needs the extra `openvino`")
pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")
gguf: Any = pytest.importorskip("gguf", reason="needs the extra `openvino`")

from npc_engine.engines.openvino.convert import convert  # noqa: E402
from npc_engine.engines.openvino.converted import converted, folder_of, verify  # noqa: E402
from npc_engine.engines.openvino.weights import quantise  # noqa: E402
from npc_engine.errors import ErrorCode, NpcError  # noqa: E402


def ignore(fraction: float, what: str) -> None:
    pass


@given(st.integers(0, 2**32), st.sampled_from([4, 8]), st.sampled_from([16, 64]), st.sampled_from([0.0, 1e-3, 1.0]))
def test_small_weights_are_near_the_wide_ones(seed: int, bits: int, group: int, size: float) -> None:
    matrix = (np.random.default_rng(seed).standard_normal((3, 64)) * size).astype(np.float32)
    numbers, scales = quantise(matrix, bits, group)
    assert numbers.shape == (3, 64 // group, group)
    assert np.abs(numbers).max() < 2 ** (bits - 1)
    back = (numbers * scales.astype(np.float32)).reshape(3, 64)
    assert (np.abs(back - matrix).reshape(numbers.shape) <= 0.51 * scales.astype(np.float32) + 1e-9).all()


def test_an_architecture_that_cannot_be_built_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.gguf"
    writer = gguf.GGUFWriter(path, "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with pytest.raises(NpcError) as caught:
        convert(path, "int8", ignore)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert "mamba" in caught.value.message


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model at all, but long enough to look like one"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(NpcError) as caught:
        convert(path, "int8", ignore)
    assert caught.value.code is ErrorCode.ENGINE_FAILED


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NpcError) as caught:
        convert(tmp_path / "nowhere.gguf", "int8", ignore)
    assert caught.value.code is ErrorCode.MODEL_MISSING


@pytest.mark.model
def test_a_model_is_converted_once_and_leaves_nothing_else(small_model: Path, tmp_path: Path) -> None:
    source = Path(shutil.copy(small_model, tmp_path))
    folder = folder_of(source, "int4")
    for leftover in (".part", ".made"):  # of a run that was killed
        folder.with_name(folder.name + leftover).mkdir()
    told: list[float] = []
    manifest = convert(source, "int4", lambda fraction, what: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert converted(source, "int4") == manifest
    verify(source, manifest)
    assert "<|im_end|>" in manifest.marks
    assert {path.name for path in tmp_path.iterdir()} == {source.name, folder.name, f"{folder.name}.lock"}
    told.clear()
    assert convert(source, "int4", lambda fraction, what: told.append(fraction)) == manifest
    assert told == []

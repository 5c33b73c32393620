"""What goes wrong in one task, one step or one file stays there: the openvino engine without a model."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engine_rig import GREEDY, Rig
from hypothesis import given
from hypothesis import strategies as st

np: Any = pytest.importorskip("numpy", reason="needs the extra `openvino`")
pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")
gguf: Any = pytest.importorskip("gguf", reason="needs the extra `openvino`")

from openvino_rig import open_rig  # noqa: E402

from npc_engine.engines.openvino import convert as converter  # noqa: E402
from npc_engine.engines.openvino.converted import (  # noqa: E402
    MANIFEST,
    NETWORK,
    NETWORK_WEIGHTS,
    TOKENISER,
    VERSION,
    Manifest,
    converted,
    described,
    folder_of,
    origins,
)
from npc_engine.engines.openvino.network import Piece  # noqa: E402
from npc_engine.engines.openvino.sampler import _run_lengths  # noqa: E402
from npc_engine.errors import ErrorCode, NpcError  # noqa: E402
from npc_engine.jobs import ChoiceSlot, FinishReason, Sampling, TextSlot  # noqa: E402

BAD_TOKEN = 399


class Network:
    """Wants an A, and has no idea what follows `BAD_TOKEN`."""

    broken = False

    def __init__(self, *arguments: Any) -> None:
        pass

    def read(self, pieces: Sequence[Piece]) -> Any:
        if self.broken:
            raise RuntimeError("out of memory")
        scores = np.zeros((len(pieces), 400), np.float32)
        scores[:, ord("A")] = 1.0
        for row, piece in enumerate(pieces):
            if piece.tokens[-1] == BAD_TOKEN:
                scores[row] = np.nan
        return scores


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = open_rig(monkeypatch, Network)
    yield rig
    rig.engine.close()


def held_blocks(rig: Rig) -> int:
    engine: Any = rig.engine
    return sum(len(holder.blocks) for holder in engine._cache.holders())


@pytest.mark.parametrize(
    "changes",
    [
        {"tokens": (1, BAD_TOKEN), "sampling": Sampling(temperature=0.7)},
        {"tokens": ()},
        {"tokens": (), "slots": ()},
        {"slots": (ChoiceSlot("mood", ()), TextSlot())},
    ],
    ids=["no likely token", "an empty prompt", "an empty warm-up", "a choice without options"],
)
def test_a_task_that_fails_fails_alone(rig: Rig, changes: dict[str, Any]) -> None:
    bad, good = rig.task(**changes), rig.task(tokens=(1, 2), cache_key="good")
    following = rig.task(tokens=(1, 2), sampling=GREEDY)
    ends = rig.run_all(bad, good, following)
    assert ends[bad.id][1].reason is FinishReason.FAILED
    assert ends[bad.id][1].message
    assert ends[good.id][1].text == ends[following.id][1].text == "AAAA"


def test_a_step_that_fails_is_forgotten(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = tuple(range(1, 101))
    rig.engine.start(task := rig.task(tokens=tokens))
    rig.poll()
    monkeypatch.setattr(Network, "broken", True)
    rig.engine.start(other := rig.task(tokens=tokens, cache_key="other"))
    ends = rig.finish(task.id, other.id)
    assert [end.reason for _, end in ends.values()] == [FinishReason.FAILED] * 2
    assert "out of memory" in ends[task.id][1].message
    assert held_blocks(rig) == 0
    monkeypatch.setattr(Network, "broken", False)
    again = rig.end(rig.task(tokens=tokens))
    assert (again.text, again.usage.cached_tokens) == ("AAAA", 0)


def test_a_line_that_was_begun_is_not_taken_back_at_the_windows_end(rig: Rig) -> None:
    end = rig.end(rig.task(tokens=tuple(range(1, 511)), resume="It rose."))
    assert (end.text, end.reason) == ("It rose.", FinishReason.LENGTH)


def run_length(history: list[int], end: int, breakers: set[int]) -> int:
    length = 0
    while length <= end and history[end - length] == history[-1 - length] and history[end - length] not in breakers:
        length += 1
    return length


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.sets(st.integers(0, 2), max_size=1), st.integers(1, 9))
def test_runs_are_as_long_as_counting_says(history: list[int], breakers: set[int], most: int) -> None:
    if history[-1] not in breakers:
        counted = [min(run_length(history, end, breakers), most) for end in range(len(history) - 1)]
        assert _run_lengths(history, breakers, most).tolist() == counted


def conversion(source: Path) -> Manifest:
    folder = folder_of(source, "int8")
    folder.mkdir()
    for name in (NETWORK, NETWORK_WEIGHTS, TOKENISER):
        (folder / name).write_bytes(name.encode())
    manifest = Manifest(
        version=VERSION,
        origins=origins(source, None),
        weights="int8",
        marks=[],
        controls=[],
        line_ends=[],
        files=described(folder),
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return manifest


def test_a_model_trained_anew_is_converted_anew(tmp_path: Path) -> None:
    source = tmp_path / "marta.gguf"
    source.write_bytes(b"weights of Monday")
    manifest = conversion(source)
    later_ns = manifest.origins[0].modified_ns + 10**10
    os.utime(source, ns=(later_ns, later_ns))
    assert converted(source, "int8") == manifest, "copied, but the same"
    source.write_bytes(b"weights of Friday")
    os.utime(source, ns=(later_ns, later_ns))
    assert converted(source, "int8") is None


@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"version": "\xff"}', b"\0" * 40])
def test_a_manifest_that_is_no_text_is_none(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "marta.gguf"
    source.write_bytes(b"GGUF")
    conversion(source)
    (folder_of(source, "int8") / MANIFEST).write_bytes(content)
    assert converted(source, "int8") is None


def small_gguf(path: Path, *, tokens: bool = True) -> Path:
    writer = gguf.GGUFWriter(path, "llama")
    if tokens:
        writer.add_token_list(["a", "<|im_end|>"])
        writer.add_token_types([1, 3])
    writer.add_tensor("output_norm.weight", np.ones(32, np.float32))
    writer.add_tensor("output.weight", np.ones((2, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), ErrorCode.DISK_FULL),
        (PermissionError(errno.EACCES, "Permission denied"), ErrorCode.ENGINE_FAILED),
        (RuntimeError("basic_ios::clear: iostream error"), ErrorCode.ENGINE_FAILED),
        (NotImplementedError("Dequantization for IQ1_M is not yet implemented"), ErrorCode.ENGINE_FAILED),
    ],
    ids=["disk full", "no right to write", "OpenVINO", "weights unknown to gguf"],
)
def test_a_conversion_that_fails_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception, code: ErrorCode
) -> None:
    def build(wide: Path) -> None:
        wide.with_name(NETWORK).write_bytes(b"half a network")
        raise raised

    monkeypatch.setattr(converter, "_build", build)
    source = small_gguf(tmp_path / "marta.gguf")
    with pytest.raises(NpcError) as caught:
        converter.convert(source, "int8", lambda fraction, what: None)
    assert caught.value.code is code
    assert source.name in caught.value.message
    lock = f"{folder_of(source, 'int8').name}.lock"
    assert {path.name for path in tmp_path.iterdir()} == {source.name, lock}


def test_a_folder_that_nobody_may_write_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def refused(*arguments: Any) -> Iterator[None]:
        raise PermissionError(errno.EACCES, "Permission denied")
        yield

    monkeypatch.setattr(converter, "exclusive", refused)
    with pytest.raises(NpcError) as caught:
        converter.convert(small_gguf(tmp_path / "marta.gguf"), "int8", lambda fraction, what: None)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert str(tmp_path) in caught.value.message


def test_a_model_without_a_vocabulary_is_refused_before_the_work(tmp_path: Path) -> None:
    source = small_gguf(tmp_path / "marta.gguf", tokens=False)
    told: list[str] = []
    with pytest.raises(NpcError) as caught:
        converter.convert(source, "int8", lambda fraction, what: told.append(what))
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert "tokenizer.ggml.tokens" in caught.value.message
    assert not told


def test_matrices_of_32_bits_are_built_with_16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, str] = {}

    def build(wide: Path) -> None:
        found.update({tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(wide).tensors})
        raise RuntimeError("enough")

    monkeypatch.setattr(converter, "_build", build)
    with pytest.raises(NpcError, match="enough"):
        converter.convert(small_gguf(tmp_path / "marta.gguf"), "int8", lambda fraction, what: None)
    assert found == {"output_norm.weight": "F32", "output.weight": "F16"}

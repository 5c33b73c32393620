"""What `models convert` leaves behind, and the command; without a model and without OpenVINO."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from typer.testing import CliRunner

from npc_engine.cli.models import app
from npc_engine.engines.openvino.converted import (
    MANIFEST,
    NETWORK,
    NETWORK_WEIGHTS,
    TOKENISER,
    VERSION,
    Manifest,
    Weights,
    converted,
    described,
    folder_of,
    origins,
    verify,
    weights_called,
)
from npc_engine.errors import ErrorCode, NpcError

CONVERTER = "npc_engine.engines.openvino.convert"


def conversion(
    source: Path, weights: Weights = "int8", version: int = VERSION, adapter: Path | None = None
) -> Manifest:
    """A folder such as the converter leaves, of nothing."""
    folder = folder_of(source, weights, adapter)
    folder.mkdir()
    for name in (NETWORK, NETWORK_WEIGHTS, TOKENISER):
        (folder / name).write_bytes(name.encode())
    manifest = Manifest(
        version=version,
        origins=origins(source, adapter),
        weights=weights,
        marks=[],
        controls=[],
        line_ends=[],
        files=described(folder),
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return manifest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "marta-q4.gguf"
    path.write_bytes(b"GGUF and so on")
    return path


def test_a_whole_conversion_is_found(source: Path) -> None:
    assert converted(source, "int8") is None
    manifest = conversion(source)
    assert converted(source, "int8") == manifest
    assert converted(source, "int4") is None
    verify(source, manifest)


@pytest.mark.parametrize("name", [NETWORK, NETWORK_WEIGHTS, TOKENISER, MANIFEST])
@pytest.mark.parametrize("left", [None, b"", b"cut"])
def test_a_conversion_that_lacks_something_is_none(source: Path, name: str, left: bytes | None) -> None:
    conversion(source)
    path = folder_of(source, "int8") / name
    path.unlink()
    if left is not None:
        path.write_bytes(left)
    assert converted(source, "int8") is None


def test_a_conversion_of_another_file_or_by_another_version_is_none(source: Path) -> None:
    conversion(source, "int4", VERSION + 1)
    assert converted(source, "int4") is None
    conversion(source)
    source.write_bytes(b"GGUF of another model")
    assert converted(source, "int8") is None


def test_a_conversion_is_of_the_model_and_its_adapter(source: Path) -> None:
    adapter = source.with_name("warm-voice.gguf")
    adapter.write_bytes(b"GGUF of Monday")
    manifest = conversion(source, adapter=adapter)
    assert folder_of(source, "int8", adapter).name == "marta-q4+warm-voice.openvino-int8"
    assert converted(source, "int8", adapter) == manifest
    assert converted(source, "int8") is None
    verify(source, manifest, adapter)
    adapter.write_bytes(b"GGUF of Friday")
    os.utime(adapter, ns=(0, 0))
    assert converted(source, "int8", adapter) is None
    with pytest.raises(NpcError) as caught:
        verify(source, manifest, adapter)
    assert adapter.name in caught.value.message


def test_checking_reads_what_the_sizes_cannot_tell(source: Path) -> None:
    manifest = conversion(source)
    path = folder_of(source, "int8") / NETWORK_WEIGHTS
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(NpcError) as caught:
        verify(source, manifest)
    assert caught.value.code is ErrorCode.MODEL_CORRUPT
    assert NETWORK_WEIGHTS in caught.value.message


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(NpcError) as caught:
        weights_called("int5")
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert "int8 or int4" in caught.value.message


def test_the_command_converts_once_and_checks_after_that(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    stand_in = ModuleType(CONVERTER)
    stand_in.convert = lambda path, weights, progress, adapter: made.append(conversion(path, weights).weights)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, CONVERTER, stand_in)
    for _ in range(2):
        result = CliRunner().invoke(app, ["convert", str(source), "--weights", "int4"])
        assert (result.exit_code, result.stdout.strip()) == (0, str(folder_of(source, "int4")))
    assert made == ["int4"]


def test_without_openvino_the_command_says_what_to_install(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, CONVERTER, raising=False)
    monkeypatch.setitem(sys.modules, "openvino_genai", None)
    monkeypatch.setitem(sys.modules, "gguf", None)
    result = CliRunner().invoke(app, ["convert", str(source)])
    assert result.exit_code == 1
    assert "npc-dialogue-engine[openvino]" in result.stderr

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models import choose
from npc_engine.models.catalogue import Model, by_name, checkpoints
from npc_engine.models.checkpoint import MANIFEST, Contents, Part
from npc_engine.models.choose import choose_checkpoint, choose_model, ensure_model, model_here, path_of

SMALL = by_name("smollm2-135m")
DEFAULT = by_name("qwen2.5-coder-0.5b")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty folder, 16 GB of memory, no hub; downloads only name the model they were asked for."""
    fetched: list[str] = []

    def fetch_with_bar(model: Model) -> Path:
        fetched.append(model.name)
        return tmp_path / model.file

    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    monkeypatch.setattr(choose, "hub_reachable", lambda: False)
    monkeypatch.setattr(choose, "_memory_mb", lambda: 16_000)
    monkeypatch.setattr(choose, "fetch_with_bar", fetch_with_bar)
    return fetched


def put(model: Model, size_bytes: int | None = None) -> Path:
    """A file of the right size, which costs no room: it is one hole."""
    path = choose.models_dir() / model.file
    with path.open("wb") as file:
        file.truncate(model.size_bytes if size_bytes is None else size_bytes)
    return path


def test_only_a_whole_file_counts() -> None:
    assert path_of(SMALL) is None
    put(SMALL, 100)
    assert path_of(SMALL) is None
    assert put(SMALL) == path_of(SMALL)


def test_a_named_model_that_is_here_is_used_as_it_is(machine: list[str]) -> None:
    path = put(SMALL)
    assert ensure_model(SMALL) == path
    assert machine == []


def test_what_is_missing_is_fetched(machine: list[str]) -> None:
    assert ensure_model(SMALL).name == SMALL.file
    assert machine == [SMALL.name]


def test_the_choice_is_explained_on_stderr_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert choose_model() == DEFAULT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hub does not answer" in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_model_here_is_preferred_to_a_download(machine: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "hub_reachable", lambda: True)
    path = put(DEFAULT)
    assert ensure_model(choose_model()) == path
    assert machine == []


def test_looking_for_a_file_touches_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "hub_reachable", lambda: pytest.fail("the hub was asked"))
    with pytest.raises(NpcError, match=r"`npc-engine models pull`") as caught:
        model_here(None)
    assert caught.value.code is ErrorCode.MODEL_MISSING
    with pytest.raises(NpcError, match=r"`npc-engine models pull smollm2-135m`"):
        model_here(SMALL.name)
    assert put(DEFAULT) == model_here(None)[1]


def test_the_machines_memory_is_measured_in_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 256 < choose._memory_mb() < 1 << 26


def put_checkpoint(name: str) -> Path:
    folder = choose.models_dir() / name
    folder.mkdir()
    (folder / "config.json").write_bytes(b"{}")
    contents = Contents("someone/tiny", "0" * 40, (Part("config.json", 2, None),))
    (folder / MANIFEST).write_bytes(msgspec.json.encode(contents))
    return folder


def test_a_checkpoint_is_never_fetched_unasked(machine: list[str]) -> None:
    with pytest.raises(NpcError, match=r"npc-engine models pull diffusiongemma-26b`") as caught:
        choose_checkpoint()
    assert caught.value.code is ErrorCode.MODEL_MISSING
    assert "nvfp4" not in caught.value.message
    folder = put_checkpoint("diffusiongemma-26b-fp8")
    assert path_of(choose_checkpoint()) == folder
    assert machine == []


def test_only_a_whole_folder_counts() -> None:
    checkpoint = checkpoints()[0]
    assert path_of(checkpoint) is None
    folder = put_checkpoint(checkpoint.name)
    assert path_of(checkpoint) == folder == model_here(checkpoint.repo)[1]
    (folder / "config.json").write_bytes(b"{")
    assert path_of(checkpoint) is None
    (folder / "config.json").write_bytes(b"{}")
    (folder / MANIFEST).write_bytes(b"{")
    assert path_of(checkpoint) is None

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest
from model_doubles import LocalRepository, tiny_checkpoint

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models import checkpoint as module
from npc_engine.models.checkpoint import MANIFEST, Contents, fetch_checkpoint, hub_contents, hub_download, is_whole
from npc_engine.models.lock import exclusive
from npc_engine.models.sources import SourceFailed

Usage = namedtuple("Usage", "total used free")
CHECKPOINT = tiny_checkpoint()
WANTED = {"config.json", "model.safetensors"}
needs_library = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None, reason="the extra `gpu` is not installed"
)


class Pull:
    """One call of `fetch_checkpoint` and everything it said; the library is stood in for by a copy."""

    def __init__(self, folder: Path, repository: LocalRepository) -> None:
        self.folder, self.repository = folder, repository
        self.target = folder / "tiny"
        self.notes: list[str] = []
        self.progress: list[tuple[int, int]] = []
        self.downloads = 0
        self.fault: BaseException | None = None

    def __call__(self) -> Path:
        return fetch_checkpoint(
            CHECKPOINT,
            self.folder,
            progress=lambda done, total: self.progress.append((done, total)),
            note=self.notes.append,
            download=self._download,
        )

    def fails(self) -> NpcError:
        with pytest.raises(NpcError) as caught:
            self()
        return caught.value

    def left(self) -> set[str]:
        return {path.name for path in self.target.iterdir()}

    def _download(self, contents: Contents, target: Path, on_poll: Callable[[], None]) -> None:
        self.downloads += 1
        for part in contents.parts:
            on_poll()
            if self.fault and part.name != "config.json":
                raise self.fault
            (target / part.name).write_bytes(self.repository.files[part.name])


@pytest.fixture
def pull(tmp_path: Path, repository: LocalRepository) -> Pull:
    return Pull(tmp_path, repository)


def test_only_what_a_model_is_made_of_comes(pull: Pull) -> None:
    assert pull() == pull.target
    assert pull.left() == {*WANTED, MANIFEST}
    assert is_whole(pull.target)
    assert pull.progress[-1] == (10_242, 10_242)
    assert any("No commit of someone/tiny is pinned" in note and pull.repository.commit in note for note in pull.notes)


def test_what_is_here_is_checked_without_the_hub(pull: Pull) -> None:
    pull()
    asked = len(pull.repository.requests)
    assert pull() == pull.target
    assert (pull.downloads, len(pull.repository.requests)) == (1, asked)


def test_every_hash_is_kept_so_that_damage_is_found_later(pull: Pull) -> None:
    pull()
    (pull.target / "config.json").write_bytes(b"[]")  # the hub knows no hash of it
    error = pull.fails()
    assert error.code is ErrorCode.MODEL_CORRUPT
    assert pull.left() == {"model.safetensors", "config.json.corrupt"}
    assert pull() == pull.target


def test_a_file_with_another_hash_is_set_aside_and_never_taken(pull: Pull) -> None:
    good = pull.repository.files["model.safetensors"]
    pull.repository.listed = json.dumps(pull.repository._listing()).encode()
    pull.repository.files["model.safetensors"] = bytes(len(good))
    error = pull.fails()
    assert error.code is ErrorCode.MODEL_CORRUPT
    assert "set aside" in error.message
    assert not is_whole(pull.target)
    pull.repository.files["model.safetensors"] = good
    pull()
    assert is_whole(pull.target)


def test_a_download_cut_short_is_no_model(pull: Pull) -> None:
    pull.repository.listed = json.dumps(pull.repository._listing()).encode()
    pull.repository.files["model.safetensors"] = b"half"
    assert pull.fails().code is ErrorCode.MODEL_CORRUPT
    assert not is_whole(pull.target)


def test_an_interrupt_or_a_failure_keeps_what_arrived(pull: Pull) -> None:
    pull.fault = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        pull()
    pull.fault = SourceFailed("gone")
    error = pull.fails()
    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "gone" in error.message
    assert "pull again" in error.message
    assert pull.left() == {"config.json"}
    pull.fault = None
    pull()


def test_a_silent_hub_is_named_with_what_to_do(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    error = pull.fails()
    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "no answer" in error.message
    assert "--model" in error.message
    assert pull.downloads == 0


@pytest.mark.parametrize(
    "listed",
    [
        b"<html>please log in</html>",
        b"{}",
        b'{"sha": "main", "siblings": [{"rfilename": "a.json", "size": 1}]}',
        b'{"sha": "0123456789012345678901234567890123456789", "siblings": []}',
        b'{"sha": "0123456789012345678901234567890123456789", "siblings": [{"rfilename": "..\\\\a.json", "size": 1}]}',
        b'{"sha": "0123456789012345678901234567890123456789", "siblings": [{"rfilename": "a.json"}]}',
    ],
)
def test_a_list_that_is_none_is_refused(listed: bytes, repository: LocalRepository) -> None:
    repository.listed = listed
    with pytest.raises(SourceFailed, match="not understood"):
        hub_contents(CHECKPOINT)


def test_a_lack_of_room_is_told_before_anything_is_fetched(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10_241))
    error = pull.fails()
    assert error.code is ErrorCode.DISK_FULL
    assert "lacks 1 MB" in error.message
    assert pull.downloads == 0


def test_what_nothing_can_run_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(NpcError, match="take another") as caught:
        fetch_checkpoint(tiny_checkpoint(engines=()), tmp_path, progress=lambda *_: None, note=lambda _: None)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    assert list(tmp_path.iterdir()) == []


def test_two_processes_never_fetch_at_once(pull: Pull) -> None:
    other = exclusive(pull.folder / "tiny.lock", lambda: None)
    other.__enter__()

    def note(line: str) -> None:
        if "waiting" in line:
            other.__exit__(None, None, None)

    pull.notes = type("Notes", (list,), {"append": lambda _, line: note(line)})()
    assert pull() == pull.target


def test_without_the_library_its_command_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    contents = Contents("someone/tiny", "0" * 40, ())
    with pytest.raises(NpcError, match=r"npc-dialogue-engine\[gpu\]") as caught:
        hub_download(contents, tmp_path, lambda: None)
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE


# The hub's own library, asking a hub on this machine.


@needs_library
def test_the_library_fetches_the_listed_files_of_that_commit(tmp_path: Path, repository: LocalRepository) -> None:
    fetch_checkpoint(CHECKPOINT, tmp_path, progress=lambda *_: None, note=lambda _: None)
    assert {path.name for path in (tmp_path / "tiny").iterdir()} == {*WANTED, MANIFEST, ".cache"}
    assert is_whole(tmp_path / "tiny")
    assert not any("old.bin" in path or "onnx" in path for _, path in repository.requests)


@needs_library
def test_what_the_library_says_last_is_the_reason(tmp_path: Path, repository: LocalRepository) -> None:
    contents = hub_contents(CHECKPOINT)
    repository.status = 403
    with pytest.raises(SourceFailed, match="403"):
        hub_download(contents, tmp_path, lambda: None)


@needs_library
def test_an_interrupt_leaves_no_download_behind(
    tmp_path: Path, repository: LocalRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def spy(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        started.append(popen(*args, **kwargs))  # type: ignore[call-overload]
        return started[-1]

    def interrupt() -> None:
        raise KeyboardInterrupt

    contents = hub_contents(CHECKPOINT)
    monkeypatch.setattr(subprocess, "Popen", spy)
    monkeypatch.setattr(module, "POLL_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        hub_download(contents, tmp_path, interrupt)
    assert started[0].returncode is not None

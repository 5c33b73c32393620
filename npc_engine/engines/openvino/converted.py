"""A converted model: a folder with the network in OpenVINO's format, the tokeniser, and a manifest of what they are.

Kept beside the GGUF file it was made from, as `NAME.openvino-WEIGHTS`, or `NAME+ADAPTER.openvino-WEIGHTS` with an
adapter in it; a folder under that name is whole.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

import msgspec

from npc_engine.errors import ErrorCode, NpcError

#: How the weights are kept: 8 bits, one scale a row; or 4 bits, one scale for every 128 weights of a row.
Weights: TypeAlias = Literal["int8", "int4"]
DEFAULT_WEIGHTS: Weights = "int8"
#: Counts up when a conversion made by an older version must be made again.
VERSION = 2

NETWORK = "openvino_model.xml"
NETWORK_WEIGHTS = "openvino_model.bin"
TOKENISER = "tokenizer.gguf"
MANIFEST = "manifest.json"


class File(msgspec.Struct, frozen=True):
    """One file of the folder."""

    name: str
    size_bytes: int
    sha256: str


class Origin(msgspec.Struct, frozen=True):
    """A file that went in; `modified_ns` is when it was last written before that."""

    name: str
    size_bytes: int
    sha256: str
    modified_ns: int

    def same(self, path: Path) -> bool:
        """Whether that is what is at `path`. Looks at the contents of a file that was written since: one trained anew
        has the same size."""
        found = path.stat()
        if found.st_size != self.size_bytes:
            return False
        return found.st_mtime_ns == self.modified_ns or sha256_of(path) == self.sha256


class Manifest(msgspec.Struct, frozen=True):
    """What was converted, the model's file and the adapter's if there was one, and what came of it. `marks` are all
    texts that the tokeniser takes for one special token, and `controls` the ids of those that are control tokens;
    `line_ends` are the tokens with a line's end in them."""

    version: int
    origins: list[Origin]
    weights: Weights
    marks: list[str]
    controls: list[int]
    line_ends: list[int]
    files: list[File]


def weights_called(name: str) -> Weights:
    """The weights of that name. Raises `NpcError` ENGINE_FAILED."""
    if name not in get_args(Weights):
        message = f"weights of the openvino engine are {' or '.join(get_args(Weights))}, not {name!r}"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return cast(Weights, name)


def folder_of(source: Path, weights: Weights, adapter: Path | None = None) -> Path:
    """Where the conversion of the GGUF file `source`, with the adapter in it, lies, or will lie."""
    name = f"{source.stem}+{adapter.stem}" if adapter else source.stem
    return source.with_name(f"{name}.openvino-{weights}")


def converted(source: Path, weights: Weights, adapter: Path | None = None) -> Manifest | None:
    """What was made of them by this version, if it is there whole. Looks at the sizes of what was made, and at whether
    they are what they were (`Origin.same`). `verify` looks at all contents."""
    folder = folder_of(source, weights, adapter)
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        whole = all((folder / file.name).stat().st_size == file.size_bytes for file in manifest.files)
        if not whole or manifest.version != VERSION:
            return None
        same = (origin.same(path) for origin, path in zip(manifest.origins, _paths(source, adapter), strict=True))
        return manifest if all(same) else None
    except (OSError, ValueError):  # text that is no UTF-8, no JSON, or no manifest
        return None


def verify(source: Path, manifest: Manifest, adapter: Path | None = None) -> None:
    """Read everything. Raises `NpcError` MODEL_CORRUPT if a file is not what the manifest says."""
    folder = folder_of(source, manifest.weights, adapter)
    expected = [(folder / file.name, file.sha256) for file in manifest.files]
    expected += zip(_paths(source, adapter), (origin.sha256 for origin in manifest.origins), strict=True)
    for path, sha256 in expected:
        if sha256_of(path) != sha256:
            message = f"{path} is not what {folder / MANIFEST} says. Delete {folder} and convert again."
            raise NpcError(ErrorCode.MODEL_CORRUPT, message)


def origins(source: Path, adapter: Path | None) -> list[Origin]:
    """The files as they are. Ask before they are read: what is written meanwhile is then seen to be new."""
    found = [(path, path.stat()) for path in _paths(source, adapter)]
    return [Origin(path.name, stat.st_size, sha256_of(path), stat.st_mtime_ns) for path, stat in found]


def _paths(source: Path, adapter: Path | None) -> list[Path]:
    return [source, *([adapter] if adapter else [])]


def described(folder: Path) -> list[File]:
    """The files of the folder as they are."""
    names = (NETWORK, NETWORK_WEIGHTS, TOKENISER)
    return [File(name, (folder / name).stat().st_size, sha256_of(folder / name)) for name in names]


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

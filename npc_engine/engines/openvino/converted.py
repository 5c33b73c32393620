"""A converted model: a folder with the network in OpenVINO's format, the tokeniser, and a manifest of what they are.

Kept beside the GGUF file it was made from, as `NAME.openvino-WEIGHTS`; a folder under that name is whole.
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
VERSION = 1

NETWORK = "openvino_model.xml"
NETWORK_WEIGHTS = "openvino_model.bin"
TOKENISER = "tokenizer.gguf"
MANIFEST = "manifest.json"


class File(msgspec.Struct, frozen=True):
    """One file of the folder."""

    name: str
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What was converted and what came of it. `marks` are all texts that the tokeniser takes for one special token, and
    `controls` the ids of those that are control tokens; `line_ends` are the tokens with a line's end in them.
    `source_modified_ns` is when the source was last written, 0 if that is not known."""

    version: int
    source: str
    source_bytes: int
    source_sha256: str
    weights: Weights
    marks: list[str]
    controls: list[int]
    line_ends: list[int]
    files: list[File]
    source_modified_ns: int = 0


def weights_called(name: str) -> Weights:
    """The weights of that name. Raises `NpcError` ENGINE_FAILED."""
    if name not in get_args(Weights):
        message = f"weights of the openvino engine are {' or '.join(get_args(Weights))}, not {name!r}"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return cast(Weights, name)


def folder_of(source: Path, weights: Weights) -> Path:
    """Where the conversion of the GGUF file `source` lies, or will lie."""
    return source.with_name(f"{source.stem}.openvino-{weights}")


def converted(source: Path, weights: Weights) -> Manifest | None:
    """What was made of `source` by this version, if it is there whole. Looks at sizes, and at the contents of a source
    that was written since: one trained anew has the same size. `verify` looks at all contents."""
    folder = folder_of(source, weights)
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        whole = all((folder / file.name).stat().st_size == file.size_bytes for file in manifest.files)
        if not whole or manifest.version != VERSION:
            return None
        return manifest if _same(source, manifest) else None
    except (OSError, ValueError):  # text that is no UTF-8, no JSON, or no manifest
        return None


def _same(source: Path, manifest: Manifest) -> bool:
    found = source.stat()
    if found.st_size != manifest.source_bytes:
        return False
    return found.st_mtime_ns == manifest.source_modified_ns or sha256_of(source) == manifest.source_sha256


def verify(source: Path, manifest: Manifest) -> None:
    """Read everything. Raises `NpcError` MODEL_CORRUPT if a file is not what the manifest says."""
    folder = folder_of(source, manifest.weights)
    expected = {source: manifest.source_sha256} | {folder / file.name: file.sha256 for file in manifest.files}
    for path, sha256 in expected.items():
        if sha256_of(path) != sha256:
            message = f"{path} is not what {folder / MANIFEST} says. Delete {folder} and convert again."
            raise NpcError(ErrorCode.MODEL_CORRUPT, message)


def described(folder: Path) -> list[File]:
    """The files of the folder as they are."""
    names = (NETWORK, NETWORK_WEIGHTS, TOKENISER)
    return [File(name, (folder / name).stat().st_size, sha256_of(folder / name)) for name in names]


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

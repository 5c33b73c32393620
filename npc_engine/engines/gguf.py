"""The head of a GGUF file: enough to refuse a wrong or damaged file with a reason, to know what its cache costs, and
whether an adapter fits it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec

from npc_engine.errors import ErrorCode, NpcError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
#: Longest key or text, and most metadata entries or tensors, that a sound file has; a damaged one claims more.
TEXT_BYTES = 1 << 24
ENTRIES = 1 << 16
DIMENSIONS = 4
#: What `general.type` says of a file that is no model by itself.
ADAPTER = "adapter"
#: Bytes per element of a 16-bit cache.
CACHE_ELEMENT_BYTES = 2

#: By GGUF value type; strings and arrays are read by hand.
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9

Value: TypeAlias = "int | float | bool | str | list[Value]"
#: Of every tensor, by its name: sizes in the file's order, so a matrix has (columns, rows).
Shapes: TypeAlias = dict[str, tuple[int, ...]]


class GgufHead(msgspec.Struct, frozen=True):
    """What the metadata says. `cache_token_bytes` is what one token takes in the key-value cache, 16-bit."""

    architecture: str
    context_tokens: int
    cache_token_bytes: int


def read_head(path: Path) -> GgufHead:
    """Read the metadata of a model's file. Raises `NpcError` MODEL_MISSING or ENGINE_FAILED."""
    if not path.is_file():
        raise NpcError(ErrorCode.MODEL_MISSING, f"no such file: {path}")
    try:
        return _head(read_metadata(path)[0])
    except (OSError, ValueError, KeyError, struct.error) as error:
        message = f"{path} is not a whole GGUF model: {error}. Delete it and run `npc-engine models pull`."
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error


def read_metadata(path: Path) -> tuple[dict[str, Value], Shapes]:
    """All that is before the weights. Raises OSError, ValueError, KeyError or struct.error for what is not GGUF."""
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise ValueError("it does not begin with GGUF")
        version, tensors, entries = _unpack(file, "<IQQ")
        if version not in VERSIONS or entries > ENTRIES or tensors > ENTRIES:
            raise ValueError(f"version {version} with {entries} entries and {tensors} tensors")
        return _metadata(file, entries), _shapes(file, tensors)


def _head(metadata: dict[str, Value]) -> GgufHead:
    if metadata.get("general.type") == ADAPTER:
        raise ValueError("it is an adapter: give it as --adapter, beside its model")
    architecture = str(metadata["general.architecture"])

    def number(key: str, default: int | None = None) -> int:
        value = metadata.get(f"{architecture}.{key}", default)
        if isinstance(value, list):  # one number per layer
            value = max((item for item in value if isinstance(item, int)), default=default)
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"{architecture}.{key} is {value!r}")
        return value

    heads = number("attention.head_count")
    head_size = number("embedding_length") // heads
    key_size = number("attention.key_length", head_size)
    value_size = number("attention.value_length", head_size)
    elements = number("block_count") * number("attention.head_count_kv", heads) * (key_size + value_size)
    return GgufHead(architecture, number("context_length"), elements * CACHE_ELEMENT_BYTES)


def _metadata(file: BinaryIO, entries: int) -> dict[str, Value]:
    metadata: dict[str, Value] = {}
    for _ in range(entries):
        key = _text(file)
        metadata[key] = _value(file, _unpack(file, "<I")[0])
    return metadata


def _shapes(file: BinaryIO, tensors: int) -> Shapes:
    shapes: Shapes = {}
    for _ in range(tensors):
        name = _text(file)
        (dimensions,) = _unpack(file, "<I")
        if not 0 < dimensions <= DIMENSIONS:
            raise ValueError(f"{name!r} has {dimensions} dimensions")
        shapes[name] = _unpack(file, f"<{dimensions}Q")
        _unpack(file, "<IQ")  # in which numbers, and where
    return shapes


def _value(file: BinaryIO, kind: int) -> Value:
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        element, count = _unpack(file, "<IQ")
        if element in _SCALARS:
            code = _SCALARS[element][1]
            return list(_unpack(file, f"<{_bounded(count)}{code}"))
        return [_value(file, element) for _ in range(_bounded(count))]
    if kind not in _SCALARS:
        raise ValueError(f"value type {kind}")
    value: Value = _unpack(file, _SCALARS[kind])[0]
    return value


def _text(file: BinaryIO) -> str:
    return file.read(_bounded(_unpack(file, "<Q")[0])).decode("utf-8", "replace")


def _bounded(count: int) -> int:
    if count > TEXT_BYTES:
        raise ValueError(f"a length of {count}")
    return count


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))

"""GGUF to OpenVINO without torch: the weights are widened, OpenVINO GenAI's own reader builds the network, and its
weights are made small again. What an adapter would add to them each time is added once.

The reader takes few of GGUF's number formats (a Q4_K_M file of the 0.5B model has others), so it is given 16 bits. It
can only be had by opening a pipeline, which saves what it built.
"""

from __future__ import annotations

import errno
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np
import openvino
import openvino_genai
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter

from npc_engine.engines.adapter import read_adapter
from npc_engine.engines.base import Progress
from npc_engine.engines.openvino.change import Change
from npc_engine.engines.openvino.converted import (
    MANIFEST,
    NETWORK,
    TOKENISER,
    VERSION,
    Manifest,
    Weights,
    converted,
    described,
    folder_of,
    origins,
)
from npc_engine.engines.openvino.weights import compress
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.lock import exclusive

#: Architectures that OpenVINO GenAI's GGUF reader builds.
ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3"})
#: GGUF's kinds of token.
_CONTROL, _USER_DEFINED = 3, 4
#: How byte-level vocabularies write a line's end.
_LINE_END = "\u010a"
#: Disk needed meanwhile, bytes a weight: wide, built, small.
_BYTES_PER_WEIGHT = 5


def convert(source: Path, weights: Weights, progress: Progress, adapter: Path | None = None) -> Manifest:
    """The conversion of the GGUF file `source` with the adapter in it, made if it is not there yet; appears under its
    name only when it is whole. Raises `NpcError` MODEL_MISSING, ENGINE_FAILED (a model that cannot be converted, an
    adapter of another) or DISK_FULL."""
    for path in filter(None, (source, adapter)):
        if not path.is_file():
            raise NpcError(ErrorCode.MODEL_MISSING, f"no such file: {path}")
    target = folder_of(source, weights, adapter)
    lock = target.with_name(target.name + ".lock")
    try:
        with exclusive(lock, lambda: progress(0.0, "another process converts; waiting")):
            return converted(source, weights, adapter) or _convert(source, target, weights, progress, adapter)
    except OSError as error:
        code = ErrorCode.DISK_FULL if error.errno == errno.ENOSPC else ErrorCode.ENGINE_FAILED
        raise NpcError(code, f"{source.name} cannot be converted in {source.parent}: {error}") from error
    except (RuntimeError, ValueError) as error:  # of OpenVINO, or weights that gguf cannot widen
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{source.name} cannot be converted: {error}") from error


def _convert(source: Path, target: Path, weights: Weights, progress: Progress, adapter: Path | None) -> Manifest:
    came_from = origins(source, adapter)
    reader = _open(source)
    change = Change(read_adapter(adapter, source)) if adapter else None
    vocabulary = _vocabulary(reader)
    work, made = target.with_name(target.name + ".part"), target.with_name(target.name + ".made")
    for folder in (work, made):
        shutil.rmtree(folder, ignore_errors=True)  # an earlier run may have died here
    _ensure_room(reader, source.parent)
    work.mkdir()
    made.mkdir()
    try:
        _write_gguf(reader, made / TOKENISER, ())
        wide = work / "wide.gguf"
        _write_gguf(reader, wide, reader.tensors, lambda done: progress(0.4 * done, "widening the weights"), change)
        progress(0.4, "building the network")
        _build(wide)
        wide.unlink()
        network = openvino.Core().read_model(work / NETWORK)
        compress(network, weights, lambda done: progress(0.6 + 0.3 * done, f"packing the weights as {weights}"))
        openvino.save_model(network, made / NETWORK, compress_to_fp16=False)
        del network  # else Windows cannot delete the file it maps
        progress(0.95, "checking")
        manifest = Manifest(
            version=VERSION,
            origins=came_from,
            weights=weights,
            **vocabulary,
            files=described(made),
        )
        (made / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(made, ignore_errors=True)
    progress(1.0, "converted")
    return manifest


def _open(source: Path) -> GGUFReader:
    try:
        reader = GGUFReader(source)
        architecture = reader.fields["general.architecture"].contents()
    except (ValueError, KeyError, IndexError, OSError) as error:
        message = f"{source} is not a whole GGUF model: {error}. Delete it and run `npc-engine models pull`."
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
    if architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        message = f"the openvino engine cannot convert {architecture} models, only {known}. Use --engine llama."
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return reader


def _ensure_room(reader: GGUFReader, folder: Path) -> None:
    needed = _BYTES_PER_WEIGHT * sum(int(tensor.n_elements) for tensor in reader.tensors)
    lacking = needed - shutil.disk_usage(folder).free
    if lacking > 0:
        message = f"{folder} lacks {math.ceil(lacking / 1e6):,} MB to convert. Free them or set `NPC_ENGINE_HOME`."
        raise NpcError(ErrorCode.DISK_FULL, message)


def _write_gguf(
    reader: GGUFReader,
    path: Path,
    tensors: Any,
    progress: Callable[[float], None] = lambda done: None,
    change: Change | None = None,
) -> None:
    """The metadata of `reader` and these of its tensors, changed, matrices in 16 bits."""
    with _writing(path, reader) as writer:
        for tensor in tensors:
            shape, numbers = _shape_and_type(tensor)
            writer.add_tensor_info(tensor.name, shape, numbers, math.prod(shape) * numbers.itemsize)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for done, tensor in enumerate(tensors, 1):
            _, numbers = _shape_and_type(tensor)
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            if change is not None:
                values = change.apply(tensor.name, values)
            writer.write_tensor_data(np.ascontiguousarray(values.astype(numbers)))
            progress(done / len(tensors))


@contextmanager
def _writing(path: Path, reader: GGUFReader) -> Iterator[GGUFWriter]:
    writer = GGUFWriter(path, reader.fields["general.architecture"].contents())
    try:
        for key, field in reader.fields.items():
            if not key.startswith("GGUF.") and key != "general.architecture":
                kind = field.types[0]
                inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
                writer.add_key_value(key, field.contents(), kind, sub_type=inner)
        yield writer
    finally:
        writer.close()


def _shape_and_type(tensor: Any) -> tuple[list[int], np.dtype[Any]]:
    wide = tensor.tensor_type == GGMLQuantizationType.F32 and len(tensor.shape) == 1
    return [int(size) for size in reversed(tensor.shape)], np.dtype(np.float32 if wide else np.float16)


def _build(wide: Path) -> None:
    """Writes the network beside the file `wide`."""
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.num_kv_blocks = 1
    try:
        openvino_genai.ContinuousBatchingPipeline(wide, scheduler, "CPU", {"enable_save_ov_model": True})
    except RuntimeError as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"OpenVINO cannot read this model: {error}") from error


def _vocabulary(reader: GGUFReader) -> dict[str, Any]:
    try:
        tokens: list[str] = reader.fields["tokenizer.ggml.tokens"].contents()
        kinds: list[int] = reader.fields["tokenizer.ggml.token_type"].contents()
    except KeyError as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"this model has no {error}: it cannot be converted") from error
    return {
        "marks": [token for token, kind in zip(tokens, kinds, strict=True) if kind in (_CONTROL, _USER_DEFINED)],
        "controls": [index for index, kind in enumerate(kinds) if kind == _CONTROL],
        "line_ends": [index for index, token in enumerate(tokens) if _LINE_END in token],
    }

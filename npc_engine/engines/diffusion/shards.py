"""The safetensors files of a checkpoint, opened together: which tensors there are and what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from npc_engine.errors import ErrorCode, NpcError

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Shards:
    """Tensors by name, each in one of the open files."""

    folder: Path
    paths: dict[str, Path]
    files: dict[Path, Any]

    def __contains__(self, name: str) -> bool:
        return name in self.paths

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape, without reading it."""
        return tuple(self.files[self.paths[name]].get_slice(name).get_shape())

    def read(self, name: str) -> Tensor:
        """A tensor as it lies in the file: valid while the files are open. Copy it to where it is to stay."""
        try:
            tensor: Tensor = self.files[self.paths[name]].get_tensor(name)
        except (SafetensorError, OSError, RuntimeError) as error:
            message = f"{name} cannot be read from {self.paths[name]}: {error}. Pull the checkpoint again."
            raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
        return tensor


@contextmanager
def open_shards(folder: Path) -> Iterator[Shards]:
    """Opens all files of a checkpoint. Raises `NpcError` MODEL_MISSING or ENGINE_FAILED."""
    with ExitStack() as stack:
        paths: dict[str, Path] = {}
        files: dict[Path, Any] = {}
        for path in _files(folder):
            files[path] = stack.enter_context(_open(path))
            paths |= dict.fromkeys(files[path].keys(), path)
        yield Shards(folder, paths, files)


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt", device="cpu")
    except FileNotFoundError as error:
        message = f"{path} is missing, though {INDEX} lists it; pull the checkpoint again"
        raise NpcError(ErrorCode.MODEL_MISSING, message) from error
    except (SafetensorError, OSError) as error:
        message = f"{path} is no whole safetensors file ({error}); pull the checkpoint again"
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error


def _files(folder: Path) -> list[Path]:
    if (folder / WHOLE).is_file():
        return [folder / WHOLE]
    index = folder / INDEX
    if not index.is_file():
        raise _no_weights(folder)
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        message = f"{index} cannot be read ({error!r}); pull the checkpoint again"
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
    return [folder / name for name in sorted(names)]


def _no_weights(folder: Path) -> NpcError:
    suffixes = {path.suffix for path in folder.glob("*")}
    if ".gguf" in suffixes:
        message = f"{folder} has a GGUF file. The diffusion engine reads safetensors; GGUF is for `--engine llama`."
        return NpcError(ErrorCode.ENGINE_FAILED, message)
    if suffixes & {".bin", ".pt", ".pth", ".ckpt", ".pkl"}:
        message = f"{folder} has its weights as pickles, which can run code and are never read. Take safetensors."
        return NpcError(ErrorCode.ENGINE_FAILED, message)
    return NpcError(ErrorCode.MODEL_MISSING, f"{folder} has neither {WHOLE} nor {INDEX}; pull the checkpoint again")

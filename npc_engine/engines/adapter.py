"""A LoRA adapter: what training added to some matrices of a model, as two narrow ones (Hu et al. 2021).

A GGUF file as llama.cpp's `convert_lora_to_gguf.py` writes it: for the matrix `NAME.weight`, [rows, columns], it has
`NAME.weight.lora_a`, [rank, columns], and `NAME.weight.lora_b`, [rows, rank]; what is added is b times a, times alpha
over rank.
"""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec

from npc_engine.engines.gguf import ADAPTER, Shapes, read_metadata
from npc_engine.errors import ErrorCode, NpcError

KIND = "lora"
ALPHA = "adapter.lora.alpha"
A, B = ".lora_a", ".lora_b"
#: Matrices inside the layers are named so. Adapters of the words' own matrix are laid out otherwise; nobody needs one.
IN_LAYERS = "blk."


class Adapter(msgspec.Struct, frozen=True):
    """What the file's head says: which architecture it was trained on, and the `ranks` of the matrices it changes, by
    their names. Without an alpha, 0, what is added is b times a."""

    path: Path
    architecture: str
    alpha: float
    ranks: dict[str, int]

    def scale(self, matrix: str) -> float:
        """By what the product of the two is multiplied."""
        return self.alpha / self.ranks[matrix] if self.alpha else 1.0


def adapted(adapter: Adapter | None) -> str:
    """For an engine's description."""
    return f" with {adapter.path.stem}" if adapter else ""


def read_adapter(path: Path, model: Path) -> Adapter:
    """The adapter in the file `path`, made for the model in the file `model`. Raises `NpcError` MODEL_MISSING, or
    ENGINE_FAILED with both their names if it is damaged or does not fit."""
    if not path.is_file():
        raise NpcError(ErrorCode.MODEL_MISSING, f"no such adapter: {path}")
    try:
        metadata, shapes = read_metadata(path)
        architecture, alpha = metadata["general.architecture"], metadata.get(ALPHA, 0.0)
        if (metadata.get("general.type"), metadata.get("adapter.type")) != (ADAPTER, KIND):
            raise ValueError("it does not say that it is one")
        if not isinstance(alpha, float):
            raise ValueError(f"{ALPHA} is {alpha!r}")
        ranks = _ranks(shapes)
    except (OSError, ValueError, KeyError, struct.error) as error:
        message = f"{path} is not a LoRA adapter in GGUF: {error}. llama.cpp's convert_lora_to_gguf.py makes one."
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
    adapter = Adapter(path, str(architecture), alpha, ranks)
    _check_fit(adapter, shapes, model)
    return adapter


def _ranks(shapes: Shapes) -> dict[str, int]:
    if not shapes:
        raise ValueError("it changes nothing")
    ranks = {}
    for name, shape in shapes.items():
        matrix, part = name[: -len(A)], name[-len(A) :]
        if part not in (A, B) or not matrix.startswith(IN_LAYERS):
            raise ValueError(f"{name} is not of a matrix in a layer")
        a, b = shapes[matrix + A], shapes[matrix + B]
        if len(shape) != 2 or not a[-1] == b[0] > 0:
            raise ValueError(f"the two parts of {matrix} do not fit each other")
        ranks[matrix] = a[-1]
    return ranks


def _check_fit(adapter: Adapter, shapes: Shapes, model: Path) -> None:
    """`model` has been read before: it is sound."""
    metadata, matrices = read_metadata(model)
    both = f"the adapter {adapter.path.name} does not fit the model {model.name}"
    hint = "Use the model that it was trained on, or leave --adapter out."
    if adapter.architecture != metadata["general.architecture"]:
        message = f"{both}: it is for {adapter.architecture}, not {metadata['general.architecture']}. {hint}"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    for matrix in adapter.ranks:
        wanted = (shapes[matrix + A][0], shapes[matrix + B][1])
        found = matrices.get(matrix)
        if found != wanted:
            sizes = f"its {matrix} has the shape {found}" if found else f"it has no {matrix}"
            raise NpcError(ErrorCode.ENGINE_FAILED, f"{both}: {sizes}, the adapter's {wanted}. {hint}")

"""Adapters as llama.cpp reads them: a GGUF file with two narrow matrices for each matrix it changes."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import torch
from torch import Tensor

from training.voice.network import Lora
from training.voice.recipe import Recipe

#: A repository takes no larger file gladly; an adapter of rank 16 to all layers of the 0.5B model has 18 MB.
LARGEST_BYTES = 40_000_000


def write_adapter(
    path: Path, tensors: dict[str, Tensor], *, architecture: str, recipe: Recipe, name: str, licence: str
) -> int:
    """Write `tensors` (names of `Network.adapter`) to `path` in 16 bits; returns the bytes. Raises ValueError for more
    than `LARGEST_BYTES`."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, recipe.alpha)
    writer.add_name(name)
    writer.add_license(licence)
    for key, tensor in sorted(tensors.items()):
        matrix, _, part = key.rpartition(".")  # blk.3.attn_q.lora_a
        writer.add_tensor(f"{matrix}.weight.{part}", tensor.float().numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    size = path.stat().st_size
    if size > LARGEST_BYTES:
        raise ValueError(f"the adapter has {size:,} bytes; at most {LARGEST_BYTES:,}: take a smaller rank")
    return size


def read_adapter(path: Path, lora: Lora) -> dict[str, Tensor]:
    """What `write_adapter` wrote, to go on from. Raises ValueError if the file has no adapter of this shape."""
    reader = gguf.GGUFReader(path)
    tensors = {}
    for tensor in reader.tensors:
        matrix, _, part = tensor.name.rpartition(".weight.")
        tensors[f"{matrix}.{part}"] = torch.from_numpy(tensor.data.astype(np.float32))
    field = reader.fields.get(gguf.Keys.Adapter.LORA_ALPHA)
    alpha = float(field.contents()) if field is not None else 0.0
    ranks = {values.shape[0] for name, values in tensors.items() if name.endswith("lora_a")}
    if alpha != lora.alpha or ranks != {lora.rank}:
        raise ValueError(f"{path} has no adapter of rank {lora.rank} and alpha {lora.alpha:g}, as the recipe wants")
    return tensors

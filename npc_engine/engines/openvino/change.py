"""What an adapter changes about a model's weights, so that it costs no time when the model runs."""

from __future__ import annotations

from typing import Any

import gguf
import numpy as np
import numpy.typing as npt
from gguf import GGUFReader

from npc_engine.engines.adapter import A, Adapter, B

Matrix = npt.NDArray[np.float32]


class Change:
    """The weights of `adapter`, opened."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._tensors: dict[str, Any] = {tensor.name: tensor for tensor in GGUFReader(adapter.path).tensors}

    def apply(self, name: str, values: Matrix) -> Matrix:
        """The weights `values` called `name`, [rows, columns] if they are a matrix, as the adapter wants them."""
        if name not in self._adapter.ranks:
            return values
        added = self._matrix(name + B) @ self._matrix(name + A)
        return values + np.float32(self._adapter.scale(name)) * added

    def _matrix(self, name: str) -> Matrix:
        tensor = self._tensors[name]
        matrix: Matrix = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return matrix

"""Makes the weights of a network small: whole numbers with a scale, in the form that OpenVINO multiplies directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino
import openvino.opset13 as operations

from npc_engine.engines.openvino.converted import Weights

#: Weights that share a scale at 4 bits. A row that this does not divide has one scale.
GROUP = 128
#: Matrices inside the layers are named so; the others (words in, words out) stay at 8 bits, as is usual.
IN_LAYERS = ".layers["


def compress(network: Any, weights: Weights, progress: Callable[[float], None]) -> None:
    """Replace every 16-bit matrix of `network` (an `openvino.Model`) by whole numbers times scales."""
    matrices = list(_matrices(network))
    for done, constant in enumerate(matrices, 1):
        bits = 4 if weights == "int4" and IN_LAYERS in constant.get_friendly_name() else 8
        small = _rebuilt(constant, bits)
        for target in constant.output(0).get_target_inputs():
            target.get_node().output(0).replace(small)
        progress(done / len(matrices))


def quantise(
    matrix: npt.NDArray[np.float32], bits: int, group: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float16]]:
    """Whole numbers, [rows, groups, group], and their scales, [rows, groups, 1]; symmetric, rounded to nearest."""
    rows, columns = matrix.shape
    groups = matrix.reshape(rows, columns // group, group)
    top = 2 ** (bits - 1) - 1
    largest = np.abs(groups).max(axis=2, keepdims=True)
    scales = np.maximum(largest / top, np.finfo(np.float16).tiny).astype(np.float16)
    numbers = np.clip(np.rint(groups / scales.astype(np.float32)), -top, top).astype(np.int8)
    return numbers, scales


def _matrices(network: Any) -> Iterator[Any]:
    """Constants of two dimensions and 16 bits that are converted to 32 before use."""
    for node in network.get_ordered_ops():
        if node.get_type_name() != "Constant" or node.output(0).get_element_type() != openvino.Type.f16:
            continue
        used = [target.get_node().get_type_name() for target in node.output(0).get_target_inputs()]
        if len(node.output(0).get_shape()) == 2 and set(used) == {"Convert"}:
            yield node


def _rebuilt(constant: Any, bits: int) -> Any:
    """An output with the same values as `constant` has, converted to 32 bits."""
    rows, columns = constant.output(0).get_shape()
    group = GROUP if bits == 4 and columns % GROUP == 0 else columns
    numbers, scales = quantise(constant.get_data().astype(np.float32), bits, group)
    if group == columns:
        numbers, scales = numbers[:, 0], scales[:, 0]
    name = constant.get_friendly_name()
    whole = operations.constant(_four_bits(numbers) if bits == 4 else numbers, name=name)
    value = operations.multiply(operations.convert(whole, "f16"), operations.constant(scales))
    if group != columns:
        value = operations.reshape(value, operations.constant(np.array([rows, columns], np.int64)), False)
    return operations.convert(value, "f32").output(0)


def _four_bits(numbers: npt.NDArray[np.int8]) -> Any:
    """Two numbers to a byte, the first in the lower half."""
    tensor = openvino.Tensor(openvino.Type.i4, openvino.Shape(numbers.shape))
    low, high = numbers.reshape(-1)[0::2], numbers.reshape(-1)[1::2]
    tensor.data.view(np.uint8).reshape(-1)[:] = ((low & 15) | ((high & 15) << 4)).astype(np.uint8)
    return tensor

"""A converted model, compiled: reads pieces of several prompts in one step, each into its own blocks of the cache.

OpenVINO turns attention into paged attention, which takes the blocks of every sequence as a list; which blocks those
are is the caller's business (`cache.py`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import openvino
import openvino.opset13 as operations
from openvino._offline_transformations import paged_attention_transformation

from npc_engine.engines.openvino.converted import NETWORK
from npc_engine.engines.openvino.sampler import Scores
from npc_engine.errors import ErrorCode, NpcError

#: Tokens in a block, as the CPU's kernels have it.
BLOCK_TOKENS = 32
#: The cache in 16 bits: with fewer, what a block holds depends on what it held before.
CACHE_PRECISION = "f16"
#: Inputs that share a scale when they are multiplied with the weights in 8 bits. Of 32, OpenVINO's default, reading
#: takes half as long again (0.5B model, two cores with AVX-512). 0: inputs stay as they are, for processors without the
#: instructions (VNNI).
INPUT_GROUP = 128
_CACHES = ("key_cache.", "value_cache.")
_LAST = "last_tokens"


class Piece(NamedTuple):
    """Tokens to read behind the `past` tokens that are in `blocks` already; there is room for them."""

    tokens: Sequence[int]
    past: int
    blocks: Sequence[int]


class Network:
    """The model in `folder` with a cache of `blocks` blocks. Raises `NpcError` ENGINE_FAILED if it cannot be loaded."""

    def __init__(self, folder: Path, blocks: int, threads: int, precision: str, input_group: int) -> None:
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # the game runs on the same cores
            "PERFORMANCE_HINT": "LATENCY",
            "KV_CACHE_PRECISION": CACHE_PRECISION,
            "INFERENCE_PRECISION_HINT": precision,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": input_group,
        }
        try:
            core = openvino.Core()
            model = core.read_model(folder / NETWORK)
            paged_attention_transformation(model)
            _score_last_only(model)
            compiled = core.compile_model(model, "CPU", settings)
            self._request: Any = compiled.create_infer_request()
            for port in compiled.inputs:
                name = port.get_any_name()
                if name.startswith(_CACHES):
                    self._request.set_tensor(name, _cache_tensor(port, blocks))
        except RuntimeError as error:
            message = f"OpenVINO cannot load {folder}: {error}. Delete it to have it converted again."
            raise NpcError(ErrorCode.ENGINE_FAILED, message) from error

    def read(self, pieces: Sequence[Piece]) -> Scores:
        """Read them in one step; returns the scores of what follows each, a row a piece, valid until the next call."""
        lengths = [len(piece.tokens) for piece in pieces]
        begins = np.concatenate(([0], np.cumsum(lengths)))
        tokens = itertools.chain.from_iterable(piece.tokens for piece in pieces)
        positions = [np.arange(piece.past, piece.past + len(piece.tokens)) for piece in pieces]
        blocks = itertools.chain.from_iterable(piece.blocks for piece in pieces)
        self._set("input_ids", np.fromiter(tokens, np.int64))
        self._set("position_ids", np.concatenate(positions).astype(np.int64))
        self._set("past_lens", np.array([piece.past for piece in pieces], np.int32))
        self._set("subsequence_begins", begins.astype(np.int32))
        self._set("block_indices", np.fromiter(blocks, np.int32))
        self._set("block_indices_begins", np.cumsum([0, *(len(piece.blocks) for piece in pieces)]).astype(np.int32))
        longest = max(piece.past + length for piece, length in zip(pieces, lengths, strict=True))
        self._set("max_context_len", np.array(longest, np.int32))
        self._set(_LAST, (begins[1:] - 1).astype(np.int64))
        self._request.infer()
        scores: Scores = self._request.get_output_tensor(0).data.reshape(len(pieces), -1)
        return scores

    def _set(self, name: str, values: npt.NDArray[Any]) -> None:
        self._request.set_tensor(name, openvino.Tensor(values))


def _score_last_only(model: Any) -> None:
    """Words are scored at the last token of every piece alone: the matrix that does it is the largest of all."""
    head = model.get_results()[0].input_value(0).get_node()
    while head.get_type_name() != "MatMul":
        head = head.input_value(0).get_node()
    last = operations.parameter([-1], np.int64, name=_LAST)
    last.output(0).set_names({_LAST})
    hidden = head.input_value(0)
    head.input(0).replace_source_output(operations.gather(hidden, last, np.int64(0)).output(0))
    model.add_parameters([last])
    model.validate_nodes_and_infer_types()


def _cache_tensor(port: Any, blocks: int) -> Any:
    shape = port.get_partial_shape()
    tensor = openvino.Tensor(port.get_element_type(), [blocks, *(shape[axis].get_length() for axis in (1, 2, 3))])
    if shape[2].get_length() != BLOCK_TOKENS:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"OpenVINO's cache has the shape {shape}; this engine does not know it")
    return tensor

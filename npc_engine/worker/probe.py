"""How fast an engine speaks on this machine: a few lines in a process of its own, at the worker's priority."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import TypeAlias

import msgspec

from npc_engine.clock import NS_PER_MS, NS_PER_S, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import Engine, Progress
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import EngineTask, Finished, FinishReason, Plan, Sampling, TextSlot
from npc_engine.worker.link import LoadFailed, Loading, WorkerConfig, pack_config, unpack_config
from npc_engine.worker.main import make_way

#: What is read for a first line, about half of a character's sheet, and for a next one; what is written. Tokens.
PROMPT_TOKENS = 256
QUESTION_TOKENS = 24
LINE_TOKENS = 16
#: They speak one after the other; the fastest counts, for whatever else the machine does only slows.
CHARACTERS = ("Marta", "Osric")
#: The window that a model is tried with: the rest of it takes memory, not time.
WINDOW_TOKENS = 512
#: Longer than this a line may not take, seconds.
PATIENCE_S = 120
_TEXT = "{} keeps the inn by the river and tells every guest of the flood, the mill, and the bridge that is no more. "


class Speed(msgspec.Struct, frozen=True, tag="speed"):
    """Milliseconds from a request to the end of a line of `LINE_TOKENS`: the first of a character, whose prompt has to
    be read, and its next."""

    first_line_ms: float
    next_line_ms: float


_Told: TypeAlias = Speed | Loading | LoadFailed
_told: msgspec.msgpack.Decoder[_Told] = msgspec.msgpack.Decoder(_Told)


def measure(config: WorkerConfig, progress: Progress) -> Speed:
    """How fast what `config` describes is. Raises `NpcError` ENGINE_UNAVAILABLE or ENGINE_FAILED, also if its process
    dies."""
    spec = msgspec.structs.replace(config.spec, context_tokens=WINDOW_TOKENS, max_parallel=1)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    tried = pack_config(msgspec.structs.replace(config, spec=spec))
    process = context.Process(target=_run, args=(theirs, tried), daemon=True)
    process.start()
    theirs.close()
    try:
        while not isinstance(told := _told.decode(ours.recv_bytes()), Speed):
            if isinstance(told, LoadFailed):
                raise NpcError(told.code, told.message)
            progress(told.fraction, told.what)
        return told
    except EOFError as error:
        message = f"the {config.engine} engine died while it was tried"
        raise NpcError(ErrorCode.ENGINE_FAILED, message) from error
    finally:
        process.kill()
        process.join()
        ours.close()


def _run(connection: Connection, config_data: bytes) -> None:
    """Entry point of the process."""
    config = unpack_config(config_data)
    make_way(config.niceness)

    def tell(message: _Told) -> None:
        connection.send_bytes(msgspec.msgpack.encode(message))

    try:
        engine = registry.create(config.engine, SystemClock())
        engine.load(config.spec, lambda fraction, what: tell(Loading(fraction, what)))
        tell(Loading(1.0, "speaking"))
        lines = [speak(engine, name) for name in CHARACTERS]
        tell(Speed(min(line.first_line_ms for line in lines), min(line.next_line_ms for line in lines)))
    except NpcError as error:
        tell(LoadFailed(error.code, error.message))
    except Exception as error:
        tell(LoadFailed(ErrorCode.ENGINE_FAILED, f"{type(error).__name__}: {error}"))


def speak(engine: Engine, name: str) -> Speed:
    """Two lines of the character `name`, which has said nothing yet."""
    sheet = engine.tokenise(_TEXT.format(name) * PROMPT_TOKENS, special=False)
    asked = (sheet[:PROMPT_TOKENS], sheet[: PROMPT_TOKENS + QUESTION_TOKENS])
    return Speed(*(_line_ms(engine, name, tokens) for tokens in asked))


def _line_ms(engine: Engine, name: str, tokens: list[int]) -> float:
    plan, slot = Plan(LINE_TOKENS, LINE_TOKENS), TextSlot(max_tokens=LINE_TOKENS)
    began_ns = time.monotonic_ns()
    engine.start(EngineTask(1, name, tuple(tokens), (slot,), Sampling(temperature=0.0), plan))
    end_ns = began_ns + PATIENCE_S * NS_PER_S
    while time.monotonic_ns() < end_ns:
        for update in engine.poll(end_ns):
            if isinstance(update, Finished):
                return whole_line_ms(update, (time.monotonic_ns() - began_ns) / NS_PER_MS)
    raise NpcError(ErrorCode.ENGINE_FAILED, f"a line takes longer than {PATIENCE_S} s")


def whole_line_ms(end: Finished, took_ms: float) -> float:
    """As if the model had used all its tokens."""
    if end.reason is FinishReason.FAILED:
        raise NpcError(ErrorCode.ENGINE_FAILED, end.message)
    left = LINE_TOKENS - end.usage.steps
    return took_ms + (left * end.usage.decode_ms / end.usage.steps if end.usage.steps else 0.0)

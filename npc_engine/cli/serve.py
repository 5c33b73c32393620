"""`npc-engine serve`: the daemon in the foreground."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import psutil
import typer

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_auto import AUTO, Wanted, resolve
from npc_engine.cli.engine_options import CONTEXT_TOKENS, PARALLEL, worker_config
from npc_engine.clock import SystemClock
from npc_engine.daemon.server import Front, ServeConfig
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.home import home
from npc_engine.storage.db import Store
from npc_engine.wire.messages import ServiceState
from npc_engine.world.pack import find_pack

log = logging.getLogger(__name__)

DEFAULT_PORT = 5770
DEFAULT_PACK = "oakhollow"
#: How long a thread may keep Python to itself, seconds. The front shares it with the thread that writes to disk; at the
#: default of 5 ms a request could wait that long for a commit.
SWITCH_S = 0.0005
#: How often a child looks whether its parent lives, seconds.
PARENT_CHECK_S = 1.0

EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        help="llama or openvino (GGUF), diffusion (DiffusionGemma), scripted (no model); auto tries once which serves "
        "this machine best.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", help="A name from `models list`, a .gguf file or a checkpoint's folder. Default: what fits."
    ),
]
PackOption = Annotated[str, typer.Option("--pack", help="Character pack: a folder, or the name of a shipped one.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=0, help="CPU threads for the model; 0 chooses.")]
ParallelOption = Annotated[int, typer.Option("--parallel", min=1, max=64, help="Characters that may speak at once.")]
ContextOption = Annotated[int, typer.Option("--context", min=512, help="Tokens of context per character.")]
ShareOption = Annotated[
    float,
    typer.Option(
        "--gpu-share",
        min=0.05,
        max=1.0,
        help="Part of the graphics card's time that the diffusion engine may take; a renderer has the rest.",
    ),
]
SettingsOption = Annotated[
    list[str], typer.Option("--option", help="Engine setting name=value, e.g. --option faults=on (scripted).")
]


def serve(
    engine: EngineOption = AUTO,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    pack: PackOption = DEFAULT_PACK,
    host: Annotated[str, typer.Option(help="Address to bind. Beyond loopback it needs --curve.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")] = DEFAULT_PORT,
    curve: Annotated[
        Path | None, typer.Option(help="Folder with CURVE keys, see `keys`: encrypts, lets only known clients in.")
    ] = None,
    threads: ThreadsOption = 0,
    parallel: ParallelOption = PARALLEL,
    context: ContextOption = CONTEXT_TOKENS,
    gpu_share: ShareOption = 1.0,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
    saves: Annotated[
        str,
        typer.Option(
            help="Database of what characters remember: a file, or `none` to forget all at the end.", show_default=False
        ),
    ] = "",
    record: Annotated[
        Path | None, typer.Option(help="Write all that is played, players' words too, to this file; see `replay`.")
    ] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write address, token file and pid here as JSON.")] = None,
    parent: Annotated[int, typer.Option(help="Exit when the process with this id is gone.")] = 0,
    log_level: Annotated[str, typer.Option(help="INFO logs one line per request.")] = "WARNING",
) -> None:
    """Run the daemon: load the model, then answer games until stopped with Ctrl-C.

    Examples:

      npc-engine serve

      npc-engine serve --engine scripted --port 6000

      npc-engine serve --model smollm2-135m --pack ./my_characters

      npc-engine serve --engine diffusion --model diffusiongemma-26b --option weights=int4 --gpu-share 0.5
    """
    logging.basicConfig(level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    with reported_errors():
        folder = find_pack(pack)
        adapting = Adapting(adapter, no_adapter)
        engine, model = resolve(engine, Wanted(model, tuple(option), threads, adapting))
        worker = worker_config(
            engine=engine,
            model=model,
            threads=threads,
            parallel=parallel,
            context_tokens=context,
            options=option,
            log_level=log_level.upper(),
            gpu_share=gpu_share,
            adapting=adapting,
        )
        sys.setswitchinterval(SWITCH_S)
        with closing(_open_saves(saves, folder)) as store:
            config = ServeConfig(f"tcp://{host}:{port}", folder, worker, store, record=record, curve_dir=curve)
            # The selector loop on every platform: the ROUTER's file descriptor is watched with add_reader.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                healthy = runner.run(_serve(config, ready_file, parent))
        if ready_file:
            ready_file.unlink(missing_ok=True)
    if not healthy:
        raise typer.Exit(1)


def _open_saves(saves: str, pack: Path) -> Store:
    """By default in the engine's folder, by the pack's name. The second daemon on a pack that nobody gave a file of its
    own remembers nothing beyond its end. Raises STORAGE_IN_USE or STORAGE_FAILED."""
    if saves:
        return Store(None if saves == "none" else Path(saves))
    try:
        return Store(home() / "saves" / f"{pack.resolve().name}.sqlite")
    except NpcError as error:
        if error.code is not ErrorCode.STORAGE_IN_USE:
            raise
        stderr.print("another daemon plays this pack: what happens here is forgotten at the end (see --saves)")
        return Store(None)


async def _serve(config: ServeConfig, ready_file: Path | None, parent: int) -> bool:
    front = Front(config, SystemClock())
    address = front.start()
    gc.collect()
    gc.freeze()  # what is there now stays: later collections need not look at it while a request waits
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: loop.call_soon_threadsafe(stop.set))
    tasks = [loop.create_task(_announce(front, address, ready_file))]
    if parent:
        tasks.append(loop.create_task(_follow(parent, stop)))
    await stop.wait()
    stderr.print("stopping: finishing the lines in the making ...")
    healthy = front.brain.state is not ServiceState.DOWN
    await front.stop()
    for task in tasks:
        task.cancel()
    return healthy


async def _announce(front: Front, address: str, ready_file: Path | None) -> None:
    """Progress while loading, then one `ready` line."""
    if ready_file:
        _write_ready(ready_file, address, front.token_file)
    with stderr.status("loading ...") as status:
        while front.brain.state is ServiceState.LOADING:
            status.update(f"loading {front.brain.detail} {front.brain.progress:.0%}")
            await asyncio.sleep(0.1)
    if front.brain.state is ServiceState.DOWN:
        stderr.print(f"no model: {front.brain.detail}; serving authored lines only")
    typer.echo(f"ready {address} engine={front.brain.engine_name} model={front.brain.model_name}")


def _write_ready(path: Path, address: str, token_file: Path | None) -> None:
    """Atomically, so that a reader never sees half of it."""
    partial = path.with_suffix(path.suffix + ".part")
    partial.write_text(
        json.dumps({"address": address, "token_file": str(token_file), "pid": os.getpid()}), encoding="utf-8"
    )
    partial.replace(path)


async def _follow(parent: int, stop: asyncio.Event) -> None:
    while psutil.pid_exists(parent):  # noqa: ASYNC110 - nobody tells when another process ends
        await asyncio.sleep(PARENT_CHECK_S)
    stop.set()

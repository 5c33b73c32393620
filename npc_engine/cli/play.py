"""`npc-engine play`: the demo, a village to walk about in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_options import MODEL_FREE, model_ready
from npc_engine.cli.serve import ModelOption, SettingsOption, ThreadsOption
from npc_engine.engines import registry


def play(
    engine: Annotated[
        str | None, typer.Option(help="Start a daemon with this engine: llama, or scripted for no model at all.")
    ] = None,
    model: ModelOption = None,
    address: Annotated[str | None, typer.Option(help="Use the daemon at this address instead of starting one.")] = None,
    budget_ms: Annotated[int, typer.Option(min=1, max=600_000, help="Time every answer has.")] = 2_500,
    size: Annotated[str, typer.Option(help="Size of the window.")] = "1280x720",
    save: Annotated[Path | None, typer.Option(help="The file that F5 writes and F9 reads.", show_default=False)] = None,
    threads: ThreadsOption = 0,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
) -> None:
    """Walk about Oakhollow and talk to its people. Uses the daemon that runs, or starts one; fetches a model first if
    there is none.

    Examples:

      npc-engine play

      npc-engine play --engine scripted --size 640x360

      npc-engine play --address tcp://127.0.0.1:5770
    """
    with reported_errors():
        try:
            from demo_game import connection
            from demo_game.play import play as open_village
            from demo_game.play import size as read_size
        except ImportError as cause:
            _fail(f'the village needs {cause.name}: pip install "npc-dialogue-engine[demo]", or ".[demo]" in a clone')
        try:
            window_size = read_size(size)
        except argparse.ArgumentTypeError as cause:
            raise typer.BadParameter(str(cause), param_hint="--size") from cause
        try:
            arguments = ["--threads", str(threads), *(part for setting in option for part in ("--option", setting))]
            chosen = engine is not None or model is not None or threads or option
            client = None if chosen or address is not None else connection.find_running()
            if client is None and address is None:
                engine = engine or "llama"
                registry.find(engine)  # before a window opens
                model = None if engine in MODEL_FREE else model_ready(model)
            client = client or connection.connect(connection.Wanted(engine, model, address, arguments))
            open_village(client, window_size, budget_ms, save)
        except (OSError, ValueError) as cause:
            _fail(str(cause))


def _fail(message: str) -> NoReturn:
    stderr.print(f"error: {message}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)

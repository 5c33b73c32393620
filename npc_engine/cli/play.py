"""`npc-engine play`: the demo, a village to walk about in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_auto import AUTO, Wanted, resolve
from npc_engine.cli.engine_options import model_for_child, setting_arguments
from npc_engine.cli.serve import ModelOption, SettingsOption, ThreadsOption

if TYPE_CHECKING:
    from demo_game import connection


def play(
    engine: Annotated[
        str | None,
        typer.Option(help="Start a daemon with this engine: auto, llama, openvino, or scripted for no model at all."),
    ] = None,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    address: Annotated[str | None, typer.Option(help="Use the daemon at this address instead of starting one.")] = None,
    budget_ms: Annotated[
        int | None, typer.Option(min=1, max=600_000, help="Time every answer has; else as the game has it.")
    ] = None,
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
            arguments = ["--threads", str(threads)] if threads else []
            adapting = Adapting(adapter, no_adapter)
            arguments += adapting.arguments
            wanted = connection.Wanted(engine, model, address, (*arguments, *setting_arguments(option)))
            client = connection.find(wanted) or connection.launch(
                _with_model(wanted, Wanted(model, tuple(option), threads, adapting))
            )
            open_village(client, window_size, budget_ms, save)
        except (OSError, ValueError) as cause:
            _fail(str(cause))


def _with_model(daemon: connection.Wanted, wanted: Wanted) -> connection.Wanted:
    """The same with its engine chosen and its model fetched, here where there is a terminal for the progress bar."""
    engine, model = resolve(daemon.engine or AUTO, wanted)
    return daemon._replace(engine=engine, model=model_for_child(engine, model, wanted.options))


def _fail(message: str) -> NoReturn:
    stderr.print(f"error: {message}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)

"""`npc-engine inspect`: the exact prompt of a line, where each part of it comes from, and what is locked and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from npc_engine.cli.console import reported_errors
from npc_engine.cli.serve import DEFAULT_PACK, PackOption
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import catalogue
from npc_engine.ops.inspect import inspection
from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import FORMATS
from npc_engine.world.conditions import Value
from npc_engine.world.journal import Event
from npc_engine.world.pack import find_pack
from npc_engine.world.reach import failing
from npc_engine.world.scene import Scene
from npc_engine.world.state import PLAYER
from npc_engine.world.values import parse_value, set_values

#: A colour for each origin of a segment, in the order in which they turn up.
COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_red", "bright_cyan", "bright_green")
#: How a segment that names no origin is shown: the marks between two others.
NO_ORIGIN = "marks"


def inspect(
    npc: Annotated[str, typer.Argument(help="The character's id.")],
    pack: PackOption = DEFAULT_PACK,
    say: Annotated[str, typer.Option(help="What the player says. Empty: the character speaks first.")] = "",
    values: Annotated[
        list[str], typer.Option("--set", help="Set a value of the world: flags.met=true; may be repeated.")
    ] = [],  # noqa: B006 - typer reads the defaults, nobody changes them
    event: Annotated[list[str], typer.Option(help="Something the character saw before; may be repeated.")] = [],  # noqa: B006
    chat_format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}. Default: the default model's.")] = "",
    choices: Annotated[
        bool, typer.Option(help="As for a model that chooses deed and emotion; small ones do not.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write everything here.")] = None,
) -> None:
    """Show what a model would be given if the player said this now. Needs no model and no daemon.

    Examples:

      npc-engine inspect marta --say "What is in your cellar?"

      npc-engine inspect marta --set flags.met_courier=true --set player.place=inn --say "Who hurt you?"
    """
    form = chat_format or _default_format()
    with reported_errors():
        if form not in FORMATS:
            raise NpcError(ErrorCode.BAD_VALUE, f"no chat format `{form}`; known: {', '.join(FORMATS)}")
        with _opened(find_pack(pack)) as stage:
            scene = stage.scene("inspect", "main")
            set_values(scene.state, stage.pack, dict(map(_pair, values)))
            stage.persona(npc)
            for text in event:
                scene.witness([npc], Event(text))
            style = replace(FORMATS[form], chooses=choices)
            found: dict[str, Any] = inspection(stage, scene, npc, say, PLAYER, style)
            found["locked"] = [{**each, "fails": _fails(scene, npc, each["when"])} for each in found["locked"]]
    if output:
        output.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(found)


@contextmanager
def _opened(folder: Path) -> Iterator[Stage]:
    stage = Stage(folder)
    try:
        yield stage
    finally:
        stage.close()


def _default_format() -> str:
    """That of the model which is the default on every machine."""
    defaults = [model for model in catalogue() if model.default_from_mb is not None]
    return min(defaults, key=lambda model: model.default_from_mb or 0).chat_format


def _pair(setting: str) -> tuple[str, Value]:
    name, separator, value = setting.partition("=")
    if not separator:
        raise NpcError(ErrorCode.BAD_VALUE, f"--set {setting}: write it as name=value")
    return name.strip(), parse_value(value.strip())


def _fails(scene: Scene, npc: str, when: str) -> list[str]:
    return failing(when, scene.state.scope(npc))


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    colours: dict[str, str] = {}
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for segment in found["segments"]:
        origin = segment["origin"] or NO_ORIGIN
        colour = colours.setdefault(origin, COLOURS[len(colours) % len(COLOURS)])
        margin = f"{origin} {'cached' if segment['stable'] else 'new'}{'' if segment['trusted'] else ' data'}"
        table.add_row(Text(margin, style="dim"), Text(segment["text"].removesuffix("\n"), style=colour))
    console.print(table)
    console.print("\n[bold]knows[/]    " + (", ".join(found["knows"]) or "nothing that these words bring to mind"))
    console.print("[bold]may[/]      " + (", ".join(found["actions"]) or "only talk"))
    console.print("[bold]locked[/]   " + ("" if found["locked"] else "nothing"))
    for each in found["locked"]:
        line = Text(f"  {each['id']}: {each['when']}")
        line.append(f"  fails: {' and '.join(each['fails'])}", style="red")
        console.print(line, soft_wrap=True)

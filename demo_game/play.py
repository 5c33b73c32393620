"""Start the game: `npc-engine play`, or `python -m demo_game`."""

from __future__ import annotations

import argparse
import gc
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pygame

from demo_game.app import App
from demo_game.connection import Wanted, connect
from demo_game.game import Game
from demo_game.talk.asking import SAY_MS
from npc_engine.client import NpcClient

#: The least width and height of a window, pixels.
SMALLEST = (320, 180)
EXAMPLES = """examples:
  python -m demo_game
  python -m demo_game --engine scripted --size 640x360
  python -m demo_game --connect tcp://127.0.0.1:5770
"""


def size(text: str) -> tuple[int, int]:
    """A window's width and height of "1280x720". Raises argparse.ArgumentTypeError."""
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"`{text}` is not a size: write it like 1280x720")
    width, height = int(found[1]), int(found[2])
    if width < SMALLEST[0] or height < SMALLEST[1]:
        raise argparse.ArgumentTypeError(f"`{text}` is too small to read: {SMALLEST[0]}x{SMALLEST[1]} is the least")
    return width, height


def add_daemon_options(parser: argparse.ArgumentParser) -> None:
    """The options that choose who writes the lines."""
    parser.add_argument("--engine", help="start a daemon with this engine: llama, or scripted for no model at all")
    parser.add_argument("--model", help="start a daemon with this model: a name of `npc-engine models list`, or a file")
    parser.add_argument("--connect", metavar="ADDRESS", help="use the daemon there, like tcp://127.0.0.1:5770")
    parser.add_argument("--budget-ms", type=int, default=SAY_MS, help="time an answer may take (default %(default)s)")
    parser.add_argument("--size", type=size, default=(1280, 720), help="of the window (default 1280x720)")


def wanted(options: argparse.Namespace) -> Wanted:
    """The daemon that was asked for."""
    return Wanted(options.engine, options.model, options.connect)


def play(client: NpcClient, window_size: tuple[int, int], budget_ms: int | None, save_path: Path | None) -> None:
    """Open the village and play until the window is closed. Closes the client. Raises OSError without a screen."""
    with client:
        app = App(Game(client, save_path, budget_ms or SAY_MS), window_size)
        app.open_title()
        gc.collect()
        gc.freeze()  # what was loaded stays: no frame has to wait for a look through it
        app.run()
        pygame.display.quit()  # before the daemon is stopped, which may take a moment


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo_game",
        description="Oakhollow: a village whose people answer in their own words.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_daemon_options(parser)
    parser.add_argument("--save", type=Path, help="the file that F5 writes and F9 reads")
    options = parser.parse_args(arguments)
    try:
        play(connect(wanted(options)), options.size, options.budget_ms, options.save)
    except (OSError, ValueError) as problem:
        sys.exit(f"error: {problem}")

"""How every command talks: results on stdout, everything else on stderr, and an error as one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

from npc_engine.errors import NpcError

#: For progress and remarks, with rich's markup.
stderr = Console(stderr=True)


def fail(error: NpcError) -> NoReturn:
    """End the command: `error: <code>: <message>` on stderr in one line, exit code 1."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    raise typer.Exit(1)


@contextmanager
def reported_errors() -> Iterator[None]:
    """End the command with one line when the block raises `NpcError`. For the body of every command."""
    try:
        yield
    except NpcError as error:
        fail(error)

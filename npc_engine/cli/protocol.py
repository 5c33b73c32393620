"""`npc-engine protocol`: the protocol's documents, generated from its messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from npc_engine.wire.documents import outdated


def protocol(
    folder: Annotated[Path, typer.Argument(help="Where PROTOCOL.md is.", exists=True, file_okay=False)] = Path(
        "protocol"
    ),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a document is out of date.")] = False,
) -> None:
    """Write PROTOCOL.md's tables, schema.json and the byte vectors anew from the code.

    Example: `npc-engine protocol --check`, as the tests do.
    """
    try:
        changed = outdated(folder)
    except (OSError, ValueError) as cause:
        typer.echo(f"error: {cause}", err=True)
        raise typer.Exit(1) from None
    for path, text in changed.items():
        typer.echo(f"{'out of date' if check else 'wrote'} {folder / path}")
        if not check:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    if check and changed:
        raise typer.Exit(1)

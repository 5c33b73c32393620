"""`npc-engine keys`: CURVE key pairs for clients on other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import zmq.auth

from npc_engine.cli.console import reported_errors
from npc_engine.daemon.security import SERVER_KEY, prepare_curve


def keys(
    folder: Annotated[Path, typer.Argument(help="The folder given to `serve --curve`.")],
    client: Annotated[str, typer.Argument(help="A name for the client's key pair.")],
) -> None:
    """Make a key pair for a client on another machine, and let it in.

    Example: `npc-engine keys ./curve studio-pc` and then `npc-engine serve --host 0.0.0.0 --curve ./curve`.
    """
    with reported_errors():
        allowed = prepare_curve(folder)
        public, secret = zmq.auth.create_certificates(allowed, client)
        hidden = folder / f"{client}.key_secret"
        Path(secret).replace(hidden)
        hidden.chmod(0o600)
        server_public, _ = zmq.auth.load_certificate(folder / f"{SERVER_KEY}.key")
        typer.echo(f"allowed    {public}")
        typer.echo(f"give to {client}: {hidden}")
        typer.echo(f"server key {server_public.decode()}")

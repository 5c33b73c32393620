"""Where a daemon on this machine leaves the secret that its clients must know."""

from __future__ import annotations

from pathlib import Path

from npc_engine.models.home import home

#: Longest token `hello` takes, characters.
TOKEN_CHARS = 128


def token_file(port: int) -> Path:
    """The file in which the daemon on `port` keeps its token. It may not exist."""
    return home() / "run" / f"token-{port}"


def read_token(source: int | Path) -> str:
    """The token of the daemon on a port, or in a file; empty if there is none to be read."""
    path = token_file(source) if isinstance(source, int) else source
    try:
        token = path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
    return token if token.isprintable() and len(token) <= TOKEN_CHARS else ""

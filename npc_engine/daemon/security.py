"""Who may talk to the daemon.

On loopback: a ZAP authenticator, without which libzmq would accept a message smuggled in an HTTP POST as ZMTP 1.0, so
that any web page could drive the daemon; and a secret token in `hello`, which only processes of this user can read.
Beyond loopback: CURVE, with the public key of every client on file. Without keys such an address is refused.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.home import runtime_dir

ZAP_DOMAIN = "npc-engine"
SERVER_KEY = "server"


def check_bind(address: str, curve_dir: Path | None) -> None:
    """Raise BIND_REFUSED for an address that other machines reach, unless CURVE protects it."""
    parts = urlsplit(address)
    if parts.scheme != "tcp":
        raise NpcError(ErrorCode.BIND_REFUSED, f"{address}: use tcp://127.0.0.1:PORT")
    host = (parts.hostname or "").strip("[]")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
        if host == "localhost":
            raise NpcError(ErrorCode.BIND_REFUSED, f"{address}: write 127.0.0.1 instead of localhost") from None
    if not loopback and curve_dir is None:
        raise NpcError(
            ErrorCode.BIND_REFUSED,
            f"{address} can be reached from other machines and no CURVE keys are given. "
            "Bind 127.0.0.1, or run `npc-engine serve --curve FOLDER`.",
        )


def write_token(port: int) -> tuple[str, Path]:
    """A new secret for clients of this user, in a file only they can read."""
    token = secrets.token_hex(16)
    path = runtime_dir() / f"token-{port}"
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token)
    return token, path


def same_token(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return secrets.compare_digest(given.encode(), expected.encode())


def prepare_curve(curve_dir: Path) -> Path:
    """Make the folder with the server's key pair on first use; returns the folder of the clients' public keys."""
    clients = curve_dir / "clients"
    clients.mkdir(parents=True, exist_ok=True)
    if not (curve_dir / f"{SERVER_KEY}.key_secret").exists():
        zmq.auth.create_certificates(curve_dir, SERVER_KEY)
        (curve_dir / f"{SERVER_KEY}.key_secret").chmod(0o600)
    return clients


def protect(socket: zmq.Socket[bytes], authenticator: ThreadAuthenticator, curve_dir: Path | None) -> None:
    """Put the socket under the authenticator; with `curve_dir` only clients whose key is on file get in."""
    socket.setsockopt_string(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    if curve_dir is None:
        return
    clients = prepare_curve(curve_dir)
    public, secret = zmq.auth.load_certificate(curve_dir / f"{SERVER_KEY}.key_secret")
    if secret is None:
        raise NpcError(ErrorCode.BIND_REFUSED, f"{curve_dir}/{SERVER_KEY}.key_secret holds no secret key")
    socket.curve_publickey, socket.curve_secretkey, socket.curve_server = public, secret, True
    authenticator.configure_curve(domain=ZAP_DOMAIN, location=str(clients))

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq.auth
from daemon_peer import PATIENCE_S, RunningDaemon
from typer.testing import CliRunner

from npc_engine.cli.main import app
from npc_engine.client import NpcClient
from npc_engine.client.credentials import token_file
from npc_engine.daemon.security import check_bind
from npc_engine.errors import ErrorCode, NpcError


@pytest.mark.parametrize(
    "address", ["tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.168.1.2:1", "tcp://[::]:1", "tcp://host:1"]
)
def test_other_machines_need_keys(address: str) -> None:
    with pytest.raises(NpcError) as caught:
        check_bind(address, None)
    assert caught.value.code is ErrorCode.BIND_REFUSED
    check_bind(address, Path("keys"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://[::1]:1"])
def test_loopback_does_not(address: str) -> None:
    check_bind(address, None)


@pytest.mark.parametrize("address", ["ipc:///tmp/npc", "tcp://localhost:1", "udp://127.0.0.1:1"])
def test_what_is_refused_in_any_case(address: str) -> None:
    with pytest.raises(NpcError):
        check_bind(address, None)


def test_serve_refuses_an_open_address_and_says_what_to_do() -> None:
    result = CliRunner().invoke(app, ["serve", "--engine", "scripted", "--host", "0.0.0.0"])
    assert result.exit_code == 1
    assert "bind_refused" in result.stderr
    assert "--curve" in result.stderr


def test_serve_on_a_taken_port_names_it(daemon: RunningDaemon) -> None:
    port = daemon.address.rsplit(":", 1)[1]
    result = CliRunner().invoke(app, ["serve", "--engine", "scripted", "--port", port])
    assert result.exit_code == 1
    assert "address_in_use" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes; the user's folder protects there")
def test_only_the_user_reads_the_token(daemon: RunningDaemon) -> None:
    path = token_file(int(daemon.address.rsplit(":", 1)[1]))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def ready_within(client: NpcClient, seconds: float) -> bool:
    end_s = time.monotonic() + seconds
    while client.state != "ready" and time.monotonic() < end_s:
        client.poll()
        client._clock.sleep_until_ns(client._clock.now_ns() + 2_000_000)
    return client.state == "ready"


def test_curve_lets_known_clients_in_and_nobody_else(tmp_path: Path, start: Callable[..., RunningDaemon]) -> None:
    folder = tmp_path / "curve"
    made = CliRunner().invoke(app, ["keys", str(folder), "friend"])
    assert made.exit_code == 0, made.output
    running = start("--curve", str(folder))
    server_key = zmq.auth.load_certificate(folder / "server.key")[0].decode()

    def connect(public: bytes, secret: bytes | None) -> NpcClient:
        return NpcClient(
            running.address,
            running.token,
            server_key=server_key,
            public_key=public.decode(),
            secret_key=(secret or b"").decode(),
        )

    with connect(*zmq.auth.load_certificate(folder / "friend.key_secret")) as friend:
        assert ready_within(friend, PATIENCE_S)
        line = friend.say("marta", "Evening.", budget_ms=20_000)
        while not line.finished:
            friend.poll()
        assert line.reply is not None
        assert line.reply.source == "model"
    with connect(*zmq.curve_keypair()) as stranger:
        assert not ready_within(stranger, 1.0)
    with NpcClient(running.address, running.token) as plain:
        assert not ready_within(plain, 1.0)

"""Another machine on the network, as the specification has it: `ssh -L` to a daemon that stays on loopback."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npc_engine.client import NpcClient
from npc_engine.client.launcher import DaemonProcess, Ready

PATIENCE_S = 30
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
SSH = shutil.which("ssh")
#: Where a server of the superuser's locks itself in.
CHROOT = Path("/run/sshd")

pytestmark = [
    pytest.mark.skipif(not (SSHD and SSH), reason="needs openssh-server and openssh-client"),
    pytest.mark.skipif(getpass.getuser() == "root" and not CHROOT.is_dir(), reason=f"needs a folder {CHROOT}"),
]


def until(happened: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end_s, what
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Machine:
    """The other machine: an SSH server of this user's own, and the way to it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._key, host_key = folder / "user", folder / "host"
        for key in (self._key, host_key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self._known = folder / "known_hosts"
        self._known.write_text(f"[127.0.0.1]:{self.port} {host_key.with_suffix('.pub').read_text()}")
        settings = (
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {host_key}",
            f"AuthorizedKeysFile {self._key.with_suffix('.pub')}",
            f"PidFile {folder / 'pid'}",
            "StrictModes no",
            "UsePAM no",
        )
        (folder / "sshd_config").write_text("\n".join(settings) + "\n")
        self._server = subprocess.Popen([str(SSHD), "-D", "-e", "-f", folder / "sshd_config"])
        until(lambda: self._server.poll() is not None or listens(self.port), "sshd listens")
        assert self._server.poll() is None, "sshd does not start"

    def tunnel(self, here: int, there: int) -> subprocess.Popen[bytes]:
        """The command of the specification, to a server on another port and with keys of its own."""
        options = (f"UserKnownHostsFile={self._known}", "BatchMode=yes", "ExitOnForwardFailure=yes")
        command = [str(SSH), "-F", "none", "-N", "-L", f"{here}:127.0.0.1:{there}", "-p", str(self.port)]
        command += ["-i", str(self._key), *(part for option in options for part in ("-o", option))]
        process = subprocess.Popen([*command, f"{getpass.getuser()}@127.0.0.1"])
        until(lambda: process.poll() is not None or listens(here), "the tunnel stands")
        assert process.poll() is None, "ssh ended"
        return process

    def close(self) -> None:
        self._server.terminate()
        self._server.wait()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    machine = Machine(tmp_path_factory.mktemp("ssh"))
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def daemon() -> Iterator[Ready]:
    process = DaemonProcess(["--engine", "scripted", "--saves", "none"])
    until(lambda: process.ready() is not None, process.problem() or "the daemon listens")
    ready = process.ready()
    assert ready is not None
    yield ready
    process.stop()


def test_a_client_reaches_a_daemon_through_ssh_and_again_when_the_tunnel_breaks(
    machine: Machine, daemon: Ready, tmp_path: Path
) -> None:
    here, there = free_port(), int(daemon.address.rpartition(":")[2])
    token = Path(shutil.copy(daemon.token_file, tmp_path / f"token-{here}")).read_text("ascii").strip()
    tunnel = machine.tunnel(here, there)
    try:
        with NpcClient(f"tcp://127.0.0.1:{here}", token) as client:

            def polled(state: str) -> bool:
                client.poll()
                return client.state == state

            def said() -> str | None:
                line = client.say("marta", "Good evening.", 10_000)
                until(lambda: polled(client.state) and line.finished, "the line ends")
                return line.reply and line.reply.source

            until(lambda: polled("ready"), "it is greeted")
            assert said() == "model"
            tunnel.terminate()
            tunnel.wait()
            until(lambda: polled("connecting") or polled("offline"), "the break is noticed")
            tunnel = machine.tunnel(here, there)
            until(lambda: polled("ready"), "it is greeted again")
            assert said() == "model"
    finally:
        tunnel.terminate()
        tunnel.wait()

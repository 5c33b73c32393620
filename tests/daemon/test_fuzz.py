"""A hundred thousand mutated frames: the daemon keeps running, and every valid request among them is answered."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import msgpack
import psutil
import zmq
from daemon_peer import RunningDaemon

from npc_engine.wire import codec, vectors
from npc_engine.wire.messages import Done, Error, Say, Welcome

FRAMES = 100_000
#: A valid request comes after this many mutated frames, and waits for its answer.
EVERY = 2_000


def mutate(seed: bytes, dice: random.Random) -> bytes:
    """A frame changed in one to four places, of a kind that a broken or hostile encoder might produce."""
    frame = bytearray(seed)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(frame) + 1)
        match dice.randrange(6):
            case 0 if frame:
                frame[place % len(frame)] ^= 1 << dice.randrange(8)
            case 1:
                frame[place:place] = dice.randbytes(dice.randint(1, 8))
            case 2:
                del frame[place : place + dice.randint(1, 8)]
            case 3:
                del frame[place:]
            case 4:
                frame[place:place] = frame[: dice.randint(0, 64)]
            case _:
                frame[place:place] = bytes([dice.choice(b"\x91\x81\xdc\xdd\xdf\xc1\xc0\xc6\xdb\xcf")])
    return bytes(frame)


def test_mutated_frames(start: Callable[..., RunningDaemon]) -> None:
    running = start("--option", "step_ms=1")
    client, hostile = running.client(), running.client(game="another")
    dice = random.Random(20_26)
    seeds = [bytes.fromhex(vector["hex"]) for vector in vectors.valid() if vector["direction"] == "client"]
    seeds = [seed for seed in seeds if len(seed) < 4_096]
    memory = psutil.Process(running.process.pid)
    before = 0
    for number in range(FRAMES):
        hostile.socket.send(mutate(dice.choice(seeds), dice))
        if number % EVERY == EVERY - 1:
            while hostile.socket.poll(0):
                codec.decode_daemon(hostile.socket.recv(zmq.DONTWAIT))  # what comes back is always a message
            reply = client.ask(Say(id=number, npc="marta", text="Evening.", budget_ms=20_000))
            assert isinstance(reply, Done)
            before = before or memory.memory_info().rss
    assert client.health()["state"] == "ready"
    assert client.health()["restarts"] == 0
    refused = sum(count for name, count in client.health()["counters"].items() if name.startswith("error_"))
    assert refused > FRAMES // 2, "the frames were not even read"
    grown_mib = (memory.memory_info().rss - before) / 2**20
    assert grown_mib < 40, f"the daemon grew by {grown_mib:.0f} MiB"


def test_bytes_that_are_not_even_zmtp(daemon: RunningDaemon) -> None:
    client = daemon.client()
    host = urlsplit(daemon.address)
    dice = random.Random(7)
    for size in (0, 1, 10, 64, 500, 70_000):
        with socket.create_connection((host.hostname or "", host.port or 0), timeout=2) as raw:
            raw.sendall(dice.randbytes(size))
    assert client.health()["state"] == "ready"


def test_a_frame_over_the_limit_costs_its_sender_the_connection_and_nobody_else(daemon: RunningDaemon) -> None:
    client, large = daemon.client(), daemon.client()
    large.socket.send(b"\x00" * (2 << 20))
    assert client.health()["state"] == "ready"
    fresh = daemon.peer(large.session)
    welcome = fresh.hello()
    assert isinstance(welcome, Welcome)
    assert welcome.resumed


def test_a_duplicate_of_a_running_request_written_differently_is_the_same(daemon: RunningDaemon) -> None:
    """Defaults written out or left out: it is the same request."""
    client = daemon.client()
    fields = {"t": "say", "id": 77, "npc": "marta", "text": "Evening.", "budget_ms": 20_000}
    client.send_bytes(msgpack.packb(fields))
    client.send_bytes(msgpack.packb({**fields, "slot": "main", "speaker": "player"}))
    assert isinstance(client.terminal(77), Done)
    assert not [message for message in client.inbox if isinstance(message, Error)]

"""The daemon on OpenVINO, end to end, with the small model: lines, cancels, a worker that is killed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_peer import Peer, RunningDaemon

pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")

from npc_engine.engines.openvino.convert import convert
from npc_engine.wire.messages import Cancel, Done, Error, Say, Source

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

#: Far more than is needed: what is tested is what comes, and not how fast this machine is.
PATIENT_MS = 60_000
#: By the model, whole or cut where the plan ended: the small model knows no end.
SPOKEN = {Source.MODEL, Source.PARTIAL}
CHARACTERS = ("marta", "bram", "pip")


@pytest.fixture(scope="module")
def running(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    model = Path(shutil.copy(small_model, tmp_path_factory.mktemp("converted")))
    convert(model, "int8", lambda fraction, what: None)
    running = RunningDaemon("--engine", "openvino", "--model", str(model), "--threads", "1")
    try:
        running.client().wait_ready()
        yield running
    finally:
        running.stop()


def end_of(client: Peer, request_id: int) -> Done:
    """The terminal of the request; a busy machine may take all of its budget."""
    reply = client.wait(
        lambda message: isinstance(message, Done | Error) and message.id == request_id,
        patience_s=2 * PATIENT_MS / 1_000,
    )
    assert isinstance(reply, Done), reply
    return reply


def ask_everybody(running: RunningDaemon) -> list[Done]:
    client = running.client()
    ids = range(1, 1 + len(CHARACTERS))
    for id_, npc in zip(ids, CHARACTERS, strict=True):
        client.send(Say(id=id_, npc=npc, text="What of the mill?", budget_ms=PATIENT_MS))
    return [end_of(client, id_) for id_ in ids]


def test_everybody_is_answered_by_the_model(running: RunningDaemon) -> None:
    assert running.client().health()["engine"] == "openvino"
    assert {reply.source for reply in ask_everybody(running)} <= SPOKEN


def test_a_storm_of_cancels_leaves_a_daemon_that_answers(running: RunningDaemon) -> None:
    client = running.client()
    worker = client.health()["worker_pid"]
    for round_ in range(15):
        ids = [10 * round_ + who for who in range(1, 1 + len(CHARACTERS))]
        for id_, npc in zip(ids, CHARACTERS, strict=True):
            client.send(Say(id=id_, npc=npc, text=f"Tell me of year {round_}.", budget_ms=PATIENT_MS))
        for id_ in ids:
            client.send(Cancel(id=500 + id_, target=id_))
        assert all(isinstance(client.terminal(id_), Done | Error) for id_ in ids)
    assert {reply.source for reply in ask_everybody(running)} <= SPOKEN
    assert client.health()["worker_pid"] == worker


def test_a_worker_that_is_killed_comes_back(running: RunningDaemon) -> None:
    client = running.client()
    worker = client.health()["worker_pid"]
    client.send(Say(id=1, npc="marta", text="Tell me everything.", budget_ms=PATIENT_MS))
    os.kill(worker, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    assert end_of(client, 1).text
    client.wait_ready()
    assert client.health()["worker_pid"] != worker
    assert {reply.source for reply in ask_everybody(running)} <= SPOKEN

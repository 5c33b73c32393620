"""The worker is killed, stopped, poisoned; the daemon is killed; a client stops reading. Every request still ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import psutil
import pytest
from daemon_peer import PATIENCE_S, RunningDaemon

from npc_engine.wire.messages import Done, Reason, Say, Source

Start = Callable[..., RunningDaemon]

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals that Windows does not have")


def say(request_id: int, text: str = "Evening.", budget_ms: int = 20_000, slot: str = "main") -> Say:
    return Say(id=request_id, npc="marta", text=text, budget_ms=budget_ms, slot=slot)


def until_gone(pid: int) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end_s, f"process {pid} is still there"
        time.sleep(0.01)


@posix
def test_a_killed_worker_is_survived(start: Start) -> None:
    """All in flight end at once with an authored line, far before their budgets, and the next worker serves again."""
    client = start().client()
    worker = client.health()["worker_pid"]
    for request_id in range(1, 9):
        client.send(say(request_id, slot=f"s{request_id}"))
    client.wait(lambda message: hasattr(message, "seq"))
    os.kill(worker, signal.SIGKILL)
    replies = [client.terminal(request_id) for request_id in range(1, 9)]
    for reply in replies:
        assert isinstance(reply, Done)
        assert reply.source is not Source.MODEL
        assert reply.reason is Reason.CRASHED
        assert reply.text
    client.wait_ready()
    health = client.health()
    assert health["restarts"] == 1
    assert health["worker_pid"] != worker
    after = client.ask(say(20))
    assert isinstance(after, Done)
    assert after.source is Source.MODEL


@posix
def test_while_the_worker_is_away_lines_are_authored(start: Start) -> None:
    client = start().client()
    os.kill(client.health()["worker_pid"], signal.SIGKILL)
    client.wait_health(lambda health: health["state"] != "ready")
    reply = client.ask(say(1))
    assert isinstance(reply, Done)
    assert (reply.source, reply.reason) == (Source.AUTHORED, Reason.LOADING)
    assert reply.retry_after_ms


@posix
def test_a_stopped_worker_is_given_up_and_replaced(start: Start) -> None:
    client = start().client()
    worker = client.health()["worker_pid"]
    client.send(say(1))
    client.wait(lambda message: hasattr(message, "seq"))
    os.kill(worker, signal.SIGSTOP)
    reply = client.terminal(1)
    assert isinstance(reply, Done)
    assert reply.reason is Reason.CRASHED
    client.wait_health(lambda health: health["restarts"] == 1 and health["state"] == "ready")
    assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE


@posix
def test_a_worker_that_comes_back_in_time_is_kept(start: Start) -> None:
    client = start().client()
    worker = client.health()["worker_pid"]
    os.kill(worker, signal.SIGSTOP)
    client.wait_health(lambda health: health["state"] == "stalled")
    os.kill(worker, signal.SIGCONT)
    client.wait_ready()
    assert client.health()["worker_pid"] == worker


def test_an_engine_that_hangs_is_replaced(start: Start) -> None:
    client = start("--option", "faults=on").client()
    worker = client.health()["worker_pid"]
    client.send(say(1, "@@fault:hang@@"))
    reply = client.terminal(1)
    assert isinstance(reply, Done)
    assert reply.reason is Reason.CRASHED
    client.wait_health(lambda health: health["worker_pid"] not in (None, worker) and health["state"] == "ready")


def test_a_request_that_killed_twice_is_kept_from_the_model(start: Start) -> None:
    client = start("--option", "faults=on").client()
    for request_id in (1, 2):
        reply = client.ask(say(request_id, "@@fault:crash@@"))
        assert isinstance(reply, Done)
        assert reply.reason is Reason.CRASHED
        client.wait_health(
            lambda health, deaths=request_id: health["restarts"] == deaths and health["state"] == "ready"
        )
    third = client.ask(say(3, "@@fault:crash@@"))
    assert isinstance(third, Done)
    assert third.reason is Reason.QUARANTINED
    assert client.health()["restarts"] == 2
    other = client.ask(say(4, "A harmless word."))
    assert isinstance(other, Done)
    assert other.source is Source.MODEL


@pytest.mark.parametrize("fault", ["garbage", "fail"])
def test_what_a_broken_model_writes_is_not_shown(start: Start, fault: str) -> None:
    client = start("--option", "faults=on").client()
    reply = client.ask(say(1, f"@@fault:{fault}@@"))
    assert isinstance(reply, Done)
    assert reply.source is Source.AUTHORED
    assert reply.text
    assert "<" not in reply.text


@posix
def test_the_breaker_rests_after_too_many_deaths(start: Start) -> None:
    client = start().client()
    for death in range(6):
        health = client.wait_health(
            lambda health, seen=death: health["restarts"] == seen and health["worker_pid"] is not None
        )
        os.kill(health["worker_pid"], signal.SIGKILL)
    client.wait_health(lambda health: health["state"] == "down")
    reply = client.ask(say(1))
    assert isinstance(reply, Done)
    assert (reply.source, reply.reason) == (Source.AUTHORED, Reason.LOADING)


@posix
def test_a_killed_daemon_leaves_no_worker(start: Start) -> None:
    running = start()
    worker = running.client().health()["worker_pid"]
    os.kill(running.process.pid, signal.SIGKILL)
    until_gone(worker)


def test_a_graceful_stop_answers_everybody(start: Start) -> None:
    """Lines in the making are finished; what cannot be finished within the drain gets an authored line."""
    running = start("--option", "step_ms=400")  # 8 s a line: longer than the drain
    client = running.client()
    client.send(say(1))
    client.wait(lambda message: getattr(message, "id", None) == 1)
    psutil.Process(running.process.pid).terminate()
    client.wait(lambda message: getattr(message, "state", None) == "stopping")
    client.send(say(2, "Too late."))
    late = client.terminal(2)
    assert isinstance(late, Done)
    assert (late.source, late.reason) == (Source.AUTHORED, Reason.STOPPING)
    reply = client.terminal(1)
    assert isinstance(reply, Done)
    assert reply.reason is Reason.STOPPING
    until_gone(running.process.pid)


def test_a_client_that_never_reads_is_evicted_and_harms_nobody(start: Start) -> None:
    """It asks and asks and never reads: its outbox fills, it is cut off; the neighbour's requests all end."""
    running = start("--option", "step_ms=1")
    neighbour, deaf = running.client(), running.peer(small_buffers=True)
    deaf.hello()
    ended = 0
    for round_number in range(400):
        for number in range(50):
            deaf.send(say(round_number * 50 + number + 1, "x" * 1_500, budget_ms=1))
        reply = neighbour.ask(say(round_number + 1))
        assert isinstance(reply, Done)
        ended += 1
        if neighbour.health()["counters"].get("evicted"):
            break
    else:
        pytest.fail("the client that does not read was never evicted")
    assert ended == round_number + 1

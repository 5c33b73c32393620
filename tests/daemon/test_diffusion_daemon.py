"""The daemon on DiffusionGemma, end to end: a tiny checkpoint of random weights, the real protocol, noise for words."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator

import pytest
from daemon_peer import RunningDaemon

pytest.importorskip("torch", reason="needs the extra `gpu`")

from npc_engine.engines.diffusion.tiny_checkpoint import write_checkpoint
from npc_engine.wire.messages import Bark, Cancel, Describe, Done, Draft, Error, Reason, Say, Source, Warm
from npc_engine.world.pack import find_pack

#: Far more than is needed: what is tested is what comes, and not how fast this machine is.
PATIENT_MS = 30_000
#: Oakhollow's eight, and as many who came for the fair.
CHARACTERS = ("marta", "bram", "osric", "pip", "crake", "ilse", "vey", "wenna", *(f"guest_{n}" for n in range(8)))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    folder = tmp_path_factory.mktemp("diffusion")
    write_checkpoint(folder / "checkpoint")
    shutil.copytree(find_pack("oakhollow"), folder / "pack")
    for guest in CHARACTERS[8:]:
        sheet = f"id: {guest}\nname: {guest}\nsummary: Came down the river for the fair, and knows nobody.\n"
        (folder / "pack" / "npcs" / f"{guest}.yaml").write_text(sheet, encoding="utf-8")
    running = RunningDaemon(
        *("--engine", "diffusion", "--model", str(folder / "checkpoint"), "--pack", str(folder / "pack")),
        *("--parallel", "16", "--threads", "1", "--context", "3072"),
    )
    running.client().wait_ready()
    yield running
    running.stop()


def test_it_says_what_it_is(tiny: RunningDaemon) -> None:
    health = tiny.client().health()
    assert (health["engine"], health["device"]) == ("diffusion", "CPU")


@pytest.mark.parametrize("count", [1, 4, 16])
def test_every_character_is_answered_by_the_model(tiny: RunningDaemon, count: int) -> None:
    client = tiny.client()
    client.ask(Warm(id=1, npcs=list(CHARACTERS[:count]), budget_ms=PATIENT_MS))
    ids = range(10, 10 + count)
    for id_ in ids:
        client.send(
            Say(id=id_, npc=CHARACTERS[id_ - 10], text=f"What of the mill, {id_}?", budget_ms=PATIENT_MS, seed=id_)
        )
    replies = [client.terminal(id_) for id_ in ids]
    assert all(isinstance(reply, Done) for reply in replies)
    told = [reply for reply in replies if isinstance(reply, Done)]
    assert [(reply.source, reply.reason) for reply in told] == [(Source.MODEL, None)] * count
    assert all(reply.timing is not None and reply.timing.cached_tokens > 0 for reply in told)
    words = [reply.text for reply in told if reply.text]  # noise may end before it begins
    assert len(set(words)) == len(words)
    assert len(words) > count // 2


def test_sixteen_in_a_hurry_end_once_each(tiny: RunningDaemon) -> None:
    """Whatever comes of it: with the model's line, with what stands of it, or with the author's."""
    client = tiny.client()
    for id_ in range(1, 17):
        client.send(Say(id=id_, npc=CHARACTERS[id_ - 1], text="Quick, the mill burns!", budget_ms=60 * id_))
    replies = [client.terminal(id_) for id_ in range(1, 17)]
    assert all(isinstance(reply, Done) for reply in replies)
    client.health()  # behind everything that was still under way
    assert not [message for message in client.inbox if isinstance(message, Done | Error)]


def test_noise_is_shown_as_it_comes_and_its_last_draft_is_the_line_at_the_deadline(tiny: RunningDaemon) -> None:
    """Nobody can judge it, so what is measured with it is whether drafts come in time."""
    client = tiny.client()
    whole = client.ask(Say(id=1, npc="marta", text="What of the mill?", budget_ms=PATIENT_MS))
    drafts = client.drafts(1)
    assert len(drafts) > 1
    assert isinstance(whole, Done)
    assert all(whole.text.startswith(draft.text[: draft.stable]) for draft in drafts)
    client.send(Say(id=2, npc="marta", text="And of the weir?", budget_ms=PATIENT_MS))
    client.wait(lambda message: isinstance(message, Draft) and message.id == 2)
    client.ask(Cancel(id=3, target=2))
    part = client.terminal(2)
    assert isinstance(part, Done | Error)


def test_descriptions_and_remarks_are_written_too(tiny: RunningDaemon) -> None:
    client = tiny.client()
    described = client.ask(Describe(id=1, place="inn", budget_ms=PATIENT_MS))
    remark = client.ask(Bark(id=2, npc="pip", budget_ms=PATIENT_MS))
    for reply in (described, remark):
        assert isinstance(reply, Done)
        assert reply.source is Source.MODEL


def test_a_budget_that_cannot_be_met_gets_the_authors_line(tiny: RunningDaemon) -> None:
    reply = tiny.client().ask(Say(id=1, npc="marta", text="Quick!", budget_ms=1))
    assert isinstance(reply, Done)
    assert (reply.source, reply.text != "") == (Source.AUTHORED, True)
    assert reply.reason in {Reason.LATE, Reason.BUSY}


def test_a_cancel_ends_a_line(tiny: RunningDaemon) -> None:
    client = tiny.client()
    client.send(Say(id=1, npc="marta", text="Tell me everything.", budget_ms=PATIENT_MS))
    assert isinstance(client.ask(Cancel(id=3, target=1)), Done)
    assert isinstance(client.terminal(1), Done | Error)
    reply = client.ask(Say(id=2, npc="marta", text="And now?", budget_ms=PATIENT_MS))
    assert isinstance(reply, Done)
    assert reply.source is Source.MODEL


def test_a_worker_that_is_killed_comes_back(tiny: RunningDaemon) -> None:
    client = tiny.client()
    client.send(Say(id=1, npc="marta", text="Hello?", budget_ms=PATIENT_MS))
    os.kill(client.health()["worker_pid"], signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    assert isinstance(client.terminal(1), Done)
    client.wait_ready()
    reply = client.ask(Say(id=2, npc="marta", text="Still there?", budget_ms=PATIENT_MS))
    assert isinstance(reply, Done)
    assert reply.source is Source.MODEL

"""A pack that is edited while the daemon runs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from daemon_peer import Peer, RunningDaemon

from npc_engine.daemon.pack_watch import PackWatch
from npc_engine.wire.messages import Done, PackChanged, Say, WorldGet
from npc_engine.world.pack import Pack, PackError

OAKHOLLOW = Path(__file__).parents[2] / "characters" / "oakhollow"


def copy_of_the_pack(folder: Path) -> Path:
    return Path(shutil.copytree(OAKHOLLOW, folder / "oakhollow"))


def watch(pack: Path, edits: list[Callable[[], object]]) -> list[Pack | PackError]:
    """What is told of edits that come one at each look, and then of three looks without one."""
    told: list[Pack | PackError] = []
    pending = [*edits, *[lambda: None] * 3]

    class Over(Exception):
        pass

    async def sleep(seconds: float) -> None:
        if not pending:
            raise Over
        pending.pop(0)()

    async def run() -> None:
        try:
            await PackWatch(pack, told.append).run(sleep)
        except Over:
            return

    asyncio.run(run())
    return told


def test_an_edit_is_told_once_and_only_when_it_has_settled(tmp_path: Path) -> None:
    pack = copy_of_the_pack(tmp_path)
    marta = pack / "npcs" / "marta.yaml"
    text = marta.read_text(encoding="utf-8")

    def half() -> None:
        marta.write_text(text[: len(text) // 2], encoding="utf-8")

    def whole() -> None:
        marta.write_text(text.replace("Warm, quick", "Cold, slow"), encoding="utf-8")

    told = watch(pack, [half, whole, lambda: None, lambda: None])
    assert [type(each) for each in told] == [Pack]
    assert isinstance(told[0], Pack)
    assert told[0].npcs["marta"].summary.startswith("Cold, slow")
    assert watch(pack, []) == []


def test_a_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    pack = copy_of_the_pack(tmp_path)
    told = watch(pack, [lambda: (pack / "npcs" / "new.yaml").write_text("id: new\nnaem: New\n", encoding="utf-8")])
    assert isinstance(told[0], PackError)
    assert "did you mean `name`?" in str(told[0])


def changed(client: Peer) -> PackChanged:
    message = client.wait(lambda message: isinstance(message, PackChanged))
    assert isinstance(message, PackChanged)
    return message


def test_the_daemon_follows_edits_and_keeps_the_last_good_version(
    start: Callable[..., RunningDaemon], tmp_path: Path
) -> None:
    pack = copy_of_the_pack(tmp_path)
    client = start("--pack", str(pack), "--option", "step_ms=1").client()
    bram = pack / "npcs" / "bram.yaml"
    good = bram.read_text(encoding="utf-8")
    bram.write_text(good.replace("name:", "naem:", 1), encoding="utf-8")
    news = changed(client)
    assert any("bram.yaml:2:1" in problem and "did you mean `name`?" in problem for problem in news.problems)
    assert "bram" in news.npcs
    assert isinstance(client.ask(Say(id=1, npc="bram", text="Good day.", budget_ms=5_000)), Done)
    bram.write_text(good, encoding="utf-8")
    shutil.copy(pack / "npcs" / "pip.yaml", pack / "npcs" / "pup.yaml")
    (pack / "npcs" / "pup.yaml").write_text(
        (pack / "npcs" / "pup.yaml").read_text(encoding="utf-8").replace("id: pip", "id: pup", 1), encoding="utf-8"
    )
    news = changed(client)
    assert not news.problems
    assert "pup" in news.npcs
    reply = client.ask(Say(id=2, npc="pup", text="Good day.", budget_ms=5_000))
    assert isinstance(reply, Done)
    values = client.ask(WorldGet(id=3, names=["npcs.pup.place"]))
    assert isinstance(values, Done)
    assert values.data["values"]["npcs.pup.place"]

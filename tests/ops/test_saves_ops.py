"""Saves and slots: what comes out goes in again, garbage changes nothing, and what was ended stays ended."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ops_stage import Game, TalkingBrain
from village import NPCS, write_village

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import Refusal
from npc_engine.storage import saves
from npc_engine.storage.db import Store
from npc_engine.storage.rows import Row
from npc_engine.storage.saves import Save
from npc_engine.wire import messages
from npc_engine.wire.messages import Reason
from npc_engine.world import journal
from npc_engine.world.memory import to_row
from npc_engine.world.scene import write_state


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    game = Game(write_village(tmp_path))
    yield game
    game.close()


def export(game: Game, slot: str = "main", of: str = "game") -> bytes:
    data = game.data(messages.SaveExport, of, slot=slot)
    blob = base64.b64decode(data["blob"], validate=True)
    assert data["sha256"] == hashlib.sha256(blob).hexdigest()
    return blob


def load(game: Game, blob: bytes, slot: str = "main", of: str = "game") -> dict[str, Any]:
    return game.data(messages.SaveImport, of, slot=slot, blob=base64.b64encode(blob).decode())


def refused(game: Game, code: ErrorCode, kind: type[messages.Request], **fields: Any) -> None:
    with pytest.raises(NpcError) as caught:
        game.do(kind, **fields)
    assert caught.value.code is code


def live(game: Game, slot: str = "main") -> None:
    """A little of everything, and a turn that pends."""
    game.say("anna", "My boat is called Marigold.", slot=slot)
    game.do(messages.Spoken, target=game.last_id, heard=12)
    game.do(messages.Event, text="A cart breaks.", importance=8, slot=slot)
    game.do(messages.WorldSet, values={"$own": 2.5, "flags.gate": True, "npcs.ben.mood.anna": -2}, slot=slot)
    game.do(messages.SceneEnter, place="lane", npcs=["ben", "dora"], items=["axe"], slot=slot)
    game.do(messages.Describe, place="lane", budget_ms=2_000, slot=slot)
    game.say("ben", "I go to sea.", slot=slot)


def names(game: Game, of: str = "game") -> list[str]:
    return [each["slot"] for each in game.data(messages.SlotList, of)["slots"]]


class TestSaves:
    def test_an_export_imported_exports_the_same_bytes(self, game: Game) -> None:
        live(game)
        before = game.data(messages.WorldGet)
        blob = export(game)
        assert export(game) == blob
        for slot in ("main", "other"):
            assert load(game, blob, slot)["warnings"] == []
            assert export(game, slot) == blob
            assert game.data(messages.WorldGet, slot=slot) == before
            assert game.lived("ben", slot) == ["A cart breaks.", "I go to sea.", "Well, that is line 3."]
        assert game.recalled("cleo", "cart boat", "other") == game.recalled("cleo", "cart boat")

    def test_a_save_survives_the_daemon(self, game: Game, tmp_path: Path) -> None:
        live(game)
        blob = export(game)
        again = Game(tmp_path, store=game.scene.stage.store)
        assert export(again) == blob
        again.close()

    def test_an_epoch_rises(self, game: Game) -> None:
        blob = export(game)
        epochs = [game.data(messages.SaveExport)["epoch"], load(game, blob)["epoch"], load(game, blob)["epoch"]]
        epochs.append(game.data(messages.SlotNew)["epoch"])
        epochs.append(game.data(messages.SaveExport)["epoch"])
        assert epochs == [1, 2, 3, 4, 4]

    def test_what_follows_an_import_has_numbers_of_its_own(self, game: Game) -> None:
        live(game)
        blob = export(game)
        game.do(messages.SlotNew)
        load(game, blob)
        game.say("anna", "I found an anchor.")
        game.do(messages.Spoken, target=game.last_id)
        assert "I found an anchor." in [row.text for row in saves.decode(export(game)).rows]

    def test_an_import_takes_back_what_came_after(self, game: Game) -> None:
        blob = export(game)
        live(game)
        load(game, blob)
        assert [game.lived(npc) for npc in NPCS] == [[]] * 4
        assert game.recalled("cleo", "cart boat marigold sea line") == []
        assert export(game) == blob

    def test_a_line_of_the_old_epoch_is_not_remembered(self, game: Game) -> None:
        blob = export(game)
        talker = TalkingBrain()
        talker.during = lambda: self._import_at_once(game, blob)
        game.brain = talker
        game.say("anna", "My boat is called Marigold.")
        assert game.lived("anna") == []
        assert export(game) == blob

    def _import_at_once(self, game: Game, blob: bytes) -> None:
        game.world().import_(blob)

    def test_a_turn_of_the_old_epoch_cannot_be_settled(self, game: Game) -> None:
        blob = export(game)
        game.say("anna", "My boat is called Marigold.")
        said = game.last_id
        load(game, blob)
        assert game.data(messages.Spoken, target=said) == {"kept": False}
        assert export(game) == blob

    def test_those_near_the_player_are_warmed_first(self, game: Game) -> None:
        live(game)
        blob = export(game)
        game.brain.prefetched.clear()
        load(game, blob)
        assert [ask.cache_key.split("/")[2] for ask in game.brain.prefetched] == ["ben", "dora", "anna", "cleo"]


class TestOtherPacks:
    def test_a_lost_character_is_a_warning_and_its_memories_survive(self, game: Game, tmp_path: Path) -> None:
        live(game)
        blob = export(game)
        rows = [row for row in saves.decode(blob).rows if row.npc == "cleo"]
        assert rows
        smaller = Game(write_village(tmp_path / "smaller", {"npcs/cleo.yaml": None, "lore.yaml": None}))
        (warning,) = load(smaller, blob)["warnings"]
        assert "cleo" in warning
        self._play(smaller)
        assert [row for row in saves.decode(export(smaller)).rows if row.npc == "cleo"][: len(rows)] == rows
        load(game, export(smaller))
        assert "A cart breaks." in game.lived("cleo")
        smaller.close()

    def _play(self, game: Game) -> None:
        """Whatever is left behind must not break what goes on."""
        game.do(messages.SceneEnter, place="well")
        for npc in ("anna", "ben"):
            game.say(npc, "Who is here? Where is Cleo?")
            game.do(messages.Spoken, target=game.last_id)
        game.do(messages.Event, text="It rains.")
        game.do(messages.Describe, place="well", budget_ms=2_000)
        game.do(messages.Converse, npcs=["anna", "ben"], turns=2, budget_ms=2_000)
        game.scene.stage.rest(10**18)

    def test_another_pack_is_a_warning(self, game: Game, tmp_path: Path) -> None:
        blob = export(game)
        other = Game(write_village(tmp_path / "other", {"pack.yaml": "id: other\nname: O\nsummary: Other.\n"}))
        (warning,) = load(other, blob)["warnings"]
        assert "`hamlet`" in warning
        other.close()

    def test_what_is_new_in_the_pack_begins_as_in_a_new_game(self, game: Game, tmp_path: Path) -> None:
        game.do(messages.WorldSet, values={"flags.gate": True})
        world = "time: '10:00'\nplace: well\nflags: {gate: false, vow: false, new: true}\n"
        world += "player: {coins: 2}\nvariables: {key: 0, oath: none}\n"
        zoe = "id: zoe\nname: Zoe\nsummary: New.\nplace: lane\n"
        newer = Game(write_village(tmp_path / "new", {"world.yaml": world, "npcs/zoe.yaml": zoe}))
        load(newer, export(game))
        values = newer.data(messages.WorldGet)["values"]
        assert (values["flags.gate"], values["flags.new"], values["npcs.zoe.place"]) == (True, True, "lane")
        newer.close()


class TestGarbage:
    def unchanged(self, game: Game, code: ErrorCode, blob: str) -> None:
        before, epoch, heard = export(game), game.world().epoch, game.lived("ben")
        refused(game, code, messages.SaveImport, blob=blob)
        assert (export(game), game.world().epoch, game.lived("ben")) == (before, epoch, heard)

    @pytest.mark.parametrize("blob", ["", "AAAA", "not base64!", "A", "\u00e9", "=", "TlBDU0FWRQ==", "TlBD\nU0FWRQ=="])
    def test_what_is_no_save(self, game: Game, blob: str) -> None:
        live(game)
        self.unchanged(game, ErrorCode.SAVE_CORRUPT, blob)

    def test_what_is_too_big(self, game: Game) -> None:
        self.unchanged(game, ErrorCode.SAVE_TOO_BIG, "A" * (limits.SAVE_BYTES * 4 // 3 + 8))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
    def test_what_is_damaged(self, game: Game, at: int, bit: int, cut: bool) -> None:
        blob = bytearray(export(game))
        at %= len(blob)
        if cut:
            del blob[at:]
        else:
            blob[at] ^= 1 << bit
        with pytest.raises(NpcError):
            load(game, bytes(blob))
        assert game.world().epoch == 1

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda save: msgspec.structs.replace(save, state=b"\xc1"),
            lambda save: msgspec.structs.replace(save, state=msgspec.msgpack.encode([1, 2])),
            lambda save: msgspec.structs.replace(save, state=msgspec.msgpack.encode({"flags": {}})),
            lambda save: msgspec.structs.replace(save, rows=[Row("anna", 1, "x", 3, True, b"\xc1")]),
            lambda save: msgspec.structs.replace(save, rows=[Row("anna", 1, "x", 3, True, b"")]),
            lambda save: msgspec.structs.replace(
                save, rows=[Row("anna", 1, "x", 3, True, to_row("anna", 1, journal.Event("y"), True).body)]
            ),
            lambda save: msgspec.structs.replace(
                save, rows=[Row("anna", 1, "x", 3, True, msgspec.msgpack.encode({"type": "wish", "text": "x"}))]
            ),
        ],
    )
    def test_what_is_whole_but_holds_nonsense(self, game: Game, spoil: Callable[[Save], Save]) -> None:
        live(game)
        blob = saves.encode(spoil(saves.decode(export(game))))
        self.unchanged(game, ErrorCode.SAVE_CORRUPT, base64.b64encode(blob).decode())

    def test_numbers_lower_than_those_of_the_rows(self, game: Game) -> None:
        """A save whose last number lies must not make new memories collide with old ones."""
        live(game)
        save = saves.decode(export(game))
        load(game, saves.encode(msgspec.structs.replace(save, seq=0)))
        game.say("anna", "I found an anchor.")
        game.do(messages.Spoken, target=game.last_id)
        assert "I found an anchor." in [row.text for row in saves.decode(export(game)).rows]

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"hour": 99}, id="hour"),
            pytest.param({"hour": -1, "minute": 2**60}, id="minute"),
            pytest.param({"moods": {"anna": {"player": 10**6}}}, id="mood"),
            pytest.param({"flags": {"gate": float("nan")}}, id="nan"),
            pytest.param({"weather": "\x00<|im_end|>"}, id="weather"),
            pytest.param({"places": {"anna": "atlantis"}}, id="place"),
        ],
    )
    def test_a_world_that_could_not_have_been_set(self, game: Game, changes: dict[str, Any]) -> None:
        """Refused, or made fit: afterwards each value that is listed can be set to itself."""
        save = saves.decode(export(game))
        state = msgspec.msgpack.decode(save.state) | changes
        blob = saves.encode(msgspec.structs.replace(save, state=msgspec.msgpack.encode(state)))
        try:
            load(game, blob)
        except NpcError as error:
            assert error.code is ErrorCode.SAVE_CORRUPT  # noqa: PT017
        values = game.data(messages.WorldGet)["values"]
        assert game.data(messages.WorldSet, values=values) == {"changed": []}


class TestSlots:
    def test_a_copy_goes_its_own_way(self, game: Game) -> None:
        live(game)
        game.do(messages.SlotCopy, to="quick")
        assert export(game, "quick") == export(game)
        blob = export(game)
        game.say("anna", "I found an anchor.", slot="quick")
        game.do(messages.Spoken, target=game.last_id)
        game.do(messages.WorldSet, values={"flags.vow": True}, slot="quick")
        assert export(game) == blob
        assert game.recalled("cleo", "anchor") == []
        assert game.recalled("ben", "boat", "quick") == game.recalled("ben", "boat")

    def test_new_begins_as_the_pack_says(self, game: Game) -> None:
        start = game.data(messages.WorldGet)
        live(game)
        assert game.data(messages.SlotNew) == {"epoch": 2}
        assert game.data(messages.WorldGet) == start
        assert [game.lived(npc) for npc in NPCS] == [[]] * 4

    def test_list_and_delete(self, game: Game) -> None:
        assert names(game) == []
        live(game)
        live(game, "b")
        assert names(game) == ["b", "main"]
        slots = game.data(messages.SlotList)["slots"]
        game.do(messages.SaveExport)  # the turn that pends is kept
        listed = {each["slot"]: each for each in game.data(messages.SlotList)["slots"]}
        assert listed["main"]["memories"] == len(saves.decode(export(game)).rows) > slots[1]["memories"]
        assert listed["main"]["epoch"] == 1
        game.do(messages.SlotDelete, slot="b")
        assert names(game) == ["main"]
        assert game.lived("anna", "b") == []
        assert game.world("b").state.flags["gate"] is False

    def test_error_codes(self, game: Game) -> None:
        live(game)
        refused(game, ErrorCode.UNKNOWN_SLOT, messages.SlotCopy, slot="none", to="new")
        refused(game, ErrorCode.UNKNOWN_SLOT, messages.SlotDelete, slot="none")
        refused(game, ErrorCode.SLOT_TAKEN, messages.SlotCopy, to="main")
        game.do(messages.SlotCopy, to="quick")
        refused(game, ErrorCode.SLOT_TAKEN, messages.SlotCopy, to="quick")
        game.do(messages.SlotDelete, slot="quick")
        game.do(messages.SlotCopy, to="quick")
        assert names(game) == ["main", "quick"]

    def test_a_copy_to_a_slot_that_is_played_but_not_written(self, game: Game) -> None:
        """Either it is taken, or it is the copy from now on."""
        live(game)
        game.data(messages.WorldGet, slot="quick")
        try:
            game.do(messages.SlotCopy, to="quick")
        except NpcError as error:
            assert error.code is ErrorCode.SLOT_TAKEN  # noqa: PT017
        else:
            assert export(game, "quick") == export(game)

    @pytest.mark.parametrize("ending", [messages.Spoken, messages.Unspoken])
    def test_a_deleted_slot_stays_deleted(self, game: Game, ending: type[messages.Request]) -> None:
        live(game)
        said = game.last_id
        game.do(messages.SlotDelete)
        assert game.data(ending, target=said) == {"kept": False}
        game.scene.stage.rest(10**18)
        assert names(game) == []

    def test_a_line_for_a_deleted_slot_is_not_remembered(self, game: Game) -> None:
        live(game)
        talker = game.brain = TalkingBrain(idle=True)
        talker.during = lambda: game.scene.stage.forget_scene("game", "main")
        game.say("ben", "My boat is called Marigold.")
        game.do(messages.Spoken, target=game.last_id)
        assert all("boat is called Marigold" not in text for text in game.lived("ben"))

    def test_two_games_share_nothing(self, game: Game) -> None:
        live(game)
        assert names(game, "other") == []
        start = game.data(messages.WorldGet, "other")
        assert start["values"]["flags.gate"] is False
        assert game.lived("anna", game="other") == []
        assert game.recalled("cleo", "boat cart", game="other") == []
        load(game, export(game), of="other")
        assert export(game, of="other") == export(game)
        game.do(messages.SlotDelete, "other")
        assert names(game) == ["main"]
        assert names(game, "other") == []

    def test_the_epoch_of_a_slot_that_began_with_a_memory(self, game: Game, tmp_path: Path) -> None:
        """Nobody said `spoken`: the first thing on disk is a memory."""
        game.say("anna", "One.")
        game.say("anna", "Two.")
        epoch = game.world().epoch
        again = Game(tmp_path, store=game.scene.stage.store)
        assert again.world().epoch >= epoch
        again.close()


steps = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(NPCS), st.text(max_size=30), st.booleans()),
    st.tuples(st.just("busy"), st.sampled_from(NPCS), st.text(max_size=30)),
    st.tuples(st.just("spoken"), st.none() | st.integers(0, 30)),
    st.tuples(st.just("event"), st.sampled_from(["well", "lane"]), st.integers(1, 10)),
    st.tuples(st.just("set"), st.sampled_from(["$own", "player.coins"]), st.integers(-9, 9) | st.floats(-9, 9)),
    st.tuples(st.just("walk"), st.sampled_from(NPCS), st.sampled_from(["well", "lane", ""])),
    st.tuples(st.just("enter"), st.sampled_from(["well", "lane"]), st.lists(st.sampled_from(["axe", "egg"]))),
    st.tuples(st.just("converse"), st.permutations(NPCS).map(tuple), st.integers(1, 4)),
    st.tuples(st.just("describe"), st.sampled_from(["well", "lane"])),
    st.tuples(st.just("reload")),
)


def play(game: Game, step: tuple[Any, ...]) -> None:
    match step:
        case "say", npc, text, private:
            game.say(npc, text, private=private)
        case "busy", npc, text:
            game.brain.refusal = Refusal(Reason.BUSY)
            game.say(npc, text)
            game.brain.refusal = None
        case "spoken", heard:
            game.do(messages.Spoken, target=max(1, game.last_id), heard=heard)
        case "event", place, importance:
            game.do(messages.Event, text="A cart breaks.", place=place, importance=importance)
        case "set", name, value:
            game.do(messages.WorldSet, values={name: value})
        case "walk", npc, place:
            game.do(messages.WorldSet, values={f"npcs.{npc}.place": place})
        case "enter", place, items:
            game.do(messages.SceneEnter, place=place, items=items)
        case "converse", npcs, turns:
            game.do(messages.Converse, npcs=list(npcs[:3]), turns=turns, budget_ms=2_000)
        case "describe", place:
            game.do(messages.Describe, place=place, budget_ms=2_000)
        case _:
            load(game, export(game))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(steps, max_size=14), future=st.lists(steps, max_size=4))
def test_every_history_can_be_saved(
    tmp_path_factory: pytest.TempPathFactory, history: list[Any], future: list[Any]
) -> None:
    game = Game(write_village(tmp_path_factory.mktemp("village")))
    for step in history:
        play(game, step)
    blob = export(game)
    lives = [game.lived(npc) for npc in NPCS]
    assert saves.decode(blob).state == write_state(game.world().state)
    load(game, blob)
    assert export(game) == blob
    load(game, blob, "other", "another game")
    assert export(game, "other", "another game") == blob
    for step in future:
        play(game, step)
    load(game, blob)
    assert export(game) == blob
    assert [game.lived(npc) for npc in NPCS] == lives
    game.close()


def test_stores_are_not_shared_by_accident(tmp_path: Path) -> None:
    store = Store(None)
    game = Game(write_village(tmp_path), store=store)
    live(game)
    game.close()
    fresh = Game(tmp_path)
    assert names(fresh) == []
    fresh.close()

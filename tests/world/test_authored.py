"""Authored lines: in turn, never twice in a row, the same in every run."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pack_files import write_pack

from npc_engine.world.authored import SILENCE, AuthoredLines
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.persona import Authored, GatedLine, Persona
from npc_engine.world.spec import Lorebook, PackInfo, WorldSpec


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(write_pack(tmp_path))


def test_all_lines_come_in_turn(pack: Pack) -> None:
    lines = AuthoredLines(pack)
    picked = [lines.pick("anna", "late") for _ in range(6)]
    assert sorted(picked[:3]) == ["Patience.", "Soon.", "Wait."]
    assert picked[3:] == picked[:3]


def test_every_run_begins_alike(pack: Pack) -> None:
    assert AuthoredLines(pack).pick("anna", "late") == AuthoredLines(pack).pick("anna", "late")


def test_kinds_and_characters_turn_independently(pack: Pack) -> None:
    alone, mixed = AuthoredLines(pack), AuthoredLines(pack)
    expected = [alone.pick("anna", "late") for _ in range(3)]
    found = []
    for _ in range(3):
        found.append(mixed.pick("anna", "late"))
        mixed.pick("anna", "busy")
        mixed.pick("ben", "late")
    assert found == expected


def test_an_empty_list_is_a_silence(pack: Pack) -> None:
    assert AuthoredLines(pack).pick("anna", "greet") == SILENCE


def test_unknown_names_raise(pack: Pack) -> None:
    lines = AuthoredLines(pack)
    with pytest.raises(KeyError):
        lines.pick("nobody", "late")
    with pytest.raises(KeyError):
        lines.pick("anna", "never")
    with pytest.raises(KeyError):
        lines.describe("nowhere")


def test_places_are_described_in_turn_or_by_their_summary(pack: Pack) -> None:
    lines = AuthoredLines(pack)
    assert {lines.describe("lane") for _ in range(3)} == {"Mud.", "Ruts.", "Hedges."}
    assert lines.describe("well") == lines.describe("well") == "A deep well."


def test_the_client_gets_offline_lines_and_remarks(pack: Pack) -> None:
    assert AuthoredLines(pack).for_client() == {"anna": ["Later.", "Drip."], "ben": ["..."]}


@given(st.text(max_size=8), st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=8))
def test_no_line_comes_twice_in_a_row_where_there_are_two(npc: str, written: list[str]) -> None:
    persona = Persona(id=npc, name="N", summary="s", authored=Authored(late=written))
    info = PackInfo(id="p", name="P", summary="s")
    lines = AuthoredLines(Pack(Path(), info, WorldSpec(), {}, {npc: persona}, Lorebook(), ""))
    picked = [lines.pick(npc, "late") for _ in range(2 * len(written) + 1)]
    assert set(picked) == set(written)
    if len(set(written)) > 1:
        assert all(first != second for first, second in pairwise(picked))


def test_a_gated_line_waits_for_its_condition_and_values_are_filled_in() -> None:
    late = ["Wait.", GatedLine(text="Here's your {$gold} back, {player.name}. {what}", when="$gold > 0")]
    persona = Persona(
        id="anna", name="Anna", summary="s", authored=Authored(late=late, offline=["Bye {$gold}.", "Bye."])
    )
    info = PackInfo(id="p", name="P", summary="s")
    lines = AuthoredLines(Pack(Path(), info, WorldSpec(), {}, {"anna": persona}, Lorebook(), ""))
    assert {lines.pick("anna", "late", {"$gold": 0}) for _ in range(3)} == {"Wait."}
    scope = {"$gold": 3, "player.name": "Kim"}
    assert {lines.pick("anna", "late", scope) for _ in range(2)} == {"Wait.", "Here's your 3 back, Kim. {what}"}
    assert lines.all("anna", "late", {}) == ["Wait."]
    assert lines.for_client() == {"anna": ["Bye."]}

"""What is odd about a pack is found once, with its level and its place in the file."""

from pathlib import Path

import pytest
from pack_files import GOOD, write_pack

from npc_engine.world.lint import Level, lint
from npc_engine.world.pack import load_pack

FULL = (
    "authored:\n  late: [Wait., Soon.]\n  busy: [Not now., Later.]\n  confused: [What., Hm.]\n  refuse: [No., Never.]\n"
    "  cut_off: [Well., So.]\n  offline: [Later., Soon.]\n"
)
PERSON = "id: ben\nname: Ben\nsummary: Carries water.\n"
CLEAN = {
    "places/well.yaml": "id: well\nname: the well\nsummary: Deep.\nexits: {lane: north}\nauthored: [Deep., Dark.]\n",
    "places/lane.yaml": "id: lane\nname: the lane\nsummary: A lane.\nexits: {well: south}\nauthored: [Mud., Ruts.]\n",
    "npcs/anna.yaml": (
        "id: anna\nname: Anna\nsummary: Draws water.\nrelationships: {player: {}}\n"
        "knowledge: [{id: deep, text: It is deep., topics: [deep], when: flags.met}]\n" + FULL
    ),
    "npcs/ben.yaml": PERSON + FULL,
}


def findings(folder: Path, changes: dict[str, str | None]) -> list[str]:
    """What is found in a changed pack, with paths inside the pack."""
    pack = load_pack(write_pack(folder, CLEAN | changes))
    return [str(each).removeprefix(f"{folder}").lstrip("/\\").replace("\\", "/") for each in lint(pack)]


def with_ben(text: str) -> dict[str, str | None]:
    return {"npcs/ben.yaml": PERSON + text + FULL}


def test_a_clean_pack(tmp_path: Path) -> None:
    assert findings(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            with_ben("knowledge: [{id: a, text: t, topics: [b], when: flags.met and not flags.met}]\n"),
            "npcs/ben.yaml:4:49: error: the fact `a` can never come up: no values satisfy this `when:`",
        ),
        (
            with_ben("actions: [{name: go, when: player.coins == 'many'}]\n"),
            "npcs/ben.yaml:4:28: error: the action `go` can never",
        ),
        (
            with_ben("lore: [{id: a, text: t, keys: [b], when: time.hour > 23}]\n"),
            "npcs/ben.yaml:4:42: error: the lore `a` can never",
        ),
        (
            {"lore.yaml": "entries: [{id: a, text: t, keys: [b], when: weather == 3}]\n"},
            "lore.yaml:1:45: error: the lore `a` can never",
        ),
        (
            {"places/lane.yaml": str(CLEAN["places/lane.yaml"]) + "details: [{text: t, when: time.minute > 59}]\n"},
            "places/lane.yaml:6:27: error: the detail can never",
        ),
        (
            {"npcs/ben.yaml": PERSON + FULL + "  greet: [{text: Hi., when: place == 'moon'}]\n"},
            "npcs/ben.yaml:11:29: error: the line can never",
        ),
        (
            with_ben("actions: [{name: go, when: time.hour >= 0}]\n"),
            "npcs/ben.yaml:4:28: warning: the action `go` is always open",
        ),
        (
            with_ben("knowledge: [{id: a, text: t, topics: [b], secret: true}]\n"),
            "npcs/ben.yaml:4:13: error: the secret `a` has no `when:`",
        ),
        (
            with_ben("knowledge: [{id: a, text: t}]\n"),
            "npcs/ben.yaml:4:13: warning: the fact `a` has no `topics`",
        ),
        (
            with_ben("lore: [{id: a, text: t}]\n"),
            "npcs/ben.yaml:4:8: error: the lore `a` can never come up: it has no `keys`",
        ),
        (
            {"npcs/ben.yaml": PERSON},
            "npcs/ben.yaml:1:1: warning: Ben has no lines of their own for late, busy, confused, refuse, cut_off, offl",
        ),
        (
            {
                "npcs/ben.yaml": PERSON
                + FULL.replace("late: [Wait., Soon.]", "late: [Wait., {text: So., when: flags.met}]")
            },
            "npcs/ben.yaml:5:9: warning: fewer than 2 lines without a `when:` for `late`",
        ),
        (
            {"places/lane.yaml": str(CLEAN["places/lane.yaml"]).replace("authored: [Mud., Ruts.]\n", "")},
            "places/lane.yaml:1:1: error: the lane has no authored description",
        ),
        (
            {"places/lane.yaml": str(CLEAN["places/lane.yaml"]).replace(", Ruts.", "")},
            "places/lane.yaml:5:11: warning: the lane has one authored description",
        ),
        (
            {"places/lane.yaml": str(CLEAN["places/lane.yaml"]).replace("exits: {well: south}\n", "")},
            "places/well.yaml:4:9: warning: one way only: `lane` has no exit to `well`",
        ),
        (
            {"npcs/ben.yaml": PERSON + FULL.replace("Wait.", "'Wait, {player.nmae}, {$toll}.'")},
            "npcs/ben.yaml:5:10: error: unknown name `{$toll}`; known:",
        ),
        (
            {"npcs/ben.yaml": PERSON + FULL.replace("Wait.", "'I have {player.coin}.'")},
            "npcs/ben.yaml:5:10: error: unknown name `{player.coin}`; did you mean `player.coins`?",
        ),
        (
            with_ben("actions: [{name: give, args: {what: item}}]\n"),
            "npcs/ben.yaml:4:37: warning: `give` may never be possible: nothing to choose for `what`; no place has",
        ),
        (
            with_ben("actions: [{name: give, args: {what: []}}]\n"),
            "npcs/ben.yaml:4:37: error: `give` may never be possible: nothing to choose for `what`; its list",
        ),
        (
            with_ben("language: de\n"),
            "npcs/ben.yaml:4:11: warning: Ben speaks `de`, but the pack's language is `en`",
        ),
        (with_ben("language: English\n"), "npcs/ben.yaml:4:11: error: `English` is no language tag"),
    ],
)
def test_a_finding_has_its_place(tmp_path: Path, changes: dict[str, str | None], expected: str) -> None:
    found = findings(tmp_path, changes)
    assert found
    assert found[0].startswith(expected)


def test_an_action_that_needs_a_place_next_door(tmp_path: Path) -> None:
    alone = {name: None for name in (*GOOD, *CLEAN) if name.startswith(("places/", "npcs/anna"))}
    changes = alone | with_ben("actions: [{name: show, args: {who: npc, where: place, how: [kindly]}}]\n")
    changes["world.yaml"] = None
    assert [line.split(": ", 2)[1] for line in findings(tmp_path, changes)] == ["error"]


def test_levels_sort_with_their_problems(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path))
    found = lint(pack)
    assert found == sorted(found)
    assert {each.level for each in found} == {Level.ERROR, Level.WARNING}

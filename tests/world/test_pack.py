"""Loading packs: what a good one holds, and that every mistake in any file is found and placed."""

from pathlib import Path

import pytest
from pack_files import GOOD, write_pack

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.world import pack as pack_module
from npc_engine.world.pack import PackError, find_pack, load_pack


def problems_of(folder: Path, changes: dict[str, str | None]) -> list[str]:
    """What is wrong with a changed pack, with paths inside the pack."""
    with pytest.raises(PackError) as caught:
        load_pack(write_pack(folder, changes))
    return [str(problem).removeprefix(f"{folder}").removeprefix("/") for problem in caught.value.problems]


def test_a_good_pack(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path))
    assert (pack.info.id, pack.world.weather, pack.path) == ("tiny", "fog", tmp_path)
    assert list(pack.places) == ["lane", "well"]
    assert list(pack.npcs) == ["anna", "ben"]
    assert pack.npcs["anna"].relationships["player"].trust == 10


def test_the_packs_forbidden_phrases_join_each_characters(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path))
    assert pack.npcs["anna"].never_say == ["robot", "bucketless"]
    assert pack.npcs["ben"].never_say == ["robot"]


def test_world_and_places_may_be_left_out(tmp_path: Path) -> None:
    only = {name: None for name in GOOD if name not in ("pack.yaml", "npcs/ben.yaml")}
    pack = load_pack(write_pack(tmp_path, only))
    assert pack.places == {}
    assert pack.world.time == "12:00"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("pack.yaml", "name:", "nmae:", "pack.yaml:2:1: unknown key `nmae`; did you mean `name`?"),
        ("pack.yaml", "id: tiny", "id: Tiny!", "pack.yaml:1:5: expected small letters, digits and underscores"),
        ("world.yaml", "'6:05'", "'24:00'", "world.yaml:1:7: expected a time like '18:30'"),
        ("world.yaml", "'6:05'", "6.05", "world.yaml:1:7: expected text, got a number; put quotes around it"),
        ("world.yaml", "false", "no", "world.yaml:4:14: `no` is a text; write true or false"),
        ("world.yaml", "met:", "Met:", "world.yaml:4:9: expected small letters"),
        ("world.yaml", "place: well", "place: wel", "world.yaml:3:8: unknown place `wel`; did you mean `well`?"),
        ("places/well.yaml", "lane:", "lain:", "places/well.yaml:4:9: unknown place `lain`; did you mean `lane`?"),
        ("places/well.yaml", "id: well", "id: pit", "places/well.yaml:1:5: the id `pit` must be the file's name"),
        ("npcs/anna.yaml", "place: well", "place: inn", "npcs/anna.yaml:4:8: unknown place `inn`; known: lane, well"),
        ("npcs/anna.yaml", "id: anna", "id: ben", "npcs/anna.yaml:1:5: the id `ben` must be the file's name, `anna`"),
        ("npcs/anna.yaml", "ben:", "bne:", "npcs/anna.yaml:8:3: unknown character `bne`; did you mean `ben`?"),
        ("npcs/anna.yaml", "joy", "joi", "npcs/anna.yaml:14:43: unknown emotion `joi`; did you mean `joy`?"),
        (
            "npcs/anna.yaml",
            "flags.met and",
            "flags.mte and",
            "npcs/anna.yaml:10:41: when: unknown name `flags.mte`; did",
        ),
        ("npcs/anna.yaml", "flags.met and", "flags.met adn", "npcs/anna.yaml:10:41: when: column 11: expected `and`"),
        ("npcs/anna.yaml", "player.coins >= 1", "coins", "npcs/anna.yaml:12:24: when: unknown name `coins`;"),
        ("npcs/anna.yaml", "trust: 10", "trust: 101", "npcs/anna.yaml:7:19: expected a whole number <= 100"),
        ("npcs/anna.yaml", "trust: 10", "trsut: 10", "npcs/anna.yaml:7:12: unknown key `trsut`; did you mean `trust`?"),
        ("npcs/ben.yaml", "summary: Carries water.\n", "", "npcs/ben.yaml:1:1: `summary` is missing"),
        ("npcs/ben.yaml", "id:", "id:\t", "npcs/ben.yaml:1:4: a tab; YAML is indented with spaces"),
    ],
)
def test_a_mistake_is_found_once_and_placed(tmp_path: Path, file: str, old: str, new: str, expected: str) -> None:
    assert old in GOOD[file]
    (problem,) = problems_of(tmp_path, {file: GOOD[file].replace(old, new, 1)})
    assert problem.startswith(expected)


def test_ids_inside_a_character_are_unique(tmp_path: Path) -> None:
    text = (
        "id: ben\nname: Ben\nsummary: s\n"
        "knowledge: [{id: a, text: x}, {id: b, text: y}, {id: a, text: z}]\n"
        "actions: [{name: go}, {name: go}]\n"
    )
    assert problems_of(tmp_path, {"npcs/ben.yaml": text}) == [
        "npcs/ben.yaml:4:54: `a` stands here twice; give each its own id",
        "npcs/ben.yaml:5:30: `go` stands here twice; give each its own name",
    ]


def test_the_player_is_no_character(tmp_path: Path) -> None:
    text = "id: player\nname: P\nsummary: s\n"
    assert problems_of(tmp_path, {"npcs/player.yaml": text}) == [
        "npcs/player.yaml:1:5: `player` is the player; choose another id"
    ]


def test_a_condition_reads_only_relations_that_its_character_has(tmp_path: Path) -> None:
    text = "id: ben\nname: Ben\nsummary: s\nactions: [{name: go, when: relation.player.trust > 3}]\n"
    (problem,) = problems_of(tmp_path, {"npcs/ben.yaml": text})
    assert problem.startswith("npcs/ben.yaml:4:28: when: unknown name `relation.player.trust`;")


def test_problems_of_all_files_come_together_in_order(tmp_path: Path) -> None:
    changes: dict[str, str | None] = {
        "npcs/ben.yaml": "id: ben\nid: ben\n",
        "npcs/carl.yml": "id: carl\n",
        "places/lane.yaml": "id: lane\nname: 3\nsummary: s\nprop: []\n",
        "world.yaml": GOOD["world.yaml"].replace("well", "moon"),
    }
    assert problems_of(tmp_path, changes) == [
        "npcs/ben.yaml:2:1: duplicate key `id`; it already stands in line 1",
        "npcs/carl.yml:1:1: not read: its name must end in .yaml",
        "places/lane.yaml:2:7: expected text, got a whole number; put quotes around it",
        "places/lane.yaml:4:1: unknown key `prop`; did you mean `props`?",
        "world.yaml:3:8: unknown place `moon`; known: lane, well",
    ]


def test_a_pack_without_characters(tmp_path: Path) -> None:
    folder = write_pack(tmp_path, {"npcs/anna.yaml": None, "npcs/ben.yaml": None})
    with pytest.raises(PackError, match=r"no character: npcs/ holds no \.yaml file"):
        load_pack(folder)


def test_a_folder_without_a_pack_file_is_an_error(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {"pack.yaml": None}) == ["pack.yaml:1:1: cannot be read: No such file or directory"]


def test_the_error_prints_one_problem_a_line(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(write_pack(tmp_path, {"npcs/anna.yaml": "id: 3\nname: 4\n"}))
    assert caught.value.code is ErrorCode.PACK_INVALID
    assert caught.value.message.splitlines() == [str(problem) for problem in caught.value.problems]
    assert len(caught.value.problems) == 3


def test_the_digest_follows_the_contents_and_nothing_else(tmp_path: Path) -> None:
    first = load_pack(write_pack(tmp_path / "a")).digest
    assert load_pack(write_pack(tmp_path / "b")).digest == first
    renamed = {"npcs/ben.yaml": None, "npcs/benn.yaml": GOOD["npcs/ben.yaml"].replace("id: ben", "id: benn")}
    renamed["npcs/anna.yaml"] = GOOD["npcs/anna.yaml"].replace("ben: {}", "benn: {}")
    other = load_pack(write_pack(tmp_path / "c", renamed)).digest
    commented = load_pack(write_pack(tmp_path / "d", {"pack.yaml": GOOD["pack.yaml"] + "# v2\n"})).digest
    assert len({first, other, commented}) == 3


def test_find_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = write_pack(tmp_path / "shipped" / "tiny")
    own = write_pack(tmp_path / "own" / "tiny")
    monkeypatch.setattr(pack_module, "PACK_FOLDERS", (tmp_path / "own", tmp_path / "shipped"))
    assert find_pack(shipped) == shipped
    assert find_pack("tiny") == own
    with pytest.raises(NpcError, match="No character pack `tinny`; did you mean `tiny`") as caught:
        find_pack("tinny")
    assert caught.value.code is ErrorCode.PACK_INVALID
    with pytest.raises(NpcError, match=r"it has no pack\.yaml"):
        find_pack(tmp_path)


def test_the_shipped_pack_is_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_pack(find_pack("oakhollow")).info.id == "oakhollow"
